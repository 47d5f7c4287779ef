//! An operator's acts. If one fails halfway, the same request again completes it.

use serde_json::{Value, json};

use super::{Situation, counts::May, member};
use crate::stage::{Authenticator, Enrolled, Operator, Reply, Stage, User};

/// Each of these acts clears both counts.
const CLEARED: &[(&str, May)] = &[("failures", May::Clear), ("recovery_failures", May::Clear)];

/// An operator, and a user with an authenticator app who asks for help.
struct Helped(Operator, User, Enrolled, String);

impl Helped {
    async fn before(stage: &Stage, sub: &str) -> Self {
        let user = member(stage, sub).await;
        let enrolled = user.enroll().await;
        Self(stage.operator().await, user, enrolled, sub.to_owned())
    }
}

pub struct Unlock(Helped);

impl Situation for Unlock {
    const NAME: &'static str = "`POST /v1/operator/unlock`";
    const COUNTS: &'static [(&'static str, May)] = CLEARED;

    async fn before(stage: &Stage, sub: &str) -> Self {
        Self(Helped::before(stage, sub).await)
    }

    async fn ask(&self) -> Reply {
        self.0.0.act("unlock", &self.0.3).await
    }

    async fn after(self, stage: &Stage, _: Reply) {
        self.ask().await.expect(200);
        let Helped(_, user, enrolled, sub) = self.0;
        assert_eq!(stage.account(&sub).await["failures"], json!({"N": "0"}));
        user.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await.expect(200);
    }
}

pub struct Reset(Helped);

impl Situation for Reset {
    const NAME: &'static str = "`POST /v1/operator/reset`";
    const COUNTS: &'static [(&'static str, May)] = CLEARED;

    async fn before(stage: &Stage, sub: &str) -> Self {
        Self(Helped::before(stage, sub).await)
    }

    async fn ask(&self) -> Reply {
        self.0.0.act("reset", &self.0.3).await
    }

    async fn after(self, stage: &Stage, _: Reply) {
        self.ask().await.expect(200);
        let Helped(_, user, enrolled, sub) = self.0;
        assert_eq!(user.login().await["decision"], "allow");
        user.redeem(&enrolled.recovery_codes[0]).await.refused(422, "code-rejected");
        assert_eq!(rows(stage, &sub).await, [format!("MEMBER#none#{sub}")]);
        user.enroll().await;
    }
}

pub struct Erase(Helped);

impl Situation for Erase {
    const NAME: &'static str = "`POST /v1/operator/erase`";
    const COUNTS: &'static [(&'static str, May)] = CLEARED;

    async fn before(stage: &Stage, sub: &str) -> Self {
        Self(Helped::before(stage, sub).await)
    }

    async fn ask(&self) -> Reply {
        self.0.0.act("erase", &self.0.3).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let again = self.ask().await;
        assert!(again.status == 200 || reply.status == 200 && again.code() == "user-not-found", "{again:?}");
        let Helped(_, user, _, sub) = self.0;
        assert!(stage.account(&sub).await.is_null());
        assert!(rows(stage, &sub).await.is_empty());
        user.enroll().await;
    }
}

/// The keys of the user's rows in the list of the workspace's members.
async fn rows(stage: &Stage, sub: &str) -> Vec<String> {
    let ask = json!({
        "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": format!("MEMBERS#{sub}")}},
    });
    let rows = stage.dynamodb("Query", ask).await["Items"].take();
    let keys = rows.as_array().unwrap().iter().map(|row: &Value| row["sk"]["S"].as_str().unwrap().to_owned());
    keys.filter(|key| key.ends_with(&format!("#{sub}"))).collect()
}

pub struct Import(Operator, User, String);

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

impl Situation for Import {
    const NAME: &'static str = "`POST /v1/operator/import`";

    async fn before(stage: &Stage, sub: &str) -> Self {
        Self(stage.operator().await, member(stage, sub).await, sub.to_owned())
    }

    async fn ask(&self) -> Reply {
        self.0.import(&self.2, SECRET).await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        let again = self.ask().await;
        assert!(again.status == 200 || reply.status != 201 && again.status == 201, "{reply:?} {again:?}");
        let uri = format!("otpauth://totp/x?secret={SECRET}&algorithm=SHA1&digits=6&period=30");
        let (id, app) = (again.body["id"].as_str().unwrap(), Authenticator::scan(&uri));
        let now = stage.advance(90).await;
        self.1.verify(id, &app.code(now)).await.expect(200);
    }
}

pub struct ImportAgain(Import);

impl Situation for ImportAgain {
    const NAME: &'static str = "`POST /v1/operator/import`, again";

    async fn before(stage: &Stage, sub: &str) -> Self {
        let import = Import::before(stage, sub).await;
        import.ask().await.expect(201);
        Self(import)
    }

    async fn ask(&self) -> Reply {
        self.0.ask().await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        assert_eq!(self.ask().await.status, 200);
        self.0.after(stage, reply).await;
    }
}

pub struct ImportAfterReset(Import);

impl Situation for ImportAfterReset {
    const NAME: &'static str = "`POST /v1/operator/import`, after a reset";

    async fn before(stage: &Stage, sub: &str) -> Self {
        Reset::before(stage, sub).await.ask().await.expect(200);
        Self(Import::before(stage, sub).await)
    }

    async fn ask(&self) -> Reply {
        self.0.ask().await
    }

    async fn after(self, stage: &Stage, reply: Reply) {
        self.0.after(stage, reply).await;
    }
}
