//! The two kinds of failure of a request. A [`Refusal`] is part of the contract, and the client is told the reason. A
//! [`Fault`] is something that broke. The log gets its whole chain, the client only a 500 or a 503. Neither ever holds
//! a code, a secret or a phone number.

use std::time::Duration;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::base::clock::Timestamp;

/// The failure of a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service refuses the request.
    #[error("refused: {0:?}")]
    Refusal(Refusal),
    /// Something broke.
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

/// A refusal that the contract names. `infra/openapi.yaml` says what each means to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request breaks the contract. The text says what to change.
    InvalidRequest(String),
    /// The body is over 16 KiB.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The gateway's authorizer verified no login token.
    Unauthenticated,
    /// The login token lacks this claim.
    ClaimMissing(String),
    /// This claim of the login token can't be read.
    ClaimInvalid(String),
    /// There is no assertion, or a valid one that proves too little.
    AssertionRequired,
    /// The assertion fails the named check.
    AssertionInvalid(&'static str),
    /// A login by SSO can't act on what the user's tenants share.
    SsoUser,
    /// The assertion's factor was begun with an emailed code, and has been active for less than 24 hours.
    FactorTooNew {
        /// The rest of the 24 hours.
        wait: Duration,
    },
    /// The login began before an operator reset the user, or the token does not say when.
    LoginTooOld,
    /// The login token expires before the user could type a code.
    LoginEndsSoon,
    /// The user has no such factor.
    FactorNotFound,
    /// The factor is active already.
    FactorNotPending,
    /// The caller does not own the workspace.
    NotOwner,
    /// The caller is no operator, or acts on themselves.
    NotOperator,
    /// The service does not know the user.
    UserNotFound,
    /// The user of an import already has another factor.
    UserHasFactors,
    /// An owner without MFA can't require it of others.
    OwnerNeedsMfa,
    /// Another change of the policy came first.
    PolicyChanged,
    /// A workspace of the user does not allow this.
    NotAllowedByWorkspace,
    /// The user's last factor can't be removed while a workspace requires one.
    LastFactor {
        /// When the last workspace that requires MFA stops binding the user, if none of them sees the user again.
        binds_until: Timestamp,
    },
    /// The factor is pending, or the user has no active factor.
    FactorNotActive,
    /// The user may have no more factors of this kind.
    TooManyFactors,
    /// The pending factor expired, is about to expire, or used up its attempts.
    EnrollmentExpired,
    /// The code is wrong.
    CodeRejected {
        /// Attempts left before the next wait, or at all.
        attempts_left: u32,
    },
    /// The code is right, but this code or a later one was accepted before.
    CodeUsed,
    /// No sent code can be accepted: none was sent, or it expired, was accepted, or was tried too often.
    CodeExpired,
    /// The factor is not a phone, so it gets no texts.
    FactorNotSms,
    /// The number can't be texted. Holds the reason, as the contract spells it.
    PhoneNotSupported(&'static str),
    /// The phone answered STOP.
    PhoneOptedOut,
    /// A quota on texts is used up, or the next text must wait.
    TooManyTexts {
        /// The subject of the quota, as the contract spells it.
        limit: &'static str,
        /// How long to wait.
        wait: Duration,
    },
    /// A quota on emails is used up, or the next email must wait.
    TooManyEmails {
        /// How long to wait.
        wait: Duration,
    },
    /// The login token has no email address that the identity provider verified.
    EmailNotVerified,
    /// No email can be sent to the address as it is spelled.
    EmailNotWritable,
    /// The hold: the password was reset, the address is new, or there is no recovery address.
    EmailRecoveryHeld,
    /// The email was refused, so it was not sent.
    EmailNotSent,
    /// The text was refused, so it was not sent.
    TextNotSent,
    /// After too many wrong codes, the next attempt must wait.
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// The factors are locked. A recovery code, an emailed code or an operator unlocks them.
    Locked,
    /// The recovery codes are locked. An emailed code or an operator unlocks them.
    RecoveryLocked,
}

impl Refusal {
    /// Makes a [`Self::InvalidRequest`]. `why` says what to change.
    pub fn invalid(why: impl Into<String>) -> Self {
        Self::InvalidRequest(why.into())
    }
}

/// The wait after a temporary fault.
const SOON: Duration = Duration::from_secs(2);

/// A failure inside the service. Its text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
pub struct Fault {
    doing: &'static str,
    /// The wait before a retry, if a retry helps.
    retry_after: Option<Duration>,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// Makes a fault without a cause, such as a row that can't be read or a key that is not listed.
    pub fn new(doing: &'static str) -> Self {
        Self { doing, retry_after: None, cause: None }
    }

    /// Makes a fault from `cause`. A retry does not help.
    pub fn caused(doing: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { doing, retry_after: None, cause: Some(cause.into()) }
    }

    /// Makes a temporary fault: other requests kept coming first.
    pub fn contended(doing: &'static str) -> Self {
        Self { doing, retry_after: Some(SOON), cause: None }
    }

    /// Makes a fault from an AWS error. It is temporary after throttling, a timeout, a lost connection, a conflict or a
    /// 5xx.
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

    /// Makes the fault temporary: a retry may help after `wait`.
    #[must_use]
    pub fn for_now(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The wait before a retry, for a 503. `None` means a 500.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// Whether the AWS error `code`, which comes with a 400, is temporary.
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

/// The text of an error and its causes, outermost first, for a log or a terminal.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
