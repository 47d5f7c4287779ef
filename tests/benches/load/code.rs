//! A code as a client presents it: several times at once, and again for each answer that a kill took. Every answer is
//! compared with the ledger.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    ledger::Counter,
    tally::VERIFY,
    user::User,
    world::{Reply, STEP},
};

/// The attempts after which a wait begins.
pub const FREE: usize = 5;

/// A right code, and where to present it.
#[derive(Clone)]
pub struct Attempt {
    pub what: &'static str,
    pub path: String,
    pub code: String,
    /// The name in the ledger of what it spends.
    pub spends: String,
    /// The time step of an app's code.
    pub step: Option<u64>,
    pub counter: Counter,
}

impl Attempt {
    /// A factor's code at a login. `spends` tells its codes apart.
    pub fn verify(id: &str, code: String, step: Option<u64>, spends: &str) -> Self {
        let (path, spends) = (format!("/v1/factors/{id}/verify"), format!("{id} {spends}"));
        Self { what: VERIFY, path, code, spends, step, counter: Counter::Factors }
    }

    /// The code that activates a factor.
    pub fn activate(id: &str, code: String, step: Option<u64>) -> Self {
        let (path, spends) = (format!("/v1/factors/{id}/activate"), format!("{id} pending"));
        Self { what: "activate", path, code, spends, step, counter: Counter::Pending }
    }

    /// A recovery code.
    pub fn redeem(code: &str) -> Self {
        let (path, spends) = ("/v1/recovery/verify".to_owned(), format!("recovery {code}"));
        Self { what: "redeem", path, code: code.to_owned(), spends, step: None, counter: Counter::Recovery }
    }

    /// Whether a refusal says that the code is spent. The row of a texted code is gone after it was accepted.
    fn says_used(&self, code: &str) -> bool {
        match self.counter {
            Counter::Factors => code == "code-used" || (code == "code-expired" && self.step.is_none()),
            Counter::Recovery => code == "code-used",
            Counter::Pending => code == "factor-not-pending",
        }
    }

    /// Whether its time step may have passed between `from` and `until`.
    fn slipped(&self, from: u64, until: u64) -> bool {
        self.step.is_some_and(|step| [from, until].iter().any(|time| (time / STEP).abs_diff(step) > 1))
    }
}

/// What became of a code.
pub enum Outcome {
    /// It was accepted with this answer.
    Accepted(Value),
    /// It was accepted, and the answer was lost.
    Used,
    /// It must wait, or came too late.
    NotNow,
}

impl User {
    /// Presents a right code `copies` times at once, and again for each lost answer.
    pub async fn present(&mut self, attempt: &Attempt, copies: usize) -> Outcome {
        let was_spent = self.ledger.of(&attempt.spends).spent;
        let counted = self.failures.of(attempt.counter);
        let from = self.world.now();
        let (mut sent, mut lost, mut left) = (0, 0, copies);
        let mut replies = Vec::new();
        while left > 0 {
            let answers = self.at_once(attempt, left).await;
            sent += left;
            left = answers.iter().filter(|answer| answer.is_none()).count();
            lost += left;
            replies.extend(answers.into_iter().flatten());
        }
        let slipped = attempt.slipped(from, self.world.now());

        let (mut accepted, mut used, mut body) = (0, false, None);
        for reply in replies {
            match (reply.status, reply.code()) {
                (200, _) => {
                    accepted += 1;
                    body = Some(reply.body);
                }
                (_, code) if attempt.says_used(code) => used = true,
                (422, "code-rejected") if slipped => {}
                (429, "too-many-attempts") | (410, "enrollment-expired") if counted + sent > FREE => {}
                _ => self.violation(&format!("{} was answered {}: {}", attempt.spends, reply.status, reply.body)),
            }
        }
        if let Err(wrong) = self.ledger.note(&attempt.spends, accepted, used, lost) {
            self.violation(&format!("{} {wrong}", attempt.spends));
        }
        self.failures.count(attempt.counter, !was_spent && (accepted > 0 || used), sent);
        match body {
            Some(body) => Outcome::Accepted(body),
            None if used => Outcome::Used,
            None => Outcome::NotNow,
        }
    }

    /// Presents a wrong code `copies` times at once. Returns how many answers rejected it.
    pub async fn guess(&mut self, attempt: &Attempt, copies: usize) -> usize {
        let counted = self.failures.of(attempt.counter);
        let answers = self.at_once(attempt, copies).await;
        self.failures.count(attempt.counter, false, copies);
        let mut rejected = 0;
        for reply in answers.into_iter().flatten() {
            match (reply.status, reply.code()) {
                (422, "code-rejected") => rejected += 1,
                (429, "too-many-attempts") | (423, "locked") if counted + copies > FREE => {}
                _ => self.violation(&format!("a wrong code was answered {}: {}", reply.status, reply.body)),
            }
        }
        rejected
    }

    async fn at_once(&self, attempt: &Attempt, copies: usize) -> Vec<Option<Reply>> {
        let mut requests = JoinSet::new();
        for _ in 0..copies {
            let (world, token, attempt) = (self.world.clone(), self.token.clone(), attempt.clone());
            requests.spawn(async move {
                let (url, body) = (world.url(&attempt.path), json!({"code": attempt.code}));
                world.send(attempt.what, |http| http.post(url).bearer_auth(token).json(&body)).await
            });
        }
        requests.join_all().await
    }
}
