//! A user's recovery codes and the emailed one, derived in KMS when they are shown or sent, and when one is redeemed.

use super::{RecoveryCode, RecoveryCodes, emailed::EmailedCode, expand};
use crate::{
    clients::Clients,
    code::{Nonce, Purpose, deriver::Deriver, message},
    email::EmailAddress,
    error::Fault,
    random,
    settings::{SettingError, Settings},
    user::UserId,
};

/// Derives recovery codes and emailed ones.
pub struct Vault {
    keys: Deriver,
    sent_codes: Deriver,
}

/// A new set: what is kept of it, and what is shown, once.
#[derive(Debug)]
pub struct Drawn {
    /// What the table keeps.
    pub kept: RecoveryCodes,
    /// The codes.
    pub shown: Vec<RecoveryCode>,
}

impl Vault {
    /// The vault of the keys in the settings `MFA_RECOVERY_KEYS` and, for codes that are sent, `MFA_CODE_KEYS`.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        let keys = Deriver::new(settings, aws, "MFA_RECOVERY_KEYS")?;
        Ok(Self { keys, sent_codes: Deriver::new(settings, aws, "MFA_CODE_KEYS")? })
    }

    /// Draws a new set for `user`.
    pub async fn draw(&self, user: &UserId) -> Result<Drawn, Fault> {
        let kept = RecoveryCodes::new(self.keys.current_label()?, Nonce::new(random::bytes()?));
        Ok(Drawn { shown: self.codes(user, &kept).await?, kept })
    }

    /// The codes of a set.
    pub async fn codes(&self, user: &UserId, kept: &RecoveryCodes) -> Result<Vec<RecoveryCode>, Fault> {
        expand(&self.keys.derive(&kept.key, kept.message(user)).await?)
    }

    /// The label of the key that a new code for an email is derived with.
    pub fn code_label(&self) -> Result<&str, Fault> {
        self.sent_codes.current_label()
    }

    /// The code that is emailed to `address` for the login of the token with the hash `ath`: another address, and another
    /// login, has another one.
    pub async fn emailed_code(
        &self,
        user: &UserId,
        address: &EmailAddress,
        sent: &EmailedCode,
        ath: &str,
    ) -> Result<RecoveryCode, Fault> {
        let address = address.folded();
        let mut subject = vec![user.as_str(), &address];
        subject.extend(sent.by_login.then_some(ath));
        let message = message(Purpose::Email, &subject, Some(&sent.nonce));
        let mac = self.sent_codes.derive(&sent.key, message).await?;
        Ok(RecoveryCode::of(mac.bytes().get(..5).unwrap_or_default()))
    }
}
