//! Changes beside an active factor. They require an assertion by it, make no recovery codes, and do not change it.

use serde_json::json;

use super::{Situation, counts::May, once, phone_of, proven};
use crate::stage::{Authenticator, Enrolled, Reply, Stage, User, scanned};

/// Checks that the first factor and one of its recovery codes are still valid.
async fn still_good(stage: &Stage, user: &User, enrolled: &Enrolled) {
    user.verify(&enrolled.id, &stage.next_code(&enrolled.app).await).await.expect(200);
    user.redeem(&enrolled.recovery_codes[0]).await.expect(200);
}

pub struct Begin(User, Enrolled, String);

impl Situation for Begin {
    const NAME: &'static str = "`POST /v1/factors`, a second app";

    async fn before(stage: &Stage, user: &str) -> Self {
        let (user, enrolled, assertion) = proven(stage, user).await;
        Self(user, enrolled, assertion)
    }

    async fn ask(&self) -> Reply {
        self.0.post_with(&self.2, "/v1/factors", json!({"kind": "totp"})).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let begun = if reply.status == 201 { reply } else { self.ask().await }.expect(201);
        let second = self.0.finish(&begun).await;
        assert!(second.recovery_codes.is_empty());
        still_good(stage, &self.0, &self.1).await;
    }
}

pub struct Activate(User, Enrolled, String, Authenticator, String);

impl Situation for Activate {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/activate`, a second app";
    const COUNTS: &'static [(&'static str, May)] = &[("tries", May::AddThenClear)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let Begin(user, enrolled, assertion) = Begin::before(stage, user).await;
        let (id, app) = scanned(&user.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201));
        let code = app.code(stage.now().await);
        Self(user, enrolled, id, app, code)
    }

    async fn ask(&self) -> Reply {
        self.0.activate(&self.2, &self.4).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let again = self.ask().await;
        once(&reply, &again, "factor-not-pending");
        assert!([&reply, &again].into_iter().all(|reply| reply.body.get("recovery_codes").is_none()));
        let Self(user, enrolled, id, app, _) = self;
        user.verify(&id, &stage.next_code(&app).await).await.expect(200);
        still_good(stage, &user, &enrolled).await;
    }
}

pub struct Remove(User, Enrolled, Enrolled, String);

impl Situation for Remove {
    const NAME: &'static str = "`DELETE /v1/factors/{factor_id}`, one of two";

    async fn before(stage: &Stage, user: &str) -> Self {
        let Begin(user, enrolled, assertion) = Begin::before(stage, user).await;
        let second = user.enroll_another(&assertion).await;
        let assertion = user.prove(&second).await;
        Self(user, enrolled, second, assertion)
    }

    async fn ask(&self) -> Reply {
        self.0.remove(&self.3, &self.2.id).await
    }

    /// The recovery codes stay.
    async fn after(self, stage: &Stage, reply: Reply) {
        let Self(user, enrolled, second, _) = self;
        let factors = user.get("/v1/factors").await.expect(200)["factors"].as_array().unwrap().len();
        assert!(factors == 1 || factors == 2 && reply.status != 200, "{factors} {reply:?}");
        if factors == 2 {
            let assertion = user.prove(&enrolled).await;
            user.remove(&assertion, &second.id).await.expect(200);
        }
        user.verify(&second.id, &second.app.code(stage.now().await)).await.refused(404, "factor-not-found");
        still_good(stage, &user, &enrolled).await;
    }
}

pub struct Text(User, String, String, String);

impl Situation for Text {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/texts`, a pending phone";
    const COUNTS: &'static [(&'static str, May)] = &[("texts", May::Add)];

    async fn before(stage: &Stage, sub: &str) -> Self {
        let number = phone_of(sub);
        let Begin(user, _, assertion) = Begin::before(stage, sub).await;
        let begun = user.post_with(&assertion, "/v1/factors", json!({"kind": "sms", "phone": number})).await;
        Self(user, begun.expect(201)["id"].as_str().unwrap().to_owned(), number, assertion)
    }

    async fn ask(&self) -> Reply {
        self.0.post_with(&self.3, &format!("/v1/factors/{}/texts", self.1), json!({})).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let texts = stage.texts_to(&self.2).await.len();
        assert!(reply.status != 202 || texts == 1, "{texts} {reply:?}");
        stage.advance(60).await;
        self.ask().await.expect(202);
        self.0.activate(&self.1, &stage.code_to(&self.2).await).await.expect(200);
    }
}
