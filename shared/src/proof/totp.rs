//! The secrets of authenticator apps: reads them, checks their codes, and draws QR codes (RFC 6238). Codes use SHA-1, 6
//! digits and 30 s, the only setting that Google Authenticator, 1Password and Authy all accept.

use std::{fmt, ops::RangeInclusive, sync::LazyLock};

use data_encoding::{BASE32_NOPAD, Encoding};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{EcLevel, QrCode, render::svg};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;

/// The length of a new secret: 160 bits, as RFC 4226 section 4 recommends.
pub const SECRET_BYTES: usize = 20;
/// The lengths of an imported secret. Google's secrets had 80 bits.
const IMPORTED_BYTES: RangeInclusive<usize> = 10..=64;
const DIGITS: u8 = 6;
const STEP_SECONDS: u64 = 30;
/// The time steps accepted before and after the current one, because clocks drift (RFC 6238 section 5.2).
const DRIFT_STEPS: u16 = 1;

/// Base32 that ignores unused bits of the last letter, because apps ignore them too.
static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
    let mut base32 = BASE32_NOPAD.specification();
    base32.check_trailing_bits = false;
    base32.encoding().unwrap_or(BASE32_NOPAD)
});

/// Returns the latest time step whose code is accepted at `now`.
pub fn latest_step(now: Timestamp) -> u64 {
    now.seconds() / STEP_SECONDS + u64::from(DRIFT_STEPS)
}

/// The reason why a text is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It mixes upper and lower case, so it is not base32. Keycloak stores such raw secrets.
    MixedCase,
    /// It is not base32, or not of 80 to 512 bits.
    NotBase32,
}

/// A secret that server and app share. It is zeroized on drop and never printed.
pub struct TotpSecret(Totp);

impl TotpSecret {
    /// Makes a secret from `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        // `build` would refuse imported secrets under 128 bits.
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS)
            .with_skew(DRIFT_STEPS)
            .with_secret(Secret::new(bytes.into()))
            .build_noncompliant();
        Self(totp)
    }

    /// Reads a secret in the form that apps accept: base32 (RFC 4648 section 6) of 80 to 512 bits, in one case. Padding
    /// is optional. Spaces and dashes are ignored.
    pub fn parse(base32: &str) -> Result<Self, Unreadable> {
        // No exporter mixes cases, but raw secrets do. A quarter of those would decode to a wrong secret.
        let [upper, lower] =
            [u8::is_ascii_uppercase, u8::is_ascii_lowercase].map(|case| base32.bytes().any(|byte| case(&byte)));
        if upper && lower {
            return Err(Unreadable::MixedCase);
        }
        Self::decode(base32).ok_or(Unreadable::NotBase32)
    }

    fn decode(base32: &str) -> Option<Self> {
        // No person or program needs more characters for 512 bits.
        if base32.len() > 256 {
            return None;
        }
        let letters = base32.trim_end_matches('=').bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
        let letters = Zeroizing::new(letters.map(|byte| byte.to_ascii_uppercase()).collect::<Vec<_>>());
        let bytes = Zeroizing::new(LENIENT.decode(&letters).ok()?);
        IMPORTED_BYTES.contains(&bytes.len()).then(|| Self::new(&bytes))
    }

    /// Returns whether it has fewer than the 112 bits that NIST SP 800-131A requires of a key.
    pub fn is_weak(&self) -> bool {
        self.bytes().len() < 14
    }

    /// Returns the bytes, for sealing.
    pub fn bytes(&self) -> &[u8] {
        self.0.secret().as_bytes()
    }

    /// Returns the secret as a user types it into an app: base32 without padding.
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.secret().to_base32())
    }

    /// Returns the time step of the code `digits`, if it is within one step of `now`. Compares in constant time.
    pub fn matching_step(&self, digits: &str, now: Timestamp) -> Option<u64> {
        self.0.check(digits, now.seconds())
    }

    /// Returns the otpauth key URI for a QR code. `issuer` names the app, `account` the user.
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let secret = self.base32();
        let (issuer, account) = (label(issuer), label(account));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            secret.as_str()
        ))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Percent-encodes one part of the label. Replaces colons, because a colon separates issuer and account.
fn label(text: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(&text.replace(':', " "), ENCODED).to_string()
}

/// Draws `uri` as a QR code, a self-contained SVG. Returns `None` if `uri` is too long (over 2 KB).
pub fn qr_svg(uri: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(uri, EcLevel::M).ok()?;
    Some(code.render::<svg::Color>().min_dimensions(240, 240).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: &[u8] = b"12345678901234567890";

    /// The vectors of RFC 4226 appendix D. Their counter is the time step.
    #[test]
    fn rfc_4226_vectors() {
        let codes =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, code) in (0..).zip(codes) {
            let found = TotpSecret::new(RFC).matching_step(code, Timestamp::from_seconds(step * 30));
            assert_eq!(found, Some(step), "{code}");
        }
    }

    /// The SHA-1 column of RFC 6238 appendix B. Our codes are the last six of its eight digits.
    #[test]
    fn rfc_6238_vectors_and_their_neighbours() {
        let vectors = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        let secret = TotpSecret::new(RFC);
        for (time, code) in vectors {
            let (_, code) = code.split_at(2);
            let step = time / 30;
            let seen_at = |step: u64| secret.matching_step(code, Timestamp::from_seconds(step * 30));
            for near in [step - 1, step, step + 1] {
                assert_eq!(seen_at(near), Some(step), "{code} at step {near}");
            }
            assert_eq!(step.checked_sub(2).and_then(seen_at), None, "{code} two steps early");
            assert_eq!(seen_at(step + 2), None, "{code} two steps late");
        }
    }

    #[test]
    fn the_uri_spells_everything_out_and_encodes_its_label() {
        assert_eq!(
            TotpSecret::new(RFC).uri("Acme & Söhne", "ada:l@example.com").as_str(),
            "otpauth://totp/Acme%20%26%20S%C3%B6hne:ada%20l%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_secret_is_spelled_in_256_bytes_at_the_most() {
        let spelled = |bytes: usize| format!("JBSWY3DPEHPK3PXP{}", " ".repeat(bytes - 16));
        assert!(TotpSecret::parse(&spelled(256)).is_ok());
        assert_eq!(TotpSecret::parse(&spelled(257)).unwrap_err(), Unreadable::NotBase32);
    }

    /// Keycloak draws 20 of these characters and stores them unencoded (`RandomString.alphanum`).
    #[test]
    fn no_secret_as_keycloak_stores_it_is_taken_for_base32() {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut drawn = 7_u64;
        let mut letter = || {
            drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(LETTERS[usize::try_from(drawn >> 33).unwrap() % LETTERS.len()])
        };
        for _ in 0..400 {
            let stored: String = (0..20).map(|_| letter()).collect();
            assert!(TotpSecret::parse(&stored).is_err(), "{stored}");
        }
        for mixed in ["xtpYlSXpfKtHF5vUCsMe", "jBSWY3DPEHPK3PXP", "JBSW Y3DP EHPK 3PXp", "jbswy3dp-EHPK3PXP===="] {
            assert_eq!(TotpSecret::parse(mixed).unwrap_err(), Unreadable::MixedCase, "{mixed}");
        }
        for single in ["JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp", "2345672345672345"] {
            assert!(TotpSecret::parse(single).is_ok(), "{single}");
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", TotpSecret::new(RFC)), "[redacted]");
    }
}
