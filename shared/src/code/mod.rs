//! Codes: the six digits that a user types, and codes that are derived in KMS from a nonce and never kept.
//!
//! What is derived is spelled so that no two uses ever share a message: a version, the purpose, whom it is for, and the
//! nonce, each with its length before it.

use std::{fmt, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::clock::Timestamp;

pub mod deriver;

/// How long a code that was sent is accepted.
pub const SENT_LIFE: Duration = Duration::from_mins(10);
/// A code that is sent again lives so long still; one that would not is replaced.
pub const RESENT_LIFE: Duration = Duration::from_mins(5);

/// No code is sent that would live shorter: nobody could type it.
pub const SHORTEST_LIFE: Duration = Duration::from_mins(1);

/// Six digits. Zeroized on drop, never printed.
pub struct Code(Zeroizing<String>);

impl Code {
    /// Reads a code as a user types it; `None` unless it is six ASCII digits, spaces and dashes among them ignored.
    pub fn parse(typed: &str) -> Option<Self> {
        // Longer than any spelling of six digits that a person would type.
        if typed.len() > 32 {
            return None;
        }
        let digits = Zeroizing::new(typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>());
        (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(Self(digits))
    }

    /// The code that `mac` comes to: truncated as in RFC 4226 section 5.3, with the last byte of HMAC-SHA-256 in the place
    /// of HMAC-SHA-1's.
    pub fn of(mac: &Mac) -> Self {
        let bytes = mac.bytes();
        let offset = usize::from(bytes.last().copied().unwrap_or_default() & 15);
        let four = bytes.iter().skip(offset).take(4);
        let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        Self(Zeroizing::new(format!("{:06}", number % 1_000_000)))
    }

    /// The six digits.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether both are the same, compared in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
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

/// A code that was sent, as the table keeps it: what it is derived from, never the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCode {
    /// The label of the key that it is derived with.
    pub key: String,
    /// The nonce that it is derived from.
    pub nonce: Nonce,
    /// When it is no longer accepted.
    pub expires: Timestamp,
    /// How often it was sent.
    pub sends: u32,
    /// When it was last sent.
    pub sent_at: Timestamp,
    /// Whether it is derived from the login token's hash too, so that it is good for the login that asked. A row that says
    /// nothing was written before codes were.
    #[serde(default)]
    pub by_login: bool,
}

impl SentCode {
    /// Whether it can still be accepted.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    /// Whether it was sent at all. One that was refused on its way has no life, and holds the wait for the next.
    pub fn was_sent(&self) -> bool {
        self.sent_at < self.expires
    }
}

/// What is derived. Each is a domain of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A user's ten recovery codes.
    Recovery,
    /// A code that is texted.
    Text,
    /// A code that is emailed.
    Email,
    /// The digest of an email address.
    EmailAddress,
    /// The digest of a phone number.
    Number,
    /// The digest of an exchange.
    Exchange,
    /// The digest of a client's address.
    Address,
    /// The id of an app that is imported, from its user and its secret.
    Import,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Text => "text",
            Self::Email => "email",
            Self::EmailAddress => "email-address",
            Self::Number => "number",
            Self::Exchange => "exchange",
            Self::Address => "address",
            Self::Import => "import",
        }
    }
}

/// The message that KMS makes a MAC of: for `purpose`, of whom or what (`subject`: a user and their factor, a number), and
/// from `nonce`; a digest has none, for it must come out the same again.
pub fn message(purpose: Purpose, subject: &[&str], nonce: Option<&Nonce>) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    let texts = ["serverless-mfa/1", purpose.name()].into_iter().chain(subject.iter().copied()).map(str::as_bytes);
    for part in texts.chain(nonce.map(|nonce| nonce.0.as_slice())) {
        // No part is longer than a `sub` of 255 or an address of 254 characters.
        message.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

/// The output of HMAC-SHA-256, which a code or a digest is reduced from. Zeroized on drop, never printed.
pub struct Mac(pub(crate) Zeroizing<[u8; 32]>);

impl Mac {
    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first 128 bits, as a number.
    pub fn bits(&self) -> u128 {
        self.0.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    }

    /// A digest of what it was made of: 128 bits in base64url. Without the key, nobody can guess their way back from it.
    pub fn digest(&self) -> String {
        BASE64URL_NOPAD.encode(&self.bits().to_be_bytes())
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
        for good in ["123456", "123 456", " 123-456 ", "1 2 3 4 5 6", &format!("123456{}", " ".repeat(26))] {
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
            &format!("123456{}", " ".repeat(27)),
        ] {
            assert!(Code::parse(bad).is_none(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", Code::parse("123456").unwrap()), "[redacted]");
    }

    #[test]
    fn no_two_subjects_share_a_message() {
        let nonce = Nonce::new([7; 16]);
        let messages = [&["ab", "c"][..], &["a", "bc"], &["abc"], &["abc", ""], &[""]]
            .map(|subject| message(Purpose::Recovery, subject, Some(&nonce)));
        for (index, one) in messages.iter().enumerate() {
            assert!(messages.iter().skip(index + 1).all(|other| other != one));
        }
        assert_ne!(
            message(Purpose::Recovery, &["a"], Some(&nonce)),
            message(Purpose::Recovery, &["a"], Some(&Nonce::new([8; 16])))
        );
        assert_ne!(message(Purpose::Number, &["a"], None), message(Purpose::Exchange, &["a"], None));
    }

    #[test]
    fn a_mac_is_truncated_as_rfc_4226_says() {
        // The example of RFC 4226 section 5.4: offset 10, 0x50ef7f19, of which the last six digits.
        let mut mac = [0; 32];
        mac[10..14].copy_from_slice(&[0x50, 0xef, 0x7f, 0x19]);
        mac[31] = 0x5a;
        assert_eq!(Code::of(&Mac(Zeroizing::new(mac))).digits(), "872921");
        // The highest bit is masked, and zeros stay in front.
        mac[10..14].copy_from_slice(&[0x80, 0, 0, 42]);
        let code = Code::of(&Mac(Zeroizing::new(mac)));
        assert_eq!(code.digits(), "000042");
        assert!(code.is(&Code::parse("000 042").unwrap()) && !code.is(&Code::parse("000043").unwrap()));
    }

    #[test]
    fn a_digest_is_half_of_the_mac() {
        assert_eq!(Mac(Zeroizing::new([255; 32])).digest(), "_____________________w");
    }
}
