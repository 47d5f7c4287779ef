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
/// Alias of the key that codes to be sent are derived with: HMAC-SHA-256.
pub const CODES: &str = "alias/mfa-codes";
/// Alias of the key that digests are made with: HMAC-SHA-256.
pub const DIGESTS: &str = "alias/mfa-digests";
/// Alias of the key that recovery codes are derived with: HMAC-SHA-256.
pub const RECOVERY: &str = "alias/mfa-recovery";
/// Alias of the key that assertions are signed with: P-256.
pub const SIGNING: &str = "alias/mfa-signing";
/// Alias of the key that will sign next: published already, so that a rotation finds it known.
pub const SIGNING_NEXT: &str = "alias/mfa-signing-next";
/// The identity provider's own key: RSA.
const IDENTITY: &str = "identity";
const FILE: &str = "keys.json";

/// The keys of KMS, by alias: raw bytes where they are symmetric, PKCS #8 where they are not.
pub struct Keys(BTreeMap<String, Vec<u8>>);

impl Keys {
    /// The keys that are kept, the identity provider's apart; missing ones are made and kept.
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

    /// The key that `alias` names.
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
