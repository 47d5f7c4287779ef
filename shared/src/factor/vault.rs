//! A factor's secret at rest: sealed by KMS for its user and the factor itself, and for nothing else.

use aws_types::SdkConfig;

use super::{Factor, FactorId};
use crate::{
    error::Fault,
    sealed::{Binding, Purpose, Sealed, Sealer},
    settings::{SettingError, Settings},
    totp::TotpSecret,
    user::UserId,
};

/// Seals and opens the secrets of factors.
pub struct Vault {
    sealer: Sealer,
}

impl Vault {
    /// The vault of the deployment's sealing key.
    pub fn new(settings: &Settings, aws: &SdkConfig) -> Result<Self, SettingError> {
        Ok(Self { sealer: Sealer::new(settings, aws)? })
    }

    /// Seals the secret of a factor.
    pub async fn seal_totp(&self, user: &UserId, id: &FactorId, secret: &TotpSecret) -> Result<Sealed, Fault> {
        self.sealer.seal(totp(user, id), secret.bytes()).await
    }

    /// Opens the secret of a factor.
    pub async fn open_totp(&self, user: &UserId, id: &FactorId, factor: &Factor) -> Result<TotpSecret, Fault> {
        Ok(TotpSecret::new(&self.sealer.open(totp(user, id), &factor.sealed).await?))
    }
}

fn totp<'a>(user: &'a UserId, id: &'a FactorId) -> Binding<'a> {
    Binding { user, item: id.as_str(), purpose: Purpose::Totp }
}
