//! A text that is not sent: which counts are undone, which are not, and that the user can go on. Also phones that
//! replied STOP.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    logs,
    stage::{Reply, Stage, User, account_key},
};

const PHONE: &str = "+14155550123";
/// More often than the SDK tries.
const ALWAYS: u32 = 10;

/// The account without the id of its last write, and every count of texts above 0.
async fn counted(stage: &Stage) -> (Value, BTreeSet<String>) {
    let mut account = stage.account("ada").await;
    account.as_object_mut().unwrap().remove("by");
    let ask = json!({
        "FilterExpression": "begins_with(pk, :texts)", "ExpressionAttributeValues": {":texts": {"S": "TEXTS#"}},
    });
    let rows = stage.dynamodb("Scan", ask).await["Items"].take();
    let counts = rows.as_array().unwrap().iter().flat_map(|row| {
        ["texts", "active", "pending"].map(|column| (row, column, row[column]["N"].as_str().unwrap_or("0")))
    });
    let counts = counts.filter(|(_, _, count)| *count != "0");
    (account, counts.map(|(row, column, count)| format!("{} {} {column} {count}", row["pk"], row["sk"])).collect())
}

/// The same without the time of the last request for a text, which decides the wait for the next one.
async fn counted_but_for_the_wait(stage: &Stage, id: &str) -> (Value, BTreeSet<String>) {
    let (mut account, counts) = counted(stage).await;
    let code = &mut account["factors"]["M"][id]["M"]["code"]["M"];
    if let Some(code) = code.as_object_mut() {
        code.remove("sent_at");
    }
    (account, counts)
}

/// The audit event of a request.
fn event(reply: &Reply) -> Value {
    let lines = logs::of(&reply.request);
    lines.into_iter().find(|line| line["event"].is_string()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_text_is_given_back_but_for_its_wait() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    // First the same code would be sent again, then a new one.
    for wait in [30, 300] {
        stage.advance(wait).await;
        let before = counted_but_for_the_wait(&stage, &id).await;
        for kind in ["throttle", "refuse"] {
            stage.advance(30).await;
            stage.fault("sns", "Publish", kind, 1).await;
            let reply = ada.text(&id).await;
            reply.refused(502, "text-not-sent");
            assert_eq!(counted_but_for_the_wait(&stage, &id).await, before, "{kind} after {wait}");
            assert_eq!(ada.text(&id).await.refused(429, "too-many-texts").body["limit"], "factor");
            assert_eq!((&event(&reply)["event"], &event(&reply)["why"]), (&json!("text.refused"), &json!("not-sent")));
            let lines = logs::of(&reply.request);
            let told = lines.iter().find(|line| line["message"] == "a message was refused and not sent").unwrap();
            let why =
                if kind == "throttle" { "AWS answered 429 Throttled" } else { "AWS answered 403 AuthorizationError" };
            assert_eq!(told["why"], why);
            let publishes =
                stage.calls_of(&reply.request).await.into_iter().filter(|call| call["operation"] == "Publish");
            assert_eq!(publishes.count(), 1, "tried once");
        }
    }
    assert_eq!(stage.texts_to(PHONE).await.len(), 2);
    ada.verify(&id, &code).await.expect(200);
    // After a refused first text, the wait stays, but there is no code to guess.
    let bob = stage.user("bob").await;
    let id = bob.begin_phone("+14155550124").await;
    stage.fault("sns", "Publish", "refuse", 1).await;
    bob.text(&id).await.refused(502, "text-not-sent");
    bob.activate(&id, "123456").await.refused(422, "code-expired");
    assert_eq!(bob.text(&id).await.refused(429, "too-many-texts").header("retry-after"), "30");
    stage.advance(30).await;
    assert_eq!(bob.text(&id).await.expect(202)["resend_after"], 30);
    let words = stage.texts_to("+14155550124").await[0]["body"].as_str().unwrap().to_owned();
    assert!(words.contains("expires in 9 min."), "the code expires with the pending phone: {words}");
    bob.activate(&id, &stage.code_to("+14155550124").await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_begun_again_after_stop_uses_up_its_users_texts() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    stage.opt_out(PHONE).await;
    for _ in 0..5 {
        let id = ada.begin_phone(PHONE).await;
        ada.text(&id).await.refused(422, "phone-opted-out");
    }
    for _ in 0..3 {
        let id = ada.begin_phone(PHONE).await;
        assert_eq!(ada.text(&id).await.refused(429, "too-many-texts").body["limit"], "user");
    }
    // Neither the number nor the deployment has a text counted.
    let (_, rows) = counted(&stage).await;
    assert!(rows.is_empty(), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_may_have_gone_stays_counted_and_its_code_works() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    for (kind, arrives) in [("drop_after", true), ("drop_before", false), ("error", false)] {
        stage.advance(600).await;
        let texts = stage.texts_to(PHONE).await.len();
        stage.fault("sns", "Publish", kind, 1).await;
        let reply = ada.text(&id).await;
        assert_eq!(reply.refused(503, "temporarily-unavailable").header("retry-after"), "30", "{kind}");
        let lines = logs::of(&reply.request);
        let fault = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
        assert!(
            fault["fault"].as_str().unwrap().starts_with("could not find out whether a message was sent: "),
            "{fault}"
        );
        let publishes = stage.calls_of(&reply.request).await.into_iter().filter(|call| call["operation"] == "Publish");
        assert_eq!(publishes.count(), 1, "tried once: a second try could text twice");
        assert_eq!(ada.text(&id).await.refused(429, "too-many-texts").body["limit"], "factor", "it stays counted");

        if arrives {
            assert_eq!(stage.texts_to(PHONE).await.len(), texts + 1);
            ada.verify(&id, &stage.code_to(PHONE).await).await.expect(200);
        } else {
            assert_eq!(stage.texts_to(PHONE).await.len(), texts);
            stage.advance(30).await;
            ada.text(&id).await.expect(202);
            ada.verify(&id, &stage.code_to(PHONE).await).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_answered_stop_counts_only_its_wait() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    stage.opt_out(PHONE).await;
    let (before, rows) = counted(&stage).await;
    for _ in 0..3 {
        let reply = ada.text(&id).await;
        let detail = reply.refused(422, "phone-opted-out").body["detail"].as_str().unwrap();
        assert!(detail.contains("another way to log in"), "what to do: {detail}");
        assert_eq!((&event(&reply)["event"], &event(&reply)["why"]), (&json!("text.refused"), &json!("opted-out")));
        // Repeated requests cause no more calls to SNS.
        let again = ada.text(&id).await;
        assert_eq!(again.refused(429, "too-many-texts").body["limit"], "factor");
        assert_eq!(again.header("retry-after"), "30");
        let opted_out = stage.calls_of(&again.request).await.into_iter().filter(|call| call["service"] == "sns");
        assert_eq!(opted_out.count(), 0, "SNS is not asked");
        let (after, now) = counted(&stage).await;
        assert_eq!((&after["texts"], &now), (&before["texts"], &rows));
        stage.advance(30).await;
    }
    assert_eq!(stage.texts_to(PHONE).await.len(), 1);
    let bob = stage.user("bob").await;
    let pending = bob.begin_phone(PHONE).await;
    bob.text(&pending).await.refused(422, "phone-opted-out");

    stage.opt_in(PHONE).await;
    stage.advance(30).await;
    ada.text(&id).await.expect(202);
    ada.verify(&id, &stage.code_to(PHONE).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_sent_where_opting_out_is_unknown() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    for kind in ["throttle", "error", "refuse", "drop_before"] {
        stage.advance(600).await;
        stage.fault("sns", "CheckIfPhoneNumberIsOptedOut", kind, 1).await;
        let reply = ada.text(&id).await;
        assert_eq!(reply.status, 202, "{kind}: {reply:?}");
        let lines = logs::of(&reply.request);
        assert!(
            lines.iter().any(|line| line["message"] == "could not find out whether a phone has opted out"),
            "{kind}"
        );
        ada.verify(&id, &stage.code_to(PHONE).await).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_kms_stood_in_the_way_of_is_given_back() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    stage.advance(600).await;
    let before = counted(&stage).await;
    // The first GenerateMac is of the address, before anything is counted. The second is of the code.
    for (operation, spare) in [("Decrypt", 0), ("GenerateMac", 0), ("GenerateMac", 1)] {
        for (kind, status) in [("throttle", 503), ("error", 503), ("refuse", 500), ("drop_before", 503)] {
            stage.fault_after(spare, "kms", operation, kind, ALWAYS).await;
            let reply = ada.text(&id).await;
            assert_eq!(reply.status, status, "{operation} {kind}: {reply:?}");
            stage.clear_faults().await;
            assert_eq!(counted(&stage).await, before, "{operation} {kind}");
        }
    }
    assert_eq!(stage.texts_to(PHONE).await.len(), 1);
    ada.text(&id).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_could_not_be_counted_is_not_sent() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    stage.advance(600).await;
    let before = counted(&stage).await;
    for (operation, kinds) in [
        ("GetItem", &["throttle", "error", "refuse", "drop_before", "drop_after"][..]),
        ("TransactWriteItems", &["throttle", "error", "refuse", "drop_before", "drop_after", "conflict"]),
    ] {
        for kind in kinds {
            stage.fault("dynamodb", operation, kind, ALWAYS).await;
            let reply = ada.text(&id).await;
            let status = if *kind == "refuse" { 500 } else { 503 };
            assert_eq!(reply.status, status, "{operation} {kind}: {reply:?}");
            stage.clear_faults().await;
            assert_eq!(counted(&stage).await, before, "{operation} {kind}");
        }
    }
    assert_eq!(stage.texts_to(PHONE).await.len(), 1);
    ada.text(&id).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_counted_once_despite_races_and_lost_responses() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    for (kind, times) in [("conflict", 3), ("drop_after", 1), ("error", 2)] {
        stage.advance(3600).await;
        stage.fault("dynamodb", "TransactWriteItems", kind, times).await;
        ada.text(&id).await.expect(202);
        let (_, counts) = counted(&stage).await;
        let hours = counts.iter().filter(|count| count.contains("HOUR#"));
        assert!(hours.clone().count() > 0 && hours.clone().all(|count| count.ends_with(" 1")), "{kind}: {counts:?}");
        assert_eq!(stage.account("ada").await["factors"]["M"][&id]["M"]["code"]["M"]["sends"]["N"], "1", "{kind}");
        ada.verify(&id, &stage.code_to(PHONE).await).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_waits_for_a_transaction_that_holds_the_account() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    stage.fault("dynamodb", "UpdateItem", "conflict", 3).await;
    ada.verify(&id, &code).await.expect(200);
    stage.fault("dynamodb", "UpdateItem", "conflict", 100).await;
    ada.verify(&id, &code).await.refused(503, "temporarily-unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_cannot_be_given_back_stays_counted() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    stage.fault("sns", "Publish", "refuse", 1).await;
    stage.fault_after(1, "dynamodb", "TransactWriteItems", "error", 3).await;
    let reply = ada.text(&id).await;
    reply.refused(502, "text-not-sent");
    let lines = logs::of(&reply.request);
    assert!(lines.iter().any(|line| line["message"] == "a text that was not sent stays counted"), "{lines:?}");
    ada.text(&id).await.refused(429, "too-many-texts");
    stage.advance(30).await;
    ada.text(&id).await.expect(202);
    ada.verify(&id, &stage.code_to(PHONE).await).await.expect(200);
}

/// Removes the code of a phone, as accepting it does.
async fn accept(stage: &Stage, id: &str) {
    let ask = json!({
        "Key": account_key("ada"), "UpdateExpression": "REMOVE factors.#id.code", "ExpressionAttributeNames": {"#id": id},
    });
    stage.dynamodb("UpdateItem", ask).await;
}

/// Asks for a text in the background.
fn text(user: &User, id: &str) -> JoinHandle<Reply> {
    let (user, id) = (user.clone(), id.to_owned());
    tokio::spawn(async move { user.text(&id).await })
}

async fn code_of(stage: &Stage, id: &str) -> Value {
    stage.account("ada").await["factors"]["M"][id]["M"]["code"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_code_does_not_return_with_a_given_back_text() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    stage.advance(30).await;
    // The code is accepted while it is sent again, before SNS refuses the text.
    stage.fault("sns", "Publish", "refuse", 1).await;
    let again = text(&ada, &id);
    stage.until_account("ada", |account| account["factors"]["M"][&id]["M"]["code"]["M"]["sends"]["N"] == "2").await;
    accept(&stage, &id).await;
    again.await.unwrap().refused(502, "text-not-sent");
    assert_eq!(code_of(&stage, &id).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_accepted_meanwhile_is_not_resent() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    stage.advance(30).await;
    stage.fault("dynamodb", "TransactWriteItems", "late", 1).await;
    let called = stage.called("TransactWriteItems").await;
    let again = text(&ada, &id);
    stage.until_called("TransactWriteItems", called + 1).await;
    accept(&stage, &id).await;
    again.await.unwrap().expect(202);
    assert_ne!(stage.code_to(PHONE).await, code);
    ada.verify(&id, &code).await.refused(422, "code-rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_removed_while_its_text_is_counted_gets_none() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    stage.fault("dynamodb", "TransactWriteItems", "late", 1).await;
    let called = stage.called("TransactWriteItems").await;
    let asked = text(&ada, &id);
    stage.until_called("TransactWriteItems", called + 1).await;
    let ask = json!({
        "Key": account_key("ada"), "UpdateExpression": "REMOVE factors.#id", "ExpressionAttributeNames": {"#id": id},
    });
    stage.dynamodb("UpdateItem", ask).await;
    asked.await.unwrap().refused(404, "factor-not-found");
    assert_eq!(stage.texts_to(PHONE).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_a_text_back_undoes_no_other_text_of_the_user() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let first = ada.begin_phone(PHONE).await;
    let second = ada.begin_phone("+14155550199").await;
    // SNS is slow to report the STOP of the first, so that the second is counted before the first is undone.
    stage.opt_out(PHONE).await;
    stage.fault("sns", "CheckIfPhoneNumberIsOptedOut", "late", 1).await;
    let refused = text(&ada, &first);
    stage.until_account("ada", |account| account["texts"]["M"]["day"]["M"]["count"]["N"] == "1").await;
    let sent = text(&ada, &second);
    refused.await.unwrap().refused(422, "phone-opted-out");
    sent.await.unwrap().expect(202);
    // The second was counted before the first was undone. So both stay counted.
    assert_eq!(stage.account("ada").await["texts"]["M"]["day"]["M"]["count"]["N"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_a_text_back_is_tried_again_where_others_write() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    stage.advance(600).await;
    let (before, rows) = counted(&stage).await;
    stage.fault("sns", "Publish", "refuse", 1).await;
    stage.fault_after(1, "dynamodb", "TransactWriteItems", "conflict", 3).await;
    ada.text(&id).await.refused(502, "text-not-sent");
    let (after, now) = counted(&stage).await;
    assert_eq!((&after["texts"], now), (&before["texts"], rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_a_texted_code_survives_lost_responses() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    // The first write is the reserve, the second the commit.
    for spare in [0, 1] {
        stage.advance(600).await;
        ada.text(&id).await.expect(202);
        let code = stage.code_to(PHONE).await;
        stage.fault_after(spare, "dynamodb", "UpdateItem", "drop_after", 1).await;
        ada.verify(&id, &code).await.expect(200);
        assert_eq!(stage.account("ada").await["failures"]["N"], "0");
        ada.verify(&id, &code).await.refused(422, "code-expired");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_moved_to_another_phone_is_another_code() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    let eve = stage.user("eve").await;
    let eves = eve.enroll_phone("+14155550199").await;
    ada.text(&id).await.expect(202);
    eve.text(&eves).await.expect(202);
    let eves_code = stage.code_to("+14155550199").await;
    let moved = stage.account("eve").await["factors"]["M"][&eves]["M"]["code"].clone();
    let ask = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET factors.#id.code = :code",
        "ExpressionAttributeNames": {"#id": id},
        "ExpressionAttributeValues": {":code": moved},
    });
    stage.dynamodb("UpdateItem", ask).await;
    ada.verify(&id, &eves_code).await.refused(422, "code-rejected");
}
