//! Before its first event, a function opens connections to the table and to the keys. If AWS does not answer, it goes on
//! without them.

use std::time::Duration;

use lambda_http::Request;
use serde_json::{Value, json};
use shared::{
    aws::{boot, clients::Clients},
    base::{
        clock::{Clock, Timestamp},
        settings::{SettingError, Settings},
    },
    edge::{api::Lambda, http::gateway},
};
use tokio::time::timeout;

use super::connections::{email, text};
use crate::{
    contract::{
        events::sample,
        grants::{granted, made},
        round_trips::in_turn,
    },
    logs,
    stage::Stage,
};

/// A URL where nothing listens.
const NOWHERE: &str = "http://127.0.0.1:9";
/// A start waits 1 s at most, and a call of the SDK 4 s. The rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// The environment of a function before the stage's AWS, with these variables.
fn environment(stage: &Stage, others: &[&'static str]) -> Settings {
    let url = stage.stack.aws_url.as_str();
    let general = if others.is_empty() { url } else { NOWHERE };
    let given = [
        ("AWS_ENDPOINT_URL", general),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let given = given.into_iter().chain(others.iter().map(|name| (*name, url)));
    local::settings("https://mfa.example.com").with(given.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

/// Starts a function with this environment, and prepares it.
async fn started<F: Lambda>(
    settings: &Settings,
    name: &'static str,
    build: impl FnOnce(&Settings, &Clients, Clock) -> Result<F, SettingError>,
) -> F {
    let clock = Clock::new(|| Timestamp::from_seconds(1_800_000_000));
    let function = build(settings, &boot::clients(name, settings).unwrap(), clock).unwrap();
    timeout(PATIENCE, function.prepare()).await.unwrap();
    function
}

/// The calls that a function made.
async fn called(stage: &Stage, function: &str) -> Vec<Value> {
    let mut reply = stage.send(stage.request(reqwest::Method::GET, "/dev/calls")).await.expect(200);
    let calls: Vec<Value> = serde_json::from_value(reply["calls"].take()).unwrap();
    calls.into_iter().filter(|call| call["function"] == function).collect()
}

fn read(event: &Value) -> Request {
    gateway::read(&event.to_string()).unwrap()
}

fn keys() -> Request {
    read(&sample("verify/jwks.json"))
}

/// How often a start failed to reach AWS, by the log of all stages.
fn failures() -> usize {
    let of_a_start = |line: &&Value| line["message"] == "the first request will open connections";
    logs::of_none().iter().filter(of_a_start).filter(|line| line["fault"].is_string()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_calls_the_table_and_the_keys_at_the_same_time_and_changes_nothing() {
    let stage = Stage::slow().await;
    let settings = environment(&stage, &[]);
    started(&settings, "enroll", enroll::Function::new).await;
    started(&settings, "policy", policy::Function::new).await;
    started(&settings, "recovery", recovery::Function::new).await;
    started(&settings, "send-sms", send_sms::Function::new).await;
    started(&settings, "verify", verify::Function::new).await;
    // Some requests call KMS two or three times at the same time.
    for (function, macs) in [("enroll", 2), ("policy", 0), ("recovery", 1), ("send-sms", 1), ("verify", 0)] {
        let expected = [vec!["BatchGetItem"; 3], vec!["GenerateMac"; macs], vec!["GetPublicKey"]].concat();
        let calls = called(&stage, function).await;
        // Calls at the same time can't share a connection.
        assert_eq!(in_turn(&calls), [expected], "{function}");
        let granted = granted();
        for call in calls.iter().flat_map(made) {
            assert!(granted.contains(&call), "{call:?} is not granted");
        }
    }
    assert_eq!(stage.dynamodb("Scan", json!({})).await["Count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_request_uses_the_signing_key_of_the_start() {
    let stage = Stage::new().await;
    let verify = started(&environment(&stage, &[]), "verify", verify::Function::new).await;
    assert_eq!(verify.handle(keys()).await.status(), 200);
    // The stack has two signing keys. The start fetched one.
    let calls = called(&stage, "verify").await;
    assert_eq!(calls.iter().filter(|call| call["operation"] == "GetPublicKey").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_aws_is_logged_and_the_first_request_tries_again() {
    for kind in ["error", "refuse", "hang"] {
        let stage = Stage::new().await;
        for (service, operation) in [("dynamodb", "BatchGetItem"), ("kms", "GetPublicKey")] {
            stage.fault(service, operation, kind, 9).await;
        }
        let before = failures();
        let verify = started(&environment(&stage, &[]), "verify", verify::Function::new).await;
        assert!(failures() > before, "{kind}");
        stage.clear_faults().await;
        assert_eq!(verify.handle(keys()).await.status(), 200, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_can_have_an_endpoint_of_its_own() {
    let stage = Stage::new().await;
    stage.user("ada").await.enroll().await;
    let phone = stage.user("cy").await.begin_phone("+14155550123").await;
    let settings = environment(
        &stage,
        &["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL_SNS"],
    );
    let recovery = started(&settings, "recovery", recovery::Function::new).await;
    assert_eq!(recovery.handle(read(&email("ada"))).await.status(), 202);
    let send_sms = started(&settings, "send-sms", send_sms::Function::new).await;
    assert_eq!(send_sms.handle(read(&text("cy", &phone))).await.status(), 202);
}
