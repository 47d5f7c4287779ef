//! Changes of a user's own factors. Each is made completely or not at all, and the user can send the request again.

use reqwest::Method;
use serde_json::json;

use super::{Situation, member, phone_of, proven};
use crate::stage::{Enrolled, Reply, Stage, User, scanned};

pub struct List(User);

impl Situation for List {
    const NAME: &'static str = "`GET /v1/factors`";

    async fn before(stage: &Stage, user: &str) -> Self {
        let user = member(stage, user).await;
        user.enroll().await;
        Self(user)
    }

    async fn ask(&self) -> Reply {
        self.0.get("/v1/factors").await
    }

    async fn after(self, _: &Stage, _: Reply) {
        assert_eq!(self.ask().await.expect(200)["factors"].as_array().unwrap().len(), 1);
    }
}

pub struct BeginApp(User);

impl Situation for BeginApp {
    const NAME: &'static str = "`POST /v1/factors`, an app";

    async fn before(stage: &Stage, user: &str) -> Self {
        Self(member(stage, user).await)
    }

    async fn ask(&self) -> Reply {
        self.0.post("/v1/factors", json!({"kind": "totp"})).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let listed = self.0.get("/v1/factors").await.expect(200)["factors"].as_array().unwrap().len();
        assert!(listed <= 1 && (reply.status != 201 || listed == 1), "{reply:?}");
        let begun = if reply.status == 201 { reply } else { self.ask().await };
        let (id, app) = scanned(&begun.expect(201));
        self.0.activate(&id, &app.code(stage.now().await)).await.expect(200);
    }
}

pub struct BeginPhone(User, String);

impl Situation for BeginPhone {
    const NAME: &'static str = "`POST /v1/factors`, a phone";

    async fn before(stage: &Stage, user: &str) -> Self {
        Self(member(stage, user).await, phone_of(user))
    }

    async fn ask(&self) -> Reply {
        self.0.post("/v1/factors", json!({"kind": "sms", "phone": self.1})).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let begun = if reply.status == 201 { reply } else { self.ask().await }.expect(201);
        let id = begun["id"].as_str().unwrap();
        self.0.text(id).await.expect(202);
        self.0.activate(id, &stage.code_to(&self.1).await).await.expect(200);
    }
}

pub struct Rename(User, Enrolled, String);

impl Situation for Rename {
    const NAME: &'static str = "`PATCH /v1/factors/{factor_id}`";

    async fn before(stage: &Stage, user: &str) -> Self {
        let (user, enrolled, assertion) = proven(stage, user).await;
        Self(user, enrolled, assertion)
    }

    async fn ask(&self) -> Reply {
        self.0.rename(&self.2, &self.1.id, "Work").await
    }

    async fn after(self, _: &Stage, reply: Reply) {
        let name = self.0.get("/v1/factors").await.expect(200)["factors"][0]["name"].clone();
        assert!(name == "Work" || reply.status != 200 && name == "Authenticator app", "{name} {reply:?}");
        assert_eq!(self.ask().await.expect(200)["name"], "Work");
    }
}

pub struct RemoveLast(User, Enrolled, String);

impl Situation for RemoveLast {
    const NAME: &'static str = "`DELETE /v1/factors/{factor_id}`, the last one";

    async fn before(stage: &Stage, user: &str) -> Self {
        let (user, enrolled, assertion) = proven(stage, user).await;
        Self(user, enrolled, assertion)
    }

    async fn ask(&self) -> Reply {
        let request = self.0.request(Method::DELETE, &format!("/v1/factors/{}", self.1.id));
        self.0.send(request.header("mfa-assertion", &self.2)).await
    }

    /// The factor and the recovery codes are removed together.
    async fn after(self, stage: &Stage, reply: Reply) {
        let listed = self.0.get("/v1/factors").await.expect(200);
        let (factors, codes) = (listed["factors"].as_array().unwrap().len(), listed["recovery"]["codes_left"].clone());
        if factors == 0 {
            assert_eq!(codes, 0, "{reply:?}");
        } else {
            assert_eq!((factors, codes), (1, json!(10)), "{reply:?}");
            assert_ne!(reply.status, 200);
            let Self(user, enrolled, _) = &self;
            let assertion = user.prove(enrolled).await;
            user.remove(&assertion, &enrolled.id).await.expect(200);
        }
        assert_eq!(self.0.login().await["decision"], "allow");
        let (id, app) = self.0.begin().await;
        self.0.activate(&id, &app.code(stage.now().await)).await.expect(200);
    }
}
