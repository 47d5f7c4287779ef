//! A user: their factors, what their client knows, and what they do in a time step.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    code::{Attempt, FREE},
    device::Authenticator,
    ledger::{Failures, Ledger},
    random::Rng,
    world::{Reply, STEP, World},
};

/// A user with their factors, as their client knows them.
pub struct User {
    pub sub: String,
    pub world: Arc<World>,
    pub rng: Rng,
    pub token: String,
    /// The number of their phone, enrolled or not.
    pub number: String,
    pub factors: Vec<Factor>,
    /// Their recovery codes. `None` if the answer with them was lost.
    pub recovery: Option<Codes>,
    /// The current assertion, if there is one.
    pub assertion: Option<String>,
    pub ledger: Ledger,
    /// The attempts that were accepted since the clock last moved.
    pub fresh: Vec<Attempt>,
    /// The guesses of an attacker who has the password. The user does not log in meanwhile.
    pub guessed_at: Option<Guesses>,
    pub failures: Failures,
}

/// An active factor.
pub struct Factor {
    pub id: String,
    pub device: Device,
}

/// What makes the codes of a factor.
pub enum Device {
    /// An app whose clock is `off` steps off, and the last step whose code was presented.
    App { app: Authenticator, off: i64, last: u64 },
    /// A phone, and the number of texted codes that were spent.
    Phone { spent: usize },
}

/// Recovery codes that are unspent, and how many more may be unspent.
pub struct Codes {
    pub unspent: Vec<String>,
    pub unclear: usize,
}

/// An attacker's guesses: how many were sent, and the times of those that were checked.
#[derive(Default)]
pub struct Guesses {
    pub sent: usize,
    pub looked_at: Vec<u64>,
}

/// What all users do together.
#[derive(Clone, Copy)]
pub enum Act {
    /// The actions of one time step.
    Step,
    /// The check after a kill: everything accepted and confirmed is still so.
    AfterKill,
    /// The end: every factor and code must work.
    End,
}

impl User {
    pub async fn new(world: Arc<World>, seed: u64, number: usize, guessed_at: bool) -> Self {
        let sub = format!("user-{number}");
        let ask = json!({"sub": sub, "workspaces": [format!("workspace-{}", number % 8)]});
        let token = loop {
            if let Some(reply) = world.send("token", |http| http.post(world.url("/dev/tokens")).json(&ask)).await {
                break reply.body["token"].as_str().unwrap().to_owned();
            }
        };
        Self {
            sub,
            world,
            rng: Rng::new(seed, number as u64),
            token,
            number: format!("+1415{:07}", 2_300_000 + number),
            factors: Vec::new(),
            recovery: None,
            assertion: None,
            ledger: Ledger::default(),
            fresh: Vec::new(),
            guessed_at: guessed_at.then(Guesses::default),
            failures: Failures::default(),
        }
    }

    pub async fn act(&mut self, act: Act) {
        match act {
            Act::Step => self.step().await,
            Act::AfterKill => self.after_kill().await,
            Act::End => self.end().await,
        }
    }

    async fn step(&mut self) {
        self.fresh.clear();
        self.assertion = None;
        if self.factors.is_empty() {
            return self.add_app().await;
        }
        if self.guessed_at.is_some() {
            return self.be_guessed_at().await;
        }
        self.log_in().await;
        if self.assertion.is_some() {
            match self.rng.below(100) {
                0..3 => self.add_app().await,
                3..6 => self.add_phone().await,
                6..10 => self.remove().await,
                _ => {}
            }
        }
        let codes_left = self.recovery.as_ref().map_or(0, |codes| codes.unspent.len());
        if self.assertion.is_some() && (codes_left <= 3 || self.rng.percent(1)) {
            self.renew_codes().await;
        }
    }

    async fn log_in(&mut self) {
        self.hold_login().await;
        let phone = self.factors.iter().position(|factor| matches!(factor.device, Device::Phone { .. }));
        match phone {
            _ if self.rng.percent(2) => self.recover().await,
            Some(phone) if self.rng.percent(15) => self.verify_phone(phone).await,
            _ => {
                let apps = self.factors.iter().enumerate().filter(|(_, one)| matches!(one.device, Device::App { .. }));
                let apps: Vec<_> = apps.map(|(index, _)| index).collect();
                if apps.is_empty() {
                    self.verify_phone(0).await;
                } else {
                    let app = apps[self.rng.index(apps.len())];
                    self.verify_app(app).await;
                }
            }
        }
    }

    async fn after_kill(&mut self) {
        for attempt in self.fresh.clone() {
            // Stops early enough that the next right code does not have to wait.
            if self.failures.of(attempt.counter) + 1 < FREE {
                self.present(&attempt, 1).await;
            }
        }
        self.hold_list().await;
    }

    /// The step of an app whose clock is `off` steps off.
    pub fn step_of(&self, off: i64) -> u64 {
        (self.world.now() / STEP).checked_add_signed(off).unwrap()
    }

    /// Sends a request with the user's assertion until an answer comes. Also returns whether an answer was lost before.
    pub async fn ask(&self, what: &'static str, method: Method, path: &str, body: Option<Value>) -> (Reply, bool) {
        let mut lost = false;
        loop {
            let reply = self.world.send(what, |http| {
                let mut request = http.request(method.clone(), self.world.url(path)).bearer_auth(&self.token);
                if let Some(assertion) = &self.assertion {
                    request = request.header("mfa-assertion", assertion);
                }
                if let Some(body) = &body { request.json(body) } else { request }
            });
            match reply.await {
                Some(reply) => return (reply, lost),
                None => lost = true,
            }
        }
    }

    pub fn violation(&self, what: &str) {
        self.world.tally.violation(&format!("{}: {what}", self.sub));
    }

    /// Counts a violation unless the reply has this status. Returns whether it has.
    pub fn expect(&self, what: &str, reply: &Reply, status: u16) -> bool {
        let is_so = reply.status == status;
        self.world.tally.hold(is_so, || format!("{}: {what} was answered {}: {}", self.sub, reply.status, reply.body));
        is_so
    }
}
