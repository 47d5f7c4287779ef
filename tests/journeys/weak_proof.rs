//! Emailed codes and recovery codes are weak proofs. A thief tries strong acts with them. The user recovers with them.

use reqwest::Method;
use serde_json::{Value, json};

use super::workspace_requires::{DAY, decision, member, owner, put, require};
use crate::stage::{Enrolled, Reply, Stage, User, account_key, claims, scanned};

const ADA: &str = "ada@example.com";
const NUMBER: &str = "+14155550123";

/// Gets an assertion with a code that is emailed to Ada now.
async fn by_email(stage: &Stage, ada: &User) -> String {
    ada.email().await.expect(202);
    let redeemed = ada.redeem(&stage.emailed_to(ADA).await).await.expect(200);
    redeemed["assertion"].as_str().unwrap().to_owned()
}

/// Begins an app with this assertion, and activates it. Returns the app, and the reply to the activation.
async fn activated_with(stage: &Stage, ada: &User, assertion: &str) -> (Enrolled, Value) {
    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let (id, app) = scanned(&begun);
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    stage.next_code(&app).await;
    (Enrolled { id, app, recovery_codes: Vec::new() }, activated)
}

fn assertion(body: &Value) -> String {
    body["assertion"].as_str().unwrap().to_owned()
}

async fn members(user: &User, assertion: &str) -> Reply {
    let ask = user.request(Method::GET, "/v1/workspaces/acme/members").header("mfa-assertion", assertion);
    user.send(ask).await
}

/// Tries each strong act with this assertion: new recovery codes, a policy, the list of members, the removal of a
/// factor.
async fn strong_acts(user: &User, assertion: &str, lost: &str) -> [Reply; 4] {
    [
        user.post_with(assertion, "/v1/recovery/codes", json!({})).await,
        put(user, Some(assertion), "acme", json!({"grace_days": 3}), None).await,
        members(user, assertion).await,
        user.remove(assertion, lost).await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_or_emailed_code_only_logs_in_and_begins_a_factor() {
    let stage = Stage::new().await;
    let ada = owner(&stage, "ada", &["acme"]).await;
    let app = ada.enroll().await;
    let by_paper = assertion(&ada.redeem(&app.recovery_codes[0]).await.expect(200));
    let by_email = by_email(&stage, &ada).await;
    for weak in [by_paper, by_email] {
        let said = claims(&json!({ "assertion": weak }));
        assert_eq!((said.get("enrolled_by"), said.get("factor_since")), (None, None), "no factor was used");
        let before = stage.account("ada").await;
        for reply in strong_acts(&ada, &weak, &app.id).await {
            reply.refused(403, "assertion-required");
        }
        ada.rename(&weak, &app.id, "Mine").await.refused(403, "assertion-required");
        assert_eq!(stage.account("ada").await, before);
        ada.post_with(&weak, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_recovery_code_the_lost_phone_goes_in_one_sitting() {
    let stage = Stage::new().await;
    let ada = owner(&stage, "ada", &["acme"]).await;
    let lost = ada.enroll().await;
    stage.advance(DAY).await;
    let ada = owner(&stage, "ada", &["acme"]).await;
    let by_paper = assertion(&ada.redeem(&lost.recovery_codes[0]).await.expect(200));
    let (new, activated) = activated_with(&stage, &ada, &by_paper).await;
    assert_eq!(activated["factor"]["enrolled_by"], "recovery");
    for reply in strong_acts(&ada, &assertion(&activated), &lost.id).await {
        assert!([200, 201].contains(&reply.status), "{reply:?}");
    }
    let login = ada.login().await;
    assert_eq!((login["factors"].as_array().unwrap().len(), &login["factors"][0]["id"]), (1, &json!(new.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_emailed_code_the_lost_phone_goes_a_day_later() {
    let stage = Stage::new().await;
    let ada = owner(&stage, "ada", &["acme"]).await;
    let lost = ada.enroll().await;
    let emailed = by_email(&stage, &ada).await;
    let (new, activated) = activated_with(&stage, &ada, &emailed).await;
    assert_eq!(activated["factor"]["enrolled_by"], "email");
    let (since, fresh) = (claims(&activated)["factor_since"].as_u64().unwrap(), assertion(&activated));
    let before = stage.account("ada").await;
    for reply in strong_acts(&ada, &fresh, &lost.id).await {
        let waited = stage.now().await - since;
        assert_eq!(reply.refused(403, "factor-too-new").header("retry-after"), (DAY - waited).to_string());
    }
    assert_eq!(stage.account("ada").await, before);
    // It can't rename factors either: with a wrong name, the user might remove the wrong one.
    for id in [&lost.id, &new.id] {
        ada.rename(&fresh, id, "Mine").await.refused(403, "factor-too-new");
    }

    stage.advance(DAY - (stage.now().await - since) - 31).await;
    let ada = owner(&stage, "ada", &["acme"]).await;
    let early = ada.prove(&new).await;
    stage.advance(DAY - (stage.now().await - since) - 1).await;
    ada.remove(&early, &lost.id).await.refused(403, "factor-too-new");
    stage.advance(1).await;
    for reply in strong_acts(&ada, &early, &lost.id).await {
        assert!([200, 201].contains(&reply.status), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_factor_is_named_and_goes_with_a_code_of_any_factor() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    ada.enroll().await;
    let emailed = by_email(&stage, &ada).await;
    let (_, activated) = activated_with(&stage, &ada, &emailed).await;
    let fresh = assertion(&activated);
    let (pending, _) = scanned(&ada.post_with(&fresh, "/v1/factors", json!({"kind": "totp"})).await.expect(201));
    ada.rename(&fresh, &pending, "Mine").await.expect(200);
    ada.remove(&fresh, &pending).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_says_since_when_and_how_a_factor_is_there() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    let listed = ada.get("/v1/factors").await.expect(200)["factors"][0].clone();
    assert_eq!((&listed["enrolled_by"], &listed["factor_since"]), (&json!("first"), &Value::Null));
    stage.advance(90).await;
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    let since = stage.now().await;
    let about = |body: &Value| [claims(body)["enrolled_by"].clone(), claims(body)["factor_since"].clone()];
    assert_eq!(about(&activated), [json!("first"), json!(since)]);
    let listed = ada.get("/v1/factors").await.expect(200)["factors"][0].clone();
    assert_eq!((&listed["enrolled_by"], &listed["factor_since"]), (&json!("first"), &json!("2027-01-15T08:01:30Z")));
    stage.next_code(&app).await;

    // In its first 24 hours, a factor hands its own `enrolled_by` on. After that, new factors have the kind of its
    // code.
    let first = Enrolled { id, app, recovery_codes: Vec::new() };
    let (_, second) = activated_with(&stage, &ada, &ada.prove(&first).await).await;
    assert_eq!(second["factor"]["enrolled_by"], "first");
    stage.advance(DAY - (stage.now().await - since)).await;
    let ada = stage.user("ada").await;
    let proof = ada.prove(&first).await;
    assert_eq!(about(&json!({ "assertion": proof })), [json!("first"), json!(since)]);
    let begun = ada.post_with(&proof, "/v1/factors", json!({"kind": "sms", "phone": NUMBER})).await.expect(201);
    let phone = begun["id"].as_str().unwrap();
    ada.text(phone).await.expect(202);
    let third = ada.activate(phone, &stage.code_to(NUMBER).await).await.expect(200);
    assert_eq!(about(&third), [json!("otp"), json!(stage.now().await)]);
    // A factor that was begun with a factor's code hands nothing on, however new it is.
    let (_, fourth) = activated_with(&stage, &ada, &assertion(&third)).await;
    assert_eq!(fourth["factor"]["enrolled_by"], "sms");

    // A removal's new assertion repeats these claims of the one that it required.
    let removed = ada.remove(&assertion(&fourth), phone).await.expect(200);
    assert_eq!(about(&removed), about(&fourth));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_from_before_is_first_since_it_was_begun() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    let begun = stage.now().await;
    stage.advance(30).await;
    ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    stage.next_code(&app).await;
    let old = json!({
        "Key": account_key("ada"), "UpdateExpression": "REMOVE factors.#id.enrolled_by, factors.#id.activated_at",
        "ExpressionAttributeNames": {"#id": id},
    });
    stage.dynamodb("UpdateItem", old).await;
    let proof = ada.prove(&Enrolled { id, app, recovery_codes: Vec::new() }).await;
    let said = claims(&json!({ "assertion": proof }));
    assert_eq!((&said["enrolled_by"], &said["factor_since"]), (&json!("first"), &json!(begun)));
}

/// Ada with three factors: her own app, app A and phone B. A thief of her mailbox added A with a token of the workspace
/// `lax`. Two days later, the thief added B with A. Since then her workspace `acme` forbids emailed codes.
async fn mailbox_thief(stage: &Stage) -> (Enrolled, Enrolled, String) {
    let ada = member(stage, "ada", &["acme"]).await;
    let own = ada.enroll().await;
    ada.login().await;
    stage.advance(2 * DAY).await;
    let thief = member(stage, "ada", &["lax"]).await;
    let emailed = by_email(stage, &thief).await;
    let (a, _) = activated_with(stage, &thief, &emailed).await;
    stage.advance(2 * DAY).await;
    let thief = member(stage, "ada", &["lax"]).await;
    let proof = thief.prove(&a).await;
    let begun = thief.post_with(&proof, "/v1/factors", json!({"kind": "sms", "phone": NUMBER})).await.expect(201);
    let b = begun["id"].as_str().unwrap().to_owned();
    thief.text(&b).await.expect(202);
    let activated = thief.activate(&b, &stage.code_to(NUMBER).await).await.expect(200);
    assert_eq!(activated["factor"]["enrolled_by"], "email", "B counts as begun by email, however old A is");
    require(stage, "acme", json!({"required": true, "grace_days": 0, "allow_email_recovery": false})).await;
    (own, a, b)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_of_email_opens_no_workspace_that_forbids_email() {
    let stage = Stage::new().await;
    let (own, a, b) = mailbox_thief(&stage).await;
    stage.advance(60).await;
    let thief = member(&stage, "ada", &["acme"]).await;
    let login = thief.login().await;
    let ids: Vec<_> = login["factors"].as_array().unwrap().iter().map(|factor| factor["id"].clone()).collect();
    assert_eq!((decision(&login), ids), (("challenge", "mfa_enabled"), vec![json!(own.id)]));
    let before = stage.account("ada").await;
    let code = a.app.code(stage.now().await);
    thief.verify(&a.id, &code).await.refused(403, "not-allowed-by-workspace");
    thief.text(&b).await.refused(403, "not-allowed-by-workspace");
    let mut after = stage.account("ada").await;
    after["by"] = before["by"].clone();
    after["tried_before"] = before["tried_before"].clone();
    assert_eq!(after, before, "nothing is counted");
    // In `lax`, both still work.
    let lax = member(&stage, "ada", &["lax"]).await;
    lax.verify(&a.id, &code).await.expect(200);
    lax.text(&b).await.expect(202);
    lax.verify(&b, &stage.code_to(NUMBER).await).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_factor_of_email_never_enrolls_but_paper_does() {
    let stage = Stage::new().await;
    let (own, a, b) = mailbox_thief(&stage).await;
    // Only factors that were begun by email are left.
    let ada = member(&stage, "ada", &["acme"]).await;
    let assertion_of_own = ada.prove(&own).await;
    ada.remove(&assertion_of_own, &own.id).await.expect(200);
    let login = ada.login().await;
    assert_eq!((decision(&login), &login["factors"]), (("enroll", "method_not_allowed"), &json!([])));
    let now = stage.now().await;
    ada.verify(&a.id, &a.app.code(now)).await.refused(403, "not-allowed-by-workspace");
    ada.text(&b).await.refused(403, "not-allowed-by-workspace");
    // A recovery code lets Ada add a usable factor.
    let redeemed = ada.redeem(&own.recovery_codes[0]).await.expect(200);
    assert_eq!(claims(&redeemed)["mfa"], "enroll_only");
    let (_, activated) = activated_with(&stage, &ada, &assertion(&redeemed)).await;
    assert_eq!(activated["factor"]["enrolled_by"], "recovery");
    assert_eq!(decision(&ada.login().await), ("challenge", "mfa_enabled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_of_email_weakens_nothing_under_a_binding_policy() {
    let stage = Stage::new().await;
    let (own, a, _) = mailbox_thief(&stage).await;
    // The thief also owns `lax`, and A is more than 24 hours old.
    let ask = json!({"sub": "ada", "workspaces": ["lax"], "owned_workspaces": ["lax"]});
    let thief = stage.user_with(ask).await;
    let proof = thief.prove(&a).await;
    let before = stage.account("ada").await;
    thief.remove(&proof, &own.id).await.refused(403, "not-allowed-by-workspace");
    thief.post_with(&proof, "/v1/recovery/codes", json!({})).await.refused(403, "not-allowed-by-workspace");
    put(&thief, Some(&proof), "lax", json!({}), None).await.refused(403, "not-allowed-by-workspace");
    let members = thief.request(Method::GET, "/v1/workspaces/lax/members").header("mfa-assertion", &proof);
    thief.send(members).await.refused(403, "not-allowed-by-workspace");
    assert_eq!(stage.account("ada").await, before);
    // Ada's own app allows all of it, with the same token.
    let proof = thief.prove(&own).await;
    put(&thief, Some(&proof), "lax", json!({}), None).await.expect(200);
    thief.post_with(&proof, "/v1/recovery/codes", json!({})).await.expect(201);
    thief.remove(&proof, &a.id).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_of_email_weakens_nothing_where_policies_are_unread() {
    let stage = Stage::new().await;
    let (own, a, _) = mailbox_thief(&stage).await;
    let ask = json!({"sub": "ada", "workspaces": ["lax"], "owned_workspaces": ["lax"]});
    let thief = stage.user_with(ask).await;
    let proof = thief.prove(&a).await;
    let before = stage.account("ada").await;
    for order in [
        json!({"service": "dynamodb", "operation": "GetItem", "on": "USER# SEEN", "kind": "throttle", "times": 20}),
        json!({"service": "dynamodb", "operation": "BatchGetItem", "kind": "throttle", "times": 20}),
    ] {
        stage.order_fault(order).await;
        let members = thief.request(Method::GET, "/v1/workspaces/lax/members").header("mfa-assertion", &proof);
        for reply in [
            thief.post_with(&proof, "/v1/recovery/codes", json!({})).await,
            put(&thief, Some(&proof), "lax", json!({"grace_days": 3}), None).await,
            thief.send(members).await,
            thief.remove(&proof, &own.id).await,
        ] {
            reply.refused(503, "temporarily-unavailable");
        }
        stage.clear_faults().await;
    }
    assert_eq!(stage.account("ada").await, before);
    let shown = thief.get("/v1/workspaces/lax/policy").await.expect(200);
    assert_eq!(shown["updated_at"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_begun_in_a_lax_workspace_is_stuck_in_a_strict_one() {
    let stage = Stage::new().await;
    member(&stage, "ada", &["lax"]).await.enroll().await;
    let lax = member(&stage, "ada", &["lax"]).await;
    let emailed = by_email(&stage, &lax).await;
    require(&stage, "acme", json!({"required": true, "grace_days": 0, "allow_email_recovery": false})).await;
    let (app, codes) = scanned(&lax.post_with(&emailed, "/v1/factors", json!({"kind": "totp"})).await.expect(201));
    let begun = lax.post_with(&emailed, "/v1/factors", json!({"kind": "sms", "phone": NUMBER})).await.expect(201);
    let phone = begun["id"].as_str().unwrap();
    let before = stage.account("ada").await;

    let strict = member(&stage, "ada", &["acme"]).await;
    let code = codes.code(stage.now().await);
    strict.activate(&app, &code).await.refused(403, "not-allowed-by-workspace");
    strict.text(phone).await.refused(403, "not-allowed-by-workspace");
    let mut after = stage.account("ada").await;
    after["by"] = before["by"].clone();
    assert_eq!(after, before, "the attempt is not counted");
    lax.activate(&app, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_phone_of_email_enrolls_factors_of_email() {
    let stage = Stage::new().await;
    let ada = member(&stage, "ada", &["lax"]).await;
    let own = ada.enroll().await;
    let emailed = by_email(&stage, &ada).await;
    let begun = ada.post_with(&emailed, "/v1/factors", json!({"kind": "sms", "phone": NUMBER})).await.expect(201);
    let phone = begun["id"].as_str().unwrap();
    ada.text(phone).await.expect(202);
    ada.activate(phone, &stage.code_to(NUMBER).await).await.expect(200);
    let proof = ada.prove(&own).await;
    ada.remove(&proof, &own.id).await.expect(200);
    // `apps` allows emailed codes, but no phones.
    require(&stage, "apps", json!({"required": true, "grace_days": 0, "allowed_factors": ["totp"]})).await;
    stage.advance(2 * DAY).await;
    let thief = member(&stage, "ada", &["apps"]).await;
    assert_eq!(thief.login().await["factors"][0]["id"], phone);
    thief.text(phone).await.expect(202);
    let verified = thief.verify(phone, &stage.code_to(NUMBER).await).await.expect(200);
    assert_eq!(
        (&claims(&verified)["mfa"], &claims(&verified)["enrolled_by"]),
        (&json!("enroll_only"), &json!("email"))
    );
    let (_, activated) = activated_with(&stage, &thief, &assertion(&verified)).await;
    assert_eq!(activated["factor"]["enrolled_by"], "email");
}
