//! AWS does not answer, or says no.

use serde_json::json;

use crate::stage::Stage;

/// More than the SDK tries.
const ALWAYS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_that_kms_could_not_look_at_is_given_back() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enrol().await;
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
async fn a_guess_at_a_pending_factor_that_kms_could_not_look_at_is_given_back() {
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
    let enrolled = ada.enrol().await;
    let code = enrolled.app.code(stage.now().await);
    stage.fault("kms", "Sign", "error", ALWAYS).await;
    ada.verify(&enrolled.id, &code).await.refused(503, "temporarily-unavailable");
    stage.clear_faults().await;
    ada.verify(&enrolled.id, &code).await.refused(422, "code-used");
    ada.verify(&enrolled.id, &enrolled.app.code(stage.advance(30).await)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_activation_that_could_not_be_signed_still_shows_the_recovery_codes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    stage.fault("kms", "Sign", "error", ALWAYS).await;
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    assert_eq!(activated["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!((activated.get("assertion"), activated.get("expires_at")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_could_not_be_counted_is_not_looked_at() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enrol().await;
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
}
