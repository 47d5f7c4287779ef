//! AWS does not answer, or refuses.

use serde_json::json;

use crate::stage::{Stage, account_key, scanned};

/// More often than the SDK tries.
const ALWAYS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_that_kms_could_not_look_at_is_given_back() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    for (kind, status) in
        [("throttle", 503), ("error", 503), ("drop_before", 503), ("drop_after", 503), ("refuse", 500)]
    {
        stage.fault("kms", "Decrypt", kind, ALWAYS).await;
        let reply = ada.verify(&enrolled.id, &code).await;
        assert_eq!(reply.status, status, "{kind}: {reply:?}");
        if status == 503 {
            assert_eq!(reply.code(), "temporarily-unavailable");
            assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
        }
        assert_eq!(stage.account("ada").await["failures"], json!({"N": "0"}), "{kind}");
        stage.clear_faults().await;
    }
    ada.verify(&enrolled.id, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_guess_comes_back_the_wait_that_was_over() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    for wait in [0, 0, 0, 0, 0, 30, 60, 120] {
        let now = stage.advance(wait).await;
        ada.verify(&enrolled.id, &enrolled.app.wrong_code(now)).await.refused(422, "code-rejected");
    }
    let now = stage.advance(240).await;
    stage.fault("kms", "Decrypt", "throttle", ALWAYS).await;
    let reply = ada.verify(&enrolled.id, &enrolled.app.code(now)).await;
    let wait = reply.refused(503, "temporarily-unavailable").header("retry-after").parse().unwrap();
    stage.clear_faults().await;
    let now = stage.advance(wait).await;
    ada.verify(&enrolled.id, &enrolled.app.code(now)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchecked_guess_stays_counted_after_another_write() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let wrong = enrolled.app.wrong_code(stage.now().await);
    // The first attempt waits for KMS, which fails. Meanwhile the second is counted.
    stage.fault("kms", "Decrypt", "throttle", 3).await;
    let first = tokio::spawn({
        let (ada, id, wrong) = (ada.clone(), enrolled.id.clone(), wrong.clone());
        async move { ada.verify(&id, &wrong).await }
    });
    stage.until_counted("ada", 1).await;
    let other = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET failures = failures + :one, #by = :other",
        "ExpressionAttributeNames": {"#by": "by"},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":other": {"S": "another write"}},
    });
    stage.dynamodb("UpdateItem", other).await;
    first.await.unwrap().refused(503, "temporarily-unavailable");
    assert_eq!(stage.account("ada").await["failures"], json!({"N": "2"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchecked_guess_at_a_pending_factor_is_given_back() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    for operation in ["Decrypt", "GenerateMac"] {
        stage.fault("kms", operation, "throttle", ALWAYS).await;
        ada.activate(&id, &app.wrong_code(stage.now().await)).await.refused(503, "temporarily-unavailable");
        assert_eq!(stage.account("ada").await["factors"]["M"][&id]["M"]["tries"], json!({"N": "0"}), "{operation}");
        stage.clear_faults().await;
    }
    ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_whose_assertion_could_not_be_signed_is_spent() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    stage.fault("kms", "Sign", "error", ALWAYS).await;
    ada.verify(&enrolled.id, &code).await.refused(503, "temporarily-unavailable");
    stage.clear_faults().await;
    ada.verify(&enrolled.id, &code).await.refused(422, "code-used");
    ada.verify(&enrolled.id, &stage.next_code(&enrolled.app).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_first_activation_shows_the_recovery_codes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    stage.fault("kms", "Sign", "error", ALWAYS).await;
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    assert_eq!(activated["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!((activated.get("assertion"), activated.get("expires_at")), (None, None));
    // If there are no recovery codes to show, the reply says that the assertion could not be signed.
    stage.clear_faults().await;
    let assertion = ada.verify(&id, &stage.next_code(&app).await).await.expect(200)["assertion"].clone();
    let second = ada.post_with(assertion.as_str().unwrap(), "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let (id, app) = scanned(&second);
    stage.fault("kms", "Sign", "error", ALWAYS).await;
    ada.activate(&id, &app.code(stage.now().await)).await.refused(503, "temporarily-unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_could_not_be_counted_is_not_looked_at() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    stage.fault("dynamodb", "UpdateItem", "throttle", ALWAYS).await;
    let reply = ada.verify(&enrolled.id, &code).await;
    reply.refused(503, "temporarily-unavailable");
    assert!(stage.calls_of(&reply.request).await.iter().all(|call| call["service"] == "dynamodb"));
    stage.clear_faults().await;
    ada.verify(&enrolled.id, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_begin_that_could_not_be_saved_leaves_nothing_behind() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for (service, operation) in [("dynamodb", "GetItem"), ("kms", "Encrypt"), ("dynamodb", "UpdateItem")] {
        stage.fault(service, operation, "error", ALWAYS).await;
        let reply = ada.post("/v1/factors", json!({"kind": "totp"})).await;
        reply.refused(503, "temporarily-unavailable");
        stage.clear_faults().await;
        assert!(stage.account("ada").await.is_null(), "{operation}");
    }
    for (service, operation, spare) in
        [("kms", "Encrypt", 0), ("kms", "GenerateMac", 0), ("kms", "GenerateMac", 1), ("dynamodb", "UpdateItem", 0)]
    {
        stage.fault_after(spare, service, operation, "error", ALWAYS).await;
        let reply = ada.post("/v1/factors", json!({"kind": "sms", "phone": "+14155550123"})).await;
        reply.refused(503, "temporarily-unavailable");
        stage.clear_faults().await;
        assert!(stage.account("ada").await.is_null(), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchecked_guess_at_a_texted_code_is_given_back() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone("+14155550123").await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to("+14155550123").await;
    stage.fault("kms", "GenerateMac", "error", ALWAYS).await;
    ada.activate(&id, &code).await.refused(503, "temporarily-unavailable");
    assert_eq!(stage.account("ada").await["factors"]["M"][&id]["M"]["tries"], json!({"N": "0"}));
    stage.clear_faults().await;
    ada.activate(&id, &code).await.expect(200);

    ada.text(&id).await.expect(202);
    let code = stage.code_to("+14155550123").await;
    stage.fault("kms", "GenerateMac", "error", ALWAYS).await;
    ada.verify(&id, &code).await.refused(503, "temporarily-unavailable");
    assert_eq!(stage.account("ada").await["failures"], json!({"N": "0"}));
    stage.clear_faults().await;
    ada.verify(&id, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_guess_stays_counted_after_another_write() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    let wrong = app.wrong_code(stage.now().await);
    stage.fault("kms", "Decrypt", "throttle", 3).await;
    let first = tokio::spawn({
        let (ada, id) = (ada.clone(), id.clone());
        async move { ada.activate(&id, &wrong).await }
    });
    stage.until_called("Decrypt", 1).await;
    let other = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "SET factors.#id.tries = factors.#id.tries + :one, #by = :other",
        "ExpressionAttributeNames": {"#by": "by", "#id": id},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":other": {"S": "another write"}},
    });
    stage.dynamodb("UpdateItem", other).await;
    first.await.unwrap().refused(503, "temporarily-unavailable");
    assert_eq!(stage.account("ada").await["factors"]["M"][&id]["M"]["tries"], json!({"N": "2"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_removal_is_done_and_a_new_code_goes_on() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let first = ada.enroll().await;
    let second = ada.enroll_another(&ada.prove(&first).await).await;
    let assertion = ada.prove(&second).await;
    stage.fault("kms", "Sign", "error", ALWAYS).await;
    ada.remove(&assertion, &first.id).await.refused(503, "temporarily-unavailable");
    stage.clear_faults().await;
    ada.remove(&assertion, &first.id).await.refused(403, "assertion-invalid");
    let assertion = ada.prove(&second).await;
    ada.remove(&assertion, &first.id).await.refused(404, "factor-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_sign_keeps_no_one_from_the_others() {
    let stage = Stage::new().await;
    stage.fault_after(1, "kms", "GetPublicKey", "refuse", 1).await;
    let keys = stage.send(stage.request(reqwest::Method::GET, "/.well-known/jwks.json")).await.expect(200);
    assert_eq!(keys["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect::<Vec<_>>(), ["local"]);
    // The key is published as soon as it can be fetched.
    let keys = stage.send(stage.request(reqwest::Method::GET, "/.well-known/jwks.json")).await.expect(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_could_never_strike_is_refused() {
    let stage = Stage::new().await;
    for (service, operation) in [("dynamo", "UpdateItem"), ("dynamodb", "Updateitem"), ("kms", "UpdateItem")] {
        let ask = json!({"service": service, "operation": operation, "kind": "throttle"});
        stage.send(stage.request(reqwest::Method::POST, "/dev/faults").json(&ask)).await.expect(400);
    }
}
