//! A request as the gateway's event: payload format 2.0, with the claims.

use serde_json::{Value, json};

use crate::user::User;

/// A client's request.
pub struct Ask<'a> {
    /// The route, such as `POST /v1/factors/{factor_id}/verify`.
    pub route: &'a str,
    /// The value of the path parameter.
    pub parameter: Option<&'a str>,
    /// The query: a name and its value.
    pub query: Option<(&'a str, &'a str)>,
    /// The assertion in its header.
    pub assertion: Option<&'a str>,
    /// The body.
    pub body: Option<Value>,
}

impl<'a> Ask<'a> {
    /// A request without a body.
    pub fn new(route: &'a str) -> Self {
        Self { route, parameter: None, query: None, assertion: None, body: None }
    }

    /// The event that `user` causes.
    pub fn by(&self, user: &User) -> Value {
        let (method, template) = self.route.split_once(' ').unwrap();
        let named = template.split_once('{').map(|(before, rest)| (before, rest.split_once('}').unwrap()));
        let path = match (named, self.parameter) {
            (Some((before, (_, after))), Some(parameter)) => format!("{before}{parameter}{after}"),
            _ => template.to_owned(),
        };
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route,
            "rawPath": path,
            "rawQueryString": self.query.map_or_else(String::new, |(name, value)| format!("{name}={value}")),
            "headers": {
                "accept": "*/*",
                "accept-language": "en",
                "authorization": format!("Bearer {}", user.token),
                "content-type": "application/json",
                "host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
                "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "x-amzn-trace-id": "Root=1-69242f2b-4d4f2a3b5c6d7e8f90a1b2c3",
                "x-forwarded-for": "203.0.113.7",
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https",
            },
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1b2c3d4e5",
                "authorizer": {"jwt": {"claims": user.claims(), "scopes": null}},
                "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
                "domainPrefix": "a1b2c3d4e5",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": self.route,
                "stage": "$default",
                "time": "24/Nov/2026:12:00:00 +0000",
                "timeEpoch": 1_795_521_600_000_u64,
            },
            "isBase64Encoded": false,
        });
        if let (Some((_, (name, _))), Some(parameter)) = (named, self.parameter) {
            event["pathParameters"] = json!({ name: parameter });
        }
        if let Some((name, value)) = self.query {
            event["queryStringParameters"] = json!({ name: value });
        }
        if let Some(assertion) = self.assertion {
            event["headers"]["mfa-assertion"] = assertion.into();
        }
        if let Some(body) = &self.body {
            event["body"] = body.to_string().into();
        }
        event
    }
}
