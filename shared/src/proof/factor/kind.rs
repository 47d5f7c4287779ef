//! The kinds of factor, their status, and the proof with which a factor was begun.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

/// The kind of a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An authenticator app.
    Totp,
    /// A phone that receives texts.
    Sms,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Totp, Self::Sms];

    /// Reads a kind by its name in the contract.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "totp" => Some(Self::Totp),
            "sms" => Some(Self::Sms),
            _ => None,
        }
    }

    /// Returns how many active factors of this kind a user may have.
    pub const fn limit(self) -> usize {
        match self {
            Self::Totp => 5,
            Self::Sms => 2,
        }
    }

    /// Returns the authentication method of this kind (RFC 8176).
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Totp => "otp",
            Self::Sms => "sms",
        }
    }
}

/// Reads kinds, without those that only another release knows.
pub fn known_kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Kind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    Ok(names.iter().filter_map(|name| Kind::parse(name)).collect())
}

/// The status of a factor, as the contract spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Begun, but no code of it was accepted yet.
    Pending,
    /// Proven, and valid for logging in.
    Active,
}

impl Status {
    /// Returns the status as the contract and the table spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }
}

/// The proof with which a user began a factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrolledBy {
    /// The login token alone, because no factor was active. Rows without a value mean this too.
    #[default]
    First,
    /// A code of an authenticator app.
    Otp,
    /// A texted code.
    Sms,
    /// A recovery code.
    Recovery,
    /// An emailed code, or a factor that was begun with one.
    Email,
    /// None, because an operator imported the factor.
    Import,
}

impl EnrolledBy {
    /// Reads the proof from the first `amr` value of an assertion that begins a factor.
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

    /// Returns whether a step-up must wait a day after the factor became active. It must if no active factor proved its
    /// begin.
    pub const fn waits(self) -> bool {
        matches!(self, Self::First | Self::Recovery | Self::Email | Self::Import)
    }
}
