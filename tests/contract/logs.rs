//! The lines that a request writes to the log.

use std::collections::BTreeSet;

use lambda_http::RequestExt;
use reqwest::Method;
use serde_json::json;
use shared::edge::http::gateway;

use super::events::sample;
use crate::{
    logs,
    stage::{Reply, Stage, scanned},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_line_with_its_outcome_and_cold_start() {
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
        assert_eq!((&line["user"], &line["span"]["request_id"]), (&json!("ada"), &json!(login.request)));
    }
    let refused = ada.verify("01M86NP37KVJYCH5C44V5B7J55", "123456").await;
    let lines = logs::of(&refused.request);
    assert_eq!((&lines[0]["status"], &lines[0]["outcome"]), (&json!(404), &json!("factor-not-found")));
}

/// The gateway and Lambda log a request under different ids. A line has both ids.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_has_the_ids_of_the_gateway_and_of_lambda() {
    let stage = Stage::new().await;
    let mut event = sample("policy/login.json");
    event["requestContext"]["requestId"] = "JKJaXmPLvHcE-of-the-gateway=".into();
    let mut context = lambda_http::Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    let request = gateway::read(&event.to_string()).unwrap().with_lambda_context(context);
    stage.stack.functions.call("policy", request).await.unwrap();
    let lines = logs::of("JKJaXmPLvHcE-of-the-gateway=");
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    assert_eq!(line["span"]["invocation"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
}

/// A refused guess during a wait writes no audit event. Only these lines show whose factors an attacker tries.
#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_a_refused_request_names_the_user() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let wrong = enrolled.app.wrong_code(stage.now().await);
    let user = |reply: &Reply| logs::of(&reply.request).last().unwrap().clone();
    for status in [422, 422, 422, 422, 422, 429, 429] {
        let reply = ada.verify(&enrolled.id, &wrong).await;
        let line = user(&reply);
        assert_eq!((reply.status, &line["message"], &line["user"]), (status, &json!("request"), &json!("ada")));
    }
    // The `user` of an operator's line is the operator. A request without a valid `sub` has no `user`.
    let op = stage.operator().await;
    assert_eq!(user(&op.act("unlock", "ada").await)["user"], "op");
    for sub in ["a\nb", "\u{e4}", &"x".repeat(256)] {
        let odd = stage.user(sub).await.post_nothing("/v1/logins").await;
        assert_eq!((odd.status, user(&odd).get("user")), (403, None));
    }
    let keys = stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await;
    assert_eq!((keys.status, user(&keys).get("user")), (200, None));
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
