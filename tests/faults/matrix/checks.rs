//! Right codes. Each makes at most one assertion, even if an answer is lost.

use serde_json::{Value, json};

use super::{Situation, counts::May, member, once, phone_of};
use crate::stage::{Authenticator, Enrolled, Reply, Stage, User};

pub struct VerifyApp(pub User, pub Enrolled, pub String);

impl Situation for VerifyApp {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/verify`, an app's code";
    const COUNTS: &'static [(&'static str, May)] = &[("failures", May::AddThenClear)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let user = member(stage, user).await;
        let enrolled = user.enroll().await;
        let code = enrolled.app.code(stage.now().await);
        Self(user, enrolled, code)
    }

    async fn ask(&self) -> Reply {
        self.0.verify(&self.1.id, &self.2).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        once(&reply, &self.ask().await, "code-used");
        let Self(user, enrolled, _) = self;
        user.verify(&enrolled.id, &stage.next_code(&enrolled.app).await).await.expect(200);
    }
}

pub struct VerifyPhone(pub User, pub String, pub String);

impl Situation for VerifyPhone {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/verify`, a texted code";
    const COUNTS: &'static [(&'static str, May)] = &[("failures", May::AddThenClear)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let number = phone_of(user);
        let user = member(stage, user).await;
        let id = user.enroll_phone(&number).await;
        user.text(&id).await.expect(202);
        Self(user, id, stage.code_to(&number).await)
    }

    async fn ask(&self) -> Reply {
        self.0.verify(&self.1, &self.2).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        // A used texted code no longer exists.
        once(&reply, &self.ask().await, "code-expired");
        let Self(user, id, _) = self;
        stage.advance(60).await;
        user.text(&id).await.expect(202);
    }
}

pub struct ActivateApp(pub User, pub String, pub Authenticator, pub String);

impl Situation for ActivateApp {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/activate`, an app";
    const COUNTS: &'static [(&'static str, May)] = &[("tries", May::AddThenClear)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let user = member(stage, user).await;
        let (id, app) = user.begin().await;
        let code = app.code(stage.now().await);
        Self(user, id, app, code)
    }

    async fn ask(&self) -> Reply {
        self.0.activate(&self.1, &self.3).await
    }

    /// A user who never saw the recovery codes asks for new ones.
    async fn after(self, stage: &Stage, reply: Reply) {
        let again = self.ask().await;
        once(&reply, &again, "factor-not-pending");
        let Self(user, id, app, _) = self;
        let shown = [&reply, &again].into_iter().find_map(|reply| reply.body["recovery_codes"][0].as_str());
        let verified = user.verify(&id, &stage.next_code(&app).await).await.expect(200);
        let assertion = verified["assertion"].as_str().unwrap();
        if let Some(code) = shown {
            user.redeem(code).await.expect(200);
        } else {
            let made = user.post_with(assertion, "/v1/recovery/codes", json!({})).await.expect(201);
            user.redeem(made["recovery_codes"][0].as_str().unwrap()).await.expect(200);
        }
    }
}

pub struct ActivatePhone(User, String, String);

impl Situation for ActivatePhone {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/activate`, a phone";
    const COUNTS: &'static [(&'static str, May)] = &[("tries", May::AddThenClear)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let number = phone_of(user);
        let user = member(stage, user).await;
        let id = user.begin_phone(&number).await;
        user.text(&id).await.expect(202);
        Self(user, id, stage.code_to(&number).await)
    }

    async fn ask(&self) -> Reply {
        self.0.activate(&self.1, &self.2).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        once(&reply, &self.ask().await, "factor-not-pending");
        let Self(user, id, _) = self;
        stage.advance(60).await;
        user.text(&id).await.expect(202);
        assert_eq!(user.login().await["decision"], "challenge");
    }
}

pub struct RecoveryCode(pub User, pub Enrolled);

impl Situation for RecoveryCode {
    const NAME: &'static str = "`POST /v1/recovery/verify`, a recovery code";
    const COUNTS: &'static [(&'static str, May)] =
        &[("failures", May::Clear), ("recovery_failures", May::AddThenClear)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let user = member(stage, user).await;
        let enrolled = user.enroll().await;
        user.redeem(&enrolled.recovery_codes[9]).await.expect(200);
        Self(user, enrolled)
    }

    async fn ask(&self) -> Reply {
        self.0.redeem(&self.1.recovery_codes[0]).await
    }

    async fn after(self, _: &Stage, reply: Reply) {
        once(&reply, &self.ask().await, "code-used");
        let left = self.0.redeem(&self.1.recovery_codes[1]).await.expect(200)["recovery"]["codes_left"].clone();
        assert_eq!(left, 7);
    }
}

pub struct EmailedCode(pub User, Enrolled, pub String);

impl Situation for EmailedCode {
    const NAME: &'static str = "`POST /v1/recovery/verify`, an emailed code";
    const COUNTS: &'static [(&'static str, May)] =
        &[("failures", May::Clear), ("recovery_failures", May::Clear), ("emailed.tries", May::AddThenClear)];

    async fn before(stage: &Stage, sub: &str) -> Self {
        let user = member(stage, sub).await;
        let enrolled = user.enroll().await;
        user.email().await.expect(202);
        let code = stage.emailed_to(&format!("{sub}@example.com")).await;
        Self(user, enrolled, code)
    }

    async fn ask(&self) -> Reply {
        self.0.redeem(&self.2).await
    }

    async fn after(self, _: &Stage, reply: Reply) {
        once(&reply, &self.ask().await, "code-expired");
        self.0.redeem(&self.1.recovery_codes[0]).await.expect(200);
    }
}

pub struct PublicKeys(Stage);

impl Situation for PublicKeys {
    const NAME: &'static str = "`GET /.well-known/jwks.json`";

    async fn before(stage: &Stage, _: &str) -> Self {
        Self(stage.clone())
    }

    async fn ask(&self) -> Reply {
        self.0.send(self.0.request(reqwest::Method::GET, "/.well-known/jwks.json")).await
    }

    async fn after(self, _: &Stage, _: Reply) {
        let keys: Value = self.ask().await.expect(200);
        assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    }
}
