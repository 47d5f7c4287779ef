//! The requests that users and operators make.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Authenticator, Reply, Stage, device::recovery_codes, scanned};

/// A user with a login token.
#[derive(Clone)]
pub struct User {
    pub(super) stage: Stage,
    pub token: String,
}

/// A user's active factor, with the app that shows its codes.
pub struct Enrolled {
    pub id: String,
    pub app: Authenticator,
    pub recovery_codes: Vec<String>,
}

impl User {
    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        self.stage.send(request).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.stage.send(self.request(Method::GET, path)).await
    }

    /// A POST without a body.
    pub async fn post_nothing(&self, path: &str) -> Reply {
        self.stage.send(self.request(Method::POST, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.stage.send(self.request(Method::POST, path).json(&body)).await
    }

    /// A POST with an assertion.
    pub async fn post_with(&self, assertion: &str, path: &str, body: Value) -> Reply {
        self.stage.send(self.request(Method::POST, path).header("mfa-assertion", assertion).json(&body)).await
    }

    /// Renames a factor.
    pub async fn rename(&self, assertion: &str, id: &str, name: &str) -> Reply {
        let request = self.request(Method::PATCH, &format!("/v1/factors/{id}"));
        self.stage.send(request.header("mfa-assertion", assertion).json(&json!({ "name": name }))).await
    }

    /// Removes a factor.
    pub async fn remove(&self, assertion: &str, id: &str) -> Reply {
        let request = self.request(Method::DELETE, &format!("/v1/factors/{id}"));
        self.stage.send(request.header("mfa-assertion", assertion)).await
    }

    /// Gets an assertion with a code of a factor, and moves the clock to the next code.
    pub async fn prove(&self, enrolled: &Enrolled) -> String {
        let code = enrolled.app.code(self.stage.now().await);
        let verified = self.verify(&enrolled.id, &code).await.expect(200);
        self.stage.next_code(&enrolled.app).await;
        verified["assertion"].as_str().unwrap().to_owned()
    }

    /// A code that is wrong now, and stays wrong for minutes.
    pub async fn wrong_code(&self, app: &Authenticator) -> String {
        app.wrong_code(self.stage.now().await)
    }

    /// Begins another authenticator app, and activates it.
    pub async fn enroll_another(&self, assertion: &str) -> Enrolled {
        let begun = self.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
        self.finish(&begun).await
    }

    /// A request to the API with the user's token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.stage.request(method, path).bearer_auth(&self.token)
    }

    pub async fn login(&self) -> Value {
        self.post_nothing("/v1/logins").await.expect(200)
    }

    /// Begins an authenticator app as the first factor.
    pub async fn begin(&self) -> (String, Authenticator) {
        scanned(&self.post("/v1/factors", json!({"kind": "totp"})).await.expect(201))
    }

    pub async fn activate(&self, id: &str, code: &str) -> Reply {
        self.post(&format!("/v1/factors/{id}/activate"), json!({ "code": code })).await
    }

    pub async fn verify(&self, id: &str, code: &str) -> Reply {
        self.post(&format!("/v1/factors/{id}/verify"), json!({ "code": code })).await
    }

    /// Begins a phone as the first factor.
    pub async fn begin_phone(&self, number: &str) -> String {
        let begun = self.post("/v1/factors", json!({"kind": "sms", "phone": number})).await.expect(201);
        begun["id"].as_str().unwrap().to_owned()
    }

    /// Asks for a texted code.
    pub async fn text(&self, id: &str) -> Reply {
        self.post_nothing(&format!("/v1/factors/{id}/texts")).await
    }

    /// Enrolls a phone as the first factor.
    pub async fn enroll_phone(&self, number: &str) -> String {
        let id = self.begin_phone(number).await;
        self.text(&id).await.expect(202);
        self.activate(&id, &self.stage.code_to(number).await).await.expect(200);
        id
    }

    /// Asks for an emailed code.
    pub async fn email(&self) -> Reply {
        self.post_nothing("/v1/recovery/emails").await
    }

    /// Redeems a recovery code or an emailed code.
    pub async fn redeem(&self, code: &str) -> Reply {
        self.post("/v1/recovery/verify", json!({ "code": code })).await
    }

    /// Enrolls an authenticator app as the first factor.
    pub async fn enroll(&self) -> Enrolled {
        self.finish(&self.post("/v1/factors", json!({"kind": "totp"})).await.expect(201)).await
    }

    /// Activates a pending authenticator app, and moves the clock to the next code.
    pub async fn finish(&self, begun: &Value) -> Enrolled {
        let (id, app) = scanned(begun);
        let activated = self.activate(&id, &app.code(self.stage.now().await)).await.expect(200);
        self.stage.next_code(&app).await;
        Enrolled { id, app, recovery_codes: recovery_codes(&activated) }
    }
}

/// One unused code of each kind. Ada has an app, recovery codes and an emailed code. Bob has a texted code.
pub struct OneOfEach {
    pub ada: User,
    pub bob: User,
    pub app: Enrolled,
    pub emailed: String,
    pub phone: String,
    pub texted: String,
}

impl Stage {
    /// Enrolls Ada and Bob, and sends a code to each. `number` is Bob's phone.
    pub async fn one_of_each(&self, number: &str) -> OneOfEach {
        let (ada, bob) = (self.user("ada").await, self.user("bob").await);
        let app = ada.enroll().await;
        ada.email().await.expect(202);
        let emailed = self.emailed_to("ada@example.com").await;
        let phone = bob.enroll_phone(number).await;
        bob.text(&phone).await.expect(202);
        let texted = self.code_to(number).await;
        OneOfEach { ada, bob, app, emailed, phone, texted }
    }
}

/// An operator of the deployment.
#[derive(Clone)]
pub struct Operator(User);

impl Stage {
    /// The operator of the local stack.
    pub async fn operator(&self) -> Operator {
        let ask = json!({"sub": "op", "scope": "mfa:operator", "email": null, "workspaces": null});
        Operator(self.user_with(ask).await)
    }
}

impl Operator {
    /// Unlocks, resets or erases a user.
    pub async fn act(&self, act: &str, user: &str) -> Reply {
        self.post(act, json!({"user": user, "reason": "They asked on the phone"})).await
    }

    /// Imports the secret of an authenticator app.
    pub async fn import(&self, user: &str, secret: &str) -> Reply {
        self.post("import", json!({"user": user, "kind": "totp", "secret": secret, "reason": "Moving in"})).await
    }

    pub async fn post(&self, act: &str, body: Value) -> Reply {
        self.0.post(&format!("/v1/operator/{act}"), body).await
    }
}
