//! Who is asking: the login token, as the gateway's authorizer vouches for it, and the assertion that the request may
//! carry. An assertion that is not valid is an error, not ignored.

use std::collections::HashMap;

use lambda_http::{RequestExt, request::RequestContext};

use super::{
    Api, Request,
    claims::{LoginToken, Sso},
};
use crate::{
    assertion::{Claims, Expected, Settled, Statement, Unverified, token_hash},
    email::EmailAddress,
    error::{Refusal, Result},
    user::{UserId, WorkspaceId},
};

/// The header with the assertion.
const ASSERTION: &str = "mfa-assertion";

/// The user who is asking.
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// What their login token says besides.
    pub token: LoginToken,
    /// The hash of the login token, which binds assertions to it.
    pub ath: String,
    /// The request's assertion. It is this service's, unexpired, and of this login; its epoch is yet to be compared.
    pub assertion: Option<Claims>,
}

impl Caller {
    pub(super) async fn read(api: &Api, request: &Request) -> Result<Self> {
        let claims = claims(request).ok_or(Refusal::Unauthenticated)?;
        let token = api.claims.read(claims)?;
        let login_token = request.header("authorization").ok_or(Refusal::Unauthenticated)?;
        let ath = token_hash(bare(login_token));
        let mut caller = Self { user: token.user.clone(), token, ath, assertion: None };
        if let Some(assertion) = request.event.headers().get(ASSERTION) {
            let assertion = assertion.to_str().map_err(|_| Refusal::AssertionInvalid("format"))?;
            caller.assertion = Some(caller.verified(assertion, api, request).await?);
        }
        Ok(caller)
    }

    async fn verified(&self, assertion: &str, api: &Api, request: &Request) -> Result<Claims> {
        let unverified = Unverified::parse(assertion)?;
        let key = api.keys.find(unverified.key_label()).await?.ok_or(Refusal::AssertionInvalid("kid"))?;
        let expected = Expected { issuer: &api.issuer, audience: &api.audience, user: &self.user, ath: &self.ath };
        Ok(unverified.verify(key, &expected, request.now)?)
    }

    /// The workspaces that this login is good for: all of the token's, or those that SSO vouches for.
    pub fn workspaces(&self) -> &[WorkspaceId] {
        match &self.token.sso {
            Sso::No => &self.token.workspaces,
            Sso::Yes(vouched) => vouched,
        }
    }

    /// Whether the login came by SSO.
    pub fn by_sso(&self) -> bool {
        self.token.sso != Sso::No
    }

    /// Refuses who came by SSO: they have MFA at their identity provider, and none to set up here.
    pub fn refuse_sso(&self) -> Result<(), Refusal> {
        if self.by_sso() { Err(Refusal::SsoUser) } else { Ok(()) }
    }

    /// What is to be asserted of this login.
    pub fn statement(&self, epoch: u64, settled: Settled) -> Statement<'_> {
        Statement { user: &self.user, workspaces: self.workspaces(), ath: &self.ath, epoch, settled }
    }

    /// The user's email address, if their identity provider has verified it and mail can be sent to it.
    pub fn address(&self) -> Option<EmailAddress> {
        self.token.email.as_deref().filter(|_| self.token.email_verified).and_then(EmailAddress::parse)
    }

    /// What an authenticator app should call the account: the email address, if it can be one (RFC 5321: at most 254
    /// characters), or the user's id.
    pub fn label(&self) -> &str {
        self.token.email.as_deref().filter(|email| email.len() <= 254).unwrap_or(self.user.as_str())
    }
}

/// The claims of the login token, if the authorizer vouched for one.
pub(super) fn claims(request: &Request) -> Option<&HashMap<String, String>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_not_part_of_the_token() {
        for written in ["Bearer abc", "bearer abc", "BEARER  abc ", "abc"] {
            assert_eq!(bare(written), "abc", "{written:?}");
        }
    }
}
