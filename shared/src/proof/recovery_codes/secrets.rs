//! A user's recovery codes, derived in KMS when they are shown, and when one is redeemed.

use crate::{
    aws::{
        clients::Clients,
        derive::{Deriver, Nonce},
    },
    base::{
        error::Fault,
        ids::UserId,
        random,
        settings::{SettingError, Settings},
    },
    proof::recovery_codes::{RecoveryCode, RecoveryCodes, expand},
};

/// Derives recovery codes.
pub struct RecoverySecrets {
    keys: Deriver,
}

/// A new set: what is kept of it, and what is shown, once.
#[derive(Debug)]
pub struct NewCodes {
    /// What the table keeps.
    pub kept: RecoveryCodes,
    /// The codes.
    pub shown: Vec<RecoveryCode>,
}

impl RecoverySecrets {
    /// Takes the keys from the setting `MFA_RECOVERY_KEYS`.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { keys: Deriver::new(settings, aws, "MFA_RECOVERY_KEYS")? })
    }

    /// Draws a new set for `user`.
    pub async fn draw(&self, user: &UserId) -> Result<NewCodes, Fault> {
        let kept = RecoveryCodes::new(self.keys.current_label()?, Nonce::new(random::bytes()?));
        Ok(NewCodes { shown: self.codes(user, &kept).await?, kept })
    }

    /// The codes of a set.
    pub async fn codes(&self, user: &UserId, kept: &RecoveryCodes) -> Result<Vec<RecoveryCode>, Fault> {
        expand(&self.keys.derive(&kept.key, kept.message(user)).await?)
    }
}
