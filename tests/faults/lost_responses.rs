//! A write is applied, but its response is lost. The SDK retries, and the second try finds its own id in the row.

use serde_json::{Value, json};

use crate::stage::{Stage, account_key};

fn failures(account: &Value) -> u64 {
    account["failures"]["N"].as_str().map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserve_whose_response_was_lost_is_counted_once() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
    let reply = ada.verify(&enrolled.id, &enrolled.app.wrong_code(stage.now().await)).await;
    assert_eq!(reply.refused(422, "code-rejected").body["attempts_left"], 4);
    let updates = stage.calls_of(&reply.request).await.iter().filter(|call| call["operation"] == "UpdateItem").count();
    assert_eq!(updates, 2, "the call was tried again");
    assert_eq!(failures(&stage.account("ada").await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_guess_with_a_lost_response_is_counted_once() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
    let reply = ada.activate(&id, &app.wrong_code(stage.now().await)).await;
    assert_eq!(reply.refused(422, "code-rejected").body["attempts_left"], 4);
    assert_eq!(stage.account("ada").await["factors"]["M"][&id]["M"]["tries"], json!({"N": "1"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_give_back_whose_response_was_lost_is_done_once() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let wrong = enrolled.app.wrong_code(stage.now().await);
    ada.verify(&enrolled.id, &wrong).await.refused(422, "code-rejected");
    stage.fault("kms", "Decrypt", "refuse", 1).await;
    // The reserve succeeds. The first response to the write that undoes it is lost.
    stage.fault_after(1, "dynamodb", "UpdateItem", "drop_after", 1).await;
    ada.verify(&enrolled.id, &wrong).await.refused(500, "internal");
    assert_eq!(failures(&stage.account("ada").await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_with_a_lost_response_spends_the_code() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    // The reserve succeeds. The commit's first response is lost.
    stage.fault_after(1, "dynamodb", "UpdateItem", "drop_after", 1).await;
    let reply = ada.verify(&enrolled.id, &code).await;
    let updates = stage.calls_of(&reply.request).await.iter().filter(|call| call["operation"] == "UpdateItem").count();
    assert_eq!(updates, 3, "the commit was tried again");
    assert!(reply.expect(200)["assertion"].is_string());
    assert_eq!(failures(&stage.account("ada").await), 0);
    ada.verify(&enrolled.id, &code).await.refused(422, "code-used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_begin_whose_response_was_lost_is_done_once() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for count in 1..=2 {
        stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
        ada.post("/v1/factors", json!({"kind": "totp"})).await.expect(201);
        let account = stage.account("ada").await;
        assert_eq!(account["factors"]["M"].as_object().unwrap().len(), count);
        assert_eq!(account["version"]["N"], count.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_with_a_lost_response_shows_recovery_codes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    stage.fault_after(1, "dynamodb", "UpdateItem", "drop_after", 1).await;
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    assert_eq!(activated["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(stage.account("ada").await["version"]["N"], "2");
}

/// Writes to Ada's account, between a write whose response was lost and its second try.
async fn come_between(stage: &Stage) {
    let ask = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET #by = :other",
        "ExpressionAttributeNames": {"#by": "by"},
        "ExpressionAttributeValues": {":other": {"S": "another write"}},
    });
    stage.dynamodb("UpdateItem", ask).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_before_another_write_is_refused_as_used() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    let before = stage.account("ada").await["factors"]["M"][&enrolled.id]["M"]["last_step"].clone();
    stage.fault_after(1, "dynamodb", "UpdateItem", "drop_after", 1).await;
    let verify = tokio::spawn({
        let (ada, id, code) = (ada.clone(), enrolled.id.clone(), code.clone());
        async move { ada.verify(&id, &code).await }
    });
    while stage.account("ada").await["factors"]["M"][&enrolled.id]["M"]["last_step"] == before {
        tokio::task::yield_now().await;
    }
    come_between(&stage).await;
    let reply = verify.await.unwrap();
    assert_eq!(reply.refused(422, "code-used").body.get("assertion"), None);
    ada.verify(&enrolled.id, &code).await.refused(422, "code-used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reserve_before_another_write_stays_counted() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let wrong = enrolled.app.wrong_code(stage.now().await);
    stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
    let verify = tokio::spawn({
        let (ada, id) = (ada.clone(), enrolled.id.clone());
        async move { ada.verify(&id, &wrong).await }
    });
    stage.until_counted("ada", 1).await;
    come_between(&stage).await;
    // The attempt is counted twice, and never too little.
    assert_eq!(verify.await.unwrap().refused(422, "code-rejected").body["attempts_left"], 3);
    assert_eq!(failures(&stage.account("ada").await), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_and_a_removal_whose_responses_were_lost_are_done() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let first = ada.enroll().await;
    let second = ada.enroll_another(&ada.prove(&first).await).await;
    let assertion = ada.prove(&second).await;
    stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
    assert_eq!(ada.rename(&assertion, &first.id, "Old").await.expect(200)["name"], "Old");
    stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
    assert!(ada.remove(&assertion, &first.id).await.expect(200)["assertion"].is_string());
    let account = stage.account("ada").await;
    assert_eq!(account["factors"]["M"].as_object().unwrap().keys().collect::<Vec<_>>(), [&second.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_save_before_another_write_is_made_again() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let (other, _) = ada.begin().await;
    stage.fault("dynamodb", "UpdateItem", "drop_after", 1).await;
    let begin = tokio::spawn({
        let ada = ada.clone();
        async move { ada.post("/v1/factors", json!({"kind": "totp"})).await }
    });
    while stage.account("ada").await["version"]["N"] != "2" {
        tokio::task::yield_now().await;
    }
    let ask = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET #by = :other, version = version + :one",
        "ExpressionAttributeNames": {"#by": "by"},
        "ExpressionAttributeValues": {":other": {"S": "another write"}, ":one": {"N": "1"}},
    });
    stage.dynamodb("UpdateItem", ask).await;
    let id = begin.await.unwrap().expect(201)["id"].as_str().unwrap().to_owned();
    let account = stage.account("ada").await;
    let mut kept = [other, id];
    kept.sort();
    assert_eq!(
        account["factors"]["M"].as_object().unwrap().keys().collect::<Vec<_>>(),
        kept.iter().collect::<Vec<_>>()
    );
    assert_eq!(account["version"]["N"], "4");
}
