// check.rs
use std::{error::Error, time::{Duration, Instant}};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::{Jwk, JwkSet}};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

const ISSUER: &str = "https://mfa.acme.com";
const AUDIENCE: &str = "acme-app";

pub struct Login<'a> { pub token: &'a str, pub user: &'a str, pub workspace: &'a str, pub newest_epoch: u64 }

#[derive(serde::Deserialize)]
pub struct Said {
    pub sub: String, pub ath: String, pub jti: String, pub mfa: String, pub amr: Vec<String>,
    pub workspaces: Vec<String>, pub mfa_epoch: u64, pub enrolled_by: Option<String>, pub factor_since: Option<u64>,
}

type Refused = Box<dyn Error + Send + Sync>;

pub async fn check(assertion: &str, login: Login<'_>, spend: impl AsyncFnOnce(&str) -> bool) -> Result<Said, Refused> {
    let header = decode_header(assertion)?;
    let key = key(header.kid.as_deref().ok_or("of no key")?).await?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.leeway = 0;
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["exp", "iss", "aud"]);
    let said = decode::<Said>(assertion, &DecodingKey::from_jwk(&key)?, &rules)?.claims;
    let must = |holds, why: &'static str| if holds { Ok(()) } else { Err(why) };
    must(header.typ.as_deref() == Some("mfa+jwt"), "no assertion")?;
    must(said.sub == login.user, "of another user")?;
    must(said.ath == BASE64URL_NOPAD.encode(&Sha256::digest(login.token)), "of another login")?;
    must(["passed", "not_required"].contains(&said.mfa.as_str()), "MFA is not settled")?;
    must(said.workspaces.iter().any(|one| one == login.workspace), "not for this workspace")?;
    must(said.mfa_epoch >= login.newest_epoch, "from before a change of factors")?;
    must(spend(&said.jti).await, "spent")?;
    Ok(said)
}

/// A public key of the service. The keys are kept for ten minutes, and fetched anew for a key that is new: not twice within half
/// a minute, whatever is asked. While the service fails, those of its last good answer will do, for a day.
async fn key(kid: &str) -> Result<Jwk, Refused> {
    static KEPT: Mutex<(Option<Instant>, Option<Instant>, JwkSet)> = Mutex::const_new((None, None, JwkSet { keys: Vec::new() }));
    let (tried, fetched, keys) = &mut *KEPT.lock().await;
    let within = |moment: Option<Instant>, seconds| moment.is_some_and(|it| it.elapsed() < Duration::from_secs(seconds));
    let good = within(*fetched, 24 * 60 * 60);
    let wanted = !within(*fetched, 600) || keys.find(kid).is_none();
    if wanted && !(good && within(*tried, 30)) {
        *tried = Some(Instant::now());
        match fetch().await {
            Ok(answer) => (*fetched, *keys) = (*tried, answer),
            Err(error) if !good => return Err(error),
            Err(_) => {}
        }
    }
    Ok(keys.find(kid).ok_or("of no key of this service")?.clone())
}

async fn fetch() -> Result<JwkSet, Refused> {
    let request = reqwest::Client::new().get(format!("{ISSUER}/.well-known/jwks.json")).timeout(Duration::from_secs(5));
    let keys: JwkSet = request.send().await?.error_for_status()?.json().await?;
    if keys.keys.is_empty() { Err("no keys")? }
    Ok(keys)
}
