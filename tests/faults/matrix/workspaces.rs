//! Logins, and an owner's requests about a workspace.

use reqwest::Method;
use serde_json::json;

use super::{Situation, member, prove};
use crate::stage::{Enrolled, Reply, Stage, User, claims};

pub struct Allowed(User);

impl Situation for Allowed {
    const NAME: &'static str = "`POST /v1/logins`, nothing enrolled";

    async fn before(stage: &Stage, user: &str) -> Self {
        Self(member(stage, user).await)
    }

    async fn ask(&self) -> Reply {
        self.0.post_nothing("/v1/logins").await
    }

    async fn after(self, stage: &Stage, _: Reply) {
        let login = self.ask().await.expect(200);
        assert_eq!((&login["decision"], &claims(&login)["mfa"]), (&json!("allow"), &json!("not_required")));
        // This login wrote the member's row, if the failed one did not.
        assert!(seen(stage, claims(&login)["sub"].as_str().unwrap(), "none").await);
    }
}

pub struct Challenged(User, Enrolled);

impl Situation for Challenged {
    const NAME: &'static str = "`POST /v1/logins`, an app enrolled";

    async fn before(stage: &Stage, user: &str) -> Self {
        let user = member(stage, user).await;
        let enrolled = user.enroll().await;
        stage.advance(super::DAY).await;
        // On a new day, a login writes to the workspace again.
        let user = member(stage, subject(&user).as_str()).await;
        Self(user, enrolled)
    }

    async fn ask(&self) -> Reply {
        self.0.post_nothing("/v1/logins").await
    }

    /// Whatever fails, there is no assertion without a code.
    async fn after(self, stage: &Stage, reply: Reply) {
        assert!(reply.body.get("assertion").is_none(), "{reply:?}");
        assert_eq!(self.ask().await.expect(200)["decision"], "challenge");
        assert!(seen(stage, &subject(&self.0), "mfa").await);
        self.0.verify(&self.1.id, &self.1.app.code(stage.now().await)).await.expect(200);
    }
}

/// The `sub` of a user's token.
fn subject(user: &User) -> String {
    claims(&json!({ "assertion": user.token }))["sub"].as_str().unwrap().to_owned()
}

/// Whether the workspace lists a user in the state `how`, `mfa` or `none`.
async fn seen(stage: &Stage, user: &str, how: &str) -> bool {
    let key = json!({"pk": {"S": format!("MEMBERS#{user}")}, "sk": {"S": format!("MEMBER#{how}#{user}")}});
    stage.dynamodb("GetItem", json!({ "Key": key })).await.get("Item").is_some()
}

/// An owner of a workspace of the same name, with an authenticator app, and an assertion by it.
async fn owner(stage: &Stage, sub: &str) -> (User, Enrolled, String) {
    let ask = json!({"sub": sub, "workspaces": [sub], "owned_workspaces": [sub]});
    prove(stage.user_with(ask).await).await
}

pub struct ShowPolicy(User, String);

impl Situation for ShowPolicy {
    const NAME: &'static str = "`GET /v1/workspaces/{workspace_id}/policy`";

    async fn before(stage: &Stage, sub: &str) -> Self {
        let (user, ..) = owner(stage, sub).await;
        Self(user, format!("/v1/workspaces/{sub}/policy"))
    }

    async fn ask(&self) -> Reply {
        self.0.get(&self.1).await
    }

    async fn after(self, _: &Stage, _: Reply) {
        assert_eq!(self.ask().await.expect(200)["required"], false);
    }
}

pub struct SetPolicy(User, String, String);

impl Situation for SetPolicy {
    const NAME: &'static str = "`PUT /v1/workspaces/{workspace_id}/policy`";

    async fn before(stage: &Stage, sub: &str) -> Self {
        let (user, _, assertion) = owner(stage, sub).await;
        Self(user, format!("/v1/workspaces/{sub}/policy"), assertion)
    }

    async fn ask(&self) -> Reply {
        let wish = json!({"required": true, "grace_days": 3, "allowed_factors": ["totp"]});
        self.0.send(self.0.request(Method::PUT, &self.1).header("mfa-assertion", &self.2).json(&wish)).await
    }

    /// The policy is set completely or not at all.
    async fn after(self, _: &Stage, reply: Reply) {
        let shown = self.0.get(&self.1).await.expect(200);
        let (required, grace) = (shown["required"].as_bool().unwrap(), shown["grace_days"].as_u64().unwrap());
        assert!([(true, 3), (false, 7)].contains(&(required, grace)) && (reply.status != 200 || required), "{reply:?}");
        assert_eq!(self.ask().await.expect(200)["required"], true);
    }
}

pub struct Members(User, String, String);

impl Situation for Members {
    const NAME: &'static str = "`GET /v1/workspaces/{workspace_id}/members`";

    async fn before(stage: &Stage, sub: &str) -> Self {
        let (user, _, assertion) = owner(stage, sub).await;
        Self(user, format!("/v1/workspaces/{sub}/members"), assertion)
    }

    async fn ask(&self) -> Reply {
        self.0.send(self.0.request(Method::GET, &self.1).header("mfa-assertion", &self.2)).await
    }

    async fn after(self, _: &Stage, _: Reply) {
        assert_eq!(self.ask().await.expect(200)["summary"], json!({"mfa": 1, "none": 0, "sso": 0}));
    }
}
