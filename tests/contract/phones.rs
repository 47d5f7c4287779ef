//! Which phone numbers can be texted, and why others are refused. A test in `shared/src/proof/phone.rs` covers all area
//! codes.

use serde_json::json;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn an_unsupported_number_is_refused_with_its_reason() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for (what, number, reason) in [
        ("Jamaica", "+1 876 555 0123", "country"),
        ("Dominican Republic", "+1 809 555 0123", "country"),
        ("Puerto Rico", "+1 787 555 0123", "country"),
        ("American Samoa", "+1 684 733 1234", "country"),
        ("United Kingdom", "+44 7911 123456", "country"),
        ("toll-free", "+1 800 555 0123", "toll-free"),
        ("900", "+1 900 555 0123", "premium"),
        ("600", "+1 600 555 0123", "voip"),
        ("an extension", "+1 415 555 0123 ext. 5", "invalid"),
        ("an extension, as RFC 3966 spells it", "+14155550123;ext=5", "invalid"),
        ("full-width digits", "+１４１５５５５０１２３", "invalid"),
        ("letters", "+1 415 FLOWERS", "invalid"),
        ("no plus", "415 555 0123", "invalid"),
        ("nothing", "", "invalid"),
        ("too short", "+1 415 555", "invalid"),
    ] {
        let reply = ada.post("/v1/factors", json!({"kind": "sms", "phone": number})).await;
        assert_eq!(reply.refused(422, "phone-not-supported").body["reason"], reason, "{what}");
        let calls = stage.calls_of(&reply.request).await;
        assert!(calls.is_empty(), "{what}: {calls:?}");
    }
    assert_eq!(stage.account("ada").await, json!(null));
    assert!(stage.texts().await.is_empty());
    ada.post("/v1/factors", json!({"kind": "sms", "phone": "+1 (604) 555.0123"})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_territory_is_texted_where_the_deployment_says_so() {
    let stage = Stage::with_settings(&[("MFA_TEXT_REGIONS", "US,CA,PR")]).await;
    let ada = stage.user("ada").await;
    ada.enroll_phone("+17875550123").await;
    let eve = stage.user("eve").await;
    let reply = eve.post("/v1/factors", json!({"kind": "sms", "phone": "+18765550123"})).await;
    assert_eq!(reply.refused(422, "phone-not-supported").body["reason"], "country");
}
