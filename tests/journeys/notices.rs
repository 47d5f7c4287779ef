//! Notices: users get an email about each change, so that they can act if they did not make it.

use std::time::Duration;

use serde_json::json;

use crate::{
    logs,
    stage::{Stage, account_key},
};

const ADA: &str = "ada@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_told_of_each_change_of_their_factors_and_codes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let app = ada.enroll().await;
    let assertion = ada.prove(&app).await;
    let begun =
        ada.post_with(&assertion, "/v1/factors", json!({"kind": "sms", "phone": "+14155550123"})).await.expect(201);
    let phone = begun["id"].as_str().unwrap();
    ada.text(phone).await.expect(202);
    ada.activate(phone, &stage.code_to("+14155550123").await).await.expect(200);
    let assertion = ada.prove(&app).await;
    ada.rename(&assertion, phone, "Phone").await.expect(200);
    ada.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);
    ada.remove(&assertion, phone).await.expect(200);
    ada.email().await.expect(202);
    ada.redeem(&stage.emailed_to(ADA).await).await.expect(200);
    let assertion = ada.prove(&app).await;
    let codes = ada.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);
    let assertion = ada.redeem(codes["recovery_codes"][0].as_str().unwrap()).await.expect(200)["assertion"].clone();
    // A factor that is begun and never activated causes no notice, nor does its removal.
    let begun = ada.post_with(assertion.as_str().unwrap(), "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let assertion = ada.prove(&app).await;
    let removed = ada.remove(&assertion, begun["id"].as_str().unwrap()).await.expect(200);
    ada.remove(removed["assertion"].as_str().unwrap(), &app.id).await.expect(200);

    let expected = [
        "an authenticator app was added",
        "a phone was added",
        "new recovery codes",
        "a phone was removed",
        "your verification code",
        "a code by email was used",
        "new recovery codes",
        "a recovery code was used",
        "an authenticator app was removed",
    ];
    assert_eq!(stage.subjects_to(ADA).await, expected);
    let emails = stage.emails_to(ADA).await;
    for said in ["When: 2027-01-15 08:00:00 (UTC)", "IP address: 127.0.0.1", "change your password"] {
        assert!(emails[0]["text"].as_str().unwrap().contains(said), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_by_wrong_codes_is_told() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let app = ada.enroll().await;
    let almost = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET failures = :last, recovery_failures = :last_code, tried_at = :long_ago, recovery_tried_at = :long_ago",
        "ExpressionAttributeValues": {":last": {"N": "48"}, ":last_code": {"N": "99"}, ":long_ago": {"N": "0"}},
    });
    stage.dynamodb("UpdateItem", almost).await;
    ada.verify(&app.id, &app.app.wrong_code(stage.now().await)).await.refused(422, "code-rejected");
    assert_eq!(stage.subjects_to(ADA).await.len(), 1, "not yet");
    stage.advance(3600).await;
    ada.verify(&app.id, &app.app.wrong_code(stage.now().await)).await.refused(422, "code-rejected");
    ada.verify(&app.id, &app.app.wrong_code(stage.now().await)).await.refused(423, "locked");
    assert_eq!(stage.subjects_to(ADA).await, ["an authenticator app was added", "too many wrong codes"]);
    ada.redeem("0000-0000-0000-0000").await.refused(422, "code-rejected");
    ada.redeem("0000-0000-0000-0000").await.refused(423, "locked");
    let told = ["an authenticator app was added", "too many wrong codes", "too many wrong recovery codes"];
    assert_eq!(stage.subjects_to(ADA).await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_by_a_used_code_is_told() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let app = ada.enroll().await;
    ada.redeem(&app.recovery_codes[0]).await.expect(200);
    let now = stage.now().await;
    let code = app.app.code(now);
    ada.verify(&app.id, &code).await.expect(200);
    let almost = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET failures = :last, recovery_failures = :last_code, tried_at = :ago, recovery_tried_at = :ago",
        "ExpressionAttributeValues": {":last": {"N": "49"}, ":last_code": {"N": "99"}, ":ago": {"N": "0"}},
    });
    stage.dynamodb("UpdateItem", almost).await;
    for (reply, factor) in [
        (ada.verify(&app.id, &code).await, app.id.as_str()),
        (ada.redeem(&app.recovery_codes[0]).await, "recovery_code"),
    ] {
        reply.refused(422, "code-used");
        let lines = logs::of(&reply.request);
        let events: Vec<_> =
            lines.iter().filter(|line| line["factor"] == factor).map(|line| line["event"].clone()).collect();
        assert_eq!(events, ["verification.replayed", "verification.locked"]);
    }
    let subjects = stage.subjects_to(ADA).await;
    assert!(
        subjects.ends_with(&["too many wrong codes".to_owned(), "too many wrong recovery codes".to_owned()]),
        "{subjects:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_addresses_are_told_in_the_callers_language() {
    let stage = Stage::new().await;
    let app = stage.user("ada").await.enroll().await;
    let moved = stage.user_with(json!({"sub": "ada", "email": "ada@new.example"})).await;
    let request = moved.request(reqwest::Method::POST, "/v1/recovery/verify").header("accept-language", "es");
    stage.send(request.json(&json!({"code": app.recovery_codes[0]}))).await.expect(200);
    for address in [ADA, "ada@new.example"] {
        let emails = stage.emails_to(address).await;
        assert_eq!(emails.last().unwrap()["subject"], "Local App: se ha usado un código de recuperación");
    }
    // Two spellings of one address get one notice.
    let same = stage.user_with(json!({"sub": "ada", "email": "Ada@Example.com"})).await;
    let told = stage.emails_to(ADA).await.len();
    same.redeem(&app.recovery_codes[1]).await.expect(200);
    assert_eq!((stage.emails_to(ADA).await.len(), stage.emails_to("Ada@Example.com").await.len()), (told, 1));
    // An unverified address gets no notice. The recovery address does.
    let unverified = stage.user_with(json!({"sub": "ada", "email": "eve@evil.example", "email_verified": false})).await;
    unverified.redeem(&app.recovery_codes[2]).await.expect(200);
    assert_eq!((stage.emails_to(ADA).await.len(), stage.emails_to("eve@evil.example").await.len()), (told + 1, 0));
    // Both addresses get the notices of a lock and of a new app. The latter is the last one to the old address.
    let almost = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET failures = :last, tried_at = :ago",
        "ExpressionAttributeValues": {":last": {"N": "49"}, ":ago": {"N": "0"}},
    });
    stage.dynamodb("UpdateItem", almost).await;
    moved.verify(&app.id, &app.app.wrong_code(stage.now().await)).await.refused(422, "code-rejected");
    let assertion = moved.redeem(&app.recovery_codes[3]).await.expect(200)["assertion"].clone();
    moved.enroll_another(assertion.as_str().unwrap()).await;
    for address in [ADA, "ada@new.example"] {
        let subjects = stage.subjects_to(address).await;
        for told in ["too many wrong codes", "an authenticator app was added"] {
            assert!(subjects.iter().skip(1).any(|subject| subject == told), "{address}: {subjects:?}");
        }
    }
}

/// RFC 3834: these headers keep mailboxes from sending automatic replies to each notice.
#[tokio::test(flavor = "multi_thread")]
async fn every_email_says_that_nobody_wrote_it() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    ada.enroll().await;
    ada.email().await.expect(202);
    let emails = stage.emails_to(ADA).await;
    assert_eq!(emails.len(), 2, "a notice, and a code");
    for email in emails {
        let headers = json!({"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"});
        assert_eq!(email["headers"], headers);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_or_slow_notice_stops_nothing() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    stage.fault("ses", "SendEmail", "hang", 1).await;
    let code = app.code(stage.now().await);
    let activated = ada.activate(&id, &code);
    let activated =
        tokio::time::timeout(Duration::from_secs(30), activated).await.expect("an answer, long before the minute");
    let request = activated.request.clone();
    let activated = activated.expect(200);
    let (codes, assertion) = (&activated["recovery_codes"], activated["assertion"].as_str().unwrap());
    assert!(logs::of(&request).iter().any(|line| line["message"] == "a notice may not have been sent"));

    for (index, kind) in ["throttle", "error", "refuse", "drop_before", "drop_after"].iter().enumerate() {
        stage.fault("ses", "SendEmail", kind, 10).await;
        ada.redeem(codes[index].as_str().unwrap()).await.expect(200);
        stage.clear_faults().await;
    }
    // A recovery address that can't be decrypted stops nothing either.
    stage.fault("kms", "Decrypt", "refuse", 10).await;
    ada.redeem(codes[5].as_str().unwrap()).await.expect(200);
    ada.remove(assertion, &id).await.expect(200);
    assert_eq!(stage.subjects_to(ADA).await.last().unwrap(), "an authenticator app was removed");
}
