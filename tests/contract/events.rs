//! The sample events: what API Gateway sends, each through the function that it is for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value, json};

use crate::{
    openapi,
    stage::{Reply, Stage, scanned},
};

/// The sample event in a file below `events`.
pub fn sample(path: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    serde_json::from_str(&fs::read_to_string(folder.join(path)).unwrap()).unwrap()
}

/// What the function answers: its status, and its body.
pub async fn handle(stage: &Stage, function: &str, event: &Value) -> (u16, Value) {
    let reply = reply_of(stage, function, event).await;
    (reply.status, reply.body)
}

/// What a user is answered by a sample event of theirs. The login token in it is the same in every stack.
pub async fn by_sample(stage: &Stage, path: &str, sub: &str, factor: Option<&str>, code: Option<&str>) -> Reply {
    let mut event = sample(path);
    let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
    claims["sub"] = sub.into();
    claims["email"] = format!("{sub}@example.com").into();
    if let Some(factor) = factor {
        event["pathParameters"]["factor_id"] = factor.into();
    }
    if let Some(code) = code {
        event["body"] = json!({ "code": code }).to_string().into();
    }
    let (function, _) = path.split_once('/').unwrap();
    reply_of(stage, function, &event).await
}

async fn reply_of(stage: &Stage, function: &str, event: &Value) -> Reply {
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let reply = Reply::of(&stage.stack.functions.call(function, request).await.unwrap());
    let http = &event["requestContext"]["http"];
    let body = event["body"].as_str().unwrap_or_default().as_bytes();
    openapi::judge(http["method"].as_str().unwrap(), http["path"].as_str().unwrap(), body, &reply);
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_lead_from_a_login_to_a_factor_and_its_end() {
    let stage = Stage::new().await;
    let (status, login) = handle(&stage, "policy", &sample("policy/login.json")).await;
    assert_eq!((status, &login["decision"]), (200, &json!("allow")));

    let (status, begun) = handle(&stage, "enroll", &sample("enroll/begin-totp.json")).await;
    assert_eq!((status, &begun["name"]), (201, &json!("Work phone")));
    let (id, app) = scanned(&begun);

    // The sample's factor is nobody's; then the same event for the one just begun.
    let mut event = sample("enroll/activate.json");
    let (status, problem) = handle(&stage, "enroll", &event).await;
    assert_eq!((status, &problem["title"]), (404, &json!("Factor not found")));
    event["pathParameters"]["factor_id"] = id.clone().into();
    event["body"] = json!({"code": app.code(stage.now().await)}).to_string().into();
    assert_eq!(handle(&stage, "enroll", &event).await.0, 200);

    let (status, list) = handle(&stage, "enroll", &sample("enroll/list.json")).await;
    assert_eq!((status, &list["factors"][0]["id"]), (200, &begun["id"]));

    // The sample's assertion is nobody's either.
    let mut changes = Vec::new();
    for path in ["enroll/rename.json", "enroll/remove.json"] {
        let mut event = sample(path);
        let (status, problem) = handle(&stage, "enroll", &event).await;
        assert_eq!((status, &problem["title"]), (403, &json!("Assertion invalid")), "{path}");
        event["pathParameters"]["factor_id"] = id.clone().into();
        changes.push(event);
    }

    let mut event = sample("verify/verify.json");
    assert_eq!(handle(&stage, "verify", &event).await.0, 404);
    event["pathParameters"]["factor_id"] = id.clone().into();
    event["body"] = json!({"code": stage.next_code(&app).await}).to_string().into();
    let (status, verified) = handle(&stage, "verify", &event).await;
    assert_eq!((status, &verified["factor"]["id"]), (200, &begun["id"]));

    for (event, field) in changes.iter_mut().zip(["name", "assertion"]) {
        event["headers"]["mfa-assertion"] = verified["assertion"].clone();
        let (status, reply) = handle(&stage, "enroll", event).await;
        assert_eq!((status, reply[field].is_string()), (200, true), "{reply}");
    }

    let (status, keys) = handle(&stage, "verify", &sample("verify/jwks.json")).await;
    assert_eq!((status, &keys["keys"][0]["kty"]), (200, &json!("EC")));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_authorizer_every_route_but_the_keys_is_refused() {
    let stage = Stage::new().await;
    for path in [
        "policy/login.json",
        "policy/show-policy.json",
        "policy/set-policy.json",
        "policy/members.json",
        "policy/unlock.json",
        "policy/reset.json",
        "policy/erase.json",
        "enroll/import.json",
        "enroll/list.json",
        "enroll/begin-totp.json",
        "enroll/begin-sms.json",
        "enroll/activate.json",
        "enroll/rename.json",
        "enroll/remove.json",
        "recovery/codes.json",
        "recovery/email.json",
        "recovery/redeem.json",
        "send-sms/text.json",
        "verify/verify.json",
    ] {
        let mut event = sample(path);
        event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        let (function, _) = path.split_once('/').unwrap();
        let (status, problem) = handle(&stage, function, &event).await;
        assert_eq!((status, &problem["title"]), (401, &json!("Unauthenticated")), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_serves_its_own_routes_only() {
    let stage = Stage::new().await;
    for (function, path) in [
        ("verify", "enroll/list.json"),
        ("enroll", "policy/login.json"),
        ("policy", "verify/jwks.json"),
        ("send-sms", "verify/verify.json"),
    ] {
        assert_eq!(handle(&stage, function, &sample(path)).await.0, 500, "{path} to {function}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sample_event_is_answered_as_its_line_says() {
    let answers: BTreeMap<String, String> = serde_saphyr::from_str(include_str!("../../events/answers.yaml")).unwrap();
    assert_eq!(answers.keys().cloned().collect::<BTreeSet<_>>(), samples());
    for (path, answer) in answers {
        let stage = Stage::new().await;
        let (function, _) = path.split_once('/').unwrap();
        let (status, body) = handle(&stage, function, &sample(&path)).await;
        let code = body["type"].as_str().and_then(|uri| uri.rsplit('/').next()).unwrap_or_default();
        assert_eq!(format!("{status} {code}").trim(), answer, "{path}: {body}");
    }
}

/// Every sample there is, as `function/name.json`.
fn samples() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let folders = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
    files.map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn there_is_a_sample_for_every_route_in_the_folder_of_its_function() {
    let function = |operation: &Value| operation["tags"][0].as_str().unwrap().to_owned();
    let routes: BTreeMap<_, _> =
        openapi::operations().into_iter().map(|(route, operation)| (route, function(operation))).collect();
    let mut sampled = BTreeSet::new();
    for path in samples() {
        let event = sample(&path);
        let route = event["routeKey"].as_str().unwrap().to_owned();
        assert_eq!(event["requestContext"]["routeKey"], route);
        assert_eq!(Some(routes[&route].as_str()), path.split('/').next(), "{route}");
        sampled.insert(route);
    }
    assert_eq!(sampled, routes.into_keys().collect());
}
