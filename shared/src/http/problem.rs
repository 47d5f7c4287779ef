//! Failures as clients see them: RFC 9457 problems. The only place that knows status numbers.

use lambda_http::http::{StatusCode, header::RETRY_AFTER};
use serde_json::{Map, Value};

use super::Reply;
use crate::{
    clock::whole_seconds,
    error::{Fault, Refusal},
};

/// Seconds after which a client may try again what failed for a moment.
const FAULT_RETRY_SECONDS: u64 = 2;

/// A problem before it is written: what the contract says of it.
struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    retry_after: Option<u64>,
    more: Map<String, Value>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, title, detail: detail.into(), retry_after: None, more: Map::new() }
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// The reply, its type a URI below `base`.
    fn reply(self, base: &str) -> (&'static str, Reply) {
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("{}/problems/{}", base.trim_end_matches('/'), self.code).into());
        body.insert("title".to_owned(), self.title.into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        if !self.detail.is_empty() {
            body.insert("detail".to_owned(), self.detail.into());
        }
        body.extend(self.more);
        let written = Reply::json(self.status, "application/problem+json", &body);
        // A map of strings and numbers can always be written.
        let reply = written.unwrap_or_else(|_| Reply { status: self.status, headers: Vec::new(), body: Vec::new() });
        let reply = match self.retry_after {
            Some(seconds) => reply.with(RETRY_AFTER, seconds.to_string()),
            None => reply,
        };
        (self.code, reply)
    }
}

/// The problem that a refusal is, with its code.
pub(super) fn of_refusal(refusal: &Refusal, base: &str) -> (&'static str, Reply) {
    describe(refusal).reply(base)
}

/// The problem that a fault is, with its code. It says nothing of what broke.
pub(super) fn of_fault(fault: &Fault, base: &str) -> (&'static str, Reply) {
    let problem = if fault.is_temporary() {
        let detail = "Try again in a moment.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily-unavailable", "Temporarily unavailable", detail)
            .retry_after(FAULT_RETRY_SECONDS)
    } else {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong", "")
    };
    problem.reply(base)
}

fn describe(refusal: &Refusal) -> Problem {
    let bad = StatusCode::BAD_REQUEST;
    let forbidden = StatusCode::FORBIDDEN;
    let conflict = StatusCode::CONFLICT;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    match refusal {
        Refusal::InvalidRequest(why) => Problem::new(bad, "invalid-request", "The request is not valid", why.as_str()),
        Refusal::BodyTooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "The body is too large",
            "A body has at most 16 KiB.",
        ),
        Refusal::UnsupportedMediaType => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The body is not JSON",
            "Send content-type: application/json.",
        ),
        Refusal::Unauthenticated => {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Nobody is logged in", "Send a login token.")
        }
        Refusal::ClaimMissing(claim) => Problem::new(
            forbidden,
            "claim-missing",
            "The login token lacks a claim",
            format!("The login token must have the claim `{claim}`."),
        ),
        Refusal::ClaimInvalid(claim) => Problem::new(
            forbidden,
            "claim-invalid",
            "A claim of the login token can't be read",
            format!("The claim `{claim}` of the login token is not of the form that is asked for."),
        ),
        Refusal::AssertionRequired => Problem::new(
            forbidden,
            "assertion-required",
            "A second factor must be proven first",
            "Verify a code, then send the assertion in the header MFA-Assertion.",
        ),
        Refusal::AssertionInvalid(check) => Problem::new(
            forbidden,
            "assertion-invalid",
            "The assertion is not valid",
            format!("The assertion in the header MFA-Assertion fails on: {check}."),
        ),
        Refusal::FactorNotFound => Problem::new(
            StatusCode::NOT_FOUND,
            "factor-not-found",
            "There is no such factor",
            "The user has no factor of this id.",
        ),
        Refusal::FactorNotPending => Problem::new(
            conflict,
            "factor-not-pending",
            "The factor is active already",
            "Only a pending factor can be activated.",
        ),
        Refusal::FactorNotActive => Problem::new(
            conflict,
            "factor-not-active",
            "The factor is not active yet",
            "Activate the factor with a code from it.",
        ),
        Refusal::TooManyFactors => Problem::new(
            conflict,
            "too-many-factors",
            "There are too many factors",
            "Remove a factor of this kind before another is added.",
        ),
        Refusal::EnrollmentExpired => Problem::new(
            StatusCode::GONE,
            "enrollment-expired",
            "The enrollment has expired",
            "Begin again: a new factor lives 10 minutes and 5 guesses.",
        ),
        Refusal::CodeRejected { attempts_left } => {
            Problem::new(unprocessable, "code-rejected", "The code is wrong", "Type the code that is shown now.")
                .with("attempts_left", *attempts_left)
        }
        Refusal::CodeUsed => Problem::new(
            unprocessable,
            "code-used",
            "The code was used before",
            "A code works once. Wait for the next one.",
        ),
        Refusal::TooManyAttempts { wait } => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-attempts",
            "Too many wrong codes",
            "Wait before the next attempt.",
        )
        .retry_after(whole_seconds(*wait)),
        Refusal::Locked => Problem::new(
            StatusCode::LOCKED,
            "locked",
            "Too many wrong codes",
            "The user's factors are locked. A recovery code, an emailed code or an operator lifts that.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(1, "1"), (1000, "1"), (1001, "2"), (30_000, "30")] {
            let refusal = Refusal::TooManyAttempts { wait: Duration::from_millis(millis) };
            let (_, reply) = of_refusal(&refusal, "https://mfa.example.com");
            let header = reply.headers.iter().find(|(name, _)| *name == RETRY_AFTER);
            assert_eq!(header.map(|(_, value)| value.as_str()), Some(seconds), "{millis} ms");
        }
    }

    #[test]
    fn a_fault_tells_the_client_nothing_of_what_broke() {
        let (code, reply) =
            of_fault(&Fault::caused("open a sealed secret", "arn:aws:kms:x"), "https://mfa.example.com/");
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let expected = json!({
            "type": "https://mfa.example.com/problems/internal", "title": "Something went wrong", "status": 500,
        });
        assert_eq!((code, body), ("internal", expected));
    }
}
