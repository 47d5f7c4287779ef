//! Tells users by email what happened to their account, at the address of the login token and at the one that is kept.

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

/// The addresses that are kept of users, and the way to them.
pub struct Notifier {
    /// The addresses that are kept.
    pub contacts: ContactSecrets,
    /// Sends.
    pub mail: EmailSender,
}

impl Notifier {
    /// Takes what it needs from the settings.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { contacts: ContactSecrets::new(settings, aws)?, mail: EmailSender::new(settings, aws)? })
    }

    /// What a check came to. Where it came to nothing, and no code is accepted any more, the user is told: whoever guessed
    /// knows the password.
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
