//! Texts, emails and new recovery codes. Either they reach the user, or the reply says that they did not, and the user
//! may ask again.

use serde_json::json;

use super::{Situation, counts::May, member, phone_of, proven};
use crate::stage::{Enrolled, Reply, Stage, User};

pub struct Text(User, String, String);

impl Situation for Text {
    const NAME: &'static str = "`POST /v1/factors/{factor_id}/texts`";
    const COUNTS: &'static [(&'static str, May)] = &[("texts", May::Add)];

    async fn before(stage: &Stage, user: &str) -> Self {
        let number = phone_of(user);
        let user = member(stage, user).await;
        let id = user.enroll_phone(&number).await;
        Self(user, id, number)
    }

    async fn ask(&self) -> Reply {
        self.0.text(&self.1).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let texts = stage.texts_to(&self.2).await.len();
        if reply.status == 202 {
            assert_eq!(texts, 2, "{reply:?}");
        }
        stage.advance(60).await;
        self.ask().await.expect(202);
        assert_eq!(stage.texts_to(&self.2).await.len(), texts + 1);
        self.0.verify(&self.1, &stage.code_to(&self.2).await).await.expect(200);
    }
}

pub struct Email(User, String);

impl Situation for Email {
    const NAME: &'static str = "`POST /v1/recovery/emails`";
    /// A new code has a count of its own.
    const COUNTS: &'static [(&'static str, May)] = &[("emails", May::Add), ("emailed.tries", May::Renew)];

    async fn before(stage: &Stage, sub: &str) -> Self {
        let user = member(stage, sub).await;
        user.enroll().await;
        user.email().await.expect(202);
        // That code expires too soon to be sent again.
        stage.advance(400).await;
        Self(user, format!("{sub}@example.com"))
    }

    async fn ask(&self) -> Reply {
        self.0.email().await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        // The first is the notice about the app, the second the earlier code.
        let emails = stage.emails_to(&self.1).await.len();
        if reply.status == 202 {
            assert_eq!(emails, 3, "{reply:?}");
        }
        stage.advance(60).await;
        self.ask().await.expect(202);
        assert_eq!(stage.emails_to(&self.1).await.len(), emails + 1);
        self.0.redeem(&stage.emailed_to(&self.1).await).await.expect(200);
    }
}

pub struct NewCodes(User, Enrolled, String);

impl Situation for NewCodes {
    const NAME: &'static str = "`POST /v1/recovery/codes`";

    async fn before(stage: &Stage, user: &str) -> Self {
        let (user, enrolled, assertion) = proven(stage, user).await;
        Self(user, enrolled, assertion)
    }

    async fn ask(&self) -> Reply {
        self.0.post_with(&self.2, "/v1/recovery/codes", json!({})).await
    }

    /// Either the old codes are valid or the new ones, never both.
    async fn after(self, _: &Stage, reply: Reply) {
        let old = self.0.redeem(&self.1.recovery_codes[0]).await;
        if reply.status == 201 {
            old.refused(422, "code-rejected");
            self.0.redeem(reply.body["recovery_codes"][0].as_str().unwrap()).await.expect(200);
        }
        let made = self.ask().await.expect(201);
        self.0.redeem(made["recovery_codes"][0].as_str().unwrap()).await.expect(200);
        self.0.redeem(&self.1.recovery_codes[1]).await.refused(422, "code-rejected");
    }
}
