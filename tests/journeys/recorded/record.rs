//! Records a folder of data: `cargo test -p tests --test tests -- --ignored a_folder_is_recorded`. The folder is `new`.
//! Rename it to the commit that wrote it.

use std::fs;

use serde_json::json;

use super::{
    known::Known,
    members,
    people::{app, by_operator_or_mailbox, over_two_days, pending, person, waiting, with_apps},
    policies, recordings,
};
use crate::{
    journeys::workspace_requires::put,
    stage::{Authenticator, Stage},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it writes into the repository"]
async fn a_folder_is_recorded() {
    let folder = recordings().join("new");
    assert!(!folder.exists(), "call the last one by its commit");
    let stage = Stage::on(&folder).await;
    let known = record(&stage).await;
    stage.stop().await;
    fs::remove_file(folder.join("lock")).unwrap();
    fs::write(folder.join("known.json"), serde_json::to_string_pretty(&known).unwrap() + "\n").unwrap();
    for file in fs::read_dir(&folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(env!("CARGO_MANIFEST_DIR")), "a path of this machine");
    }
}

/// Makes users of every kind.
async fn record(stage: &Stage) -> Known {
    let mut people = over_two_days(stage).await;
    let workspaces = json!(["acme", "globex", "initech"]);
    let token = json!({"sub": "owner", "workspaces": workspaces, "owned_workspaces": workspaces});
    let (mut owner, boss) = person(stage, token).await;
    let owners_app = app(stage, &mut owner, &boss, None).await;
    people.insert(0, owner);
    people.extend(with_apps(stage).await);
    people.extend(by_operator_or_mailbox(stage).await);
    let assertion = boss.prove(&owners_app).await;
    for (workspace, wish) in [
        ("acme", json!({"required": true, "grace_days": 0, "allowed_factors": ["totp"]})),
        ("globex", json!({"required": true, "grace_days": 30})),
        ("initech", json!({"required": true, "grace_days": 0, "allow_email_recovery": false})),
    ] {
        put(&boss, Some(&assertion), workspace, wish, None).await.expect(200);
    }
    people.extend(pending(stage).await);
    let one = people.iter_mut().find(|person| person.sub() == "app").unwrap();
    one.sent = stage.user_with(one.token.clone()).await.email().await.expect(202);
    people.push(waiting(stage).await);
    // From here the clock does not move.

    let mut tokens: Vec<_> = people.iter().map(|person| person.token.clone()).collect();
    tokens.extend([
        json!({"sub": "newcomer", "workspaces": ["globex"]}),
        json!({"sub": "required", "workspaces": ["acme"]}),
        json!({"sub": "sso", "workspaces": ["acme"], "sso": true}),
    ]);
    for token in &tokens {
        stage.user_with(token.clone()).await.login().await;
    }
    let mut known = Known { people, ..Known::default() };
    known.members = members(&boss, &assertion).await;
    known.policies = policies(&boss).await;
    at_the_end(stage, &mut known).await;
    for token in tokens {
        let mut answer = stage.user_with(token.clone()).await.login().await;
        // Both differ in a later answer.
        for name in ["assertion", "retry_after"] {
            answer.as_object_mut().unwrap().remove(name);
        }
        known.logins.push((token, answer));
    }
    for person in &mut known.people {
        let user = stage.user_with(person.token.clone()).await;
        person.listed = user.get("/v1/factors").await.expect(200);
        let account = stage.account(person.sub()).await;
        person.epoch = account["epoch"]["N"].as_str().map_or(0, |epoch| epoch.parse().unwrap());
    }
    known
}

/// Sends and accepts codes that still matter in the next minute.
async fn at_the_end(stage: &Stage, known: &mut Known) {
    known.texts_wait = texts_run_out(stage).await;
    for person in &mut known.people {
        let user = stage.user_with(person.token.clone()).await;
        match person.sub() {
            "us" => person.sent = user.text(person.devices.keys().next().unwrap()).await.expect(202),
            "several" => {
                let (id, uri) = person.devices.iter().find(|(_, device)| device.starts_with("otpauth:")).unwrap();
                user.verify(id, &Authenticator::scan(uri).code(stage.now().await)).await.expect(200);
                person.app_used_last.clone_from(id);
            }
            _ => {}
        }
    }
}

/// Lets `texted` ask for texts until a quota refuses. Returns the seconds to wait.
async fn texts_run_out(stage: &Stage) -> u64 {
    let user = stage.user("texted").await;
    let listed = user.get("/v1/factors").await.expect(200);
    let id = listed["factors"][0]["id"].as_str().unwrap();
    loop {
        let text = user.text(id).await;
        if text.status == 429 {
            return text.refused(429, "too-many-texts").header("retry-after").parse().unwrap();
        }
        user.verify(id, &stage.code_to("+12125550123").await).await.expect(200);
    }
}
