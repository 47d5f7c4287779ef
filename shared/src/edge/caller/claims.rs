//! Reads the login token's claims as HTTP APIs render them. Each claim is a string: a list is `[a b]`, a number is
//! `1795478400` or `1.7954784e+09`. The settings name the claims.

use std::collections::HashMap;

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        ids::{UserId, WorkspaceId},
        settings::{SettingError, Settings, setting},
    },
    edge::caller::login_token::{LoginToken, Sso},
};

/// The most workspaces that a claim may name, so that an assertion with their ids fits into a header.
const MOST_WORKSPACES: usize = 50;
/// The longest such claim, in bytes.
const MOST_WORKSPACES_BYTES: usize = 2048;
/// The end of the year 9999, in Unix seconds. A later moment is a mistake, most likely in milliseconds.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// The names of the claims, from the settings.
pub struct ClaimNames {
    email: String,
    email_verified: String,
    workspaces: String,
    workspaces_in_token: Presence,
    owned_workspaces: String,
    sso: Option<String>,
    sso_values: Vec<String>,
    password_reset_at: Option<String>,
}

/// Whether a login token must have the workspaces claim.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// A token without it is refused, because a wrong name in the settings must not silently switch off policies.
    Required,
    /// A token without it names no workspaces.
    Optional,
    /// The claim is not read.
    None,
}

impl ClaimNames {
    /// Reads the names from the settings, each with its default.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let workspaces_in_token = match settings.get(&setting::WORKSPACES)?.as_str() {
            "required" => Presence::Required,
            "optional" => Presence::Optional,
            "none" => Presence::None,
            _ => return Err(setting::WORKSPACES.invalid("required, optional or none")),
        };
        let sso_values: Vec<_> =
            settings.get(&setting::SSO_VALUES)?.split(',').map(|value| value.trim().to_owned()).collect();
        // With an empty value, a login with an empty claim would be by SSO.
        if sso_values.iter().any(String::is_empty) {
            return Err(setting::SSO_VALUES.invalid("values with commas between them, none of them empty"));
        }
        Ok(Self {
            email: settings.get(&setting::EMAIL_CLAIM)?,
            email_verified: settings.get(&setting::EMAIL_VERIFIED_CLAIM)?,
            workspaces: settings.get(&setting::WORKSPACES_CLAIM)?,
            workspaces_in_token,
            owned_workspaces: settings.get(&setting::OWNED_WORKSPACES_CLAIM)?,
            sso: settings.find(&setting::SSO_CLAIM),
            sso_values,
            password_reset_at: settings.find(&setting::PASSWORD_RESET_CLAIM),
        })
    }

    /// Reads a token's claims. It refuses unreadable ids, lists and moments, except the time of the login.
    pub fn read(&self, claims: &HashMap<String, String>) -> Result<LoginToken, Refusal> {
        let claim = |name: &str| claims.get(name).map(String::as_str);
        let sub = claim("sub").ok_or_else(|| Refusal::ClaimMissing("sub".to_owned()))?;
        let user = UserId::try_from(sub.to_owned()).map_err(|_| invalid("sub"))?;
        let workspaces = match (self.workspaces_in_token, claim(&self.workspaces)) {
            (Presence::None, _) | (Presence::Optional, None) => Vec::new(),
            (Presence::Required, None) => return Err(Refusal::ClaimMissing(self.workspaces.clone())),
            (_, Some(value)) => ids(value).ok_or_else(|| invalid(&self.workspaces))?,
        };
        let owned_workspaces = match claim(&self.owned_workspaces) {
            Some(value) => ids(value).ok_or_else(|| invalid(&self.owned_workspaces))?,
            None => Vec::new(),
        };
        let moment = |name: &str| claim(name).map(|value| moment(value).ok_or_else(|| invalid(name))).transpose();
        let password_reset_at = match self.password_reset_at.as_deref() {
            Some(name) => moment(name)?,
            None => None,
        };
        let expires_at = moment("exp")?;
        // An unreadable `auth_time` counts as unknown, and `iat` does not replace it. It matters only after an
        // operator's reset, when a login of unknown time can't begin a factor.
        let logged_in_at = claim("auth_time").or_else(|| claim("iat")).and_then(self::moment);
        Ok(LoginToken {
            user,
            // Some identity providers send an empty text for a user without an address.
            email: claim(&self.email).map(str::trim).filter(|email| !email.is_empty()).map(str::to_owned),
            email_verified: claim(&self.email_verified).is_some_and(is_true),
            sso: self.sso(claim, &workspaces)?,
            workspaces,
            owned_workspaces,
            password_reset_at,
            logged_in_at,
            expires_at,
        })
    }

    /// Decides whether a login came by SSO. No other code decides this.
    ///
    /// - A configured value: by SSO, for all of the token's workspaces.
    /// - A list `[a b]` of ids: by SSO, for those of the token's workspaces that it names.
    /// - A list that names none of the token's workspaces: refused. Otherwise a company could remove a member from its
    ///   workspace, and then log in as them as if by password.
    /// - No claim, an empty list, or any other plain value: not by SSO.
    fn sso<'a>(&self, claim: impl Fn(&str) -> Option<&'a str>, workspaces: &[WorkspaceId]) -> Result<Sso, Refusal> {
        let Some((name, value)) = self.sso.as_deref().and_then(|name| Some((name, claim(name)?))) else {
            return Ok(Sso::No);
        };
        if self.sso_values.iter().any(|known| known == value) {
            return Ok(Sso::Yes(workspaces.to_vec()));
        }
        // A value without brackets is no list of ids: it may be the name of a connection that equals a workspace's id.
        let vouched = if value.starts_with('[') { ids(value).ok_or_else(|| invalid(name))? } else { Vec::new() };
        if vouched.is_empty() {
            return Ok(Sso::No);
        }
        let both: Vec<_> = workspaces.iter().filter(|id| vouched.contains(id)).cloned().collect();
        if both.is_empty() { Err(Refusal::SsoUser) } else { Ok(Sso::Yes(both)) }
    }
}

/// Whether a claim is `1`, or `true` in upper or lower case, because identity providers differ.
fn is_true(claim: &str) -> bool {
    claim == "1" || claim.eq_ignore_ascii_case("true")
}

fn invalid(claim: &str) -> Refusal {
    Refusal::ClaimInvalid(claim.to_owned())
}

/// Parses a list of ids: `[a b]`, `a b`, `a` or nothing. Spaces always separate ids.
fn ids(claim: &str) -> Option<Vec<WorkspaceId>> {
    if claim.len() > MOST_WORKSPACES_BYTES {
        return None;
    }
    let inner = match claim.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        None => claim,
    };
    let mut ids = Vec::new();
    for id in inner.split_whitespace() {
        let id = WorkspaceId::try_from(id.to_owned()).ok()?;
        // A token may name a workspace once for each of the user's roles.
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    (ids.len() <= MOST_WORKSPACES).then_some(ids)
}

/// Parses a moment in Unix seconds, `1795478400` or `1.7954784e+09`. It drops fractions of a second.
fn moment(claim: &str) -> Option<Timestamp> {
    let plain = claim.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let seconds = claim.parse::<f64>().ok().filter(|seconds| plain && (0.0..=LAST_SECOND).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range just checked")]
    Some(Timestamp::from_seconds(seconds as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(settings: &[(&str, &str)]) -> ClaimNames {
        ClaimNames::new(&settings.iter().copied().collect()).unwrap()
    }

    fn read(settings: &[(&str, &str)], claims: &[(&str, &str)]) -> Result<LoginToken, Refusal> {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        names(settings).read(&claims)
    }

    fn list(claim: &str) -> Option<Vec<String>> {
        Some(ids(claim)?.into_iter().map(String::from).collect())
    }

    #[test]
    fn workspaces_are_read_in_every_shape_that_the_gateway_renders() {
        assert_eq!(list("[w1 w2]"), Some(vec!["w1".to_owned(), "w2".to_owned()]));
        assert_eq!(list("w1 w2"), list("[w1 w2]"));
        assert_eq!(list("w1"), Some(vec!["w1".to_owned()]));
        for empty in ["[]", "", "  "] {
            assert_eq!(list(empty), Some(vec![]), "{empty:?}");
        }
    }

    #[test]
    fn workspaces_that_are_too_many_or_misspelled_are_refused() {
        let numbered = |most: u32| (0..most).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
        let many = numbered(51);
        let long = vec!["w".repeat(64); 32].join(" ");
        for bad in ["[w1", "w1]", "[a,b]", "map[a:b", "a/b", &many, &long, &"w".repeat(65)] {
            assert_eq!(list(bad), None, "{bad:?}");
        }
        assert_eq!(list(&numbered(50)).map(|ids| ids.len()), Some(50));
        assert_eq!(list("[b a b]"), list("b a"));
    }

    #[test]
    fn a_missing_workspaces_claim_is_refused_unless_settings_say_otherwise() {
        let ada = [("sub", "ada")];
        assert_eq!(read(&[], &ada).unwrap_err(), Refusal::ClaimMissing("workspaces".to_owned()));
        let renamed = [("MFA_WORKSPACES_CLAIM", "https://app.example.com/orgs")];
        assert_eq!(read(&renamed, &ada).unwrap_err(), Refusal::ClaimMissing("https://app.example.com/orgs".to_owned()));
        for lenient in ["optional", "none"] {
            assert!(read(&[("MFA_WORKSPACES", lenient)], &ada).unwrap().workspaces.is_empty());
        }
        let (bad, optional, none) = ([("sub", "ada"), ("workspaces", "a/b")], "optional", "none");
        assert_eq!(read(&[("MFA_WORKSPACES", optional)], &bad).unwrap_err(), invalid("workspaces"));
        assert!(read(&[("MFA_WORKSPACES", none)], &bad).unwrap().workspaces.is_empty());
    }

    #[test]
    fn every_claim_but_sub_can_have_another_name() {
        let settings = [
            ("MFA_EMAIL_CLAIM", "mail"),
            ("MFA_EMAIL_VERIFIED_CLAIM", "mail_ok"),
            ("MFA_WORKSPACES_CLAIM", "orgs"),
            ("MFA_OWNED_WORKSPACES_CLAIM", "owns"),
            ("MFA_SSO_CLAIM", "idp"),
            ("MFA_SSO_VALUES", "okta, entra"),
            ("MFA_PASSWORD_RESET_CLAIM", "reset"),
        ];
        let claims = [
            ("sub", "ada"),
            ("mail", "ada@example.com"),
            ("mail_ok", "true"),
            ("orgs", "[a b]"),
            ("owns", "b"),
            ("idp", "entra"),
            ("reset", "1.7954784e+09"),
        ];
        let token = read(&settings, &claims).unwrap();
        assert_eq!((token.email.as_deref(), token.email_verified), (Some("ada@example.com"), true));
        assert!(!format!("{token:?}").contains("example.com"), "an address does not print");
        assert_eq!(token.owned_workspaces, ids("b").unwrap());
        assert_eq!(token.sso, Sso::Yes(ids("a b").unwrap()));
        assert_eq!(token.password_reset_at, Some(Timestamp::from_seconds(1_795_478_400)));
    }

    #[test]
    fn an_email_counts_as_verified_by_true_or_1_and_an_empty_one_is_none() {
        let token = |claims: &[(&str, &str)]| {
            read(&[("MFA_WORKSPACES", "none")], &[&[("sub", "ada")], claims].concat()).unwrap()
        };
        for (claim, verified) in
            [("true", true), ("True", true), ("TRUE", true), ("1", true), ("false", false), ("0", false), ("", false)]
                .into_iter()
                .chain(["yes", "t", "11", " true", "[true]", "null"].map(|other| (other, false)))
        {
            assert_eq!(token(&[("email_verified", claim)]).email_verified, verified, "{claim:?}");
        }
        for empty in ["", " ", "\u{a0}\n"] {
            assert_eq!(token(&[("email", empty)]).email, None, "{empty:?}");
        }
        assert_eq!(token(&[("email", " a@b.co ")]).email.as_deref(), Some("a@b.co"));
    }

    #[test]
    fn sso_counts_by_a_configured_value_or_a_list_of_the_users_workspaces() {
        let sso = |settings: &[(&str, &str)], value: &str| {
            read(settings, &[("sub", "ada"), ("workspaces", "[a b]"), ("sso", value)]).unwrap().sso
        };
        let on = [("MFA_SSO_CLAIM", "sso")];
        assert_eq!(sso(&on, "true"), Sso::Yes(ids("a b").unwrap()));
        assert_eq!(sso(&on, "[b c]"), Sso::Yes(ids("b").unwrap()));
        assert_eq!(sso(&on, "[a]"), Sso::Yes(ids("a").unwrap()));
        for other in ["a", "a b", "false", "TRUE", "1", "", "[]", "[ ]", "c", "a/b", "Username-Password-Authentication"]
        {
            assert_eq!(sso(&on, other), Sso::No, "{other:?}");
        }
        let refusal = |value: &str| read(&on, &[("sub", "ada"), ("workspaces", "[a b]"), ("sso", value)]).unwrap_err();
        assert_eq!(
            refusal("[c]"),
            Refusal::SsoUser,
            "a list that vouches for none of the token's is no ordinary login"
        );
        for unreadable in ["[a", "[a,b]", "[a/b]"] {
            assert_eq!(refusal(unreadable), invalid("sso"), "{unreadable}");
        }
        let none = [("MFA_SSO_CLAIM", "sso"), ("MFA_WORKSPACES", "none")];
        assert_eq!(read(&none, &[("sub", "ada"), ("sso", "true")]).unwrap().sso, Sso::Yes(Vec::new()));
        assert_eq!(read(&none, &[("sub", "ada"), ("sso", "[a]")]).unwrap_err(), Refusal::SsoUser);
        assert_eq!(sso(&[], "true"), Sso::No, "no claim configured means no SSO");
        assert_eq!(sso(&[("MFA_SSO_CLAIM", "sso"), ("MFA_SSO_VALUES", "saml")], "true"), Sso::No);
        for empty in ["true,", ",", " ", "a,,b"] {
            let settings = Settings::from_iter([("MFA_SSO_VALUES", empty)]);
            assert!(ClaimNames::new(&settings).is_err(), "{empty:?}");
        }
    }

    #[test]
    fn a_moment_is_read_in_both_renderings_and_nothing_else_passes_for_one() {
        for good in ["1795478400", "1.7954784e+09", "1.7954784E9", "1795478400.9"] {
            assert_eq!(moment(good), Some(Timestamp::from_seconds(1_795_478_400)), "{good}");
        }
        for bad in ["", "soon", "-1", "1e300", "inf", "NaN", "infinity", " 1795478400", "1795478400000", "0x10"] {
            assert_eq!(moment(bad), None, "{bad:?}");
        }
        let at = |claims: &[(&str, &str)]| read(&[("MFA_WORKSPACES", "none")], &[&[("sub", "ada")], claims].concat());
        let moments = |claims: &[(&str, &str)]| at(claims).map(|token| [token.logged_in_at, token.expires_at]).unwrap();
        let seconds = |seconds| Some(Timestamp::from_seconds(seconds));
        assert_eq!(moments(&[("iat", "7"), ("exp", "9")]), [seconds(7), seconds(9)]);
        assert_eq!(moments(&[("iat", "7"), ("auth_time", "5")]), [seconds(5), None]);
        assert_eq!(moments(&[]), [None, None]);
        for unreadable in ["soon", "", "-1", "1795478400000", "[1]", "true"] {
            assert_eq!(moments(&[("iat", "7"), ("auth_time", unreadable)]), [None, None], "it gives way to nothing");
            assert_eq!(moments(&[("iat", unreadable)]), [None, None]);
        }
        assert_eq!(at(&[("exp", "soon")]).unwrap_err(), invalid("exp"));
        let reset = [("MFA_PASSWORD_RESET_CLAIM", "reset"), ("MFA_WORKSPACES", "none")];
        assert_eq!(read(&reset, &[("sub", "ada"), ("reset", "soon")]).unwrap_err(), invalid("reset"));
    }
}
