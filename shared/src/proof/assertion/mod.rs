//! The assertion: a JWT (JWS, ES256, `typ: mfa+jwt`) which says that MFA is settled. This service signs it. Your
//! backend checks it, and so does this service.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::{Signature, VerifyingKey};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        ids::{UserId, WorkspaceId},
    },
    proof::factor::{EnrolledBy, Factor},
};

pub mod keys;
pub mod required;
pub mod signer;

/// How long an assertion is valid.
pub const LIFE: Duration = Duration::from_mins(5);
/// The longest assertion that is read, in bytes. One with 50 workspaces of 2 KB in total has 4 KB.
const LONGEST: usize = 8 * 1024;
/// How far back `iat` is set, because many libraries refuse an `iat` that is ahead of their clock.
const BEHIND: Duration = Duration::from_secs(5);
/// How far the signer's clock may be ahead of ours.
const SKEW: Duration = Duration::from_secs(30);
const ALGORITHM: &str = "ES256";
const TYPE: &str = "mfa+jwt";

/// How MFA was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    /// A code was accepted: of a factor, a recovery code, or an emailed code.
    Passed,
    /// No MFA was needed. The reason says why.
    NotRequired,
    /// A code was accepted, but the user has no allowed factor. The assertion is valid only here, for beginning one.
    EnrollOnly,
}

/// The reason for the decision about a login, as the contract spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginReason {
    /// The user has an allowed factor.
    MfaEnabled,
    /// The user has factors, but none is allowed.
    MethodNotAllowed,
    /// The user has no factor, and a workspace requires MFA.
    RequiredByWorkspace,
    /// The user has no factor, and a workspace requires MFA from a later date.
    GracePeriod,
    /// The user logged in by SSO, so MFA is up to their identity provider.
    Sso,
    /// The user has no factor, and no workspace requires one.
    MfaNotEnabled,
    /// A reason that only another release knows, read from its assertion. It allows nothing and is never signed.
    #[serde(other, skip_serializing)]
    Other,
}

/// The claims of an assertion, with the names of RFC 7519 where they exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// This service.
    pub iss: String,
    /// Your app. For `enroll_only`, this service.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// When it was made, minus 5 seconds, in Unix seconds.
    pub iat: u64,
    /// When it expires, in Unix seconds.
    pub exp: u64,
    /// Its id. Your backend accepts it once.
    pub jti: String,
    /// How MFA was settled.
    pub mfa: Mfa,
    /// Why no MFA was needed, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LoginReason>,
    /// The methods that were proven (RFC 8176), possibly none.
    pub amr: Vec<String>,
    /// When the factor used became active, in Unix seconds. Absent if no factor was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_since: Option<u64>,
    /// How the factor used was begun. Absent if no factor was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolled_by: Option<EnrolledBy>,
    /// The workspaces that this login is valid for.
    pub workspaces: Vec<WorkspaceId>,
    /// The account's epoch. When it rises, older sessions and assertions end.
    pub mfa_epoch: u64,
    /// The hash of its login token ([`token_hash`]).
    pub ath: String,
}

/// The claims that depend on the login. The signer adds the rest.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// The user.
    pub user: &'a UserId,
    /// The workspaces that this login is valid for.
    pub workspaces: &'a [WorkspaceId],
    /// The hash of its login token ([`token_hash`]).
    pub ath: &'a str,
    /// The account's epoch.
    pub epoch: u64,
    /// How MFA was settled.
    pub status: MfaStatus,
}

/// How MFA was settled, with the claims that follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaStatus {
    mfa: Mfa,
    reason: Option<LoginReason>,
    amr: Vec<String>,
    factor_since: Option<u64>,
    enrolled_by: Option<EnrolledBy>,
    /// The latest expiry that is allowed, in Unix seconds.
    until: u64,
}

impl MfaStatus {
    /// Returns the status after a code of this active factor.
    pub fn by_factor(factor: &Factor) -> Self {
        Self {
            mfa: Mfa::Passed,
            reason: None,
            amr: vec![factor.kind().amr().to_owned(), "mfa".to_owned()],
            factor_since: factor.active_since().map(Timestamp::seconds),
            enrolled_by: Some(factor.enrolled_by),
            until: u64::MAX,
        }
    }

    /// Returns the status after a recovery code or an emailed code. Such a code is no second factor, so your backend
    /// can require one too.
    pub fn recovered(method: &str) -> Self {
        let amr = vec![method.to_owned()];
        Self { mfa: Mfa::Passed, reason: None, amr, factor_since: None, enrolled_by: None, until: u64::MAX }
    }

    /// Limits the status to beginning an allowed factor.
    #[must_use]
    pub fn to_enroll_only(self) -> Self {
        Self { mfa: Mfa::EnrollOnly, ..self }
    }

    /// Returns the status if MFA was not needed, for this reason
    /// ([`crate::workspace::policy::decision::Decision::of`]).
    pub fn not_required(reason: LoginReason) -> Self {
        Self {
            mfa: Mfa::NotRequired,
            reason: Some(reason),
            amr: Vec::new(),
            factor_since: None,
            enrolled_by: None,
            until: u64::MAX,
        }
    }

    /// Copies the status of another assertion, with its expiry. So nobody can extend one proof again and again.
    pub fn as_in(claims: &Claims) -> Self {
        Self {
            mfa: claims.mfa,
            // This release can't sign a reason that it does not know.
            reason: claims.reason.filter(|reason| *reason != LoginReason::Other),
            amr: claims.amr.clone(),
            factor_since: claims.factor_since,
            enrolled_by: claims.enrolled_by,
            until: claims.exp,
        }
    }
}

impl Claims {
    fn new(statement: Statement<'_>, issuer: &str, audience: &str, jti: String, now: Timestamp) -> Self {
        let MfaStatus { mfa, reason, amr, factor_since, enrolled_by, until } = statement.status;
        Self {
            iss: issuer.to_owned(),
            aud: if mfa == Mfa::EnrollOnly { issuer } else { audience }.to_owned(),
            sub: statement.user.clone(),
            iat: now.minus(BEHIND).seconds(),
            exp: now.plus(LIFE).seconds().min(until),
            jti,
            mfa,
            reason,
            amr,
            factor_since,
            enrolled_by,
            workspaces: statement.workspaces.to_vec(),
            mfa_epoch: statement.epoch,
            ath: statement.ath.to_owned(),
        }
    }
}

/// Returns the hash that binds an assertion to a login token: SHA-256 of the token alone, in base64url (as in RFC
/// 9449).
pub fn token_hash(login_token: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(login_token))
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// A parsed assertion, not verified yet.
pub struct Unverified<'a> {
    header: Header,
    claims: Claims,
    signed: &'a str,
    signature: Signature,
}

/// The values that an assertion must have for this request.
pub struct Expected<'a> {
    /// This service.
    pub issuer: &'a str,
    /// Your app. An `enroll_only` assertion must name `issuer` instead.
    pub audience: &'a str,
    /// The user of the request's login token.
    pub user: &'a UserId,
    /// The hash of the request's login token.
    pub ath: &'a str,
}

impl<'a> Unverified<'a> {
    /// Parses `token`: three parts of base64url, which are an ES256 header of this type, claims, and a signature of 64
    /// bytes.
    pub fn parse(token: &'a str) -> Result<Self, Refusal> {
        Self::take_apart(token).ok_or(Refusal::AssertionInvalid("format"))
    }

    fn take_apart(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).ok()?).ok()?;
        let claims = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?).ok()?;
        let signature = Signature::from_slice(&BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?).ok()?;
        (header.alg == ALGORITHM && header.typ == TYPE).then_some(Self { header, claims, signed, signature })
    }

    /// Returns the label of the key that the header names.
    pub fn key_label(&self) -> &str {
        &self.header.kid
    }

    /// Verifies the signature and each claim, then returns the claims.
    pub fn verify(self, key: &VerifyingKey, expected: &Expected<'_>, now: Timestamp) -> Result<Claims, Refusal> {
        let Self { claims, signed, signature, .. } = self;
        // TLS already links ring, which verifies with a third of `p256`'s instructions.
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.to_sec1_point(false));
        let verified = key.verify(signed.as_bytes(), &signature.to_bytes());
        verified.map_err(|_| Refusal::AssertionInvalid("signature"))?;
        let checks = [
            ("iss", claims.iss == expected.issuer),
            ("aud", claims.aud == if claims.mfa == Mfa::EnrollOnly { expected.issuer } else { expected.audience }),
            ("exp", now.seconds() < claims.exp),
            ("iat", claims.iat <= now.plus(SKEW).seconds()),
            ("sub", claims.sub == *expected.user),
            ("ath", claims.ath.as_bytes().ct_eq(expected.ath.as_bytes()).into()),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((claim, _)) => Err(Refusal::AssertionInvalid(claim)),
            None => Ok(claims),
        }
    }
}

/// Returns the text to sign: header and claims, each in base64url.
fn signing_input(key_label: &str, claims: &Claims) -> serde_json::Result<String> {
    let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: key_label.to_owned() };
    let [header, claims] = [serde_json::to_vec(&header)?, serde_json::to_vec(claims)?];
    Ok(format!("{}.{}", BASE64URL_NOPAD.encode(&header), BASE64URL_NOPAD.encode(&claims)))
}
