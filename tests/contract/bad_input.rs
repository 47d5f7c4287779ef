//! Bad input gets the problem that the contract names, and changes nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

/// The largest body that a function reads, in bytes.
const LARGEST: usize = 16 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_a_bad_body_and_changes_nothing() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "owned_workspaces": ["acme"]})).await;
    let op = stage.user_with(json!({"sub": "op", "scope": "mfa:operator"})).await;
    let (id, app) = ada.begin().await;
    let before = stage.account("ada").await;
    let json = "application/json";
    let good = format!(r#"{{"code":"{}"}}"#, app.code(stage.now().await));
    for (method, path, good) in [
        (Method::POST, "/v1/factors".to_owned(), r#"{"kind":"totp"}"#.to_owned()),
        (Method::POST, "/v1/factors".to_owned(), r#"{"kind":"sms","phone":"+14155550123"}"#.to_owned()),
        (Method::POST, format!("/v1/factors/{id}/texts"), "{}".to_owned()),
        (Method::POST, format!("/v1/factors/{id}/activate"), good.clone()),
        (Method::POST, format!("/v1/factors/{id}/verify"), good),
        (Method::PATCH, format!("/v1/factors/{id}"), r#"{"name":"x"}"#.to_owned()),
        (Method::DELETE, format!("/v1/factors/{id}"), "{}".to_owned()),
        (Method::PUT, "/v1/workspaces/acme/policy".to_owned(), r#"{"required":true}"#.to_owned()),
        (Method::POST, "/v1/logins".to_owned(), "{}".to_owned()),
        (Method::POST, "/v1/recovery/codes".to_owned(), "{}".to_owned()),
        (Method::POST, "/v1/recovery/emails".to_owned(), "{}".to_owned()),
        (Method::POST, "/v1/recovery/verify".to_owned(), r#"{"code":"k3xq-9f2m-7w4d-h8ra"}"#.to_owned()),
        (Method::POST, "/v1/operator/unlock".to_owned(), r#"{"user":"ada","reason":"x"}"#.to_owned()),
        (Method::POST, "/v1/operator/reset".to_owned(), r#"{"user":"ada","reason":"x"}"#.to_owned()),
        (Method::POST, "/v1/operator/erase".to_owned(), r#"{"user":"ada","reason":"x"}"#.to_owned()),
        (
            Method::POST,
            "/v1/operator/import".to_owned(),
            r#"{"user":"ada","kind":"totp","secret":"JBSWY3DPEHPK3PXP","reason":"x"}"#.to_owned(),
        ),
    ] {
        let whom = if path.starts_with("/v1/operator") { &op } else { &ada };
        let unknown = good.replace("{}", r#"{"":0}"#).replacen('{', r#"{"surprise":true,"#, 1).replace(r#","":0"#, "");
        let largest = good.replacen('{', &format!("{{{}", " ".repeat(LARGEST - good.len())), 1);
        let cases: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
            ("not JSON", json, b"{".to_vec(), 400, "invalid-request"),
            ("an array", json, b"[]".to_vec(), 400, "invalid-request"),
            ("not UTF-8", json, vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}'], 400, "invalid-request"),
            ("deep", json, "[".repeat(10_000).into_bytes(), 400, "invalid-request"),
            ("an unknown field", json, unknown.into_bytes(), 400, "invalid-request"),
            ("too large by a byte", json, format!("{largest} ").into_bytes(), 413, "body-too-large"),
            (
                "as large as may be, and a form",
                "application/x-www-form-urlencoded",
                largest.into_bytes(),
                415,
                "unsupported-media-type",
            ),
            ("a form", "application/x-www-form-urlencoded", good.clone().into_bytes(), 415, "unsupported-media-type"),
            ("bytes", "application/octet-stream", good.clone().into_bytes(), 415, "unsupported-media-type"),
        ];
        for (what, content_type, body, status, code) in cases {
            let request = whom.request(method.clone(), &path).header("content-type", content_type).body(body);
            let reply = stage.send(request).await;
            assert_eq!((reply.status, reply.code()), (status, code), "{what} to {method} {path}: {reply:?}");
            if what == "an unknown field" {
                assert!(reply.body["detail"].as_str().unwrap().contains("`surprise`"), "{reply:?}");
            }
        }
        let untyped = stage.send(whom.request(method.clone(), &path).body(good)).await;
        assert_eq!((untyped.status, untyped.code()), (415, "unsupported-media-type"), "{path}");
    }
    assert_eq!(stage.account("ada").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_checked_and_named_and_never_quoted() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, _) = ada.begin().await;
    let before = stage.account("ada").await;
    let activate = format!("/v1/factors/{id}/activate");
    let verify = format!("/v1/factors/{id}/verify");
    for (path, body, field) in [
        ("/v1/factors", json!({}), "kind"),
        ("/v1/factors", json!({"kind": "carrier-pigeon"}), "kind"),
        ("/v1/factors", json!({"kind": 7}), "kind"),
        ("/v1/factors", json!({"kind": "sms"}), "phone"),
        ("/v1/recovery/verify", json!({"code": "k3xq-9f2m-7w4d"}), "code"),
        ("/v1/recovery/verify", json!({"code": ["k3xq-9f2m-7w4d-h8ra"]}), "code"),
        ("/v1/factors", json!({"kind": "sms", "phone": 14_155_550_123_u64}), "phone"),
        ("/v1/factors", json!({"kind": "totp", "phone": "+14155550123"}), "phone"),
        ("/v1/factors", json!({"kind": "totp", "name": ""}), "name"),
        ("/v1/factors", json!({"kind": "totp", "name": "a\nSet-Cookie: x"}), "name"),
        ("/v1/factors", json!({"kind": "totp", "name": "x".repeat(65)}), "name"),
        ("/v1/factors", json!({"kind": "totp", "name": ["x"]}), "name"),
        (&activate, json!({}), "code"),
        (&activate, json!({"code": 123_456}), "code"),
        (&activate, json!({"code": "987654321"}), "code"),
        (&verify, json!({"code": null}), "code"),
        (&verify, json!({"code": "98765x"}), "code"),
    ] {
        let reply = ada.post(path, body.clone()).await;
        let detail = reply.refused(400, "invalid-request").body["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("`{field}`")), "{body}: {detail}");
        assert!(!detail.contains("98765") && !detail.contains("pigeon"), "{detail}");
    }
    let secret_as_name = ada.post(&verify, json!({"code": "123456", "JBSWY3DPEHPK3PXP": 1})).await;
    let detail = secret_as_name.refused(400, "invalid-request").body["detail"].to_string();
    assert!(!detail.contains("JBSWY3DP"), "{detail}");
    assert_eq!(stage.account("ada").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_route_is_not_found() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for (method, path) in [
        (Method::GET, "/v1"),
        (Method::GET, "/v1/logins"),
        (Method::POST, "/v1/logins/"),
        (Method::DELETE, "/v1/factors"),
        (Method::POST, "/v1/factors/a/b/verify"),
    ] {
        let reply = stage.send(ada.request(method, path)).await;
        assert_eq!((reply.status, &reply.body), (404, &json!({"message": "Not Found"})), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strange_factor_id_is_a_factor_that_is_not_there() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    ada.begin().await;
    for id in ["x", "%00", "factors.%23id", "01M86NP37KVJYCH5C44V5B7J55", &"9".repeat(4000)] {
        ada.verify(id, "123456").await.refused(404, "factor-not-found");
        ada.activate(id, "123456").await.refused(404, "factor-not-found");
    }
    let known: Value = ada.get("/v1/factors").await.expect(200);
    assert_eq!(known["factors"].as_array().unwrap().len(), 1);
}

/// Generated clients send an optional field without a value as null.
#[tokio::test(flavor = "multi_thread")]
async fn null_counts_as_a_field_that_is_not_there() {
    let stage = Stage::new().await;
    let owner = json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"]});
    let ada = stage.user_with(owner).await;
    let op = stage.user_with(json!({"sub": "op", "scope": "mfa:operator"})).await;
    let begun = ada.post("/v1/factors", json!({"kind": "totp", "name": null})).await.expect(201);
    assert_eq!(begun["name"], ada.post("/v1/factors", json!({"kind": "totp"})).await.expect(201)["name"]);
    ada.post("/v1/factors", json!({"kind": "sms", "name": null, "phone": "+14155550123"})).await.expect(201);
    let enrolled = ada.enroll().await;
    let set = async |body: Value| {
        let assertion = ada.prove(&enrolled).await;
        let request = ada.request(Method::PUT, "/v1/workspaces/acme/policy").header("mfa-assertion", assertion);
        let mut policy = stage.send(request.json(&body)).await.expect(200);
        policy.as_object_mut().unwrap().remove("updated_at");
        policy
    };
    let nothing = json!({"required": null, "grace_days": null, "allowed_factors": null, "allow_email_recovery": null});
    assert_eq!(set(nothing).await, set(json!({})).await);
    let import = |field: &str, value: Value| {
        let mut body = json!({"user": "bob", "kind": "totp", "secret": "JBSWY3DPEHPK3PXP", "reason": "x"});
        body[field] = value;
        op.post("/v1/operator/import", body)
    };
    for field in ["user", "kind", "secret", "reason"] {
        let reply = import(field, Value::Null).await;
        let missing = format!("The field `{field}` is missing.");
        assert_eq!(reply.refused(400, "invalid-request").body["detail"], missing);
    }
    import("email", Value::Null).await.expect(201);
    import("name", Value::Null).await.expect(200);
}
