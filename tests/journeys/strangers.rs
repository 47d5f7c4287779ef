//! Requests for another user's factor, with a bad token, or from a foreign web page.

use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn another_users_factor_is_not_found_and_not_touched() {
    let stage = Stage::new().await;
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let adas = ada.enroll().await;
    eve.enroll().await;
    let before = stage.account("ada").await;
    let code = adas.app.code(stage.now().await);
    eve.verify(&adas.id, &code).await.refused(404, "factor-not-found");
    eve.activate(&adas.id, &code).await.refused(404, "factor-not-found");
    assert_eq!(stage.account("ada").await, before);
    ada.verify(&adas.id, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_lets_only_valid_tokens_of_its_issuer_through() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let parts: Vec<_> = ada.token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("a token has three parts") };
    let encode = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let others = BASE64URL_NOPAD.encode(
        &serde_json::to_vec(&json!({"sub": "eve", "iss": format!("{}/dev", stage.stack.api_url), "aud": "app", "exp": 9_999_999_999_u64})).unwrap(),
    );
    let foreign = Stage::new().await.user("ada").await.token;
    let expired = stage.user_with(json!({"sub": "ada", "expires_in": -1})).await.token;
    let audience = stage.user_with(json!({"sub": "ada", "claims": {"aud": "other"}})).await.token;
    let issuer = stage.user_with(json!({"sub": "ada", "claims": {"iss": "https://id.example.com"}})).await.token;
    let unread = stage.user_with(json!({"sub": "ada", "claims": {"nbf": "9999999999"}})).await.token;
    let nowhere = stage.user_with(json!({"sub": "ada", "claims": {"aud": null}})).await.token;
    let nobodys = stage.user_with(json!({"sub": "ada", "claims": {"iss": null}})).await.token;
    let endless = stage.user_with(json!({"sub": "ada", "claims": {"exp": null}})).await.token;
    let early = stage.user_with(json!({"sub": "ada", "claims": {"nbf": 9_999_999_999_u64}})).await.token;
    for (what, token) in [
        ("none", String::new()),
        ("nonsense", "nonsense".to_owned()),
        ("forged claims", format!("{header}.{others}.{signature}")),
        ("no algorithm", format!("{}.{claims}.", encode(json!({"alg": "none", "kid": "dev"})))),
        ("an unknown key", format!("{}.{claims}.{signature}", encode(json!({"alg": "RS256", "kid": "x"})))),
        ("another stack's key", foreign),
        ("expired", expired),
        ("another audience", audience),
        ("another issuer", issuer),
        ("no audience", nowhere),
        ("no issuer", nobodys),
        ("no end", endless),
        ("not valid yet", early),
        ("valid from when can't be read", unread),
    ] {
        for (method, path) in [(Method::POST, "/v1/logins"), (Method::GET, "/v1/factors")] {
            let request = stage.request(method, path);
            let reply = stage.send(if token.is_empty() { request } else { request.bearer_auth(&token) }).await;
            assert_eq!((reply.status, &reply.body), (401, &json!({"message": "Unauthorized"})), "{what}");
            assert_eq!(stage.calls_of(&reply.request).await, Vec::<Value>::new(), "{what}");
        }
    }
    ada.get("/v1/factors").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_workspaces_claim_is_refused_everywhere() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": null})).await;
    ada.post_nothing("/v1/logins").await.refused(403, "claim-missing");
    ada.get("/v1/factors").await.refused(403, "claim-missing");
    ada.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "claim-missing");
    ada.activate("01M86NP37KVJYCH5C44V5B7J55", "123456").await.refused(403, "claim-missing");
    ada.verify("01M86NP37KVJYCH5C44V5B7J55", "123456").await.refused(403, "claim-missing");
    assert_eq!(stage.account("ada").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_the_web_reaches_neither_the_api_nor_aws() {
    let stage = Stage::new().await;
    let page = |request: reqwest::RequestBuilder| request.header("origin", "https://evil.example");
    let clock = stage.request(Method::POST, "/dev/clock").header("content-type", "text/plain");
    let before = stage.now().await;
    assert_eq!(stage.send(page(clock.body(r#"{"advance_seconds":60}"#))).await.status, 403);
    assert_eq!(stage.now().await, before);
    assert_eq!(stage.send(page(reqwest::Client::new().post(&stage.stack.aws_url))).await.status, 403);
    let foreign = |request: reqwest::RequestBuilder| request.header("host", "mfa.evil.example");
    let api = stage.send(foreign(stage.request(Method::POST, "/dev/tokens").json(&json!({"sub": "ada"})))).await;
    assert_eq!((api.status, api.body), (421, Value::Null));
    let aws =
        foreign(reqwest::Client::new().post(&stage.stack.aws_url)).header("x-amz-target", "DynamoDB_20120810.Scan");
    assert_eq!(stage.send(aws.json(&json!({"TableName": "mfa"}))).await.status, 421);
}
