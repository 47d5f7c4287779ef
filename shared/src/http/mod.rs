//! The edge: an event of the gateway in, a reply out. What every function needs for that is an [`Api`].

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lambda_http::{
    Body, BoxFuture, Context, RequestExt, Response,
    aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    http::{HeaderName, StatusCode, header},
    request::RequestContext,
};
use serde::Serialize;
use tracing::{Instrument, info_span};

use self::{
    caller::{Admitted, Caller},
    claims::ClaimNames,
};
use crate::{
    assertion::keys::PublicKeys,
    calls,
    clients::Clients,
    clock::{Clock, Timestamp},
    error::{Error, Fault, Refusal, Result, chain},
    settings::{SettingError, Settings},
    user::UserId,
};

pub mod body;
pub mod caller;
pub mod claims;
pub mod gateway;
pub mod operator;
mod problem;

/// What every function needs to take a request and to answer it.
pub struct Api {
    clock: Clock,
    claims: ClaimNames,
    keys: PublicKeys,
    issuer: String,
    audience: String,
    cold: AtomicBool,
}

/// A request, with the time at which it came: the only time that its handling knows.
pub struct Request {
    event: lambda_http::Request,
    /// When it came.
    pub now: Timestamp,
}

/// An answer that is not an error.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
}

impl Api {
    /// Takes `MFA_ISSUER`, `MFA_AUDIENCE`, the signing keys and the names of claims from the settings.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            clock,
            claims: ClaimNames::new(settings)?,
            keys: PublicKeys::new(settings, aws)?,
            issuer: settings.required("MFA_ISSUER")?,
            audience: settings.required("MFA_AUDIENCE")?,
            cold: AtomicBool::new(true),
        })
    }

    /// Takes a request in. Its time is now.
    pub fn receive(&self, event: lambda_http::Request) -> Request {
        Request::new(event, self.clock.now())
    }

    /// Handles a request, answers it, and writes its line into the log. Every line on the way stands in its span. Boxed:
    /// the futures of AWS calls are large, and their types deep.
    pub async fn answer(&self, request: &Request, handled: BoxFuture<'_, Result<Reply>>) -> Response<Body> {
        let invocation = request.event.lambda_context_ref().map_or("", |context: &Context| context.request_id.as_str());
        let cold_start = self.cold.swap(false, Ordering::Relaxed);
        let (id, route) = (request.id(), request.route());
        let span = info_span!("request", request_id = id, invocation, cold_start, route);
        async {
            let (outcome, calls) = calls::counted(handled).await;
            self.respond(request, outcome, calls)
        }
        .instrument(span)
        .await
    }

    /// The user who is asking, after a login by password. A login by SSO is refused: it acts on nothing that the user's tenants
    /// share. An assertion that the request carries is checked here, and an invalid one is an error.
    pub async fn caller(&self, request: &Request) -> Result<Caller> {
        Caller::read(self, request, Admitted::ByPassword).await
    }

    /// The same, after a login by password or by SSO: for a route that acts only on what SSO vouches for.
    pub async fn caller_also_by_sso(&self, request: &Request) -> Result<Caller> {
        Caller::read(self, request, Admitted::All).await
    }

    /// The public keys that assertions are checked with.
    pub fn keys(&self) -> &PublicKeys {
        &self.keys
    }

    fn respond(&self, request: &Request, outcome: Result<Reply>, calls: u32) -> Response<Body> {
        let duration_ms = self.clock.now().since(request.now).as_millis();
        let duration_ms = u64::try_from(duration_ms).unwrap_or(u64::MAX);
        let (code, reply) = match outcome {
            Ok(reply) => ("ok", reply),
            Err(Error::Refusal(refusal)) => problem::of_refusal(&refusal, &self.issuer),
            Err(Error::Fault(fault)) => {
                tracing::error!(fault = chain(&fault), "fault");
                problem::of_fault(&fault, &self.issuer)
            }
        };
        tracing::info!(
            status = reply.status.as_u16(),
            outcome = code,
            user = request.user(),
            duration_ms,
            calls,
            "request"
        );
        reply.into_response()
    }
}

impl Request {
    /// A request that came at `now`.
    pub fn new(event: lambda_http::Request, now: Timestamp) -> Self {
        Self { event, now }
    }

    /// The gateway's key of the route: `POST /v1/factors/{factor_id}/verify`.
    pub fn route(&self) -> &str {
        self.context().and_then(|context| context.route_key.as_deref()).unwrap_or_default()
    }

    /// The gateway's own words on the request.
    fn context(&self) -> Option<&ApiGatewayV2httpRequestContext> {
        match self.event.request_context_ref()? {
            RequestContext::ApiGatewayV2(context) => Some(context),
            _ => None,
        }
    }

    /// The gateway's id of the request, which its own log has too.
    fn id(&self) -> &str {
        self.context().and_then(|context| context.request_id.as_deref()).unwrap_or_default()
    }

    /// The `sub` of the request's token, where it can be a user's.
    fn user(&self) -> Option<&str> {
        caller::claims(self)?.get("sub").map(String::as_str).filter(|sub| UserId::is_one(sub))
    }

    /// The error for a route that the gateway should not have sent here.
    pub fn misrouted(&self) -> Error {
        Fault::new("serve a route that is another function's").into()
    }

    /// The path parameter `name`, percent-decoded by the gateway.
    pub fn path(&self, name: &str) -> String {
        let parameters = self.event.path_parameters_ref();
        parameters.and_then(|parameters| parameters.first(name)).unwrap_or_default().to_owned()
    }

    /// What the query asks for by these names, in turn. Any other name is refused: nothing that was sent is silently ignored.
    pub fn query<const N: usize>(&self, names: [&str; N]) -> Result<[Option<String>; N], Refusal> {
        let asked = self.event.query_string_parameters_ref();
        if asked.is_some_and(|asked| asked.iter().any(|(name, _)| !names.contains(&name))) {
            return Err(body::invalid(format!("The query takes no other names than: {}.", names.join(", "))));
        }
        Ok(names.map(|name| asked?.first(name).map(str::to_owned)))
    }

    /// Whether `version` is among those that the client sends back in `If-Match` (RFC 9110 section 13.1.1): `"3"`, or a list
    /// `"3", "4"`. `None` where it sends none, or `*` for whichever.
    pub fn if_match(&self, version: u64) -> Option<bool> {
        // One that is no text is no version of ours either: it guards all the same.
        let sent = self.event.headers().get(header::IF_MATCH)?.to_str().unwrap_or_default();
        (sent.trim() != "*").then(|| strong_tags(sent).any(|tag| tag == version.to_string()))
    }

    /// The address that the request came from, as the gateway saw it: never what a header says.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.context()?.http.source_ip.as_deref()?.parse().ok()
    }

    /// The languages that the client asks for.
    pub fn accept_language(&self) -> Option<&str> {
        self.header("accept-language")
    }

    /// The header `name`, if it is there and is text.
    fn header(&self, name: &str) -> Option<&str> {
        self.event.headers().get(name)?.to_str().ok()
    }
}

/// The strong tags of a list: what is between quotes, and has nothing but a comma before it. A weak one, `W/"3"`, never matches.
fn strong_tags(list: &str) -> impl Iterator<Item = &str> {
    let parts: Vec<_> = list.split('"').collect();
    let closed = parts.len().saturating_sub(1) / 2;
    let tags = (0..closed).filter_map(move |tag| Some((*parts.get(2 * tag)?, *parts.get(2 * tag + 1)?)));
    tags.filter(|(before, _)| before.trim_matches([',', ' ', '\t']).is_empty()).map(|(_, tag)| tag)
}

impl Reply {
    /// 200 with `body` as JSON.
    pub fn ok(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::OK, "application/json", body)
    }

    /// 201 with `body` as JSON.
    pub fn created(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::CREATED, "application/json", body)
    }

    /// 202 with `body` as JSON.
    pub fn accepted(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::ACCEPTED, "application/json", body)
    }

    /// Names the version of what it shows.
    #[must_use]
    pub fn of_version(self, version: u64) -> Self {
        self.with(header::ETAG, format!("\"{version}\""))
    }

    /// Lets anyone keep the reply for `life`. Without this nobody may.
    #[must_use]
    pub fn cached_for(mut self, life: Duration) -> Self {
        self.headers.retain(|(name, _)| *name != header::CACHE_CONTROL);
        self.with(header::CACHE_CONTROL, format!("public, max-age={}", life.as_secs()))
    }

    fn json(status: StatusCode, content_type: &str, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| Fault::caused("write a reply", error))?;
        let reply = Self { status, headers: Vec::new(), body };
        // Secrets, assertions and codes are in replies: nothing on the way may keep one.
        Ok(reply.with(header::CONTENT_TYPE, content_type).with(header::CACHE_CONTROL, "no-store"))
    }

    fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn into_response(self) -> Response<Body> {
        // Text, not bytes: bytes would leave the function in base64.
        let body = String::from_utf8(self.body).map_or(Body::Empty, Body::Text);
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
