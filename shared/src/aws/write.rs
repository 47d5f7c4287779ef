//! One write of a transaction.

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
    /// Changes the item at `key`, or makes it.
    pub fn update(key: Key, expression: Expression) -> Self {
        Self { key, act: Act::Update, expression }
    }

    /// Takes the item at `key` away, if the conditions of `expression` hold.
    pub fn delete(key: Key, expression: Expression) -> Self {
        Self { key, act: Act::Delete, expression }
    }

    /// Leaves the item at `key` as it is, but holds it to the conditions of `expression`.
    pub fn check(key: Key, expression: Expression) -> Self {
        Self { key, act: Act::Check, expression }
    }

    pub(super) fn build(self, table: &str) -> Result<TransactWriteItem, Fault> {
        let (key, condition) = (Some(self.key.attributes()), self.expression.condition());
        let update = self.expression.update();
        let Expression { names, values, .. } = self.expression;
        let (names, values) = (placeholders(names), placeholders(values));
        let write = TransactWriteItem::builder();
        let write = match self.act {
            Act::Update => Update::builder()
                .table_name(table)
                .set_key(key)
                .update_expression(update)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(AllOld)
                .build()
                .map(|update| write.update(update)),
            Act::Delete => Delete::builder()
                .table_name(table)
                .set_key(key)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(AllOld)
                .build()
                .map(|delete| write.delete(delete)),
            Act::Check => ConditionCheck::builder()
                .table_name(table)
                .set_key(key)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(AllOld)
                .build()
                .map(|check| write.condition_check(check)),
        };
        Ok(write.map_err(|error| Fault::caused("build a write of a transaction", error))?.build())
    }
}

/// The placeholders of a request, if it has any: DynamoDB refuses an empty map.
pub(super) fn placeholders<V>(placeholders: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!placeholders.is_empty()).then_some(placeholders)
}
