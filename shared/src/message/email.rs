//! Emails on their way: Amazon SES.

use std::time::Duration;

use aws_sdk_sesv2::{
    Client,
    error::BuildError,
    types::{Body, Content, Destination, EmailContent, Message},
};
use aws_types::SdkConfig;
use tokio::time::timeout;

use super::{
    Language,
    mail::{Mail, Notice, Words},
    unsent::Unsent,
};
use crate::{
    email::EmailAddress,
    error::Fault,
    recovery::RecoveryCode,
    settings::{SettingError, Settings},
};

/// The longest that a reply waits for its notices: what they tell of is done.
const NOTICES: Duration = Duration::from_secs(2);

/// Sends emails.
pub struct Sender {
    ses: Client,
    from: String,
    configuration_set: Option<String>,
    words: Words,
}

impl Sender {
    /// Takes from the settings `MFA_EMAIL_FROM` (an address of a verified SES identity, or `Name <address>`) and
    /// `MFA_EMAIL_CONFIGURATION_SET` (none unless set).
    pub fn new(settings: &Settings, aws: &SdkConfig) -> Result<Self, SettingError> {
        let from = settings.required("MFA_EMAIL_FROM")?;
        let address = from.rsplit_once('<').map_or(Some(from.as_str()), |(_, rest)| rest.strip_suffix('>'));
        if from.chars().any(char::is_control) || address.and_then(EmailAddress::parse).is_none() {
            return Err(SettingError::Invalid(
                "MFA_EMAIL_FROM",
                "security@example.com, or Name <security@example.com>",
            ));
        }
        Ok(Self {
            ses: Client::new(aws),
            from,
            configuration_set: settings.optional("MFA_EMAIL_CONFIGURATION_SET"),
            words: Words::new(settings)?,
        })
    }

    /// Sends a code, which is accepted for so many `minutes`.
    pub async fn code(
        &self,
        to: &EmailAddress,
        language: Language,
        code: &RecoveryCode,
        minutes: u64,
    ) -> Result<(), Unsent> {
        self.send(to, self.words.code(language, code, minutes)).await
    }

    /// Tells whoever has these addresses, at the same time, and once where they are the same. What can't be told within two seconds is not: best effort,
    /// for what it tells of is done.
    pub async fn tell(&self, notice: &Notice, to: [Option<&EmailAddress>; 2]) {
        let tell = async |to: Option<&EmailAddress>| match to {
            Some(to) => self.send(to, self.words.notice(notice)).await,
            None => Ok(()),
        };
        let [first, second] = to;
        let second = second.filter(|second| !first.is_some_and(|first| first.is(second)));
        let told = timeout(NOTICES, async { tokio::join!(tell(first), tell(second)) }).await;
        if !matches!(told, Ok((Ok(()), Ok(())))) {
            tracing::warn!(notice = ?notice.what, "a notice may not have gone");
        }
    }

    async fn send(&self, to: &EmailAddress, mail: Mail) -> Result<(), Unsent> {
        let content = content(&mail).map_err(|error| Unsent::Unknown(Fault::caused("build an email", error)))?;
        let send = self
            .ses
            .send_email()
            .from_email_address(&self.from)
            .set_configuration_set_name(self.configuration_set.clone())
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .content(content);
        send.send().await.map(|_| ()).map_err(|error| Unsent::new("an email", &error))
    }
}

fn content(mail: &Mail) -> Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(utf8(&mail.text)?).html(utf8(&mail.html)?).build();
    let message = Message::builder().subject(utf8(&mail.subject)?).body(body).build();
    Ok(EmailContent::builder().simple(message).build())
}
