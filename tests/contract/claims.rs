//! The claims of a login token, in each form in which the gateway renders them.

use serde_json::{Value, json};

use crate::stage::{Stage, claims};

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_are_read_however_the_gateway_renders_them() {
    let stage = Stage::new().await;
    for (claim, expected) in [
        (json!(["acme", "globex"]), json!(["acme", "globex"])),
        (json!("acme globex"), json!(["acme", "globex"])),
        (json!(["acme"]), json!(["acme"])),
        (json!("acme"), json!(["acme"])),
        (json!([]), json!([])),
        (json!(""), json!([])),
        (json!(7), json!(["7"])),
        (json!(["acme", "globex", "acme"]), json!(["acme", "globex"])),
        (json!(format!("{:2048}", "acme")), json!(["acme"])),
    ] {
        let ada = stage.user_with(json!({"sub": "ada", "workspaces": claim})).await;
        assert_eq!(claims(&ada.login().await)["workspaces"], expected, "{claim}");
    }
    let missing = stage.user_with(json!({"sub": "ada", "workspaces": null})).await;
    missing.post_nothing("/v1/logins").await.refused(403, "claim-missing");
}

/// Some authenticator apps can't show an account without a name.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_an_address_is_called_by_id_in_an_app() {
    let stage = Stage::new().await;
    let long = format!("{}@example.com", "x".repeat(250));
    for (email, label) in [
        (json!("ada@example.com"), "ada%40example.com"),
        (json!(" ada@example.com "), "ada%40example.com"),
        (json!(""), "user%7C7"),
        (json!(" \t"), "user%7C7"),
        (Value::Null, "user%7C7"),
        (json!(long), "user%7C7"),
    ] {
        let user = stage.user_with(json!({"sub": "user|7", "email": email})).await;
        let begun = user.post("/v1/factors", json!({"kind": "totp"})).await.expect(201);
        let uri = begun["totp"]["uri"].as_str().unwrap();
        assert!(uri.starts_with(&format!("otpauth://totp/Local%20App:{label}?")), "{email}: {uri}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_and_users_that_are_no_ids_are_refused() {
    let stage = Stage::new().await;
    let many: Vec<_> = (0..51).map(|index| format!("w{index}")).collect();
    for claim in [
        json!(["acme/eu"]),
        json!(["acme#x"]),
        json!("acme,globex"),
        json!("[acme"),
        json!([["acme"]]),
        json!({"acme": true}),
        json!(["Größe"]),
        json!(["w".repeat(65)]),
        json!(many),
        json!(format!("{:2049}", "acme")),
    ] {
        for name in ["workspaces", "owned_workspaces"] {
            let mut ask = json!({"sub": "ada"});
            ask[name] = claim.clone();
            let ada = stage.user_with(ask).await;
            ada.post_nothing("/v1/logins").await.refused(403, "claim-invalid");
        }
    }
    for sub in ["a\nb", "ä", &"x".repeat(256)] {
        stage.user(sub).await.post_nothing("/v1/logins").await.refused(403, "claim-invalid");
    }
    assert_eq!(stage.dynamodb("Scan", json!({})).await["Items"], Value::Array(vec![]), "nothing was written");
}
