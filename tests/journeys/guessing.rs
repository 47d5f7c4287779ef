//! A thief who has the password guesses codes.

use serde_json::json;

use crate::{
    logs,
    stage::{Stage, scanned},
};

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_are_free_then_each_waits_twice_as_long() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let wrong = enrolled.app.wrong_code(stage.now().await);
    for left in [4, 3, 2, 1, 0] {
        let reply = ada.verify(&enrolled.id, &wrong).await;
        assert_eq!(reply.refused(422, "code-rejected").body["attempts_left"], left);
    }
    for wait in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
        let now = stage.advance(wait - 1).await;
        let early = ada.verify(&enrolled.id, &enrolled.app.code(now)).await;
        assert_eq!(early.refused(429, "too-many-attempts").header("retry-after"), "1");
        let now = stage.advance(1).await;
        let reply = ada.verify(&enrolled.id, &enrolled.app.wrong_code(now)).await;
        assert_eq!(reply.refused(422, "code-rejected").body["attempts_left"], 0);
        let next = (wait * 2).min(3600).to_string();
        let again = ada.verify(&enrolled.id, &enrolled.app.code(now)).await;
        assert_eq!(again.refused(429, "too-many-attempts").header("retry-after"), next);
        assert_eq!(ada.login().await["retry_after"].to_string(), next);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_code_clears_the_count() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    for _ in 0..2 {
        let right = stage.next_code(&enrolled.app).await;
        let wrong = enrolled.app.wrong_code(stage.now().await);
        for _ in 0..4 {
            ada.verify(&enrolled.id, &wrong).await.refused(422, "code-rejected");
        }
        ada.verify(&enrolled.id, &right).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_failures_lock_the_factors_even_for_the_right_code() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "expires_in": 10 * 365 * 86_400})).await;
    let enrolled = ada.enroll().await;
    for failure in 1..=50 {
        let now = stage.advance(3600).await;
        let reply = ada.verify(&enrolled.id, &enrolled.app.wrong_code(now)).await;
        assert_eq!(reply.code(), "code-rejected", "failure {failure}");
        let locked = logs::of(&reply.request).iter().any(|line| line["event"] == "verification.locked");
        assert_eq!(locked, failure == 50, "failure {failure}");
    }
    let now = stage.advance(365 * 86_400).await;
    ada.verify(&enrolled.id, &enrolled.app.code(now)).await.refused(423, "locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_codes_and_unknown_factors_cost_nothing() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let before = stage.account("ada").await;
    for code in ["", "12345", "1234567", "abcdef", "１２３４５６"] {
        ada.verify(&enrolled.id, code).await.refused(400, "invalid-request");
    }
    ada.verify("01M86NP37KVJYCH5C44V5B7J55", "123456").await.refused(404, "factor-not-found");
    ada.verify("nonsense", "123456").await.refused(404, "factor-not-found");
    ada.activate(&enrolled.id, "123456").await.refused(409, "factor-not-pending");
    assert_eq!(stage.account("ada").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_guesses_at_once_only_the_free_ones_are_compared() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let wrong = enrolled.app.wrong_code(stage.now().await);
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (ada, id, wrong) = (ada.clone(), enrolled.id.clone(), wrong.clone());
        guesses.spawn(async move { ada.verify(&id, &wrong).await });
    }
    let replies = guesses.join_all().await;
    assert_eq!(replies.iter().filter(|reply| reply.code() == "code-rejected").count(), 5);
    assert_eq!(replies.iter().filter(|reply| reply.code() == "too-many-attempts").count(), 195);
    let right = enrolled.app.code(stage.now().await);
    ada.verify(&enrolled.id, &right).await.refused(429, "too-many-attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_count_over_all_of_a_users_factors() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let first = ada.enroll().await;
    let second = ada.enroll_another(&ada.prove(&first).await).await;
    let now = stage.now().await;
    for (factor, left) in [(&first, 4), (&second, 3), (&first, 2), (&second, 1), (&first, 0)] {
        let reply = ada.verify(&factor.id, &factor.app.wrong_code(now)).await;
        assert_eq!(reply.refused(422, "code-rejected").body["attempts_left"], left);
    }
    for factor in [&first, &second] {
        ada.verify(&factor.id, &factor.app.code(now)).await.refused(429, "too-many-attempts");
    }
    // A new login does not help.
    let again = stage.user("ada").await;
    again.verify(&second.id, &second.app.code(now)).await.refused(429, "too-many-attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_a_pending_factor_cost_the_active_one_nothing() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let active = ada.enroll().await;
    let assertion = ada.prove(&active).await;
    let begun = ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let (pending, app) = scanned(&begun);
    let wrong = app.wrong_code(stage.now().await);
    for _ in 0..5 {
        ada.activate(&pending, &wrong).await;
    }
    ada.activate(&pending, &wrong).await.refused(410, "enrollment-expired");
    assert_eq!(stage.account("ada").await["failures"], json!({"N": "0"}));
    ada.prove(&active).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_settings_in_parallel_turn_no_count_back() {
    let stage = Stage::new().await;
    for round in 0..3 {
        let user = stage.user(&format!("user-{round}")).await;
        let enrolled = user.enroll().await;
        let assertion = user.prove(&enrolled).await;
        let wrong = enrolled.app.wrong_code(stage.now().await);
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..50 {
            let (user, assertion, id, wrong) = (user.clone(), assertion.clone(), enrolled.id.clone(), wrong.clone());
            tasks.spawn(async move {
                match number % 3 {
                    0 => user.verify(&id, &wrong).await,
                    1 => user.rename(&assertion, &id, &format!("Phone {number}")).await,
                    _ => user.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await,
                }
            });
        }
        let replies = tasks.join_all().await;
        assert_eq!(replies.iter().filter(|reply| reply.code() == "code-rejected").count(), 5);
        assert!(replies.iter().any(|reply| [200, 201].contains(&reply.status)), "some change was saved");
        assert_eq!(stage.account(&format!("user-{round}")).await["failures"], json!({"N": "5"}));
        let right = enrolled.app.code(stage.now().await);
        user.verify(&enrolled.id, &right).await.refused(429, "too-many-attempts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_code_among_200_guesses_does_not_slip_in() {
    let stage = Stage::new().await;
    for round in 0..3 {
        let user = stage.user(&format!("user-{round}")).await;
        let enrolled = user.enroll().await;
        let now = stage.now().await;
        let (right, wrong) = (enrolled.app.code(now), enrolled.app.wrong_code(now));
        for _ in 0..5 {
            user.verify(&enrolled.id, &wrong).await.refused(422, "code-rejected");
        }
        let mut guesses = tokio::task::JoinSet::new();
        for number in 0..200 {
            let (user, id) = (user.clone(), enrolled.id.clone());
            let code = if number % 10 == 0 { right.clone() } else { wrong.clone() };
            guesses.spawn(async move { user.verify(&id, &code).await });
        }
        for reply in guesses.join_all().await {
            reply.refused(429, "too-many-attempts");
        }
    }
}
