//! Faults to order: the next calls of an operation fail in a way that AWS's do.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Answer, dynamodb, ses, sns};

/// Faults that are still to come.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

/// The next `times` calls of one operation fail, after `spare` that do not: of all, or of those `on` a row (`USER# ACCOUNT`), a key
/// or a purpose. With `every_try` a call that fails does so each time that the SDK tries it.
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
    /// The calls that have failed, as the SDK names them.
    #[serde(skip)]
    failed: Vec<String>,
}

const fn once() -> u32 {
    1
}

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

impl Service {
    /// The operations that the functions may call.
    const fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Dynamodb => dynamodb::OPERATIONS,
            Self::Kms => super::kms::OPERATIONS,
            Self::Ses => ses::OPERATIONS,
            Self::Sns => sns::OPERATIONS,
        }
    }
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

impl Kind {
    /// What is answered to a call instead; `None` where the connection breaks.
    pub fn answer(self, service: Service, operation: &str, body: &[u8]) -> Option<Answer> {
        match service {
            Service::Ses => return ses::fault(self, body),
            Service::Sns => return sns::fault(self, body),
            Service::Dynamodb | Service::Kms => {}
        }
        match self {
            Self::Throttle => Some(Answer::error(400, "ThrottlingException", "Rate exceeded")),
            Self::Error if service == Service::Kms => {
                Some(Answer::error(500, "KMSInternalException", "Internal failure"))
            }
            Self::Error => Some(Answer::error(500, "InternalServerError", "Internal server error")),
            Self::Refuse => Some(Answer::error(400, "AccessDeniedException", "Not authorized")),
            Self::Conflict if operation == "TransactWriteItems" => Some(dynamodb::conflict(body)),
            Self::Conflict => Some(Answer::error(400, "TransactionConflictException", "Transaction is ongoing")),
            Self::Partial => Some(dynamodb::unprocessed(body)),
            Self::Late | Self::Hang | Self::DropBefore | Self::DropAfter => None,
        }
    }
}

impl Faults {
    /// Orders a fault; refuses one that could never strike.
    pub fn order(&self, fault: Fault) -> Result<(), &'static str> {
        if !fault.service.operations().contains(&fault.operation.as_str()) {
            return Err("the service has no such operation here");
        }
        if fault.kind == Kind::Conflict && !["UpdateItem", "TransactWriteItems"].contains(&fault.operation.as_str()) {
            return Err("only writes of the table conflict");
        }
        if fault.kind == Kind::Partial && fault.operation != "BatchGetItem" {
            return Err("only batches of reads are answered in part");
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
        Ok(())
    }

    /// Takes back what is still to come.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How a call fails, if it does: `call` is what the SDK names it, at each try the same, and `on` what it touches.
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
