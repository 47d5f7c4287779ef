//! Secrets at rest, as KMS ciphertext. The encryption context binds each to one user, one item and one purpose. A
//! ciphertext that is copied to another user or factor does not open.

use std::collections::HashMap;

use aws_sdk_kms::{Client, primitives::Blob};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    aws::clients::Clients,
    base::{
        error::Fault,
        ids::UserId,
        settings::{SettingError, Settings, setting},
    },
};

/// A ciphertext, as the table stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(#[serde(with = "serde_bytes")] Vec<u8>);

/// The purpose of a sealed secret. A function's grant to decrypt names the purposes that it may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPurpose {
    /// An authenticator app's secret.
    Totp,
    /// A phone number.
    Phone,
    /// An email address.
    Email,
}

impl SealPurpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

/// The user, item and purpose that a ciphertext is bound to.
#[derive(Clone, Copy, Debug)]
pub struct EncryptionContext<'a> {
    /// The user whose secret it is.
    pub user: &'a UserId,
    /// The factor's id, or `contact`.
    pub item: &'a str,
    /// The secret's purpose.
    pub purpose: SealPurpose,
}

impl EncryptionContext<'_> {
    fn context(self) -> HashMap<String, String> {
        [("user", self.user.as_str()), ("item", self.item), ("purpose", self.purpose.name())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }
}

/// The sealing key, and the KMS client.
pub struct Sealer {
    kms: Client,
    key: String,
}

impl Sealer {
    /// Reads the key's id from the setting `MFA_SEALING_KEY`.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { kms: aws.kms.clone(), key: settings.get(&setting::SEALING_KEY)? })
    }

    /// Seals `secret` for `binding`.
    pub async fn seal(&self, binding: EncryptionContext<'_>, secret: &[u8]) -> Result<Sealed, Fault> {
        let request = self.kms.encrypt().key_id(&self.key).set_encryption_context(Some(binding.context()));
        let reply =
            request.plaintext(Blob::new(secret)).send().await.map_err(|error| Fault::aws("seal a secret", error))?;
        let ciphertext = reply.ciphertext_blob.ok_or(Fault::new("read a ciphertext"))?;
        Ok(Sealed(ciphertext.into_inner()))
    }

    /// Opens a secret that was sealed for the same `binding`. Any other is a fault.
    pub async fn open(&self, binding: EncryptionContext<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let request = self.kms.decrypt().key_id(&self.key).set_encryption_context(Some(binding.context()));
        let reply = request.ciphertext_blob(Blob::new(sealed.0.as_slice())).send().await;
        let plaintext = reply.map_err(|error| Fault::aws("open a sealed secret", error))?.plaintext;
        Ok(Zeroizing::new(plaintext.ok_or(Fault::new("read a sealed secret"))?.into_inner()))
    }
}
