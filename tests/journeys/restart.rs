//! The local stack is stopped and started again.

use reqwest::Method;

use crate::stage::{Stage, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn enrollments_keys_and_the_clock_outlive_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let enrolled = stage.user("ada").await.enroll().await;
    let keys = stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await.expect(200);
    let before = stage.advance(86_400).await;
    stage.stop().await;

    let stage = Stage::on(folder.path()).await;
    assert!(stage.now().await >= before);
    assert_eq!(stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await.expect(200), keys);
    let ada = stage.user("ada").await;
    assert_eq!(ada.login().await["decision"], "challenge");
    let code = enrolled.app.code(stage.now().await);
    ada.verify(&enrolled.id, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_of_the_clock_at_the_same_time_all_count_and_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let before = stage.now().await;
    let moves = (0..400).map(|_| {
        let stage = stage.clone();
        async move { stage.advance(1).await }
    });
    at_once(moves).await;
    assert_eq!(stage.now().await, before + 400);
    stage.stop().await;
    assert_eq!(Stage::on(folder.path()).await.now().await, before + 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stacks_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let clock = shared::base::clock::Clock::system();
    let data = Some(folder.path().to_owned());
    let latency = local::Latency::default();
    let options = local::Options { port: 0, aws_port: 0, data, clock, latency, settings: Vec::new() };
    let refused = local::Stack::start(options).await.err().unwrap().to_string();
    assert!(refused.contains("another stack uses"), "{refused}");
    drop(stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_there_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    Stage::on(folder.path()).await.stop().await;
    assert_eq!(mode(folder.path()), 0o755);
    assert_eq!(mode(&folder.path().join("keys.json")), 0o600);
    let own = folder.path().join("own");
    Stage::on(&own).await.stop().await;
    assert_eq!(mode(&own), 0o700, "only its user can open a new folder");
}
