//! The header `MFA-Assertion`: an invalid assertion is an error, also where none is needed.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_good_for_its_own_login_and_user_until_it_expires() {
    let stage = Stage::new().await;
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let adas = ada.enrol().await;
    let verified = ada.verify(&adas.id, &adas.app.code(stage.now().await)).await.expect(200);
    let assertion = verified["assertion"].as_str().unwrap();
    let begin = json!({"kind": "totp"});
    eve.post_with(assertion, "/v1/factors", begin.clone()).await.refused(403, "assertion-invalid");
    stage.advance(1).await;
    let another_login = stage.user("ada").await;
    another_login.post_with(assertion, "/v1/factors", begin.clone()).await.refused(403, "assertion-invalid");
    ada.post_with(assertion, "/v1/factors", begin.clone()).await.expect(201);
    stage.advance(299).await;
    let expired = ada.post_with(assertion, "/v1/factors", begin).await;
    assert!(expired.refused(403, "assertion-invalid").body["detail"].as_str().unwrap().contains("exp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_that_is_not_ours_is_refused() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let login = ada.login().await;
    let good = login["assertion"].as_str().unwrap();
    let parts: Vec<_> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("an assertion has three parts") };
    let encode = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let mut forged: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    forged["mfa"] = "passed".into();
    let foreign = Stage::new().await.user("ada").await.login().await;
    for (what, assertion) in [
        ("empty", String::new()),
        ("nonsense", "a.b.c".to_owned()),
        ("the login token", ada.token.clone()),
        ("forged claims", format!("{header}.{}.{signature}", encode(forged))),
        ("no algorithm", format!("{}.{claims}.", encode(json!({"alg": "none", "typ": "mfa+jwt", "kid": "local"})))),
        (
            "another type",
            format!("{}.{claims}.{signature}", encode(json!({"alg": "ES256", "typ": "JWT", "kid": "local"}))),
        ),
        (
            "an unknown key",
            format!("{}.{claims}.{signature}", encode(json!({"alg": "ES256", "typ": "mfa+jwt", "kid": "x"}))),
        ),
        ("another stack's", foreign["assertion"].as_str().unwrap().to_owned()),
        ("too long", format!("{header}.{}.{signature}", "A".repeat(8192))),
    ] {
        let reply = ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await;
        assert_eq!((reply.status, reply.code()), (403, "assertion-invalid"), "{what}");
    }
    // Valid, but nothing was proven: enough for a first factor, which takes none.
    ada.post_with(good, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_that_nothing_was_needed_begins_no_second_factor() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let before = ada.login().await["assertion"].as_str().unwrap().to_owned();
    ada.enrol().await;
    ada.post_with(&before, "/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-invalid");
}
