//! A second factor: an authenticator app or a phone. It is *pending* from its begin until a code from it is shown, then
//! *active*. A pending factor lives ten minutes and five guesses, and counts for nothing.

use std::time::Duration;

use serde::Serialize;

use crate::{
    aws::{derive::Nonce, seal::Sealed},
    base::clock::Timestamp,
    proof::{code::SentCode, phone::Phone, totp},
};

mod kind;
mod name;
mod row;
pub mod secrets;

pub use self::{
    kind::{EnrolledBy, Kind, Status, known_kinds},
    name::{FactorId, FactorName, InvalidName},
};

/// How long a pending factor waits for its first code.
pub const PENDING_LIFE: Duration = Duration::from_mins(10);
/// How many codes may be tried on a pending factor.
pub const PENDING_TRIES: u32 = 5;

/// A factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// What it is.
    pub method: Method,
    /// How far it has come.
    pub progress: Progress,
    /// What its user calls it.
    pub name: FactorName,
    /// When it was begun.
    pub created_at: Timestamp,
    /// How its user proved who they are then.
    pub enrolled_by: EnrolledBy,
    /// When a code from it was last accepted.
    pub last_used_at: Option<Timestamp>,
    /// Its secret: an app's key, or a phone's number.
    pub sealed: Sealed,
}

/// What a factor is, with what only such a factor has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// An authenticator app.
    Totp {
        /// The time step of the last code accepted: only later ones are accepted after it.
        last_step: Option<u64>,
    },
    /// A phone that is sent texts.
    Sms {
        /// What can be read of the number.
        phone: Phone,
        /// The code that was texted last, until it is accepted.
        code: Option<SentCode>,
    },
}

/// How far a factor has come, with what only such a factor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Begun; no code from it has been shown.
    Pending {
        /// Codes tried on it.
        tries: u32,
    },
    /// Proven, and good for logging in.
    Active {
        /// When it became so.
        since: Timestamp,
    },
}

/// What accepting a code spends, so that it is accepted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// An app's time step, and every earlier one.
    Step(u64),
    /// The code of this nonce.
    Sent(Nonce),
}

impl Factor {
    /// An authenticator app just begun, by the login token alone.
    pub fn begun_app(name: Option<FactorName>, sealed: Sealed, now: Timestamp) -> Self {
        Self::begun(Method::Totp { last_step: None }, name, sealed, now)
    }

    /// A phone just begun, by the login token alone.
    pub fn begun_phone(phone: Phone, name: Option<FactorName>, sealed: Sealed, now: Timestamp) -> Self {
        Self::begun(Method::Sms { phone, code: None }, name, sealed, now)
    }

    fn begun(method: Method, name: Option<FactorName>, sealed: Sealed, now: Timestamp) -> Self {
        Self {
            name: name.unwrap_or_else(|| FactorName::of_kind(method.kind())),
            method,
            progress: Progress::Pending { tries: 0 },
            created_at: now,
            enrolled_by: EnrolledBy::First,
            last_used_at: None,
            sealed,
        }
    }

    /// An app that the user has been logging in with elsewhere: active, though no code of it was seen here. Codes that could
    /// have been accepted by now are not: it may have been here before, and removed.
    pub fn imported(name: Option<FactorName>, sealed: Sealed, now: Timestamp) -> Self {
        let method = Method::Totp { last_step: Some(totp::latest_step(now)) };
        let progress = Progress::Active { since: now };
        Self { progress, enrolled_by: EnrolledBy::Import, ..Self::begun(method, name, sealed, now) }
    }

    /// The factor once a code has proven it; `None` where what that code spends is none of such a factor's.
    #[must_use]
    pub fn activated(&self, spent: Spent, now: Timestamp) -> Option<Self> {
        let method = match (&self.method, spent) {
            (Method::Totp { .. }, Spent::Step(step)) => Method::Totp { last_step: Some(step) },
            (Method::Sms { phone, .. }, Spent::Sent(_)) => Method::Sms { phone: phone.clone(), code: None },
            (Method::Totp { .. }, Spent::Sent(_)) | (Method::Sms { .. }, Spent::Step(_)) => return None,
        };
        Some(Self { method, progress: Progress::Active { since: now }, last_used_at: Some(now), ..self.clone() })
    }

    /// Its kind, as the contract spells it.
    pub const fn kind(&self) -> Kind {
        self.method.kind()
    }

    /// Its status, as the contract spells it.
    pub const fn status(&self) -> Status {
        match self.progress {
            Progress::Pending { .. } => Status::Pending,
            Progress::Active { .. } => Status::Active,
        }
    }

    /// What can be read of its number, where it is a phone.
    pub const fn phone(&self) -> Option<&Phone> {
        match &self.method {
            Method::Totp { .. } => None,
            Method::Sms { phone, .. } => Some(phone),
        }
    }

    /// The code that was texted to it last, until it is accepted.
    pub const fn sent_code(&self) -> Option<&SentCode> {
        match &self.method {
            Method::Totp { .. } => None,
            Method::Sms { code, .. } => code.as_ref(),
        }
    }

    /// The time step of the last code of it that was accepted, where it is an app.
    pub const fn last_step(&self) -> Option<u64> {
        match self.method {
            Method::Totp { last_step } => last_step,
            Method::Sms { .. } => None,
        }
    }

    /// Whether a code of it could be accepted: an app always shows one, a phone has been sent one.
    pub fn has_live_code(&self, now: Timestamp) -> bool {
        match &self.method {
            Method::Totp { .. } => true,
            Method::Sms { code, .. } => code.as_ref().is_some_and(|code| code.is_live(now)),
        }
    }

    /// Since when it is active; `None` while it is pending.
    pub const fn active_since(&self) -> Option<Timestamp> {
        match self.progress {
            Progress::Pending { .. } => None,
            Progress::Active { since } => Some(since),
        }
    }

    /// Whether it is active.
    pub fn is_active(&self) -> bool {
        self.status() == Status::Active
    }

    /// Whether it is pending and can still be activated.
    pub fn is_live_pending(&self, now: Timestamp) -> bool {
        now < self.pending_until() && self.pending_tries_left() > 0
    }

    /// Guesses that it still takes as a pending factor: none where it is active.
    pub const fn pending_tries_left(&self) -> u32 {
        match self.progress {
            Progress::Pending { tries } => PENDING_TRIES.saturating_sub(tries),
            Progress::Active { .. } => 0,
        }
    }

    /// When it expires, if it is still pending then.
    pub fn pending_until(&self) -> Timestamp {
        self.created_at.plus(PENDING_LIFE)
    }

    /// What clients see of it.
    pub fn summary<'a>(&'a self, id: &'a FactorId) -> FactorSummary<'a> {
        FactorSummary {
            id,
            kind: self.kind(),
            name: &self.name,
            status: self.status(),
            created_at: self.created_at.rfc3339(),
            enrolled_by: self.enrolled_by,
            factor_since: self.active_since().map(Timestamp::rfc3339),
            last_used_at: self.last_used_at.map(Timestamp::rfc3339),
            phone_hint: self.phone().map(|phone| phone.hint.as_str()),
        }
    }
}

impl Method {
    /// Its kind, as the contract spells it.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Totp { .. } => Kind::Totp,
            Self::Sms { .. } => Kind::Sms,
        }
    }
}

/// What clients see of a factor.
#[derive(Serialize)]
pub struct FactorSummary<'a> {
    id: &'a FactorId,
    kind: Kind,
    name: &'a FactorName,
    status: Status,
    created_at: String,
    enrolled_by: EnrolledBy,
    /// Since when it is active, where it is.
    factor_since: Option<String>,
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_hint: Option<&'a str>,
}
