//! A user logs in by the company's SSO.

use serde_json::{Value, json};

use crate::stage::{Stage, User};

/// Logs in, and returns the reply and the claims of its assertion. The decision must be `allow`.
async fn allowed(user: &User) -> (Value, Value) {
    let login = user.login().await;
    assert_eq!(login["decision"], "allow", "{login}");
    let claims = login["assertion"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims = serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    (login, claims)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_by_sso_is_allowed_and_sets_nothing_up_here() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme", "globex"], "sso": true})).await;
    let (login, claims) = allowed(&ada).await;
    assert_eq!(login["reason"], "sso");
    assert_eq!((&claims["mfa"], &claims["reason"]), (&json!("not_required"), &json!("sso")));
    assert_eq!(claims["workspaces"], json!(["acme", "globex"]));
    ada.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "sso-user");
    ada.activate("01M86NP37KVJYCH5C44V5B7J55", "123456").await.refused(403, "sso-user");
    assert!(stage.account("ada").await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn sso_of_one_workspace_opens_no_other() {
    let stage = Stage::new().await;
    let contractor =
        stage.user_with(json!({"sub": "ada", "workspaces": ["acme", "globex"], "sso": ["acme", "evil"]})).await;
    let (login, claims) = allowed(&contractor).await;
    assert_eq!((&login["reason"], &claims["workspaces"]), (&json!("sso"), &json!(["acme"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sso_value_or_an_empty_list_is_an_ordinary_login() {
    let stage = Stage::new().await;
    stage.user("ada").await.enroll().await;
    for sso in [json!(false), json!("TRUE"), json!(1), json!([]), json!("acme"), json!("password"), json!(null)] {
        let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme"], "sso": sso})).await;
        assert_eq!(ada.login().await["decision"], "challenge", "{sso}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_reset_that_cannot_be_read_is_refused() {
    let stage = Stage::new().await;
    for (reset, readable) in [(json!(1_795_478_400), true), (json!(1_795_478_400.0), true), (json!("yesterday"), false)]
    {
        let ada = stage.user_with(json!({"sub": "ada", "claims": {"password_reset_at": reset}})).await;
        let login = ada.post_nothing("/v1/logins").await;
        if readable {
            login.expect(200);
        } else {
            login.refused(403, "claim-invalid");
        }
    }
}
