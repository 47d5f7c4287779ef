//! Derives codes and digests in KMS: HMAC-SHA-256 with a key that never leaves KMS.
//!
//! No two uses share a message. It holds a version, the purpose, the subject and, for a code, the nonce, each with its
//! length before it.

use std::fmt;

use aws_sdk_kms::{Client, primitives::Blob, types::MacAlgorithmSpec::HmacSha256};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use zeroize::Zeroizing;

use crate::{
    aws::clients::Clients,
    base::{
        error::Fault,
        settings::{KeyRing, Setting, SettingError, Settings},
    },
};

/// The 128 random bits that make a derivation unique. The table stores them, and never the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(ByteArray<16>);

impl Nonce {
    /// Makes a nonce of random bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(ByteArray::new(bytes))
    }
}

/// The use of a derived value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacPurpose {
    /// A user's ten recovery codes.
    Recovery,
    /// A texted code.
    Text,
    /// An emailed code.
    Email,
    /// The digest of an email address.
    EmailAddress,
    /// The digest of a phone number.
    Number,
    /// The digest of a phone number's exchange.
    Exchange,
    /// The digest of a client's IP address or network.
    Address,
    /// The id of an imported app, from its user and its secret.
    Import,
}

impl MacPurpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Text => "text",
            Self::Email => "email",
            Self::EmailAddress => "email-address",
            Self::Number => "number",
            Self::Exchange => "exchange",
            Self::Address => "address",
            Self::Import => "import",
        }
    }
}

/// Builds the message that KMS makes a MAC of. `subject` says whom or what the MAC is for, such as a user and their
/// factor, or a number. A digest has no `nonce`, because it must be the same each time.
pub fn message(purpose: MacPurpose, subject: &[&str], nonce: Option<&Nonce>) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    let texts = ["serverless-mfa/1", purpose.name()].into_iter().chain(subject.iter().copied()).map(str::as_bytes);
    for part in texts.chain(nonce.map(|nonce| nonce.0.as_slice())) {
        // The length always fits: no part is longer than a `sub` of 255 or an address of 254 characters.
        message.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

/// The output of HMAC-SHA-256, from which codes and digests are derived. Zeroized on drop, never printed.
pub struct Mac(pub(crate) Zeroizing<[u8; 32]>);

impl Mac {
    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 128 bits, as a number.
    pub fn bits(&self) -> u128 {
        self.0.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    }

    /// The digest: 128 bits in base64url. Nobody can guess the message from it without the key.
    pub fn digest(&self) -> String {
        BASE64URL_NOPAD.encode(&self.bits().to_be_bytes())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The HMAC keys of one use, and the KMS client. Sent codes, recovery codes and digests have a ring each.
pub struct Deriver {
    kms: Client,
    keys: KeyRing,
}

impl Deriver {
    /// Reads the key ring from the setting `ring`.
    pub fn new(settings: &Settings, aws: &Clients, ring: &Setting) -> Result<Self, SettingError> {
        Ok(Self { kms: aws.kms.clone(), keys: settings.key_ring(ring)? })
    }

    /// The label of the key for new codes. The caller stores it beside the nonce.
    pub fn current_label(&self) -> Result<&str, Fault> {
        let (label, _) = self.keys.current().ok_or(Fault::new("find the current key of a key ring"))?;
        Ok(label)
    }

    /// Computes the digest of nothing, so that the next call finds an open connection.
    pub async fn connect(&self) -> Result<(), Fault> {
        self.digest(MacPurpose::Address, "").await.map(drop)
    }

    /// Computes the MAC of `message` with the key of `label`.
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

    /// Computes the keyed digest of `subject` with the current key. It stays the same until the key changes.
    pub async fn digest(&self, purpose: MacPurpose, subject: &str) -> Result<String, Fault> {
        Ok(self.digest_of(purpose, &[subject]).await?.digest())
    }

    /// Computes the whole MAC of a subject of several parts with the current key.
    pub async fn digest_of(&self, purpose: MacPurpose, subject: &[&str]) -> Result<Mac, Fault> {
        self.derive(self.current_label()?, message(purpose, subject, None)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_subjects_share_a_message() {
        let nonce = Nonce::new([7; 16]);
        let messages = [&["ab", "c"][..], &["a", "bc"], &["abc"], &["abc", ""], &[""]]
            .map(|subject| message(MacPurpose::Recovery, subject, Some(&nonce)));
        for (index, one) in messages.iter().enumerate() {
            assert!(messages.iter().skip(index + 1).all(|other| other != one));
        }
        assert_ne!(
            message(MacPurpose::Recovery, &["a"], Some(&nonce)),
            message(MacPurpose::Recovery, &["a"], Some(&Nonce::new([8; 16])))
        );
        assert_ne!(message(MacPurpose::Number, &["a"], None), message(MacPurpose::Exchange, &["a"], None));
    }

    #[test]
    fn a_digest_is_half_of_the_mac() {
        assert_eq!(Mac(Zeroizing::new([255; 32])).digest(), "_____________________w");
    }
}
