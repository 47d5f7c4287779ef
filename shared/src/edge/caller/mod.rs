//! Identifies the caller by the login token, which the gateway's authorizer has checked. A request may also have an
//! assertion: an invalid one is an error, and is not ignored.

use crate::{
    aws::clients::Clients,
    base::{
        error::{Refusal, Result},
        ids::{UserId, WorkspaceId},
        settings::{SettingError, Settings, setting},
    },
    channel::email::address::EmailAddress,
    edge::{
        caller::{
            claims::ClaimNames,
            login_token::{LoginToken, Sso},
        },
        http::request::Request,
    },
    proof::assertion::{Claims, Expected, MfaStatus, Statement, Unverified, keys::PublicKeys, token_hash},
};

pub mod claims;
pub mod login_token;
pub mod operator;

const ASSERTION: &str = "mfa-assertion";

/// The user who sent a request.
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The content of their login token.
    pub token: LoginToken,
    /// The hash of the login token, which binds assertions to it.
    pub ath: String,
    /// The address for emails to the user, or the reason why there is none.
    address: Result<EmailAddress, Refusal>,
    /// The request's assertion, which this service signed for this login. It has not expired. Its epoch is unchecked.
    pub assertion: Option<Claims>,
}

/// The logins that a route admits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// Only those by password, because the route acts on the account, which all of the user's workspaces share.
    ByPassword,
    /// Those by password and those by SSO.
    All,
}

/// Identifies callers, with the names of claims and the keys that verify assertions.
pub(crate) struct Callers {
    claims: ClaimNames,
    keys: PublicKeys,
    issuer: String,
    audience: String,
}

impl Callers {
    /// Creates it from the settings `MFA_ISSUER`, `MFA_AUDIENCE`, the signing keys and the names of claims.
    pub(crate) fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self {
            claims: ClaimNames::new(settings)?,
            keys: PublicKeys::new(settings, aws)?,
            issuer: settings.get(&setting::ISSUER)?,
            audience: settings.get(&setting::AUDIENCE)?,
        })
    }

    /// The public keys that verify assertions.
    pub(crate) fn keys(&self) -> &PublicKeys {
        &self.keys
    }

    pub(crate) async fn read(&self, request: &Request, admitted: Admitted) -> Result<Caller> {
        let claims = request.claims().ok_or(Refusal::Unauthenticated)?;
        let token = self.claims.read(claims)?;
        if token.by_sso() && admitted == Admitted::ByPassword {
            return Err(Refusal::SsoUser.into());
        }
        let login_token = request.header("authorization").ok_or(Refusal::Unauthenticated)?;
        let ath = token_hash(bare(login_token));
        let address = address_of(&token);
        if let Err(Refusal::EmailNotWritable) = address {
            tracing::warn!(user = token.user.as_str(), "no email can be sent to the address in a login token");
        }
        let mut caller = Caller { user: token.user.clone(), token, ath, address, assertion: None };
        if let Some(assertion) = request.raw_header(ASSERTION) {
            let assertion = assertion.to_str().map_err(|_| Refusal::AssertionInvalid("format"))?;
            caller.assertion = Some(self.verified(assertion, &caller, request).await?);
        }
        Ok(caller)
    }

    async fn verified(&self, assertion: &str, caller: &Caller, request: &Request) -> Result<Claims> {
        let unverified = Unverified::parse(assertion)?;
        let key = self.keys.find(unverified.key_label()).await?.ok_or(Refusal::AssertionInvalid("kid"))?;
        let expected =
            Expected { issuer: &self.issuer, audience: &self.audience, user: &caller.user, ath: &caller.ath };
        Ok(unverified.verify(key, &expected, request.now)?)
    }
}

impl Caller {
    /// The workspaces of this login: all of the token's, or those that SSO vouches for.
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

    /// Returns the content of an assertion about this login.
    pub fn statement(&self, epoch: u64, status: MfaStatus) -> Statement<'_> {
        Statement { user: &self.user, workspaces: self.workspaces(), ath: &self.ath, epoch, status }
    }

    /// The user's email address, if it is verified and this service can send mail to it.
    pub fn address(&self) -> Option<&EmailAddress> {
        self.address.as_ref().ok()
    }

    /// The same address, or the refusal that explains why there is none.
    pub fn require_address(&self) -> Result<&EmailAddress, Refusal> {
        self.address.as_ref().map_err(Clone::clone)
    }

    /// The account's name in an authenticator app: the email address of at most 254 bytes (RFC 5321), or the user's id.
    pub fn label(&self) -> &str {
        self.token.email.as_deref().filter(|email| email.len() <= 254).unwrap_or(self.user.as_str())
    }
}

/// Returns the email address of a login token, if it is verified and mail can be sent to it. A login by SSO has none.
fn address_of(token: &LoginToken) -> Result<EmailAddress, Refusal> {
    let email = token.email.as_deref().filter(|_| token.email_verified && !token.by_sso());
    EmailAddress::parse(email.ok_or(Refusal::EmailNotVerified)?).ok_or(Refusal::EmailNotWritable)
}

/// Returns the login token without its scheme, if it has one.
fn bare(authorization: &str) -> &str {
    match authorization.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer ") => token.trim(),
        _ => authorization.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::settings::Settings, edge::caller::claims::ClaimNames};

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
