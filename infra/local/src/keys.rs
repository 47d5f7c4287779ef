//! The keys that a real deployment has in KMS and at its identity provider, generated once and stored in the data
//! folder.

use std::collections::BTreeMap;

use aws_lc_rs::{
    encoding::AsDer,
    error::Unspecified,
    rand::{SystemRandom, fill},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use data_encoding::BASE64;

use crate::data::{Data, DataError};

/// Alias of the key that seals secrets: AES-256.
pub const SEALING: &str = "alias/mfa-sealing";
/// Alias of the key that derives sent codes: HMAC-SHA-256.
pub const CODES: &str = "alias/mfa-codes";
/// Alias of the key that makes digests: HMAC-SHA-256.
pub const DIGESTS: &str = "alias/mfa-digests";
/// Alias of the key that derives recovery codes: HMAC-SHA-256.
pub const RECOVERY: &str = "alias/mfa-recovery";
/// Alias of the key that signs assertions: P-256.
pub const SIGNING: &str = "alias/mfa-signing";
/// Alias of the next signing key: P-256. It is already published, so that backends know it before a rotation.
pub const SIGNING_NEXT: &str = "alias/mfa-signing-next";
/// The name of the identity provider's key: RSA.
const IDENTITY: &str = "identity";
const FILE: &str = "keys.json";

/// The keys of KMS, by alias. Symmetric keys are raw bytes, the others are PKCS #8.
pub struct Keys(BTreeMap<String, Vec<u8>>);

impl Keys {
    /// Reads the stored keys, and generates missing ones. The identity provider's key is returned separately.
    pub fn open(data: &Data) -> Result<(Self, RsaKeyPair), DataError> {
        let damaged = || DataError::Damaged(data.path(FILE).unwrap_or_default());
        let mut kept: BTreeMap<String, String> = match data.read(FILE)? {
            Some(text) => serde_json::from_str(&text).map_err(|_| damaged())?,
            None => BTreeMap::new(),
        };
        let before = kept.len();
        for (alias, make) in MAKERS {
            if !kept.contains_key(alias) {
                let key = make().map_err(|_| DataError::NoKeys)?;
                kept.insert(alias.to_owned(), BASE64.encode(&key));
            }
        }
        if kept.len() != before {
            let text = serde_json::to_string_pretty(&kept).map_err(|_| damaged())?;
            data.write(FILE, &text)?;
        }
        let decode = |(alias, key): (String, String)| Some((alias, BASE64.decode(key.as_bytes()).ok()?));
        let mut keys: BTreeMap<_, _> = kept.into_iter().map(decode).collect::<Option<_>>().ok_or_else(damaged)?;
        let identity = keys.remove(IDENTITY).ok_or_else(damaged)?;
        Ok((Self(keys), RsaKeyPair::from_pkcs8(&identity).map_err(|_| damaged())?))
    }

    /// Finds the key of `alias`.
    pub fn find(&self, alias: &str) -> Option<&[u8]> {
        self.0.get(alias).map(Vec::as_slice)
    }
}

type Maker = fn() -> Result<Vec<u8>, Unspecified>;

const MAKERS: [(&str, Maker); 7] = [
    (SEALING, secret),
    (CODES, secret),
    (RECOVERY, secret),
    (DIGESTS, secret),
    (SIGNING, p256),
    (SIGNING_NEXT, p256),
    (IDENTITY, rsa),
];

#[expect(clippy::disallowed_methods, reason = "keys of this stack alone, made in one place")]
fn secret() -> Result<Vec<u8>, Unspecified> {
    let mut key = vec![0; 32];
    fill(&mut key)?;
    Ok(key)
}

#[expect(clippy::disallowed_methods, reason = "keys of this stack alone, made in one place")]
fn p256() -> Result<Vec<u8>, Unspecified> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())?;
    Ok(key.as_ref().to_vec())
}

fn rsa() -> Result<Vec<u8>, Unspecified> {
    Ok(RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?.as_ref().to_vec())
}
