//! Data that an earlier version wrote. Each folder here is the data of a local stack: `keys.json`, `clock` and
//! `table.sqlite`. Its name is the commit that wrote it. `known.json` has the answers of that version and its users.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use serde_json::{Value, json};

use self::known::Known;
use crate::stage::{Authenticator, Stage, User};

mod known;
mod people;
mod record;

/// The seconds between the recording and the return of its users.
const LATER: u64 = 30;
const DAY: u64 = 24 * 3600;
/// The secret of the imported app.
const IMPORTED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
/// The number of a phone that a stranger began, with its quota of texts used up.
const STRANGE: &str = "+14155550130";

/// Checks that an answer has everything that was recorded. It may have more.
fn says(answer: &Value, recorded: &Value) {
    match (answer, recorded) {
        (Value::Object(answer), Value::Object(recorded)) => {
            for (name, recorded) in recorded {
                says(answer.get(name).unwrap_or_else(|| panic!("no {name}: {answer:?}")), recorded);
            }
        }
        (Value::Array(answer), Value::Array(recorded)) => {
            assert_eq!(answer.len(), recorded.len(), "{answer:?} {recorded:?}");
            answer.iter().zip(recorded).for_each(|(answer, recorded)| says(answer, recorded));
        }
        _ => assert_eq!(answer, recorded),
    }
}

/// The members of `acme`.
async fn members(owner: &User, assertion: &str) -> Value {
    let ask = owner.request(Method::GET, "/v1/workspaces/acme/members").header("mfa-assertion", assertion);
    owner.send(ask).await.expect(200)
}

/// The policies of the three workspaces.
async fn policies(owner: &User) -> Value {
    let mut policies = Vec::new();
    for workspace in ["acme", "globex", "initech"] {
        policies.push(owner.get(&format!("/v1/workspaces/{workspace}/policy")).await.expect(200));
    }
    policies.into()
}

/// The folder of the recordings.
fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("journeys/recorded")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_user_of_a_recorded_folder_logs_in() {
    let folders = fs::read_dir(recordings()).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    assert!(!folders.is_empty());
    for folder in folders {
        let copy = tempfile::tempdir().unwrap();
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        let known: Known = serde_json::from_str(&fs::read_to_string(folder.join("known.json")).unwrap()).unwrap();
        let stage = Stage::on(copy.path()).await;
        let recorded = stage.now().await;
        stage.advance(LATER).await;
        for (token, answer) in &known.logins {
            says(&stage.user_with(token.clone()).await.login().await, answer);
        }
        for person in &known.people {
            let user = stage.user_with(person.token.clone()).await;
            says(&user.get("/v1/factors").await.expect(200), &person.listed);
        }
        what_was_counted_or_sent_is_kept(&stage, &known, recorded).await;
        everyone_proves_what_they_have(&stage, &known).await;
        operators_acts_are_kept(&stage, &known).await;
        what_waits_for_a_day_or_a_month_begins(&stage, &known, recorded).await;
        every_attribute_is_in_the_design(&stage).await;
    }
}

/// Checks that `shared/README.md` names each attribute of the table. Ids in the place of a name are left out.
async fn every_attribute_is_in_the_design(stage: &Stage) {
    let mut names = BTreeSet::new();
    for item in stage.dynamodb("Scan", json!({})).await["Items"].as_array().unwrap() {
        attributes(item, &mut names);
    }
    assert!(names.len() >= 50, "{names:?}");
    let rows = include_str!("../../../shared/README.md").lines().filter(|line| line.starts_with('|'));
    let rows = rows.collect::<String>();
    let missing: Vec<_> = names.iter().filter(|name| !rows.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Adds the names of the attributes in a map, and of those in its maps.
fn attributes(map: &Value, names: &mut BTreeSet<String>) {
    for (name, value) in map.as_object().unwrap() {
        names.insert(name.clone());
        let Some(inner) = value.get("M") else { continue };
        // The names in these maps are ids, workspaces or indexes.
        if ["factors", "workspaces", "used"].contains(&name.as_str()) {
            let values = inner.as_object().unwrap().values().filter_map(|value| value.get("M"));
            values.for_each(|value| attributes(value, names));
        } else {
            attributes(inner, names);
        }
    }
}

async fn what_was_counted_or_sent_is_kept(stage: &Stage, known: &Known, recorded: u64) {
    let (locked, user) = known.user(stage, "locked").await;
    user.verify(locked.first(), "000000").await.refused(423, "locked");
    user.redeem(locked.unused.last().unwrap()).await.expect(200);
    let (waiting, user) = known.user(stage, "waiting").await;
    for reply in [user.verify(waiting.first(), "000000").await, user.redeem(&waiting.unused[0]).await] {
        let left = reply.refused(429, "too-many-attempts").header("retry-after");
        assert_eq!(left, (60 - LATER).to_string());
    }
    let (several, user) = known.user(stage, "several").await;
    let id = &several.app_used_last;
    let code = Authenticator::scan(&several.devices[id]).code(recorded);
    user.verify(id, &code).await.refused(422, "code-used");

    let (texted, user) = known.user(stage, "texted").await;
    let refused = user.text(texted.first()).await;
    let wait = refused.refused(429, "too-many-texts").header("retry-after");
    assert_eq!(wait, (known.texts_wait - LATER).to_string());
    let stranger = stage.user("another-stranger").await;
    stranger.text(&stranger.begin_phone(STRANGE).await).await.refused(429, "too-many-texts");

    let (_, user) = known.user(stage, "emailed").await;
    user.email().await.refused(429, "too-many-emails");
    let (app, user) = known.user(stage, "app").await;
    app.is_sent_again(&user.email().await.expect(202));
    user.redeem(&stage.emailed_to("app@example.com").await).await.expect(200);
    // The user was seen by password in a workspace that forbids emailed codes, and later by SSO.
    let (_, user) = known.user(stage, "paper").await;
    user.email().await.refused(403, "not-allowed-by-workspace");
    let (_, user) = known.user(stage, "moved").await;
    user.email().await.refused(403, "email-recovery-held");
}

async fn everyone_proves_what_they_have(stage: &Stage, known: &Known) {
    for person in &known.people {
        let sub = person.sub();
        if ["texted", "waiting"].contains(&sub) {
            continue;
        }
        let (_, user) = known.user(stage, sub).await;
        for factor in person.factors() {
            let assertion = person.prove(stage, &user, factor).await;
            if sub == "owner" {
                says(&members(&user, &assertion).await, &known.members);
                says(&policies(&user).await, &known.policies);
            }
            if factor["enrolled_by"] == "email" {
                let codes = user.post_with(&assertion, "/v1/recovery/codes", json!({})).await;
                codes.refused(403, "factor-too-new");
            }
        }
        for code in &person.used {
            user.redeem(code).await.refused(422, "code-used");
        }
        if let Some(code) = person.unused.first() {
            user.redeem(code).await.expect(200);
        }
    }
}

async fn operators_acts_are_kept(stage: &Stage, known: &Known) {
    let (imported, _) = known.user(stage, "imported").await;
    let again = stage.operator().await.import("imported", IMPORTED).await.expect(200);
    assert_eq!(again["id"], imported.first());
    let (_, user) = known.user(stage, "reset").await;
    user.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "login-too-old");
    stage.user("reset").await.begin().await;
}

async fn what_waits_for_a_day_or_a_month_begins(stage: &Stage, known: &Known, recorded: u64) {
    // A new window counts the user's texts. The window of the number is not over yet.
    stage.advance(known.texts_wait - LATER).await;
    let (texted, user) = known.user(stage, "texted").await;
    user.text(texted.first()).await.refused(429, "too-many-texts");
    // One day after the recording. The address changed before it, so its hold is over.
    stage.advance(recorded + DAY - stage.now().await).await;
    let (moved, user) = known.user(stage, "moved").await;
    user.email().await.expect(202);
    user.redeem(&stage.emailed_to(moved.token["email"].as_str().unwrap()).await).await.expect(200);
    for sub in ["texted", "waiting"] {
        let (person, user) = known.user(stage, sub).await;
        person.prove(stage, &user, &person.factors()[0]).await;
        user.redeem(&person.unused[0]).await.expect(200);
    }
    stage.advance(LATER).await;
    let (mailbox, user) = known.user(stage, "mailbox").await;
    let factor = mailbox.factors().iter().find(|factor| factor["enrolled_by"] == "email").unwrap();
    let assertion = mailbox.prove(stage, &user, factor).await;
    user.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);

    let newcomer = async || stage.user_with(json!({"sub": "newcomer", "workspaces": ["globex"]})).await.login().await;
    assert_eq!(newcomer().await["reason"], "grace_period");
    stage.advance(29 * DAY).await;
    assert_eq!(newcomer().await["decision"], "enroll");
}
