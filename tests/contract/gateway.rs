//! The replies of the gateway itself: the local stack gives the same ones as API Gateway.

use reqwest::Method;
use serde_json::json;

use crate::stage::Stage;

const PAGE: &str = "http://localhost:3000";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_this_machine_may_ask_and_read() {
    let stage = Stage::new().await;
    let preflight = stage
        .request(Method::OPTIONS, "/v1/factors")
        .header("origin", PAGE)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,mfa-assertion");
    let reply = stage.send(preflight).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, PAGE));
    assert_eq!(reply.header("access-control-allow-methods"), "DELETE,GET,PATCH,POST,PUT");
    let headers = reply.header("access-control-allow-headers");
    assert_eq!(headers, "accept-language,authorization,content-type,if-match,mfa-assertion");
    assert_eq!(reply.header("access-control-allow-credentials"), "");

    let ada = stage.user("ada").await;
    for (request, status) in
        [(ada.request(Method::GET, "/v1/factors"), 200), (stage.request(Method::GET, "/v1/factors"), 401)]
    {
        let reply = stage.send(request.header("origin", PAGE)).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (status, PAGE));
        assert_eq!(reply.header("access-control-expose-headers"), "etag,retry-after");
    }
    let without = ada.get("/v1/factors").await;
    assert_eq!(without.header("access-control-allow-origin"), "");
}

/// As in API Gateway, a client can't change how its request appears to have arrived.
#[tokio::test(flavor = "multi_thread")]
async fn an_odd_word_on_how_a_request_came_drops_no_connection() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for proto in ["https", "https,http", "", " ", "ht tp", "javascript:alert(1)//", "http://[", "\u{e9}"] {
        for name in ["x-forwarded-proto", "X-Forwarded-Host", "x-forwarded-port", "forwarded"] {
            let request = ada.request(Method::POST, "/v1/logins").header(name, proto.as_bytes());
            assert_eq!(stage.send(request.header(name, "https")).await.status, 200, "{name}: {proto}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_gateway_reaches_no_function() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let headers = ada.request(Method::GET, "/v1/factors").header("x-large", "x".repeat(10_240));
    let path = ada.request(Method::GET, &format!("/v1/factors?{}", "x".repeat(10_240)));
    for large in [headers, path] {
        let reply = stage.send(large).await;
        assert_eq!((reply.status, &reply.body), (431, &json!({"message": "Request Header Fields Too Large"})));
    }
    let body = ada.request(Method::POST, "/v1/factors").body("x".repeat(10 * 1024 * 1024 + 1));
    let reply = stage.send(body).await;
    assert_eq!((reply.status, &reply.body), (413, &json!({"message": "Request Entity Too Large"})));
    assert!(crate::logs::of(&reply.request).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_by_what_they_would_be() {
    let stage = Stage::new().await;
    let nobody = stage.send(stage.request(Method::GET, "/v1/factors")).await;
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, "Bearer"));
    let foreign = stage.send(stage.bearer("x.y.z").request(Method::GET, "/v1/factors")).await;
    assert_eq!((foreign.status, foreign.header("www-authenticate")), (401, r#"Bearer scope="" error="invalid_token""#));
    let scopeless = stage.user("op").await.post("/v1/operator/erase", json!({"user": "ada", "reason": "x"})).await;
    assert_eq!((scopeless.status, scopeless.header("www-authenticate")), (403, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_token_may_come_without_its_scheme() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for authorization in [ada.token.clone(), format!("bearer {}", ada.token), format!("Bearer {}", ada.token)] {
        let request = stage.request(Method::POST, "/v1/logins").header("authorization", authorization);
        let login = stage.send(request).await.expect(200);
        // The hash covers the token alone, without the scheme.
        let claims = login["assertion"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
        let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ada.token.as_bytes());
        assert_eq!(claims["ath"], data_encoding::BASE64URL_NOPAD.encode(hash.as_ref()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_login_tokens_at_once_are_none() {
    let stage = Stage::new().await;
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let request = ada.request(Method::GET, "/v1/factors").header("authorization", format!("Bearer {}", eve.token));
    let reply = stage.send(request).await;
    assert_eq!((reply.status, &reply.body), (401, &json!({"message": "Unauthorized"})));
}
