//! KMS, with real cryptography: AES-256-GCM with the encryption context, HMAC-SHA-256 and P-256.

use std::collections::BTreeMap;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest::{Digest, SHA256},
    encoding::{AsDer, PublicKeyX509Der},
    hmac::{self, HMAC_SHA256},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use data_encoding::BASE64;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::service::Answer;
use crate::keys::{self, Keys};

/// The supported operations.
pub const OPERATIONS: &[&str] = &["Encrypt", "Decrypt", "GenerateMac", "Sign", "GetPublicKey"];

/// The service, with its keys.
pub struct Kms(Keys);

/// The parameters of a call. Each operation reads its own.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Ask {
    key_id: Option<String>,
    plaintext: String,
    ciphertext_blob: String,
    encryption_context: BTreeMap<String, String>,
    message: String,
    message_type: String,
    mac_algorithm: String,
    signing_algorithm: String,
}

/// The code and the message of an error.
type Refusal = (&'static str, &'static str);

const INVALID: Refusal = ("ValidationException", "The request can't be read.");
const NOT_FOUND: Refusal = ("NotFoundException", "The key does not exist.");
const USAGE: Refusal = ("InvalidKeyUsageException", "The key does not allow this operation.");
const FAILED: Refusal = ("KMSInternalException", "The cryptographic operation failed.");
const CIPHERTEXT: Refusal = ("InvalidCiphertextException", "");

impl Kms {
    pub fn new(keys: Keys) -> Self {
        Self(keys)
    }

    /// Answers a call.
    pub fn call(&self, operation: &str, body: &[u8]) -> Answer {
        let result = read(body).and_then(|ask: Ask| match operation {
            "Encrypt" => self.encrypt(&ask),
            "Decrypt" => self.decrypt(&ask),
            "GenerateMac" => self.generate_mac(&ask),
            "Sign" => self.sign(&ask),
            "GetPublicKey" => self.public_key(&ask),
            _ => Err(("UnknownOperationException", "This operation is not supported.")),
        });
        match result {
            Ok(reply) => Answer::ok(reply.to_string()),
            Err((code, message)) => Answer::error(if code == FAILED.0 { 500 } else { 400 }, code, message),
        }
    }

    /// Finds the key of a call, if it is one of `fit`, the keys for the operation.
    fn key(&self, ask: &Ask, fit: &[&str]) -> Result<(String, &[u8]), Refusal> {
        let id = ask.key_id.as_deref().unwrap_or(keys::SEALING);
        let key = self.0.find(id).ok_or(NOT_FOUND)?;
        if fit.contains(&id) { Ok((id.to_owned(), key)) } else { Err(USAGE) }
    }

    fn encrypt(&self, ask: &Ask) -> Result<Value, Refusal> {
        let (id, key) = self.key(ask, &[keys::SEALING])?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| FAILED)?;
        let mut sealed = blob(&ask.plaintext)?;
        let nonce = key.seal_in_place_append_tag(Aad::from(context(ask)), &mut sealed).map_err(|_| FAILED)?;
        let ciphertext = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(json!({"KeyId": id, "CiphertextBlob": BASE64.encode(&ciphertext)}))
    }

    fn decrypt(&self, ask: &Ask) -> Result<Value, Refusal> {
        let (id, key) = self.key(ask, &[keys::SEALING])?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| FAILED)?;
        let ciphertext = blob(&ask.ciphertext_blob)?;
        let (nonce, sealed) = ciphertext.split_at_checked(NONCE_LEN).ok_or(CIPHERTEXT)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CIPHERTEXT)?;
        let mut sealed = sealed.to_vec();
        let plaintext = key.open_in_place(nonce, Aad::from(context(ask)), &mut sealed).map_err(|_| CIPHERTEXT)?;
        Ok(json!({"KeyId": id, "Plaintext": BASE64.encode(plaintext)}))
    }

    fn generate_mac(&self, ask: &Ask) -> Result<Value, Refusal> {
        let (id, key) = self.key(ask, &[keys::CODES, keys::RECOVERY, keys::DIGESTS])?;
        if ask.mac_algorithm != "HMAC_SHA_256" {
            return Err(USAGE);
        }
        let mac = hmac::sign(&hmac::Key::new(HMAC_SHA256, key), &blob(&ask.message)?);
        Ok(json!({"KeyId": id, "MacAlgorithm": "HMAC_SHA_256", "Mac": BASE64.encode(mac.as_ref())}))
    }

    fn sign(&self, ask: &Ask) -> Result<Value, Refusal> {
        let (id, key) = self.key(ask, &[keys::SIGNING, keys::SIGNING_NEXT])?;
        if ask.signing_algorithm != "ECDSA_SHA_256" || ask.message_type != "DIGEST" {
            return Err(USAGE);
        }
        let digest = Digest::import_less_safe(&blob(&ask.message)?, &SHA256).map_err(|_| INVALID)?;
        let signature = pair(key)?.sign_digest(&digest).map_err(|_| FAILED)?;
        let signature = BASE64.encode(signature.as_ref());
        Ok(json!({"KeyId": id, "SigningAlgorithm": "ECDSA_SHA_256", "Signature": signature}))
    }

    fn public_key(&self, ask: &Ask) -> Result<Value, Refusal> {
        let (id, key) = self.key(ask, &[keys::SIGNING, keys::SIGNING_NEXT])?;
        let pair = pair(key)?;
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| FAILED)?;
        Ok(json!({
            "KeyId": id, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY",
            "SigningAlgorithms": ["ECDSA_SHA_256"], "PublicKey": BASE64.encode(der.as_ref()),
        }))
    }
}

fn pair(key: &[u8]) -> Result<EcdsaKeyPair, Refusal> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key).map_err(|_| FAILED)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| INVALID)
}

fn blob(base64: &str) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(base64.as_bytes()).map_err(|_| INVALID)
}

/// Encodes the encryption context as additional authenticated data: sorted, each part after its length.
fn context(ask: &Ask) -> Vec<u8> {
    let parts = ask.encryption_context.iter().flat_map(|(name, value)| [name, value]);
    parts.flat_map(|part| [&part.len().to_be_bytes(), part.as_bytes()].concat()).collect()
}
