//! Six-digit codes: typed by users, or sent. KMS derives a sent code from a nonce, and the table never stores the code.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    aws::derive::{Mac, Nonce},
    base::clock::Timestamp,
};

/// How long a sent code is valid.
pub const SENT_LIFE: Duration = Duration::from_mins(10);
/// A code is sent again only if it stays valid for this long. Otherwise a new code replaces it.
pub const RESENT_LIFE: Duration = Duration::from_mins(5);

/// A code that would expire sooner is not sent, because nobody could type it in time.
pub const SHORTEST_LIFE: Duration = Duration::from_mins(1);

/// A code of six digits. It is zeroized on drop and never printed.
pub struct Code(Zeroizing<String>);

impl Code {
    /// Reads a code as a user types it. Ignores spaces and dashes. Returns `None` unless six ASCII digits remain.
    pub fn parse(typed: &str) -> Option<Self> {
        // No user types more.
        if typed.len() > 32 {
            return None;
        }
        let digits = Zeroizing::new(typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>());
        (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(Self(digits))
    }

    /// Derives the code from `mac`, truncated as in RFC 4226 section 5.3. The offset is in the last byte of
    /// HMAC-SHA-256 instead of HMAC-SHA-1.
    pub fn of(mac: &Mac) -> Self {
        let bytes = mac.bytes();
        let offset = usize::from(bytes.last().copied().unwrap_or_default() & 15);
        let four = bytes.iter().skip(offset).take(4);
        let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        Self(Zeroizing::new(format!("{:06}", number % 1_000_000)))
    }

    /// Returns the six digits.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Returns whether both codes are equal. Compares in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A sent code, as the table stores it: what the code is derived from, never the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCode {
    /// The label of the key that it is derived with.
    pub key: String,
    /// The nonce that it is derived from.
    pub nonce: Nonce,
    /// When it expires.
    pub expires: Timestamp,
    /// How often it was sent.
    pub sends: u32,
    /// When it was last sent.
    pub sent_at: Timestamp,
    /// Whether it is also derived from the hash of the login token, so that it is valid only for that login. Rows
    /// without a value are from before such codes.
    #[serde(default)]
    pub by_login: bool,
}

impl SentCode {
    /// Returns whether it can still be accepted.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    /// Returns whether it was sent at all. If sending was refused, the code expired at once. It then only makes the
    /// next code wait.
    pub fn was_sent(&self) -> bool {
        self.sent_at < self.expires
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
    fn a_mac_is_truncated_as_rfc_4226_says() {
        // The example of RFC 4226 section 5.4: offset 10, 0x50ef7f19, and its last six digits.
        let mut mac = [0; 32];
        mac[10..14].copy_from_slice(&[0x50, 0xef, 0x7f, 0x19]);
        mac[31] = 0x5a;
        assert_eq!(Code::of(&Mac(Zeroizing::new(mac))).digits(), "872921");
        // The highest bit is masked, and leading zeros stay.
        mac[10..14].copy_from_slice(&[0x80, 0, 0, 42]);
        let code = Code::of(&Mac(Zeroizing::new(mac)));
        assert_eq!(code.digits(), "000042");
        assert!(code.is(&Code::parse("000 042").unwrap()) && !code.is(&Code::parse("000043").unwrap()));
    }
}
