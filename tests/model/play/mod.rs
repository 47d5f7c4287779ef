//! Plays a story: sends the requests of each step, and compares the replies with the model.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::Method;
use serde_json::json;

use super::{
    could::Could,
    step::{PEOPLE, Shown, Step, WORKSPACES},
    truth::{DAY, Person, Policies, Policy, Required, UNSEEN, strictest},
};
use crate::stage::{Reply, Stage, User};

mod codes;
mod due;
mod factors;
mod logins;
mod recovery;
mod together;
mod workspaces;

/// The stack, and the model's knowledge of the users and their workspaces.
pub struct Play {
    pub stage: Stage,
    pub people: Vec<Person>,
    pub policies: Policies,
    pub now: u64,
    tokens: BTreeMap<usize, (User, u64)>,
    /// Counters for new phone numbers, names and secrets.
    phones: u32,
    names: u32,
    /// When the last text may have been sent to any user.
    texted_at: Option<u64>,
    fault: Option<String>,
    /// How often each step had each outcome.
    pub tally: Tally,
    step: String,
}

/// The outcomes of all stories: the step's name, the status or code, and how often it came.
pub type Tally = Arc<Mutex<BTreeMap<(String, String), u32>>>;

/// The expected reply: its status and, if it is a problem, its code.
pub type Due = Result<u16, (u16, &'static str)>;

impl Play {
    pub async fn new(tally: Tally) -> Self {
        let stage = Stage::new().await;
        let now = stage.now().await;
        let people = PEOPLE.iter().map(|_| Person::default()).collect();
        let policies = WORKSPACES.iter().map(|name| (*name, Policy { required: None, phones: true })).collect();
        Self {
            stage,
            people,
            policies,
            now,
            tokens: BTreeMap::new(),
            phones: 0,
            names: 0,
            texted_at: None,
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
            Step::Enroll { who, phone } => {
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
            Step::RecoverByEmail { who, wrong } => self.recover_by_email(who, wrong).await,
            Step::ComeBack { who } => {
                self.email(who).await;
                self.recover_by_email(who, false).await;
                self.begin(who, false).await;
                self.activate(who, who, 0, Shown::Right).await;
                self.remove(who, 1).await;
            }
            Step::Renew { who } => self.renew(who).await,
            Step::Remove { who, factor } => self.remove(who, factor).await,
            Step::Rename { who, factor } => self.rename(who, factor).await,
            Step::List { who } => self.list(who).await,
            Step::Together { who, factor, code, recovery } => self.together(who, factor, code, recovery).await,
            Step::Members { workspace } => self.members(WORKSPACES[workspace]).await,
            Step::Keys => self.keys().await,
            Step::Import { whom } => self.import(whom).await,
            Step::Require { workspace, required, grace_days, phones } => {
                self.require(WORKSPACES[workspace], required, grace_days, phones).await;
            }
            Step::Operate { whom, act } => self.operate(whom, act).await,
        }
        if self.fault.take().is_some() {
            self.stage.clear_faults().await;
        }
    }

    /// Whether a fault was ordered for this step.
    pub fn is_disturbed(&self) -> bool {
        self.fault.is_some()
    }

    /// Checks a reply. After a fault, the reply may also be a 5xx. Then the result is `false`: the effects are unknown.
    pub fn holds(&self, who: usize, reply: &Reply, due: Due) -> bool {
        self.holds_one_of(who, reply, &[due])
    }

    /// As `holds`, if the reply depends on the order of requests, or on a rule that the model does not know.
    pub fn holds_one_of(&self, who: usize, reply: &Reply, due: &[Due]) -> bool {
        self.leaks_nothing(who, reply);
        let is = if reply.status < 300 { Ok(reply.status) } else { Err((reply.status, reply.code())) };
        if due.contains(&is) {
            return true;
        }
        let broken = ["temporarily-unavailable", "internal", "text-not-sent", "email-not-sent"].contains(&reply.code());
        assert!(
            self.is_disturbed() && broken,
            "{}: {} is due {due:?} after {:?}: {reply:?}",
            self.step,
            PEOPLE[who],
            self.fault
        );
        false
    }

    /// The possible effects of several requests at once, before their replies.
    fn could_at_once(&self) -> Could {
        Could { again: if self.is_disturbed() { 2 } else { 0 }, ..Could::default() }
    }

    /// Adds the outcome of this step to the tally.
    pub fn note(&self, reply: &Reply) {
        let outcome = if reply.status < 300 { reply.status.to_string() } else { reply.code().to_owned() };
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        *tally.entry((self.step.clone(), outcome)).or_default() += 1;
    }

    /// A user with a login token. After half a day, the user logs in again.
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
        // An assertion or a sent code of another login is not valid for this one.
        let person = &mut self.people[who];
        person.proof = None;
        let emailed = person.emailed.iter_mut().map(|emailed| &mut emailed.code);
        let texted = person.factors.iter_mut().filter_map(|factor| factor.texted.as_mut().map(|(code, _)| code));
        for code in emailed.chain(texted) {
            UNSEEN.clone_into(code);
        }
        user
    }

    /// Whether the user logged in more than a minute before an operator reset them.
    pub fn logged_in_before_reset(&self, who: usize) -> bool {
        let logged_in_at = self.tokens.get(&who).map_or(self.now, |(_, until)| until - DAY / 2);
        self.people[who].reset_at.is_some_and(|at| logged_in_at + 60 < at)
    }

    /// The strictest policy of the user's workspaces.
    pub fn required(&self, who: usize) -> Required {
        strictest(&self.policies, if who == 2 { &WORKSPACES } else { &WORKSPACES[..1] }, self.now)
    }

    /// A request with the user's assertion, if they hold one.
    async fn request(&mut self, who: usize, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.user(who).await.request(method, path);
        match &self.people[who].proof {
            Some(proof) => request.header("mfa-assertion", &proof.token),
            None => request,
        }
    }
}
