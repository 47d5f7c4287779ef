//! The sample events: requests as API Gateway sends them, each to its own function.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use lambda_http::http::HeaderValue;
use serde_json::{Value, json};
use shared::edge::http::gateway;

use crate::{
    openapi,
    stage::{Reply, Stage, scanned},
};

/// The sample event in a file below `events`.
pub fn sample(path: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    serde_json::from_str(&fs::read_to_string(folder.join(path)).unwrap()).unwrap()
}

/// The function's answer to an event: its status and its body.
pub async fn handle(stage: &Stage, function: &str, event: &Value) -> (u16, Value) {
    let reply = reply_of(stage, function, event).await;
    (reply.status, reply.body)
}

/// The reply to a sample event that is changed to come from `sub`. Its login token is the same in every stack.
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
    let request = gateway::read(&event.to_string()).unwrap();
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

    // The sample's factor does not exist. The same event then names the new factor.
    let mut event = sample("enroll/activate.json");
    let (status, problem) = handle(&stage, "enroll", &event).await;
    assert_eq!((status, &problem["title"]), (404, &json!("Factor not found")));
    event["pathParameters"]["factor_id"] = id.clone().into();
    event["body"] = json!({"code": app.code(stage.now().await)}).to_string().into();
    assert_eq!(handle(&stage, "enroll", &event).await.0, 200);

    let (status, list) = handle(&stage, "enroll", &sample("enroll/list.json")).await;
    assert_eq!((status, &list["factors"][0]["id"]), (200, &begun["id"]));

    // The sample's assertion is not genuine either.
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

/// In June 2020, AWS passed booleans and numbers in claims through as they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_sample_event_whose_claims_are_no_strings_is_answered_alike() {
    let answers: BTreeMap<String, String> = serde_saphyr::from_str(include_str!("../../events/answers.yaml")).unwrap();
    for (path, answer) in answers {
        let mut event = sample(&path);
        let claims = event.pointer_mut("/requestContext/authorizer/jwt/claims").and_then(Value::as_object_mut);
        let Some(claims) = claims else { continue };
        for (name, claim) in claims.iter_mut() {
            let Some(text) = claim.as_str() else { continue };
            let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            *claim = match list {
                Some(list) => list.split_whitespace().collect(),
                None if name == "sub" => continue,
                None => text.parse().ok().filter(|value: &Value| !value.is_string()).unwrap_or_else(|| claim.clone()),
            };
        }
        let others = json!({
            "address": {"country": "NL", "lines": ["a", 1.5, null]}, "groups": [{"id": 7}], "https://acme.com/level": 2.0,
            "nickname": null, "phone_number_verified": false, "updated_at": 1_795_478_400.25,
        });
        claims.extend(others.as_object().unwrap().clone());
        assert!(claims.values().any(|claim| !claim.is_string()));
        let stage = Stage::new().await;
        let (function, _) = path.split_once('/').unwrap();
        let (status, body) = handle(&stage, function, &event).await;
        let code = body["type"].as_str().and_then(|uri| uri.rsplit('/').next()).unwrap_or_default();
        assert_eq!(format!("{status} {code}").trim(), answer, "{path}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_no_string_says_what_it_would_as_a_string() {
    let stage = Stage::new().await;
    for (name, raw, spelled) in [
        ("sub", json!(4711), json!("4711")),
        ("workspaces", json!(["acme", "globex"]), json!("[acme globex]")),
        ("workspaces", json!(["acme", null]), json!("[acme <nil>]")),
        ("workspaces", json!({"acme": true}), json!(r#"{"acme":true}"#)),
        ("workspaces", json!(7), json!("7")),
        ("email_verified", json!(true), json!("true")),
        ("email_verified", json!(1), json!("1")),
        ("email_verified", json!(false), json!("false")),
        ("exp", json!(4_102_444_800_u64), json!("4102444800")),
        ("exp", json!(4_102_444_800.0), json!("4.1024448e+09")),
        ("exp", json!([4_102_444_800_u64]), json!("[4102444800]")),
    ] {
        let mut replies = Vec::new();
        for claim in [&raw, &spelled] {
            let mut event = sample("policy/login.json");
            event["requestContext"]["authorizer"]["jwt"]["claims"][name] = claim.clone();
            let (status, mut body) = handle(&stage, "policy", &event).await;
            body.as_object_mut().unwrap().remove("assertion");
            replies.push((status, body));
        }
        assert_eq!(replies[0], replies[1], "{name}: {raw}");
    }
    // A claim that no JSON reader accepts counts as its text. It is not treated as absent.
    let text = sample("policy/login.json").to_string();
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (name, claim) in [("email_verified", "true"), ("email", "ada@example.com"), ("workspaces", "[acme globex]")] {
        for odd in [&deep, "1e400", "[1e400]", r#"["\ud800"]"#, r#""\ud800""#, r#"{"a":-1e999}"#] {
            let event = text.replace(&format!(r#""{name}":"{claim}""#), &format!(r#""{name}":{odd}"#));
            assert_ne!(event, text);
            let request = gateway::read(&event).unwrap();
            let reply = Reply::of(&stage.stack.functions.call("policy", request).await.unwrap());
            // `1e400` is also a valid id.
            let refused = name == "workspaces" && !odd.contains("1e400");
            assert_eq!(reply.status, if refused { 403 } else { 200 }, "{name}: {odd:.40}");
        }
    }
    // The gateway leaves out a claim that is null.
    let mut event = sample("policy/login.json");
    event["requestContext"]["authorizer"]["jwt"]["claims"]["workspaces"] = Value::Null;
    let (status, body) = handle(&stage, "policy", &event).await;
    assert_eq!((status, &body["title"]), (403, &json!("Claim missing")));
}

/// Anyone can send these requests without a login token, so none of them may break a function.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_host_or_query_that_makes_no_uri_is_answered() {
    let stage = Stage::new().await;
    let (long, longer) = ("x".repeat(70_000), format!("/{}", "<".repeat(70_000)));
    let odd = [
        "", "<", "a=<", "x=<a>", "\"", "a b", "a=\u{7f}", "a=\u{0}", "%", "a=%zz", "ü=é", "#", "a#b", "[::1",
        "\u{202e}", "{}|\\^`",
    ];
    for place in
        ["/rawQueryString", "/rawPath", "/headers/host", "/headers/x-forwarded-proto", "/requestContext/domainName"]
    {
        let more =
            [":99999999", "//", "/", "no slash", "http://", "javascript:alert(1)//", "https,http", &long, &longer];
        for value in odd.into_iter().chain(more) {
            if place.starts_with("/headers") && HeaderValue::from_str(value).is_err() {
                continue;
            }
            let mut event = sample("verify/jwks.json");
            *event.pointer_mut(place).unwrap() = value.into();
            let (status, keys) = handle(&stage, "verify", &event).await;
            assert_eq!((status, keys["keys"].is_array()), (200, true), "{place}: {value:.40}");
        }
    }
    // The function still reads the query.
    for (query, status) in [("state=<", 400), ("st<te=mfa", 400), ("state=mfa&a=\"", 400), ("state=m%66a", 403)] {
        let mut event = sample("policy/members.json");
        event["rawQueryString"] = query.into();
        assert_eq!(handle(&stage, "policy", &event).await.0, status, "{query}");
    }
    // A body that is marked as base64 and isn't breaks no function either.
    for body in ["{}", "a", "=", "é", "YQ", "YR=="] {
        let mut event = sample("policy/login.json");
        event["headers"]["content-type"] = "application/json".into();
        (event["body"], event["isBase64Encoded"]) = (body.into(), true.into());
        let (status, _) = handle(&stage, "policy", &event).await;
        assert_eq!(status, if body == "{}" { 200 } else { 400 }, "{body}");
    }
}

/// The paths of all samples, each as `function/name.json`.
fn samples() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let folders = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
    files.map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_route_has_a_sample_in_its_functions_folder() {
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
