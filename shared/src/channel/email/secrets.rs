//! The sealing of recovery addresses, and the derivation of emailed codes. KMS does both.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    aws::{
        clients::Clients,
        derive::{Deriver, MacPurpose, message},
        seal::{EncryptionContext, SealPurpose, Sealer},
    },
    base::{
        clock::Timestamp,
        error::{Fault, chain},
        ids::UserId,
        settings::{SettingError, Settings, setting},
    },
    channel::email::{address::EmailAddress, code::EmailedCode, contact::Contact},
    proof::recovery_codes::RecoveryCode,
};

/// The longest that a notice waits for the recovery address.
const LONGEST: Duration = Duration::from_secs(2);

/// Seals and opens recovery addresses. Each is bound to its user.
pub struct ContactSecrets {
    sealer: Sealer,
}

impl ContactSecrets {
    /// Reads the sealing key from the settings.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { sealer: Sealer::new(settings, aws)? })
    }

    /// Seals an address as the recovery address from `now` on.
    pub async fn seal(&self, user: &UserId, address: &EmailAddress, now: Timestamp) -> Result<Contact, Fault> {
        let sealed = self.sealer.seal(binding(user), address.as_str().as_bytes()).await?;
        Ok(Contact { sealed, since: now, changed: None })
    }

    /// Opens the recovery address for a notice, which is best effort. `None` if there is none, or if opening fails or
    /// takes over 2 seconds.
    pub async fn kept(&self, user: &UserId, contact: Option<&Contact>) -> Option<EmailAddress> {
        let opened = timeout(LONGEST, self.open(user, contact?)).await;
        let opened = opened.unwrap_or(Err(Fault::new("open the recovery address in time")));
        opened.inspect_err(|fault| tracing::warn!(fault = chain(fault), "the recovery address gets no notice")).ok()
    }

    /// Opens the recovery address, and seals `address` if it is another one. Both happen at the same time. An unneeded
    /// seal costs a call but no wait, and its failure is ignored.
    pub async fn replaced(
        &self,
        user: &UserId,
        contact: Option<&Contact>,
        address: &EmailAddress,
        now: Timestamp,
    ) -> (Option<EmailAddress>, Result<Option<Contact>, Fault>) {
        let (kept, sealed) = tokio::join!(self.kept(user, contact), self.seal(user, address, now));
        if !kept.as_ref().is_some_and(|kept| kept.is(address)) {
            return (kept, sealed.map(Some));
        }
        if let Err(fault) = sealed {
            tracing::warn!(fault = chain(&fault), "the recovery address could not be sealed, but it has not changed");
        }
        (kept, Ok(None))
    }

    /// Opens the recovery address.
    pub async fn open(&self, user: &UserId, contact: &Contact) -> Result<EmailAddress, Fault> {
        let address = self.sealer.open(binding(user), &contact.sealed).await?;
        let address = std::str::from_utf8(&address).ok().and_then(EmailAddress::parse);
        address.ok_or(Fault::new("read an email address"))
    }
}

fn binding(user: &UserId) -> EncryptionContext<'_> {
    EncryptionContext { user, item: "contact", purpose: SealPurpose::Email }
}

/// Derives emailed codes.
pub struct EmailedCodes {
    sent_codes: Deriver,
}

impl EmailedCodes {
    /// Reads the keys of sent codes from the setting `MFA_CODE_KEYS`.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { sent_codes: Deriver::new(settings, aws, &setting::CODE_KEYS)? })
    }

    /// The label of the key for new emailed codes.
    pub fn label(&self) -> Result<&str, Fault> {
        self.sent_codes.current_label()
    }

    /// Derives the code for `address` and for the login token with the hash `ath`. Each address and each login gets its
    /// own code.
    pub async fn derive(
        &self,
        user: &UserId,
        address: &EmailAddress,
        sent: &EmailedCode,
        ath: &str,
    ) -> Result<RecoveryCode, Fault> {
        let address = address.folded();
        let mut subject = vec![user.as_str(), &address];
        subject.extend(sent.by_login.then_some(ath));
        let message = message(MacPurpose::Email, &subject, Some(&sent.nonce));
        let mac = self.sent_codes.derive(&sent.key, message).await?;
        Ok(RecoveryCode::of(mac.bytes().get(..5).unwrap_or_default()))
    }
}
