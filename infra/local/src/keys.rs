//! The keys that a real deployment has in KMS and at its identity provider: made once, kept with the data.

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

/// Alias of the key that secrets are sealed with: AES-256.
pub const SEALING: &str = "alias/mfa-sealing";
/// Alias of the key that recovery codes are derived with: HMAC-SHA-256.
pub const RECOVERY: &str = "alias/mfa-recovery";
/// Alias of the key that assertions are signed with: P-256.
pub const SIGNING: &str = "alias/mfa-signing";
/// The identity provider's own key: RSA.
const IDENTITY: &str = "identity";
const FILE: &str = "keys.json";

/// Every key, by alias: raw bytes where it is symmetric, PKCS #8 where it is not.
pub struct Keys(BTreeMap<String, Vec<u8>>);

impl Keys {
    /// The keys that are kept; missing ones are made and kept.
    pub fn open(data: &Data) -> Result<Self, DataError> {
        let damaged = || DataError::Damaged(data.path(FILE).unwrap_or_default());
        let mut kept: BTreeMap<String, String> = match data.read(FILE)? {
            Some(text) => serde_json::from_str(&text).map_err(|_| damaged())?,
            None => BTreeMap::new(),
        };
        let before = kept.len();
        for (alias, make) in MAKERS {
            if !kept.contains_key(alias) {
                // Only a machine without randomness fails here.
                let key = make().map_err(|_| damaged())?;
                kept.insert(alias.to_owned(), BASE64.encode(&key));
            }
        }
        if kept.len() != before {
            let text = serde_json::to_string_pretty(&kept).map_err(|_| damaged())?;
            data.write(FILE, &text)?;
        }
        let decode = |(alias, key): (String, String)| Some((alias, BASE64.decode(key.as_bytes()).ok()?));
        kept.into_iter().map(decode).collect::<Option<_>>().map(Self).ok_or_else(damaged)
    }

    /// The key that `alias` names.
    pub fn find(&self, alias: &str) -> Option<&[u8]> {
        self.0.get(alias).filter(|_| alias != IDENTITY).map(Vec::as_slice)
    }

    /// The identity provider's key, as PKCS #8.
    pub fn identity(&self) -> Vec<u8> {
        self.0.get(IDENTITY).cloned().unwrap_or_default()
    }
}

type Maker = fn() -> Result<Vec<u8>, Unspecified>;

const MAKERS: [(&str, Maker); 4] = [(SEALING, secret), (RECOVERY, secret), (SIGNING, p256), (IDENTITY, rsa)];

fn secret() -> Result<Vec<u8>, Unspecified> {
    let mut key = vec![0; 32];
    fill(&mut key)?;
    Ok(key)
}

fn p256() -> Result<Vec<u8>, Unspecified> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())?;
    Ok(key.as_ref().to_vec())
}

fn rsa() -> Result<Vec<u8>, Unspecified> {
    Ok(RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?.as_ref().to_vec())
}
