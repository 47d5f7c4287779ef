//! The routes below `/dev`, which no deployment has. They issue login tokens, move the clock, list the sent texts and
//! emails and the AWS calls, and make AWS calls fail.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::gateway::Gateway;

type Reply = Result<Json<Value>, (StatusCode, Json<Value>)>;
type Stack = State<Arc<Gateway>>;

/// The routes below `/dev`.
pub fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/tokens", post(token))
        .route("/outbox", get(outbox))
        .route("/opt-outs", post(opt_out).delete(opt_in))
        .route("/calls", get(calls))
        .route("/clock", post(advance))
        .route("/faults", post(order_fault).delete(clear_faults))
        .route("/jwks.json", get(async |State(stack): Stack| Json(stack.identity.jwks())))
        .route(
            "/.well-known/openid-configuration",
            get(async |State(stack): Stack| Json(stack.identity.configuration())),
        )
}

async fn token(State(stack): Stack, body: Bytes) -> Reply {
    let ask: Map<String, Value> =
        serde_json::from_slice(&body).map_err(|_| bad("the body must be a JSON object: {\"sub\":\"ada\"}"))?;
    let token = stack.identity.token(ask).map_err(bad)?;
    Ok(Json(json!({ "token": token })))
}

async fn outbox(State(stack): Stack) -> Json<Value> {
    Json(json!({"texts": stack.aws.outbox.texts(), "emails": stack.aws.outbox.emails()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptOut {
    phone: String,
}

async fn opt_out(State(stack): Stack, body: Bytes) -> Reply {
    stack.aws.outbox.opt_out(&phone(&body)?);
    Ok(Json(json!({})))
}

async fn opt_in(State(stack): Stack, body: Bytes) -> Reply {
    stack.aws.outbox.opt_in(&phone(&body)?);
    Ok(Json(json!({})))
}

fn phone(body: &[u8]) -> Result<String, (StatusCode, Json<Value>)> {
    let ask: OptOut =
        serde_json::from_slice(body).map_err(|_| bad("the body must be JSON: {\"phone\":\"+14155550123\"}"))?;
    let digits = ask.phone.strip_prefix('+').unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad("`phone` must be in E.164, such as +14155550123"));
    }
    Ok(ask.phone)
}

/// Lists all calls, or with `?request=` those of one request.
async fn calls(State(stack): Stack, RawQuery(query): RawQuery) -> Json<Value> {
    let request = query.as_deref().and_then(|query| query.strip_prefix("request="));
    Json(json!({"calls": stack.aws.calls.list(request)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn advance(State(stack): Stack, body: Bytes) -> Reply {
    let ask: Advance =
        serde_json::from_slice(&body).map_err(|_| bad("the body must be JSON: {\"advance_seconds\":30}"))?;
    stack
        .clock
        .advance(ask.advance_seconds)
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"message": error.to_string()}))))?;
    let now = stack.clock.now();
    Ok(Json(json!({"now": now.rfc3339(), "unix": now.seconds()})))
}

async fn order_fault(State(stack): Stack, body: Bytes) -> Reply {
    let fault = serde_json::from_slice(&body).map_err(|_| {
        bad("the body must be JSON: {\"service\":\"kms\",\"operation\":\"Sign\",\"kind\":\"throttle\",\"times\":1}")
    })?;
    stack.aws.faults.order(fault).map_err(bad)?;
    Ok(Json(json!({})))
}

async fn clear_faults(State(stack): Stack) -> Json<Value> {
    stack.aws.faults.clear();
    Json(json!({}))
}

fn bad(message: &str) -> (StatusCode, Json<Value>) {
    (StatusCode::BAD_REQUEST, Json(json!({ "message": message })))
}
