//! The login token's claims, as the gateway renders them: who is let in is a user and in workspaces that an assertion has room
//! for, and SSO vouches for no more than the token says.

use std::{collections::HashMap, sync::LazyLock};

use shared::{
    base::{error::Refusal, ids::WorkspaceId},
    channel::email::address::EmailAddress,
    edge::caller::{
        claims::ClaimNames,
        login_token::{LoginToken, Sso},
    },
};

use super::functions::settings;

static NAMES: LazyLock<ClaimNames> = LazyLock::new(|| ClaimNames::new(&settings()).unwrap());

/// The year 9999 ends after this second.
const LAST_SECOND: u64 = 253_402_300_799;

/// What must hold of claims: a JSON object of strings.
pub fn check(data: &[u8]) {
    let Ok(claims) = serde_json::from_slice::<HashMap<String, String>>(data) else { return };
    match NAMES.read(&claims) {
        Ok(token) => holds(&claims, &token),
        Err(Refusal::ClaimMissing(name)) => {
            assert!(!claims.contains_key(&name) && ["sub", "workspaces"].contains(&&*name));
        }
        Err(Refusal::ClaimInvalid(name)) => {
            assert!(
                ["sub", "workspaces", "owned_workspaces", "password_reset_at"].contains(&&*name)
                    && claims.contains_key(&name)
            );
        }
        Err(refusal) => panic!("{refusal:?}"),
    }
}

fn holds(claims: &HashMap<String, String>, token: &LoginToken) {
    let claim = |name: &str| claims.get(name).map(String::as_str);
    let user = token.user.as_str();
    assert_eq!(claim("sub"), Some(user));
    assert!((1..=255).contains(&user.len()) && user.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    assert_eq!(format!("{token:?}"), format!("LoginToken {{ user: {:?}, .. }}", token.user));

    are_listed(claim("workspaces").unwrap(), &token.workspaces);
    are_listed(claim("owned_workspaces").unwrap_or_default(), &token.owned_workspaces);
    match (&token.sso, claim("sso")) {
        (Sso::No, sso) => assert_ne!(sso, Some("true")),
        (Sso::Yes(vouched), Some("true")) => assert_eq!(*vouched, token.workspaces),
        (Sso::Yes(vouched), Some(list)) => {
            assert!(list.starts_with('[') && !vouched.is_empty());
            assert!(vouched.iter().all(|id| token.workspaces.contains(id) && names(list, id)));
        }
        (Sso::Yes(_), None) => panic!("SSO without the claim"),
    }

    let verified = claim("email_verified").map(str::to_ascii_lowercase);
    assert_eq!(token.email_verified, verified.is_some_and(|claim| claim == "true" || claim == "1"));
    assert_eq!(token.email.as_deref(), claim("email").map(str::trim).filter(|email| !email.is_empty()));
    if let Some(address) = token.email.as_deref().and_then(EmailAddress::parse) {
        is_one_address(&address);
    }
    match (claim("password_reset_at"), token.password_reset_at) {
        (Some(text), Some(moment)) => {
            let [said, read] = [text, &moment.seconds().to_string()].map(|text| text.parse::<f64>().unwrap());
            assert!(moment.seconds() <= LAST_SECOND && (0.0..1.0).contains(&(said - read)), "{text}");
        }
        (text, moment) => assert_eq!((text, moment), (None, None)),
    }
}

/// Whether a list `[a b]` names the workspace.
fn names(list: &str, id: &WorkspaceId) -> bool {
    let inner = list.trim_start_matches('[').trim_end_matches(']');
    inner.split_whitespace().any(|name| *name == id.to_string())
}

/// Each once, all of them in the claim, at most 50 and 2 KB: an assertion has room for them.
fn are_listed(claim: &str, ids: &[WorkspaceId]) {
    assert!(ids.len() <= 50 && claim.len() <= 2048);
    for (index, id) in ids.iter().enumerate() {
        let text = id.to_string();
        assert!((1..=64).contains(&text.len()) && names(claim, id) && !ids[..index].contains(id));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte)));
    }
}

/// Nothing in it is a second address, a name or another header.
fn is_one_address(address: &EmailAddress) {
    let text = address.as_str();
    let (local, domain) = text.rsplit_once('@').unwrap();
    assert!(text.len() <= 254 && (1..=64).contains(&local.len()) && domain.contains('.'));
    assert!(domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)));
    // Any other character that means something to SMTP is between quotes. There a quote has a backslash before it.
    let special = |byte: u8| !byte.is_ascii_graphic() || b"\"(),:;<>@[\\]".contains(&byte);
    let content = local.strip_prefix('"').and_then(|local| local.strip_suffix('"'));
    match content.map(|content| content.replace("\\\\", "").replace("\\\"", "")) {
        Some(content) => {
            assert!(content.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte)), "{text}");
        }
        None => assert!(!local.bytes().any(special) && local.split('.').all(|atom| !atom.is_empty()), "{text}"),
    }
    assert_eq!(address.hint(), format!("{}•••@{domain}", &content.unwrap_or(local)[..1]));
    assert!(
        [text, &address.folded()].iter().all(|again| EmailAddress::parse(again).is_some_and(|again| again.is(address)))
    );
    assert_eq!(format!("{address:?}"), "[redacted]");
}
