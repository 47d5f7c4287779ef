//! Another authenticator beside the first.

use serde_json::json;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_app_takes_proof_of_the_first_and_brings_no_recovery_codes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let first = ada.enrol().await;
    ada.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-required");

    let code = first.app.code(stage.now().await);
    let verified = ada.verify(&first.id, &code).await.expect(200);
    let assertion = verified["assertion"].as_str().unwrap();
    stage.advance(1).await;
    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let second = ada.finish(&begun).await;
    assert!(second.recovery_codes.is_empty());

    // The second is the one used last.
    let listed = ada.get("/v1/factors").await.expect(200);
    assert_eq!((&listed["factors"][0]["id"], &listed["factors"][1]["id"]), (&json!(second.id), &json!(first.id)));
    assert_eq!(listed["recovery"]["codes_left"], 10);
    // The epoch rose: the old assertion begins nothing more.
    ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sixth_app_is_too_many() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let mut newest = ada.enrol().await;
    for count in 1..=5 {
        let code = newest.app.code(stage.now().await);
        let verified = ada.verify(&newest.id, &code).await.expect(200);
        let begun =
            ada.post_with(verified["assertion"].as_str().unwrap(), "/v1/factors", json!({"kind": "totp"})).await;
        if count == 5 {
            begun.refused(409, "too-many-factors");
        } else {
            newest = ada.finish(&begun.expect(201)).await;
        }
    }
}
