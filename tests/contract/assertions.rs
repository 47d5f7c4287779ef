//! The header `MFA-Assertion`, and every way in which it can be wrong. An invalid assertion is an error even if the
//! route needs none. The real key signs the forged assertions, so each check is tested by itself.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Reply, Stage, User};

/// Begins a factor with an assertion.
async fn begin(user: &User, assertion: &str) -> Reply {
    user.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await
}

/// Asserts a refusal whose detail names the check that failed.
#[track_caller]
fn fails_on(reply: &Reply, check: &str, what: &str) {
    assert_eq!((reply.status, reply.code()), (403, "assertion-invalid"), "{what}: {reply:?}");
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(detail.ends_with(&format!("fails this check: {check}.")), "{what}: {detail}");
}

/// An assertion of a user who enrolled and verified, with its header and its claims.
async fn passed(stage: &Stage, user: &User) -> (String, Value, Value) {
    let enrolled = user.enroll().await;
    let verified = user.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
    let assertion = verified["assertion"].as_str().unwrap().to_owned();
    let parts: Vec<_> = assertion.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).collect();
    let json = |part: &[u8]| serde_json::from_slice(part).unwrap();
    let (header, claims) = (json(&parts[0]), json(&parts[1]));
    (assertion, header, claims)
}

/// Signs this header and these claims with this service's own key.
async fn sign(stage: &Stage, header: &Value, claims: &Value) -> String {
    sign_with("alias/mfa-signing", stage, header, claims).await
}

async fn sign_with(key: &str, stage: &Stage, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let digest = digest::digest(&digest::SHA256, signed.as_bytes());
    let ask = json!({
        "KeyId": key, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256",
        "Message": BASE64.encode(digest.as_ref()),
    });
    let reply = stage.kms("Sign", ask).await.expect(200);
    let der = BASE64.decode(reply["Signature"].as_str().unwrap().as_bytes()).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&raw(&der)))
}

/// A genuine token that is exactly `bytes` long.
async fn spelled_out(stage: &Stage, header: &Value, claims: &Value, bytes: usize) -> String {
    // Base64 can't have every length, so a filler in the header gives the rest.
    for filler in 0..3 {
        let header = with(header, "filler", "x".repeat(filler));
        for jti in bytes / 2..bytes {
            let claims = with(claims, "jti", "x".repeat(jti));
            let length = [&header, &claims].map(|part| (part.to_string().len() * 4).div_ceil(3)).iter().sum::<usize>();
            if length + 2 + 86 == bytes {
                return sign(stage, &header, &claims).await;
            }
        }
    }
    panic!("no token of {bytes} bytes")
}

/// The two numbers of a DER signature, each as 32 bytes.
fn raw(der: &[u8]) -> Vec<u8> {
    let number = |at: usize| {
        let length = usize::from(der[at + 1]);
        let digits = &der[at + 2..at + 2 + length];
        let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
        ([vec![0; 32 - digits.len()], digits.to_vec()].concat(), at + 2 + length)
    };
    let (r, next) = number(2);
    [r, number(next).0].concat()
}

fn with(object: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[name] = value.into();
    object
}

/// `iat` is five seconds back, because clocks differ by seconds and libraries refuse an `iat` in the future.
#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_starts_five_seconds_back_for_five_minutes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (_, _, claims) = passed(&stage, &ada).await;
    let now = stage.now().await;
    let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    // The stack's clock runs on.
    assert!((now - 7..=now - 5).contains(&iat), "{iat} at {now}");
    assert_eq!(exp - iat, 305);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_of_one_login_and_user_until_it_expires() {
    let stage = Stage::new().await;
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let (assertion, header, claims) = passed(&stage, &ada).await;
    fails_on(&begin(&eve, &assertion).await, "sub", "another user's");
    stage.advance(1).await;
    fails_on(&begin(&stage.user("ada").await, &assertion).await, "ath", "another login's");
    begin(&ada, &assertion).await.expect(201);
    begin(&ada, &sign(&stage, &header, &claims).await).await.expect(201);
    let left = claims["exp"].as_u64().unwrap() - stage.now().await;
    stage.advance(left - 1).await;
    begin(&ada, &assertion).await.expect(201);
    stage.advance(1).await;
    fails_on(&begin(&ada, &assertion).await, "exp", "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_claim_is_checked_by_itself() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (_, header, claims) = passed(&stage, &ada).await;
    let now = stage.now().await;
    for (claim, value) in [
        ("iss", json!("https://mfa.evil.example")),
        ("aud", json!("another-app")),
        // An assertion for this service alone is not valid for the app, nor the other way round.
        ("aud", json!(stage.stack.api_url)),
        ("sub", json!("eve")),
        ("ath", json!(BASE64URL_NOPAD.encode(&[0; 32]))),
        ("exp", json!(now)),
        ("iat", json!(now + 31)),
    ] {
        let token = sign(&stage, &header, &with(&claims, claim, value.clone())).await;
        fails_on(&begin(&ada, &token).await, claim, &value.to_string());
    }
    let older = with(&claims, "mfa_epoch", claims["mfa_epoch"].as_u64().unwrap() - 1);
    fails_on(&begin(&ada, &sign(&stage, &header, &older).await).await, "mfa_epoch", "an older epoch");
    for missing in ["iss", "aud", "sub", "ath", "exp", "iat", "mfa", "mfa_epoch", "amr", "jti"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(missing);
        fails_on(&begin(&ada, &sign(&stage, &header, &claims).await).await, "format", missing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_es256_of_our_type_by_our_key_is_looked_at() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (good, header, claims) = passed(&stage, &ada).await;
    for (name, value, check) in [
        ("typ", "JWT", "format"),
        ("typ", "at+jwt", "format"),
        ("alg", "ES384", "format"),
        ("alg", "HS256", "format"),
        ("kid", "unknown", "kid"),
        ("kid", "", "kid"),
    ] {
        let token = sign(&stage, &with(&header, name, value), &claims).await;
        fails_on(&begin(&ada, &token).await, check, value);
    }
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let claims_part = encode(&claims);
    let unsigned = format!("{}.{claims_part}.", encode(&with(&header, "alg", "none")));
    fails_on(&begin(&ada, &unsigned).await, "format", "alg none");

    // A known attack: the public key as the secret of an HMAC.
    let keys = stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await.expect(200);
    for secret in [keys["keys"][0].to_string(), keys["keys"][0]["x"].as_str().unwrap().to_owned()] {
        for (alg, check) in [("HS256", "format"), ("ES256", "signature")] {
            let signed = format!("{}.{claims_part}", encode(&with(&header, "alg", alg)));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
            let twice = [tag.as_ref(), tag.as_ref()].concat();
            let tag = if alg == "HS256" { tag.as_ref() } else { &twice };
            let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(tag));
            fails_on(&begin(&ada, &token).await, check, alg);
        }
    }
    let signature = good.rsplit_once('.').unwrap().1;
    let raised = encode(&with(&claims, "mfa_epoch", u32::MAX));
    fails_on(&begin(&ada, &format!("{}.{raised}.{signature}", encode(&header))).await, "signature", "other claims");
    let foreign = Stage::new().await;
    let theirs = sign(&foreign, &header, &claims).await;
    fails_on(&begin(&ada, &theirs).await, "signature", "another deployment's key");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_assertion_at_all_is_refused() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (good, header, claims) = passed(&stage, &ada).await;
    let long = async |bytes| spelled_out(&stage, &header, &claims, bytes).await;
    begin(&ada, &long(8 * 1024).await).await.expect(201);
    for (what, token) in [
        ("empty", String::new()),
        ("nonsense", "nonsense".to_owned()),
        ("three parts of nothing", "..".to_owned()),
        ("two parts", good.rsplit_once('.').unwrap().0.to_owned()),
        ("four parts", format!("{good}.e30")),
        ("padded", format!("{good}=")),
        ("the login token", ada.token.clone()),
        ("too long by a byte", long(8 * 1024 + 1).await),
    ] {
        fails_on(&begin(&ada, &token).await, "format", what);
    }
    // Routes that need no assertion refuse an invalid one too.
    let eve = stage.user("eve").await;
    for (method, path) in [
        (Method::POST, "/v1/logins"),
        (Method::GET, "/v1/factors"),
        (Method::POST, "/v1/factors"),
        (Method::PATCH, "/v1/factors/01M86NP37KVJYCH5C44V5B7J55"),
        (Method::DELETE, "/v1/factors/01M86NP37KVJYCH5C44V5B7J55"),
        (Method::POST, "/v1/factors/01M86NP37KVJYCH5C44V5B7J55/activate"),
        (Method::POST, "/v1/factors/01M86NP37KVJYCH5C44V5B7J55/verify"),
    ] {
        let request = eve.request(method, path).header("mfa-assertion", "nonsense");
        fails_on(&stage.send(request).await, "format", path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_nothing_was_needed_is_no_proof() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let before = ada.login().await["assertion"].as_str().unwrap().to_owned();
    begin(&ada, &before).await.expect(201);
    let (good, header, claims) = passed(&stage, &ada).await;
    fails_on(&begin(&ada, &before).await, "mfa_epoch", "from before there was a factor");
    let unneeded = with(&with(&claims, "mfa", "not_required"), "reason", "sso");
    begin(&ada, &sign(&stage, &header, &unneeded).await).await.refused(403, "assertion-required");
    let invented = with(&claims, "mfa", "imagined");
    fails_on(&begin(&ada, &sign(&stage, &header, &invented).await).await, "format", "another word");
    begin(&ada, &good).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enroll_only_assertion_only_begins_a_factor() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (_, header, claims) = passed(&stage, &ada).await;
    let enroll_only = with(&claims, "mfa", "enroll_only");
    fails_on(&begin(&ada, &sign(&stage, &header, &enroll_only).await).await, "aud", "for the app");
    let own = with(&enroll_only, "aud", stage.stack.api_url.clone());
    let own = sign(&stage, &header, &own).await;
    let listed = ada.get("/v1/factors").await.expect(200);
    let id = listed["factors"][0]["id"].as_str().unwrap();
    ada.rename(&own, id, "Mine").await.refused(403, "assertion-required");
    ada.remove(&own, id).await.refused(403, "assertion-required");
    begin(&ada, &own).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_by_any_published_key_is_accepted() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (_, header, claims) = passed(&stage, &ada).await;
    let keys = stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await.expect(200);
    let published: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(published, ["local", "next"], "the one that signs comes first");
    assert_eq!(header["kid"], "local");
    let next = with(&header, "kid", "next");
    begin(&ada, &sign_with("alias/mfa-signing-next", &stage, &next, &claims).await).await.expect(201);
    // One key's signature is invalid under the `kid` of another.
    fails_on(&begin(&ada, &sign(&stage, &next, &claims).await).await, "signature", "another label");
}
