//! Why a text or an email was not sent, as far as that can be known.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::base::error::{Fault, chain};

/// Why it was not sent, as far as we know.
#[derive(Debug)]
pub enum Unsent {
    /// It was refused: it has not gone.
    Refused,
    /// There was no answer, or one that leaves it open: it may have gone.
    Unknown(Fault),
}

impl Unsent {
    /// What an AWS error means for `what`; a refusal is logged.
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
            tracing::error!(what, why, "refused on its way");
            Self::Refused
        } else {
            Self::Unknown(Fault::caused("find out whether a message was sent", why))
        }
    }
}

/// Why a call failed. Of what the service says the code alone: its words can quote the number or the address.
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
