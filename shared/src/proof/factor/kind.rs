//! What kinds of factor there are, and how a factor may have been begun.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

/// What a factor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An authenticator app.
    Totp,
    /// A phone that is sent texts.
    Sms,
}

impl Kind {
    /// The kinds there are.
    pub const ALL: [Self; 2] = [Self::Totp, Self::Sms];

    /// Reads a kind by its name in the contract.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "totp" => Some(Self::Totp),
            "sms" => Some(Self::Sms),
            _ => None,
        }
    }

    /// How many active factors of the kind a user may have.
    pub const fn limit(self) -> usize {
        match self {
            Self::Totp => 5,
            Self::Sms => 2,
        }
    }

    /// How a code of the kind counts as an authentication method (RFC 8176).
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Totp => "otp",
            Self::Sms => "sms",
        }
    }
}

/// Reads kinds, without those that only another release knows: they are no factor of this one.
pub fn known_kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Kind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    Ok(names.iter().filter_map(|name| Kind::parse(name)).collect())
}

/// Whether a factor is pending or active, as the contract spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Begun; no code from it has been shown.
    Pending,
    /// Proven, and good for logging in.
    Active,
}

impl Status {
    /// The status as the contract and the table spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }
}

/// How a user proved who they are when they began a factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrolledBy {
    /// With the login token alone: no factor was active. Rows that say nothing are read so.
    #[default]
    First,
    /// With a code of an authenticator app.
    Otp,
    /// With a texted code.
    Sms,
    /// With a recovery code.
    Recovery,
    /// With an emailed code, or with a factor that was begun with one.
    Email,
    /// An operator imported it.
    Import,
}

impl EnrolledBy {
    /// What an assertion's first `amr` value says of a factor that the assertion begins.
    pub fn of_method(method: &str) -> Option<Self> {
        match method {
            "otp" => Some(Self::Otp),
            "sms" => Some(Self::Sms),
            "recovery" => Some(Self::Recovery),
            "email" => Some(Self::Email),
            _ => None,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
    pub(super) const fn is_first(&self) -> bool {
        matches!(self, Self::First)
    }

    /// Whether a step-up waits a day after such a factor became active: no active factor stood behind its begin.
    pub const fn waits(self) -> bool {
        matches!(self, Self::First | Self::Recovery | Self::Email | Self::Import)
    }
}
