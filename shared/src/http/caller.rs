//! Who is asking: the login token's claims, as the gateway's authorizer vouches for them, and the assertion that the
//! request may carry. Read in one place; what can't be read is refused, never ignored.

use std::collections::HashMap;

use lambda_http::{RequestExt, request::RequestContext};

use super::{Api, Request};
use crate::{
    assertion::{Claims, Expected, Settled, Statement, Unverified, token_hash},
    error::{Refusal, Result},
    settings::{SettingError, Settings},
    user::{UserId, WorkspaceId},
};

/// The header with the assertion.
const ASSERTION: &str = "mfa-assertion";
/// Most workspaces that a token may name, and most bytes that naming them may take.
const MOST_WORKSPACES: usize = 50;
const MOST_WORKSPACES_BYTES: usize = 2048;

/// The user who is asking.
pub struct Caller {
    /// The login token's `sub`.
    pub user: UserId,
    /// The login token's email address, if it has one: what an authenticator app shows beside the code.
    pub email: Option<String>,
    /// The workspaces that the user is in.
    pub workspaces: Vec<WorkspaceId>,
    /// The hash of the login token, which binds assertions to it.
    pub ath: String,
    /// The request's assertion. It is this service's, unexpired, and of this login; its epoch is yet to be compared.
    pub assertion: Option<Claims>,
}

/// Which claims say what, by the deployment's settings.
pub(super) struct ClaimNames {
    email: String,
    workspaces: String,
    workspaces_in_token: Presence,
}

/// Whether the workspaces claim is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// A token without it is refused: a wrong name in the settings must not silently switch policies off.
    Required,
    /// A token without it names no workspaces.
    Optional,
    /// It is not looked at.
    None,
}

impl ClaimNames {
    /// Takes `MFA_EMAIL_CLAIM` (`email` unless set), `MFA_WORKSPACES_CLAIM` (`workspaces`) and `MFA_WORKSPACES`
    /// (`required`; or `optional`, `none`) from the settings.
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingError> {
        let name = |setting, default: &str| settings.optional(setting).unwrap_or_else(|| default.to_owned());
        let workspaces_in_token = match name("MFA_WORKSPACES", "required").as_str() {
            "required" => Presence::Required,
            "optional" => Presence::Optional,
            "none" => Presence::None,
            _ => return Err(SettingError::Invalid("MFA_WORKSPACES", "required, optional or none")),
        };
        Ok(Self {
            email: name("MFA_EMAIL_CLAIM", "email"),
            workspaces: name("MFA_WORKSPACES_CLAIM", "workspaces"),
            workspaces_in_token,
        })
    }

    fn workspaces(&self, claim: Option<&str>) -> Result<Vec<WorkspaceId>, Refusal> {
        match (self.workspaces_in_token, claim) {
            (Presence::None, _) | (Presence::Optional, None) => Ok(Vec::new()),
            (Presence::Required, None) => Err(Refusal::ClaimMissing(self.workspaces.clone())),
            (_, Some(claim)) => ids(claim).ok_or_else(|| Refusal::ClaimInvalid(self.workspaces.clone())),
        }
    }
}

impl Caller {
    pub(super) async fn read(api: &Api, request: &Request) -> Result<Self> {
        let claims = claims(request).ok_or(Refusal::Unauthenticated)?;
        let claim = |name: &str| claims.get(name).map(String::as_str);
        let sub = claim("sub").ok_or_else(|| Refusal::ClaimMissing("sub".to_owned()))?;
        let user = UserId::try_from(sub.to_owned()).map_err(|_| Refusal::ClaimInvalid("sub".to_owned()))?;
        let workspaces = api.claims.workspaces(claim(&api.claims.workspaces))?;
        let email = claim(&api.claims.email).map(str::to_owned);
        let token = request.header("authorization").ok_or(Refusal::Unauthenticated)?;
        let ath = token_hash(bare(token));
        let mut caller = Self { user, email, workspaces, ath, assertion: None };
        if let Some(token) = request.event.headers().get(ASSERTION) {
            let token = token.to_str().map_err(|_| Refusal::AssertionInvalid("format"))?;
            caller.assertion = Some(caller.verified(token, api, request).await?);
        }
        Ok(caller)
    }

    async fn verified(&self, token: &str, api: &Api, request: &Request) -> Result<Claims> {
        let unverified = Unverified::parse(token)?;
        let key = api.keys.find(unverified.key_label()).await?.ok_or(Refusal::AssertionInvalid("kid"))?;
        let expected = Expected { issuer: &api.issuer, audience: &api.audience, user: &self.user, ath: &self.ath };
        Ok(unverified.verify(key, &expected, request.now)?)
    }

    /// What is to be asserted of this login.
    pub fn statement(&self, epoch: u64, settled: Settled) -> Statement<'_> {
        Statement { user: &self.user, workspaces: &self.workspaces, ath: &self.ath, epoch, settled }
    }

    /// What an authenticator app should call the account.
    pub fn label(&self) -> &str {
        self.email.as_deref().unwrap_or(self.user.as_str())
    }
}

/// The claims of the login token, if the authorizer vouched for one.
fn claims(request: &Request) -> Option<&HashMap<String, String>> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.event.request_context_ref() else { return None };
    Some(&context.authorizer.as_ref()?.jwt.as_ref()?.claims)
}

/// The login token without the scheme that may stand before it.
fn bare(authorization: &str) -> &str {
    match authorization.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer ") => token.trim(),
        _ => authorization.trim(),
    }
}

/// A list of ids as HTTP APIs render it: `[a b]`, a bare value, or nothing. A space always separates.
fn ids(claim: &str) -> Option<Vec<WorkspaceId>> {
    if claim.len() > MOST_WORKSPACES_BYTES {
        return None;
    }
    let inner = match claim.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        None => claim,
    };
    let ids = inner.split_whitespace().map(|id| WorkspaceId::try_from(id.to_owned()).ok());
    let ids = ids.collect::<Option<Vec<_>>>()?;
    (ids.len() <= MOST_WORKSPACES).then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(claim: &str) -> Option<Vec<String>> {
        Some(ids(claim)?.into_iter().map(String::from).collect())
    }

    #[test]
    fn workspaces_are_read_in_every_shape_that_the_gateway_renders() {
        assert_eq!(read("[w1 w2]"), Some(vec!["w1".to_owned(), "w2".to_owned()]));
        assert_eq!(read("w1 w2"), read("[w1 w2]"));
        assert_eq!(read("w1"), Some(vec!["w1".to_owned()]));
        for empty in ["[]", "", "  "] {
            assert_eq!(read(empty), Some(vec![]), "{empty:?}");
        }
    }

    #[test]
    fn workspaces_that_are_too_many_or_misspelled_are_refused() {
        let many = vec!["w"; 51].join(" ");
        let long = vec!["w".repeat(64); 32].join(" ");
        for bad in ["[w1", "w1]", "[a,b]", "map[a:b", "a/b", &many, &long, &"w".repeat(65)] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&vec!["w"; 50].join(" ")).map(|ids| ids.len()), Some(50));
    }

    #[test]
    fn the_scheme_is_not_part_of_the_token() {
        for written in ["Bearer abc", "bearer abc", "BEARER  abc ", "abc"] {
            assert_eq!(bare(written), "abc", "{written:?}");
        }
    }
}
