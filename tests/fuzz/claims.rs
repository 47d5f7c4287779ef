//! The claims of a login token, as the gateway renders them. An accepted token has a valid user, and workspaces that
//! fit into an assertion. SSO vouches for no other workspace.

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

/// The last second of the year 9999.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Checks claims: a JSON object of strings.
pub fn check(data: &[u8]) {
    let Ok(claims) = serde_json::from_slice::<HashMap<String, String>>(data) else { return };
    match NAMES.read(&claims) {
        Ok(token) => holds(&claims, &token),
        Err(Refusal::ClaimMissing(name)) => {
            assert!(!claims.contains_key(&name) && ["sub", "workspaces"].contains(&&*name));
        }
        Err(Refusal::ClaimInvalid(name)) => {
            let text = &claims[&name];
            let is_bad = match &*name {
                "sub" => !is_id(text),
                "workspaces" | "owned_workspaces" => listed(text).is_none(),
                "sso" => text.starts_with('[') && listed(text).is_none(),
                "password_reset_at" | "exp" => moment(text).is_none(),
                _ => false,
            };
            assert!(is_bad, "{name}: {text:?}");
        }
        Err(Refusal::SsoUser) => {
            let workspaces = listed(&claims["workspaces"]).unwrap();
            assert_eq!(sso(claims.get("sso").map(String::as_str), &workspaces), None);
        }
        Err(refusal) => panic!("{refusal:?}"),
    }
}

fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The workspaces of a list `[a b]` or `a b`, each once. An assertion has room for at most 50 in 2 KiB.
fn listed(list: &str) -> Option<Vec<WorkspaceId>> {
    let inner = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(list);
    let mut ids = Vec::new();
    for id in inner.split_whitespace() {
        let id = WorkspaceId::try_from(id.to_owned()).ok()?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    (ids.len() <= 50 && list.len() <= 2048).then_some(ids)
}

/// The workspaces that SSO vouches for. A list that names only other workspaces gives nothing and is refused.
fn sso(claim: Option<&str>, workspaces: &[WorkspaceId]) -> Option<Sso> {
    let list = match claim {
        Some("true") => return Some(Sso::Yes(workspaces.to_vec())),
        Some(list) if list.starts_with('[') => listed(list).unwrap(),
        _ => return Some(Sso::No),
    };
    if list.is_empty() {
        return Some(Sso::No);
    }
    let vouched: Vec<_> = workspaces.iter().filter(|id| list.contains(id)).cloned().collect();
    (!vouched.is_empty()).then_some(Sso::Yes(vouched))
}

/// The whole seconds of a time, in any rendering of a number.
fn moment(text: &str) -> Option<f64> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=LAST_SECOND).contains(seconds))?;
    Some(seconds.floor())
}

fn holds(claims: &HashMap<String, String>, token: &LoginToken) {
    let claim = |name: &str| claims.get(name).map(String::as_str);
    let user = token.user.as_str();
    assert_eq!(claim("sub"), Some(user));
    assert!(is_id(user));
    assert_eq!(format!("{token:?}"), format!("LoginToken {{ user: {:?}, .. }}", token.user));

    assert_eq!(listed(claim("workspaces").unwrap()).as_ref(), Some(&token.workspaces));
    assert_eq!(listed(claim("owned_workspaces").unwrap_or_default()).as_ref(), Some(&token.owned_workspaces));
    assert_eq!(sso(claim("sso"), &token.workspaces).as_ref(), Some(&token.sso));

    let verified = claim("email_verified").map(str::to_ascii_lowercase);
    assert_eq!(token.email_verified, verified.is_some_and(|claim| claim == "true" || claim == "1"));
    assert_eq!(token.email.as_deref(), claim("email").map(str::trim).filter(|email| !email.is_empty()));
    if let Some(address) = token.email.as_deref().and_then(EmailAddress::parse) {
        is_one_address(&address);
    }
    for (name, read) in [("password_reset_at", token.password_reset_at), ("exp", token.expires_at)] {
        let said = claim(name).map(|text| moment(text).unwrap().to_string());
        assert_eq!(read.map(|moment| moment.seconds().to_string()), said, "{name}");
    }
}

/// Asserts that the address contains no second address, name or header.
fn is_one_address(address: &EmailAddress) {
    let text = address.as_str();
    let (local, domain) = text.rsplit_once('@').unwrap();
    assert!(text.len() <= 254 && (1..=64).contains(&local.len()) && domain.contains('.'));
    assert!(domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)));
    // SMTP's special characters appear only in a quoted string, and quotes in it have a backslash.
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
