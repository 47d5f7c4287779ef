//! An API Gateway HTTP API, with routes from the contract and a JWT authorizer. It sends events to the functions
//! through their JSON form. Its own refusals have the same words as those of AWS.

use std::sync::Arc;

use aws_types::{SdkConfig, app_name::AppName};
use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{AUTHORIZATION, ORIGIN, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use lambda_http::RequestExt;
use serde_json::{Map, Value, json};
use shared::{
    aws::clients::Clients,
    base::{
        clock::Clock,
        random,
        settings::{SettingError, Settings},
    },
    edge::api::Lambda,
};

pub use self::routes::Routes;
use crate::{aws::Aws, clock::StackClock, identity::IdentityProvider, sdk};

mod authorizer;
mod cors;
mod event;
mod routes;

/// The AWS limit on a body (Amazon API Gateway quotas): 10 MB.
const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// The AWS limit on the request line and the headers' values together (the same quotas): 10,240 bytes.
const LARGEST_HEADERS: usize = 10_240;

/// The header `WWW-Authenticate` of a 401 (RFC 6750), as AWS's developer guide shows it, but without a description.
const NO_TOKEN: HeaderValue = HeaderValue::from_static("Bearer");
const INVALID_TOKEN: HeaderValue = HeaderValue::from_static(r#"Bearer scope="" error="invalid_token""#);

/// The gateway, and the parts of the stack behind it.
pub struct Gateway {
    routes: Routes,
    /// The issuer of login tokens.
    pub identity: IdentityProvider,
    functions: Arc<Functions>,
    /// The stack's clock.
    pub clock: StackClock,
    /// The embedded AWS, which the functions call.
    pub aws: Arc<Aws>,
}

/// The functions.
pub struct Functions {
    enroll: enroll::Function,
    policy: policy::Function,
    recovery: recovery::Function,
    send_sms: send_sms::Function,
    verify: verify::Function,
}

impl Functions {
    /// Starts each function as its `main.rs` would.
    pub fn start(settings: &Settings, aws: &SdkConfig, clock: &Clock) -> Result<Self, SettingError> {
        let named = |name: &'static str| {
            let mut named = aws.to_builder();
            named.set_app_name(AppName::new(name).ok());
            Clients::new(&named.build())
        };
        Ok(Self {
            enroll: enroll::Function::new(settings, &named("enroll"), clock.clone())?,
            policy: policy::Function::new(settings, &named("policy"), clock.clone())?,
            recovery: recovery::Function::new(settings, &named("recovery"), clock.clone())?,
            send_sms: send_sms::Function::new(settings, &named("send-sms"), clock.clone())?,
            verify: verify::Function::new(settings, &named("verify"), clock.clone())?,
        })
    }

    /// Answers an event with the function of this name. Returns `None` if no function has the name.
    pub async fn call(
        &self,
        function: &str,
        event: lambda_http::Request,
    ) -> Option<lambda_http::Response<lambda_http::Body>> {
        match function {
            "enroll" => Some(self.enroll.handle(event).await),
            "policy" => Some(self.policy.handle(event).await),
            "recovery" => Some(self.recovery.handle(event).await),
            "send-sms" => Some(self.send_sms.handle(event).await),
            "verify" => Some(self.verify.handle(event).await),
            _ => None,
        }
    }
}

impl Gateway {
    pub fn new(
        routes: Routes,
        identity: IdentityProvider,
        functions: Arc<Functions>,
        clock: StackClock,
        aws: Arc<Aws>,
    ) -> Self {
        Self { routes, identity, functions, clock, aws }
    }
}

/// Answers a request to the API.
pub async fn serve(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let id = random::id().unwrap_or_default();
    let origin = request.headers().get(ORIGIN).cloned();
    let challenge = if request.headers().contains_key(AUTHORIZATION) { INVALID_TOKEN } else { NO_TOKEN };
    let mut response = match cors::preflight(request.method(), request.headers()) {
        Some(preflight) => preflight,
        None => match answer(gateway, request, id.clone()).await {
            Ok(response) => response,
            Err((status, message)) => {
                let mut refused = (status, Json(json!({"message": message}))).into_response();
                if status == StatusCode::UNAUTHORIZED {
                    refused.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                refused
            }
        },
    };
    cors::allow(origin, &mut response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

async fn answer(gateway: Arc<Gateway>, request: Request, id: String) -> Result<Response, (StatusCode, &'static str)> {
    const INTERNAL: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let (head, body) = request.into_parts();
    let line = format!("{} {} HTTP/1.1", head.method, head.uri).len();
    if line + head.headers.values().map(HeaderValue::len).sum::<usize>() > LARGEST_HEADERS {
        return Err((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large"));
    }
    let (route, path) =
        gateway.routes.find(&head.method, head.uri.path()).ok_or((StatusCode::NOT_FOUND, "Not Found"))?;
    let claims = if route.open {
        None
    } else {
        // Of two headers, the authorizer could check one, and the function could hash the other.
        let mut tokens = head.headers.get_all(AUTHORIZATION).iter();
        let token = tokens.next().filter(|_| tokens.next().is_none()).and_then(|value| value.to_str().ok());
        let claims = token.and_then(|token| authorizer::authorize(token, &gateway.identity, gateway.clock.now()));
        let claims = claims.ok_or((StatusCode::UNAUTHORIZED, "Unauthorized"))?;
        if !authorizer::has_scope(&claims, &route.scopes) {
            return Err((StatusCode::FORBIDDEN, "Forbidden"));
        }
        Some(claims)
    };
    let body = to_bytes(body, LARGEST_BODY);
    let body = body.await.map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"))?;
    let event = event::build(&event::Incoming {
        head: &head,
        body: &body,
        route,
        path: &path,
        claims: claims.as_ref(),
        id: &id,
        now: gateway.clock.now(),
    });
    let event = shared::edge::http::gateway::read(&event.to_string()).map_err(|_| INTERNAL)?;
    let mut context = lambda_http::Context::default();
    context.request_id.clone_from(&id);
    let event = event.with_lambda_context(context);
    let function = route.function.clone();
    // A separate task, as in Lambda: if the client hangs up, the function goes on, and a panic ends only the request.
    let call = async move { gateway.functions.call(&function, event).await };
    let reply = tokio::spawn(sdk::REQUEST.scope(id, call)).await.ok().flatten().ok_or(INTERNAL)?;
    Ok(reply.map(|body| match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    }))
}

type Claims = Map<String, Value>;
