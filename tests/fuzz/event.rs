//! An event of the gateway. The caller is the user that the authorizer vouches for, and the contract allows the answer.

use std::sync::LazyLock;

use lambda_http::{Request, http::HeaderValue};
use serde_json::{Value, value::RawValue};
use shared::{
    base::error::{Error, Refusal},
    edge::http::gateway,
    proof::assertion::token_hash,
};

use super::functions::{FUNCTIONS, NOW};
use crate::{openapi, stage::Reply};

/// Every route, with its function.
static ROUTES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let function = |operation: &Value| operation["tags"][0].as_str().unwrap().to_owned();
    openapi::operations().into_iter().map(|(route, operation)| (route, function(operation))).collect()
});

/// An event of the gateway, into which the check puts a client's choices.
const SAMPLE: &str = include_str!("../../events/policy/login.json");

/// Checks an event.
pub fn check(data: &[u8]) {
    if let Ok(claim) = serde_json::from_slice::<&RawValue>(data) {
        // The input as a claim, even if other readers of JSON refuse it.
        let event = SAMPLE.replace(r#""email_verified": "true""#, &format!(r#""email_verified": {claim}"#));
        assert!(event.contains(claim.get()) && gateway::read(&event).is_ok(), "{event}");
    }
    let Ok(mut event) = serde_json::from_slice::<Value>(data) else { return };
    answered(&event);
    // No choice of a client or an identity provider ends a request without an answer.
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
    for place in ["/rawPath", "/rawQueryString", "/body", "/headers/host", "/headers/x-forwarded-proto"] {
        if let Some(chosen) = event.pointer_mut(place).map(Value::take)
            && let Some(sent) = chosen.as_str().filter(|sent| !place.starts_with("/headers") || is_header(sent))
        {
            let (object, name) = place.rsplit_once('/').unwrap();
            sample.pointer_mut(object).unwrap()[name] = sent.into();
        }
    }
    sample["isBase64Encoded"] = (event["isBase64Encoded"] == true).into();
    if let Some(claims) = event.pointer_mut("/requestContext/authorizer/jwt/claims").filter(|claims| claims.is_object())
    {
        sample["requestContext"]["authorizer"]["jwt"]["claims"] = claims.take();
    }
    assert!(answered(&sample), "{sample}");
}

/// Neither the gateway nor HTTP accepts any other header.
fn is_header(sent: &str) -> bool {
    HeaderValue::from_str(sent).is_ok()
}

/// Whether the event can be read. If so, the contract must allow the answer.
fn answered(event: &Value) -> bool {
    let Ok(request) = gateway::read(&event.to_string()) else { return false };
    caller(event, request.clone());
    let route = event["requestContext"]["routeKey"].as_str().unwrap_or_default();
    if let Some((route, function)) = ROUTES.iter().find(|(known, _)| known == route) {
        answer(route, function, request);
    }
    true
}

/// Asserts that every caller has a login token and the `sub` that the authorizer has read.
fn caller(event: &Value, request: Request) {
    let functions = &*FUNCTIONS;
    let authorization = request.headers().get("authorization").cloned();
    let request = shared::edge::http::request::Request::new(request, NOW);
    match functions.wait(functions.api.caller(&request)) {
        Ok(caller) => {
            let sub = &event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"];
            assert_eq!(gateway::spelled(sub).as_deref(), Some(caller.user.as_str()));
            assert!(caller.label() == caller.user.as_str() || caller.token.email.as_deref() == Some(caller.label()));
            let authorization = authorization.unwrap();
            let token = authorization.to_str().unwrap();
            let bare = token.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
            assert_eq!(caller.ath, token_hash(token[bare.map_or(0, str::len)..].trim()));
            assert!(caller.workspaces().iter().all(|id| caller.token.workspaces.contains(id)));
            if let Some(claims) = &caller.assertion {
                assert_eq!((&claims.sub, &claims.ath), (&caller.user, &caller.ath));
            }
        }
        Err(Error::Refusal(
            Refusal::Unauthenticated
            | Refusal::ClaimMissing(_)
            | Refusal::ClaimInvalid(_)
            | Refusal::AssertionInvalid(_),
        )) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Asserts that the contract allows the answer. It is a fault only if the event has no address of the client.
pub fn answer(route: &str, function: &str, request: Request) -> Reply {
    let body = request.body().to_vec();
    let addressed = shared::edge::http::request::Request::new(request.clone(), NOW).client_address().is_some();
    let reply = Reply::of(&FUNCTIONS.answer(function, request));
    let (method, path) = route.split_once(' ').unwrap();
    openapi::judge(method, path, &body, &reply);
    assert!(reply.status < 500 || !addressed, "{route}: {reply:?}");
    reply
}
