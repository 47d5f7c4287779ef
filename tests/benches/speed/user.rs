//! A user with their devices, enrolled through the functions themselves.

use serde_json::{Value, json};
use shared::base::clock::Clock;

use crate::{
    device::{Authenticator, recovery_codes, scanned},
    event::Ask,
    lambda::Lambda,
    route::Route,
    world::{Again, World},
};

/// The time step of an app's codes, in seconds.
const STEP: u64 = 30;

/// A user.
pub struct User {
    /// Their id.
    pub sub: String,
    /// A fake login token of realistic length. The claims are given apart, because the gateway has read them.
    pub token: String,
    /// The workspaces in its claims.
    pub workspaces: Vec<String>,
    /// Their app, and its factor.
    pub app: Option<(String, Authenticator)>,
    /// The factor of their phone.
    pub phone: Option<String>,
    /// Their recovery codes.
    pub recovery_codes: Vec<String>,
    /// The assertion of the last activation or check.
    pub assertion: Option<String>,
    /// The row of their account after enrollment. Null if they have none.
    pub account: Value,
    /// The sent code.
    pub sent_code: Option<String>,
    /// The row of their account with that code.
    pub code_sent: Value,
    /// Another app that is pending, and its factor.
    pub begun: Option<(String, Authenticator)>,
    /// The row of their account with that app.
    pub app_begun: Value,
}

/// The functions that enroll a user.
pub struct Enrollment {
    enroll: Lambda,
    send_sms: Lambda,
}

impl User {
    /// A user in this many workspaces, without factors.
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

    /// Their email address.
    pub fn address(&self) -> String {
        format!("{}@example.com", self.sub)
    }

    /// The token's claims, as the gateway renders them.
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

    /// Gets them a new assertion.
    pub async fn prove(&mut self, world: &World<'_>) {
        let verified = Again::new(world, self, Route::Verify).ask(&mut world.lambda("verify").await).await;
        self.assertion = verified.body["assertion"].as_str().map(str::to_owned);
    }

    /// Gets them a new assertion and begins another app, because the old ones expire after minutes.
    pub async fn renew(&mut self, world: &World<'_>, enrollment: &mut Enrollment) {
        self.prove(world).await;
        world.put(&self.account).await;
        enrollment.begin_app(world, self).await;
    }

    /// The next code of their app. It is accepted already, and later than the code of the activation.
    pub fn code(&self) -> String {
        self.app.as_ref().unwrap().1.code(Clock::system().now().seconds() + STEP)
    }
}

impl Enrollment {
    /// Starts the functions.
    pub async fn start(world: &World<'_>) -> Self {
        Self { enroll: world.lambda("enroll").await, send_sms: world.lambda("send-sms").await }
    }

    /// Enrolls an app.
    pub async fn app(&mut self, world: &World<'_>, user: &mut User) {
        let (id, app) = self.scan(user).await;
        self.activate(user, &id, &app.code(Clock::system().now().seconds())).await;
        user.app = Some((id, app));
        user.account = world.account(user).await;
    }

    /// Begins an app without an activation. Only [`User::app_begun`] has it.
    pub async fn begin_app(&mut self, world: &World<'_>, user: &mut User) {
        user.begun = Some(self.scan(user).await);
        user.app_begun = world.account(user).await;
    }

    /// How many of their factors are active, and how many are pending.
    pub async fn factors(&mut self, user: &User) -> [(&'static str, usize); 2] {
        let listed = self.enroll.ask(&Ask::new("GET /v1/factors").by(user)).await.body;
        let factors = listed["factors"].as_array().unwrap();
        ["active", "pending"].map(|status| (status, factors.iter().filter(|factor| factor["status"] == status).count()))
    }

    /// Enrolls the phone with this number.
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

    /// Begins an app and scans its QR code. Returns its factor and the app.
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
