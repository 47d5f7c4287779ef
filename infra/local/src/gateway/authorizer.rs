//! The JWT authorizer. It accepts a token with an RS256 signature by the issuer, the right audience, and valid times.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::Value;
use shared::base::clock::Timestamp;

use super::Claims;
use crate::identity::{AUDIENCE, IdentityProvider};

/// Returns the claims of a login token, if the identity provider issued it for this API and it is valid at `now`.
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
    // By default, the library accepts a token without issuer or audience.
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    // The times are checked below, by the stack's clock.
    validation.validate_exp = false;
    let claims = decode::<Claims>(token, &key, &validation).ok()?.claims;
    let time = |name: &str| claims.get(name).map(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds fit for the next 200 million years")]
    let now = now.seconds() as f64;
    // A missing time is fine, an unreadable one is not.
    let past = |name: &str| time(name).is_none_or(|time| time.is_some_and(|time| time <= now));
    let valid = time("exp").flatten().is_some_and(|exp| now < exp) && past("nbf") && past("iat");
    valid.then_some(claims)
}

/// Whether the token has one of `scopes` in its claim `scope`, or else `scp`. Without `scopes`, the answer is yes.
pub fn has_scope(claims: &Claims, scopes: &[String]) -> bool {
    let claim = claims.get("scope").or_else(|| claims.get("scp"));
    let has = |scope: &String| match claim {
        Some(Value::String(list)) => list.split(' ').any(|one| one == scope),
        Some(Value::Array(list)) => list.iter().any(|one| one == scope.as_str()),
        _ => false,
    };
    scopes.is_empty() || scopes.iter().any(has)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_route_with_scopes_takes_a_token_with_one_of_them() {
        let has = |claims: Value| has_scope(claims.as_object().unwrap(), &["mfa:operator".to_owned()]);
        for good in [json!({"scope": "openid mfa:operator"}), json!({"scp": ["mfa:operator"]})] {
            assert!(has(good.clone()), "{good}");
        }
        for bad in [json!({}), json!({"scope": "mfa:operators"}), json!({"scope": "", "scp": ["mfa:operator"]})] {
            assert!(!has(bad.clone()), "{bad}");
        }
        assert!(has_scope(&Claims::new(), &[]));
    }
}
