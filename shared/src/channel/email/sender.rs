//! Sends emails with Amazon SES. Each email is tried once. If a response is lost, the email may have been sent. If a
//! second try were then refused, it would look as if no email was sent.

use std::time::Duration;

use aws_sdk_sesv2::{
    Client,
    error::BuildError,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader},
};
use tokio::time::timeout;

use crate::{
    aws::clients::Clients,
    base::{
        error::Fault,
        settings::{SettingError, Settings, setting},
    },
    channel::{
        email::{
            address::EmailAddress,
            notices::Notice,
            words::{EmailWords, Mail},
        },
        language::Language,
        unsent::Unsent,
    },
    proof::recovery_codes::RecoveryCode,
};

/// Headers that prevent automatic replies: one of RFC 3834 section 5, one of Exchange.
const AUTOMATIC: [(&str, &str); 2] = [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")];

/// The longest that a reply waits for its notices. That is also the timeout of a call to SES. The change itself is
/// done.
const NOTICES: Duration = Duration::from_secs(4);

/// Sends emails.
pub struct EmailSender {
    ses: Client,
    from: String,
    configuration_set: Option<String>,
    words: EmailWords,
}

impl EmailSender {
    /// Reads two settings:
    ///
    /// - `MFA_EMAIL_FROM`: an address of a verified SES identity, or `Name <address>`.
    /// - `MFA_EMAIL_CONFIGURATION_SET`: optional.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        let from = settings.get(&setting::EMAIL_FROM)?;
        if !is_sender(&from) {
            let form = "an address such as security@example.com or Name <security@example.com>, the name in ASCII, in \
                        quotes if it has commas";
            return Err(setting::EMAIL_FROM.invalid(form));
        }
        Ok(Self {
            ses: Client::new(&aws.emails),
            from,
            configuration_set: settings.find(&setting::EMAIL_CONFIGURATION_SET),
            words: EmailWords::new(settings)?,
        })
    }

    /// Sends a code, which expires in `minutes`.
    pub async fn code(
        &self,
        to: &EmailAddress,
        language: Language,
        code: &RecoveryCode,
        minutes: u64,
    ) -> Result<(), Unsent> {
        self.send(to, self.words.code(language, code, minutes)).await
    }

    /// Sends a notice to both addresses at the same time, or once if they are the same. Gives up after 4 seconds.
    /// Returns whether all emails were sent.
    pub async fn tell(&self, notice: &Notice, to: [Option<&EmailAddress>; 2]) -> bool {
        let tell = async |to: Option<&EmailAddress>| match to {
            Some(to) => self.send(to, self.words.notice(notice)).await,
            None => Ok(()),
        };
        let [first, second] = to;
        let second = second.filter(|second| !first.is_some_and(|first| first.is(second)));
        let told = timeout(NOTICES, async { tokio::join!(tell(first), tell(second)) }).await;
        let all = matches!(told, Ok((Ok(()), Ok(()))));
        if !all {
            tracing::warn!(notice = ?notice.what, "a notice may not have been sent");
        }
        all
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
    let message = Message::builder().subject(utf8(&mail.subject)?).body(body);
    let message = AUTOMATIC.into_iter().try_fold(message, |message, (name, value)| {
        Ok::<_, BuildError>(message.headers(MessageHeader::builder().name(name).value(value).build()?))
    });
    let message = message?.build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Whether `from` is an address, or a name and an address (RFC 5322 section 3.4). The name is ASCII, in quotes if
/// necessary: SES requires other characters to be encoded.
fn is_sender(from: &str) -> bool {
    let is_address = |text: &str| EmailAddress::parse(text).is_some_and(|address| address.as_str() == text);
    let Some((name, address)) = from.split_once('<') else { return is_address(from) };
    let name = name.trim();
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let spelled = match quoted {
        Some(name) => name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'),
        None => name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" !#$%&'*+-/=?^_`{|}~".contains(&byte)),
    };
    !name.is_empty() && spelled && address.strip_suffix('>').is_some_and(is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_plain_name() {
        for good in ["a@b.co", "Acme <a@b.co>", "Acme & Sons <a@b.co>", "\"Acme, Inc.\" <a@b.co>"] {
            assert!(is_sender(good), "{good}");
        }
        for bad in [
            "",
            "Acme",
            "<a@b.co>",
            "Acme <a@b.co",
            "Acme, Inc. <a@b.co>",
            "Café <a@b.co>",
            "Eve <e@b.co>, Bob <a@b.co>",
            "\"a\"b\" <a@b.co>",
            "Acme\r\nBcc: e@b.co <a@b.co>",
            "Acme <a@b.co> ",
            "Acme < a@b.co>",
            " a@b.co",
            "a@bü.co",
        ] {
            assert!(!is_sender(bad), "{bad:?}");
        }
    }
}
