//! A user with their devices, enrolled through the functions themselves.

use serde_json::{Value, json};
use shared::base::clock::Clock;

use crate::{
    device::{Authenticator, recovery_codes, scanned},
    event::Ask,
    lambda::Lambda,
    world::World,
};

/// How long a code of an app is the one that is shown, in seconds.
const STEP: u64 = 30;

/// A user.
pub struct User {
    /// Their id.
    pub sub: String,
    /// Their login token: as long as one is. Its claims are what counts here, for the gateway has read it.
    pub token: String,
    /// The workspaces in it.
    pub workspaces: Vec<String>,
    /// Their app, and its factor.
    pub app: Option<(String, Authenticator)>,
    /// The factor of their phone.
    pub phone: Option<String>,
    /// Their recovery codes.
    pub recovery_codes: Vec<String>,
    /// What the last activation or check brought.
    pub assertion: Option<String>,
    /// Their account in the table as their enrolment left it; null where they have none.
    pub account: Value,
    /// The code that they were sent.
    pub sent_code: Option<String>,
    /// Their account with that code.
    pub code_sent: Value,
    /// The app that they have begun besides, and its factor.
    pub begun: Option<(String, Authenticator)>,
    /// Their account with that app.
    pub app_begun: Value,
}

/// The functions that enrol somebody.
pub struct Enrolment {
    enroll: Lambda,
    send_sms: Lambda,
}

impl User {
    /// Somebody in so many workspaces, who has nothing as yet.
    pub fn new(sub: &str, workspaces: usize) -> Self {
        Self {
            sub: sub.to_owned(),
            token: format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", "c".repeat(400), "s".repeat(342)),
            workspaces: (0..workspaces).map(|number| format!("acme-{number}")).collect(),
            app: None,
            phone: None,
            recovery_codes: Vec::new(),
            assertion: None,
            account: Value::Null,
            sent_code: None,
            code_sent: Value::Null,
            begun: None,
            app_begun: Value::Null,
        }
    }

    /// Their address.
    pub fn address(&self) -> String {
        format!("{}@example.com", self.sub)
    }

    /// The token's claims as the gateway renders them.
    pub fn claims(&self) -> Value {
        json!({
            "aud": "app",
            "email": self.address(),
            "email_verified": "true",
            "exp": "4102444800",
            "iat": "1795521600",
            "iss": "https://id.example.com",
            "owned_workspaces": "[acme-0]",
            "sub": self.sub,
            "workspaces": format!("[{}]", self.workspaces.join(" ")),
        })
    }

    /// The code that their app shows next, which is accepted already and later than the one that enrolled it.
    pub fn code(&self) -> String {
        self.app.as_ref().unwrap().1.code(Clock::system().now().seconds() + STEP)
    }
}

impl Enrolment {
    /// Starts the functions.
    pub async fn start(world: &World<'_>) -> Self {
        Self { enroll: world.lambda("enroll").await, send_sms: world.lambda("send-sms").await }
    }

    /// Enrols an app.
    pub async fn app(&mut self, world: &World<'_>, user: &mut User) {
        let (id, app) = self.scan(user).await;
        self.activate(user, &id, &app.code(Clock::system().now().seconds())).await;
        user.app = Some((id, app));
        user.account = world.account(user).await;
    }

    /// Begins an app, and leaves it at that: their account stays as it was but for [`User::app_begun`].
    pub async fn begin_app(&mut self, world: &World<'_>, user: &mut User) {
        user.begun = Some(self.scan(user).await);
        user.app_begun = world.account(user).await;
    }

    /// How many of their factors are active, and how many pending.
    pub async fn factors(&mut self, user: &User) -> [(&'static str, usize); 2] {
        let listed = self.enroll.ask(&Ask::new("GET /v1/factors").by(user)).await.body;
        let factors = listed["factors"].as_array().unwrap();
        ["active", "pending"].map(|status| (status, factors.iter().filter(|factor| factor["status"] == status).count()))
    }

    /// Enrols the phone of this number.
    pub async fn phone(&mut self, world: &World<'_>, user: &mut User, number: &str) {
        let begun = self.begin(user, json!({"kind": "sms", "phone": number})).await;
        let id = begun["id"].as_str().unwrap().to_owned();
        let text = Ask { parameter: Some(&id), ..Ask::new("POST /v1/factors/{factor_id}/texts") };
        let sent = self.send_sms.ask(&text.by(user)).await;
        assert_eq!(sent.status, 202, "{}", sent.body);
        let code = world.texted(number).await;
        self.activate(user, &id, &code).await;
        user.phone = Some(id);
        user.account = world.account(user).await;
    }

    /// Begins a factor.
    pub async fn begin(&mut self, user: &User, body: Value) -> Value {
        let ask = Ask { body: Some(body), assertion: user.assertion.as_deref(), ..Ask::new("POST /v1/factors") };
        let begun = self.enroll.ask(&ask.by(user)).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        begun.body
    }

    /// Begins an app, and scans what is shown: its factor, and the app.
    async fn scan(&mut self, user: &User) -> (String, Authenticator) {
        scanned(&self.begin(user, json!({"kind": "totp"})).await)
    }

    async fn activate(&mut self, user: &mut User, id: &str, code: &str) {
        let ask = Ask::new("POST /v1/factors/{factor_id}/activate");
        let ask = Ask { parameter: Some(id), body: Some(json!({ "code": code })), ..ask };
        let ask = Ask { assertion: user.assertion.as_deref(), ..ask };
        let activated = self.enroll.ask(&ask.by(user)).await;
        assert_eq!(activated.status, 200, "{}", activated.body);
        user.assertion = activated.body["assertion"].as_str().map(str::to_owned);
        let codes = recovery_codes(&activated.body);
        if !codes.is_empty() {
            user.recovery_codes = codes;
        }
    }
}
