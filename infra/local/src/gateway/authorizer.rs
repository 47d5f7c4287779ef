//! The JWT authorizer: RS256, the issuer's keys, its audience, its times. Nothing of a token is believed before.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::Value;
use shared::clock::Timestamp;

use super::Claims;
use crate::identity::{AUDIENCE, IdentityProvider};

/// The claims of a login token, if it is the identity provider's, for this API, and valid at `now`.
pub fn authorize(authorization: &str, identity: &IdentityProvider, now: Timestamp) -> Option<Claims> {
    let token = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => authorization,
    };
    let keys: JwkSet = serde_json::from_value(identity.jwks()).ok()?;
    let key = DecodingKey::from_jwk(keys.find(&decode_header(token).ok()?.kid?)?).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[&identity.issuer]);
    validation.set_audience(&[AUDIENCE]);
    // Times are checked below, by the stack's clock.
    validation.validate_exp = false;
    let claims = decode::<Claims>(token, &key, &validation).ok()?.claims;
    let time = |name: &str| claims.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds fit for the next 200 million years")]
    let now = now.seconds() as f64;
    let valid = time("exp").is_some_and(|exp| now < exp)
        && time("nbf").is_none_or(|nbf| nbf <= now)
        && time("iat").is_none_or(|iat| iat <= now);
    valid.then_some(claims)
}
