//! A user adds another authenticator app, and removes the first one.

use std::sync::Arc;

use serde_json::json;
use tokio::{sync::Barrier, task::JoinSet};

use crate::stage::{Stage, User, account_key, scanned};

/// The ids of the listed factors, in order.
async fn ids(user: &User) -> Vec<String> {
    let listed = user.get("/v1/factors").await.expect(200);
    listed["factors"].as_array().unwrap().iter().map(|factor| factor["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_app_takes_proof_of_the_first() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let first = ada.enroll().await;
    ada.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-required");

    let assertion = ada.prove(&first).await;
    let second = ada.enroll_another(&assertion).await;
    assert!(second.recovery_codes.is_empty());

    // The last used factor comes first.
    assert_eq!(ids(&ada).await, [second.id.clone(), first.id.clone()]);
    ada.prove(&first).await;
    assert_eq!(ids(&ada).await, [first.id.clone(), second.id.clone()]);
    let login = ada.login().await;
    assert_eq!((&login["factors"][0]["id"], &login["recovery"]["codes_left"]), (&json!(first.id), &json!(10)));
    // The epoch has risen, so the old assertion is invalid.
    ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sixth_app_is_too_many() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let mut newest = ada.enroll().await;
    for _ in 2..=5 {
        newest = ada.enroll_another(&ada.prove(&newest).await).await;
    }
    let assertion = ada.prove(&newest).await;
    ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.refused(409, "too-many-factors");
    assert_eq!(ids(&ada).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_replaced() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let old = ada.enroll().await;
    let assertion = ada.prove(&old).await;
    let renamed = ada.rename(&assertion, &old.id, "Old phone").await.expect(200);
    assert_eq!((&renamed["id"], &renamed["name"]), (&json!(old.id), &json!("Old phone")));
    ada.rename(&assertion, &old.id, "Older phone").await.expect(200);
    assert_eq!(ada.get("/v1/factors").await.expect(200)["factors"][0]["name"], "Older phone");

    // Renaming does not change the epoch, so the same assertion begins the new phone.
    let new = ada.enroll_another(&assertion).await;
    let assertion = ada.prove(&new).await;
    let removed = ada.remove(&assertion, &old.id).await.expect(200);
    assert_eq!(ids(&ada).await, [new.id.as_str()]);
    assert_eq!(ada.login().await["recovery"]["codes_left"], 10);
    let code = old.app.code(stage.now().await);
    ada.verify(&old.id, &code).await.refused(404, "factor-not-found");

    // The used assertion is invalid now. The new one is valid.
    ada.rename(&assertion, &new.id, "Phone").await.refused(403, "assertion-invalid");
    let fresh = removed["assertion"].as_str().unwrap();
    ada.rename(fresh, &new.id, "Phone").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_factor_takes_the_recovery_codes_with_it() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let only = ada.enroll().await;
    let epoch = stage.account("ada").await["epoch"]["N"].clone();
    let assertion = ada.prove(&only).await;
    ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    ada.remove(&assertion, &only.id).await.expect(200);

    let account = stage.account("ada").await;
    assert_eq!(account["factors"]["M"], json!({}), "the pending one went too");
    assert!(account.get("recovery").is_none());
    assert!(account["epoch"]["N"].as_str() > epoch.as_str());
    let login = ada.login().await;
    assert_eq!((&login["decision"], &login["recovery"]["codes_left"]), (&json!("allow"), &json!(0)));
    // Another enrollment makes new codes.
    assert_ne!(ada.enroll().await.recovery_codes, only.recovery_codes);
}

#[tokio::test(flavor = "multi_thread")]
async fn renaming_and_removing_take_proof() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let allowed = ada.login().await["assertion"].as_str().unwrap().to_owned();
    let enrolled = ada.enroll().await;
    let before = stage.account("ada").await;
    let path = format!("/v1/factors/{}", enrolled.id);
    let bare = |method| ada.request(method, &path);
    let rename = bare(reqwest::Method::PATCH).json(&json!({"name": "Mine"}));
    stage.send(rename).await.refused(403, "assertion-required");
    stage.send(bare(reqwest::Method::DELETE)).await.refused(403, "assertion-required");
    ada.rename(&allowed, &enrolled.id, "Mine").await.refused(403, "assertion-invalid");
    ada.remove(&allowed, &enrolled.id).await.refused(403, "assertion-invalid");
    assert_eq!(stage.account("ada").await, before);

    let assertion = ada.prove(&enrolled).await;
    for id in ["01M86NP37KVJYCH5C44V5B7J55", "nonsense"] {
        ada.rename(&assertion, id, "Mine").await.refused(404, "factor-not-found");
        ada.remove(&assertion, id).await.refused(404, "factor-not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thiefs_pending_factor_ends_when_the_owner_enrolls() {
    let stage = Stage::new().await;
    // Both have the password.
    let (ada, thief) = (stage.user("ada").await, stage.user("ada").await);
    let (stolen, app) = thief.begin().await;
    let own = ada.enroll().await;
    thief.activate(&stolen, &app.code(stage.now().await)).await.refused(404, "factor-not-found");
    thief.post("/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-required");
    assert_eq!(ids(&ada).await, [own.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_removes_one_factor_and_no_second() {
    let stage = Stage::new().await;
    for round in 0..5 {
        let user = stage.user(&format!("user-{round}")).await;
        let first = user.enroll().await;
        let second = user.enroll_another(&user.prove(&first).await).await;
        let assertion = user.prove(&first).await;
        let start = Arc::new(Barrier::new(2));
        let mut removals = JoinSet::new();
        for id in [first.id, second.id] {
            let (user, assertion, start) = (user.clone(), assertion.clone(), start.clone());
            removals.spawn(async move {
                start.wait().await;
                user.remove(&assertion, &id).await
            });
        }
        let mut outcomes: Vec<_> =
            removals.join_all().await.iter().map(|reply| (reply.status, reply.code().to_owned())).collect();
        outcomes.sort();
        assert_eq!(outcomes, [(200, String::new()), (403, "assertion-invalid".to_owned())]);
        assert_eq!(ids(&user).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_factor_that_is_removed_meanwhile_is_not_accepted() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let first = ada.enroll().await;
    // The attempt is counted, and then waits for KMS while the factor is removed.
    stage.fault("kms", "Decrypt", "throttle", 2).await;
    let code = first.app.code(stage.now().await);
    let verify = tokio::spawn({
        let (ada, id) = (ada.clone(), first.id.clone());
        async move { ada.verify(&id, &code).await }
    });
    stage.until_counted("ada", 1).await;
    let ask = json!({
        "Key": account_key("ada"),
        "UpdateExpression": "REMOVE factors.#id",
        "ExpressionAttributeNames": {"#id": first.id},
    });
    stage.dynamodb("UpdateItem", ask).await;
    verify.await.unwrap().refused(404, "factor-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_begins_at_once_leave_no_more_than_three_pending() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let mut begins = JoinSet::new();
    for _ in 0..50 {
        let ada = ada.clone();
        begins.spawn(async move { ada.post("/v1/factors", json!({"kind": "totp"})).await });
    }
    let replies = begins.join_all().await;
    let begun: Vec<_> =
        replies.iter().filter(|reply| reply.status == 201).map(|reply| reply.body["id"].clone()).collect();
    assert!(!begun.is_empty());
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(503, "temporarily-unavailable");
    }
    let account = stage.account("ada").await;
    let pending: Vec<_> = account["factors"]["M"].as_object().unwrap().keys().map(|id| json!(id)).collect();
    assert!((1..=3).contains(&pending.len()), "{pending:?}");
    assert!(pending.iter().all(|id| begun.contains(id)), "each has a reply with 201");
    // No request overwrote another one: each 201 is one version of the account.
    assert_eq!(account["version"]["N"], begun.len().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_begin_under_way_when_the_owner_enrolls_is_refused() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let thief = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    // The thief's request has read an account without an active factor, and waits for KMS to seal the secret.
    stage.fault("kms", "Encrypt", "late", 1).await;
    let begin = tokio::spawn(async move { thief.post("/v1/factors", json!({"kind": "totp"})).await });
    stage.until_called("Encrypt", 2).await;
    ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    begin.await.unwrap().refused(403, "assertion-required");
    assert_eq!(ids(&ada).await, [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn begins_and_activations_at_once_never_make_a_sixth() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let mut newest = ada.enroll().await;
    for _ in 2..=4 {
        newest = ada.enroll_another(&ada.prove(&newest).await).await;
    }
    let assertion = ada.prove(&newest).await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        let reply = ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
        let (id, app) = scanned(&reply);
        begun.push((id, app.code(stage.now().await)));
    }
    let mut tasks = JoinSet::new();
    for (id, code) in begun.iter().flat_map(|one| [one; 5]) {
        let (ada, id, code) = (ada.clone(), id.clone(), code.clone());
        tasks.spawn(async move { ada.activate(&id, &code).await });
    }
    for _ in 0..35 {
        let (ada, assertion) = (ada.clone(), assertion.clone());
        tasks.spawn(async move { ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await });
    }
    let replies = tasks.join_all().await;
    // There may be none, if the other requests replaced all three pending factors first.
    let activated = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(activated <= 1, "{replies:?}");
    let listed = ada.get("/v1/factors").await.expect(200);
    let active = listed["factors"].as_array().unwrap().iter().filter(|factor| factor["status"] == "active").count();
    assert_eq!(active, 4 + activated);
    // The activation removed all pending factors, and the old assertion begins no more.
    let left: Vec<_> =
        listed["factors"].as_array().unwrap().iter().filter(|factor| factor["status"] == "pending").collect();
    assert!(activated == 0 || left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_does_not_prolong_a_proof() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let mut assertion = ada.prove(&enrolled).await;
    // Beginning and removing factors does not extend the 5 minutes of the first assertion.
    for _ in 0..4 {
        stage.advance(60).await;
        let begun = ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
        let removed = ada.remove(&assertion, begun["id"].as_str().unwrap()).await.expect(200);
        assertion = removed["assertion"].as_str().unwrap().to_owned();
    }
    stage.advance(60).await;
    ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.refused(403, "assertion-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_enrollment_is_neither_renamed_nor_removed() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let assertion = ada.prove(&enrolled).await;
    let begun = ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let id = begun["id"].as_str().unwrap();
    ada.rename(&assertion, id, "Tablet").await.expect(200);
    stage.advance(600).await;
    let assertion = ada.prove(&enrolled).await;
    let before = stage.account("ada").await;
    ada.rename(&assertion, id, "Tablet").await.refused(410, "enrollment-expired");
    ada.remove(&assertion, id).await.refused(410, "enrollment-expired");
    assert_eq!(stage.account("ada").await, before);
}
