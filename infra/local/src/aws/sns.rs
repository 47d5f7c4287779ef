//! SNS, only to send texts. Calls are forms, and answers are XML.

use std::collections::BTreeMap;

use shared::base::clock::Timestamp;

use super::{
    outbox::{Outbox, Text},
    service::{Answer, Kind},
};

/// The supported operations.
pub const OPERATIONS: &[&str] = &["Publish", "CheckIfPhoneNumberIsOptedOut"];

/// The AWS limit on one text (Publish, `Message`): 1,600 characters.
const LONGEST: usize = 1600;

/// Returns the operation of a call.
pub fn operation(body: &[u8]) -> String {
    form(body).remove("Action").unwrap_or_default()
}

/// Answers a call.
pub fn call(outbox: &Outbox, now: Timestamp, operation: &str, body: &[u8]) -> Answer {
    let form = form(body);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    match operation {
        "Publish" => publish(outbox, now, &form),
        "CheckIfPhoneNumberIsOptedOut" => {
            let opted_out = outbox.has_opted_out(field("phoneNumber"));
            answer(operation, &format!("<isOptedOut>{opted_out}</isOptedOut>"))
        }
        _ => error(400, "InvalidAction", "This operation is not supported."),
    }
}

fn publish(outbox: &Outbox, now: Timestamp, form: &BTreeMap<String, String>) -> Answer {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let (to, body) = (field("PhoneNumber"), field("Message"));
    let digits = to.strip_prefix('+').unwrap_or_default();
    if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("Invalid parameter: PhoneNumber Reason: {to} is not valid to publish to");
        return error(400, "InvalidParameter", &message);
    }
    if body.is_empty() || body.chars().count() > LONGEST {
        return error(400, "InvalidParameter", "Invalid parameter: Message");
    }
    let attribute = |number: usize| {
        let entry = format!("MessageAttributes.entry.{number}");
        Some((form.get(&format!("{entry}.Name"))?.clone(), form.get(&format!("{entry}.Value.StringValue"))?.clone()))
    };
    let attributes = (1..).map_while(attribute).collect();
    outbox.send(Text { to, body, at: now.rfc3339(), attributes });
    answer("Publish", "<MessageId>local</MessageId>")
}

/// Returns AWS's answer to a failed call, which may quote the number, or `None` if the connection breaks.
pub fn fault(kind: Kind, body: &[u8]) -> Option<Answer> {
    let form = form(body);
    let number = form.get("PhoneNumber").or(form.get("phoneNumber")).map(String::as_str).unwrap_or_default();
    match kind {
        Kind::Throttle => Some(error(429, "Throttled", &format!("Rate exceeded for {number}"))),
        Kind::Error => Some(error(500, "InternalError", "Internal failure")),
        Kind::Refuse => {
            let message = format!("User is not authorized to perform: SNS:Publish on resource: {number}");
            Some(error(403, "AuthorizationError", &message))
        }
        Kind::Conflict | Kind::Partial | Kind::Late | Kind::Hang | Kind::DropBefore | Kind::DropAfter => None,
    }
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn answer(operation: &str, result: &str) -> Answer {
    Answer::ok(format!(
        r#"<{operation}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><{operation}Result>{result}</{operation}Result></{operation}Response>"#
    ))
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    Answer::of(status, body)
}
