//! How a user logs in: with an app, a texted code or a recovery code. Also what an attacker tries.

use reqwest::Method;

use crate::{
    code::{Attempt, FREE, Outcome},
    device::Authenticator,
    ledger::Counter,
    user::{Device, User},
    world::STEP,
};

/// Whether no other step nearby has the same code. A code that is spent at both steps would look as if it was accepted
/// twice. Once in about 100,000 codes it does.
fn is_plain(app: &Authenticator, step: u64) -> bool {
    let code = app.code(step * STEP);
    (step - 3..=step + 3).all(|other| other == step || app.code(other * STEP) != code)
}

impl User {
    /// Logs in with an app. The user may mistype first, send the code up to three times at once, or send it again
    /// later.
    pub async fn verify_app(&mut self, index: usize) {
        let Device::App { app, off, last } = &self.factors[index].device else { panic!("it is an app") };
        let id = self.factors[index].id.clone();
        let steps = [*off, 0, 1].map(|off| self.step_of(off));
        let Some(step) = steps.into_iter().find(|step| step > last && is_plain(app, *step)) else { return };
        let (code, wrong) = (app.code(step * STEP), app.wrong_code(step * STEP));
        if self.failures.of(Counter::Factors) < 3 && self.rng.percent(15) {
            let typed = Attempt::verify(&id, wrong, None, "wrong");
            self.guess(&typed, 1).await;
        }
        let copies = match self.rng.below(100) {
            0..55 => 1,
            55..90 => 2,
            _ => 3,
        };
        let attempt = Attempt::verify(&id, code, Some(step), &step.to_string());
        self.show(attempt, copies).await;
        if let Device::App { last, .. } = &mut self.factors[index].device {
            *last = step;
        }
    }

    /// Logs in with a phone.
    pub async fn verify_phone(&mut self, index: usize) {
        let id = self.factors[index].id.clone();
        let Device::Phone { spent } = self.factors[index].device else { panic!("it is a phone") };
        let Some(code) = self.text(&id).await else { return };
        let attempt = Attempt::verify(&id, code, None, &format!("text {spent}"));
        let copies = 1 + self.rng.index(2);
        if !matches!(self.show(attempt, copies).await, Outcome::NotNow)
            && let Device::Phone { spent } = &mut self.factors[index].device
        {
            *spent += 1;
        }
    }

    /// Logs in with a recovery code, if one is known.
    pub async fn recover(&mut self) {
        let Some(codes) = self.recovery.as_mut().filter(|codes| !codes.unspent.is_empty()) else { return };
        let code = codes.unspent.remove(self.rng.index(codes.unspent.len()));
        let attempt = Attempt::redeem(&code);
        let copies = 1 + self.rng.index(2);
        if let Outcome::NotNow = self.show(attempt, copies).await
            && let Some(codes) = &mut self.recovery
        {
            codes.unclear += 1;
        }
        // The assertion after a recovery code only begins a factor. The activation gives a stronger one.
        if self.assertion.is_some() && self.has_room_for_an_app() && self.rng.percent(10) {
            self.add_app().await;
        } else {
            self.assertion = None;
        }
    }

    /// Presents a right code. Sometimes presents it again after it is spent.
    async fn show(&mut self, attempt: Attempt, copies: usize) -> Outcome {
        let copies = copies.min(FREE.saturating_sub(self.failures.of(attempt.counter))).max(1);
        let outcome = self.present(&attempt, copies).await;
        if let Outcome::Accepted(body) = &outcome {
            self.assertion = body["assertion"].as_str().map(str::to_owned);
        }
        if !matches!(outcome, Outcome::NotNow) {
            if self.failures.of(attempt.counter) + 1 < FREE && self.rng.percent(25) {
                self.present(&attempt, 1).await;
            }
            self.fresh.push(attempt);
        }
        outcome
    }

    /// Requests a texted code and reads it. If a kill emptied the outbox, another text brings the same code.
    pub async fn text(&mut self, id: &str) -> Option<String> {
        for _ in 0..5 {
            let (sent, _) = self.ask("text", Method::POST, &format!("/v1/factors/{id}/texts"), None).await;
            if !self.expect("a text", &sent, 202) {
                return None;
            }
            if let Some(code) = self.world.texted(&self.number).await {
                return Some(code);
            }
        }
        self.violation("no text came");
        None
    }

    /// An attacker guesses, two codes at once.
    pub async fn be_guessed_at(&mut self) {
        let Device::App { app, .. } = &self.factors[0].device else { panic!("it is an app") };
        let wrong = app.wrong_code(self.world.now());
        let attempt = Attempt::verify(&self.factors[0].id, wrong, None, "guess");
        let looked_at = self.guess(&attempt, 2).await;
        let now = self.world.now();
        if let Some(guesses) = &mut self.guessed_at {
            guesses.sent += 2;
            guesses.looked_at.extend(vec![now; looked_at]);
        }
    }
}
