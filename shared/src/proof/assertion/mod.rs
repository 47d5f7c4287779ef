//! The proof that MFA is settled: a JWT (JWS, ES256, `typ: mfa+jwt`) that this service signs and that the app's backend,
//! and this service itself, check.

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

/// How long an assertion lives.
pub const LIFE: Duration = Duration::from_mins(5);
/// The longest assertion that is looked at, in bytes. Fifty workspaces of 2 KB make one of 4 KB.
const LONGEST: usize = 8 * 1024;
/// How far back `iat` is set: many libraries refuse one that their clock, a second or two behind, has not come to.
const BEHIND: Duration = Duration::from_secs(5);
/// How far ahead of ours the clock that signed may be.
const SKEW: Duration = Duration::from_secs(30);
const ALGORITHM: &str = "ES256";
const TYPE: &str = "mfa+jwt";

/// How MFA was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    /// A second factor was proven.
    Passed,
    /// None was needed; the reason says why.
    NotRequired,
    /// A factor was proven that is no longer allowed: good for beginning one that is, with this service alone.
    EnrollOnly,
}

/// Why a login was decided as it was, as the contract spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginReason {
    /// The user has a factor that is allowed.
    MfaEnabled,
    /// The user has factors, and none of them is allowed.
    MethodNotAllowed,
    /// The user has no factor, and a workspace requires MFA.
    RequiredByWorkspace,
    /// The user has no factor, and a workspace requires MFA from a later date on.
    GracePeriod,
    /// The user came by SSO: their MFA is at their identity provider.
    Sso,
    /// The user has no factor, and no workspace requires one.
    MfaNotEnabled,
    /// A reason that only another release knows, read in an assertion that it signed. It allows nothing, and is never signed.
    #[serde(other, skip_serializing)]
    Other,
}

/// What an assertion says (RFC 7519 names where they exist).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// This service.
    pub iss: String,
    /// The app.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// When it was made, in Unix seconds, and five seconds less.
    pub iat: u64,
    /// When it expires, in Unix seconds.
    pub exp: u64,
    /// Its id: the app spends it once.
    pub jti: String,
    /// How MFA was settled.
    pub mfa: Mfa,
    /// Why none was needed, where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LoginReason>,
    /// What was proven (RFC 8176); empty where nothing was.
    pub amr: Vec<String>,
    /// When the factor that was used became active, in Unix seconds; absent where none was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_since: Option<u64>,
    /// How the factor that was used was begun; absent where none was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolled_by: Option<EnrolledBy>,
    /// The workspaces that this login is good for.
    pub workspaces: Vec<WorkspaceId>,
    /// The account's epoch: older sessions and assertions end when it rises.
    pub mfa_epoch: u64,
    /// Which login token it belongs to ([`token_hash`]).
    pub ath: String,
}

/// What is asserted of a login; the signer adds the rest.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// The user.
    pub user: &'a UserId,
    /// The workspaces that this login is good for.
    pub workspaces: &'a [WorkspaceId],
    /// Which login token it belongs to ([`token_hash`]).
    pub ath: &'a str,
    /// The account's epoch.
    pub epoch: u64,
    /// How MFA was settled.
    pub status: MfaStatus,
}

/// How MFA was settled, with what goes with each way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaStatus {
    mfa: Mfa,
    reason: Option<LoginReason>,
    amr: Vec<String>,
    factor_since: Option<u64>,
    enrolled_by: Option<EnrolledBy>,
    /// When it ends, in Unix seconds, where that is before an assertion's own life is over.
    until: u64,
}

impl MfaStatus {
    /// By a code of this active factor.
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

    /// By a recovery code or an emailed one: not by a second factor, which an app may ask for besides.
    pub fn recovered(method: &str) -> Self {
        let amr = vec![method.to_owned()];
        Self { mfa: Mfa::Passed, reason: None, amr, factor_since: None, enrolled_by: None, until: u64::MAX }
    }

    /// The same, but good for no more than beginning a factor that is allowed: what proved it is not, or not any more.
    #[must_use]
    pub fn to_enroll_only(self) -> Self {
        Self { mfa: Mfa::EnrollOnly, ..self }
    }

    /// It was not needed, for this reason ([`crate::workspace::policy::decision::Decision::of`]).
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

    /// As another assertion says, and no longer than that: what was proven once does not prove itself on and on.
    pub fn as_in(claims: &Claims) -> Self {
        Self {
            mfa: claims.mfa,
            // What this release can't spell it can't sign.
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

/// The hash that binds an assertion to a login token: base64url of the SHA-256 of the token alone (as in RFC 9449).
pub fn token_hash(login_token: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(login_token))
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// An assertion taken apart; nothing in it is believed yet.
pub struct Unverified<'a> {
    header: Header,
    claims: Claims,
    signed: &'a str,
    signature: Signature,
}

/// What an assertion must say to be this service's, for this request.
pub struct Expected<'a> {
    /// This service.
    pub issuer: &'a str,
    /// The app.
    pub audience: &'a str,
    /// The user of the request's login token.
    pub user: &'a UserId,
    /// The hash of the request's login token.
    pub ath: &'a str,
}

impl<'a> Unverified<'a> {
    /// Takes `token` apart: three parts of base64url, an ES256 header of this type, claims, a signature of 64 bytes.
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

    /// The label of the key that it says it was signed with.
    pub fn key_label(&self) -> &str {
        &self.header.kid
    }

    /// Checks everything; only then are there claims.
    pub fn verify(self, key: &VerifyingKey, expected: &Expected<'_>, now: Timestamp) -> Result<Claims, Refusal> {
        let Self { claims, signed, signature, .. } = self;
        // TLS brings ring along, which checks with a third of `p256`'s instructions.
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

/// What is signed: header and claims, each in base64url.
fn signing_input(key_label: &str, claims: &Claims) -> serde_json::Result<String> {
    let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: key_label.to_owned() };
    let [header, claims] = [serde_json::to_vec(&header)?, serde_json::to_vec(claims)?];
    Ok(format!("{}.{}", BASE64URL_NOPAD.encode(&header), BASE64URL_NOPAD.encode(&claims)))
}
