//! A reply, as the handlers write it.

use std::time::Duration;

use lambda_http::{
    Body, Response,
    http::{HeaderName, StatusCode, header},
};
use serde::Serialize;

use crate::base::error::{Fault, Result};

/// An answer that is not an error.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
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

    /// A reply without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: StatusCode, content_type: &str, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| Fault::caused("write a reply", error))?;
        let reply = Self { status, headers: Vec::new(), body };
        // Secrets, assertions and codes are in replies: nothing on the way may keep one.
        Ok(reply.with(header::CONTENT_TYPE, content_type).with(header::CACHE_CONTROL, "no-store"))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
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
