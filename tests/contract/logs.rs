//! What a request leaves in the log.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    logs,
    stage::{Stage, scanned},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_line_with_its_id_and_outcome_and_whether_the_start_was_cold() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for cold in [true, false] {
        let login = ada.post_nothing("/v1/logins").await;
        let lines = logs::of(&login.request);
        let [line] = &lines[..] else { panic!("one line: {lines:?}") };
        assert_eq!((&line["level"], &line["message"]), (&json!("INFO"), &json!("request")));
        assert_eq!((&line["status"], &line["outcome"]), (&json!(200), &json!("ok")));
        assert!(line["duration_ms"].is_u64());
        assert_eq!(line["calls"], 2, "one to read the account, one to sign");
        assert_eq!(line["span"]["route"], "POST /v1/logins");
        assert_eq!(line["span"]["cold_start"], cold);
    }
    let refused = ada.verify("01M86NP37KVJYCH5C44V5B7J55", "123456").await;
    let lines = logs::of(&refused.request);
    assert_eq!((&lines[0]["status"], &lines[0]["outcome"]), (&json!(404), &json!("factor-not-found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_what_happened_and_no_secret() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let mut forbidden = BTreeSet::from([ada.token.clone(), "ada@example.com".to_owned()]);
    let begun = ada.post("/v1/factors", json!({"kind": "totp"})).await;
    forbidden.insert(begun.body["totp"]["secret"].as_str().unwrap().to_owned());
    let (id, app) = scanned(&begun.body);
    let id = id.as_str();
    let now = stage.now().await;
    let [first, second, wrong] = [app.code(now), app.code(now + 30), app.wrong_code(now)];
    forbidden.extend([first.clone(), second.clone(), wrong.clone()]);
    let activated = ada.activate(id, &first).await;
    forbidden.extend(
        activated.body["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()),
    );
    let rejected = ada.verify(id, &wrong).await;
    let accepted = ada.verify(id, &second).await;
    forbidden.insert(accepted.body["assertion"].as_str().unwrap().to_owned());
    let replayed = ada.verify(id, &second).await;
    let mut seen = Vec::new();
    for reply in [&begun, &activated, &rejected, &accepted, &replayed] {
        let lines = logs::of(&reply.request);
        seen.extend(lines.iter().filter_map(|line| line["event"].as_str().map(str::to_owned)));
        logs::hold_no_secret(lines, &forbidden);
    }
    let expected = [
        "factor.pending",
        "factor.activated",
        "verification.rejected",
        "verification.accepted",
        "verification.replayed",
    ];
    assert_eq!(seen, expected);
}
