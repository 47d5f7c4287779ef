//! What a user has at hand: an authenticator app that is not ours, and eyes to read a code in an answer or a message. The
//! tests and both benchmarks share it.

use std::collections::HashMap;

use serde_json::Value;
use totp_lite::{Sha1, totp_custom};

/// The app, with one account. It knows nothing but the otpauth URI that it scanned.
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

/// The id of what was begun, and the app that has scanned it.
pub fn scanned(begun: &Value) -> (String, Authenticator) {
    (begun["id"].as_str().unwrap().to_owned(), Authenticator::scan(begun["totp"]["uri"].as_str().unwrap()))
}

/// The recovery codes of an answer; none where it brings none.
pub fn recovery_codes(answer: &Value) -> Vec<String> {
    let codes = answer["recovery_codes"].as_array().into_iter().flatten();
    codes.map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// The code of an email, if it has one: alone on its line, in 4-4.
pub fn emailed_code(email: &Value) -> Option<String> {
    let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-' && !line.contains(' ');
    email["text"].as_str().unwrap().lines().find(is_code).map(str::to_owned)
}

/// The code of a text: its last line is `@domain #code`.
pub fn texted_code(text: &Value) -> String {
    let (words, code) = text["body"].as_str().unwrap().rsplit_once("\n@app.example.com #").unwrap();
    assert!(words.contains(code) && code.len() == 6, "{text}");
    code.to_owned()
}
