//! Steps with factors: begun, activated, proven once or many times at once, texted to, removed.

use reqwest::Method;
use serde_json::json;

use super::{Due, Play};
use crate::{
    authenticator::Authenticator,
    model::{
        step::{PEOPLE, Shown},
        truth::{Factor, UNSEEN},
    },
    stage::{at_once, claims},
};

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
    pub(super) async fn begin(&mut self, who: usize, phone: bool) {
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
    pub(super) fn choose(&self, whose: usize, factor: usize, meant: impl Fn(&Factor) -> bool) -> Option<usize> {
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

    pub(super) async fn activate(&mut self, who: usize, whose: usize, factor: usize, shown: Shown) {
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

    pub(super) async fn verify(&mut self, who: usize, whose: usize, factor: usize, shown: Shown) {
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
    pub(super) async fn verify_at_once(&mut self, who: usize, factor: usize, codes: &[Shown]) {
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

    pub(super) async fn text(&mut self, who: usize, index: usize) {
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

    pub(super) async fn remove(&mut self, who: usize, factor: usize) {
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
}

fn has_live_text(factor: &Factor, now: u64) -> bool {
    factor.texted.as_ref().is_some_and(|(_, until)| now < *until)
}
