//! The types that all services share: the services' names, the kinds of faults, and the answers.

use serde::{Deserialize, Serialize};
use serde_json::json;

/// A service, as faults and calls name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// DynamoDB: the table.
    Dynamodb,
    /// KMS: the keys.
    Kms,
    /// SES: the emails.
    Ses,
    /// SNS: the texts.
    Sns,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Too many calls.
    Throttle,
    /// An internal error of AWS.
    Error,
    /// The function has no permission. SES: the email is rejected.
    Refuse,
    /// Another write of the same item is under way.
    Conflict,
    /// A batch of reads returns every key as unprocessed, so the function must ask again.
    Partial,
    /// The service applies the call one second late.
    Late,
    /// The service does not apply the call. After one minute without an answer, the connection breaks.
    Hang,
    /// The connection breaks before the service applies the call.
    DropBefore,
    /// The connection breaks after the service has applied the call.
    DropAfter,
}

/// An answer of a service: a status, and JSON or XML.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// The capacity units that DynamoDB consumed.
    pub units: Option<f64>,
}

impl Answer {
    /// Returns an answer with the status 200.
    pub fn ok(body: impl Into<String>) -> Self {
        Self::of(200, body)
    }

    /// Returns an error in the form of AWS's JSON protocols.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::of(status, json!({"__type": code, "message": message}).to_string())
    }

    /// Returns an answer without capacity units.
    pub fn of(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), units: None }
    }
}
