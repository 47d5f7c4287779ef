//! Two audiences for every failure. A [`Refusal`] is us saying no: part of the contract, told to the client. A [`Fault`]
//! is something that broke: the log gets its whole chain, the client a bare 500 or 503. Neither ever holds a code, a
//! secret or a phone number.

use std::time::Duration;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::base::clock::Timestamp;

/// What a request can end in, other than its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The answer is no.
    #[error("refused: {0:?}")]
    Refusal(Refusal),
    /// There is no answer.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The outcome of a step of a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

/// A no that the contract names. What each means to a client stands in `infra/openapi.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request is not of the contract's form; says what to change.
    InvalidRequest(String),
    /// The body is over 16 KiB.
    BodyTooLarge,
    /// There is a body, and it is not declared to be JSON.
    UnsupportedMediaType,
    /// The gateway's authorizer vouched for nobody.
    Unauthenticated,
    /// The login token lacks this claim.
    ClaimMissing(String),
    /// This claim of the login token can't be read.
    ClaimInvalid(String),
    /// There is no assertion, or a valid one that is not enough.
    AssertionRequired,
    /// The assertion fails the check that is named.
    AssertionInvalid(&'static str),
    /// A login by SSO acts on nothing that the user's tenants share.
    SsoUser,
    /// The factor that proved was begun with an emailed code less than a day ago.
    FactorTooNew {
        /// Until a day is over.
        wait: Duration,
    },
    /// The login token is from before an operator took the user's factors away.
    LoginTooOld,
    /// The login token ends before a code that is sent now could be typed.
    LoginEndsSoon,
    /// The user has no such factor.
    FactorNotFound,
    /// Only a pending factor can be activated.
    FactorNotPending,
    /// The caller does not own the workspace.
    NotOwner,
    /// The caller is no operator, or is to act on themselves.
    NotOperator,
    /// Nothing is known of the user that an operator named.
    UserNotFound,
    /// The user whom a factor is to be imported for has one already.
    UserHasFactors,
    /// Only an owner who has MFA may require it of others.
    OwnerNeedsMfa,
    /// Another change of the policy came first.
    PolicyChanged,
    /// A workspace of the user does not allow that.
    NotAllowedByWorkspace,
    /// The user's last factor, while a workspace requires one.
    LastFactor {
        /// From when on no workspace does that binds the user by now, if none of them sees the user again.
        binds_until: Timestamp,
    },
    /// Only an active factor can be verified.
    FactorNotActive,
    /// The user has as many of this kind as they may.
    TooManyFactors,
    /// The pending factor is past its life or its guesses.
    EnrollmentExpired,
    /// The code is wrong.
    CodeRejected {
        /// How many more may follow before the next wait.
        attempts_left: u32,
    },
    /// The code is right, but it, or a later one, has been accepted before.
    CodeUsed,
    /// The phone has no code that could be accepted: none was sent, or it expired, or was accepted.
    CodeExpired,
    /// Only a phone is sent texts.
    FactorNotSms,
    /// The number can't be texted, for the reason that the contract spells so.
    PhoneNotSupported(&'static str),
    /// The number has texted STOP.
    PhoneOptedOut,
    /// So many texts were sent that the next must wait.
    TooManyTexts {
        /// What the limit is on, as the contract spells it.
        limit: &'static str,
        /// How long.
        wait: Duration,
    },
    /// So many emails were sent that the next must wait.
    TooManyEmails {
        /// How long.
        wait: Duration,
    },
    /// The login token has no address that its identity provider has verified.
    EmailNotVerified,
    /// No email can be sent to the address, as it is spelled.
    EmailNotWritable,
    /// No code is emailed for now: the password was reset, or the address is new.
    EmailRecoveryHeld,
    /// The email was refused on its way, and has not been sent.
    EmailNotSent,
    /// The text was refused on its way, and has not been sent.
    TextNotSent,
    /// Too many wrong codes: the next attempt must wait.
    TooManyAttempts {
        /// How long.
        wait: Duration,
    },
    /// Too many wrong codes: only a recovery code, an emailed code or an operator helps.
    Locked,
    /// Too many wrong recovery codes: only an emailed code or an operator helps.
    RecoveryLocked,
}

impl Refusal {
    /// The request is not of the contract's form: `why` says what to change.
    pub fn invalid(why: impl Into<String>) -> Self {
        Self::InvalidRequest(why.into())
    }
}

/// When to try again what failed for a moment.
const SOON: Duration = Duration::from_secs(2);

/// Something broke. Its text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
pub struct Fault {
    doing: &'static str,
    /// When trying again may help, if it may.
    retry_after: Option<Duration>,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// What can't be, was: a row that can't be read, a key that is not listed.
    pub fn new(doing: &'static str) -> Self {
        Self { doing, retry_after: None, cause: None }
    }

    /// Broken by `cause`; trying again would not help.
    pub fn caused(doing: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { doing, retry_after: None, cause: Some(cause.into()) }
    }

    /// Others kept coming in between; trying again may help.
    pub fn contended(doing: &'static str) -> Self {
        Self { doing, retry_after: Some(SOON), cause: None }
    }

    /// An AWS call that failed for good. Throttling, time-outs, lost connections and 5xx pass; the rest does not.
    pub fn aws<E>(doing: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let temporary = match &error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(service) => {
                service.raw().status().is_server_error() || service.err().code().is_some_and(passes)
            }
            _ => false,
        };
        Self { doing, retry_after: temporary.then_some(SOON), cause: Some(Box::new(error)) }
    }

    /// The same, where trying again may help after `wait`.
    #[must_use]
    pub fn for_now(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// When trying again may help, if it may: 503 rather than 500.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// Error codes, sent with a 400, of what is over in a moment.
fn passes(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "KMSInternalException"
            | "DependencyTimeoutException"
            | "KeyUnavailableException"
    )
}

/// An error with its causes, outermost first: for a log or a terminal.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
