//! A user enrolls a phone, and logs in with a texted code.

use std::collections::BTreeSet;

use data_encoding::{BASE64, BASE64_NOPAD};
use serde_json::json;

use crate::{
    logs,
    stage::{Stage, account_key, at_once, claims, exactly_one, texted_code},
};

const PHONE: &str = "+14155550123";

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_enrolled_and_logs_in_by_text() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let ask = json!({"kind": "sms", "phone": "+1 (415) 555-0123", "name": "My phone"});
    let begun = ada.post("/v1/factors", ask).await.expect(201);
    assert_eq!(begun["sms"], json!({"phone_hint": "+1 ••• ••• 0123"}));
    assert_eq!(
        (&begun["kind"], &begun["status"], &begun["name"]),
        (&json!("sms"), &json!("pending"), &json!("My phone"))
    );
    let id = begun["id"].as_str().unwrap();
    assert!(stage.texts().await.is_empty(), "beginning a phone sends no text");
    ada.activate(id, "123456").await.refused(422, "code-expired");

    let sent = ada.text(id).await.expect(202);
    assert_eq!(sent, json!({"to_hint": "+1 ••• ••• 0123", "expires_at": begun["expires_at"], "resend_after": 30}));
    let texts = stage.texts_to(PHONE).await;
    let code = stage.code_to(PHONE).await;
    let words = format!(
        "Local App: your code is {code}. It expires in 10 min. Do not share it with anyone.\n\n@app.example.com #{code}"
    );
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0]["body"], words);
    assert_eq!(texts[0]["attributes"], json!({"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.MaxPrice": "0.05"}));
    assert_eq!(ada.login().await["decision"], "allow", "a pending phone counts for nothing");

    let activated = ada.activate(id, &format!("{} {}", &code[..3], &code[3..])).await.expect(200);
    assert_eq!(activated["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(
        (&activated["factor"]["kind"], &activated["factor"]["phone_hint"]),
        (&json!("sms"), &json!("+1 ••• ••• 0123"))
    );

    let login = ada.login().await;
    assert_eq!(
        (&login["decision"], &login["factors"][0]["phone_hint"]),
        (&json!("challenge"), &json!("+1 ••• ••• 0123"))
    );
    ada.verify(id, &code).await.refused(422, "code-expired");
    ada.text(id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    let verified = ada.verify(id, &code).await.expect(200);
    assert_eq!(claims(&verified)["amr"], json!(["sms", "mfa"]));
    assert_eq!(claims(&verified)["mfa"], "passed");
    ada.verify(id, &code).await.refused(422, "code-expired");
    assert_eq!(stage.account("ada").await["failures"]["N"], "0", "a code that no longer exists is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_and_a_phone_have_codes_of_their_own() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let app = ada.enroll().await;
    ada.post("/v1/factors", json!({"kind": "sms", "phone": PHONE})).await.refused(403, "assertion-required");
    let assertion = ada.prove(&app).await;
    let begun = ada.post_with(&assertion, "/v1/factors", json!({"kind": "sms", "phone": PHONE})).await.expect(201);
    let phone = begun["id"].as_str().unwrap();
    ada.text(phone).await.expect(202);
    let activated = ada.activate(phone, &stage.code_to(PHONE).await).await.expect(200);
    assert_eq!(activated["recovery_codes"], json!(null), "recovery codes come with the first factor");

    // The last used factor comes first.
    let kinds = |login: &serde_json::Value| {
        login["factors"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&ada.login().await), ["sms", "totp"]);
    stage.advance(30).await;
    ada.text(phone).await.expect(202);
    let texted = stage.code_to(PHONE).await;
    ada.verify(&app.id, &texted).await.refused(422, "code-rejected");
    ada.verify(phone, &app.app.code(stage.now().await)).await.refused(422, "code-rejected");
    ada.prove(&app).await;
    assert_eq!(kinds(&ada.login().await), ["totp", "sms"]);
    ada.verify(phone, &texted).await.expect(200);
    ada.text(&app.id).await.refused(409, "factor-not-sms");

    // A user may have two phones. Apps do not count.
    for (index, expected) in [(1, 201), (2, 409)] {
        let assertion = ada.prove(&app).await;
        let number = format!("+1415555014{index}");
        let reply = ada.post_with(&assertion, "/v1/factors", json!({"kind": "sms", "phone": number})).await;
        assert_eq!(reply.status, expected, "{reply:?}");
        if expected == 201 {
            let id = reply.body["id"].as_str().unwrap();
            ada.text(id).await.expect(202);
            ada.activate(id, &stage.code_to(&number).await).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_texted_code_is_resent_while_it_is_good() {
    let stage = Stage::with_settings(&[("MFA_TEXT_LIMITS", "user-10m=20")]).await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    let first = ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    for (wait, next) in [(30, 60), (60, 120), (120, 300)] {
        stage.advance(wait - 1).await;
        let refused = ada.text(&id).await;
        assert_eq!(
            (&refused.refused(429, "too-many-texts").body["limit"], refused.header("retry-after")),
            (&json!("factor"), "1")
        );
        stage.advance(1).await;
        let again = ada.text(&id).await.expect(202);
        assert_eq!(
            again,
            json!({"to_hint": first["to_hint"], "expires_at": first["expires_at"], "resend_after": next})
        );
        assert_eq!(stage.code_to(PHONE).await, code);
    }
    // The code expires in 6 min 30 s. The text says 6 min.
    assert!(stage.texts_to(PHONE).await.last().unwrap()["body"].as_str().unwrap().contains("expires in 6 min."));

    // 5 min later, only 1 min 30 s are left. So there is a new code, and the waits start over.
    stage.advance(300).await;
    let renewed = ada.text(&id).await.expect(202);
    let new = stage.code_to(PHONE).await;
    assert_ne!(new, code);
    assert_eq!(renewed["resend_after"], 30);
    assert_ne!(renewed["expires_at"], first["expires_at"]);
    ada.verify(&id, &code).await.refused(422, "code-rejected");
    ada.verify(&id, &new).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_expires_after_ten_minutes_and_a_new_one_follows() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    stage.advance(599).await;
    ada.verify(&id, &wrong(&code)).await.refused(422, "code-rejected");
    stage.advance(1).await;
    ada.verify(&id, &code).await.refused(422, "code-expired");
    assert_eq!(stage.account("ada").await["failures"]["N"], "1", "only the code that was compared is counted");
    ada.text(&id).await.expect(202);
    let new = stage.code_to(PHONE).await;
    assert_ne!(new, code);
    ada.verify(&id, &new).await.expect(200);
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_text_verified_sixty_times_at_once_makes_one_assertion() {
    for round in 0..5 {
        let stage = Stage::new().await;
        let ada = stage.user("ada").await;
        let id = ada.enroll_phone(PHONE).await;
        ada.text(&id).await.expect(202);
        let code = stage.code_to(PHONE).await;
        let attempts = vec![(ada.clone(), id, code); 60].into_iter();
        let replies = at_once(attempts.map(|(ada, id, code)| async move { ada.verify(&id, &code).await })).await;
        let others = exactly_one(&replies);
        assert!(
            others.is_subset(&BTreeSet::from(["code-used", "code-expired", "too-many-attempts"])),
            "round {round}: {others:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_texted_code_replaced_meanwhile_is_wrong() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    // The attempt is counted, and then waits for KMS while another code is sent.
    stage.fault("kms", "GenerateMac", "late", 1).await;
    let called = stage.called("GenerateMac").await;
    let verify = tokio::spawn({
        let (ada, id) = (ada.clone(), id.clone());
        async move { ada.verify(&id, &code).await }
    });
    stage.until_called("GenerateMac", called + 1).await;
    let ask = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET factors.#id.code.nonce = :newer",
        "ExpressionAttributeNames": {"#id": id},
        "ExpressionAttributeValues": {":newer": {"B": BASE64.encode(&[7; 16])}},
    });
    stage.dynamodb("UpdateItem", ask).await;
    let late = verify.await.unwrap();
    assert_eq!(late.refused(422, "code-rejected").body["attempts_left"], 4);
    assert!(logs::of(&late.request).iter().any(|line| line["event"] == "verification.rejected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_does_not_reset_the_guesses_at_a_texted_code() {
    let stage = Stage::with_settings(&[("MFA_TEXT_LIMITS", "user-10m=20")]).await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    for left in (0..5).rev() {
        stage.advance(300).await;
        ada.text(&id).await.expect(202);
        let rejected = ada.verify(&id, &wrong(&stage.code_to(PHONE).await)).await;
        assert_eq!(rejected.refused(422, "code-rejected").body["attempts_left"], left);
    }
    ada.verify(&id, &stage.code_to(PHONE).await).await.refused(429, "too-many-attempts");
    stage.advance(30).await;
    ada.verify(&id, &stage.code_to(PHONE).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_locked_is_not_texted() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let activated = ada.activate(&id, &stage.code_to(PHONE).await).await.expect(200);
    let recovery_code = activated["recovery_codes"][0].as_str().unwrap().to_owned();
    let locked = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET failures = :cap",
        "ExpressionAttributeValues": {":cap": {"N": "50"}},
    });
    stage.dynamodb("UpdateItem", locked.clone()).await;
    ada.text(&id).await.refused(423, "locked");
    assert_eq!(stage.texts().await.len(), 1, "the text of the enrollment");
    // A pending phone is texted, because its wrong codes have a count of their own.
    let assertion = ada.redeem(&recovery_code).await.expect(200)["assertion"].clone();
    let begun = ada
        .post_with(assertion.as_str().unwrap(), "/v1/factors", json!({"kind": "sms", "phone": "+14155550199"}))
        .await;
    stage.dynamodb("UpdateItem", locked).await;
    ada.text(begun.body["id"].as_str().unwrap()).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_come_from_the_number_of_the_phones_country() {
    const REGIONS: (&str, &str) = ("MFA_TEXT_REGIONS", "US,CA,PR,GU");
    let phones = [(PHONE, "us"), ("+15142345678", "ca"), ("+17872345678", "us"), ("+16713001234", "us")];
    for (us, ca) in [("+14155550100", "+15145550100"), ("24273", "612345"), ("", "")] {
        let numbers = if us.is_empty() { String::new() } else { format!("US={us},CA={ca}") };
        let settings = [("MFA_TEXT_ORIGINATION_NUMBERS", numbers.as_str()), ("MFA_TEXT_MAX_PRICE", "0.02"), REGIONS];
        let stage = Stage::with_settings(&settings).await;
        for (index, (phone, country)) in phones.into_iter().enumerate() {
            stage.user(&format!("user-{index}")).await.enroll_phone(phone).await;
            let text = stage.texts_to(phone).await.remove(0);
            let attributes = &text["attributes"];
            let number = attributes.get("AWS.MM.SMS.OriginationNumber").and_then(|number| number.as_str());
            assert_eq!(number.unwrap_or_default(), if country == "us" { us } else { ca }, "{phone}");
            assert_eq!(attributes["AWS.SNS.SMS.MaxPrice"], "0.02");
        }
    }
    // A phone that was begun before its country left the settings is still texted. SNS chooses the number.
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let id = stage.user("ada").await.begin_phone("+15142345678").await;
    stage.stop().await;
    let set = [("MFA_TEXT_REGIONS", "US"), ("MFA_TEXT_ORIGINATION_NUMBERS", "US=+14155550100")];
    let stage = Stage::on_with(folder.path(), &set).await;
    stage.user("ada").await.text(&id).await.expect(202);
    assert_eq!(stage.texts().await[0]["attributes"].get("AWS.MM.SMS.OriginationNumber"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_phone_is_texted_while_there_is_time_to_type() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    for left in (0..5).rev() {
        let rejected = ada.activate(&id, &wrong(&code)).await;
        assert_eq!(rejected.refused(422, "code-rejected").body["attempts_left"], left);
    }
    ada.activate(&id, &code).await.refused(410, "enrollment-expired");
    stage.advance(30).await;
    ada.text(&id).await.refused(410, "enrollment-expired");

    // In the last 5 minutes of a pending phone, every text has a new code.
    let id = ada.begin_phone(PHONE).await;
    stage.advance(400).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    stage.advance(140).await;
    let sent = ada.text(&id).await.expect(202);
    assert!(stage.texts_to(PHONE).await.last().unwrap()["body"].as_str().unwrap().contains("expires in 1 min."));
    assert_eq!(sent["resend_after"], 30);
    assert_ne!(stage.code_to(PHONE).await, code);
    stage.advance(30).await;
    ada.text(&id).await.refused(410, "enrollment-expired");
    ada.activate(&id, &stage.code_to(PHONE).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_phone_is_not_found_and_sso_begins_none() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    let eve = stage.user("eve").await;
    eve.text(&id).await.refused(404, "factor-not-found");
    eve.text("nonsense").await.refused(404, "factor-not-found");
    assert_eq!(stage.texts().await.len(), 1, "the text of the enrollment");

    let begun = eve.begin_phone("+14155550199").await;
    let by_sso = stage.user_with(json!({"sub": "eve", "sso": true})).await;
    by_sso.post("/v1/factors", json!({"kind": "sms", "phone": PHONE})).await.refused(403, "sso-user");
    by_sso.text(&begun).await.refused(403, "sso-user");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_is_in_the_language_that_the_client_asks_for() {
    let stage = Stage::with_settings(&[("MFA_APP_NAME", "Café [Münch] ✓")]).await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(PHONE).await;
    for (languages, words) in [
        ("fr-CA, en;q=0.8", "Café (Münch) : votre code est "),
        ("es-MX,es;q=0.9", "Café (Münch): tu clave es "),
        ("de", "Café (Münch): your code is "),
    ] {
        let request = ada.request(reqwest::Method::POST, &format!("/v1/factors/{id}/texts"));
        stage.send(request.header("accept-language", languages)).await.expect(202);
        let texts = stage.texts_to(PHONE).await;
        let text = texts.last().unwrap();
        assert!(text["body"].as_str().unwrap().starts_with(words), "{text}");
        texted_code(text);
        stage.advance(120).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_the_table_holds_no_phone_number_and_no_code() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let bob = stage.user("bob").await;
    let pending = bob.begin_phone("+14165550188").await;
    bob.text(&pending).await.expect(202);

    let dump = stage.dump().await;
    let holds = |text: &str| dump.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    for kept in ["USER#ada", "TEXTS#", "TEXTS#all#", "nonce", "•••"] {
        assert!(holds(kept), "{kept}");
    }
    for number in [PHONE, "+14165550188"] {
        for part in [number, &number[1..], &number[2..], &number[2..8]] {
            assert!(!holds(part) && !holds(BASE64_NOPAD.encode(part.as_bytes()).as_str()), "{part}");
        }
    }
    // Six digits inside of a longer number, such as a time, are not a code.
    let alone = |code: &str| {
        let ends = |byte: u8| !byte.is_ascii_digit();
        dump.windows(8).any(|bytes| ends(bytes[0]) && bytes[1..7] == *code.as_bytes() && ends(bytes[7]))
    };
    for text in stage.texts().await {
        assert!(!alone(&texted_code(&text)), "{text}");
    }
    assert!(!holds("127.0.0.1"), "a client's address");
}
