//! An event of the gateway: who asks is whom its authorizer vouches for, and the answer is one that the contract knows.

use std::sync::LazyLock;

use data_encoding::BASE64;
use lambda_http::{Request, http::Uri};
use serde_json::Value;
use shared::{assertion::token_hash, error::Error, error::Refusal};

use super::functions::{FUNCTIONS, NOW};
use crate::{openapi, stage::Reply};

/// Every route, with its function.
static ROUTES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let function = |operation: &Value| operation["tags"][0].as_str().unwrap().to_owned();
    openapi::operations().into_iter().map(|(route, operation)| (route, function(operation))).collect()
});

/// What must hold of an event.
pub fn check(data: &[u8]) {
    let Some(event) = sendable(data) else { return };
    let Ok(request) = lambda_http::request::from_str(&event.to_string()) else { return };
    caller(&event, request.clone());
    let route = event["routeKey"].as_str().unwrap_or_default();
    if let Some((route, function)) = ROUTES.iter().find(|(known, _)| known == route) {
        answer(route, function, request);
    }
}

/// The event as the gateway could send it. It sends no path, query or host that makes no URI, and no base64 that is none:
/// those are the runtime's to read, which breaks on them.
fn sendable(data: &[u8]) -> Option<Value> {
    let mut event: Value = serde_json::from_slice(data).ok()?;
    let query = event.get("rawQueryString").map_or(Some(""), Value::as_str)?;
    format!("http://localhost/?{query}").parse::<Uri>().ok()?;
    let base64 = event.get("isBase64Encoded") == Some(&Value::Bool(true));
    let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
    if base64 && BASE64.decode(body.as_bytes()).is_err() {
        return None;
    }
    event.as_object_mut()?.insert("rawPath".to_owned(), "/".into());
    event.get_mut("headers")?.as_object_mut()?.retain(|name, _| !name.eq_ignore_ascii_case("host"));
    let context = event.get_mut("requestContext")?.as_object_mut()?;
    context.insert("stage".to_owned(), "$default".into());
    context.remove("domainName");
    let route = context.get("routeKey").cloned().unwrap_or_default();
    event.as_object_mut()?.insert("routeKey".to_owned(), route);
    Some(event)
}

/// Nobody is let in but with a `sub` that the authorizer has read, and by a login token.
fn caller(event: &Value, request: Request) {
    let functions = &*FUNCTIONS;
    let authorization = request.headers().get("authorization").cloned();
    let request = shared::http::Request::new(request, NOW);
    match functions.wait(functions.api.caller(&request)) {
        Ok(caller) => {
            let sub = &event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"];
            assert_eq!(sub, caller.user.as_str());
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

/// The answer is one of the contract. Nothing breaks but where the gateway has not said from where the request came.
pub fn answer(route: &str, function: &str, request: Request) -> Reply {
    let body = request.body().to_vec();
    let addressed = shared::http::Request::new(request.clone(), NOW).client_address().is_some();
    let reply = Reply::of(&FUNCTIONS.answer(function, request));
    let (method, path) = route.split_once(' ').unwrap();
    openapi::judge(method, path, &body, &reply);
    assert!(reply.status < 500 || !addressed, "{route}: {reply:?}");
    reply
}
