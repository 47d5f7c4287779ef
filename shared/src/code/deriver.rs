//! Derives codes and digests in KMS: HMAC-SHA-256 with a key that never leaves it.

use aws_sdk_kms::{Client, primitives::Blob, types::MacAlgorithmSpec::HmacSha256};
use zeroize::Zeroizing;

use super::{Mac, Purpose, message};
use crate::{
    clients::Clients,
    error::Fault,
    settings::{KeyRing, SettingError, Settings},
};

/// The HMAC keys of one use (sent codes, recovery codes and digests have a ring each), and the way to KMS.
pub struct Deriver {
    kms: Client,
    keys: KeyRing,
}

impl Deriver {
    /// Takes its key ring from the setting `ring`.
    pub fn new(settings: &Settings, aws: &Clients, ring: &'static str) -> Result<Self, SettingError> {
        Ok(Self { kms: aws.kms.clone(), keys: settings.key_ring(ring)? })
    }

    /// The label of the key that new codes are derived with, to be kept beside their nonce.
    pub fn current_label(&self) -> Result<&str, Fault> {
        let (label, _) = self.keys.current().ok_or(Fault::new("find a current key"))?;
        Ok(label)
    }

    /// The MAC of `message` by the key that `label` stands for.
    pub async fn derive(&self, label: &str, message: Vec<u8>) -> Result<Mac, Fault> {
        let key = self.keys.find(label).ok_or(Fault::new("find the key that a code was derived with"))?;
        let reply =
            self.kms.generate_mac().key_id(key).mac_algorithm(HmacSha256).message(Blob::new(message)).send().await;
        let mac = reply
            .map_err(|error| Fault::aws("derive a code or a digest", error))?
            .mac
            .map(Blob::into_inner)
            .map(Zeroizing::new);
        let bytes = mac.and_then(|mac| mac.as_slice().try_into().ok()).ok_or(Fault::new("read a MAC"))?;
        Ok(Mac(Zeroizing::new(bytes)))
    }

    /// The keyed digest of `subject`, by the current key: the same for the same subject until the key is changed.
    pub async fn digest(&self, purpose: Purpose, subject: &str) -> Result<String, Fault> {
        Ok(self.digest_of(purpose, &[subject]).await?.digest())
    }

    /// The same of a subject of several parts, whole.
    pub async fn digest_of(&self, purpose: Purpose, subject: &[&str]) -> Result<Mac, Fault> {
        self.derive(self.current_label()?, message(purpose, subject, None)).await
    }
}
