//! An identity provider for development. It issues login tokens for any user, and publishes the key that verifies them.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{KeyPair, RSA_PKCS1_SHA256},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};

use shared::base::random;

use crate::clock::StackClock;

/// The audience of login tokens.
pub const AUDIENCE: &str = "app";
/// How long a login token is valid by default, in seconds.
const LIFE: i64 = 86_400;
const KEY_ID: &str = "dev";

/// The identity provider.
pub struct IdentityProvider {
    /// Its issuer name, which is also its URL.
    pub issuer: String,
    key: RsaKeyPair,
    clock: StackClock,
}

impl IdentityProvider {
    /// Creates a provider that signs with `key`.
    pub fn new(issuer: String, key: RsaKeyPair, clock: StackClock) -> Self {
        Self { issuer, key, clock }
    }

    /// Issues a login token. Each field of `ask`, except `expires_in` and `claims`, is a claim. The object `claims` has
    /// further claims. A claim that is null is left out.
    pub fn token(&self, mut ask: Map<String, Value>) -> Result<String, &'static str> {
        const CLAIMS: [&str; 7] = ["sub", "email", "email_verified", "workspaces", "owned_workspaces", "sso", "scope"];
        let sub = ask.get("sub").and_then(Value::as_str).ok_or("`sub` must be a string")?.to_owned();
        let life = match ask.remove("expires_in") {
            None => LIFE,
            Some(seconds) => seconds.as_i64().ok_or("`expires_in` must be a number of seconds")?,
        };
        let more = match ask.remove("claims") {
            None => Map::new(),
            Some(Value::Object(more)) => more,
            Some(_) => return Err("`claims` must be an object"),
        };
        if ask.keys().any(|name| !CLAIMS.contains(&name.as_str())) {
            return Err("a field is unknown. Put other claims into `claims`");
        }
        // The id makes each token unique, so no two logins have the same token.
        let jti = random::id().map_err(|_| "could not generate an id for the token")?;
        let now = i64::try_from(self.clock.now().seconds()).unwrap_or(i64::MAX);
        let defaults = json!({
            "iss": self.issuer, "aud": AUDIENCE, "iat": now, "exp": now.saturating_add(life),
            "email": format!("{sub}@example.com"), "email_verified": true, "workspaces": [],
            "jti": jti,
        });
        let mut claims = defaults.as_object().cloned().unwrap_or_default();
        claims.extend(ask.into_iter().chain(more));
        claims.retain(|_, value| !value.is_null());
        self.sign(&claims).ok_or("could not sign the token")
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the signature's interface asks for a source that RS256 does not use"
    )]
    fn sign(&self, claims: &Map<String, Value>) -> Option<String> {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID}).to_string();
        let claims = serde_json::to_vec(claims).ok()?;
        let signed = format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
    }

    /// Returns the public key as a JWK set.
    pub fn jwks(&self) -> Value {
        let key = self.key.public_key();
        let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let (n, e) = (
            part(key.modulus().big_endian_without_leading_zero()),
            part(key.exponent().big_endian_without_leading_zero()),
        );
        json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": n, "e": e}]})
    }

    /// Returns the provider's metadata (OpenID Connect Discovery).
    pub fn configuration(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "jwks_uri": format!("{}/jwks.json", self.issuer),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }
}
