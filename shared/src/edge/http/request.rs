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
    channel::email::notices::{Notice, NoticeKind},
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

    /// The same of what an operator did: from where is nothing that the user needs to know.
    pub fn notice_of_operator(&self, kind: NoticeKind) -> Notice {
        Notice { from: None, ..self.notice(kind) }
    }

    /// What the query asks for by these names, in turn. Any other name is refused: nothing that was sent is silently ignored.
    pub fn query<const N: usize>(&self, names: [&str; N]) -> Result<[Option<String>; N], Refusal> {
        let asked = self.event.query_string_parameters_ref();
        if asked.is_some_and(|asked| asked.iter().any(|(name, _)| !names.contains(&name))) {
            return Err(Refusal::invalid(format!("The query takes no other names than: {}.", names.join(", "))));
        }
        Ok(names.map(|name| asked?.first(name).map(str::to_owned)))
    }

    /// The versions that the client sends back in `If-Match`.
    pub fn if_match(&self) -> IfMatch {
        // One that is no text is no version of ours either: it guards all the same.
        match self.raw_header(header::IF_MATCH.as_str()).map(|sent| sent.to_str().unwrap_or_default()) {
            None => IfMatch::Any,
            Some(sent) if sent.trim() == "*" => IfMatch::Any,
            Some(sent) => IfMatch::Versions(strong_tags(sent).filter_map(version).collect()),
        }
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

/// Of which versions a request changes what is there (`If-Match`, RFC 9110 section 13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Of whichever: the client sends no tag, or `*`.
    Any,
    /// Of these alone: `"3"`, or a list `"3", "4"`. A tag that is no version of ours matches nothing.
    Versions(Vec<u64>),
}

impl IfMatch {
    /// Whether this version may be changed.
    pub fn allows(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

/// The version in a tag, spelled as we spell it: `3`, and neither `03` nor `+3`.
fn version(tag: &str) -> Option<u64> {
    tag.parse().ok().filter(|version: &u64| version.to_string() == tag)
}

/// The strong tags of a list: what is between quotes, and has nothing but a comma before it. A weak one, `W/"3"`, never matches.
fn strong_tags(list: &str) -> impl Iterator<Item = &str> {
    let parts: Vec<_> = list.split('"').collect();
    let closed = parts.len().saturating_sub(1) / 2;
    let tags = (0..closed).filter_map(move |tag| Some((*parts.get(2 * tag)?, *parts.get(2 * tag + 1)?)));
    tags.filter(|(before, _)| before.trim_matches([',', ' ', '\t']).is_empty()).map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(if_match: &[u8]) -> IfMatch {
        let request = lambda_http::Request::default();
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(header::IF_MATCH, HeaderValue::from_bytes(if_match).unwrap());
        Request::new(lambda_http::Request::from_parts(parts, body), Timestamp::default()).if_match()
    }

    #[test]
    fn a_tag_that_is_no_version_of_ours_still_guards() {
        for none in [
            "",
            "\"\"",
            "\"x\"",
            "\"03\"",
            "\"+3\"",
            "\" 3\"",
            "\"3.0\"",
            "\"-3\"",
            "3",
            "W/\"3\"",
            "\"18446744073709551616\"",
        ] {
            assert_eq!(sent(none.as_bytes()), IfMatch::Versions(Vec::new()), "{none}");
        }
        assert_eq!(sent(b"\"3\xff\""), IfMatch::Versions(Vec::new()));
        assert!(!IfMatch::Versions(Vec::new()).allows(0));
    }

    #[test]
    fn a_list_allows_each_version_in_it_and_no_other() {
        let list = sent(b"\"3\", \"x\", W/\"5\" ,\"4\"");
        assert_eq!([3, 4, 5, 0].map(|version| list.allows(version)), [true, true, false, false]);
    }

    #[test]
    fn no_tag_or_a_star_allows_any_version() {
        let none = Request::new(lambda_http::Request::default(), Timestamp::default()).if_match();
        for any in [none, sent(b"*"), sent(b" * ")] {
            assert!(any == IfMatch::Any && any.allows(7), "{any:?}");
        }
    }
}
