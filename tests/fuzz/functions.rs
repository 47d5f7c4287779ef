//! The five functions with settings such as those of the local stack, and their answers to an event.

use std::sync::LazyLock;

use lambda_http::{Body, Request, Response};
use shared::{
    aws::clients::Clients,
    base::{
        clock::{Clock, Timestamp},
        settings::Settings,
    },
    edge::api::{Api, Lambda},
    proof::assertion::token_hash,
};
use tokio::runtime::{Builder, Runtime};

use super::aws;

/// The issuer and the audience of the assertions.
pub const ISSUER: &str = "https://mfa.example.com";
pub const AUDIENCE: &str = "app";
/// The time of every request.
pub const NOW: Timestamp = Timestamp::from_seconds(1_795_521_600);
/// The login token of the sample events, without its scheme.
pub const LOGIN_TOKEN: &str = "SAMPLE.LOGIN.TOKEN";

/// The API that reads the caller, and each function.
pub struct Functions {
    pub api: Api,
    enroll: enroll::Function,
    policy: policy::Function,
    recovery: recovery::Function,
    send_sms: send_sms::Function,
    verify: verify::Function,
    runtime: Runtime,
}

pub static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| {
    let (settings, aws) = (settings(), Clients::new(&aws::config()));
    let clock = || Clock::new(|| NOW);
    Functions {
        api: Api::new(&settings, &aws, clock()).unwrap(),
        enroll: enroll::Function::new(&settings, &aws, clock()).unwrap(),
        policy: policy::Function::new(&settings, &aws, clock()).unwrap(),
        recovery: recovery::Function::new(&settings, &aws, clock()).unwrap(),
        send_sms: send_sms::Function::new(&settings, &aws, clock()).unwrap(),
        verify: verify::Function::new(&settings, &aws, clock()).unwrap(),
        runtime: Builder::new_current_thread().enable_time().build().unwrap(),
    }
});

/// The settings of all functions.
pub fn settings() -> Settings {
    Settings::from_iter([
        ("MFA_TABLE", "mfa"),
        ("MFA_SEALING_KEY", "sealing"),
        ("MFA_CODE_KEYS", "local=codes"),
        ("MFA_RECOVERY_KEYS", "local=recovery"),
        ("MFA_DIGEST_KEYS", "local=digests"),
        ("MFA_SIGNING_KEYS", "local=signing"),
        ("MFA_ISSUER", ISSUER),
        ("MFA_AUDIENCE", AUDIENCE),
        ("MFA_APP_NAME", "App"),
        ("MFA_DOMAIN", "app.example.com"),
        ("MFA_EMAIL_FROM", "App <security@app.example.com>"),
        ("MFA_SSO_CLAIM", "sso"),
        ("MFA_OPERATORS", "op"),
        ("MFA_PASSWORD_RESET_CLAIM", "password_reset_at"),
    ])
}

/// The hash of the sample events' login token.
pub fn ath() -> String {
    token_hash(LOGIN_TOKEN)
}

impl Functions {
    /// Runs `work` to its end. Nothing in it waits for the outside.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The answer of the function with this name.
    pub fn answer(&self, function: &str, request: Request) -> Response<Body> {
        self.wait(async {
            match function {
                "enroll" => self.enroll.handle(request).await,
                "policy" => self.policy.handle(request).await,
                "recovery" => self.recovery.handle(request).await,
                "send-sms" => self.send_sms.handle(request).await,
                "verify" => self.verify.handle(request).await,
                other => panic!("no function {other}"),
            }
        })
    }
}
