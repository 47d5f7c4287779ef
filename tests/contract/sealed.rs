//! A ciphertext opens only for the user, the item and the purpose that it was sealed for.

use serde_json::{Value, json};

use crate::{
    contract::events::by_sample,
    logs,
    stage::{Enrolled, Stage, User, account_key},
};

/// Replaces the ciphertext of a factor with another one.
async fn move_secret(stage: &Stage, sealed: Value, sub: &str, id: &str) {
    let ask = json!({
        "Key": account_key(sub),
        "UpdateExpression": "SET factors.#id.sealed = :sealed",
        "ExpressionAttributeNames": {"#id": id},
        "ExpressionAttributeValues": {":sealed": sealed},
    });
    stage.dynamodb("UpdateItem", ask).await;
}

async fn sealed(stage: &Stage, sub: &str, id: &str) -> Value {
    stage.account(sub).await["factors"]["M"][id]["M"]["sealed"].clone()
}

/// Tries a code of the secret that was moved in. The function logs a fault and counts no wrong code.
async fn does_not_open(stage: &Stage, user: &User, sub: &str, target: &Enrolled, moved: &Enrolled) {
    let code = moved.app.code(stage.now().await);
    let reply = user.verify(&target.id, &code).await;
    reply.refused(500, "internal");
    assert_eq!(reply.body.get("detail"), None);
    let lines = logs::of(&reply.request);
    let fault = lines.iter().find(|line| line["level"] == "ERROR").expect("a fault is in the log");
    assert!(fault["fault"].as_str().unwrap().contains("could not open a sealed secret"), "{fault}");
    assert!(!lines.iter().any(|line| line["event"].is_string()), "no event: {lines:?}");
    assert_eq!(stage.account(sub).await["failures"], json!({"N": "0"}), "the attempt is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_copied_whole_to_another_user_does_not_verify() {
    let stage = Stage::new().await;
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let (_, eves) = (ada.enroll().await, eve.enroll().await);
    // The factor keeps its id, so that only the user differs.
    let ask = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET factors.#id = :factor, failures = :zero",
        "ExpressionAttributeNames": {"#id": eves.id},
        "ExpressionAttributeValues": {
            ":factor": stage.account("eve").await["factors"]["M"][&eves.id],
            ":zero": {"N": "0"},
        },
    });
    stage.dynamodb("UpdateItem", ask).await;
    does_not_open(&stage, &ada, "ada", &eves, &eves).await;
    eve.verify(&eves.id, &eves.app.code(stage.now().await)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_opens_for_its_user_item_and_purpose_and_no_other() {
    let stage = Stage::new().await;
    let enrolled = stage.user("ada").await.enroll().await;
    let blob = sealed(&stage, "ada", &enrolled.id).await["B"].clone();
    let open = async |user: &str, item: &str, purpose: &str| {
        let context = json!({"user": user, "item": item, "purpose": purpose});
        let ask = json!({"KeyId": "alias/mfa-sealing", "CiphertextBlob": blob, "EncryptionContext": context});
        stage.kms("Decrypt", ask).await
    };
    let id = enrolled.id.as_str();
    open("ada", id, "totp").await.expect(200);
    for (user, item, purpose) in
        [("eve", id, "totp"), ("ada", "01M86NP37KVJYCH5C44V5B7J55", "totp"), ("ada", id, "phone")]
    {
        assert_eq!(open(user, item, purpose).await.expect(400)["__type"], "InvalidCiphertextException");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_copied_to_another_factor_does_not_verify() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let first = ada.enroll().await;
    let verified = ada.verify(&first.id, &first.app.code(stage.now().await)).await.expect(200);
    let assertion = verified["assertion"].as_str().unwrap();
    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let second = ada.finish(&begun).await;
    move_secret(&stage, sealed(&stage, "ada", &first.id).await, "ada", &second.id).await;
    does_not_open(&stage, &ada, "ada", &second, &first).await;
    // The factor that was not changed still works.
    ada.verify(&first.id, &first.app.code(stage.now().await)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_copied_to_another_phone_is_texted_by_nobody() {
    let stage = Stage::new().await;
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let (hers, theirs) = (ada.enroll_phone("+14155550123").await, eve.enroll_phone("+14155550199").await);
    let before = stage.texts().await.len();
    // Eve tries to have Ada's codes sent to her own phone.
    move_secret(&stage, sealed(&stage, "eve", &theirs).await, "ada", &hers).await;
    let reply = ada.text(&hers).await;
    reply.refused(500, "internal");
    assert_eq!(stage.texts().await.len(), before);
    let account = stage.account("ada").await;
    assert_eq!(account["factors"]["M"][&hers]["M"]["code"], Value::Null, "no code is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_holds_no_secret_and_no_code() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let begun = ada.post("/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let enrolled = ada.finish(&begun).await;
    let code = enrolled.app.code(stage.now().await);
    let assertion = ada.verify(&enrolled.id, &code).await.expect(200)["assertion"].clone();
    let dump = stage.dynamodb("Scan", json!({})).await.to_string();
    assert!(dump.contains(&enrolled.id), "the dump is of this table");
    let base32 = begun["totp"]["secret"].as_str().unwrap();
    let secret = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
    let mut forbidden = vec![
        base32.to_owned(),
        data_encoding::HEXLOWER.encode(&secret),
        data_encoding::BASE64.encode(&secret),
        data_encoding::BASE64_NOPAD.encode(&secret),
        "ada@example.com".to_owned(),
        assertion.as_str().unwrap().to_owned(),
    ];
    for code in &enrolled.recovery_codes {
        forbidden.extend([code.clone(), code.replace('-', "")]);
    }
    for text in forbidden {
        assert!(!dump.to_lowercase().contains(&text.to_lowercase()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_alone_verifies_nothing_and_writes_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let enrolled = stage.user("ada").await.enroll().await;
    let phone = stage.user("bob").await.enroll_phone("+14155550123").await;
    // A sent code belongs to a login token. The samples have the same one before and after the keys change.
    by_sample(&stage, "recovery/email.json", "ada", None, None).await.expect(202);
    by_sample(&stage, "send-sms/text.json", "bob", Some(&phone), None).await.expect(202);
    let (emailed, texted) = (stage.emailed_to("ada@example.com").await, stage.code_to("+14155550123").await);
    stage.stop().await;

    // The same table, with new keys.
    std::fs::remove_file(folder.path().join("keys.json")).unwrap();
    let stage = Stage::on(folder.path()).await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let code = enrolled.app.code(stage.advance(60).await);
    ada.verify(&enrolled.id, &code).await.refused(500, "internal");
    by_sample(&stage, "verify/verify.json", "bob", Some(&phone), Some(&texted)).await.refused(422, "code-rejected");
    for code in [&emailed, &enrolled.recovery_codes[0]] {
        by_sample(&stage, "recovery/redeem.json", "ada", None, Some(code)).await.refused(422, "code-rejected");
    }
    bob.text(&phone).await.refused(500, "internal");
    ada.email().await.refused(500, "internal");
    assert_eq!((stage.texts().await.len(), stage.emails_to("ada@example.com").await.len()), (0, 0));
}
