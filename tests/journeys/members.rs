//! An owner lists which members of the workspace have MFA, as of each member's last login. Each member is counted once.
//! The list has nothing about other workspaces.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    logs,
    stage::{Reply, Stage, User, at_once},
};

const DAY: u64 = 24 * 3600;

async fn member(stage: &Stage, sub: &str, workspaces: &[&str]) -> User {
    stage.user_with(json!({"sub": sub, "workspaces": workspaces})).await
}

/// An owner with an assertion, which is valid while the clock does not move. The list of members does not include them
/// yet.
async fn owner(stage: &Stage, workspace: &str) -> (User, String) {
    let sub = format!("owner-of-{workspace}");
    let elsewhere = stage.user(&sub).await;
    let (id, app) = elsewhere.begin().await;
    let now = stage.now().await;
    elsewhere.activate(&id, &app.code(now)).await.expect(200);
    let ask = json!({"sub": sub, "workspaces": [workspace], "owned_workspaces": [workspace]});
    let boss = stage.user_with(ask).await;
    let verified = boss.verify(&id, &app.code(now + 30)).await.expect(200);
    (boss, verified["assertion"].as_str().unwrap().to_owned())
}

async fn list(owner: &(User, String), workspace: &str, query: &str) -> Reply {
    let (user, assertion) = owner;
    let request = user.request(Method::GET, &format!("/v1/workspaces/{workspace}/members{query}"));
    user.send(request.header("mfa-assertion", assertion)).await
}

/// The members, such as `ada mfa totp 2027-01-15`, and the counts of `mfa`, `none` and `sso`.
async fn seen(owner: &(User, String), workspace: &str) -> (Vec<String>, [u64; 3]) {
    let listed = list(owner, workspace, "").await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |member: &Value| {
        let factors = member["factors"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join("+");
        format!("{} {} {factors} {}", text(&member["user"]), text(&member["state"]), text(&member["last_seen"]))
    };
    let count = ["mfa", "none", "sso"].map(|state| listed["summary"][state].as_u64().unwrap());
    (listed["members"].as_array().unwrap().iter().map(line).collect(), count)
}

/// Starts a login of Ada whose write to the lists of members, the stage's `written`-th, is late. Returns during that
/// write.
async fn late_login(stage: &Stage, workspaces: &[&str], written: usize) -> JoinHandle<Value> {
    let ada = member(stage, "ada", workspaces).await;
    stage.fault("dynamodb", "TransactWriteItems", "late", 1).await;
    let login = tokio::spawn(async move { ada.login().await });
    stage.until_called("TransactWriteItems", written).await;
    login
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sees_changes_of_factors_at_once() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    assert_eq!(seen(&boss, "acme").await, (vec![], [0, 0, 0]));
    let ada = member(&stage, "ada", &["acme"]).await;
    ada.login().await;
    assert_eq!(seen(&boss, "acme").await, (vec!["ada none  2027-01-15".to_owned()], [0, 1, 0]));
    // A pending factor does not count.
    let (id, app) = ada.begin().await;
    ada.login().await;
    assert_eq!(seen(&boss, "acme").await.1, [0, 1, 0]);
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    assert_eq!(seen(&boss, "acme").await, (vec!["ada mfa totp 2027-01-15".to_owned()], [1, 0, 0]));

    let assertion = activated["assertion"].as_str().unwrap();
    let phone = json!({"kind": "sms", "phone": "+14155550123"});
    let begun = ada.post_with(assertion, "/v1/factors", phone).await.expect(201);
    let phone = begun["id"].as_str().unwrap();
    ada.text(phone).await.expect(202);
    let activated = ada.activate(phone, &stage.code_to("+14155550123").await).await.expect(200);
    assert_eq!(seen(&boss, "acme").await, (vec!["ada mfa totp+sms 2027-01-15".to_owned()], [1, 0, 0]));

    let removed = ada.remove(activated["assertion"].as_str().unwrap(), &id).await.expect(200);
    assert_eq!(seen(&boss, "acme").await.0, ["ada mfa sms 2027-01-15"]);
    ada.remove(removed["assertion"].as_str().unwrap(), phone).await.expect(200);
    assert_eq!(seen(&boss, "acme").await, (vec!["ada none  2027-01-15".to_owned()], [0, 1, 0]));
    // The list has no ids, names or numbers of factors, and no other workspaces.
    let listed = list(&boss, "acme", "").await.expect(200);
    let told: Vec<_> = listed["members"][0].as_object().unwrap().keys().collect();
    assert_eq!(told, ["factors", "last_seen", "state", "user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_only_a_pending_factor_is_seen_without_one() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    let ada = member(&stage, "ada", &["acme"]).await;
    ada.begin().await;
    ada.login().await;
    assert_eq!(seen(&boss, "acme").await, (vec!["ada none  2027-01-15".to_owned()], [0, 1, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn sso_shows_only_to_the_workspace_that_it_vouches_for() {
    let stage = Stage::new().await;
    let (acme, globex) = (owner(&stage, "acme").await, owner(&stage, "globex").await);
    member(&stage, "ada", &["acme", "globex"]).await.login().await;
    let by_sso = stage.user_with(json!({"sub": "ada", "workspaces": ["acme", "globex"], "sso": ["acme"]})).await;
    by_sso.login().await;
    assert_eq!(seen(&acme, "acme").await, (vec!["ada sso  2027-01-15".to_owned()], [0, 0, 1]));
    assert_eq!(seen(&globex, "globex").await, (vec!["ada none  2027-01-15".to_owned()], [0, 1, 0]));
    // After a login by password, the state is `none` again.
    member(&stage, "ada", &["acme"]).await.login().await;
    assert_eq!(seen(&acme, "acme").await.1, [0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_login_of_a_day_writes_nothing() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme", "globex"]).await;
    let writes = async |login: &Reply| {
        let calls = stage.calls_of(&login.request).await;
        calls.iter().filter(|call| call["operation"] == "TransactWriteItems").count()
    };
    let first = ada.post_nothing("/v1/logins").await;
    let second = ada.post_nothing("/v1/logins").await;
    assert_eq!((writes(&first).await, writes(&second).await), (1, 0));
    stage.advance(DAY).await;
    let ada = member(&stage, "ada", &["acme", "globex"]).await;
    let next = ada.post_nothing("/v1/logins").await;
    assert_eq!(writes(&next).await, 1);
    assert_eq!(seen(&owner(&stage, "acme").await, "acme").await.0, ["ada none  2027-01-16"]);
    // A user in no workspace causes no more calls.
    let free = member(&stage, "bob", &[]).await.post_nothing("/v1/logins").await;
    assert_eq!(stage.calls_of(&free.request).await.len(), 2, "the account and the signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_owner_with_an_assertion_sees_members() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    let (user, assertion) = &boss;
    let path = "/v1/workspaces/acme/members";
    user.get(path).await.refused(403, "assertion-required");
    for workspace in ["globex", "no%20such", "a%2Fb"] {
        list(&boss, workspace, "").await.refused(403, "not-owner");
    }
    let ada = member(&stage, "ada", &["acme"]).await;
    ada.get(path).await.refused(403, "not-owner");
    // Another user's assertion is refused, and one with `not_required`. One by SSO that vouches for the workspace is
    // accepted.
    let stolen = ada.request(Method::GET, path).header("mfa-assertion", assertion);
    ada.send(stolen).await.refused(403, "assertion-invalid");
    let plain = stage.user_with(json!({"sub": "plain", "workspaces": ["acme"], "owned_workspaces": ["acme"]})).await;
    let nothing = plain.login().await["assertion"].as_str().unwrap().to_owned();
    list(&(plain, nothing), "acme", "").await.refused(403, "assertion-required");
    let ask = json!({"sub": "sso", "workspaces": ["acme", "globex"], "owned_workspaces": ["acme", "globex"], "sso": ["acme"]});
    let sso = stage.user_with(ask).await;
    let vouched = sso.login().await["assertion"].as_str().unwrap().to_owned();
    let sso = (sso, vouched);
    list(&sso, "acme", "").await.expect(200);
    list(&sso, "globex", "").await.refused(403, "not-owner");
    // After a change of the owner's factors, the old assertion is refused.
    let begun = user.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    user.finish(&begun).await;
    list(&boss, "acme", "").await.refused(403, "assertion-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_not_of_the_list_is_refused_by_name() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    member(&stage, "ada", &["acme"]).await.login().await;
    let of_all = data_encoding::BASE64URL_NOPAD.encode(b"mfa#ada");
    for (query, names) in [
        ("?state=some".to_owned(), "state"),
        ("?state=".to_owned(), "state"),
        ("?state=none,mfa".to_owned(), "state"),
        ("?sate=none".to_owned(), "state, cursor"),
        ("?cursor=x".to_owned(), "cursor"),
        ("?cursor=".to_owned(), "cursor"),
        (format!("?state=none&cursor={of_all}"), "cursor"),
    ] {
        let reply = list(&boss, "acme", &query).await;
        let detail = reply.refused(400, "invalid-request").body["detail"].as_str().unwrap();
        assert!(detail.contains(names), "{query}: {detail}");
    }
    // A cursor is a place in this workspace's list. A made-up one leads to no other list.
    let listed = list(&boss, "acme", &format!("?cursor={of_all}")).await.expect(200);
    assert_eq!(listed["members"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_members_the_missing_are_a_page_and_all_are_ten() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    // Every 20th user has no MFA. The others log in by SSO.
    let logins = (0..1000).map(|index| {
        let stage = stage.clone();
        async move {
            let ask = json!({"sub": format!("user-{index:04}"), "workspaces": ["acme"], "sso": index % 20 != 0});
            stage.user_with(ask).await.login().await;
        }
    });
    let logins: Vec<_> = logins.collect();
    let mut logins = logins.into_iter();
    while logins.len() > 0 {
        at_once(logins.by_ref().take(25)).await;
    }
    let missing = list(&boss, "acme", "?state=none").await;
    let calls = stage.calls_of(&missing.request).await;
    assert_eq!(calls.iter().filter(|call| call["operation"] == "Query").count(), 1);
    assert!(calls.iter().all(|call| call["consistent"] != false), "every read is strongly consistent: {calls:?}");
    let missing = missing.expect(200);
    assert_eq!(missing["summary"], json!({"mfa": 0, "none": 50, "sso": 950}));
    let users: Vec<_> = missing["members"].as_array().unwrap().iter().map(|one| one["user"].clone()).collect();
    assert_eq!(users, (0..50).map(|index| json!(format!("user-{:04}", index * 20))).collect::<Vec<_>>());
    assert_eq!(missing.get("next_cursor"), None);

    for (state, total) in [("", 1000), ("state=sso&", 950)] {
        let (mut query, mut found, mut pages) = (format!("?{state}"), BTreeMap::new(), 0);
        loop {
            let page = list(&boss, "acme", query.trim_end_matches(['?', '&'])).await.expect(200);
            let members = page["members"].as_array().unwrap();
            found.extend(members.iter().map(|one| (one["user"].to_string(), one["state"].clone())));
            pages += 1;
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            assert_eq!(members.len(), 100);
            query = format!("?{state}cursor={cursor}");
        }
        assert_eq!((found.len(), pages), (total, 10), "the last page is not an empty one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_logins_of_one_user_at_once_are_counted_once() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    for round in 0..3 {
        let sub = format!("ada-{round}");
        let both =
            [json!({"sub": sub, "workspaces": ["acme"]}), json!({"sub": sub, "workspaces": ["acme"], "sso": true})];
        let mut users = Vec::new();
        for index in 0..60 {
            users.push(stage.user_with(both[index % 2].clone()).await);
        }
        at_once(users.into_iter().map(|user| async move { user.login().await })).await;
        let (members, summary) = seen(&boss, "acme").await;
        assert_eq!((members.len(), summary.iter().sum::<u64>()), (round + 1, round as u64 + 1), "{members:?}");
        let by_state = |state: &str| members.iter().filter(|line| line.contains(state)).count() as u64;
        assert_eq!(summary, [by_state(" mfa "), by_state(" none "), by_state(" sso ")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_workspaces_32_see_a_login_and_the_rest_the_next() {
    let stage = Stage::new().await;
    let names: Vec<_> = (0..50).map(|index| format!("w{index:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let ada = member(&stage, "ada", &names).await;
    let rows = async || {
        let items = stage.dynamodb("Scan", json!({})).await["Items"].take();
        items.as_array().unwrap().iter().filter(|item| item["sk"]["S"] == "MEMBER#none#ada").count()
    };
    let mut counts = Vec::new();
    for _ in 0..3 {
        ada.login().await;
        counts.push(rows().await);
    }
    assert_eq!(counts, [32, 50, 50]);
    // Workspaces with a change of state come before those that only get another day.
    stage.advance(DAY).await;
    let mut more = names.clone();
    more[49] = "zz";
    member(&stage, "ada", &more).await.login().await;
    assert_eq!(seen(&owner(&stage, "zz").await, "zz").await.0, ["ada none  2027-01-16"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_on_unseen_and_the_next_makes_up_for_it() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let late =
        |reply: &Reply| logs::of(&reply.request).iter().any(|line| line["message"] == "workspaces may see old data");
    for kind in ["throttle", "error", "refuse", "conflict", "drop_before", "hang"] {
        stage.fault("dynamodb", "TransactWriteItems", kind, 10).await;
        let login = ada.post_nothing("/v1/logins").await;
        stage.clear_faults().await;
        assert_eq!(login.status, 200, "{kind}: {login:?}");
        assert!(login.body["assertion"].is_string() && late(&login), "{kind}");
        assert_eq!(seen(&boss, "acme").await.1, [0, 0, 0], "{kind}");
    }
    // A failed read of the account or of the `SEEN` row leaves nothing wrong either.
    for kind in ["throttle", "refuse"] {
        stage.fault("dynamodb", "GetItem", kind, 10).await;
        ada.post_nothing("/v1/logins").await;
        stage.clear_faults().await;
    }
    let (id, app) = ada.begin().await;
    stage.fault("dynamodb", "TransactWriteItems", "error", 10).await;
    let activated = ada.activate(&id, &app.code(stage.now().await)).await;
    stage.clear_faults().await;
    assert!(late(&activated));
    activated.expect(200);
    ada.login().await;
    assert_eq!(seen(&boss, "acme").await, (vec!["ada mfa totp 2027-01-15".to_owned()], [1, 0, 0]));
    // After a lost response, no user is counted twice.
    let bob = member(&stage, "bob", &["acme"]).await;
    stage.fault("dynamodb", "TransactWriteItems", "drop_after", 1).await;
    bob.login().await;
    bob.login().await;
    assert_eq!(seen(&boss, "acme").await.1, [1, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_account_is_not_shown_over_a_newer_one() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "acme").await;
    let ada = member(&stage, "ada", &["acme"]).await;
    ada.enroll().await;
    assert_eq!(seen(&boss, "acme").await.1, [1, 0, 0]);
    // The login reads the account before the reset or the erasure, and writes after it.
    let op = stage.operator().await;
    let login = late_login(&stage, &["acme", "globex"], 2).await;
    op.act("reset", "ada").await.expect(200);
    login.await.unwrap();
    assert_eq!(seen(&boss, "acme").await.1, [0, 1, 0]);
    ada.enroll().await;
    let login = late_login(&stage, &["acme", "initech"], 5).await;
    op.act("erase", "ada").await.expect(200);
    login.await.unwrap();
    assert_eq!(seen(&boss, "acme").await.1, [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_while_a_slow_login_writes_is_what_is_seen() {
    let stage = Stage::slow().await;
    let boss = owner(&stage, "acme").await;
    for round in 0..8_u64 {
        let ada = member(&stage, &format!("ada-{round}"), &["acme"]).await;
        let (id, app) = ada.begin().await;
        let code = app.code(stage.now().await);
        let activation = {
            let ada = ada.clone();
            tokio::spawn(async move { ada.activate(&id, &code).await.expect(200) })
        };
        tokio::time::sleep(std::time::Duration::from_millis(60 * round)).await;
        ada.login().await;
        activation.await.unwrap();
    }
    assert_eq!(seen(&boss, "acme").await.1, [8, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_logins_at_once_for_two_workspaces_are_both_seen() {
    let stage = Stage::slow().await;
    for round in 0..4 {
        let sub = format!("ada-{round}");
        let users = [member(&stage, &sub, &["acme"]).await, member(&stage, &sub, &["globex"]).await];
        at_once(users.into_iter().map(|user| async move { user.login().await })).await;
    }
    for workspace in ["acme", "globex"] {
        assert_eq!(seen(&owner(&stage, workspace).await, workspace).await.1, [0, 4, 0]);
    }
}
