//! The local stack is stopped and started again.

use reqwest::Method;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn enrolments_keys_and_the_clock_outlive_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let enrolled = stage.user("ada").await.enrol().await;
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
async fn two_stacks_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let second = local::data::Data::folder(folder.path()).err().unwrap();
    assert!(second.to_string().contains("another stack uses"), "{second}");
    drop(stage);
}
