//! A second factor: an authenticator app or a phone. It is *pending* until its first code is accepted, then *active*. A
//! pending factor expires after 10 minutes or 5 wrong codes, and no login uses it.

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

/// How long a factor can be pending.
pub const PENDING_LIFE: Duration = Duration::from_mins(10);
/// How many codes a user may try on a pending factor.
pub const PENDING_TRIES: u32 = 5;

/// A second factor of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its kind, with the data of that kind.
    pub method: Method,
    /// Its status, with the data of that status.
    pub progress: Progress,
    /// Its name, which the user may choose.
    pub name: FactorName,
    /// When it was begun.
    pub created_at: Timestamp,
    /// How it was begun.
    pub enrolled_by: EnrolledBy,
    /// When a code of it was last accepted.
    pub last_used_at: Option<Timestamp>,
    /// Its sealed secret: the key of an app, or the number of a phone.
    pub sealed: Sealed,
}

/// The kind of a factor, with the data of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// An authenticator app.
    Totp {
        /// The time step of the last accepted code. Only later steps are accepted.
        last_step: Option<u64>,
    },
    /// A phone that receives texts.
    Sms {
        /// The hint and the digests of the number.
        phone: Phone,
        /// The last texted code, until it is accepted.
        code: Option<SentCode>,
    },
}

/// The status of a factor, with the data of that status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Begun, but no code of it was accepted yet.
    Pending {
        /// The codes tried so far.
        tries: u32,
    },
    /// Proven, and valid for logging in.
    Active {
        /// When it became active.
        since: Timestamp,
    },
}

/// The part of an accepted code that is spent, so that it is accepted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The time step of an app, and every earlier one.
    Step(u64),
    /// The sent code of this nonce.
    Sent(Nonce),
}

impl Factor {
    /// Begins an authenticator app, with the login token alone.
    pub fn begun_app(name: Option<FactorName>, sealed: Sealed, now: Timestamp) -> Self {
        Self::begun(Method::Totp { last_step: None }, name, sealed, now)
    }

    /// Begins a phone, with the login token alone.
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

    /// Imports an app that the user has elsewhere. It is active at once. Codes that are valid at `now` or earlier are
    /// refused, because the app may have been here before and removed.
    pub fn imported(name: Option<FactorName>, sealed: Sealed, now: Timestamp) -> Self {
        let method = Method::Totp { last_step: Some(totp::latest_step(now)) };
        let progress = Progress::Active { since: now };
        Self { progress, enrolled_by: EnrolledBy::Import, ..Self::begun(method, name, sealed, now) }
    }

    /// Returns the factor after its first accepted code. Returns `None` if `spent` is of another kind.
    #[must_use]
    pub fn activated(&self, spent: Spent, now: Timestamp) -> Option<Self> {
        let method = match (&self.method, spent) {
            (Method::Totp { .. }, Spent::Step(step)) => Method::Totp { last_step: Some(step) },
            (Method::Sms { phone, .. }, Spent::Sent(_)) => Method::Sms { phone: phone.clone(), code: None },
            (Method::Totp { .. }, Spent::Sent(_)) | (Method::Sms { .. }, Spent::Step(_)) => return None,
        };
        Some(Self { method, progress: Progress::Active { since: now }, last_used_at: Some(now), ..self.clone() })
    }

    /// Returns its kind.
    pub const fn kind(&self) -> Kind {
        self.method.kind()
    }

    /// Returns its status.
    pub const fn status(&self) -> Status {
        match self.progress {
            Progress::Pending { .. } => Status::Pending,
            Progress::Active { .. } => Status::Active,
        }
    }

    /// Returns the hint and the digests of its number, if it is a phone.
    pub const fn phone(&self) -> Option<&Phone> {
        match &self.method {
            Method::Totp { .. } => None,
            Method::Sms { phone, .. } => Some(phone),
        }
    }

    /// Returns the last texted code, until it is accepted.
    pub const fn sent_code(&self) -> Option<&SentCode> {
        match &self.method {
            Method::Totp { .. } => None,
            Method::Sms { code, .. } => code.as_ref(),
        }
    }

    /// Returns the time step of the last accepted code, if it is an app.
    pub const fn last_step(&self) -> Option<u64> {
        match self.method {
            Method::Totp { last_step } => last_step,
            Method::Sms { .. } => None,
        }
    }

    /// Returns whether a code of it could be accepted. An app always shows one. A phone needs a sent one.
    pub fn has_live_code(&self, now: Timestamp) -> bool {
        match &self.method {
            Method::Totp { .. } => true,
            Method::Sms { code, .. } => code.as_ref().is_some_and(|code| code.is_live(now)),
        }
    }

    /// Returns when it became active, or `None` while it is pending.
    pub const fn active_since(&self) -> Option<Timestamp> {
        match self.progress {
            Progress::Pending { .. } => None,
            Progress::Active { since } => Some(since),
        }
    }

    /// Returns whether it is active.
    pub fn is_active(&self) -> bool {
        self.status() == Status::Active
    }

    /// Returns whether it is pending and can still be activated.
    pub fn is_live_pending(&self, now: Timestamp) -> bool {
        now < self.pending_until() && self.pending_tries_left() > 0
    }

    /// Returns how many codes can still be tried while it is pending. Returns 0 if it is active.
    pub const fn pending_tries_left(&self) -> u32 {
        match self.progress {
            Progress::Pending { tries } => PENDING_TRIES.saturating_sub(tries),
            Progress::Active { .. } => 0,
        }
    }

    /// Returns when it expires if it is still pending.
    pub fn pending_until(&self) -> Timestamp {
        self.created_at.plus(PENDING_LIFE)
    }

    /// Returns the part that clients see.
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
    /// Returns its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Totp { .. } => Kind::Totp,
            Self::Sms { .. } => Kind::Sms,
        }
    }
}

/// The part of a factor that clients see.
#[derive(Serialize)]
pub struct FactorSummary<'a> {
    id: &'a FactorId,
    kind: Kind,
    name: &'a FactorName,
    status: Status,
    created_at: String,
    enrolled_by: EnrolledBy,
    /// When it became active, if it is.
    factor_since: Option<String>,
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_hint: Option<&'a str>,
}
