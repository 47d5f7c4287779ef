//! What an update of an item does, and on which conditions: clauses of DynamoDB's expressions, put together.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::base::error::Fault;

/// An update under construction. Each clause stands alone; placeholders are shared by all of them.
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

    /// Makes the update only if `condition` holds too.
    #[must_use]
    pub fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.conditions.push(condition.into());
        self
    }

    /// Lets clauses call the attribute `name` by `placeholder`, which begins with `#`.
    #[must_use]
    pub fn name(mut self, placeholder: impl Into<String>, name: impl Into<String>) -> Self {
        self.names.insert(placeholder.into(), name.into());
        self
    }

    /// Lets clauses call `value` by `placeholder`, which begins with `:`.
    #[must_use]
    pub fn value(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        self.values.insert(placeholder.into(), value);
        self
    }

    /// Sets `path` to `value` by `placeholder`, or removes it where there is no value.
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

    /// The condition expression, if there is one. `OR` in a condition needs its own parentheses.
    pub(super) fn condition(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }
}
