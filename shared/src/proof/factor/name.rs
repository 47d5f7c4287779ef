//! The id and the name of a factor.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::{
    base::{clock::Timestamp, single_line::line},
    proof::factor::kind::Kind,
};

/// The id of a factor: a ULID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactorId(String);

impl FactorId {
    /// Makes a new id from the time and 80 random bits.
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let random = random.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        Self(Ulid::from_parts(now.millis(), random).to_string())
    }

    /// Makes the id of these bits.
    pub fn of(bits: u128) -> Self {
        Self(Ulid(bits).to_string())
    }

    /// Reads an id. Returns `None` unless it is a ULID in canonical form.
    pub fn parse(text: &str) -> Option<Self> {
        let canonical = Ulid::from_string(text).ok()?.to_string();
        (canonical == text).then_some(Self(canonical))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a factor: 1 to 64 characters, without line breaks, controls, or marks that change the direction of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FactorName(String);

impl FactorName {
    /// Returns the name of a factor that nobody named.
    pub fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Totp => Self("Authenticator app".to_owned()),
            Kind::Sms => Self("Phone".to_owned()),
        }
    }
}

impl TryFrom<String> for FactorName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        line(&name, 64).map(|name| Self(name.to_owned())).ok_or(InvalidName)
    }
}

impl From<FactorName> for String {
    fn from(name: FactorName) -> Self {
        name.0
    }
}

/// The error for a text that is not a name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name")]
pub struct InvalidName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_ulid_in_its_canonical_spelling() {
        let id = FactorId::new(Timestamp::from_millis(1_795_512_600_000), [255; 10]);
        assert_eq!(FactorId::parse(id.as_str()), Some(id.clone()));
        for bad in ["", "x", &id.as_str().to_lowercase(), &format!("{}0", id.as_str()), "IIIIIIIIIIIIIIIIIIIIIIIIII"] {
            assert_eq!(FactorId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_is_trimmed_and_holds_nothing_that_steers_text() {
        let name = |text: &str| FactorName::try_from(text.to_owned()).map(String::from);
        assert_eq!(name("  Work phone "), Ok("Work phone".to_owned()));
        assert_eq!(name(&"é".repeat(64)), Ok("é".repeat(64)));
        for bad in [
            "",
            "  ",
            "a\nb",
            "a\r\nSet-Cookie: x",
            "a\u{0}",
            "a\u{202e}b",
            "a\u{200f}b",
            "a\u{2028}b",
            &"é".repeat(65),
            "a\n",
            &format!("{} ", "é".repeat(64)),
        ] {
            assert_eq!(name(bad), Err(InvalidName), "{bad:?}");
        }
    }
}
