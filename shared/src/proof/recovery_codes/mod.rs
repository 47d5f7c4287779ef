//! The ten recovery codes of a user, and the spelling of emailed codes. Codes are derived and never stored. The table
//! stores nonces, and which of the ten were used.

use std::{collections::BTreeMap, fmt};

use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    aws::derive::{Mac, MacPurpose, Nonce, message},
    base::{clock::Timestamp, error::Fault, ids::UserId},
};

pub mod secrets;

/// The number of codes in a set.
pub const CODES: usize = 10;
/// With at most this many codes left, the user should make new ones.
const LOW: usize = 3;
/// Crockford's base32. It has no I, L, O or U, so no code is misread or rude.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The length of a recovery code without dashes: 80 bits.
const LENGTH: usize = 16;
/// The length of an emailed code: 40 bits.
const EMAILED_LENGTH: usize = 8;

/// A recovery code, or a shorter emailed code. It is zeroized on drop and never printed.
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// Reads a code as a user types it. Ignores case, spaces and dashes. I and L count as 1, O as 0. Returns `None`
    /// unless that gives 16 or 8 characters of Crockford's base32.
    pub fn parse(typed: &str) -> Option<Self> {
        // No user types more.
        if typed.len() > 64 {
            return None;
        }
        let mut code = Zeroizing::new(String::with_capacity(LENGTH));
        for c in typed.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let plain = match c.to_ascii_lowercase() {
                'i' | 'l' => '1',
                'o' => '0',
                other => other,
            };
            if code.len() == LENGTH || !ALPHABET.contains(&u8::try_from(plain).ok()?) {
                return None;
            }
            code.push(plain);
        }
        [LENGTH, EMAILED_LENGTH].contains(&code.len()).then_some(Self(code))
    }

    /// Returns whether it has the length of an emailed code.
    pub fn is_emailed(&self) -> bool {
        self.0.len() == EMAILED_LENGTH
    }

    /// Spells `bits` as a code, five bits to a character.
    pub(crate) fn of(bits: &[u8]) -> Self {
        let number = bits.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let digits =
            (0..bits.len() * 8 / 5).rev().map(|place| usize::try_from(number >> (5 * place) & 31).unwrap_or_default());
        let mut code = Zeroizing::new(String::with_capacity(LENGTH));
        code.extend(digits.filter_map(|digit| ALPHABET.get(digit)).map(|byte| char::from(*byte)));
        Self(code)
    }

    /// Returns the code as users see it: `k3xq-9f2m-7w4d-h8ra`.
    pub fn spelled(&self) -> Zeroizing<String> {
        let mut spelled = Zeroizing::new(String::with_capacity(LENGTH + 3));
        for (place, c) in self.0.chars().enumerate() {
            if place % 4 == 0 && place > 0 {
                spelled.push('-');
            }
            spelled.push(c);
        }
        spelled
    }

    /// Returns whether both codes are equal. Compares in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// Returns its index in `codes`, if it is there. Compares with each in constant time.
    pub fn index_in(&self, codes: &[Self]) -> Option<usize> {
        let mut found = None;
        for (index, code) in codes.iter().enumerate() {
            if code.is(self) {
                found = Some(index);
            }
        }
        found
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A set of ten codes, as the table stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// The label of the key that they are derived with.
    pub key: String,
    /// The nonce that they are derived from.
    pub nonce: Nonce,
    /// The index of each redeemed code, and when it was redeemed.
    #[serde(default)]
    pub used: BTreeMap<String, Timestamp>,
}

impl RecoveryCodes {
    /// Makes a set without used codes.
    pub fn new(key: &str, nonce: Nonce) -> Self {
        Self { key: key.to_owned(), nonce, used: BTreeMap::new() }
    }

    /// Returns the message whose MAC expands to the codes.
    pub fn message(&self, user: &UserId) -> Vec<u8> {
        message(MacPurpose::Recovery, &[user.as_str()], Some(&self.nonce))
    }
}

/// How many recovery codes a user has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RecoveryStatus {
    /// Codes that can still be redeemed.
    pub codes_left: usize,
    /// Whether the user should make new ones, because 3 or fewer are left.
    pub low: bool,
}

impl RecoveryStatus {
    /// Returns the status of a user with this set, or without one.
    pub fn of(codes: Option<&RecoveryCodes>) -> Self {
        let codes_left = codes.map_or(0, |codes| CODES.saturating_sub(codes.used.len()));
        Self { codes_left, low: codes_left <= LOW }
    }
}

/// Expands `mac` to the ten codes (HKDF-SHA-256, 80 bits each).
///
/// # Errors
/// A fault if HKDF refuses these lengths, which it never does. If the error were ignored, all codes would be zeros.
fn expand(mac: &Mac) -> Result<Vec<RecoveryCode>, Fault> {
    let mut bits = Zeroizing::new([0; CODES * 10]);
    let hkdf = Hkdf::<Sha256>::from_prk(mac.bytes()).map_err(|_| Fault::new("expand recovery codes"))?;
    hkdf.expand(b"recovery codes", bits.as_mut_slice()).map_err(|_| Fault::new("expand recovery codes"))?;
    Ok(bits.chunks_exact(10).map(RecoveryCode::of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighty_bits_are_spelled_in_crockford_base32() {
        let spelled = |bits: [u8; 10]| RecoveryCode::of(&bits).spelled().to_string();
        assert_eq!(spelled([0; 10]), "0000-0000-0000-0000");
        assert_eq!(spelled([255; 10]), "zzzz-zzzz-zzzz-zzzz");
        assert_eq!(spelled([0, 0, 0, 0, 0, 0, 0, 0, 0, 33]), "0000-0000-0000-0011");
    }

    #[test]
    fn a_mac_expands_to_ten_codes_that_differ_and_never_change() {
        let spelled = || {
            let codes = expand(&Mac(Zeroizing::new([9; 32]))).unwrap();
            codes.iter().map(|code| code.spelled().to_string()).collect::<Vec<_>>()
        };
        let codes = spelled();
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), CODES);
        assert_eq!(codes, spelled());
        // HKDF-Expand with the info "recovery codes" (RFC 5869), computed with another implementation.
        assert_eq!(codes[0], "j0dj-1r11-95a3-241v");
    }

    #[test]
    fn a_code_is_typed_loosely_and_found_among_the_ten() {
        let codes = expand(&Mac(Zeroizing::new([9; 32]))).unwrap();
        for typed in ["j0dj-1r11-95a3-241v", "J0DJ1R1195A3241V", " jodj irLl 95a3 - 24Iv "] {
            assert_eq!(RecoveryCode::parse(typed).unwrap().index_in(&codes), Some(0), "{typed}");
        }
        let last = codes[9].spelled();
        assert_eq!(RecoveryCode::parse(&last).unwrap().index_in(&codes), Some(9));
        assert_eq!(RecoveryCode::parse("j0dj-1r11-95a3-241w").unwrap().index_in(&codes), None);
        for bad in ["", "j0dj-1r11-95a3-241", "j0dj-1r11-95a3-241vv", "u0dj-1r11-95a3-241v", "j0dj_1r11_95a3_241v", "é"]
        {
            assert!(RecoveryCode::parse(bad).is_none(), "{bad}");
        }
        assert!(RecoveryCode::parse(&format!("j0dj1r1195a3241v{}", " ".repeat(48))).is_some());
        assert!(RecoveryCode::parse(&format!("j0dj1r1195a3241v{}", " ".repeat(49))).is_none());
        assert_eq!(format!("{:?}", codes[0]), "[redacted]");
    }

    #[test]
    fn three_left_is_low() {
        let mut codes = RecoveryCodes::new("a", Nonce::new([0; 16]));
        assert_eq!(RecoveryStatus::of(Some(&codes)), RecoveryStatus { codes_left: 10, low: false });
        for index in 0..7 {
            codes.used.insert(index.to_string(), Timestamp::default());
        }
        assert_eq!(RecoveryStatus::of(Some(&codes)), RecoveryStatus { codes_left: 3, low: true });
        assert_eq!(RecoveryStatus::of(None), RecoveryStatus { codes_left: 0, low: true });
    }
}
