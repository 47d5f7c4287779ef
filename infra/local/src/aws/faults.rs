//! Faults on demand. The next calls of an operation fail, in a way in which AWS calls fail.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::{
    dynamodb, kms,
    service::{Answer, Kind, Service},
    ses, sns,
};

/// The faults that have been ordered and have not happened yet.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

/// A fault: the next calls of one operation fail.
///
/// - `spare`: how many calls do not fail before. Default: 0.
/// - `times`: how many calls then fail. Default: 1.
/// - `on`: counts only calls on this row, such as `USER# ACCOUNT`, this key or this purpose. Default: all calls.
/// - `every_try`: when the SDK retries a failed call, the call fails again.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    service: Service,
    operation: String,
    kind: Kind,
    #[serde(default)]
    spare: u32,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    on: Option<String>,
    #[serde(default)]
    every_try: bool,
    /// The SDK's ids of the calls that have failed. A retry has the same id.
    #[serde(skip)]
    failed: Vec<String>,
}

const fn once() -> u32 {
    1
}

const fn operations(service: Service) -> &'static [&'static str] {
    match service {
        Service::Dynamodb => dynamodb::OPERATIONS,
        Service::Kms => kms::OPERATIONS,
        Service::Ses => ses::OPERATIONS,
        Service::Sns => sns::OPERATIONS,
    }
}

/// Returns the answer to a failed call, or `None` if the connection breaks.
pub fn answer(kind: Kind, service: Service, operation: &str, body: &[u8]) -> Option<Answer> {
    match service {
        Service::Ses => return ses::fault(kind, body),
        Service::Sns => return sns::fault(kind, body),
        Service::Dynamodb | Service::Kms => {}
    }
    match kind {
        Kind::Throttle => Some(Answer::error(400, "ThrottlingException", "Rate exceeded")),
        Kind::Error if service == Service::Kms => Some(Answer::error(500, "KMSInternalException", "Internal failure")),
        Kind::Error => Some(Answer::error(500, "InternalServerError", "Internal server error")),
        Kind::Refuse => Some(Answer::error(400, "AccessDeniedException", "Not authorized")),
        Kind::Conflict if operation == "TransactWriteItems" => Some(dynamodb::conflict(body)),
        Kind::Conflict => Some(Answer::error(400, "TransactionConflictException", "Transaction is ongoing")),
        Kind::Partial => Some(dynamodb::unprocessed(body)),
        Kind::Late | Kind::Hang | Kind::DropBefore | Kind::DropAfter => None,
    }
}

impl Faults {
    /// Orders a fault. It refuses a fault that could never happen.
    pub fn order(&self, fault: Fault) -> Result<(), &'static str> {
        if !operations(fault.service).contains(&fault.operation.as_str()) {
            return Err("the service does not support this operation");
        }
        if fault.kind == Kind::Conflict && !["UpdateItem", "TransactWriteItems"].contains(&fault.operation.as_str()) {
            return Err("`conflict` works only for UpdateItem and TransactWriteItems");
        }
        if fault.kind == Kind::Partial && fault.operation != "BatchGetItem" {
            return Err("`partial` works only for BatchGetItem");
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
        Ok(())
    }

    /// Cancels all faults.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns how a call fails, if it does. `call` is the SDK's id for it, and `on` is what it touches.
    pub fn strike(&self, service: Service, operation: &str, call: &str, on: &[String]) -> Option<Kind> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(again) = faults.iter().find(|fault| fault.failed.iter().any(|failed| failed == call)) {
            return Some(again.kind);
        }
        let fault = faults.iter_mut().find(|fault| {
            let is_on = fault.on.as_ref().is_none_or(|row| on.contains(row));
            fault.times > 0 && is_on && fault.service == service && fault.operation == operation
        })?;
        if fault.spare > 0 {
            fault.spare -= 1;
            return None;
        }
        fault.times -= 1;
        if fault.every_try {
            fault.failed.push(call.to_owned());
        }
        Some(fault.kind)
    }
}
