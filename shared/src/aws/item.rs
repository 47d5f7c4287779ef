//! An item of the table, and the noun that it holds.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

use crate::base::error::Fault;

/// An item, as DynamoDB gives it.
pub type Item = HashMap<String, AttributeValue>;

/// Reads an item as the noun that it holds.
pub fn read<T: DeserializeOwned>(item: Item) -> Result<T, Fault> {
    serde_dynamo::from_item(item).map_err(|error| Fault::caused("read an item of the table", error))
}

/// An item that holds this noun.
pub fn of<T: Serialize>(noun: &T) -> Result<Item, Fault> {
    serde_dynamo::to_item(noun).map_err(|error| Fault::caused("write an item of the table", error))
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
