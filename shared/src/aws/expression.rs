//! Updates of an item with their conditions, put together from clauses of DynamoDB's expressions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::base::error::Fault;

/// An update that is being built. All clauses share its placeholders.
#[derive(Clone, Debug, Default)]
pub struct Expression {
    set: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Expression {
    /// Sets an attribute: `path = operand`.
    #[must_use]
    pub fn set(mut self, clause: impl Into<String>) -> Self {
        self.set.push(clause.into());
        self
    }

    /// Removes the attribute at `path`.
    #[must_use]
    pub fn remove(mut self, path: impl Into<String>) -> Self {
        self.remove.push(path.into());
        self
    }

    /// Adds a condition. All conditions must hold.
    #[must_use]
    pub fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.conditions.push(condition.into());
        self
    }

    /// Defines `placeholder`, which begins with `#`, for the attribute `name`.
    #[must_use]
    pub fn name(mut self, placeholder: impl Into<String>, name: impl Into<String>) -> Self {
        self.names.insert(placeholder.into(), name.into());
        self
    }

    /// Defines `placeholder`, which begins with `:`, for `value`.
    #[must_use]
    pub fn value(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        self.values.insert(placeholder.into(), value);
        self
    }

    /// Sets `path` to `value` by `placeholder`, or removes it if there is no value.
    ///
    /// # Errors
    /// The value can't be written.
    pub fn set_or_remove(
        self,
        path: &str,
        placeholder: &str,
        value: Option<Result<AttributeValue, Fault>>,
    ) -> Result<Self, Fault> {
        match value {
            Some(value) => Ok(self.set(format!("{path} = {placeholder}")).value(placeholder, value?)),
            None => Ok(self.remove(path)),
        }
    }

    /// The update expression.
    pub(super) fn update(&self) -> String {
        let clauses =
            [("SET", &self.set), ("REMOVE", &self.remove)].into_iter().filter(|(_, clauses)| !clauses.is_empty());
        clauses.map(|(verb, clauses)| format!("{verb} {}", clauses.join(", "))).collect::<Vec<_>>().join(" ")
    }

    /// The condition expression, if there is one. A condition with `OR` needs its own parentheses.
    pub(super) fn condition(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }
}
