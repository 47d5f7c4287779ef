//! A request, as the handlers read it.

use std::{collections::HashMap, net::IpAddr};

use lambda_http::{
    Body, Context, RequestExt,
    aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    http::{HeaderValue, header},
    request::RequestContext,
};

use crate::{
    base::{
        clock::Timestamp,
        error::{Error, Fault, Refusal},
        ids::UserId,
    },
    channel::email::words::{Notice, NoticeKind},
    proof::factor::FactorId,
};

/// A request, with the time at which it came: the only time that its handling knows.
pub struct Request {
    event: lambda_http::Request,
    /// When it came.
    pub now: Timestamp,
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
    pub(crate) fn id(&self) -> &str {
        self.context().and_then(|context| context.request_id.as_deref()).unwrap_or_default()
    }

    /// The `sub` of the request's token, where it can be a user's.
    pub(crate) fn user(&self) -> Option<&str> {
        self.claims()?.get("sub").map(String::as_str).filter(|sub| UserId::is_one(sub))
    }

    /// The claims of the login token, if the authorizer vouched for one.
    pub(crate) fn claims(&self) -> Option<&HashMap<String, String>> {
        Some(&self.context()?.authorizer.as_ref()?.jwt.as_ref()?.claims)
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

    /// The factor that the path names. A text that is no factor's id names none that there is.
    pub fn factor_id(&self) -> Result<FactorId, Refusal> {
        FactorId::parse(&self.path("factor_id")).ok_or(Refusal::FactorNotFound)
    }

    /// A notice of what the request did: when, from where, and in the language that it asks for.
    pub fn notice(&self, kind: NoticeKind) -> Notice {
        Notice::new(kind, self.now, self.client_address(), self.accept_language())
    }

    /// What the query asks for by these names, in turn. Any other name is refused: nothing that was sent is silently ignored.
    pub fn query<const N: usize>(&self, names: [&str; N]) -> Result<[Option<String>; N], Refusal> {
        let asked = self.event.query_string_parameters_ref();
        if asked.is_some_and(|asked| asked.iter().any(|(name, _)| !names.contains(&name))) {
            return Err(Refusal::invalid(format!("The query takes no other names than: {}.", names.join(", "))));
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
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.event.headers().get(name)?.to_str().ok()
    }

    /// The header `name`, as it was sent.
    pub(crate) fn raw_header(&self, name: &str) -> Option<&HeaderValue> {
        self.event.headers().get(name)
    }

    /// Lambda's id of the invocation.
    pub(crate) fn invocation(&self) -> &str {
        self.event.lambda_context_ref().map_or("", |context: &Context| context.request_id.as_str())
    }

    /// The body's bytes.
    pub(crate) fn body(&self) -> &[u8] {
        match self.event.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        }
    }
}

/// The strong tags of a list: what is between quotes, and has nothing but a comma before it. A weak one, `W/"3"`, never matches.
fn strong_tags(list: &str) -> impl Iterator<Item = &str> {
    let parts: Vec<_> = list.split('"').collect();
    let closed = parts.len().saturating_sub(1) / 2;
    let tags = (0..closed).filter_map(move |tag| Some((*parts.get(2 * tag)?, *parts.get(2 * tag + 1)?)));
    tags.filter(|(before, _)| before.trim_matches([',', ' ', '\t']).is_empty()).map(|(_, tag)| tag)
}
