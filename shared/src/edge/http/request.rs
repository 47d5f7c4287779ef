//! The requests that handlers read.

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

/// A request, and the time at which it came. Handlers read no other clock.
pub struct Request {
    event: lambda_http::Request,
    /// The time at which the request came.
    pub now: Timestamp,
}

impl Request {
    /// Creates a request that came at `now`.
    pub fn new(event: lambda_http::Request, now: Timestamp) -> Self {
        Self { event, now }
    }

    /// The gateway's key for the route, such as `POST /v1/factors/{factor_id}/verify`.
    pub fn route(&self) -> &str {
        self.context().and_then(|context| context.route_key.as_deref()).unwrap_or_default()
    }

    fn context(&self) -> Option<&ApiGatewayV2httpRequestContext> {
        match self.event.request_context_ref()? {
            RequestContext::ApiGatewayV2(context) => Some(context),
            _ => None,
        }
    }

    /// The gateway's id of the request, which is also in the gateway's log.
    pub(crate) fn id(&self) -> &str {
        self.context().and_then(|context| context.request_id.as_deref()).unwrap_or_default()
    }

    /// The token's `sub`, if it is a valid user id.
    pub(crate) fn user(&self) -> Option<&str> {
        self.claims()?.get("sub").map(String::as_str).filter(|sub| UserId::is_one(sub))
    }

    /// The claims of the login token, if the authorizer accepted one.
    pub(crate) fn claims(&self) -> Option<&HashMap<String, String>> {
        Some(&self.context()?.authorizer.as_ref()?.jwt.as_ref()?.claims)
    }

    /// Returns the fault for a route that this function does not serve.
    pub fn misrouted(&self) -> Error {
        Fault::new("serve a route of another function").into()
    }

    /// The path parameter `name`, which the gateway has percent-decoded.
    pub fn path(&self, name: &str) -> String {
        let parameters = self.event.path_parameters_ref();
        parameters.and_then(|parameters| parameters.first(name)).unwrap_or_default().to_owned()
    }

    /// The factor's id in the path. If the text is not a valid id, no factor has it.
    pub fn factor_id(&self) -> Result<FactorId, Refusal> {
        FactorId::parse(&self.path("factor_id")).ok_or(Refusal::FactorNotFound)
    }

    /// Creates a notice about this request, with its time, its address and its language.
    pub fn notice(&self, kind: NoticeKind) -> Notice {
        Notice::new(kind, self.now, self.client_address(), self.accept_language())
    }

    /// Creates a notice about an operator's request. It leaves out the address, because the user does not need it.
    pub fn notice_of_operator(&self, kind: NoticeKind) -> Notice {
        Notice { from: None, ..self.notice(kind) }
    }

    /// Reads the query's parameters `names`, in this order. It refuses others, so that none is silently ignored.
    pub fn query<const N: usize>(&self, names: [&str; N]) -> Result<[Option<String>; N], Refusal> {
        let asked = self.event.query_string_parameters_ref();
        if asked.is_some_and(|asked| asked.iter().any(|(name, _)| !names.contains(&name))) {
            return Err(Refusal::invalid(format!("The query may have only these parameters: {}.", names.join(", "))));
        }
        Ok(names.map(|name| asked?.first(name).map(str::to_owned)))
    }

    /// Reads the versions in the header `If-Match`.
    pub fn if_match(&self) -> IfMatch {
        // A header that is not text matches no version, so it still prevents the change.
        match self.raw_header(header::IF_MATCH.as_str()).map(|sent| sent.to_str().unwrap_or_default()) {
            None => IfMatch::Any,
            Some(sent) if sent.trim() == "*" => IfMatch::Any,
            Some(sent) => IfMatch::Versions(strong_tags(sent).filter_map(version).collect()),
        }
    }

    /// The client's IP address, as the gateway saw it. Headers do not count.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.context()?.http.source_ip.as_deref()?.parse().ok()
    }

    /// The header `Accept-Language`.
    pub fn accept_language(&self) -> Option<&str> {
        self.header("accept-language")
    }

    /// The header `name`, if it is present and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.event.headers().get(name)?.to_str().ok()
    }

    /// The header `name`, unparsed.
    pub(crate) fn raw_header(&self, name: &str) -> Option<&HeaderValue> {
        self.event.headers().get(name)
    }

    /// Lambda's id for the invocation.
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

/// The versions that a request may change (`If-Match`, RFC 9110 section 13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Any version: the client sends no header, or `*`.
    Any,
    /// Only these versions: `"3"`, or a list `"3", "4"`. A tag that is not a version matches nothing.
    Versions(Vec<u64>),
}

impl IfMatch {
    /// Whether the request may change this version.
    pub fn allows(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

/// Parses the version in a tag. It accepts `3`, but not `03` or `+3`.
fn version(tag: &str) -> Option<u64> {
    tag.parse().ok().filter(|version: &u64| version.to_string() == tag)
}

/// Returns the strong tags of a list: texts in quotes after nothing but commas and spaces. Weak tags, `W/"3"`, are left
/// out.
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
