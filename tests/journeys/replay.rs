//! A code of an authenticator app works once, and for 90 s.

use std::{collections::BTreeSet, sync::Arc};

use tokio::{sync::Barrier, task::JoinSet};

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_accepted_is_refused_the_second_time() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    ada.verify(&enrolled.id, &code).await.expect(200);
    ada.verify(&enrolled.id, &code).await.refused(422, "code-used");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_that_activated_a_factor_does_not_log_in() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    let code = app.code(stage.now().await);
    ada.activate(&id, &code).await.expect(200);
    ada.verify(&id, &code).await.refused(422, "code-used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_older_than_one_that_was_accepted_is_refused() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let now = stage.advance(60).await;
    ada.verify(&enrolled.id, &enrolled.app.code(now)).await.expect(200);
    ada.verify(&enrolled.id, &enrolled.app.code(now - 30)).await.refused(422, "code-used");
    ada.verify(&enrolled.id, &enrolled.app.code(now + 30)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_step_of_drift_is_accepted_each_way_and_two_are_not() {
    let stage = Stage::new().await;
    for (steps, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let user = stage.user(&format!("drifts-by-{steps}")).await;
        let enrolled = user.enroll().await;
        // Far from the time step of the activation.
        let mut now = stage.advance(600).await;
        let shown = |now: u64, steps: i64| enrolled.app.code(now.saturating_add_signed(steps * 30));
        // Two of these codes may be equal by chance.
        while (-3..=3).map(|steps| shown(now, steps)).collect::<BTreeSet<_>>().len() < 7 {
            now = stage.advance(30).await;
        }
        let reply = user.verify(&enrolled.id, &shown(now, steps)).await;
        if accepted {
            reply.expect(200);
        } else {
            reply.refused(422, "code-rejected");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_sixty_times_at_once_is_one_assertion() {
    let stage = Stage::new().await;
    for round in 0..5 {
        let user = stage.user(&format!("user-{round}")).await;
        let enrolled = user.enroll().await;
        let code = enrolled.app.code(stage.now().await);
        let start = Arc::new(Barrier::new(60));
        let mut tries = JoinSet::new();
        for _ in 0..60 {
            let (user, id, code, start) = (user.clone(), enrolled.id.clone(), code.clone(), start.clone());
            tries.spawn(async move {
                start.wait().await;
                user.verify(&id, &code).await
            });
        }
        let replies = tries.join_all().await;
        let with_assertion = replies.iter().filter(|reply| reply.body.get("assertion").is_some()).count();
        assert_eq!(with_assertion, 1, "{replies:?}");
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            assert!(["code-used", "too-many-attempts"].contains(&reply.code()), "{reply:?}");
        }
    }
}
