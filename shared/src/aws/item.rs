//! Items of the table, and their conversion from and to Rust types.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

use crate::base::error::Fault;

/// An item, as DynamoDB returns it.
pub type Item = HashMap<String, AttributeValue>;

/// Reads an item as the type that it holds.
pub fn read<T: DeserializeOwned>(item: Item) -> Result<T, Fault> {
    serde_dynamo::from_item(item).map_err(|error| Fault::caused("parse an item of the table", error))
}

/// Makes an item that holds `noun`.
pub fn of<T: Serialize>(noun: &T) -> Result<Item, Fault> {
    serde_dynamo::to_item(noun).map_err(|error| Fault::caused("serialize an item for the table", error))
}

/// Makes a value for an expression.
pub fn value<T: Serialize>(value: &T) -> Result<AttributeValue, Fault> {
    serde_dynamo::to_attribute_value(value).map_err(|error| Fault::caused("serialize a value for the table", error))
}

/// Makes a text for an expression.
pub fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Makes a number for an expression.
pub fn number(number: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}
