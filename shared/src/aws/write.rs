//! The writes of a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, ReturnValuesOnConditionCheckFailure::AllOld, TransactWriteItem, Update,
};

use crate::{
    aws::{expression::Expression, key::Key},
    base::error::Fault,
};

/// One write of a transaction, with its conditions.
#[derive(Clone, Debug)]
pub struct Write {
    key: Key,
    act: Act,
    expression: Expression,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Update,
    Delete,
    Check,
}

impl Write {
    /// Updates the item at `key`, or creates it.
    pub fn update(key: Key, expression: Expression) -> Self {
        Self { key, act: Act::Update, expression }
    }

    /// Deletes the item at `key` if the conditions of `expression` hold.
    pub fn delete(key: Key, expression: Expression) -> Self {
        Self { key, act: Act::Delete, expression }
    }

    /// Changes nothing, but requires the conditions of `expression` of the item at `key`.
    pub fn check(key: Key, expression: Expression) -> Self {
        Self { key, act: Act::Check, expression }
    }

    pub(super) fn build(self, table: &str) -> Result<TransactWriteItem, Fault> {
        let (update, condition) = (self.expression.update(), self.expression.condition());
        let Expression { names, values, .. } = self.expression;
        // The SDK's three builders share these setters, but no trait.
        macro_rules! conditional {
            ($builder:expr) => {
                $builder
                    .table_name(table)
                    .set_key(Some(self.key.attributes()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(placeholders(names))
                    .set_expression_attribute_values(placeholders(values))
                    .return_values_on_condition_check_failure(AllOld)
                    .build()
            };
        }
        let write = TransactWriteItem::builder();
        let write = match self.act {
            Act::Update => conditional!(Update::builder().update_expression(update)).map(|update| write.update(update)),
            Act::Delete => conditional!(Delete::builder()).map(|delete| write.delete(delete)),
            Act::Check => conditional!(ConditionCheck::builder()).map(|check| write.condition_check(check)),
        };
        Ok(write.map_err(|error| Fault::caused("build a write of a transaction", error))?.build())
    }
}

/// The placeholders of a request. `None` if there are none, because DynamoDB refuses an empty map.
pub(super) fn placeholders<V>(placeholders: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!placeholders.is_empty()).then_some(placeholders)
}
