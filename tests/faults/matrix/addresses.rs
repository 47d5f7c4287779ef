//! A login token with another address. The recovery address gets a notice, the other one a hold of 24 hours.

use serde_json::json;

use super::{DAY, Situation, counts::May, member, once};
use crate::stage::{Enrolled, Reply, Stage, User};

/// The user, with a login token that has another address.
async fn moved(stage: &Stage, sub: &str) -> User {
    stage.user_with(json!({"sub": sub, "workspaces": [sub], "email": format!("{sub}@new.example")})).await
}

pub struct Asked(User, String);

impl Situation for Asked {
    const NAME: &'static str = "`POST /v1/recovery/emails`, to another address";
    const COUNTS: &'static [(&'static str, May)] = &[("emails", May::Add)];

    async fn before(stage: &Stage, sub: &str) -> Self {
        member(stage, sub).await.enroll().await;
        Self(moved(stage, sub).await, sub.to_owned())
    }

    async fn ask(&self) -> Reply {
        self.0.email().await
    }

    /// Whatever failed, the hold begins at the latest with the next request. It never begins before the notice.
    async fn after(self, stage: &Stage, _: Reply) {
        stage.advance(60).await;
        self.ask().await.refused(403, "email-recovery-held");
        let told = stage.subjects_to(&format!("{}@example.com", self.1)).await;
        assert_eq!(told.last().unwrap(), "someone asked for a code at another address");
        stage.advance(DAY).await;
        let user = moved(stage, &self.1).await;
        user.email().await.expect(202);
        user.redeem(&stage.emailed_to(&format!("{}@new.example", self.1)).await).await.expect(200);
    }
}

pub struct Redeemed(User, Enrolled, String, String);

impl Situation for Redeemed {
    const NAME: &'static str = "`POST /v1/recovery/verify`, a code emailed to another address";
    const COUNTS: &'static [(&'static str, May)] =
        &[("failures", May::Clear), ("recovery_failures", May::Clear), ("emailed.tries", May::AddThenClear)];

    async fn before(stage: &Stage, sub: &str) -> Self {
        let enrolled = member(stage, sub).await.enroll().await;
        moved(stage, sub).await.email().await.refused(403, "email-recovery-held");
        stage.advance(DAY).await;
        let user = moved(stage, sub).await;
        user.email().await.expect(202);
        let code = stage.emailed_to(&format!("{sub}@new.example")).await;
        Self(user, enrolled, code, sub.to_owned())
    }

    async fn ask(&self) -> Reply {
        self.0.redeem(&self.2).await
    }

    /// The new address is now the recovery address, and the old one has a hold.
    async fn after(self, stage: &Stage, reply: Reply) {
        once(&reply, &self.ask().await, "code-expired");
        let Self(user, enrolled, _, sub) = self;
        user.redeem(&enrolled.recovery_codes[0]).await.expect(200);
        stage.advance(60).await;
        user.email().await.expect(202);
        stage.advance(60).await;
        member(stage, &sub).await.email().await.refused(403, "email-recovery-held");
    }
}
