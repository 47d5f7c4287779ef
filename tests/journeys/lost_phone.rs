//! A user without a phone logs in with a recovery code, and adds a new phone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stage::{Stage, at_once, claims, exactly_one, scanned};

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_replaces_a_lost_phone() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let lost = ada.enroll().await;
    let login = ada.login().await;
    assert_eq!(
        (&login["decision"], &login["recovery"]),
        (&json!("challenge"), &json!({"codes_left": 10, "low": false, "email_hint": "a•••@example.com"}))
    );

    // The spelling of a user who types it from paper.
    let typed = lost.recovery_codes[3].to_uppercase().replace('-', " ");
    let redeemed = ada.redeem(&typed).await.expect(200);
    assert_eq!(redeemed["recovery"], json!({"codes_left": 9, "low": false}));
    assert_eq!((&claims(&redeemed)["mfa"], &claims(&redeemed)["amr"]), (&json!("passed"), &json!(["recovery"])));
    let assertion = redeemed["assertion"].as_str().unwrap();

    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let (id, app) = scanned(&begun);
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    let fresh = activated["assertion"].as_str().unwrap();
    ada.remove(fresh, &lost.id).await.expect(200);
    let login = ada.login().await;
    assert_eq!((login["factors"].as_array().unwrap().len(), &login["factors"][0]["id"]), (1, &begun["id"]));
    assert_eq!(login["recovery"]["codes_left"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_redeemed_sixty_times_at_once_makes_one_assertion() {
    for round in 0..5 {
        let stage = Stage::new().await;
        let ada = stage.user("ada").await;
        let lost = ada.enroll().await;
        let attempts = vec![(ada.clone(), lost.recovery_codes[7].clone()); 60].into_iter();
        let replies = at_once(attempts.map(|(ada, code)| async move { ada.redeem(&code).await })).await;
        let others = exactly_one(&replies);
        assert!(others.is_subset(&BTreeSet::from(["code-used", "too-many-attempts"])), "round {round}: {others:?}");
        assert_eq!(ada.login().await["recovery"]["codes_left"], 9);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_code_works_once_and_the_last_one_too() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let lost = ada.enroll().await;
    for (left, code) in (0..10).rev().zip(&lost.recovery_codes) {
        let redeemed = ada.redeem(code).await.expect(200);
        assert_eq!(redeemed["recovery"], json!({"codes_left": left, "low": left <= 3}));
        ada.redeem(code).await.refused(422, "code-used");
    }
    assert_eq!(ada.login().await["recovery"]["codes_left"], 0);
    // The app still works, and allows new recovery codes.
    let assertion = ada.prove(&lost).await;
    let codes = ada.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);
    ada.redeem(codes["recovery_codes"][0].as_str().unwrap()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_codes_end_the_old_ones_also_while_one_is_being_redeemed() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    ada.post_nothing("/v1/recovery/codes").await.refused(409, "factor-not-active");
    let enrolled = ada.enroll().await;
    ada.post_nothing("/v1/recovery/codes").await.refused(403, "assertion-required");
    let assertion = ada.prove(&enrolled).await;
    let codes = ada.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);
    let codes: BTreeSet<_> =
        codes["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    for old in &enrolled.recovery_codes[..4] {
        assert!(!codes.contains(old));
        ada.redeem(old).await.refused(422, "code-rejected");
    }
    for new in &codes {
        ada.redeem(new).await.expect(200);
    }

    // If an old code is redeemed at the same time, it is accepted before the new codes exist, or not at all.
    let stage = Stage::slow().await;
    for round in 0..3 {
        let bob = stage.user(&format!("bob-{round}")).await;
        let enrolled = bob.enroll().await;
        let assertion = bob.prove(&enrolled).await;
        let (redeemed, made) = tokio::join!(
            bob.redeem(&enrolled.recovery_codes[0]),
            bob.post_with(&assertion, "/v1/recovery/codes", json!({}))
        );
        made.expect(201);
        assert!([200, 422].contains(&redeemed.status), "{redeemed:?}");
        assert_eq!(bob.login().await["recovery"]["codes_left"], 10, "an old code uses up none of the new ones");
        bob.redeem(&enrolled.recovery_codes[0]).await.refused(422, "code-rejected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_set_replaced_meanwhile_is_refused() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    // KMS is slow, so that the new set is stored first.
    stage.fault("kms", "GenerateMac", "throttle", 2).await;
    let redeem = tokio::spawn({
        let (ada, code) = (ada.clone(), enrolled.recovery_codes[0].clone());
        async move { ada.redeem(&code).await }
    });
    stage.until_account("ada", |account| account["recovery_failures"]["N"] == "1").await;
    let nonce = json!({
        "Key": crate::stage::account_key("ada"),
        "UpdateExpression": "SET recovery.nonce = :nonce",
        "ExpressionAttributeValues": {":nonce": {"B": "AAAAAAAAAAAAAAAAAAAAAA=="}},
    });
    stage.dynamodb("UpdateItem", nonce).await;
    let late = redeem.await.unwrap();
    late.refused(422, "code-rejected");
    assert!(crate::logs::of(&late.request).iter().any(|line| line["event"] == "verification.rejected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_lifts_a_lock_of_factors() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    set(&stage, "failures", 50).await;
    ada.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.refused(423, "locked");
    ada.redeem(&enrolled.recovery_codes[0]).await.expect(200);
    ada.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
}

async fn set(stage: &Stage, attribute: &str, count: u32) {
    let ask = json!({
        "Key": crate::stage::account_key("ada"), "UpdateExpression": format!("SET {attribute} = :count"),
        "ExpressionAttributeValues": {":count": {"N": count.to_string()}},
    });
    stage.dynamodb("UpdateItem", ask).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_guesses_wait_and_lock_on_their_own_count() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let wrong = "0000-0000-0000-0000";
    for left in (0..5).rev() {
        assert_eq!(ada.redeem(wrong).await.refused(422, "code-rejected").body["attempts_left"], left);
    }
    let waiting = ada.redeem(&enrolled.recovery_codes[0]).await;
    assert_eq!(waiting.refused(429, "too-many-attempts").header("retry-after"), "30");
    // Factors have a count of their own.
    ada.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
    ada.redeem(&enrolled.recovery_codes[0]).await.refused(429, "too-many-attempts");
    stage.advance(30).await;
    ada.redeem(wrong).await.refused(422, "code-rejected");
    assert_eq!(ada.redeem(wrong).await.refused(429, "too-many-attempts").header("retry-after"), "60");

    set(&stage, "recovery_failures", 99).await;
    stage.advance(3599).await;
    ada.redeem(&enrolled.recovery_codes[0]).await.refused(429, "too-many-attempts");
    stage.advance(1).await;
    let last = ada.redeem(wrong).await;
    last.refused(422, "code-rejected");
    let lines = crate::logs::of(&last.request);
    assert!(
        lines.iter().any(|line| line["event"] == "verification.locked" && line["factor"] == "recovery_code"),
        "{lines:?}"
    );
    stage.advance(24 * 3600 - 1).await;
    let ada = stage.user("ada").await;
    ada.redeem(&enrolled.recovery_codes[0]).await.refused(423, "locked");
    ada.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_recovery_code_among_200_guesses_does_not_slip_in() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let right = &enrolled.recovery_codes[0];
    let guesses =
        (0..200).map(|index| if index == 100 { right.clone() } else { format!("0000-0000-0000-0{index:03}") });
    let guesses = guesses.map(|guess| (ada.clone(), guess));
    let statuses = at_once(guesses.map(|(ada, guess)| async move { ada.redeem(&guess).await.status })).await;
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    // The accepted code clears the count. So at most five codes are rejected before it, and five after it.
    assert!(count(422) <= 10 && count(200) <= 1 && count(422) + count(200) + count(429) == 200, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_has_is_only_called_wrong() {
    let stage = Stage::new().await;
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let enrolled = ada.enroll().await;
    let code = &enrolled.recovery_codes[0];
    eve.redeem(code).await.refused(422, "code-rejected");
    assert!(stage.account("eve").await.is_null(), "nothing is stored");
    let (id, _) = eve.begin().await;
    eve.redeem(code).await.refused(422, "code-rejected");
    assert_eq!(stage.account("eve").await["factors"]["M"][&id]["M"]["status"]["S"], "pending");
    ada.redeem("k3xq9f2m7w").await.refused(400, "invalid-request");
    assert_eq!(stage.account("ada").await["recovery_failures"], Value::Null, "a malformed code is not counted");

    // Removing the last factor removes the recovery codes.
    let assertion = ada.prove(&enrolled).await;
    ada.remove(&assertion, &enrolled.id).await.expect(200);
    ada.redeem(&enrolled.recovery_codes[1]).await.refused(422, "code-rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn redeeming_survives_faults_and_lost_responses() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let mut codes = enrolled.recovery_codes.iter();
    // If KMS fails, the attempt is not counted.
    for (kind, status) in
        [("throttle", 503), ("error", 503), ("drop_before", 503), ("drop_after", 503), ("refuse", 500)]
    {
        stage.fault("kms", "GenerateMac", kind, 10).await;
        assert_eq!(ada.redeem(&enrolled.recovery_codes[9]).await.status, status, "{kind}");
        stage.clear_faults().await;
        assert_eq!(stage.account("ada").await["recovery_failures"]["N"], "0", "{kind}");
    }
    // The response to the reserve is lost, then the response to the commit.
    for spare in [0, 1] {
        stage.fault_after(spare, "dynamodb", "UpdateItem", "drop_after", 1).await;
        let code = codes.next().unwrap();
        ada.redeem(code).await.expect(200);
        ada.redeem(code).await.refused(422, "code-used");
    }
    // Signing fails after the commit. The code stays used.
    stage.fault("kms", "Sign", "error", 10).await;
    let code = codes.next().unwrap();
    ada.redeem(code).await.refused(503, "temporarily-unavailable");
    stage.clear_faults().await;
    ada.redeem(code).await.refused(422, "code-used");
    ada.redeem(codes.next().unwrap()).await.expect(200);
    assert_eq!(ada.login().await["recovery"]["codes_left"], 6);
}
