//! A sent code is valid only for the login that asked for it. A thief who reads it over a shoulder can't use it.

use serde_json::{Value, json};

use crate::stage::{Stage, User, account_key, texted_code};

const ADA: &str = "ada@example.com";
const NUMBER: &str = "+14155550123";

/// Another login of Ada, whose token expires in `seconds`.
async fn login_for(stage: &Stage, seconds: u64) -> User {
    stage.user_with(json!({"sub": "ada", "expires_in": seconds})).await
}

/// Makes the stored code at this path look like one of an earlier version, which was not bound to a login.
async fn from_before(stage: &Stage, path: &str, names: Value) {
    let mut ask = json!({"Key": account_key("ada"), "UpdateExpression": format!("REMOVE {path}.by_login")});
    if !names.is_null() {
        ask["ExpressionAttributeNames"] = names;
    }
    stage.dynamodb("UpdateItem", ask).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_texted_code_logs_in_nobody_but_who_asked() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(NUMBER).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(NUMBER).await;
    let thief = stage.user("ada").await;
    thief.verify(&id, &code).await.refused(422, "code-rejected");
    ada.verify(&id, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emailed_code_is_redeemed_by_nobody_but_who_asked() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    ada.enroll().await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    let thief = stage.user("ada").await;
    thief.redeem(&code).await.refused(422, "code-rejected");
    ada.redeem(&code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_activated_by_nobody_but_who_asked_for_the_code() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(NUMBER).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(NUMBER).await;
    // A renewed token is another login, so it needs another code.
    let renewed = stage.user("ada").await;
    renewed.activate(&id, &code).await.refused(422, "code-rejected");
    stage.advance(30).await;
    renewed.text(&id).await.expect(202);
    renewed.activate(&id, &stage.code_to(NUMBER).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_login_has_a_code_of_its_own_and_using_one_ends_them_all() {
    let stage = Stage::new().await;
    let (ada, other) = (stage.user("ada").await, stage.user("ada").await);
    let id = ada.enroll_phone(NUMBER).await;
    ada.text(&id).await.expect(202);
    let first = stage.code_to(NUMBER).await;
    stage.advance(30).await;
    other.text(&id).await.expect(202);
    let second = stage.code_to(NUMBER).await;
    stage.advance(60).await;
    ada.text(&id).await.expect(202);
    assert_eq!(stage.code_to(NUMBER).await, first, "the same login is sent the same code again");
    // Both codes are equal by chance in one of a million runs.
    if first != second {
        other.verify(&id, &first).await.refused(422, "code-rejected");
    }
    other.verify(&id, &second).await.expect(200);
    ada.verify(&id, &first).await.refused(422, "code-expired");

    ada.email().await.expect(202);
    let first = stage.emailed_to(ADA).await;
    stage.advance(60).await;
    other.email().await.expect(202);
    let second = stage.emailed_to(ADA).await;
    assert_ne!(first, second);
    ada.redeem(&second).await.refused(422, "code-rejected");
    ada.redeem(&first).await.expect(200);
    other.redeem(&second).await.refused(422, "code-expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_ends_with_its_login_and_goes_on_for_the_next_one() {
    let stage = Stage::with_settings(&[("MFA_EMAIL_LIMITS", "interval=0,hour=10,day=20")]).await;
    let id = stage.user("ada").await.enroll_phone(NUMBER).await;
    let account = async || stage.account("ada").await;
    let now = stage.now().await;
    let short = login_for(&stage, 150).await;
    let sent = short.text(&id).await.expect(202);
    assert_eq!(sent["expires_at"], "2027-01-15T08:02:30Z");
    let text = stage.texts_to(NUMBER).await.pop().unwrap();
    assert!(text["body"].as_str().unwrap().contains("2 min"), "{text}");
    assert_eq!(
        account().await["factors"]["M"][&id]["M"]["code"]["M"]["expires"]["N"],
        ((now + 600) * 1000).to_string()
    );
    let sent = short.email().await.expect(202);
    assert_eq!(sent["expires_at"], "2027-01-15T08:02:30Z");
    let email = stage.emails_to(ADA).await.pop().unwrap();
    assert!(email["text"].as_str().unwrap().contains("2 min"), "{email}");
    assert_eq!(account().await["emailed"]["M"]["expires"]["N"], ((now + 600) * 1000).to_string());
    // A user without a factor gets the same reply.
    let eve = stage.user_with(json!({"sub": "eve", "expires_in": 150})).await;
    assert_eq!(eve.email().await.expect(202)["expires_at"], "2027-01-15T08:02:30Z");

    // A longer login uses the same stored code, until that code's own expiry.
    stage.advance(200).await;
    let long = stage.user("ada").await;
    assert_eq!(long.text(&id).await.expect(202)["expires_at"], "2027-01-15T08:10:00Z");
    long.verify(&id, &texted_code(&stage.texts_to(NUMBER).await.pop().unwrap())).await.expect(200);
    assert_eq!(long.email().await.expect(202)["expires_at"], "2027-01-15T08:10:00Z");
    long.redeem(&stage.emailed_to(ADA).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_about_to_end_is_sent_nothing_and_not_counted() {
    let stage = Stage::new().await;
    let id = stage.user("ada").await.enroll_phone(NUMBER).await;
    let before = (stage.account("ada").await, stage.dump().await, stage.texts().await.len());
    let ending = login_for(&stage, 59).await;
    for reply in [ending.text(&id).await, ending.email().await] {
        reply.refused(403, "login-ends-soon");
        assert!(stage.calls_of(&reply.request).await.is_empty(), "nothing is even read");
    }
    assert_eq!((stage.account("ada").await, stage.dump().await, stage.texts().await.len()), before);
    // A token that expires in 60 s is accepted.
    let login = login_for(&stage, 60).await;
    assert_eq!(login.text(&id).await.expect(202)["expires_at"], "2027-01-15T08:01:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_from_before_login_bound_codes_is_still_checked() {
    let stage = Stage::new().await;
    let (ada, other) = (stage.user("ada").await, stage.user("ada").await);
    let id = ada.enroll_phone(NUMBER).await;
    ada.text(&id).await.expect(202);
    from_before(&stage, "factors.#id.code", json!({ "#id": id })).await;
    // Every login gets the same code.
    stage.advance(30).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(NUMBER).await;
    stage.advance(60).await;
    other.text(&id).await.expect(202);
    assert_eq!(stage.code_to(NUMBER).await, code);
    other.verify(&id, &code).await.expect(200);

    ada.email().await.expect(202);
    from_before(&stage, "emailed", Value::Null).await;
    stage.advance(60).await;
    ada.email().await.expect(202);
    other.redeem(&stage.emailed_to(ADA).await).await.expect(200);
}
