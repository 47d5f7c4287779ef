//! Whether a message that failed may have been sent all the same.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::base::error::{Fault, chain};

/// Why sending a text or an email failed.
#[derive(Debug)]
pub enum Unsent {
    /// AWS refused it: it was not sent.
    Refused,
    /// The response is missing or unclear: it may have been sent.
    Unknown(Fault),
}

impl Unsent {
    /// Reads an AWS error about `what`. Logs a refusal.
    pub(super) fn new<E>(what: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let refused = match &error {
            SdkError::ConstructionFailure(_) => true,
            SdkError::ServiceError(service) => service.raw().status().is_client_error(),
            _ => false,
        };
        let why = why(error);
        if refused {
            tracing::error!(what, why, "a message was refused and not sent");
            Self::Refused
        } else {
            Self::Unknown(Fault::caused("find out whether a message was sent", why))
        }
    }
}

/// Why a call failed. Contains the service's error code, but not its message, which can quote the number or the
/// address.
pub(super) fn why<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("an error without a code");
            format!("AWS answered {} {code}", service.raw().status().as_u16())
        }
        other => chain(other),
    }
}
