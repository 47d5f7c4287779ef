//! An owner requires MFA in a workspace: the effects on members with MFA, without it, and in two workspaces.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    logs,
    stage::{Enrolled, Reply, Stage, User, at_once, claims, scanned},
};

pub(super) const DAY: u64 = 24 * 3600;
const PHONE: &str = "+14155550123";

/// A user of these workspaces.
pub(super) async fn member(stage: &Stage, sub: &str, workspaces: &[&str]) -> User {
    stage.user_with(json!({"sub": sub, "workspaces": workspaces})).await
}

/// An owner of these workspaces.
pub(super) async fn owner(stage: &Stage, sub: &str, workspaces: &[&str]) -> User {
    stage.user_with(json!({"sub": sub, "workspaces": workspaces, "owned_workspaces": workspaces})).await
}

pub(super) async fn put(
    user: &User,
    assertion: Option<&str>,
    workspace: &str,
    wish: Value,
    if_match: Option<&str>,
) -> Reply {
    let mut request = user.request(Method::PUT, &format!("/v1/workspaces/{workspace}/policy")).json(&wish);
    for (name, value) in [("mfa-assertion", assertion), ("if-match", if_match)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    user.send(request).await
}

async fn show(user: &User, workspace: &str) -> Reply {
    user.get(&format!("/v1/workspaces/{workspace}/policy")).await
}

/// Sets the policy of a workspace to `wish`, as its owner.
pub(super) async fn require(stage: &Stage, workspace: &str, wish: Value) {
    let sub = format!("owner-of-{workspace}");
    let boss = owner(stage, &sub, &[workspace]).await;
    let (id, app) = boss.begin().await;
    let activated = boss.activate(&id, &app.code(stage.now().await)).await.expect(200);
    let assertion = activated["assertion"].as_str();
    put(&boss, assertion, workspace, wish, None).await.expect(200);
}

async fn enrolled_phone(stage: &Stage, user: &User) -> String {
    let id = user.begin_phone(PHONE).await;
    user.text(&id).await.expect(202);
    user.activate(&id, &stage.code_to(PHONE).await).await.expect(200);
    id
}

pub(super) fn decision(login: &Value) -> (&str, &str) {
    (login["decision"].as_str().unwrap(), login["reason"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_requires_mfa_and_a_member_has_a_week_to_enroll() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "boss", &["acme"]).await;
    let defaults = show(&boss, "acme").await;
    assert_eq!(defaults.header("etag"), "\"0\"");
    assert_eq!(
        defaults.expect(200),
        json!({
            "required": false, "grace_days": 7, "allowed_factors": ["totp", "sms"], "allow_email_recovery": true,
            "required_from": null, "updated_by": null, "updated_at": null,
        })
    );
    // Only an owner who has MFA may require it, and then only with an assertion.
    put(&boss, None, "acme", json!({"required": true}), None).await.refused(409, "owner-needs-mfa");
    put(&boss, None, "acme", json!({"allow_email_recovery": false}), None).await.refused(403, "assertion-required");
    let app = boss.enroll().await;
    put(&boss, None, "acme", json!({"required": true}), None).await.refused(403, "assertion-required");
    let assertion = boss.prove(&app).await;
    let set = put(&boss, Some(&assertion), "acme", json!({"required": true}), None).await;
    assert_eq!(set.header("etag"), "\"1\"");
    let lines = logs::of(&set.request);
    let event = lines.iter().find(|line| line["event"] == "policy.changed").unwrap();
    assert_eq!(
        (&event["user"], &event["workspace"], &event["how"]),
        (&json!("boss"), &json!("acme"), &json!("raised"))
    );
    let set = set.expect(200);
    assert_eq!((&set["required_from"], &set["updated_by"]), (&json!("2027-01-22T08:01:00Z"), &json!("boss")));

    let login = member(&stage, "ada", &["acme"]).await.login().await;
    assert_eq!(decision(&login), ("allow", "grace_period"));
    assert_eq!(login["enroll_by"], set["required_from"]);
    assert_eq!((&claims(&login)["mfa"], &claims(&login)["workspaces"]), (&json!("not_required"), &json!(["acme"])));

    stage.advance(7 * DAY).await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let login = ada.login().await;
    assert_eq!(decision(&login), ("enroll", "required_by_workspace"));
    assert_eq!((login.get("assertion"), &login["methods"]), (None, &json!(["totp", "sms"])));
    // A pending factor does not count.
    let begun = ada.post("/v1/factors", json!({"kind": "totp"})).await.expect(201);
    assert_eq!(ada.login().await["decision"], "enroll");
    let (id, app) = scanned(&begun);
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    assert_eq!((&claims(&activated)["mfa"], &claims(&activated)["workspaces"]), (&json!("passed"), &json!(["acme"])));
    assert_eq!(decision(&ada.login().await), ("challenge", "mfa_enabled"));
    // Users in no workspace, or in another one, are not affected.
    assert_eq!(member(&stage, "eve", &["globex"]).await.login().await["decision"], "allow");
    assert_eq!(member(&stage, "eve", &[]).await.login().await["decision"], "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn grace_is_counted_from_when_mfa_was_first_required() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "boss", &["acme"]).await;
    let app = boss.enroll().await;
    let set = async |boss: &User, wish: Value| {
        let assertion = boss.prove(&app).await;
        put(boss, Some(&assertion), "acme", wish, None).await.expect(200)["required_from"].clone()
    };
    let first = set(&boss, json!({"required": true})).await;
    stage.advance(DAY / 2).await;
    assert_eq!(
        set(&boss, json!({"required": true, "allowed_factors": ["totp"]})).await,
        first,
        "other changes move nothing"
    );
    // Some languages write 10 as `10.0`. To JSON Schema they are equal.
    assert_eq!(set(&boss, json!({"required": true, "grace_days": 10.0})).await, json!("2027-01-25T08:01:00Z"));
    assert_eq!(set(&boss, json!({"required": true, "grace_days": 0})).await, json!("2027-01-15T08:01:00Z"));
    assert_eq!(set(&boss, json!({})).await, Value::Null);
    assert_ne!(set(&boss, json!({"required": true})).await, first, "off and on again counts from then");
}

#[tokio::test(flavor = "multi_thread")]
async fn put_without_if_match_applies_each_write_in_turn() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "boss", &["acme"]).await;
    let app = boss.enroll().await;
    let assertion = boss.prove(&app).await;
    let wishes = vec![(boss.clone(), assertion); 8].into_iter().map(|(boss, assertion)| async move {
        put(&boss, Some(&assertion), "acme", json!({"required": true}), None).await
    });
    let replies = at_once(wishes).await;
    let saved = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(saved > 1 && replies.iter().all(|reply| [200, 503].contains(&reply.status)), "{replies:?}");
    assert_eq!(show(&boss, "acme").await.header("etag"), format!("\"{saved}\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_owner_sets_a_policy_and_a_lost_update_is_told() {
    let stage = Stage::new().await;
    let boss = owner(&stage, "boss", &["acme"]).await;
    let app = boss.enroll().await;
    let assertion = boss.prove(&app).await;
    for workspace in ["globex", "Acme", "no%20such", "a%2Fb"] {
        put(&boss, Some(&assertion), workspace, json!({"required": true}), None).await.refused(403, "not-owner");
        show(&boss, workspace).await.refused(403, "not-owner");
    }
    let ada = member(&stage, "ada", &["acme"]).await;
    show(&ada, "acme").await.refused(403, "not-owner");
    put(&ada, None, "acme", json!({}), None).await.refused(403, "not-owner");

    let body = json!({"required": true});
    for tag in ["\"1\"", "\"x\"", "0", "W/\"0\"", "", "\"+0\"", "\"\"", "\u{e9}"] {
        put(&boss, Some(&assertion), "acme", body.clone(), Some(tag)).await.refused(412, "policy-changed");
    }
    let attempts = vec![(boss.clone(), assertion.clone(), body.clone()); 50].into_iter();
    let attempts = attempts
        .map(|(boss, assertion, body)| async move { put(&boss, Some(&assertion), "acme", body, Some("\"0\"")).await });
    let replies = at_once(attempts).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert!(replies.iter().all(|reply| reply.status == 200 || reply.code() == "policy-changed"), "{replies:?}");
    // The same with a policy that already exists.
    for version in 1..4 {
        let tag = format!("\"{version}\"");
        let attempts = vec![(boss.clone(), assertion.clone(), body.clone(), tag); 50].into_iter().map(
            |(boss, assertion, body, tag)| async move { put(&boss, Some(&assertion), "acme", body, Some(&tag)).await },
        );
        let replies = at_once(attempts).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
    }
    // After a lost response, the retry recognizes its own write.
    stage.fault("dynamodb", "PutItem", "drop_after", 1).await;
    put(&boss, Some(&assertion), "acme", body.clone(), Some("*")).await.expect(200);
    let last = put(&boss, Some(&assertion), "acme", json!({"allowed_factors": []}), None).await;
    assert_eq!(last.header("etag"), "\"6\"");
    assert_eq!(last.expect(200)["allowed_factors"], json!(["totp"]), "authenticator apps are always among them");
    for (field, value) in [
        ("required", json!("yes")),
        ("grace_days", json!(31)),
        ("grace_days", json!(-1)),
        ("grace_days", json!(1.5)),
        ("allowed_factors", json!(["pigeon"])),
        ("allowed_factors", json!("totp")),
        ("allowed_factors", json!([{"totp": null}])),
        ("allow_email_recovery", json!(0)),
        ("allowed", json!([])),
    ] {
        let mut wish = json!({});
        wish[field] = value;
        let reply = put(&boss, Some(&assertion), "acme", wish, None).await;
        let detail = reply.refused(400, "invalid-request").body["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("`{field}`")), "{detail}");
    }
    assert_eq!(show(&boss, "acme").await.header("etag"), "\"6\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_by_sso_requires_mfa_only_where_sso_vouches() {
    let stage = Stage::new().await;
    let ask = json!({"sub": "boss", "workspaces": ["acme", "globex"], "owned_workspaces": ["acme", "globex"], "sso": ["acme"]});
    let boss = stage.user_with(ask).await;
    let login = boss.login().await;
    assert_eq!((decision(&login), &claims(&login)["workspaces"]), (("allow", "sso"), &json!(["acme"])));
    let assertion = login["assertion"].as_str().unwrap();
    put(&boss, Some(assertion), "globex", json!({"required": true}), None).await.refused(403, "not-owner");
    show(&boss, "globex").await.refused(403, "not-owner");
    // That login can't use a factor either: acme's identity provider must not open globex.
    let by_password = owner(&stage, "boss", &["acme", "globex"]).await;
    let app = by_password.enroll().await;
    boss.verify(&app.id, &app.app.code(stage.now().await)).await.refused(403, "sso-user");
    show(&by_password, "globex").await.expect(200);
    let login = boss.login().await;
    let assertion = login["assertion"].as_str().unwrap();
    put(&boss, Some(assertion), "acme", json!({"required": true, "grace_days": 0}), None).await.expect(200);
    // A login by SSO needs nothing more, whatever the policy.
    assert_eq!(decision(&boss.login().await), ("allow", "sso"));
    // Without SSO, an assertion with `not_required` is not enough.
    let plain = owner(&stage, "plain", &["globex"]).await;
    let nothing = plain.login().await["assertion"].clone();
    put(&plain, nothing.as_str(), "globex", json!({}), None).await.refused(403, "assertion-required");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_two_workspaces_the_strictest_wins() {
    let stage = Stage::new().await;
    require(&stage, "acme", json!({"required": true, "grace_days": 0, "allow_email_recovery": false})).await;
    require(&stage, "globex", json!({"required": true, "grace_days": 20, "allowed_factors": ["totp"]})).await;
    require(&stage, "initech", json!({"required": false, "allowed_factors": ["totp"], "allow_email_recovery": false}))
        .await;

    // In its days of grace, a policy does not forbid emailed codes yet.
    let grace = json!({"required": true, "grace_days": 20, "allow_email_recovery": false});
    require(&stage, "hooli", grace).await;
    let hooli = member(&stage, "eve", &["hooli"]).await;
    hooli.enroll().await;
    hooli.email().await.expect(202);
    let contractor = member(&stage, "ada", &["globex", "initech"]).await;
    assert_eq!(decision(&contractor.login().await), ("allow", "grace_period"));
    assert_eq!(contractor.login().await["methods"], json!(["totp"]), "a new factor must be valid after grace");
    contractor
        .post("/v1/factors", json!({"kind": "sms", "phone": PHONE}))
        .await
        .refused(403, "not-allowed-by-workspace");
    let contractor = member(&stage, "ada", &["acme", "globex"]).await;
    assert_eq!(decision(&contractor.login().await), ("enroll", "required_by_workspace"));
    // A policy that does not require MFA has no effect.
    let free = member(&stage, "bob", &["initech"]).await;
    assert_eq!(free.login().await["methods"], json!(["totp", "sms"]));
    enrolled_phone(&stage, &free).await;
    free.email().await.expect(202);

    let ada = member(&stage, "ada", &["acme"]).await;
    ada.enroll().await;
    ada.email().await.refused(403, "not-allowed-by-workspace");
    assert_eq!(ada.login().await["recovery"].get("email_hint"), None);
    ada.redeem("k3xq-9f2m").await.refused(422, "code-expired");
    // The policy also binds her account in a login that does not name the workspace.
    member(&stage, "ada", &["globex"]).await.email().await.refused(403, "not-allowed-by-workspace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_phone_only_enrolls_an_app() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let phone = enrolled_phone(&stage, &ada).await;
    require(&stage, "acme", json!({"required": true, "grace_days": 0, "allowed_factors": ["totp"]})).await;
    let login = ada.login().await;
    assert_eq!(decision(&login), ("enroll", "method_not_allowed"));
    assert_eq!((&login["factors"][0]["id"], &login["methods"]), (&json!(phone), &json!(["totp"])));
    ada.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-required");

    ada.text(&phone).await.expect(202);
    let verified = ada.verify(&phone, &stage.code_to(PHONE).await).await.expect(200);
    let said = claims(&verified);
    assert_eq!((&said["mfa"], &said["amr"]), (&json!("enroll_only"), &json!(["sms", "mfa"])));
    assert_eq!(said["aud"], stage.stack.api_url, "no app's backend accepts it");
    let assertion = verified["assertion"].as_str().unwrap();
    ada.remove(assertion, &phone).await.refused(403, "assertion-required");
    ada.post_with(assertion, "/v1/recovery/codes", json!({})).await.refused(403, "assertion-required");
    ada.post_with(assertion, "/v1/factors", json!({"kind": "sms", "phone": "+14155550199"}))
        .await
        .refused(403, "not-allowed-by-workspace");
    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let app = ada.finish(&begun).await;
    assert_eq!(decision(&ada.login().await), ("challenge", "mfa_enabled"));

    // Once there is an app, this workspace refuses the phone. Other workspaces still accept it.
    assert_eq!(ada.login().await["factors"].as_array().unwrap().len(), 1);
    let texts = stage.texts().await.len();
    ada.text(&phone).await.refused(403, "not-allowed-by-workspace");
    assert_eq!(stage.texts().await.len(), texts);
    let elsewhere = member(&stage, "ada", &[]).await;
    elsewhere.text(&phone).await.expect(202);
    let code = stage.code_to(PHONE).await;
    ada.verify(&phone, &code).await.refused(403, "not-allowed-by-workspace");
    assert_eq!(stage.account("ada").await["failures"]["N"], "0", "not counted");
    elsewhere.verify(&phone, &code).await.expect(200);
    ada.prove(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_beside_a_forbidden_phone_only_enrolls() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let id = ada.begin_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let activated = ada.activate(&id, &stage.code_to(PHONE).await).await.expect(200);
    require(&stage, "acme", json!({"required": true, "grace_days": 0, "allowed_factors": ["totp"]})).await;
    let redeemed = ada.redeem(activated["recovery_codes"][0].as_str().unwrap()).await.expect(200);
    assert_eq!((&claims(&redeemed)["mfa"], &claims(&redeemed)["amr"]), (&json!("enroll_only"), &json!(["recovery"])));
    ada.email().await.expect(202);
    let redeemed = ada.redeem(&stage.emailed_to("ada@example.com").await).await.expect(200);
    assert_eq!((&claims(&redeemed)["mfa"], &claims(&redeemed)["amr"]), (&json!("enroll_only"), &json!(["email"])));
    let assertion = redeemed["assertion"].as_str().unwrap();
    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let (id, app) = scanned(&begun);
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    assert_eq!(claims(&activated)["mfa"], "passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_forbidden_meanwhile_is_not_texted_or_activated() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let id = ada.begin_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let code = stage.code_to(PHONE).await;
    require(&stage, "acme", json!({"required": true, "allowed_factors": ["totp"]})).await;
    stage.advance(30).await;
    ada.text(&id).await.refused(403, "not-allowed-by-workspace");
    ada.activate(&id, &code).await.refused(403, "not-allowed-by-workspace");
    assert_eq!(stage.account("ada").await["factors"]["M"][&id]["M"]["tries"]["N"], "0", "not counted");
    let elsewhere = member(&stage, "ada", &[]).await;
    elsewhere.text(&id).await.expect(202);
    elsewhere.activate(&id, &stage.code_to(PHONE).await).await.expect(200);
}

/// Two apps of one user.
async fn two_apps(user: &User) -> [Enrolled; 2] {
    let first = user.enroll().await;
    let assertion = user.prove(&first).await;
    let second = user.enroll_another(&assertion).await;
    [first, second]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_factor_stays_where_mfa_is_required() {
    let stage = Stage::new().await;
    require(&stage, "acme", json!({"required": true, "grace_days": 0})).await;
    for round in 0..10 {
        let ada = member(&stage, &format!("ada-{round}"), &["acme"]).await;
        let [first, second] = two_apps(&ada).await;
        let assertion = ada.prove(&first).await;
        let removals = vec![(ada.clone(), assertion.clone(), [first.id, second.id]); 25].into_iter();
        let removals = removals.flat_map(|(ada, assertion, ids)| ids.map(|id| (ada.clone(), assertion.clone(), id)));
        let replies =
            at_once(removals.map(|(ada, assertion, id)| async move { ada.remove(&assertion, &id).await })).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
        assert!(
            replies.iter().all(|reply| {
                reply.status == 200
                    || ["last-factor", "assertion-invalid", "temporarily-unavailable"].contains(&reply.code())
            }),
            "{replies:?}"
        );
        assert_eq!(ada.login().await["decision"], "challenge");
    }
    let ada = member(&stage, "ada", &["acme"]).await;
    let app = ada.enroll().await;
    let assertion = ada.prove(&app).await;
    ada.remove(&assertion, &app.id).await.refused(409, "last-factor");
    // The same in a login that does not name the workspace.
    let elsewhere = member(&stage, "ada", &[]).await;
    let assertion = elsewhere.prove(&app).await;
    elsewhere.remove(&assertion, &app.id).await.refused(409, "last-factor");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_cannot_be_read_open_nothing() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["acme"]).await;
    let app = ada.enroll().await;
    let codes = app.recovery_codes.clone();
    for (kind, status) in [("throttle", 503), ("error", 503), ("drop_before", 503), ("partial", 503), ("refuse", 500)] {
        stage.fault("dynamodb", "BatchGetItem", kind, 20).await;
        assert_eq!(ada.post_nothing("/v1/logins").await.status, status, "{kind}");
        assert_eq!(ada.verify(&app.id, &app.app.code(stage.now().await)).await.status, status, "{kind}");
        stage.clear_faults().await;
        stage.fault("dynamodb", "BatchGetItem", kind, 10).await;
        assert_eq!(ada.redeem(&codes[0]).await.status, status, "{kind}");
        stage.clear_faults().await;
        let account = stage.account("ada").await;
        assert_eq!(
            (&account["failures"]["N"], &account["recovery_failures"]["N"]),
            (&json!("0"), &json!("0")),
            "not counted"
        );
    }
    ada.verify(&app.id, &app.app.code(stage.now().await)).await.expect(200);
    // If a batch leaves a policy out, the function reads it again. Otherwise the policy would not be enforced.
    require(&stage, "acme", json!({"required": true, "grace_days": 0})).await;
    let bob = member(&stage, "bob", &["acme"]).await;
    stage.fault("dynamodb", "BatchGetItem", "partial", 2).await;
    assert_eq!(decision(&bob.login().await), ("enroll", "required_by_workspace"));
    let row = json!({"Item": {"pk": {"S": "WORKSPACE#acme"}, "sk": {"S": "POLICY"}, "required": {"S": "maybe"}}});
    stage.dynamodb("PutItem", row).await;
    ada.post_nothing("/v1/logins").await.refused(500, "internal");
}
