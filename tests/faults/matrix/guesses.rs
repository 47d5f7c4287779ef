//! Wrong codes. Each compared code is counted, whatever fails. The last allowed one locks.

use super::{
    Situation,
    checks::{ActivateApp, EmailedCode, RecoveryCode, VerifyApp, VerifyPhone},
    counts::{May, guessed},
    member,
};
use crate::stage::{Enrolled, Reply, Stage, User};

/// Checks the attempts left of five, after one before and one or two now.
fn counted(reply: &Reply, again: &Reply) {
    let left = again.refused(422, "code-rejected").body["attempts_left"].clone();
    assert!(left == 2 || left == 3 && reply.status != 422, "{left} {reply:?}");
}

/// A wrong code of the same kind.
fn other_than(code: &str) -> String {
    let (rest, last) = code.split_at(code.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

pub struct App(VerifyApp);

impl Situation for App {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/verify`, an app's wrong code";
    const COUNTS: &'static [(&'static str, May)] = &[("failures", May::Add)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let VerifyApp(user, enrolled, _) = VerifyApp::before(stage, user).await;
        let wrong = enrolled.app.wrong_code(stage.now().await);
        Self(VerifyApp(user, enrolled, wrong))
    }

    async fn ask(&self) -> Reply {
        self.0.ask().await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        counted(&reply, &self.ask().await);
        let VerifyApp(user, enrolled, _) = self.0;
        user.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
    }
}

/// A situation with a code, which also has a variant with a wrong code.
pub trait Guess: Situation {
    /// The route, and the kind of wrong code.
    const WRONG: &'static str;
    /// The count of wrong codes.
    const COUNTED: &'static [(&'static str, May)];

    /// Sends the request with a wrong code.
    fn guess(&self) -> impl Future<Output = Reply> + Send;
}

/// The variant of a situation with a wrong code.
pub struct Wrong<S>(S);

impl<S: Guess> Situation for Wrong<S> {
    const NAME: &'static str = S::WRONG;
    const COUNTS: &'static [(&'static str, May)] = S::COUNTED;

    async fn before(stage: &Stage, user: &str) -> Self {
        Self(S::before(stage, user).await)
    }

    async fn ask(&self) -> Reply {
        self.0.guess().await
    }

    async fn after(self, _: &Stage, reply: Reply) {
        counted(&reply, &self.ask().await);
        self.0.ask().await.expect(200);
    }
}

impl Guess for VerifyPhone {
    const WRONG: &'static str = "`POST /v1/factors/{factor_id}/verify`, a wrong texted code";
    const COUNTED: &'static [(&'static str, May)] = &[("failures", May::Add)];

    async fn guess(&self) -> Reply {
        self.0.verify(&self.1, &other_than(&self.2)).await
    }
}

impl Guess for ActivateApp {
    const WRONG: &'static str = "`POST /v1/factors/{factor_id}/activate`, a wrong code";
    const COUNTED: &'static [(&'static str, May)] = &[("tries", May::Add)];

    async fn guess(&self) -> Reply {
        self.0.activate(&self.1, &self.0.wrong_code(&self.2).await).await
    }
}

impl Guess for RecoveryCode {
    const WRONG: &'static str = "`POST /v1/recovery/verify`, a wrong recovery code";
    const COUNTED: &'static [(&'static str, May)] = &[("recovery_failures", May::Add)];

    async fn guess(&self) -> Reply {
        self.0.redeem(&other_than(&self.1.recovery_codes[0])).await
    }
}

impl Guess for EmailedCode {
    const WRONG: &'static str = "`POST /v1/recovery/verify`, a wrong emailed code";
    const COUNTED: &'static [(&'static str, May)] = &[("emailed.tries", May::Add)];

    async fn guess(&self) -> Reply {
        self.0.redeem(&other_than(&self.2)).await
    }
}

pub struct Last(App);

impl Situation for Last {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/verify`, the wrong code that locks";
    const COUNTS: &'static [(&'static str, May)] = &[("failures", May::Add)];

    async fn before(stage: &Stage, sub: &str) -> Self {
        let enrolled = member(stage, sub).await.enroll().await;
        let user = guessed(stage, sub, "failures", 49).await;
        let wrong = enrolled.app.wrong_code(stage.now().await);
        Self(App(VerifyApp(user, enrolled, wrong)))
    }

    async fn ask(&self) -> Reply {
        self.0.ask().await
    }

    /// A recovery code is accepted, and clears the lock.
    async fn after(self, stage: &Stage, reply: Reply) {
        locked(&reply, &self.ask().await);
        let App(VerifyApp(user, enrolled, _)) = self.0;
        let code = enrolled.app.code(stage.now().await);
        user.verify(&enrolled.id, &code).await.refused(423, "locked");
        user.redeem(&enrolled.recovery_codes[0]).await.expect(200);
        user.verify(&enrolled.id, &code).await.expect(200);
    }
}

pub struct LastRecovery(User, Enrolled);

impl Situation for LastRecovery {
    const NAME: &'static str = "`POST /v1/recovery/verify`, the wrong recovery code that locks";
    const COUNTS: &'static [(&'static str, May)] = &[("recovery_failures", May::Add)];

    async fn before(stage: &Stage, sub: &str) -> Self {
        let enrolled = member(stage, sub).await.enroll().await;
        Self(guessed(stage, sub, "recovery_failures", 99).await, enrolled)
    }

    async fn ask(&self) -> Reply {
        self.0.redeem(&other_than(&self.1.recovery_codes[0])).await
    }

    /// The app's code is still accepted.
    async fn after(self, stage: &Stage, reply: Reply) {
        locked(&reply, &self.ask().await);
        let Self(user, enrolled) = self;
        user.redeem(&enrolled.recovery_codes[0]).await.refused(423, "locked");
        user.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
    }
}

/// Checks that only one of the two requests had its code compared. It was the last allowed one.
fn locked(reply: &Reply, again: &Reply) {
    match again.code() {
        "code-rejected" => assert_ne!(reply.status, 422, "compared twice: {again:?}"),
        other => assert_eq!(other, "locked", "{reply:?}"),
    }
}
