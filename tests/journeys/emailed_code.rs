//! A user without a device and recovery codes logs in with an emailed code.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::{
    logs,
    stage::{Enrolled, Stage, User, account_key, at_once, claims, emailed_code, exactly_one, scanned},
};

pub(super) const ADA: &str = "ada@example.com";
pub(super) const HOUR: u64 = 3600;
pub(super) const DAY: u64 = 24 * HOUR;

/// The number of emails with a code to an address.
pub(super) async fn codes_to(stage: &Stage, address: &str) -> usize {
    stage.emails_to(address).await.iter().filter(|email| emailed_code(email).is_some()).count()
}

/// Ada with an authenticator app, on the day after her enrollment.
pub(super) async fn enrolled(stage: &Stage) -> (User, Enrolled) {
    let enrolled = stage.user("ada").await.enroll().await;
    let now = stage.now().await;
    stage.advance(DAY - now % DAY).await;
    (stage.user("ada").await, enrolled)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emailed_code_leads_to_a_new_phone() {
    let stage = Stage::new().await;
    let (ada, lost) = enrolled(&stage).await;
    assert_eq!(ada.login().await["recovery"]["email_hint"], "a•••@example.com");
    let sent = ada.email().await.expect(202);
    let expires = json!({"to_hint": "a•••@example.com", "expires_at": "2027-01-16T00:10:00Z", "resend_after": 60});
    assert_eq!(sent, expires);
    let emails = stage.emails_to(ADA).await;
    let email = emails.last().unwrap();
    assert_eq!(
        (&email["from"], &email["subject"]),
        (&json!("Local App <security@app.example.com>"), &json!("Local App: your verification code"))
    );
    let code = stage.emailed_to(ADA).await;
    assert!(
        email["html"].as_str().unwrap().contains(&code)
            && email["text"].as_str().unwrap().contains("expires in 10 min.")
    );

    let redeemed = ada.redeem(&code.to_uppercase().replace('-', " ")).await.expect(200);
    assert_eq!(redeemed["recovery"], json!({"codes_left": 10, "low": false}));
    assert_eq!((&claims(&redeemed)["mfa"], &claims(&redeemed)["amr"]), (&json!("passed"), &json!(["email"])));
    ada.redeem(&code).await.refused(422, "code-expired");

    let assertion = redeemed["assertion"].as_str().unwrap();
    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let (id, app) = scanned(&begun);
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    // She can remove the lost factor only after 24 hours, because the mailbox may be a thief's.
    ada.remove(activated["assertion"].as_str().unwrap(), &lost.id).await.refused(403, "factor-too-new");
    stage.advance(DAY).await;
    let ada = stage.user("ada").await;
    let assertion = ada.prove(&Enrolled { id, app, recovery_codes: Vec::new() }).await;
    ada.remove(&assertion, &lost.id).await.expect(200);
    assert_eq!(ada.login().await["factors"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emailed_code_is_resent_while_it_is_good() {
    let stage = Stage::with_settings(&[("MFA_EMAIL_LIMITS", "interval=50,hour=10,day=20")]).await;
    let (ada, _) = enrolled(&stage).await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    stage.advance(49).await;
    assert_eq!(ada.email().await.refused(429, "too-many-emails").header("retry-after"), "1");
    stage.advance(1).await;
    ada.email().await.expect(202);
    assert_eq!(stage.emailed_to(ADA).await, code);
    stage.advance(251).await;
    ada.email().await.expect(202);
    let second = stage.emailed_to(ADA).await;
    assert_ne!(second, code, "only 4 min 59 s are left of the first code");
    ada.redeem(&code).await.refused(422, "code-rejected");

    for left in (0..4).rev() {
        assert_eq!(ada.redeem("0000-0000").await.refused(422, "code-rejected").body["attempts_left"], left);
    }
    ada.redeem(&second).await.refused(422, "code-expired");
    stage.advance(60).await;
    ada.email().await.expect(202);
    let third = stage.emailed_to(ADA).await;
    assert_ne!(third, second);
    stage.advance(600).await;
    ada.redeem(&third).await.refused(422, "code-expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_gets_three_emails_an_hour_and_five_a_day() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    let before = codes_to(&stage, ADA).await;
    let asks = vec![ada.clone(); 50].into_iter().map(|ada| async move { ada.email().await });
    let replies = at_once(asks).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 202).count(), 1);
    assert!(replies.iter().all(|reply| reply.status == 202 || reply.code() == "too-many-emails"));
    // The same if the code is sent again.
    stage.advance(60).await;
    let asks = vec![ada.clone(); 50].into_iter().map(|ada| async move { ada.email().await });
    assert_eq!(at_once(asks).await.iter().filter(|reply| reply.status == 202).count(), 1);
    stage.advance(60).await;
    ada.email().await.expect(202);
    stage.advance(60).await;
    let refused = ada.email().await;
    assert_eq!(refused.refused(429, "too-many-emails").header("retry-after"), (HOUR - 180).to_string());
    stage.advance(HOUR - 180).await;
    for _ in 0..2 {
        ada.email().await.expect(202);
        stage.advance(60).await;
    }
    assert_eq!(ada.email().await.refused(429, "too-many-emails").header("retry-after"), (DAY - HOUR - 120).to_string());
    assert_eq!(codes_to(&stage, ADA).await, before + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_emailed_code_sixty_times_at_once_is_one_assertion() {
    for round in 0..5 {
        let stage = Stage::new().await;
        let (ada, _) = enrolled(&stage).await;
        ada.email().await.expect(202);
        let code = stage.emailed_to(ADA).await;
        let attempts = vec![(ada.clone(), code); 60].into_iter();
        let replies = at_once(attempts.map(|(ada, code)| async move { ada.redeem(&code).await })).await;
        let others = exactly_one(&replies);
        assert!(others.is_subset(&BTreeSet::from(["code-used", "code-expired"])), "round {round}: {others:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_replaced_or_redeemed_meanwhile_is_refused() {
    let newer = json!({":newer": {"B": BASE64.encode(&[7; 16])}, ":none": {"N": "0"}});
    for (update, values, due, event) in [
        ("SET emailed.nonce = :newer, emailed.tries = :none", newer, "code-rejected", "verification.rejected"),
        ("REMOVE emailed", Value::Null, "code-used", "verification.replayed"),
        // As a reset does.
        ("SET factors = :no REMOVE emailed", json!({":no": {"M": {}}}), "code-rejected", "verification.rejected"),
    ] {
        let stage = Stage::new().await;
        let (ada, _) = enrolled(&stage).await;
        ada.email().await.expect(202);
        let code = stage.emailed_to(ADA).await;
        stage.fault("kms", "GenerateMac", "late", 1).await;
        let called = stage.called("GenerateMac").await;
        let redemption = tokio::spawn(async move { ada.redeem(&code).await });
        stage.until_called("GenerateMac", called + 1).await;
        let mut ask = json!({"Key": account_key("ada"), "UpdateExpression": update});
        if !values.is_null() {
            ask["ExpressionAttributeValues"] = values;
        }
        stage.dynamodb("UpdateItem", ask).await;
        let late = redemption.await.unwrap();
        late.refused(422, due);
        assert!(due == "code-used" || late.body["attempts_left"] == 5, "the count is of the newer code: {late:?}");
        assert!(logs::of(&late.request).iter().any(|line| line["event"] == event));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emailed_code_lifts_both_locks() {
    let stage = Stage::new().await;
    let (ada, enrolled) = enrolled(&stage).await;
    let locked = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET failures = :fifty, recovery_failures = :hundred",
        "ExpressionAttributeValues": {":fifty": {"N": "50"}, ":hundred": {"N": "100"}},
    });
    stage.dynamodb("UpdateItem", locked).await;
    ada.redeem(&enrolled.recovery_codes[0]).await.refused(423, "locked");
    ada.email().await.expect(202);
    ada.redeem(&stage.emailed_to(ADA).await).await.expect(200);
    ada.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
    ada.redeem(&enrolled.recovery_codes[0]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emailed_code_takes_five_guesses_also_at_once() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    let guesses = (0..50).map(|index| (ada.clone(), format!("0000-{index:04}")));
    let replies = at_once(guesses.map(|(ada, guess)| async move { ada.redeem(&guess).await })).await;
    let rejected = replies.iter().filter(|reply| reply.code() == "code-rejected").count();
    assert!(replies.iter().all(|reply| ["code-rejected", "code-expired"].contains(&reply.code())), "{replies:?}");
    assert_eq!(rejected, 5);
    ada.redeem(&code).await.refused(422, "code-expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_factors_gets_the_same_answer_and_no_email() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    let eve = stage.user("eve").await;
    assert_eq!(eve.login().await["recovery"].get("email_hint"), None);
    let (theirs, hers) = (eve.email().await.expect(202), ada.email().await.expect(202));
    assert_eq!((&theirs["expires_at"], &theirs["resend_after"]), (&hers["expires_at"], &hers["resend_after"]));
    assert!(stage.emails_to("eve@example.com").await.is_empty());
    assert!(stage.account("eve").await.is_null());
    // A pending factor does not count.
    eve.begin().await;
    let before = stage.account("eve").await;
    eve.email().await.expect(202);
    assert_eq!(stage.account("eve").await, before);
    assert!(stage.emails_to("eve@example.com").await.is_empty());
    eve.redeem("k3xq-9f2m").await.refused(422, "code-rejected");

    // Removing the last factor removes the emailed code.
    let code = stage.emailed_to(ADA).await;
    stage.advance(60).await;
    let second = stage.user("bob").await.enroll().await;
    let bob = stage.user("bob").await;
    bob.email().await.expect(202);
    let assertion = bob.prove(&second).await;
    bob.remove(&assertion, &second.id).await.expect(200);
    bob.redeem(&stage.emailed_to("bob@example.com").await).await.refused(422, "code-rejected");
    ada.redeem(&code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_emailed_once_the_last_factor_is_removed() {
    let stage = Stage::new().await;
    let (ada, app) = enrolled(&stage).await;
    let before = codes_to(&stage, ADA).await;
    stage.fault("dynamodb", "UpdateItem", "late", 1).await;
    let called = stage.called("UpdateItem").await;
    let asked = tokio::spawn({
        let ada = ada.clone();
        async move { ada.email().await }
    });
    stage.until_called("UpdateItem", called + 1).await;
    let removed = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET version = version + :one REMOVE factors.#id, recovery",
        "ExpressionAttributeNames": {"#id": app.id},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    });
    stage.dynamodb("UpdateItem", removed).await;
    asked.await.unwrap().expect(202);
    assert_eq!(codes_to(&stage, ADA).await, before);
    assert_eq!(stage.account("ada").await["emailed"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_guessed_out_meanwhile_is_not_resent() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    ada.email().await.expect(202);
    let first = stage.emailed_to(ADA).await;
    stage.advance(60).await;
    stage.fault("dynamodb", "UpdateItem", "late", 1).await;
    let called = stage.called("UpdateItem").await;
    let asked = tokio::spawn({
        let ada = ada.clone();
        async move { ada.email().await }
    });
    stage.until_called("UpdateItem", called + 1).await;
    set_tries(&stage, 5).await;
    asked.await.unwrap().expect(202);
    let second = stage.emailed_to(ADA).await;
    assert_ne!(second, first);
    ada.redeem(&second).await.expect(200);
}

/// Sets the count of wrong codes at the emailed code.
async fn set_tries(stage: &Stage, tries: u32) {
    let ask = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET emailed.tries = :tries",
        "ExpressionAttributeValues": {":tries": {"N": tries.to_string()}},
    });
    stage.dynamodb("UpdateItem", ask).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_not_undone_by_an_email_that_ses_refuses() {
    let stage = Stage::slow().await;
    let (ada, _) = enrolled(&stage).await;
    stage.fault("ses", "SendEmail", "refuse", 1).await;
    let asked = tokio::spawn({
        let ada = ada.clone();
        async move { ada.email().await }
    });
    stage.until_account("ada", |account| account["emailed"]["M"]["tries"]["N"] == "0").await;
    set_tries(&stage, 3).await;
    asked.await.unwrap().refused(502, "email-not-sent");
    assert_eq!(stage.account("ada").await["emailed"]["M"]["tries"]["N"], "3", "the code stays, with its count");
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_an_email_back_undoes_no_other_email_and_no_other_code() {
    for (update, values) in [
        ("SET emails.id = :other", json!({":other": {"S": "another"}})),
        ("SET emailed.nonce = :other", json!({":other": {"B": BASE64.encode(&[7; 16])}})),
    ] {
        let stage = Stage::slow().await;
        let (ada, _) = enrolled(&stage).await;
        stage.fault("ses", "SendEmail", "refuse", 1).await;
        let asked = tokio::spawn(async move { ada.email().await });
        stage.until_account("ada", |account| !account["emails"].is_null()).await;
        let ask = json!({"Key": account_key("ada"), "UpdateExpression": update, "ExpressionAttributeValues": values});
        stage.dynamodb("UpdateItem", ask).await;
        let changed = stage.account("ada").await;
        asked.await.unwrap().refused(502, "email-not-sent");
        assert_eq!(stage.account("ada").await, changed, "{update}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_whose_count_was_lost_is_counted_once() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    ada.email().await.expect(202);
    for wrong in ["0000-0000", "0000-0000-0000-0000"] {
        stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
        ada.redeem(wrong).await.refused(422, "code-rejected");
    }
    let account = stage.account("ada").await;
    assert_eq!(
        (&account["emailed"]["M"]["tries"]["N"], &account["recovery_failures"]["N"]),
        (&json!("1"), &json!("1"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchecked_guess_stays_counted_after_another_write() {
    let stage = Stage::slow().await;
    let (ada, _) = enrolled(&stage).await;
    ada.email().await.expect(202);
    stage.fault("kms", "GenerateMac", "throttle", 3).await;
    let guess = tokio::spawn({
        let ada = ada.clone();
        async move { ada.redeem("0000-0000").await }
    });
    stage.until_account("ada", |account| account["emailed"]["M"]["tries"]["N"] == "1").await;
    let other = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET emailed.tries = emailed.tries + :one, #by = :other",
        "ExpressionAttributeNames": {"#by": "by"},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":other": {"S": "another write"}},
    });
    stage.dynamodb("UpdateItem", other).await;
    guess.await.unwrap().refused(503, "temporarily-unavailable");
    assert_eq!(stage.account("ada").await["emailed"]["M"]["tries"]["N"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emailed_codes_nonce_moved_to_another_user_is_another_code() {
    let stage = Stage::new().await;
    let shared = async |sub: &str| stage.user_with(json!({"sub": sub, "email": "office@example.com"})).await;
    let (ada, eve) = (shared("ada").await, shared("eve").await);
    ada.enroll().await;
    eve.enroll().await;
    ada.email().await.expect(202);
    eve.email().await.expect(202);
    let eves = stage.emailed_to("office@example.com").await;
    let ask = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET emailed = :code",
        "ExpressionAttributeValues": {":code": stage.account("eve").await["emailed"]},
    });
    stage.dynamodb("UpdateItem", ask).await;
    ada.redeem(&eves).await.refused(422, "code-rejected");
    eve.redeem(&eves).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_refused_email_is_given_back() {
    let stage = Stage::with_settings(&[("MFA_EMAIL_LIMITS", "hour=20,day=20")]).await;
    let (ada, _) = enrolled(&stage).await;
    let account = async || {
        let mut account = stage.account("ada").await;
        account.as_object_mut().unwrap().remove("by");
        account
    };
    // The rounds: no code yet, the same code again, a new code.
    for round in 0..3 {
        stage.advance(if round == 2 { 300 } else { 0 }).await;
        let before = account().await;
        for (kind, why) in [("throttle", "429 TooManyRequestsException"), ("refuse", "400 MessageRejected")] {
            stage.fault("ses", "SendEmail", kind, 10).await;
            let reply = ada.email().await;
            reply.refused(502, "email-not-sent");
            stage.clear_faults().await;
            assert_eq!(account().await, before, "{kind} {round}");
            let lines = logs::of(&reply.request);
            let told = lines.iter().find(|line| line["message"] == "a message was refused and not sent").unwrap();
            assert_eq!(told["why"], format!("AWS answered {why}"));
        }
        ada.email().await.expect(202);
        stage.advance(60).await;
    }
    let code = stage.emailed_to(ADA).await;
    for kind in ["drop_after", "drop_before", "error"] {
        stage.fault("ses", "SendEmail", kind, 10).await;
        assert_eq!(ada.email().await.refused(503, "temporarily-unavailable").header("retry-after"), "60", "{kind}");
        stage.clear_faults().await;
        ada.email().await.refused(429, "too-many-emails");
        stage.advance(60).await;
    }
    ada.redeem(&code).await.expect(200);
    // The function does not retry. After a lost response and a refused retry, a sent email would seem unsent.
    let before = codes_to(&stage, ADA).await;
    stage.fault("ses", "SendEmail", "drop_after", 1).await;
    let lost = ada.email().await;
    lost.refused(503, "temporarily-unavailable");
    assert_eq!(codes_to(&stage, ADA).await, before + 1);
    let sends = stage.calls_of(&lost.request).await.into_iter().filter(|call| call["operation"] == "SendEmail");
    assert_eq!(sends.count(), 1);
    ada.redeem(&stage.emailed_to(ADA).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_given_back_without_kms_and_not_sent_uncounted() {
    let stage = Stage::new().await;
    let (ada, _) = enrolled(&stage).await;
    let account = stage.account("ada").await;
    let before = codes_to(&stage, ADA).await;
    for (service, operation, spare) in [
        ("dynamodb", "GetItem", 0),
        ("dynamodb", "UpdateItem", 0),
        ("kms", "GenerateMac", 0),
        ("kms", "GenerateMac", 1),
        ("kms", "Decrypt", 0),
    ] {
        for kind in ["throttle", "error", "drop_before"] {
            stage.fault_after(spare, service, operation, kind, 10).await;
            ada.email().await.refused(503, "temporarily-unavailable");
            stage.clear_faults().await;
            let after = stage.account("ada").await;
            assert_eq!((&after["emails"], &after["emailed"]), (&account["emails"], &account["emailed"]), "{operation}");
        }
    }
    assert_eq!(codes_to(&stage, ADA).await, before);
    // If no response comes at all, the function undoes the count that it may have written.
    stage.fault("dynamodb", "UpdateItem", "drop_after", 3).await;
    ada.email().await.refused(503, "temporarily-unavailable");
    let after = stage.account("ada").await;
    assert_eq!((&after["emails"], &after["emailed"]), (&account["emails"], &account["emailed"]));
    // If that response is lost once, the email is counted once.
    stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    // If KMS fails, the attempt is not counted. Lost responses to the writes of an attempt do not matter either.
    stage.fault("kms", "GenerateMac", "error", 10).await;
    ada.redeem(&code).await.refused(503, "temporarily-unavailable");
    stage.clear_faults().await;
    assert_eq!(stage.account("ada").await["emailed"]["M"]["tries"]["N"], "0");
    stage.fault("dynamodb", "UpdateItem", "drop_after", 2).await;
    ada.redeem(&code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_the_table_holds_no_code_and_no_address() {
    let stage = Stage::new().await;
    let (ada, enrolled) = enrolled(&stage).await;
    stage
        .user_with(json!({"sub": "ada", "email": "ada@new.example"}))
        .await
        .email()
        .await
        .refused(403, "email-recovery-held");
    stage.advance(60).await;
    ada.email().await.expect(202);
    let dump = String::from_utf8_lossy(&stage.dump().await).to_lowercase();
    for kept in ["user#ada", "contact", "emailed", "recovery"] {
        assert!(dump.contains(kept), "{kept}");
    }
    let emailed = stage.emailed_to(ADA).await;
    for code in enrolled.recovery_codes.iter().chain([&emailed]) {
        assert!(!dump.contains(code.as_str()) && !dump.contains(&code.replace('-', "")), "{code}");
    }
    for address in ["ada@", "@example.com", "new.example"] {
        assert!(!dump.contains(address), "{address}");
    }
}
