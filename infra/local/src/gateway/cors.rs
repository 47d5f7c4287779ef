//! Answers cross-origin requests as an HTTP API with CORS does. It allows any origin, because the module `loopback` has
//! already refused those of other machines.

use axum::{
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
        },
    },
    response::{IntoResponse, Response},
};

const METHODS: HeaderValue = HeaderValue::from_static("DELETE,GET,PATCH,POST,PUT");
const HEADERS: HeaderValue =
    HeaderValue::from_static("accept-language,authorization,content-type,if-match,mfa-assertion");
const EXPOSED: HeaderValue = HeaderValue::from_static("etag,retry-after");
/// How long a browser may cache the answer to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");

/// Returns the answer to a preflight, if the request is one. The gateway answers it itself, for any path.
pub fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asked = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    headers.get(ORIGIN).filter(|_| asked)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    response.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    Some(response)
}

/// Allows a page of `origin` to read the response. It allows no credentials, because tokens are in headers, not
/// cookies.
pub fn allow(origin: Option<HeaderValue>, response: &mut Response) {
    if let Some(origin) = origin {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    }
}
