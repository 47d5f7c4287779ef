//! What all services have in common: which there are, how a call fails, and what it is answered.

use serde::{Deserialize, Serialize};
use serde_json::json;

/// The services, as faults and calls name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The table.
    Dynamodb,
    /// The keys.
    Kms,
    /// The emails.
    Ses,
    /// The texts.
    Sns,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Too many calls.
    Throttle,
    /// AWS has a problem.
    Error,
    /// The function may not.
    Refuse,
    /// Another write of the same item is under way.
    Conflict,
    /// There is no room just now for any of a batch of reads: all of it is to be asked for again.
    Partial,
    /// The call is applied a second after it came.
    Late,
    /// No answer comes, for a minute.
    Hang,
    /// The connection breaks before the call is applied.
    DropBefore,
    /// The connection breaks after the call was applied.
    DropAfter,
}

/// What a service answers: a status, and JSON or XML.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// Units of DynamoDB that the call took.
    pub units: Option<f64>,
}

impl Answer {
    /// One that all is well.
    pub fn ok(body: impl Into<String>) -> Self {
        Self::of(200, body)
    }

    /// An error as the JSON protocols spell it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::of(status, json!({"__type": code, "message": message}).to_string())
    }

    /// One that says nothing of units.
    pub fn of(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), units: None }
    }
}
