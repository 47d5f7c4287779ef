//! A factor that is begun and not activated.

use serde_json::json;

use crate::stage::{Stage, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_factor_takes_five_guesses() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    let now = stage.now().await;
    for left in [4, 3, 2, 1, 0] {
        let reply = ada.activate(&id, &app.wrong_code(now)).await;
        assert_eq!(reply.refused(422, "code-rejected").body["attempts_left"], left);
    }
    ada.activate(&id, &app.code(now)).await.refused(410, "enrollment-expired");
    assert_eq!(ada.get("/v1/factors").await.expect(200)["factors"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_guesses_at_once_at_a_pending_factor_are_five() {
    let stage = Stage::new().await;
    for round in 0..5 {
        let user = stage.user(&format!("user-{round}")).await;
        let (id, app) = user.begin().await;
        let guesses = vec![(user.clone(), id.clone(), app.wrong_code(stage.now().await)); 60].into_iter();
        let replies = at_once(guesses.map(|(user, id, wrong)| async move { user.activate(&id, &wrong).await })).await;
        assert_eq!(replies.iter().filter(|reply| reply.code() == "code-rejected").count(), 5);
        assert_eq!(replies.iter().filter(|reply| reply.code() == "enrollment-expired").count(), 55);
        user.activate(&id, &app.code(stage.now().await)).await.refused(410, "enrollment-expired");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_factor_lives_ten_minutes() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    let now = stage.advance(600).await;
    ada.activate(&id, &app.code(now)).await.refused(410, "enrollment-expired");
    assert_eq!(ada.get("/v1/factors").await.expect(200)["factors"], json!([]));
    // Beginning another factor drops it.
    let (other, _) = ada.begin().await;
    ada.activate(&id, &app.code(now)).await.refused(404, "factor-not-found");
    assert_eq!(ada.get("/v1/factors").await.expect(200)["factors"][0]["id"], other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fourth_pending_factor_replaces_the_oldest() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(ada.begin().await);
        stage.advance(1).await;
    }
    let now = stage.now().await;
    let [(first, first_app), (second, second_app), ..] = &begun[..] else { unreachable!() };
    ada.activate(first, &first_app.code(now)).await.refused(404, "factor-not-found");
    ada.activate(second, &second_app.code(now)).await.expect(200);
    // The activation removed the other pending factors.
    assert_eq!(ada.get("/v1/factors").await.expect(200)["factors"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_factor_does_not_log_in() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    ada.verify(&id, &app.code(stage.now().await)).await.refused(409, "factor-not-active");
    assert!(stage.account("ada").await["failures"].is_null(), "no attempt is counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn activations_at_once_make_one_set_of_recovery_codes() {
    let stage = Stage::new().await;
    for round in 0..5 {
        let user = stage.user(&format!("user-{round}")).await;
        let begun = [user.begin().await, user.begin().await, user.begin().await];
        let now = stage.now().await;
        let mut activations = tokio::task::JoinSet::new();
        for (id, app) in begun.iter().cycle().take(60) {
            let (user, id, code) = (user.clone(), id.clone(), app.code(now));
            activations.spawn(async move { user.activate(&id, &code).await });
        }
        let replies = activations.join_all().await;
        let with_codes = replies.iter().filter(|reply| reply.body.get("recovery_codes").is_some()).count();
        assert_eq!(with_codes, 1, "{replies:?}");
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
        assert_eq!(user.get("/v1/factors").await.expect(200)["factors"].as_array().unwrap().len(), 1);
    }
}
