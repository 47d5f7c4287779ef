//! SES v2, only to send emails. Calls are JSON to a path of their own.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::base::clock::Timestamp;

use super::{
    outbox::{Email, Outbox},
    service::{Answer, Kind},
};

/// The supported operations.
pub const OPERATIONS: &[&str] = &["SendEmail"];
/// The path of `SendEmail`.
pub const PATH: &str = "/v2/email/outbound-emails";

/// The parameters of `SendEmail`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ask {
    from_email_address: String,
    destination: Destination,
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    to_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Data,
    body: Body,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Data,
    html: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    data: String,
}

/// Answers a call: puts its email into the outbox.
pub fn call(outbox: &Outbox, now: Timestamp, body: &[u8]) -> Answer {
    let Ok(Ask { from_email_address: from, destination, content }) = serde_json::from_slice(body) else {
        return Answer::error(400, "BadRequestException", "The request can't be read.");
    };
    let [to] = &destination.to_addresses[..] else {
        return Answer::error(400, "BadRequestException", "An email must have exactly one recipient.");
    };
    let Simple { subject, body, headers } = content.simple;
    let headers: BTreeMap<_, _> = headers.into_iter().map(|header| (header.name, header.value)).collect();
    let lines = headers.iter().flat_map(|(name, value)| [name, value]);
    if lines.chain([&from, to, &subject.data]).any(|line| line.contains(['\r', '\n'])) {
        return Answer::error(400, "BadRequestException", "A header must be one line.");
    }
    let (subject, text, html) = (subject.data, body.text.data, body.html.data);
    outbox.mail(Email { to: to.clone(), from, subject, text, html, headers, at: now.rfc3339() });
    Answer::ok(r#"{"MessageId":"local"}"#)
}

/// Returns AWS's answer to a failed call, which may quote the address, or `None` if the connection breaks.
pub fn fault(kind: Kind, body: &[u8]) -> Option<Answer> {
    let to = serde_json::from_slice(body).map(|ask: Ask| ask.destination.to_addresses.concat()).unwrap_or_default();
    match kind {
        Kind::Throttle => Some(Answer::error(429, "TooManyRequestsException", "Maximum sending rate exceeded.")),
        Kind::Error => Some(Answer::error(500, "InternalServiceErrorException", "Internal failure")),
        Kind::Refuse => {
            let message = format!("Email address is not verified. The following identities failed the check: {to}");
            Some(Answer::error(400, "MessageRejected", &message))
        }
        Kind::Conflict | Kind::Partial | Kind::Late | Kind::Hang | Kind::DropBefore | Kind::DropAfter => None,
    }
}
