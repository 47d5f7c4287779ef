//! The secrets in a stage's requests and replies, none of which may be in the log.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

use crate::logs;

/// The requests of a stage, and every secret in them and their replies. Dropping it checks the log.
#[derive(Default)]
pub struct Ledger(Mutex<(Vec<String>, BTreeSet<String>)>);

impl Ledger {
    pub fn note(&self, request: &str, secrets: impl IntoIterator<Item = String>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !request.is_empty() {
            noted.0.push(request.to_owned());
        }
        noted.1.extend(secrets.into_iter().filter(|secret| secret.len() >= 6));
    }
}

impl Ledger {
    /// Every secret so far.
    pub fn secrets(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let (requests, secrets) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let lines = requests.iter().flat_map(|request| logs::of(request)).chain(logs::of_none());
            logs::hold_no_secret(lines.collect(), secrets);
        }
    }
}

/// The values in a request that no log may include.
pub fn sent_secrets(request: &reqwest::Request) -> Vec<String> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let token = header("authorization").map(|value| value.trim_start_matches("Bearer ").to_owned());
    let code = body["code"].as_str().map(|code| code.replace([' ', '-'], ""));
    let secret = body["secret"].as_str();
    // A name is the user's own text, so it must not be in the log.
    let name = body["name"].as_str().map(str::to_owned);
    let phone = body["phone"].as_str();
    let digits = phone.map(|phone| phone.chars().filter(char::is_ascii_digit).collect::<String>());
    let national = digits.as_ref().map(|digits| digits.trim_start_matches('1').to_owned());
    let address = token.as_deref().and_then(address);
    let secrets = [
        token,
        header("mfa-assertion"),
        header("accept-language"),
        address,
        code,
        secret.map(str::to_owned),
        name,
        phone.map(str::to_owned),
        digits,
        national,
    ];
    secrets.into_iter().flatten().chain(["@example.com".to_owned()]).collect()
}

/// The address in a login token.
fn address(token: &str) -> Option<String> {
    let claims = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1)?.as_bytes()).ok()?;
    Some(serde_json::from_slice::<Value>(&claims).ok()?["email"].as_str()?.to_owned())
}

/// The values in a reply that no log may include, in every format that a log might use.
pub fn received_secrets(body: &Value) -> Vec<String> {
    let mut secrets = Vec::new();
    if let Some(base32) = body["totp"]["secret"].as_str() {
        let secret = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
        secrets.extend([base32.to_owned(), data_encoding::HEXLOWER.encode(&secret), format!("{secret:?}")]);
        secrets.push(data_encoding::BASE64_NOPAD.encode(&secret));
    }
    secrets.extend(body["assertion"].as_str().map(str::to_owned));
    for code in body["recovery_codes"].as_array().into_iter().flatten() {
        let code = code.as_str().unwrap();
        secrets.extend([code.to_owned(), code.replace('-', "")]);
    }
    secrets
}
