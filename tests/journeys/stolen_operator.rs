//! An operator's token is stolen, or an operator makes a mistake. Each act leaves an event, and the user gets a notice.

use serde_json::{Value, json};

use crate::{
    logs,
    stage::{Authenticator, Enrolled, Operator, Reply, Stage, User, account_key, claims},
};

const ADA: &str = "ada@example.com";
const NEW: &str = "ada@new.example";
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const ERASED: &str = "your two-step verification data was deleted";
const MOVED: &str = "your authenticator app still works";
const DAY: u64 = 24 * 3600;

async fn import(op: &Operator, email: Option<&str>) -> Reply {
    let mut ask = json!({"user": "ada", "kind": "totp", "secret": SECRET, "reason": "Moving in"});
    if let Some(email) = email {
        ask["email"] = email.into();
    }
    op.post("import", ask).await
}

/// The imported factor, with the user's app.
fn moved(imported: &Value) -> Enrolled {
    let app = Authenticator::scan(&format!("otpauth://totp/x?secret={SECRET}&algorithm=SHA1&digits=6&period=30"));
    Enrolled { id: imported["id"].as_str().unwrap().to_owned(), app, recovery_codes: Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_is_told_to_the_kept_address() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    stage.user("ada").await.enroll().await;
    op.act("erase", "ada").await.expect(200);
    let told = stage.emails_to(ADA).await.pop().unwrap();
    assert_eq!(told["subject"], format!("Local App: {ERASED}"));
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("contact the Local App team right away") && !text.contains("IP address"), "{text}");
    // The thief imports another app, but Ada already has the notice.
    import(&op, None).await.expect(201);
    assert_eq!(stage.subjects_to(ADA).await.last().unwrap(), ERASED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_notice_stops_no_erase_and_is_in_the_users_language() {
    let stage = Stage::new().await;
    let op = stage.user_with(json!({"sub": "op", "scope": "mfa:operator", "workspaces": null})).await;
    let erase = async |language: &str| {
        let request = op.request(reqwest::Method::POST, "/v1/operator/erase").header("accept-language", language);
        op.send(request.json(&json!({"user": "ada", "reason": "They asked"}))).await
    };
    for (language, words) in [("fr", "validation en deux étapes"), ("es", "verificación en dos pasos")] {
        stage.user("ada").await.enroll().await;
        erase(language).await.expect(200);
        assert!(stage.subjects_to(ADA).await.last().unwrap().contains(words), "{language}");
    }
    for (service, operation) in [("ses", "SendEmail"), ("kms", "Decrypt")] {
        for kind in ["refuse", "throttle", "drop_before"] {
            stage.user("ada").await.enroll().await;
            stage.fault(service, operation, kind, 10).await;
            let erased = erase("en").await;
            stage.clear_faults().await;
            assert_eq!(erased.expect(200), json!({"mfa_epoch": 0}), "{operation} {kind}");
            assert!(stage.account("ada").await.is_null());
        }
    }
    // A user without a recovery address is erased without a notice.
    stage.user_with(json!({"sub": "ada", "email": null})).await.enroll().await;
    let before = stage.emails_to(ADA).await.len();
    erase("en").await.expect(200);
    assert_eq!(stage.emails_to(ADA).await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_whose_end_is_unknown_is_told_all_the_same() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    stage.user("ada").await.enroll().await;
    stage.fault("dynamodb", "TransactWriteItems", "drop_after", 10).await;
    op.act("erase", "ada").await.refused(503, "temporarily-unavailable");
    stage.clear_faults().await;
    op.act("erase", "ada").await.refused(404, "user-not-found");
    assert_eq!(stage.subjects_to(ADA).await.last().unwrap(), ERASED, "the next try could not send the notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_gives_an_address_where_none_is_kept() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let imported = import(&op, Some(NEW)).await;
    assert!(!logs::of(&imported.request).iter().any(|line| line.to_string().contains("new.example")));
    let app = moved(&imported.expect(201));
    assert_eq!(stage.subjects_to(NEW).await, [MOVED]);
    assert!(!String::from_utf8_lossy(&stage.dump().await).contains("new.example"), "it is sealed");
    stage.advance(60).await;
    let ada = stage.user_with(json!({"sub": "ada", "email": NEW})).await;
    ada.email().await.expect(202);
    ada.redeem(&stage.emailed_to(NEW).await).await.expect(200);
    // Another address has a hold, as for every user.
    stage.advance(60).await;
    stage.user("ada").await.email().await.refused(403, "email-recovery-held");
    let said = claims(&json!({"assertion": ada.prove(&app).await}));
    assert_eq!(said["enrolled_by"], "import");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_leaves_a_kept_address_and_tells_both() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    stage.user("ada").await.enroll().await;
    op.act("reset", "ada").await.expect(200);
    let kept = stage.account("ada").await["contact"].clone();
    import(&op, Some(NEW)).await.expect(201);
    assert_eq!(stage.account("ada").await["contact"], kept);
    assert_eq!(
        (stage.subjects_to(ADA).await.last().unwrap().as_str(), stage.subjects_to(NEW).await),
        (MOVED, vec![MOVED.to_owned()])
    );
    let before = stage.account("ada").await;
    import(&op, Some("thief@evil.example")).await.expect(200);
    assert_eq!(stage.account("ada").await, before);
    assert!(stage.emails_to("thief@evil.example").await.is_empty());
    // A second import does not add a missing recovery address either.
    op.act("erase", "ada").await.expect(200);
    import(&op, None).await.expect(201);
    import(&op, Some("thief@evil.example")).await.expect(200);
    assert!(stage.account("ada").await["contact"].is_null());
    assert!(stage.emails_to("thief@evil.example").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_drops_an_emailed_code() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let ada = stage.user("ada").await;
    ada.enroll().await;
    ada.email().await.expect(202);
    let code = stage.account("ada").await["emailed"].clone();
    op.act("reset", "ada").await.expect(200);
    let there = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET emailed = :code",
        "ExpressionAttributeValues": {":code": code},
    });
    stage.dynamodb("UpdateItem", there).await;
    import(&op, None).await.expect(201);
    assert!(stage.account("ada").await["emailed"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_of_an_operator_takes_a_reason() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    stage.user("ada").await.enroll().await;
    let before = stage.account("ada").await;
    for act in ["unlock", "reset", "erase", "import"] {
        let mut ask = json!({"user": "ada"});
        if act == "import" {
            (ask["kind"], ask["secret"]) = (json!("totp"), json!(SECRET));
        }
        let reply = op.post(act, ask).await;
        assert_eq!(reply.refused(400, "invalid-request").body["detail"], "The field `reason` is missing.", "{act}");
    }
    assert_eq!(stage.account("ada").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_from_before_a_reset_begins_no_factor() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    stage.user("ada").await.enroll().await;
    stage.advance(DAY / 2).await;
    op.act("reset", "ada").await.expect(200);
    let reset = stage.now().await;
    let with = async |more: Value| -> User { stage.user_with(json!({"sub": "ada", "claims": more})).await };
    let before = stage.account("ada").await;
    for (what, more) in [
        ("issued a minute and a second before", json!({"iat": reset - 61})),
        ("of a login a minute and a second before, issued now", json!({"auth_time": reset - 61})),
        ("of a login before, however it is spelled", json!({"auth_time": "1.7e+09"})),
        ("that tells neither", json!({"iat": null})),
        ("that tells it in words", json!({"auth_time": "yesterday"})),
        ("that tells it in milliseconds", json!({"auth_time": reset * 1000})),
    ] {
        let thief = with(more).await;
        for body in [json!({"kind": "totp"}), json!({"kind": "sms", "phone": "+14155550123"})] {
            assert_eq!(thief.post("/v1/factors", body).await.refused(403, "login-too-old").status, 403, "{what}");
        }
    }
    // A login accepts such a token.
    with(json!({"auth_time": "yesterday"})).await.login().await;
    assert_eq!(stage.account("ada").await, before);
    for more in [json!({"iat": reset - 60}), json!({"iat": reset - 61, "auth_time": reset - 60}), json!({"iat": reset})]
    {
        with(more).await.begin().await;
    }
    // The rule holds for users with a factor too. A later reset replaces the earlier time.
    let ada = stage.user("ada").await;
    let app = ada.enroll().await;
    let old = with(json!({"auth_time": reset - 61})).await;
    let assertion = old.prove(&app).await;
    old.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.refused(403, "login-too-old");
    stage.advance(61).await;
    op.act("reset", "ada").await.expect(200);
    ada.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "login-too-old");
    // An erasure removes the time of the reset, so the user starts over.
    op.act("erase", "ada").await.expect(200);
    ada.begin().await;
}
