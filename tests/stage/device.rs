//! A user's devices: an independent authenticator app, and functions that read codes in replies and messages. The tests
//! and both benchmarks share them.

use std::collections::HashMap;

use serde_json::Value;
use totp_lite::{Sha1, totp_custom};

/// An authenticator app with one account. It knows only the otpauth URI that it scanned.
pub struct Authenticator {
    secret: Vec<u8>,
    period: u64,
    digits: u32,
}

impl Authenticator {
    /// Reads the account from a URI.
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

    /// The code that the app shows at `seconds`, in Unix seconds.
    pub fn code(&self, seconds: u64) -> String {
        totp_custom::<Sha1>(self.period, self.digits, &self.secret, seconds)
    }

    /// A code that is wrong from 5 minutes before `seconds` to 5 minutes after.
    pub fn wrong_code(&self, seconds: u64) -> String {
        let shown: Vec<_> = (0..20).map(|step| self.code((seconds + step * 30).saturating_sub(300))).collect();
        (0..100).map(|number| format!("{number:06}")).find(|code| !shown.contains(code)).unwrap()
    }
}

/// The id of a pending factor, and an app that has scanned its URI.
pub fn scanned(begun: &Value) -> (String, Authenticator) {
    (begun["id"].as_str().unwrap().to_owned(), Authenticator::scan(begun["totp"]["uri"].as_str().unwrap()))
}

/// The recovery codes in a reply, if there are any.
pub fn recovery_codes(answer: &Value) -> Vec<String> {
    let codes = answer["recovery_codes"].as_array().into_iter().flatten();
    codes.map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// The code of an email, if it has one. The code is alone on its line, in the form `xxxx-xxxx`.
pub fn emailed_code(email: &Value) -> Option<String> {
    let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-' && !line.contains(' ');
    email["text"].as_str().unwrap().lines().find(is_code).map(str::to_owned)
}

/// The code of a text. Its last line is `@domain #code`.
pub fn texted_code(text: &Value) -> String {
    let (words, code) = text["body"].as_str().unwrap().rsplit_once("\n@app.example.com #").unwrap();
    assert!(words.contains(code) && code.len() == 6, "{text}");
    code.to_owned()
}
