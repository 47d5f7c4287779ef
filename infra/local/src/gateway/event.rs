//! Turns a request into the event that a function gets, in payload format 2.0 of HTTP APIs.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use shared::{base::clock::Timestamp, edge::http::gateway::spelled};
use time::{OffsetDateTime, macros::format_description};

use super::{Claims, routes::Route};

/// The parts of an event.
pub struct Incoming<'a> {
    /// Method, path and headers.
    pub head: &'a Parts,
    /// The body.
    pub body: &'a [u8],
    /// The request's route.
    pub route: &'a Route,
    /// The path parameters.
    pub path: &'a BTreeMap<String, String>,
    /// The login token's claims, if the route requires a login token.
    pub claims: Option<&'a Claims>,
    /// The request's id.
    pub id: &'a str,
    /// The time at which the request came.
    pub now: Timestamp,
}

/// Builds the event.
pub fn build(incoming: &Incoming<'_>) -> Value {
    let Incoming { head, body, route, path, claims, id, now } = incoming;
    let headers = headers(&head.headers);
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(&head.headers));
    let authorizer = claims.map(|claims| {
        let rendered = claims.iter().filter_map(|(name, claim)| Some((name.clone(), spelled(claim)?.into())));
        let scopes = Some(&route.scopes).filter(|scopes| !scopes.is_empty());
        json!({"jwt": {"claims": rendered.collect::<Map<_, _>>(), "scopes": scopes}})
    });
    let event = json!({
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": head.uri.path(),
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "cookies": cookies(&head.headers),
        "headers": headers,
        "queryStringParameters": head.uri.query().map(parameters),
        "requestContext": present(json!({
            "accountId": "000000000000",
            "apiId": "local",
            "authorizer": authorizer,
            "domainName": headers.get("host"),
            "domainPrefix": "local",
            "http": {
                "method": head.method.as_str(),
                "path": head.uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent").map_or("", String::as_str),
            },
            "requestId": id,
            "routeKey": route.key,
            "stage": "$default",
            "time": common_log_time(*now),
            "timeEpoch": now.millis(),
        })),
        "pathParameters": Some(path).filter(|path| !path.is_empty()),
        "body": (!body.is_empty()).then(|| text.map_or_else(|| BASE64.encode(body), str::to_owned)),
        "isBase64Encoded": !body.is_empty() && text.is_none(),
    });
    present(event)
}

/// Removes fields that are null, because an event omits them.
fn present(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// Formats a time as access logs do: `24/Nov/2026:12:00:00 +0000`.
fn common_log_time(now: Timestamp) -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let moment = i64::try_from(now.seconds()).ok().and_then(|now| OffsetDateTime::from_unix_timestamp(now).ok());
    moment.and_then(|moment| moment.format(format).ok()).unwrap_or_default()
}

/// Splits the cookies, which an event has in a separate field.
fn cookies(headers: &HeaderMap) -> Option<Vec<String>> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = values.flat_map(|value| value.split("; ")).map(str::to_owned).collect::<Vec<_>>();
    (!cookies.is_empty()).then_some(cookies)
}

/// Decodes a query. It joins several values of one name by commas.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    joined(
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decoded(name), decoded(value))),
    )
}

/// Returns the headers except cookies, with several values of one name joined by commas. It sets `x-forwarded-proto`.
fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    const SCHEME: &str = "x-forwarded-proto";
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let others = headers.iter().filter(|(name, _)| **name != header::COOKIE && *name != SCHEME);
    let sent = others.map(|(name, value)| (name.to_string(), text(value)));
    joined(sent.chain([(SCHEME.to_owned(), "http".to_owned())]))
}

fn joined(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        joined.entry(name).and_modify(|all| *all = format!("{all},{value}")).or_insert(value);
    }
    joined
}

/// Whether a body of this content type is text in an event, not base64.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || matches!(essence.as_str(), "application/json" | "application/xml" | "application/javascript")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_request_came_the_gateway_says_itself() {
        let mut sent = HeaderMap::new();
        for proto in ["https,http", "javascript:alert(1)//"] {
            sent.append("x-forwarded-proto", HeaderValue::from_static(proto));
        }
        assert_eq!(headers(&sent).get("x-forwarded-proto").map(String::as_str), Some("http"));
        assert_eq!(headers(&HeaderMap::new()).get("x-forwarded-proto").map(String::as_str), Some("http"));
    }
}
