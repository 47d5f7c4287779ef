//! A request as the event that a function gets: payload format 2.0 of HTTP APIs.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header, request::Parts};
use data_encoding::BASE64;
use serde_json::{Map, Value, json};
use shared::clock::Timestamp;

use super::{Claims, routes::Route};

/// What an event is made of.
pub struct Incoming<'a> {
    /// Method, path and headers.
    pub head: &'a Parts,
    /// The body.
    pub body: &'a [u8],
    /// The route that it goes to.
    pub route: &'a Route,
    /// Its path parameters.
    pub path: &'a BTreeMap<String, String>,
    /// The login token's claims, where the authorizer has read one.
    pub claims: Option<&'a Claims>,
    /// The request's id.
    pub id: &'a str,
    /// When it came.
    pub now: Timestamp,
}

/// The event.
pub fn build(incoming: &Incoming<'_>) -> Value {
    let Incoming { head, body, route, path, claims, id, now } = incoming;
    let headers = headers(&head.headers);
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(&head.headers));
    let authorizer = claims.map(|claims| {
        let rendered = claims.iter().map(|(name, value)| (name.clone(), render(value).into()));
        json!({"jwt": {"claims": rendered.collect::<Map<_, _>>(), "scopes": null}})
    });
    let event = json!({
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": head.uri.path(),
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": headers,
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
            "time": now.rfc3339(),
            "timeEpoch": now.millis(),
        })),
        "pathParameters": Some(path).filter(|path| !path.is_empty()),
        "body": (!body.is_empty()).then(|| text.map_or_else(|| BASE64.encode(body), str::to_owned)),
        "isBase64Encoded": !body.is_empty() && text.is_none(),
    });
    present(event)
}

/// The fields that are there: an event lacks what it does not have, rather than saying null.
fn present(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// Names in lower case; several values of one name joined by commas.
fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined.entry(name.to_string()).and_modify(|all| *all = format!("{all},{value}")).or_insert(value.into_owned());
    }
    joined
}

/// Whether a body of this content type goes into an event as it is, rather than in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || matches!(essence.as_str(), "application/json" | "application/xml" | "application/javascript")
}

/// A claim as HTTP APIs render it: everything is a string, a list is `[a b]`.
fn render(claim: &Value) -> String {
    match claim {
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(render).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs = map.iter().map(|(name, value)| format!("{name}:{}", render(value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_rendered_as_strings() {
        for (claim, rendered) in [
            (json!("a b"), "a b"),
            (json!(["a", "b c"]), "[a b c]"),
            (json!([]), "[]"),
            (json!(true), "true"),
            (json!(1_795_478_400), "1795478400"),
            (json!({"a": 1, "b": ["x", "y"]}), "map[a:1 b:[x y]]"),
        ] {
            assert_eq!(render(&claim), rendered);
        }
    }
}
