//! Which addresses get emailed codes, and attacks of thieves who want the codes sent to their own address.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::emailed_code::{ADA, DAY, HOUR, codes_to, enrolled};
use crate::{
    logs,
    stage::{Stage, account_key, at_once},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_or_unwritable_address_gets_no_code() {
    const UNVERIFIED: &str = "email-not-verified";
    const UNWRITABLE: &str = "email-not-writable";
    let stage = Stage::new().await;
    enrolled(&stage).await;
    for (email, code) in [
        (json!({"email_verified": false}), UNVERIFIED),
        (json!({"email_verified": null}), UNVERIFIED),
        (json!({"email_verified": 0}), UNVERIFIED),
        (json!({"email_verified": "no"}), UNVERIFIED),
        (json!({"email": null}), UNVERIFIED),
        (json!({"email": ""}), UNVERIFIED),
        (json!({"email": "  "}), UNVERIFIED),
        (json!({"email": "no address", "email_verified": false}), UNVERIFIED),
        (json!({"email": "ada@example.com,eve@evil.example"}), UNWRITABLE),
        (json!({"email": "Eve <ada@example.com>"}), UNWRITABLE),
        (json!({"email": "ada@example.com\r\nBcc: eve@evil.example"}), UNWRITABLE),
        (json!({"email": "\"ada\r\nBcc: eve@evil.example\"@example.com"}), UNWRITABLE),
        (json!({"email": "adä@example.com"}), UNWRITABLE),
        (json!({"email": "ada@localhost"}), UNWRITABLE),
        (json!({"email": "ada@[192.0.2.1]"}), UNWRITABLE),
        (json!({"email": "ada"}), UNWRITABLE),
    ] {
        let mut ask = json!({"sub": "ada"});
        ask.as_object_mut().unwrap().extend(email.as_object().unwrap().clone());
        let ada = stage.user_with(ask).await;
        for reply in [ada.email().await, ada.redeem("k3xq-9f2m").await, ada.post_nothing("/v1/logins").await] {
            let told = "no email can be sent to the address in a login token";
            let lines = logs::of(&reply.request);
            let told: Vec<_> = lines.iter().filter(|line| line["message"] == told).collect();
            assert_eq!(told.len(), usize::from(code == UNWRITABLE), "{email}: {lines:?}");
            assert!(told.iter().all(|line| line["level"] == "WARN" && line["user"] == "ada"));
            match reply.status {
                200 => assert_eq!(reply.body["recovery"].get("email_hint"), None, "{email}"),
                _ => _ = reply.refused(403, code),
            }
        }
    }
    assert_eq!(codes_to(&stage, ADA).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_exists_is_written_to_however_it_is_spelled() {
    let spellings = [
        (json!(" john@example.com "), json!(true), "john@example.com"),
        (json!("john@example.com\n"), json!("1"), "john@example.com"),
        (json!("john..doe@docomo.ne.jp"), json!(1), "\"john..doe\"@docomo.ne.jp"),
        (json!("john.@ezweb.ne.jp"), json!("True"), "\"john.\"@ezweb.ne.jp"),
        (json!("\"john doe\"@example.com"), json!("TRUE"), "\"john doe\"@example.com"),
        (json!("\"john@work\"@example.com"), json!("true"), "\"john@work\"@example.com"),
        (json!("\"john.doe\"@example.com"), json!(true), "john.doe@example.com"),
        (json!("john@münchen.example"), json!(true), "john@xn--mnchen-3ya.example"),
        (json!("john@例え.テスト"), json!(true), "john@xn--r8jz45g.xn--zckzah"),
    ];
    for (email, verified, written) in spellings {
        let stage = Stage::new().await;
        let john = stage.user_with(json!({"sub": "john", "email": email, "email_verified": verified})).await;
        john.enroll().await;
        assert_eq!(stage.subjects_to(written).await, ["an authenticator app was added"], "{email}");
        let hint = format!("j•••@{}", written.rsplit_once('@').unwrap().1);
        assert_eq!(john.login().await["recovery"]["email_hint"], hint);
        // It is the recovery address: another spelling of it has no hold.
        let again = stage.user_with(json!({"sub": "john", "email": written})).await;
        assert_eq!(again.email().await.expect(202)["to_hint"], hint, "{email}");
        again.redeem(&stage.emailed_to(written).await).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_reset_holds_emailed_codes_for_a_day() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    let now = stage.now().await;
    let reset = |at: Value| stage.user_with(json!({"sub": "ada", "claims": {"password_reset_at": at}}));
    for at in [now, now - DAY + 120] {
        let ada = reset(json!(at)).await;
        ada.email().await.refused(403, "email-recovery-held");
        ada.redeem(&code).await.refused(403, "email-recovery-held");
    }
    // An unreadable time of a reset is refused. A reset more than 24 hours ago holds nothing.
    reset(json!("yesterday")).await.email().await.refused(403, "claim-invalid");
    stage.advance(60).await;
    let ada = reset(json!(now - DAY)).await;
    ada.email().await.expect(202);
    ada.redeem(&stage.emailed_to(ADA).await).await.expect(200);

    let never = Stage::with_settings(&[("MFA_EMAIL_HOLD_HOURS", "0")]).await;
    enrolled(&never).await;
    let now = never.now().await;
    let ada =
        never.user_with(json!({"sub": "ada", "email": "new@example.com", "claims": {"password_reset_at": now}})).await;
    ada.email().await.expect(202);
    ada.redeem(&never.emailed_to("new@example.com").await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_waits_a_day_and_the_old_one_is_told() {
    let stage = Stage::new().await;
    enrolled(&stage).await;
    let at = async |address: &str| stage.user_with(json!({"sub": "ada", "email": address})).await;
    let moved = at("ada@new.example").await;
    let told = stage.emails_to(ADA).await.len();
    moved.email().await.refused(403, "email-recovery-held");
    let emails = stage.emails_to(ADA).await;
    assert_eq!(emails.len(), told + 1);
    let email = emails.last().unwrap();
    assert_eq!(email["subject"], "Local App: someone asked for a code at another address");
    for said in ["a•••@new.example", "24 hours after", "2027-01-16 00:00:00 (UTC)", "127.0.0.1"] {
        assert!(email["text"].as_str().unwrap().contains(said), "{said}: {email}");
    }
    // Each change to another address causes one notice, and starts the hold over.
    stage.advance(DAY - 1).await;
    at("ada@new.example").await.email().await.refused(403, "email-recovery-held");
    assert_eq!(stage.emails_to(ADA).await.len(), told + 1);
    at("ada@third.example").await.email().await.refused(403, "email-recovery-held");
    assert_eq!(stage.emails_to(ADA).await.len(), told + 2);
    stage.advance(60).await;
    at("ada@new.example").await.email().await.refused(403, "email-recovery-held");
    assert_eq!(stage.emails_to(ADA).await.len(), told + 3);
    assert!(stage.emails_to("ada@new.example").await.is_empty());

    stage.advance(DAY).await;
    let moved = at("ada@NEW.example").await;
    moved.email().await.expect(202);
    stage.advance(60).await;
    moved.email().await.expect(202);
    let code = stage.emailed_to("ada@NEW.example").await;
    // Redeeming the code makes its address the recovery address. Now the old address has a hold.
    moved.redeem(&code).await.expect(200);
    stage.advance(60).await;
    at("ada@new.example").await.email().await.expect(202);
    stage.advance(HOUR).await;
    at(ADA).await.email().await.refused(403, "email-recovery-held");
    assert_eq!(
        stage.subjects_to("ada@NEW.example").await.last().unwrap(),
        "someone asked for a code at another address"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_waited_and_was_given_up_starts_over() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    let thief = json!({"sub": "ada", "email": "thief@evil.example"});
    stage.user_with(thief.clone()).await.email().await.refused(403, "email-recovery-held");
    // The user reads the notice, restores the address, and asks for a code there.
    stage.advance(60).await;
    ada.email().await.expect(202);
    stage.advance(DAY + 1).await;
    stage.user_with(thief).await.email().await.refused(403, "email-recovery-held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_not_stored_up_for_later() {
    let stage = Stage::new().await;
    enrolled(&stage).await;
    let thief = json!({"sub": "ada", "email": "thief@evil.example"});
    stage.user_with(thief.clone()).await.email().await.refused(403, "email-recovery-held");
    // The user reads the notice, and restores the password and the address. 90 days later the thief is back.
    let told = stage.emails_to(ADA).await.len();
    stage.advance(90 * DAY).await;
    stage.user_with(thief.clone()).await.email().await.refused(403, "email-recovery-held");
    assert_eq!(stage.emails_to(ADA).await.len(), told + 1, "the user gets another notice");
    stage.advance(DAY - 1).await;
    stage.user_with(thief).await.email().await.refused(403, "email-recovery-held");
    assert!(stage.emails_to("thief@evil.example").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_mailbox_that_was_not_told() {
    let stage = Stage::new().await;
    enrolled(&stage).await;
    let moved = json!({"sub": "ada", "email": "ada@new.example"});
    for kind in ["throttle", "error", "drop_before", "refuse"] {
        let told = stage.emails_to(ADA).await.len();
        stage.fault("ses", "SendEmail", kind, 1).await;
        stage.user_with(moved.clone()).await.email().await.refused(403, "email-recovery-held");
        stage.advance(DAY).await;
        assert_eq!(stage.emails_to(ADA).await.len(), told, "{kind}");
        // The hold did not begin, because the notice was not sent.
        stage.user_with(moved.clone()).await.email().await.refused(403, "email-recovery-held");
        assert_eq!(stage.emails_to(ADA).await.len(), told + 1, "{kind}");
        stage.advance(3 * DAY).await;
    }
    assert!(stage.emails_to("ada@new.example").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kept_address_is_not_flooded_with_warnings() {
    let stage = Stage::new().await;
    enrolled(&stage).await;
    let told = stage.emails_to(ADA).await.len();
    let mut thieves = Vec::new();
    for index in 0..50 {
        thieves
            .push(stage.user_with(json!({"sub": "ada", "email": format!("thief-{}@evil.example", index % 5)})).await);
    }
    for _ in 0..3 {
        let replies = at_once(thieves.clone().into_iter().map(|thief| async move { thief.email().await })).await;
        assert!(replies.iter().all(|reply| reply.code() == "email-recovery-held"), "{replies:?}");
    }
    assert_eq!(stage.emails_to(ADA).await.len(), told + 1);
    for _ in 0..20 {
        stage.advance(61).await;
        for thief in &thieves[..3] {
            thief.email().await.refused(403, "email-recovery-held");
        }
    }
    assert_eq!(stage.emails_to(ADA).await.len(), told + 3, "three an hour, with what else is emailed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_ends_a_code_to_the_former_address() {
    let stage = Stage::new().await;
    let (ada, first) = enrolled(&stage).await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    let moved = stage.user_with(json!({"sub": "ada", "email": "ada@new.example"})).await;
    let assertion = moved.prove(&first).await;
    moved.enroll_another(&assertion).await;
    ada.redeem(&code).await.refused(422, "code-expired");
    stage.advance(60).await;
    moved.email().await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_warning_begins_no_wait() {
    let stage = Stage::new().await;
    enrolled(&stage).await;
    for (update, values) in [
        ("SET contact.sealed = :other", json!({":other": {"B": BASE64.encode(&[7; 16])}})),
        ("SET emails.id = :other", json!({":other": {"S": "another"}})),
    ] {
        let moved = stage.user_with(json!({"sub": "ada", "email": "ada@new.example"})).await;
        let kept = stage.account("ada").await["contact"].clone();
        stage.fault("ses", "SendEmail", "late", 1).await;
        let called = stage.called("SendEmail").await;
        let asked = tokio::spawn(async move { moved.email().await });
        stage.until_called("SendEmail", called + 1).await;
        let ask = json!({"Key": account_key("ada"), "UpdateExpression": update, "ExpressionAttributeValues": values});
        stage.dynamodb("UpdateItem", ask).await;
        asked.await.unwrap().refused(403, "email-recovery-held");
        assert_eq!(stage.account("ada").await["contact"]["M"].get("changed"), None, "{update}");
        let restored = json!({
            "Key": account_key("ada"), "UpdateExpression": "SET contact = :kept", "ExpressionAttributeValues": {":kept": kept},
        });
        stage.dynamodb("UpdateItem", restored).await;
        stage.advance(DAY).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_sent_to_one_address_is_wrong_at_another() {
    let stage = Stage::with_settings(&[("MFA_EMAIL_HOLD_HOURS", "0")]).await;
    let (ada, _) = enrolled(&stage).await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    let moved = stage.user_with(json!({"sub": "ada", "email": "ada@new.example"})).await;
    moved.redeem(&code).await.refused(422, "code-rejected");
    stage.user("eve").await.redeem(&code).await.refused(422, "code-rejected");
    ada.redeem(&code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_keeps_the_address_that_its_token_has() {
    let stage = Stage::new().await;
    let (_, first) = enrolled(&stage).await;
    let moved = stage.user_with(json!({"sub": "ada", "email": "ada@new.example"})).await;
    let assertion = moved.prove(&first).await;
    moved.enroll_another(&assertion).await;
    moved.email().await.expect(202);
    stage.user("ada").await.email().await.refused(403, "email-recovery-held");

    // A user who enrolled without a verified address has no recovery address.
    let bob = stage.user_with(json!({"sub": "bob", "email_verified": false})).await;
    let enrolled = bob.enroll().await;
    let bob = stage.user("bob").await;
    bob.email().await.refused(403, "email-recovery-held");
    stage.advance(3 * DAY).await;
    let bob = stage.user("bob").await;
    bob.email().await.refused(403, "email-recovery-held");
    let assertion = bob.prove(&enrolled).await;
    bob.enroll_another(&assertion).await;
    bob.email().await.expect(202);
}
