//! A user turns MFA on, and logs in with it.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reqwest::Method;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;

use crate::stage::{Stage, User, scanned};

/// Checks an assertion as your backend would, with another library and the published keys. Returns its claims.
async fn checked(stage: &Stage, user: &User, assertion: &str) -> Value {
    let keys = stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await;
    assert_eq!(keys.header("cache-control"), "public, max-age=3600");
    let keys: JwkSet = serde_json::from_value(keys.expect(200)).unwrap();
    let header = decode_header(assertion).unwrap();
    assert_eq!(header.typ.as_deref(), Some("mfa+jwt"));
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    // Without this line, the library accepts an assertion without these claims.
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_audience(&["app"]);
    validation.set_issuer(&[&stage.stack.api_url]);
    // The stack's clock differs from this machine's, so the callers compare the times.
    validation.validate_exp = false;
    let claims = decode::<Value>(assertion, &key, &validation).unwrap().claims;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, user.token.as_bytes());
    assert_eq!(claims["ath"], data_encoding::BASE64URL_NOPAD.encode(hash.as_ref()));
    assert!(claims["jti"].as_str().is_some_and(|id| id.len() >= 16), "{claims}");
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 305);
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_phone_from_the_first_login_to_a_challenged_one() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme", "globex"]})).await;

    let login = ada.login().await;
    assert_eq!((&login["decision"], &login["reason"]), (&json!("allow"), &json!("mfa_not_enabled")));
    assert_eq!((&login["factors"], &login["methods"]), (&json!([]), &json!(["totp", "sms"])));
    let claims = checked(&stage, &ada, login["assertion"].as_str().unwrap()).await;
    assert_eq!((&claims["mfa"], &claims["reason"]), (&json!("not_required"), &json!("mfa_not_enabled")));
    assert_eq!((&claims["amr"], &claims["mfa_epoch"], &claims["sub"]), (&json!([]), &json!(0), &json!("ada")));

    let begun = ada.post("/v1/factors", json!({"kind": "totp", "name": " Work phone "})).await.expect(201);
    assert_eq!(
        (&begun["status"], &begun["name"], &begun["kind"]),
        (&json!("pending"), &json!("Work phone"), &json!("totp"))
    );
    let (id, app) = scanned(&begun);
    let id = id.as_str();
    assert_eq!(ada.login().await["decision"], "allow", "a pending factor counts for nothing");

    let now = stage.now().await;
    let wrong = ada.activate(id, &app.wrong_code(now)).await;
    assert_eq!(wrong.refused(422, "code-rejected").body["attempts_left"], 4);
    let activated = ada.activate(id, &app.code(now)).await.expect(200);
    let codes: BTreeSet<_> = activated["recovery_codes"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(codes.len(), 10);
    assert_eq!(activated["recovery"], json!({"codes_left": 10, "low": false}));
    assert_eq!((&activated["factor"]["id"], &activated["factor"]["status"]), (&json!(id), &json!("active")));
    assert_eq!(activated["factor"]["last_used_at"], activated["factor"]["created_at"], "no time has passed");
    assert_eq!(
        stage.account("ada").await["factors"]["M"][id]["M"].get("tries"),
        None,
        "only pending factors have a count of their own"
    );
    let first = checked(&stage, &ada, activated["assertion"].as_str().unwrap()).await;
    let epoch = first["mfa_epoch"].as_u64().unwrap();
    assert!(epoch >= now * 1000);

    let login = ada.login().await;
    assert_eq!((&login["decision"], &login["reason"]), (&json!("challenge"), &json!("mfa_enabled")));
    assert_eq!((&login["factors"][0]["id"], login.get("assertion")), (&json!(id), None));

    let verified = ada.verify(id, &stage.next_code(&app).await).await.expect(200);
    assert!(verified.get("recovery_codes").is_none());
    let claims = checked(&stage, &ada, verified["assertion"].as_str().unwrap()).await;
    assert_eq!((&claims["mfa"], &claims["amr"]), (&json!("passed"), &json!(["otp", "mfa"])));
    assert_ne!(claims["jti"], first["jti"], "each assertion has its own id");
    assert_eq!((&claims["workspaces"], &claims["mfa_epoch"]), (&json!(["acme", "globex"]), &json!(epoch)));
    assert_eq!(verified["expires_at"], Timestamp::from_seconds(claims["exp"].as_u64().unwrap()).rfc3339());

    let factors = ada.get("/v1/factors").await;
    assert_eq!(factors.header("cache-control"), "no-store");
    let factors = factors.expect(200);
    assert_eq!(factors["factors"], json!([verified["factor"]]));
    assert!(factors["factors"][0]["last_used_at"].as_str() > factors["factors"][0]["created_at"].as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_may_be_typed_with_spaces_and_dashes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    let (first, second) = code.split_at(3);
    ada.verify(&enrolled.id, &format!(" {first}-{second} ")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_qr_code_reads_back_as_the_uri() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "email": "ada+work@example.com"})).await;
    let begun = ada.post("/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let (uri, svg) = (begun["totp"]["uri"].as_str().unwrap(), begun["totp"]["qr_svg"].as_str().unwrap());
    assert!(uri.starts_with("otpauth://totp/Local%20App:ada%2Bwork%40example.com?secret="), "{uri}");
    assert!(uri.contains(begun["totp"]["secret"].as_str().unwrap()));

    let tree = resvg::usvg::Tree::from_str(svg, &resvg::usvg::Options::default()).unwrap();
    let (width, height) = (tree.size().to_int_size().width(), tree.size().to_int_size().height());
    let mut pixels = resvg::tiny_skia::Pixmap::new(width, height).unwrap();
    resvg::render(&tree, resvg::tiny_skia::Transform::identity(), &mut pixels.as_mut());
    let dark = |x: usize, y: usize| pixels.pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).unwrap().red();
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, dark);
    let (_, read) = image.detect_grids()[0].decode().unwrap();
    assert_eq!(read, uri);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_no_address_is_not_what_the_app_shows() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "email": "é".repeat(2000)})).await;
    let begun = ada.post("/v1/factors", json!({"kind": "totp"})).await.expect(201);
    assert!(begun["totp"]["uri"].as_str().unwrap().starts_with("otpauth://totp/Local%20App:ada?"), "{begun}");
}
