//! An authenticator app that is not ours: it knows nothing but the otpauth URI that it scanned.

use std::collections::HashMap;

use totp_lite::{Sha1, totp_custom};

/// The app, with one account.
pub struct Authenticator {
    secret: Vec<u8>,
    period: u64,
    digits: u32,
}

impl Authenticator {
    /// Takes the account from a URI.
    pub fn scan(uri: &str) -> Self {
        let (_, query) = uri.strip_prefix("otpauth://totp/").unwrap().split_once('?').unwrap();
        let parameters: HashMap<_, _> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
        assert_eq!(parameters["algorithm"], "SHA1");
        Self {
            secret: data_encoding::BASE32_NOPAD.decode(parameters["secret"].as_bytes()).unwrap(),
            period: parameters["period"].parse().unwrap(),
            digits: parameters["digits"].parse().unwrap(),
        }
    }

    /// The code that it shows at a Unix time.
    pub fn code(&self, seconds: u64) -> String {
        totp_custom::<Sha1>(self.period, self.digits, &self.secret, seconds)
    }

    /// A code that is wrong at a Unix time and for a good while around it.
    pub fn wrong_code(&self, seconds: u64) -> String {
        let shown: Vec<_> = (0..20).map(|step| self.code((seconds + step * 30).saturating_sub(300))).collect();
        (0..100).map(|number| format!("{number:06}")).find(|code| !shown.contains(code)).unwrap()
    }
}
