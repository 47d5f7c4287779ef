//! The header with the assertion. A function accepts only assertions of this service, signed with its key, for this
//! user and login, and not expired.

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey, signature::Signer};
use serde_json::{Value, json};
use shared::{
    base::{error::Refusal, ids::UserId},
    proof::assertion::{Claims, Expected, Unverified},
};

use super::{
    aws::signing_key,
    functions::{AUDIENCE, ISSUER, NOW, ath},
};

const HEADER: &str = r#"{"alg":"ES256","typ":"mfa+jwt","kid":"local"}"#;

struct Fixture {
    signing: SigningKey,
    verifying: VerifyingKey,
    ath: String,
    user: UserId,
    genuine: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let (signing, ath) = (signing_key(), ath());
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": NOW.seconds(), "exp": NOW.seconds() + 300, "jti": "1",
        "mfa": "passed", "amr": ["otp", "mfa"], "workspaces": ["acme"], "mfa_epoch": 0, "ath": ath,
    });
    let genuine = sign(&signing, HEADER.as_bytes(), claims.to_string().as_bytes());
    let user = UserId::try_from("ada".to_owned()).unwrap();
    Fixture { verifying: *signing.verifying_key(), signing, ath, user, genuine }
});

/// A genuine assertion of Ada for the login of the sample events.
pub fn genuine() -> &'static str {
    &FIXTURE.genuine
}

fn sign(key: &SigningKey, header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(claims));
    let signature: Signature = key.sign(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
}

/// The header and the claims of the genuine assertion.
pub fn words() -> (Value, Value) {
    let part = |number| BASE64URL_NOPAD.decode(FIXTURE.genuine.split('.').nth(number).unwrap().as_bytes()).unwrap();
    (serde_json::from_slice(&part(0)).unwrap(), serde_json::from_slice(&part(1)).unwrap())
}

/// Checks an assertion. The first byte selects how the rest makes one.
pub fn check(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    match how % 3 {
        0 => text(rest),
        1 => changed(rest),
        _ => signed(rest),
    }
}

fn verified(token: &str) -> Result<Claims, Refusal> {
    let Fixture { verifying, ath, user, .. } = &*FIXTURE;
    let unverified = Unverified::parse(token)?;
    unverified.verify(verifying, &Expected { issuer: ISSUER, audience: AUDIENCE, user, ath }, NOW)
}

/// Asserts that a token other than the genuine one is refused. ES256 has two signatures for the same text, `s` and its
/// negative. Both are valid.
fn refused_unless_genuine(token: &str) {
    let Ok(claims) = verified(token) else { return assert_ne!(token, FIXTURE.genuine, "the genuine one is refused") };
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (genuine, first) = FIXTURE.genuine.rsplit_once('.').unwrap();
    assert_eq!(signed, genuine);
    let read = |text: &str| Signature::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(read(signature).normalize_s(), read(first).normalize_s());
    assert_eq!(claims, verified(&FIXTURE.genuine).unwrap());
}

fn text(rest: &[u8]) {
    if let Ok(token) = std::str::from_utf8(rest) {
        refused_unless_genuine(token);
    }
}

/// Edits the genuine assertion. Each edit is three bytes: two for the place and one for the new byte. The highest two
/// bits choose whether it replaces, inserts or removes.
fn changed(rest: &[u8]) {
    let mut token = FIXTURE.genuine.clone().into_bytes();
    for edit in rest.chunks_exact(3) {
        let [high, low, byte] = *edit else { return };
        let place = usize::from(u16::from_be_bytes([high & 15, low])) % token.len().max(1);
        match high >> 6 {
            0 | 1 if place < token.len() => token[place] = byte,
            2 => token.insert(place, byte),
            _ if place < token.len() => drop(token.remove(place)),
            _ => {}
        }
    }
    if let Ok(token) = String::from_utf8(token) {
        refused_unless_genuine(&token);
    }
}

/// Signs a header and claims, with a line feed between them, with the real key. A function accepts them only if they
/// say what they must.
fn signed(rest: &[u8]) {
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return };
    let (header, claims) = (&rest[..end], &rest[end + 1..]);
    let token = sign(&FIXTURE.signing, header, claims);
    let Ok(read) = verified(&token) else { return };
    assert!(token.len() <= 8192);
    let says: Value = serde_json::from_slice(header).unwrap();
    assert_eq!((&says["alg"], &says["typ"], says["kid"].is_string()), (&json!("ES256"), &json!("mfa+jwt"), true));
    let says: Value = serde_json::from_slice(claims).unwrap();
    let audience = if says["mfa"] == "enroll_only" { ISSUER } else { AUDIENCE };
    assert_eq!((&says["iss"], &says["aud"]), (&json!(ISSUER), &json!(audience)));
    assert_eq!((&says["sub"], &says["ath"]), (&json!("ada"), &json!(FIXTURE.ath)));
    assert!(says["exp"].as_u64().unwrap() > NOW.seconds() && says["iat"].as_u64().unwrap() <= NOW.seconds() + 30);
    assert!(["passed", "not_required", "enroll_only"].iter().any(|known| says["mfa"] == *known));
    assert!(says["jti"].is_string() && says["mfa_epoch"].is_u64() && says["amr"].is_array());
    assert!(says["workspaces"].as_array().unwrap().iter().all(Value::is_string));
    // The claims survive a round trip through JSON.
    assert_eq!(serde_json::from_value::<Claims>(serde_json::to_value(&read).unwrap()).unwrap(), read);
}
