//! The public keys that verify assertions. Each instance fetches them from KMS once: the
//! signing key at its start, and the others when it first needs them.

use aws_sdk_kms::Client;
use data_encoding::BASE64URL_NOPAD;
use p256::{ecdsa::VerifyingKey, pkcs8::DecodePublicKey};
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::{
    aws::clients::Clients,
    base::{
        error::{Fault, chain},
        settings::{SettingError, Settings, setting},
    },
};

/// The public half of each signing key.
pub struct PublicKeys {
    kms: Client,
    keys: Vec<PublicKey>,
}

struct PublicKey {
    label: String,
    id: String,
    fetched: OnceCell<VerifyingKey>,
}

/// A public key as a JWK (RFC 7517, RFC 7518 section 6.2).
#[derive(Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: String,
    x: String,
    y: String,
}

impl PublicKeys {
    /// Reads the keys from the setting `MFA_SIGNING_KEYS`. It fetches nothing yet.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        let ring = settings.key_ring(&setting::SIGNING_KEYS)?;
        let keys = ring.iter().map(|(label, id)| PublicKey {
            label: label.to_owned(),
            id: id.to_owned(),
            fetched: OnceCell::new(),
        });
        Ok(Self { kms: aws.kms.clone(), keys: keys.collect() })
    }

    /// Returns the key of `label`, if it is one of ours.
    pub async fn find(&self, label: &str) -> Result<Option<&VerifyingKey>, Fault> {
        match self.keys.iter().find(|key| key.label == label) {
            Some(key) => self.fetch(key).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns all keys, the signing key first. It skips another key that it can't fetch, such as a retired one or one
    /// that is not made yet. So clients can still verify with the rest.
    ///
    /// # Errors
    /// A fault if it can't fetch the signing key.
    pub async fn jwks(&self) -> Result<Vec<Jwk>, Fault> {
        let mut jwks = Vec::with_capacity(self.keys.len());
        for (index, key) in self.keys.iter().enumerate() {
            let point = match self.fetch(key).await {
                Ok(key) => key.to_sec1_point(false),
                Err(fault) if index > 0 => {
                    tracing::error!(fault = chain(&fault), key = key.label, "a public key is not published");
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let (x, y) = point.x().zip(point.y()).ok_or(Fault::new("read the coordinates of a public key"))?;
            jwks.push(Jwk {
                kty: "EC",
                crv: "P-256",
                usage: "sig",
                alg: "ES256",
                kid: key.label.clone(),
                x: BASE64URL_NOPAD.encode(x),
                y: BASE64URL_NOPAD.encode(y),
            });
        }
        Ok(jwks)
    }

    /// Fetches the signing key before a request needs it.
    pub async fn prefetch(&self) -> Result<(), Fault> {
        match self.keys.first() {
            Some(key) => self.fetch(key).await.map(drop),
            None => Ok(()),
        }
    }

    async fn fetch<'a>(&self, key: &'a PublicKey) -> Result<&'a VerifyingKey, Fault> {
        key.fetched
            .get_or_try_init(async || {
                let reply = self.kms.get_public_key().key_id(&key.id).send().await;
                let der = reply.map_err(|error| Fault::aws("fetch a public key", error))?.public_key;
                let der = der.ok_or(Fault::new("read a public key"))?;
                VerifyingKey::from_public_key_der(der.as_ref())
                    .map_err(|error| Fault::caused("read a public key", error))
            })
            .await
    }
}
