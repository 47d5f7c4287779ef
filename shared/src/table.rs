//! The one table: its keys, and what a conditional write comes back with. The conditions are the security rules; each
//! stands in the store of the noun that it protects.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{AttributeValue, ReturnValue::AllNew, ReturnValuesOnConditionCheckFailure::AllOld},
};
use aws_types::SdkConfig;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Fault,
    settings::{SettingError, Settings},
    user::UserId,
};

/// An item, as DynamoDB gives it.
pub type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Clone)]
pub struct Table {
    db: Client,
    name: String,
}

/// Where an item lies.
#[derive(Clone, Debug)]
pub struct Key {
    pk: String,
    sk: &'static str,
}

impl Key {
    /// The account of `user`.
    pub fn account(user: &UserId) -> Self {
        Self { pk: format!("USER#{user}"), sk: "ACCOUNT" }
    }
}

/// What came of a conditional write.
#[derive(Debug)]
pub enum Written {
    /// It was applied; the item as it is now.
    Applied(Item),
    /// Its condition did not hold; the item as it was, if there is one.
    Refused(Option<Item>),
}

impl Table {
    /// Takes the table's name from the setting `MFA_TABLE`.
    pub fn new(settings: &Settings, aws: &SdkConfig) -> Result<Self, SettingError> {
        Ok(Self { db: Client::new(aws), name: settings.required("MFA_TABLE")? })
    }

    /// The item at `key`, read strongly consistently.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, Fault> {
        let request = self.db.get_item().table_name(&self.name).consistent_read(true);
        let request = request.key("pk", string(&key.pk)).key("sk", string(key.sk));
        Ok(request.send().await.map_err(|error| Fault::aws("read an item", error))?.item)
    }

    /// An update of the item at `key`, to be given its expressions and then to [`write()`].
    pub fn update(&self, key: &Key) -> UpdateItemFluentBuilder {
        self.db.update_item().table_name(&self.name).key("pk", string(&key.pk)).key("sk", string(key.sk))
    }
}

/// Makes the write. Its condition failing is an outcome, not an error.
pub async fn write(update: UpdateItemFluentBuilder) -> Result<Written, Fault> {
    let update = update.return_values(AllNew).return_values_on_condition_check_failure(AllOld);
    match update.send().await {
        Ok(reply) => Ok(Written::Applied(reply.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Written::Refused(failed.item().cloned()))
            }
            _ => Err(Fault::aws("write an item", error)),
        },
    }
}

/// Reads an item as the noun that it holds.
pub fn read<T: DeserializeOwned>(item: Item) -> Result<T, Fault> {
    serde_dynamo::from_item(item).map_err(|error| Fault::caused("read an item of the table", error))
}

/// A value for an expression.
pub fn value<T: Serialize>(value: &T) -> Result<AttributeValue, Fault> {
    serde_dynamo::to_attribute_value(value).map_err(|error| Fault::caused("write a value for the table", error))
}

/// A text for an expression.
pub fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number for an expression.
pub fn number(number: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}
