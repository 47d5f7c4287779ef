//! Who is asking: the login token, as the gateway's authorizer vouches for it, and the assertion that the request may
//! carry. An assertion that is not valid is an error, not ignored.

use std::collections::HashMap;

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
    /// Where mail to the user goes, or why none does.
    address: Result<EmailAddress, Refusal>,
    /// The request's assertion. It is this service's, unexpired, and of this login; its epoch is yet to be compared.
    pub assertion: Option<Claims>,
}

/// Which logins a route admits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    /// Those by password: the route acts on what the user's tenants share.
    ByPassword,
    /// Those by SSO too.
    All,
}

impl Caller {
    pub(super) async fn read(api: &Api, request: &Request, admitted: Admitted) -> Result<Self> {
        let claims = claims(request).ok_or(Refusal::Unauthenticated)?;
        let token = api.claims.read(claims)?;
        if token.by_sso() && admitted == Admitted::ByPassword {
            return Err(Refusal::SsoUser.into());
        }
        let login_token = request.header("authorization").ok_or(Refusal::Unauthenticated)?;
        let ath = token_hash(bare(login_token));
        let address = address_of(&token);
        if let Err(Refusal::EmailNotWritable) = address {
            tracing::warn!(user = token.user.as_str(), "no email can be sent to the address in a login token");
        }
        let mut caller = Self { user: token.user.clone(), token, ath, address, assertion: None };
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
        self.token.by_sso()
    }

    /// What is to be asserted of this login.
    pub fn statement(&self, epoch: u64, settled: Settled) -> Statement<'_> {
        Statement { user: &self.user, workspaces: self.workspaces(), ath: &self.ath, epoch, settled }
    }

    /// The user's email address, if there is one that is verified and that mail can be sent to.
    pub fn address(&self) -> Option<&EmailAddress> {
        self.address.as_ref().ok()
    }

    /// The same, for a code that is sent there or to nobody.
    pub fn require_address(&self) -> Result<&EmailAddress, Refusal> {
        self.address.as_ref().map_err(Clone::clone)
    }

    /// What an authenticator app should call the account: the email address, if it can be one (RFC 5321: at most 254
    /// characters), or the user's id.
    pub fn label(&self) -> &str {
        self.token.email.as_deref().filter(|email| email.len() <= 254).unwrap_or(self.user.as_str())
    }
}

/// The email address of a login token, if the identity provider has verified it, and mail can be sent to it. One that a tenant's
/// SSO says is none.
fn address_of(token: &LoginToken) -> Result<EmailAddress, Refusal> {
    let email = token.email.as_deref().filter(|_| token.email_verified && !token.by_sso());
    EmailAddress::parse(email.ok_or(Refusal::EmailNotVerified)?).ok_or(Refusal::EmailNotWritable)
}

/// The claims of the login token, if the authorizer vouched for one.
pub(super) fn claims(request: &Request) -> Option<&HashMap<String, String>> {
    Some(&request.context()?.authorizer.as_ref()?.jwt.as_ref()?.claims)
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
    use crate::{http::claims::ClaimNames, settings::Settings};

    #[test]
    fn an_address_that_sso_says_is_none() {
        let names = ClaimNames::new(&Settings::from_iter([("MFA_SSO_CLAIM", "sso")])).unwrap();
        let address = |sso: &str| {
            let claims =
                [("sub", "ada"), ("workspaces", "acme"), ("email", "a@b.co"), ("email_verified", "true"), ("sso", sso)];
            let token = names.read(&claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).unwrap();
            address_of(&token)
        };
        assert!(address("false").is_ok());
        for vouched in ["true", "[acme]"] {
            assert_eq!(address(vouched).unwrap_err(), Refusal::EmailNotVerified);
        }
    }

    #[test]
    fn the_scheme_is_not_part_of_the_token() {
        for written in ["Bearer abc", "bearer abc", "BEARER  abc ", "abc"] {
            assert_eq!(bare(written), "abc", "{written:?}");
        }
    }
}
