//! Attacks by one tenant, or by its SSO, on an account that several tenants share.

use reqwest::Method;
use serde_json::{Value, json};

use super::workspace_requires::{DAY, decision, member, owner, put, require};
use crate::stage::{Stage, User, account_key, claims};

const ADA: &str = "ada@example.com";

/// A login of this user by the SSO of these workspaces, with an address that the SSO has chosen.
async fn by_sso(stage: &Stage, sub: &str, workspaces: &[&str]) -> User {
    let ask = json!({"sub": sub, "email": "thief@evil.example", "workspaces": workspaces, "sso": workspaces});
    stage.user_with(ask).await
}

/// A policy that requires MFA at once and forbids emailed codes.
fn strict() -> Value {
    json!({"required": true, "grace_days": 0, "allow_email_recovery": false})
}

/// The days of Ada's last login to a workspace, by any way and by password.
async fn seen(stage: &Stage, workspace: &str) -> [Value; 2] {
    let key = json!({"pk": {"S": "USER#ada"}, "sk": {"S": "SEEN"}});
    let seen = &stage.dynamodb("GetItem", json!({ "Key": key })).await["Item"]["workspaces"]["M"][workspace]["M"];
    ["day", "password_day"].map(|day| seen[day]["N"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_sso_does_nothing_to_the_account_that_others_share() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme", "evil"]).await;
    let app = ada.enroll().await;
    let phone = {
        let assertion = ada.prove(&app).await;
        let begun = ada.post_with(&assertion, "/v1/factors", json!({"kind": "sms", "phone": "+14155550123"})).await;
        begun.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let before = stage.account("ada").await;
    let emails = stage.emails_to(ADA).await.len();

    let thief = by_sso(&stage, "ada", &["evil"]).await;
    let login = thief.login().await;
    assert_eq!(decision(&login), ("allow", "sso"));
    let names: Vec<_> = login.as_object().unwrap().keys().collect();
    assert_eq!(names, ["assertion", "decision", "factors", "methods", "reason"], "nothing else of the account");
    assert_eq!((&login["factors"], &login["methods"]), (&json!([]), &json!([])));
    let assertion = login["assertion"].as_str().unwrap();
    assert_eq!(claims(&login)["workspaces"], json!(["evil"]));

    // The thief tries to get a code by email, waits out the hold, and tries codes, new recovery codes, and a removal.
    thief.email().await.refused(403, "sso-user");
    stage.advance(DAY).await;
    let thief = by_sso(&stage, "ada", &["evil"]).await;
    thief.email().await.refused(403, "sso-user");
    thief.redeem("0000-0000").await.refused(403, "sso-user");
    thief.redeem(&app.recovery_codes[0]).await.refused(403, "sso-user");
    thief.get("/v1/factors").await.refused(403, "sso-user");
    thief.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "sso-user");
    thief.text(&phone).await.refused(403, "sso-user");
    thief.activate(&phone, "123456").await.refused(403, "sso-user");
    thief.rename(assertion, &app.id, "Mine").await.refused(403, "sso-user");
    thief.remove(assertion, &app.id).await.refused(403, "sso-user");
    thief.post_with(assertion, "/v1/recovery/codes", json!({})).await.refused(403, "sso-user");
    // 50 wrong codes would lock the user out, but they are not compared.
    let wrong = thief.wrong_code(&app.app).await;
    for _ in 0..50 {
        thief.verify(&app.id, &wrong).await.refused(403, "sso-user");
    }

    assert_eq!(stage.account("ada").await, before, "nothing of it is counted or written");
    assert!(stage.emails_to("thief@evil.example").await.is_empty());
    assert_eq!(stage.emails_to(ADA).await.len(), emails);
    let ada = member(&stage, "ada", &["acme"]).await;
    assert_eq!(decision(&ada.login().await), ("challenge", "mfa_enabled"));
    ada.prove(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_names_another_tenant_alone_logs_nobody_in() {
    let stage = Stage::new().await;
    for (sso, code) in
        [(json!(["evil"]), "sso-user"), (json!(["evil", "worse"]), "sso-user"), (json!(["a,b"]), "claim-invalid")]
    {
        // The user is no longer in the tenant's workspace. Without a refusal, this would be a login by password.
        let dropped = stage.user_with(json!({"sub": "ada", "workspaces": ["acme"], "sso": sso})).await;
        dropped.post_nothing("/v1/logins").await.refused(403, code);
        dropped.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, code);
    }
    assert!(stage.account("ada").await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_by_sso_shows_no_kinds_of_factors() {
    let stage = Stage::new().await;
    member(&stage, "ada", &["globex"]).await.enroll().await;
    by_sso(&stage, "ada", &["acme"]).await.login().await;
    let boss = owner(&stage, "boss", &["acme"]).await;
    let app = boss.enroll().await;
    boss.login().await;
    let assertion = boss.prove(&app).await;
    let listed = async || {
        let ask = boss.request(Method::GET, "/v1/workspaces/acme/members?state=sso");
        boss.send(ask.header("mfa-assertion", &assertion)).await.expect(200)["members"].clone()
    };
    let empty = json!([{"user": "ada", "state": "sso", "factors": [], "last_seen": "2027-01-15"}]);
    assert_eq!(listed().await, empty);
    // A row of an earlier version has the kinds.
    let old = json!({
        "Key": {"pk": {"S": "MEMBERS#acme"}, "sk": {"S": "MEMBER#sso#ada"}},
        "UpdateExpression": "SET #member.factors = :kinds REMOVE #member.password_day",
        "ExpressionAttributeNames": {"#member": "member"},
        "ExpressionAttributeValues": {":kinds": {"L": [{"S": "totp"}]}},
    });
    stage.dynamodb("UpdateItem", old).await;
    assert_eq!(listed().await, empty);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_by_sso_sets_the_policy_of_their_own_workspace() {
    let stage = Stage::new().await;
    let ask = json!({"sub": "boss", "workspaces": ["acme", "globex"], "owned_workspaces": ["acme", "globex"], "sso": ["acme"]});
    let boss = stage.user_with(ask).await;
    let login = boss.login().await;
    let assertion = login["assertion"].as_str();
    put(&boss, assertion, "acme", json!({"required": true}), None).await.expect(200);
    put(&boss, assertion, "globex", json!({"required": true}), None).await.refused(403, "not-owner");
    let members = boss.request(Method::GET, "/v1/workspaces/acme/members").header("mfa-assertion", assertion.unwrap());
    boss.send(members).await.expect(200);

    // The same user logs in to another tenant by password, and may do everything.
    let boss = stage.user_with(json!({"sub": "boss", "workspaces": ["globex"], "sso": false})).await;
    let app = boss.enroll().await;
    boss.email().await.expect(202);
    boss.redeem(&stage.emailed_to("boss@example.com").await).await.expect(200);
    let assertion = boss.prove(&app).await;
    boss.rename(&assertion, &app.id, "Mine").await.expect(200);
    boss.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);
    boss.remove(&assertion, &app.id).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_acts_on_a_workspace_only_if_it_names_it() {
    let stage = Stage::new().await;
    let ask = json!({"sub": "boss", "workspaces": ["globex"], "owned_workspaces": ["acme", "globex"]});
    let boss = stage.user_with(ask).await;
    let app = boss.enroll().await;
    let assertion = boss.prove(&app).await;
    let members = async |workspace: &str| {
        let path = format!("/v1/workspaces/{workspace}/members");
        boss.send(boss.request(Method::GET, &path).header("mfa-assertion", &assertion)).await
    };
    put(&boss, Some(&assertion), "acme", json!({}), None).await.refused(403, "assertion-required");
    members("acme").await.refused(403, "assertion-required");
    put(&boss, Some(&assertion), "globex", json!({}), None).await.expect(200);
    members("globex").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lax_token_evades_no_policy_of_a_strict_workspace() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme", "lax"]).await;
    let app = ada.enroll().await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    require(&stage, "acme", strict()).await;
    let before = stage.account("ada").await;
    ada.redeem(&code).await.refused(403, "not-allowed-by-workspace");

    for workspaces in [&["lax"][..], &[]] {
        stage.advance(60).await;
        let thief = member(&stage, "ada", workspaces).await;
        thief.email().await.refused(403, "not-allowed-by-workspace");
        let reply = thief.redeem(&code).await;
        reply.refused(403, "not-allowed-by-workspace");
        assert_eq!(reply.body.as_object().unwrap().len(), 4, "{reply:?}");
        let assertion = thief.prove(&app).await;
        let reply = thief.remove(&assertion, &app.id).await;
        assert_eq!(reply.refused(409, "last-factor").body["binds_until"], "2027-04-16T00:00:00Z");
        assert!(!reply.body.to_string().contains("acme"), "it does not say which workspace");
    }
    let after = stage.account("ada").await;
    for part in ["emailed", "emails", "contact", "version", "epoch"] {
        assert_eq!(after[part], before[part], "{part}");
    }
    // A factor that is not the last can be removed.
    let lax = member(&stage, "ada", &["lax"]).await;
    let assertion = lax.prove(&app).await;
    let second = lax.enroll_another(&assertion).await;
    let assertion = lax.prove(&second).await;
    lax.remove(&assertion, &app.id).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_binds_ninety_days_from_the_last_password_login() {
    let stage = Stage::new().await;
    let app = member(&stage, "ada", &["acme"]).await.enroll().await;
    require(&stage, "acme", strict()).await;
    let first = seen(&stage, "acme").await;
    assert_eq!(first[0], first[1]);
    let bound = async || {
        let thief = member(&stage, "ada", &["lax"]).await;
        let assertion = thief.prove(&app).await;
        let reply = thief.remove(&assertion, &app.id).await;
        (reply.status == 409).then(|| reply.refused(409, "last-factor").body["binds_until"].clone())
    };
    for day in 1..=90 {
        stage.advance(DAY).await;
        if day % 30 == 0 {
            by_sso(&stage, "ada", &["acme"]).await.login().await;
            let now = seen(&stage, "acme").await;
            assert!(
                now[0] != first[0] && now[1] == first[1],
                "by SSO the day moves, that by password does not: {now:?}"
            );
        }
    }
    assert_eq!(bound().await, Some(json!("2027-04-16T00:00:00Z")), "on the ninetieth day");
    stage.advance(DAY).await;
    assert_eq!(bound().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_a_password_day_binds_unless_by_sso() {
    for (state, binds) in [("mfa", true), ("none", true), ("sso", false)] {
        let stage = Stage::new().await;
        let app = member(&stage, "ada", &["acme"]).await.enroll().await;
        require(&stage, "acme", strict()).await;
        let old = json!({
            "Key": {"pk": {"S": "USER#ada"}, "sk": {"S": "SEEN"}},
            "UpdateExpression": "SET workspaces.acme.#state = :state REMOVE workspaces.acme.password_day",
            "ExpressionAttributeNames": {"#state": "state"}, "ExpressionAttributeValues": {":state": {"S": state}},
        });
        stage.dynamodb("UpdateItem", old).await;
        // A login by SSO before that changes nothing.
        by_sso(&stage, "ada", &["acme"]).await.login().await;
        let thief = member(&stage, "ada", &[]).await;
        let assertion = thief.prove(&app).await;
        let due = if binds { 409 } else { 200 };
        assert_eq!(thief.remove(&assertion, &app.id).await.status, due, "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_tenant_reached_by_sso_binds_nothing_elsewhere() {
    let stage = Stage::new().await;
    require(&stage, "evil", strict()).await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let app = ada.enroll().await;
    by_sso(&stage, "ada", &["evil"]).await.login().await;
    ada.email().await.expect(202);
    ada.redeem(&stage.emailed_to(ADA).await).await.expect(200);
    let assertion = ada.prove(&app).await;
    ada.remove(&assertion, &app.id).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_more_workspaces_than_one_batch_binds_too() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &[]).await;
    let app = ada.enroll().await;
    require(&stage, "w149", strict()).await;
    let today = json!({"M": {
        "state": {"S": "mfa"}, "factors": {"L": []}, "day": {"N": "20833"}, "password_day": {"N": "20833"},
    }});
    let all: serde_json::Map<_, _> = (0..150).map(|number| (format!("w{number:03}"), today.clone())).collect();
    let item = json!({"pk": {"S": "USER#ada"}, "sk": {"S": "SEEN"}, "version": {"N": "1"}, "workspaces": {"M": all}});
    stage.dynamodb("PutItem", json!({ "Item": item })).await;
    let assertion = ada.prove(&app).await;
    let reply = ada.remove(&assertion, &app.id).await;
    reply.refused(409, "last-factor");
    let reads = stage.calls_of(&reply.request).await;
    let batches: Vec<_> = reads.iter().filter(|call| call["operation"] == "BatchGetItem").collect();
    assert!(batches.len() == 2 && batches.iter().all(|call| call["consistent"] == true), "{batches:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_requiring_workspace_says_until_when() {
    let stage = Stage::new().await;
    let app = member(&stage, "ada", &["acme"]).await.enroll().await;
    require(&stage, "acme", strict()).await;
    require(&stage, "globex", strict()).await;
    let until = async |workspaces: &[&str]| {
        let ada = member(&stage, "ada", workspaces).await;
        let assertion = ada.prove(&app).await;
        ada.remove(&assertion, &app.id).await.refused(409, "last-factor").body["binds_until"].clone()
    };
    stage.advance(10 * DAY).await;
    assert_eq!(until(&[]).await, "2027-04-16T00:00:00Z");
    // The token names a workspace that has no row of her yet. Its policy binds her as of today.
    assert_eq!(until(&["globex"]).await, "2027-04-26T00:00:00Z");
    assert_eq!(until(&["acme"]).await, "2027-04-26T00:00:00Z");
    member(&stage, "ada", &["globex"]).await.login().await;
    assert_eq!(until(&[]).await, "2027-04-26T00:00:00Z", "the later of two");
    assert_eq!(until(&["lax"]).await, "2027-04-26T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_tokens_workspaces_say_which_kinds_are_usable() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["apps"]).await;
    let phone = ada.enroll_phone("+14155550123").await;
    let apps = json!({"required": true, "grace_days": 0, "allowed_factors": ["totp"]});
    require(&stage, "apps", apps).await;
    for (workspaces, mfa) in [(&["lax"][..], "passed"), (&["apps"], "enroll_only")] {
        stage.advance(600).await;
        let ada = member(&stage, "ada", workspaces).await;
        ada.email().await.expect(202);
        let redeemed = ada.redeem(&stage.emailed_to(ADA).await).await.expect(200);
        assert_eq!(claims(&redeemed)["mfa"], mfa);
        ada.text(&phone).await.expect(202);
        let verified = ada.verify(&phone, &stage.code_to("+14155550123").await).await.expect(200);
        assert_eq!(claims(&verified)["mfa"], mfa);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_what_binds_an_account_cannot_be_read_nothing_is_done() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let app = ada.enroll().await;
    require(&stage, "acme", json!({"required": true, "grace_days": 0})).await;
    ada.email().await.expect(202);
    let code = stage.emailed_to(ADA).await;
    stage.advance(60).await;
    let assertion = ada.prove(&app).await;
    let account = async || {
        let mut account = stage.account("ada").await;
        account.as_object_mut().unwrap().remove("by");
        account
    };
    let before = account().await;
    for order in [
        json!({"service": "dynamodb", "operation": "GetItem", "on": "USER# SEEN", "kind": "throttle", "times": 10}),
        json!({"service": "dynamodb", "operation": "BatchGetItem", "kind": "throttle", "times": 10}),
    ] {
        stage.order_fault(order).await;
        ada.email().await.refused(503, "temporarily-unavailable");
        ada.redeem(&code).await.refused(503, "temporarily-unavailable");
        ada.remove(&assertion, &app.id).await.refused(503, "temporarily-unavailable");
        stage.clear_faults().await;
        assert_eq!(account().await, before);
    }
    ada.redeem(&code).await.expect(200);
    let key = account_key("ada");
    assert_eq!(stage.dynamodb("GetItem", json!({ "Key": key })).await["Item"]["emailed"], Value::Null);
}
