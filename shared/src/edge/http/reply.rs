//! The replies that handlers return.

use std::time::Duration;

use lambda_http::{
    Body, Response,
    http::{HeaderName, StatusCode, header},
};
use serde::Serialize;

use crate::base::error::{Fault, Result};

/// A reply to a request.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Returns 200 with `body` as JSON.
    pub fn ok(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::OK, "application/json", body)
    }

    /// Returns 201 with `body` as JSON.
    pub fn created(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::CREATED, "application/json", body)
    }

    /// Returns 202 with `body` as JSON.
    pub fn accepted(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::ACCEPTED, "application/json", body)
    }

    /// Adds an `ETag` with the content's version.
    #[must_use]
    pub fn of_version(self, version: u64) -> Self {
        self.with(header::ETAG, format!("\"{version}\""))
    }

    /// Allows caches to store the reply for `life`. By default they must not store it.
    #[must_use]
    pub fn cached_for(mut self, life: Duration) -> Self {
        self.headers.retain(|(name, _)| *name != header::CACHE_CONTROL);
        self.with(header::CACHE_CONTROL, format!("public, max-age={}", life.as_secs()))
    }

    /// Returns a reply without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: StatusCode, content_type: &str, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| Fault::caused("write a reply", error))?;
        let reply = Self { status, headers: Vec::new(), body };
        // Replies contain secrets, assertions and codes, so no cache may store them.
        Ok(reply.with(header::CONTENT_TYPE, content_type).with(header::CACHE_CONTROL, "no-store"))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        // Text, because the function would send bytes in base64.
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
