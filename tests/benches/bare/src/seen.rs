//! A recorded call: its operation and its body. Input of another shape is an error, so that nothing is lost silently.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use data_encoding::BASE64;
use lambda_http::Error;
use serde::Deserialize;
use serde_json::{Map, Value};

/// An item of DynamoDB, or a part of one.
pub type Item = HashMap<String, AttributeValue>;

/// A call that was recorded.
#[derive(Deserialize)]
pub struct Seen {
    /// Its operation.
    pub operation: String,
    /// Its body. The pairs of a form become an object.
    pub body: Part,
}

/// A part of a body.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Part(pub Map<String, Value>);

impl Part {
    /// The text with this name, if there is one.
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.as_str()?.to_owned())
    }

    /// The number with this name, if there is one.
    pub fn number(&self, name: &str) -> Option<i32> {
        self.0.get(name)?.as_i64()?.try_into().ok()
    }

    /// The bytes with this name, if there are any.
    pub fn bytes(&self, name: &str) -> Result<Option<Blob>, Error> {
        let decoded = self.text(name).map(|text| BASE64.decode(text.as_bytes())).transpose()?;
        Ok(decoded.map(Blob::new))
    }

    /// The boolean with this name, if there is one.
    pub fn is(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// The part with this name, if there is one.
    pub fn part(&self, name: &str) -> Option<Self> {
        Some(Self(self.0.get(name)?.as_object()?.clone()))
    }

    /// The parts in the list with this name. Empty if there is none.
    pub fn parts(&self, name: &str) -> Vec<Self> {
        let list = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_object).cloned().map(Self).collect()
    }

    /// The map of texts with this name, if there is one.
    pub fn texts(&self, name: &str) -> Option<HashMap<String, String>> {
        let texts = self.part(name)?.0.into_iter();
        Some(texts.filter_map(|(name, text)| Some((name, text.as_str()?.to_owned()))).collect())
    }

    /// The item with this name, if there is one.
    pub fn item(&self, name: &str) -> Result<Option<Item>, Error> {
        self.part(name).map(|part| part.to_item()).transpose()
    }

    /// This part as an item.
    pub fn to_item(&self) -> Result<Item, Error> {
        self.0.iter().map(|(name, value)| Ok((name.clone(), attribute(value)?))).collect()
    }
}

fn attribute(value: &Value) -> Result<AttributeValue, Error> {
    let (kind, value) = value.as_object().and_then(|value| value.iter().next()).ok_or("not an attribute")?;
    let text = || value.as_str().map(str::to_owned).ok_or("not a text");
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "B" => AttributeValue::B(Blob::new(BASE64.decode(text()?.as_bytes())?)),
        "BOOL" => AttributeValue::Bool(value.as_bool().ok_or("not a boolean")?),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(value.as_array().into_iter().flatten().map(attribute).collect::<Result<_, _>>()?),
        "M" => AttributeValue::M(Part(value.as_object().cloned().ok_or("not a map")?).to_item()?),
        "SS" => {
            let texts = value.as_array().into_iter().flatten();
            AttributeValue::Ss(texts.filter_map(|text| Some(text.as_str()?.to_owned())).collect())
        }
        _ => return Err(format!("an attribute of the kind {kind}").into()),
    })
}
