//! How a user changes their account: adds and removes factors, and renews recovery codes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    code::{Attempt, FREE, Outcome},
    device::{recovery_codes, scanned},
    ledger::Counter,
    user::{Codes, Device, Factor, User},
    world::STEP,
};

/// The most apps that a user has.
const APPS: usize = 3;

impl User {
    /// Enrolls an app, as the first factor or another.
    pub async fn add_app(&mut self) {
        if !self.has_room_for_an_app() {
            return;
        }
        let Some(begun) = self.begin(json!({"kind": "totp"})).await else { return };
        let (id, app) = scanned(&begun);
        let off = [-1, 0, 0, 0, 1][self.rng.index(5)];
        let step = self.step_of(off);
        let attempt = Attempt::activate(&id, app.code(step * STEP), Some(step));
        self.activate(attempt, Factor { id, device: Device::App { app, off, last: step } }).await;
    }

    pub fn has_room_for_an_app(&self) -> bool {
        self.factors.iter().filter(|factor| matches!(factor.device, Device::App { .. })).count() < APPS
    }

    /// Enrolls the phone unless it is enrolled.
    pub async fn add_phone(&mut self) {
        if self.factors.iter().any(|factor| matches!(factor.device, Device::Phone { .. })) {
            return;
        }
        let Some(begun) = self.begin(json!({"kind": "sms", "phone": self.number})).await else { return };
        let id = begun["id"].as_str().unwrap().to_owned();
        let Some(code) = self.text(&id).await else { return };
        let attempt = Attempt::activate(&id, code, None);
        self.activate(attempt, Factor { id, device: Device::Phone { spent: 0 } }).await;
    }

    async fn begin(&mut self, body: Value) -> Option<Value> {
        let (begun, _) = self.ask("begin", Method::POST, "/v1/factors", Some(body)).await;
        self.expect("a begin", &begun, 201).then_some(begun.body)
    }

    async fn activate(&mut self, attempt: Attempt, factor: Factor) {
        let first = self.factors.is_empty();
        let copies = 1 + self.rng.index(2);
        let outcome = self.present(&attempt, copies).await;
        self.assertion = None;
        match outcome {
            Outcome::NotNow => return,
            Outcome::Used if first => self.recovery = None,
            Outcome::Used => {}
            Outcome::Accepted(body) => {
                self.assertion = body["assertion"].as_str().map(str::to_owned);
                if first {
                    self.take_codes(&body);
                }
            }
        }
        self.factors.push(factor);
        self.fresh.push(attempt);
    }

    /// Removes a factor, if the user has several.
    pub async fn remove(&mut self) {
        if self.factors.len() < 2 {
            return;
        }
        let factor = self.factors.remove(self.rng.index(self.factors.len()));
        let path = format!("/v1/factors/{}", factor.id);
        let (removed, lost) = self.ask("remove", Method::DELETE, &path, None).await;
        self.assertion = None;
        match (removed.status, removed.code()) {
            (200, _) => self.assertion = removed.body["assertion"].as_str().map(str::to_owned),
            // The removal was done before the kill, and ended the assertion.
            (403, "assertion-invalid") if lost => {}
            _ => self.violation(&format!("a removal was answered {}: {}", removed.status, removed.body)),
        }
        self.fresh.retain(|attempt| !attempt.path.contains(&factor.id));
    }

    /// Makes new recovery codes. An old one is wrong from then on.
    pub async fn renew_codes(&mut self) {
        let (made, _) = self.ask("new codes", Method::POST, "/v1/recovery/codes", None).await;
        if !self.expect("new recovery codes", &made, 201) {
            return;
        }
        let old = self.recovery.take().and_then(|mut codes| codes.unspent.pop());
        self.take_codes(&made.body);
        self.fresh.retain(|attempt| attempt.counter != Counter::Recovery);
        if let Some(old) = old
            && self.failures.of(Counter::Recovery) + 2 < FREE
        {
            self.guess(&Attempt::redeem(&old), 1).await;
        }
    }

    fn take_codes(&mut self, body: &Value) {
        let unspent = recovery_codes(body);
        self.world.tally.hold(unspent.len() == 10, || format!("{}: not ten recovery codes: {body}", self.sub));
        self.recovery = Some(Codes { unspent, unclear: 0 });
    }
}
