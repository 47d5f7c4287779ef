//! An embedded AWS with the functions, and direct access to its table.

use std::path::{Path, PathBuf};

use local::{Latency, Options, Stack};
use reqwest::Client;
use serde_json::{Value, json};
use shared::base::clock::Clock;
use tempfile::TempDir;

use crate::{
    binary::Binaries,
    device::{emailed_code, texted_code},
    lambda::{Answer, Lambda},
    route::Route,
    user::User,
};

/// The table's name.
pub const TABLE: &str = "mfa";
/// The issuer of assertions, the same for every port of the stack.
const ISSUER: &str = "https://mfa.example.com";
/// Limits that count every text and refuse none, because other tests cover the limits.
const TEXT_LIMITS: &str = "resend=0,user-10m=1000000,user-day=1000000,number-hour=1000000,number-day=1000000,\
     pending-number-hour=1000000,pending-number-day=1000000,address-hour=1000000,exchange-hour=1000000,\
     exchange-day=1000000,deployment-day=1000000,deployment-pending-day=1000000";
/// The settings that functions get from [`local::settings`].
const SETTINGS: [&str; 11] = [
    "MFA_TABLE",
    "MFA_SEALING_KEY",
    "MFA_CODE_KEYS",
    "MFA_RECOVERY_KEYS",
    "MFA_DIGEST_KEYS",
    "MFA_SIGNING_KEYS",
    "MFA_ISSUER",
    "MFA_AUDIENCE",
    "MFA_APP_NAME",
    "MFA_DOMAIN",
    "MFA_EMAIL_FROM",
];

/// The embedded AWS, with the binaries that call it.
pub struct World<'a> {
    /// The programs.
    pub binaries: &'a Binaries,
    /// The folder of logs and other files.
    pub folder: TempDir,
    stack: Stack,
    http: Client,
}

impl<'a> World<'a> {
    /// An AWS with this latency. Its table is in `data`, or in memory.
    pub async fn start(binaries: &'a Binaries, latency: Latency, data: Option<&Path>) -> Self {
        let data = data.map(PathBuf::from);
        let options = Options { port: 0, aws_port: 0, data, clock: Clock::system(), latency, settings: Vec::new() };
        let stack = Stack::start(options).await.unwrap();
        Self { binaries, folder: tempfile::tempdir().unwrap(), stack, http: Client::new() }
    }

    /// Stops it, and waits until the table is free.
    pub async fn stop(self) {
        drop(self.http);
        self.stack.stop().await;
    }

    /// The URL of AWS.
    pub fn aws_url(&self) -> &str {
        &self.stack.aws_url
    }

    /// Starts a function.
    pub async fn lambda(&self, name: &str) -> Lambda {
        self.lambda_on(name, self.aws_url(), &[]).await
    }

    /// Starts a function with AWS at `aws`, and more environment variables.
    pub async fn lambda_on(&self, name: &str, aws: &str, more: &[(String, String)]) -> Lambda {
        self.start_program(name, &[&environment(name, aws), more].concat()).await
    }

    /// Starts a program as the function `name`, with more environment variables.
    pub async fn lambda_as(&self, program: &str, name: &str, more: &[(String, String)]) -> Lambda {
        self.start_program(program, &[&environment(name, self.aws_url()), more].concat()).await
    }

    async fn start_program(&self, program: &str, environment: &[(String, String)]) -> Lambda {
        Lambda::start(&self.binaries.path(program), environment, self.folder.path()).await
    }

    /// The row of a user's account.
    pub async fn account(&self, user: &User) -> Value {
        self.row(&format!("USER#{}", user.sub), "ACCOUNT").await
    }

    /// A row of the table.
    pub async fn row(&self, pk: &str, sk: &str) -> Value {
        let ask = json!({"TableName": TABLE, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConsistentRead": true});
        self.dynamodb("GetItem", &ask).await["Item"].clone()
    }

    /// Writes a row as it is.
    pub async fn put(&self, row: &Value) {
        self.dynamodb("PutItem", &json!({"TableName": TABLE, "Item": row})).await;
    }

    async fn dynamodb(&self, operation: &str, ask: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let sent = self.http.post(self.aws_url()).header("x-amz-target", target).json(ask).send().await.unwrap();
        sent.error_for_status().unwrap().json().await.unwrap()
    }

    /// The last code that was texted to a number.
    pub async fn texted(&self, number: &str) -> String {
        texted_code(&self.sent("texts", number).await)
    }

    /// The last code that was emailed to an address.
    pub async fn emailed(&self, address: &str) -> String {
        emailed_code(&self.sent("emails", address).await).unwrap()
    }

    /// The last message to a number or an address.
    async fn sent(&self, kind: &str, to: &str) -> Value {
        let outbox = self.http.get(format!("{}/dev/outbox", self.stack.api_url)).send().await.unwrap();
        let outbox: Value = outbox.json().await.unwrap();
        outbox[kind].as_array().unwrap().iter().rfind(|one| one["to"] == to).unwrap().clone()
    }
}

/// A function's environment, with AWS at `aws`.
fn environment(name: &str, aws: &str) -> Vec<(String, String)> {
    let settings = local::settings(ISSUER);
    let settings = SETTINGS.map(|setting| (setting, settings.optional(setting).unwrap()));
    let own = [
        ("AWS_ENDPOINT_URL", aws),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/mfa"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/24/[$LATEST]0"),
        ("MFA_TEXT_LIMITS", TEXT_LIMITS),
    ];
    // The session token of a role is about as long.
    let session = ("AWS_SESSION_TOKEN".to_owned(), "t".repeat(700));
    let rest = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(rest).chain([session]).collect()
}

/// A request that can be repeated, because the account is restored before it.
pub struct Again<'a> {
    world: &'a World<'a>,
    user: &'a User,
    /// The request.
    pub route: Route,
}

impl<'a> Again<'a> {
    /// A request of this user.
    pub fn new(world: &'a World<'a>, user: &'a User, route: Route) -> Self {
        Self { world, user, route }
    }

    /// Has a function answer it. Asserts the status.
    pub async fn ask(&self, lambda: &mut Lambda) -> Answer {
        let answer = self.ask_anyone(lambda).await;
        assert_eq!(answer.status, self.route.status(), "{}: {}\n{}", self.route.name(), answer.body, lambda.log());
        answer
    }

    /// Has any program answer it.
    pub async fn ask_anyone(&self, lambda: &mut Lambda) -> Answer {
        let account = self.route.account(self.user);
        if !account.is_null() {
            self.world.put(account).await;
        }
        lambda.ask(&self.route.event(self.user)).await
    }
}
