//! Turns a refusal or a fault into a problem (RFC 9457). No other file knows the status codes of failures.

use std::borrow::Cow;

use lambda_http::http::{StatusCode, header::RETRY_AFTER};
use serde_json::{Map, Value};

use crate::{
    base::{
        clock::whole_seconds,
        error::{Fault, Refusal},
    },
    edge::http::reply::Reply,
};

/// A problem: its status, its code, and its detail for the reader.
struct Problem(StatusCode, &'static str, Cow<'static, str>);

impl Problem {
    /// Writes the problem as a reply. Its type is a URI below `base`, and `more` is an extra member.
    fn reply(self, base: &str, retry_after: Option<u64>, more: Option<(&str, Value)>) -> (&'static str, Reply) {
        let Self(status, code, detail) = self;
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("{}/problems/{code}", base.trim_end_matches('/')).into());
        body.insert("title".to_owned(), title(code).into());
        body.insert("status".to_owned(), status.as_u16().into());
        if !detail.is_empty() {
            body.insert("detail".to_owned(), detail.into());
        }
        body.extend(more.map(|(name, value)| (name.to_owned(), value)));
        // Writing a map of strings and numbers can't fail.
        let written = Reply::json(status, "application/problem+json", &body);
        let reply = written.unwrap_or_else(|_| Reply::empty(status));
        let reply = match retry_after {
            Some(seconds) => reply.with(RETRY_AFTER, seconds.to_string()),
            None => reply,
        };
        (code, reply)
    }
}

/// Turns a code into words: `factor-not-found` becomes "Factor not found".
fn title(code: &str) -> String {
    let words = code.replace('-', " ");
    let (first, rest) = words.split_at_checked(1).unwrap_or(("", &words));
    first.to_uppercase() + rest
}

/// Turns a refusal into a code and a problem.
pub(crate) fn of_refusal(refusal: &Refusal, base: &str) -> (&'static str, Reply) {
    let retry_after = match refusal {
        Refusal::TooManyAttempts { wait }
        | Refusal::TooManyTexts { wait, .. }
        | Refusal::TooManyEmails { wait }
        | Refusal::FactorTooNew { wait } => Some(whole_seconds(*wait)),
        _ => None,
    };
    let more = match refusal {
        Refusal::CodeRejected { attempts_left } => Some(("attempts_left", (*attempts_left).into())),
        Refusal::PhoneNotSupported(reason) => Some(("reason", (*reason).into())),
        Refusal::TooManyTexts { limit, .. } => Some(("limit", (*limit).into())),
        Refusal::LastFactor { binds_until } => Some(("binds_until", binds_until.rfc3339().into())),
        _ => None,
    };
    describe(refusal).reply(base, retry_after, more)
}

/// Turns a fault into a code and a problem, which does not say what broke.
pub(crate) fn of_fault(fault: &Fault, base: &str) -> (&'static str, Reply) {
    if let Some(wait) = fault.retry_after() {
        let detail = "Try again in a moment.".into();
        let problem = Problem(StatusCode::SERVICE_UNAVAILABLE, "temporarily-unavailable", detail);
        problem.reply(base, Some(whole_seconds(wait)), None)
    } else {
        Problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "".into()).reply(base, None, None)
    }
}

#[expect(clippy::too_many_lines, reason = "a table: a row for each refusal")]
fn describe(refusal: &Refusal) -> Problem {
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
    const CONFLICT: StatusCode = StatusCode::CONFLICT;
    const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
    let (status, code, detail) = match refusal {
        Refusal::InvalidRequest(why) => return Problem(StatusCode::BAD_REQUEST, "invalid-request", why.clone().into()),
        Refusal::ClaimMissing(claim) => {
            return Problem(FORBIDDEN, "claim-missing", format!("The login token has no claim `{claim}`.").into());
        }
        Refusal::ClaimInvalid(claim) => {
            return Problem(FORBIDDEN, "claim-invalid", format!("The claim `{claim}` is not valid.").into());
        }
        Refusal::AssertionInvalid(check) => {
            let detail = format!("The assertion in the header MFA-Assertion fails this check: {check}.");
            return Problem(FORBIDDEN, "assertion-invalid", detail.into());
        }
        Refusal::BodyTooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body must have at most 16 KiB.")
        }
        Refusal::UnsupportedMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "Send JSON in UTF-8, with content-type: application/json.",
        ),
        Refusal::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "Send a valid login token."),
        Refusal::AssertionRequired => {
            let detail = "Verify a code of a factor, then send the assertion in the header MFA-Assertion. To act on a \
                          workspace, the assertion must name it.";
            (FORBIDDEN, "assertion-required", detail)
        }
        Refusal::SsoUser => (
            FORBIDDEN,
            "sso-user",
            "Your company's identity provider manages your two-step verification. Ask your IT team.",
        ),
        Refusal::FactorNotFound => (StatusCode::NOT_FOUND, "factor-not-found", "The user has no factor with this id."),
        Refusal::FactorNotPending => (CONFLICT, "factor-not-pending", "The factor is already active."),
        Refusal::FactorNotActive => {
            (CONFLICT, "factor-not-active", "This requires an active factor. Activate one first.")
        }
        Refusal::TooManyFactors => (CONFLICT, "too-many-factors", "Remove another factor of this kind first."),
        Refusal::EnrollmentExpired => (
            StatusCode::GONE,
            "enrollment-expired",
            "Start over: a pending factor expires after 10 minutes or 5 wrong codes.",
        ),
        Refusal::CodeRejected { .. } => (
            UNPROCESSABLE,
            "code-rejected",
            "The code is wrong. Compare it with the one that the app shows now, that was sent last, or that you saved.",
        ),
        Refusal::FactorNotSms => (CONFLICT, "factor-not-sms", "Only a phone can get texts."),
        Refusal::CodeExpired => (UNPROCESSABLE, "code-expired", "No valid code is waiting. Ask for a new one."),
        Refusal::PhoneNotSupported(_) => {
            (UNPROCESSABLE, "phone-not-supported", "Give a number that this service can text, such as +1 415 555 0123.")
        }
        Refusal::PhoneOptedOut => (
            UNPROCESSABLE,
            "phone-opted-out",
            "The phone replied STOP, so it gets no texts. Contact support to undo that, or use another way to log in.",
        ),
        Refusal::TooManyTexts { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "too-many-texts", "Wait before you ask for another text.")
        }
        Refusal::TextNotSent => (
            StatusCode::BAD_GATEWAY,
            "text-not-sent",
            "The text could not be sent. Try again, or use another way to log in.",
        ),
        Refusal::NotOwner => (FORBIDDEN, "not-owner", "Only an owner of the workspace may do this."),
        Refusal::NotOperator => (FORBIDDEN, "not-operator", "Only an operator may do this, and only for another user."),
        Refusal::UserNotFound => (StatusCode::NOT_FOUND, "user-not-found", "This service has no data about this user."),
        Refusal::UserHasFactors => (
            CONFLICT,
            "user-has-factors",
            "The user already has an active factor. If they lost it, reset the user first.",
        ),
        Refusal::OwnerNeedsMfa => {
            (CONFLICT, "owner-needs-mfa", "Enroll a factor yourself before you require one of everyone.")
        }
        Refusal::PolicyChanged => (
            StatusCode::PRECONDITION_FAILED,
            "policy-changed",
            "Somebody else changed the policy. Read it again, then change it.",
        ),
        Refusal::NotAllowedByWorkspace => (
            FORBIDDEN,
            "not-allowed-by-workspace",
            "One of your workspaces does not allow this method. Use another one.",
        ),
        Refusal::FactorTooNew { .. } => (
            FORBIDDEN,
            "factor-too-new",
            "A factor that was begun with an emailed code must be active for 24 hours first. Use another one, or wait.",
        ),
        Refusal::LoginTooOld => {
            (FORBIDDEN, "login-too-old", "An operator reset the user's MFA after this login. Log in again.")
        }
        Refusal::LoginEndsSoon => (
            FORBIDDEN,
            "login-ends-soon",
            "The login token expires in less than a minute. Log in again, then ask for a code.",
        ),
        Refusal::LastFactor { .. } => (
            CONFLICT,
            "last-factor",
            "One of your workspaces requires two-step verification. Add another factor first.",
        ),
        Refusal::EmailNotVerified => (
            FORBIDDEN,
            "email-not-verified",
            "The login token has no verified email address. Verify the address, or use a recovery code.",
        ),
        Refusal::EmailNotWritable => (
            FORBIDDEN,
            "email-not-writable",
            "No email can be sent to an address of this form. It needs ASCII before the @, and a domain with a dot.",
        ),
        Refusal::EmailRecoveryHeld => (
            FORBIDDEN,
            "email-recovery-held",
            "No code is emailed for some time after a password reset or a change of address. Use a recovery code.",
        ),
        Refusal::TooManyEmails { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "too-many-emails", "Wait before you ask for another email.")
        }
        Refusal::EmailNotSent => (
            StatusCode::BAD_GATEWAY,
            "email-not-sent",
            "The email could not be sent. Try again, or use a recovery code.",
        ),
        Refusal::CodeUsed => {
            (UNPROCESSABLE, "code-used", "Each code works only once. Use the next one, or ask for a new one.")
        }
        Refusal::TooManyAttempts { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", "Too many wrong codes. Wait before you try again.")
        }
        Refusal::RecoveryLocked => (
            StatusCode::LOCKED,
            "locked",
            "Too many wrong recovery codes. An emailed code or an operator unlocks them.",
        ),
        Refusal::Locked => (
            StatusCode::LOCKED,
            "locked",
            "Too many wrong codes. A recovery code, an emailed code or an operator unlocks the user's factors.",
        ),
    };
    Problem(status, code, detail.into())
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
            "type": "https://mfa.example.com/problems/internal", "title": "Internal", "status": 500,
        });
        assert_eq!((code, body), ("internal", expected));
    }
}
