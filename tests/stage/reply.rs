//! A reply, and checks of it.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use lambda_http::http::HeaderMap;
use serde_json::Value;

/// A reply to a request.
#[derive(Debug)]
pub struct Reply {
    /// The route of the request, if the contract has it.
    pub route: Option<&'static str>,
    pub status: u16,
    pub body: Value,
    pub request: String,
    pub(super) headers: HeaderMap,
}

impl Reply {
    /// The reply of a function that was called without the gateway.
    pub fn of(response: &lambda_http::Response<lambda_http::Body>) -> Self {
        let lambda_http::Body::Text(text) = response.body() else { panic!("a body of text: {response:?}") };
        Self {
            route: None,
            status: response.status().as_u16(),
            body: serde_json::from_str(text).unwrap(),
            request: String::new(),
            headers: response.headers().clone(),
        }
    }

    /// Checks the status, and returns the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body
    }

    /// Checks that the reply is the problem with this status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert!(self.body["title"].is_string(), "{self:?}");
        self
    }

    /// The code of the problem. It is empty if the reply is not a problem.
    pub fn code(&self) -> &str {
        self.body["type"].as_str().and_then(|uri| uri.rsplit('/').next()).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Checks that exactly one reply is a 200, and returns the codes of the others.
#[track_caller]
pub fn exactly_one(replies: &[Reply]) -> BTreeSet<&str> {
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
    replies.iter().filter(|reply| reply.status != 200).map(Reply::code).collect()
}

/// The claims of the assertion in a body. This function does not check the signature.
pub fn claims(body: &Value) -> Value {
    let payload = body["assertion"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}
