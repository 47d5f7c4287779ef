//! A story as it is played: each step is a request or several, and what comes back is held to the truth.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::Method;
use serde_json::json;

use super::{
    step::{PEOPLE, Shown, Step, WORKSPACES},
    truth::{DAY, Factor, Person, Policies, Policy, Required, UNSEEN, strictest},
};
use crate::{
    authenticator::Authenticator,
    stage::{Reply, Stage, User, at_once, claims},
};

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

/// The code that is shown of a factor, and the 30 seconds that it is of; `None` where it is wrong.
struct Code {
    text: String,
    step: Option<u64>,
}

impl Code {
    /// What it is accepted as, once: an app shows the same digits again after a while, by chance.
    fn once(&self) -> String {
        format!("{} of {:?}", self.text, self.step)
    }
}

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

    async fn begin(&mut self, who: usize, phone: bool) {
        self.user(who).await;
        let number = format!("+1415555{:04}", self.phones % 10_000);
        self.phones += 1;
        let (kind, limit) = if phone { ("sms", 2) } else { ("totp", 5) };
        let body = if phone { json!({"kind": "sms", "phone": number}) } else { json!({"kind": "totp"}) };
        let person = &self.people[who];
        let due = match self.proven(who, true) {
            // One that is over is refused also where none is asked for.
            Err(why) if person.proof.as_ref().is_some_and(|proof| proof.until <= self.now) => Err(why),
            _ if phone && !self.required(who).phones_ever => Err((403, "not-allowed-by-workspace")),
            Err(why) if person.active().next().is_some() => Err(why),
            _ if person.active().filter(|factor| factor.kind == kind).count() >= limit => {
                Err((409, "too-many-factors"))
            }
            _ => Ok(201),
        };
        let reply = self.request(who, Method::POST, "/v1/factors").await.json(&body);
        let reply = self.stage.send(reply).await;
        if self.holds(who, &reply, due) && reply.status == 201 {
            let now = self.now;
            let kept = self.stage.account(PEOPLE[who]).await["factors"]["M"].as_object().cloned().unwrap();
            let person = &mut self.people[who];
            // Three are pending at most; those that can't be activated any more are dropped.
            person.factors.retain(|factor| factor.active || factor.is_live_pending(now));
            if person.factors.iter().filter(|factor| !factor.active).count() == 3 {
                let oldest = person.factors.iter().filter(|factor| !factor.active).map(|factor| factor.begun_at).min();
                // Any of those that were begun at the same time.
                let gone = person.factors.iter().position(|factor| !kept.contains_key(&factor.id)).unwrap();
                let gone = person.factors.remove(gone);
                assert!(!gone.active && Some(gone.begun_at) == oldest, "{} was dropped", gone.id);
            }
            person.factors.push(Factor {
                id: reply.body["id"].as_str().unwrap().to_owned(),
                kind,
                app: reply.body["totp"]["uri"].as_str().map(Authenticator::scan),
                phone: phone.then_some(number),
                active: false,
                begun_at: now,
                tries: 0,
                last_step: 0,
                texted: None,
            });
        }
        self.look(who, &[&reply]).await;
    }

    /// The so-manyth factor of somebody, counted around: of those that it is meant for, if there are any; the newest first.
    fn choose(&self, whose: usize, factor: usize, meant: impl Fn(&Factor) -> bool) -> Option<usize> {
        let factors = &self.people[whose].factors;
        let all: Vec<_> = (0..factors.len()).rev().collect();
        let meant: Vec<_> = all.iter().copied().filter(|index| meant(&factors[*index])).collect();
        let among = if meant.is_empty() { all } else { meant };
        among.get(factor.checked_rem(among.len())?).copied()
    }

    /// What is shown of a factor.
    fn shown(&self, whose: usize, index: usize, shown: Shown) -> Code {
        let factors = &self.people[whose].factors;
        let wrong = |right: &str| if right == "000000" { "000001" } else { "000000" }.to_owned();
        match (&factors[index].app, &factors[index].texted, shown) {
            (Some(app), _, Shown::Right) => Code { text: app.code(self.now), step: Some(self.now / 30) },
            (Some(app), _, Shown::Older) => Code { text: app.code(self.now - 30), step: Some(self.now / 30 - 1) },
            (Some(app), _, Shown::Wrong) => Code { text: app.wrong_code(self.now), step: None },
            (None, Some((code, _)), Shown::Right) if code != UNSEEN => Code { text: code.clone(), step: Some(0) },
            (None, Some((code, _)), _) => Code { text: wrong(code), step: None },
            (None, None, _) => Code { text: "000000".to_owned(), step: None },
        }
    }

    async fn activate(&mut self, who: usize, whose: usize, factor: usize, shown: Shown) {
        self.user(who).await;
        let now = self.now;
        let Some(index) = self.choose(whose, factor, |factor| factor.is_live_pending(now)) else { return };
        let code = self.shown(whose, index, shown);
        let (now, required) = (self.now, self.required(who));
        let factor = &self.people[whose].factors[index];
        let id = factor.id.clone();
        let due = match () {
            () if who != whose => Err((404, "factor-not-found")),
            () if factor.active => Err((409, "factor-not-pending")),
            () if !factor.is_live_pending(now) => Err((410, "enrollment-expired")),
            () if factor.kind == "sms" && !has_live_text(factor, now) => Err((422, "code-expired")),
            () if factor.kind == "sms" && !required.phones_ever => Err((403, "not-allowed-by-workspace")),
            () if code.step.is_none() => Err((422, "code-rejected")),
            () => Ok(200),
        };
        let reply = self.user(who).await.activate(&id, &code.text).await;
        let held = self.holds(who, &reply, due);
        if held && reply.code() == "code-rejected" {
            self.people[who].factors[index].tries += 1;
        }
        if reply.status == 200 {
            self.accept(who, &id, &code.once());
            let person = &mut self.people[who];
            person.factors.retain(|factor| factor.active || factor.id == id);
            let factor = person.factor(&id).unwrap();
            (factor.active, factor.last_step, factor.texted) = (true, code.step.unwrap(), None);
            if let Some(codes) = reply.body["recovery_codes"].as_array() {
                person.recovery = Some(codes.iter().map(|code| (code.as_str().unwrap().to_owned(), false)).collect());
            }
            self.prove(who, &reply);
        }
        self.look(who, &[&reply]).await;
    }

    /// What a code of this factor is due.
    fn due(&self, who: usize, whose: usize, index: usize, code: &Code) -> Due {
        let (now, required) = (self.now, self.required(who));
        let person = &self.people[whose];
        let factor = &person.factors[index];
        match person.guesses.allow(50, now) {
            _ if who != whose => Err((404, "factor-not-found")),
            _ if !factor.active => Err((409, "factor-not-active")),
            _ if factor.kind == "sms" && !has_live_text(factor, now) => Err((422, "code-expired")),
            Err(why) => Err(why),
            Ok(()) if !required.is_usable(factor) && person.active().any(|factor| required.is_usable(factor)) => {
                Err((403, "not-allowed-by-workspace"))
            }
            Ok(()) => match code.step {
                None => Err((422, "code-rejected")),
                Some(step) if factor.app.is_some() && step <= factor.last_step => Err((422, "code-used")),
                Some(_) => Ok(200),
            },
        }
    }

    async fn verify(&mut self, who: usize, whose: usize, factor: usize, shown: Shown) {
        self.user(who).await;
        let Some(index) = self.choose(whose, factor, |factor| factor.active) else { return };
        let code = self.shown(whose, index, shown);
        let id = self.people[whose].factors[index].id.clone();
        let due = self.due(who, whose, index, &code);
        let usable = self.required(who).is_usable(&self.people[whose].factors[index]);
        let reply = self.user(who).await.verify(&id, &code.text).await;
        let held = self.holds(who, &reply, due);
        let now = self.now;
        if held && ["code-rejected", "code-used"].contains(&reply.code()) {
            self.people[who].guesses.compared(now);
        }
        if reply.status == 200 {
            self.accepted(who, &id, &code);
            self.prove(who, &reply);
            assert_eq!(claims(&reply.body)["mfa"], if usable { "passed" } else { "enroll_only" });
        }
        self.look(who, &[&reply]).await;
    }

    /// A code of an active factor was accepted.
    fn accepted(&mut self, who: usize, id: &str, code: &Code) {
        self.accept(who, id, &code.once());
        let person = &mut self.people[who];
        person.guesses.clear();
        let factor = person.factor(id).unwrap();
        if factor.app.is_some() {
            factor.last_step = factor.last_step.max(code.step.unwrap());
        } else {
            factor.texted = None;
        }
    }

    /// In any order: of each code at most one is accepted, and no more are compared than are free, but for those that came after
    /// an accepted one.
    async fn verify_at_once(&mut self, who: usize, factor: usize, codes: &[Shown]) {
        let user = self.user(who).await;
        let Some(index) = self.choose(who, factor, |factor| factor.active) else { return };
        let id = self.people[who].factors[index].id.clone();
        let codes: Vec<_> = codes.iter().map(|code| self.shown(who, index, *code)).collect();
        let free = match self.people[who].guesses.allow(50, self.now) {
            Err(_) => 0,
            Ok(()) => 5_usize.saturating_sub(self.people[who].guesses.count as usize).max(1),
        };
        let shown = codes.iter().map(|code| {
            let (user, id, code) = (user.clone(), id.clone(), code.text.clone());
            async move { user.verify(&id, &code).await }
        });
        let replies = at_once(shown).await;
        let compared = replies.iter().filter(|reply| ["code-rejected", "code-used"].contains(&reply.code())).count();
        let accepted = replies.iter().filter(|reply| reply.status == 200).count();
        // Each accepted code sets the count back to zero.
        assert!(compared + accepted <= free + 6 * accepted, "{compared} compared of {free}: {replies:?}");
        for (reply, code) in replies.iter().zip(&codes) {
            self.leaks_nothing(who, reply);
            if reply.status == 200 {
                assert!(code.step.is_some(), "a wrong code: {reply:?}");
                self.accepted(who, &id, code);
                self.prove(who, reply);
            }
        }
        self.resync(who, &replies.iter().collect::<Vec<_>>()).await;
    }

    async fn text(&mut self, who: usize, index: usize) {
        let user = self.user(who).await;
        let (id, number) = (self.people[who].factors[index].id.clone(), self.people[who].factors[index].phone.clone());
        let before = self.stage.texts().await.len();
        let reply = user.text(&id).await;
        self.leaks_nothing(who, &reply);
        let sent = self.stage.texts().await.len() - before;
        match (reply.status, number) {
            (202, Some(number)) => {
                assert_eq!(sent, 1, "{reply:?}");
                let code = self.stage.code_to(&number).await;
                let until = self.now + 600;
                let lives = |old: &Option<(String, u64)>| match old {
                    // The same code again lives no longer than it did.
                    Some((old, until)) if *old == code => *until,
                    _ => until,
                };
                let factor = &mut self.people[who].factors[index];
                factor.texted = Some((code.clone(), lives(&factor.texted)));
            }
            (202, None) => panic!("an app is texted: {reply:?}"),
            _ => assert!(sent == 0 || self.is_disturbed(), "{reply:?}"),
        }
        if self.is_disturbed() && reply.status != 202 {
            // There may be another code now, which nobody has seen.
            self.people[who].factors[index].texted = None;
        }
        self.look(who, &[&reply]).await;
    }

    async fn email(&mut self, who: usize) {
        let user = self.user(who).await;
        let address = format!("{}@example.com", PEOPLE[who]);
        let before = self.stage.emails_to(&address).await.len();
        let reply = user.email().await;
        self.leaks_nothing(who, &reply);
        let sent = self.stage.emails_to(&address).await.len() - before;
        if self.people[who].active().next().is_none() {
            assert_eq!(sent, 0, "nothing to recover: {reply:?}");
        } else if reply.status == 202 {
            assert_eq!(sent, 1, "{reply:?}");
            self.people[who].emailed = Some((self.stage.emailed_to(&address).await, self.now + 600));
        }
        self.look(who, &[&reply]).await;
    }

    async fn recover(&mut self, who: usize, code: usize, times: usize) {
        let user = self.user(who).await;
        let now = self.now;
        let person = &self.people[who];
        let known = person.recovery.as_ref().map(|codes| codes[code % codes.len()].clone());
        let (shown, spent) = known.clone().unwrap_or_else(|| ("0000-0000-0000-0000".to_owned(), false));
        let has_codes = person.active().next().is_some();
        let due = match person.recovery_guesses.allow(100, now) {
            // Whoever has no codes is told no more than that it is wrong; and not counted.
            _ if !has_codes => Err((422, "code-rejected")),
            Err(why) => Err(why),
            Ok(()) if known.is_none() => Err((422, "code-rejected")),
            Ok(()) if spent => Err((422, "code-used")),
            Ok(()) => Ok(200),
        };
        let replies = at_once((0..times).map(|_| {
            let (user, shown) = (user.clone(), shown.clone());
            async move { user.redeem(&shown).await }
        }))
        .await;
        for reply in &replies {
            self.leaks_nothing(who, reply);
            if reply.status == 200 {
                self.accept(who, "recovery", &shown);
                let person = &mut self.people[who];
                person.guesses.clear();
                person.recovery_guesses.clear();
                person.recovery.as_mut().unwrap().iter_mut().find(|(code, _)| *code == shown).unwrap().1 = true;
                self.prove(who, reply);
            }
        }
        if let [reply] = &replies[..] {
            let held = self.holds(who, reply, due);
            if held && has_codes && ["code-rejected", "code-used"].contains(&reply.code()) {
                self.people[who].recovery_guesses.compared(now);
            }
            self.look(who, &[reply]).await;
        } else {
            if due == Ok(200) && !self.is_disturbed() {
                assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
            }
            self.resync(who, &replies.iter().collect::<Vec<_>>()).await;
        }
    }

    async fn recover_by_email(&mut self, who: usize) {
        let user = self.user(who).await;
        let Some((code, until)) = self.people[who].emailed.clone() else { return };
        let reply = user.redeem(&code).await;
        self.leaks_nothing(who, &reply);
        if reply.status == 200 {
            assert!(self.now < until, "past its life: {reply:?}");
            self.accept(who, "emailed", &code);
            let person = &mut self.people[who];
            person.guesses.clear();
            person.recovery_guesses.clear();
            person.emailed = None;
            self.prove(who, &reply);
        }
        self.look(who, &[&reply]).await;
    }

    async fn renew(&mut self, who: usize) {
        self.user(who).await;
        let due = match self.proven(who, false) {
            Err(why) => Err(why),
            Ok(()) if self.people[who].active().next().is_none() => Err((409, "factor-not-active")),
            Ok(()) => Ok(201),
        };
        let has_factor = self.people[who].active().next().is_some();
        let request = self.request(who, Method::POST, "/v1/recovery/codes").await;
        let reply = self.stage.send(request).await;
        if has_factor {
            self.holds(who, &reply, due);
        } else {
            assert!(reply.status >= 400, "{reply:?}");
        }
        if reply.status == 201 {
            let codes = reply.body["recovery_codes"].as_array().unwrap().iter();
            self.people[who].recovery = Some(codes.map(|code| (code.as_str().unwrap().to_owned(), false)).collect());
        } else if self.is_disturbed() && reply.status >= 500 {
            self.people[who].recovery = None;
        }
        self.look(who, &[&reply]).await;
    }

    async fn remove(&mut self, who: usize, factor: usize) {
        self.user(who).await;
        let Some(index) = self.choose(who, factor, |factor| factor.active) else { return };
        let (now, required) = (self.now, self.required(who));
        let person = &self.people[who];
        let factor = &person.factors[index];
        let (id, is_last) = (factor.id.clone(), factor.active && person.active().count() == 1);
        let due = match self.proven(who, false) {
            Err(why) => Err(why),
            Ok(()) if !factor.active && !factor.is_live_pending(now) => Err((410, "enrollment-expired")),
            Ok(()) if is_last && required.now => Err((409, "last-factor")),
            Ok(()) => Ok(200),
        };
        let request = self.request(who, Method::DELETE, &format!("/v1/factors/{id}")).await;
        let reply = self.stage.send(request).await;
        self.holds(who, &reply, due);
        if reply.status == 200 {
            let person = &mut self.people[who];
            person.factors.retain(|factor| factor.active && factor.id != id);
            if is_last {
                person.lose_all();
            }
            self.prove(who, &reply);
        }
        self.look(who, &[&reply]).await;
    }

    async fn require(&mut self, workspace: &'static str, required: bool, grace_days: u64, phones: bool) {
        let kinds: &[&str] = if phones { &["totp", "sms"] } else { &["totp"] };
        let wish = json!({"required": required, "grace_days": grace_days, "allowed_factors": kinds});
        let request = self.request(2, Method::PUT, &format!("/v1/workspaces/{workspace}/policy")).await.json(&wish);
        let reply = self.stage.send(request).await;
        self.leaks_nothing(2, &reply);
        if reply.status == 200 {
            assert!(self.people[2].active().next().is_some() || !required, "an owner without MFA: {reply:?}");
        }
        if reply.status == 200 || self.is_disturbed() {
            let user = self.user(2).await;
            self.stage.clear_faults().await;
            let shown = user.get(&format!("/v1/workspaces/{workspace}/policy")).await.expect(200);
            let since = self.policies[workspace].required.map_or(self.now, |(since, _)| since);
            let is_wish = shown["required"] == required && shown["grace_days"] == grace_days;
            assert!(is_wish || reply.status != 200, "{shown}");
            let policy = Policy {
                required: (shown["required"] == true)
                    .then(|| (since, since + shown["grace_days"].as_u64().unwrap() * DAY)),
                phones: shown["allowed_factors"].as_array().unwrap().len() == 2,
            };
            self.policies.insert(workspace, policy);
        }
    }

    async fn operate(&mut self, whom: usize, act: &'static str) {
        let reply = self.stage.operator().await.act(act, PEOPLE[whom]).await;
        self.note(&reply);
        if reply.status == 200 {
            let person = &mut self.people[whom];
            person.guesses.clear();
            person.recovery_guesses.clear();
            if act != "unlock" {
                person.lose_all();
            }
            if act == "erase" {
                person.epoch = 0;
            }
        } else {
            let known = ["user-not-found", "temporarily-unavailable", "internal"].contains(&reply.code());
            assert!(known, "{act}: {reply:?}");
        }
        self.look(whom, &[&reply]).await;
    }
}

fn has_live_text(factor: &Factor, now: u64) -> bool {
    factor.texted.as_ref().is_some_and(|(_, until)| now < *until)
}
