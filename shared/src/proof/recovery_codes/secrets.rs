//! Derives a user's recovery codes in KMS, when they are shown and when one is redeemed.

use crate::{
    aws::{
        clients::Clients,
        derive::{Deriver, Nonce},
    },
    base::{
        error::Fault,
        ids::UserId,
        random,
        settings::{SettingError, Settings, setting},
    },
    proof::recovery_codes::{RecoveryCode, RecoveryCodes, expand},
};

/// The KMS keys of recovery codes.
pub struct RecoverySecrets {
    keys: Deriver,
}

/// A new set of recovery codes.
#[derive(Debug)]
pub struct NewCodes {
    /// The part that the table stores.
    pub kept: RecoveryCodes,
    /// The codes, which are shown once.
    pub shown: Vec<RecoveryCode>,
}

impl RecoverySecrets {
    /// Reads the keys from the setting `MFA_RECOVERY_KEYS`.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { keys: Deriver::new(settings, aws, &setting::RECOVERY_KEYS)? })
    }

    /// Draws a new set for `user`.
    pub async fn draw(&self, user: &UserId) -> Result<NewCodes, Fault> {
        let kept = RecoveryCodes::new(self.keys.current_label()?, Nonce::new(random::bytes()?));
        Ok(NewCodes { shown: self.codes(user, &kept).await?, kept })
    }

    /// Derives the codes of a set.
    pub async fn codes(&self, user: &UserId, kept: &RecoveryCodes) -> Result<Vec<RecoveryCode>, Fault> {
        expand(&self.keys.derive(&kept.key, kept.message(user)).await?)
    }
}
