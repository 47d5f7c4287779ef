//! A story as it is played: each step is a request or several, and what comes back is held to the truth.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::Method;
use serde_json::json;

use super::{
    step::{PEOPLE, Shown, Step, WORKSPACES},
    truth::{DAY, Person, Policies, Policy, Required, strictest},
};
use crate::stage::{Reply, Stage, User, claims};

mod factors;
mod recovery;
mod workspaces;

/// The people, the truth about them, and the stack that they use.
pub struct Play {
    pub stage: Stage,
    pub people: Vec<Person>,
    pub policies: Policies,
    pub now: u64,
    tokens: BTreeMap<usize, (User, u64)>,
    phones: u32,
    fault: Option<String>,
    /// What came of which step, how often.
    pub tally: Tally,
    step: String,
}

/// Steps by name, with what was answered; over all stories.
pub type Tally = Arc<Mutex<BTreeMap<(String, String), u32>>>;

/// What a reply must be: its status and, if it is a problem, its code.
pub type Due = Result<u16, (u16, &'static str)>;

impl Play {
    pub async fn new(tally: Tally) -> Self {
        let stage = Stage::new().await;
        let now = stage.now().await;
        let people = PEOPLE.iter().map(|_| Person::default()).collect();
        let policies = WORKSPACES.iter().map(|name| (*name, Policy::default())).collect();
        Self {
            stage,
            people,
            policies,
            now,
            tokens: BTreeMap::new(),
            phones: 0,
            fault: None,
            tally,
            step: String::new(),
        }
    }

    pub async fn go(&mut self, step: &Step) {
        if let Step::Wait(seconds) = step {
            self.now = self.stage.advance(*seconds).await;
            return;
        }
        if let Step::Fault { call: (service, operation), kind, spare, every_try } = step {
            let order = json!({"service": service, "operation": operation, "kind": kind, "spare": spare, "every_try": every_try});
            self.stage.order_fault(order.clone()).await;
            self.fault = Some(order.to_string());
            return;
        }
        format!("{step:?}").split(' ').next().unwrap().clone_into(&mut self.step);
        match step.clone() {
            Step::Wait(_) | Step::Fault { .. } => {}
            Step::LogIn { who, by_sso } => self.log_in(who, by_sso).await,
            Step::Enrol { who, phone } => {
                self.begin(who, phone).await;
                if phone && let Some(newest) = self.choose(who, 0, |factor| factor.phone.is_some()) {
                    self.text(who, newest).await;
                }
                self.activate(who, who, 0, Shown::Right).await;
            }
            Step::Prove { who, factor } => {
                self.now = self.stage.advance(30).await;
                if let Some(index) = self.choose(who, factor, |factor| factor.active)
                    && self.people[who].factors[index].kind == "sms"
                {
                    self.text(who, index).await;
                }
                self.verify(who, who, factor, Shown::Right).await;
            }
            Step::Begin { who, phone } => self.begin(who, phone).await,
            Step::Activate { who, whose, factor, code } => self.activate(who, whose, factor, code).await,
            Step::Verify { who, whose, factor, code } => self.verify(who, whose, factor, code).await,
            Step::AtOnce { who, factor, codes } => self.verify_at_once(who, factor, &codes).await,
            Step::Text { who, factor } => {
                if let Some(index) = self.choose(who, factor, |factor| factor.phone.is_some()) {
                    self.text(who, index).await;
                }
            }
            Step::Email { who } => self.email(who).await,
            Step::Recover { who, code, at_once } => self.recover(who, code, at_once).await,
            Step::RecoverByEmail { who } => self.recover_by_email(who).await,
            Step::Renew { who } => self.renew(who).await,
            Step::Remove { who, factor } => self.remove(who, factor).await,
            Step::Require { workspace, required, grace_days, phones } => {
                self.require(WORKSPACES[workspace], required, grace_days, phones).await;
            }
            Step::Operate { whom, act } => self.operate(whom, act).await,
        }
        if self.fault.take().is_some() {
            self.stage.clear_faults().await;
        }
    }

    /// Whether the present step may have been disturbed.
    pub fn is_disturbed(&self) -> bool {
        self.fault.is_some()
    }

    /// Holds a reply to what is due. After a fault it may also be that fault; then, `false`: nobody knows what was done.
    pub fn holds(&self, who: usize, reply: &Reply, due: Due) -> bool {
        self.leaks_nothing(who, reply);
        let is = if reply.status < 300 { Ok(reply.status) } else { Err((reply.status, reply.code())) };
        if is == due {
            return true;
        }
        let broken = ["temporarily-unavailable", "internal", "text-not-sent", "email-not-sent"].contains(&reply.code());
        assert!(self.is_disturbed() && broken, "{} is due {due:?} after {:?}: {reply:?}", PEOPLE[who], self.fault);
        false
    }

    /// Notes what came of the present step.
    pub fn note(&self, reply: &Reply) {
        let outcome = if reply.status < 300 { reply.status.to_string() } else { reply.code().to_owned() };
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        *tally.entry((self.step.clone(), outcome)).or_default() += 1;
    }

    /// A user with their login token, which lives a day.
    pub async fn user(&mut self, who: usize) -> User {
        if let Some((user, until)) = self.tokens.get(&who)
            && self.now < *until
        {
            return user.clone();
        }
        let workspaces: &[&str] = if who == 2 { &WORKSPACES } else { &WORKSPACES[..1] };
        let owned: &[&str] = if who == 2 { &WORKSPACES } else { &[] };
        let ask = json!({"sub": PEOPLE[who], "workspaces": workspaces, "owned_workspaces": owned});
        let user = self.stage.user_with(ask).await;
        self.tokens.insert(who, (user.clone(), self.now + DAY / 2));
        // What was proven to another login is no proof to this one.
        self.people[who].proof = None;
        user
    }

    /// What this user's workspaces require.
    pub fn required(&self, who: usize) -> Required {
        strictest(&self.policies, if who == 2 { &WORKSPACES } else { &WORKSPACES[..1] }, self.now)
    }

    /// Whether the user's assertion is good for a change: why not, if not.
    fn proven(&self, who: usize, and_enrolling: bool) -> Result<(), (u16, &'static str)> {
        match &self.people[who].proof {
            None => Err((403, "assertion-required")),
            Some(proof) if proof.until > self.now && proof.epoch == self.people[who].epoch => {
                match proof.mfa.as_str() {
                    "passed" => Ok(()),
                    "enroll_only" if and_enrolling => Ok(()),
                    _ => Err((403, "assertion-invalid")),
                }
            }
            Some(_) => Err((403, "assertion-invalid")),
        }
    }

    /// A request with the user's assertion, if they hold one.
    async fn request(&mut self, who: usize, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.user(who).await.request(method, path);
        match &self.people[who].proof {
            Some(proof) => request.header("mfa-assertion", &proof.token),
            None => request,
        }
    }

    async fn log_in(&mut self, who: usize, by_sso: bool) {
        if by_sso {
            let ask = json!({"sub": PEOPLE[who], "workspaces": WORKSPACES[..1], "sso": true});
            let reply = self.stage.user_with(ask).await.post_nothing("/v1/logins").await;
            if self.holds(who, &reply, Ok(200)) {
                assert_eq!((&reply.body["decision"], &reply.body["reason"]), (&json!("allow"), &json!("sso")));
            }
            return;
        }
        let reply = self.user(who).await.post_nothing("/v1/logins").await;
        if !self.holds(who, &reply, Ok(200)) {
            return;
        }
        let required = self.required(who);
        let (decision, reason) = required.decide(&self.people[who]);
        let is = (&reply.body["decision"], &reply.body["reason"]);
        assert_eq!(is, (&json!(decision), &json!(reason)), "{}", PEOPLE[who]);
        assert_eq!(reply.body.get("assertion").is_some(), decision == "allow", "{reply:?}");
        if decision == "allow" {
            let said = claims(&reply.body);
            assert_eq!((&said["sub"], &said["mfa"]), (&json!(PEOPLE[who]), &json!("not_required")));
        }
        if decision == "challenge" {
            let mut usable: Vec<_> = self.people[who]
                .active()
                .filter(|factor| required.is_usable(factor))
                .map(|factor| &factor.id)
                .collect();
            let mut listed: Vec<_> =
                reply.body["factors"].as_array().unwrap().iter().map(|factor| factor["id"].as_str().unwrap()).collect();
            usable.sort();
            listed.sort_unstable();
            assert_eq!(listed, usable);
        }
    }
}
