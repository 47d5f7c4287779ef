//! Codes: the six digits that a user types, and codes that are derived in KMS from a nonce and never kept.
//!
//! What a code is derived from is spelled so that no two uses ever share a message: a version, the purpose, whom it is
//! for, and the nonce, each with its length before it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use zeroize::Zeroizing;

pub mod deriver;

/// Six digits as a user typed them; spaces and dashes between them are ignored. Zeroized on drop, never printed.
pub struct Code(Zeroizing<String>);

impl Code {
    /// Reads a code; `None` unless it is six ASCII digits.
    pub fn parse(typed: &str) -> Option<Self> {
        // Longer than any spelling of six digits that a person would type.
        if typed.len() > 32 {
            return None;
        }
        let digits = Zeroizing::new(typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>());
        (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(Self(digits))
    }

    /// The six digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What makes one derivation unlike every other: 128 random bits, the only part of it that the table keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(ByteArray<16>);

impl Nonce {
    /// The nonce of these random bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(ByteArray::new(bytes))
    }
}

/// What a derived code is for. Each is a domain of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A user's ten recovery codes.
    Recovery,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
        }
    }
}

/// The message that KMS makes a MAC of: for `purpose`, for whom (`subject`: user, then factor or address, if any).
pub fn message(purpose: Purpose, subject: &[&str], nonce: &Nonce) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    let texts = ["serverless-mfa/1", purpose.name()].into_iter().chain(subject.iter().copied()).map(str::as_bytes);
    for part in texts.chain([nonce.0.as_slice()]) {
        // No part is longer than a `sub` of 255 or an address of 254 characters.
        message.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

/// The output of HMAC-SHA-256, from which a code is reduced. Zeroized on drop, never printed.
pub struct Mac(pub(crate) Zeroizing<[u8; 32]>);

impl Mac {
    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_ascii_digits_however_they_are_spaced() {
        for good in ["123456", "123 456", " 123-456 ", "1 2 3 4 5 6"] {
            assert_eq!(Code::parse(good).unwrap().digits(), "123456", "{good:?}");
        }
        for bad in [
            "",
            "12345",
            "1234567",
            "12345a",
            "+12345",
            "１２３４５６",
            "123.456",
            &format!("123456{}", " ".repeat(40)),
        ] {
            assert!(Code::parse(bad).is_none(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", Code::parse("123456").unwrap()), "[redacted]");
    }

    #[test]
    fn no_two_subjects_share_a_message() {
        let nonce = Nonce::new([7; 16]);
        let messages = [&["ab", "c"][..], &["a", "bc"], &["abc"], &["abc", ""], &[""]]
            .map(|subject| message(Purpose::Recovery, subject, &nonce));
        for (index, one) in messages.iter().enumerate() {
            assert!(messages.iter().skip(index + 1).all(|other| other != one));
        }
        assert_ne!(
            message(Purpose::Recovery, &["a"], &nonce),
            message(Purpose::Recovery, &["a"], &Nonce::new([8; 16]))
        );
    }
}
