//! Emails notices to users, at the address in the login token and at the recovery address.

use crate::{
    account::check::attempt::Failed,
    aws::clients::Clients,
    base::{
        error::Result,
        settings::{SettingError, Settings},
    },
    channel::email::{address::EmailAddress, secrets::ContactSecrets, sender::EmailSender},
    edge::http::request::Request,
};

/// Emails notices to users.
pub struct Notifier {
    /// The recovery addresses.
    pub contacts: ContactSecrets,
    /// The sender of emails.
    pub mail: EmailSender,
}

impl Notifier {
    /// Creates a notifier from the settings.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { contacts: ContactSecrets::new(settings, aws)?, mail: EmailSender::new(settings, aws)? })
    }

    /// Returns the outcome of a check. If the check failed and caused a lock, it first emails the user a notice,
    /// because the person who guessed knows the password.
    pub async fn or_tell<T>(
        &self,
        outcome: Result<T, Failed>,
        to: [Option<&EmailAddress>; 2],
        request: &Request,
    ) -> Result<T> {
        match outcome {
            Ok(checked) => Ok(checked),
            Err(Failed { error, notice }) => {
                if let Some(kind) = notice {
                    self.mail.tell(&request.notice(kind), to).await;
                }
                Err(error)
            }
        }
    }
}
