//! Ten recovery codes, for the day the phone is gone. They are derived, never kept: the table has a nonce and which of
//! them were used.

use std::collections::BTreeMap;

use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    clock::Timestamp,
    code::{Mac, Nonce, Purpose, message},
    error::Fault,
    user::UserId,
};

/// Codes in a set.
pub const CODES: usize = 10;
/// How many codes are left when the user should be told to make new ones.
const LOW: usize = 3;
/// Crockford's base32: no I, L, O or U, so that nothing is misread or rude.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A set of ten codes, as the table keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// The label of the key that they are derived with.
    pub key: String,
    /// The nonce that they are derived from.
    pub nonce: Nonce,
    /// The codes that were redeemed, by index, and when.
    #[serde(default)]
    pub used: BTreeMap<String, Timestamp>,
}

impl RecoveryCodes {
    /// A set none of which is used yet.
    pub fn new(key: &str, nonce: Nonce) -> Self {
        Self { key: key.to_owned(), nonce, used: BTreeMap::new() }
    }

    /// The message whose MAC the codes are expanded from.
    pub fn message(&self, user: &UserId) -> Vec<u8> {
        message(Purpose::Recovery, &[user.as_str()], Some(&self.nonce))
    }
}

/// How a user stands with their recovery codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Codes that can still be redeemed.
    pub codes_left: usize,
    /// Whether it is time to make new ones: 3 or fewer.
    pub low: bool,
}

impl Standing {
    /// The standing of a user with this set, or with none.
    pub fn of(codes: Option<&RecoveryCodes>) -> Self {
        let codes_left = codes.map_or(0, |codes| CODES.saturating_sub(codes.used.len()));
        Self { codes_left, low: codes_left <= LOW }
    }
}

/// The ten codes that `mac` expands to (HKDF-SHA-256, 80 bits each): `k3xq-9f2m-7w4d-h8ra`.
///
/// # Errors
/// A fault where HKDF refuses these lengths, which it does not: better no codes than ten that anyone could know.
pub fn expand(mac: &Mac) -> Result<Vec<Zeroizing<String>>, Fault> {
    let mut bits = Zeroizing::new([0; CODES * 10]);
    let hkdf = Hkdf::<Sha256>::from_prk(mac.bytes()).map_err(|_| Fault::new("expand recovery codes"))?;
    hkdf.expand(b"recovery codes", bits.as_mut_slice()).map_err(|_| Fault::new("expand recovery codes"))?;
    Ok(bits.chunks_exact(10).map(spell).collect())
}

/// 80 bits as 16 characters in 4-4-4-4.
fn spell(bits: &[u8]) -> Zeroizing<String> {
    let number = bits.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let mut text = Zeroizing::new(String::with_capacity(19));
    for place in (0..16).rev() {
        if place % 4 == 3 && place != 15 {
            text.push('-');
        }
        let digit = usize::try_from(number >> (5 * place) & 31).unwrap_or_default();
        text.extend(ALPHABET.get(digit).map(|byte| char::from(*byte)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighty_bits_are_spelled_in_crockford_base32() {
        assert_eq!(spell(&[0; 10]).as_str(), "0000-0000-0000-0000");
        assert_eq!(spell(&[255; 10]).as_str(), "zzzz-zzzz-zzzz-zzzz");
        assert_eq!(spell(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 33]).as_str(), "0000-0000-0000-0011");
    }

    #[test]
    fn a_mac_expands_to_ten_codes_that_differ_and_never_change() {
        let codes = expand(&Mac(Zeroizing::new([9; 32]))).unwrap();
        let distinct = codes.iter().map(|code| code.as_str()).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(distinct.len(), CODES);
        assert_eq!(codes, expand(&Mac(Zeroizing::new([9; 32]))).unwrap());
        // HKDF-Expand with the info "recovery codes" (RFC 5869), worked out apart with another implementation.
        assert_eq!(codes.first().map(|code| code.as_str()), Some("j0dj-1r11-95a3-241v"));
    }

    #[test]
    fn three_left_is_low() {
        let mut codes = RecoveryCodes::new("a", Nonce::new([0; 16]));
        assert_eq!(Standing::of(Some(&codes)), Standing { codes_left: 10, low: false });
        for index in 0..7 {
            codes.used.insert(index.to_string(), Timestamp::default());
        }
        assert_eq!(Standing::of(Some(&codes)), Standing { codes_left: 3, low: true });
        assert_eq!(Standing::of(None), Standing { codes_left: 0, low: true });
    }
}
