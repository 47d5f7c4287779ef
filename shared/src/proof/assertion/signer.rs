//! Signs assertions in KMS. The private key never leaves KMS, and only a digest goes there.

use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{MessageType::Digest as OfDigest, SigningAlgorithmSpec::EcdsaSha256},
};
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::Signature;
use sha2::{Digest, Sha256};

use crate::{
    aws::clients::Clients,
    base::{
        clock::Timestamp,
        error::Fault,
        random,
        settings::{KeyRing, SettingError, Settings, setting},
    },
    proof::assertion::{Claims, Statement, signing_input},
};

/// The signer, which uses the first signing key.
pub struct Signer {
    kms: Client,
    keys: KeyRing,
    issuer: String,
    audience: String,
}

/// A signed assertion.
pub struct Signed {
    /// The JWT.
    pub token: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl Signer {
    /// Reads `MFA_SIGNING_KEYS`, `MFA_ISSUER` and `MFA_AUDIENCE` from the settings.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self {
            kms: aws.kms.clone(),
            keys: settings.key_ring(&setting::SIGNING_KEYS)?,
            issuer: settings.get(&setting::ISSUER)?,
            audience: settings.get(&setting::AUDIENCE)?,
        })
    }

    /// Signs an assertion of `statement` at `now`.
    pub async fn sign(&self, statement: Statement<'_>, now: Timestamp) -> Result<Signed, Fault> {
        let (label, key) = self.keys.current().ok_or(Fault::new("find a signing key"))?;
        let claims = Claims::new(statement, &self.issuer, &self.audience, random::id()?, now);
        let signed = signing_input(label, &claims).map_err(|error| Fault::caused("write an assertion", error))?;
        let digest = Blob::new(Sha256::digest(&signed).to_vec());
        let request = self.kms.sign().key_id(key).message_type(OfDigest).signing_algorithm(EcdsaSha256).message(digest);
        let reply = request.send().await.map_err(|error| Fault::aws("sign an assertion", error))?;
        let der = reply.signature.ok_or(Fault::new("read a signature"))?;
        // KMS answers in DER, but a JWS requires the two raw numbers (RFC 7518 section 3.4).
        let signature = Signature::from_der(der.as_ref()).map_err(|error| Fault::caused("read a signature", error))?;
        let expires_at = Timestamp::from_seconds(claims.exp);
        let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()));
        Ok(Signed { token, expires_at })
    }
}
