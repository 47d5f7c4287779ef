//! Steps with codes: a user shows one code, shows several at once, or asks for a text.

use super::{Due, Play};
use crate::{
    model::{
        could::{Could, is_failure, perhaps, was_taken},
        step::{PEOPLE, Shown},
        truth::{DAY, UNSEEN},
    },
    stage::{Reply, at_once, claims},
};

/// A code that a user shows, and its time step of 30 s. The step is `None` if the code is wrong.
pub(super) struct Code {
    pub(super) text: String,
    pub(super) step: Option<u64>,
}

impl Code {
    /// A name that no other code of the factor has. An app may show the same digits again by chance, in another step.
    pub(super) fn once(&self) -> String {
        format!("{} of {:?}", self.text, self.step)
    }
}

impl Play {
    /// The code of a factor that a user shows.
    pub(super) fn shown(&self, whose: usize, index: usize, shown: Shown) -> Code {
        let factors = &self.people[whose].factors;
        let wrong = |right: &str| if right == "000000" { "000001" } else { "000000" }.to_owned();
        match (&factors[index].app, &factors[index].texted, shown) {
            (Some(app), _, shown) => {
                let text = match shown {
                    Shown::Right => app.code(self.now),
                    Shown::Older => app.code(self.now - 30),
                    Shown::Wrong => app.wrong_code(self.now),
                };
                let step = (self.now / 30 - 1..=self.now / 30 + 1).find(|step| app.code(step * 30) == text);
                Code { text, step }
            }
            (None, Some((code, _)), Shown::Right) if code != UNSEEN => Code { text: code.clone(), step: Some(0) },
            (None, Some((code, _)), _) => Code { text: wrong(code), step: None },
            (None, None, _) => Code { text: "000000".to_owned(), step: None },
        }
    }

    pub(super) async fn verify(&mut self, who: usize, whose: usize, factor: usize, shown: Shown) {
        let user = self.user(who).await;
        let Some(index) = self.choose(whose, factor, |factor| factor.active) else { return };
        let code = self.shown(whose, index, shown);
        let id = self.people[whose].factors[index].id.clone();
        let due = self.due_verify(who, whose, index, &code, false);
        let reply = user.verify(&id, &code.text).await;
        let mut could = Could::default();
        could.try_code(due, &id, &reply);
        self.holds(who, &reply, due);
        self.verified(who, &id, &code, &reply);
        self.look(who, &could).await;
    }

    /// Updates the model from the reply to a factor's code.
    pub(super) fn verified(&mut self, who: usize, id: &str, code: &Code, reply: &Reply) {
        let (now, required) = (self.now, self.required(who));
        if reply.status == 200 {
            assert!(code.step.is_some(), "a wrong code was accepted: {reply:?}");
            self.accept(who, id, &code.once());
            self.prove(who, reply);
            let person = &mut self.people[who];
            person.guesses.clear();
            let factor = person.factor(id).unwrap();
            let said = claims(&reply.body);
            assert_eq!(said["mfa"], if required.is_usable(factor) { "passed" } else { "enroll_only" });
            assert_eq!(said["enrolled_by"], factor.enrolled_by.as_str());
            assert_eq!(said["factor_since"], factor.since);
            if factor.app.is_some() {
                factor.last_step = factor.last_step.max(code.step.unwrap());
            } else {
                factor.texted = None;
            }
        } else if is_failure(reply) {
            self.people[who].guesses.compared(now);
        }
    }

    /// Shows several codes at once. In any order, each code is accepted at most once, and no more are compared than are
    /// free. An accepted code makes the next five free.
    pub(super) async fn verify_at_once(&mut self, who: usize, factor: usize, codes: &[Shown]) {
        let user = self.user(who).await;
        let Some(index) = self.choose(who, factor, |factor| factor.active) else { return };
        let is_phone = self.people[who].factors[index].app.is_none();
        let id = self.people[who].factors[index].id.clone();
        let codes: Vec<_> = codes.iter().map(|code| self.shown(who, index, *code)).collect();
        let dues: Vec<_> = codes.iter().map(|code| self.due_verify(who, who, index, code, false)).collect();
        let count = self.people[who].guesses.count;
        let free = match self.people[who].guesses.allow(50, self.now) {
            Err(_) => 0,
            Ok(()) => 5_usize.saturating_sub(count as usize).max(1),
        };
        let shown = codes.iter().map(|code| {
            let (user, id, code) = (user.clone(), id.clone(), code.text.clone());
            async move { user.verify(&id, &code).await }
        });
        let replies = at_once(shown).await;

        let may_be_right = dues.contains(&Ok(200));
        let mut could = self.could_at_once();
        for ((reply, code), due) in replies.iter().zip(&codes).zip(&dues) {
            let mut due = vec![*due];
            let is_counted = free > 0 && ![404, 409].contains(&status(due[0])) && due[0] != Err((422, "code-expired"));
            if is_counted && replies.len() > free {
                // The other codes may have used up the free attempts.
                due.push(Err((429, "too-many-attempts")));
                due.extend((count >= 49).then_some(Err((423, "locked"))));
            }
            if may_be_right {
                due.extend(code.step.map(|_| Err((422, "code-used"))));
                due.extend(is_phone.then_some(Err((422, "code-expired"))));
            }
            self.holds_one_of(who, reply, &due);
            could.try_code(due[0], &id, reply);
        }
        let compared = replies.iter().filter(|reply| is_failure(reply)).count();
        let accepted = replies.iter().filter(|reply| reply.status == 200).count();
        // Each accepted code clears the count, also one whose answer was lost.
        let is_lost = |reply: &Reply| reply.status != 200 && was_taken(reply) && self.is_disturbed();
        let lost = replies.iter().zip(&dues).filter(|(reply, due)| is_lost(reply) && **due == Ok(200)).count();
        assert!(compared + accepted <= free + 5 * (accepted + lost), "{compared} compared of {free}: {replies:?}");
        let none_too_many = may_be_right && replies.len() <= free && !self.is_disturbed();
        assert!(accepted > 0 || !none_too_many, "no right code was accepted: {replies:?}");
        for (reply, code) in replies.iter().zip(&codes) {
            self.verified(who, &id, code, reply);
        }
        self.resync(who, &could).await;
    }

    pub(super) async fn text(&mut self, who: usize, index: usize) {
        let user = self.user(who).await;
        let id = self.people[who].factors[index].id.clone();
        let due = self.due_text(who, index);
        let before = self.stage.texts().await.len();
        let reply = user.text(&id).await;
        self.holds_one_of(who, &reply, &due);
        self.texted(who, &id, before, &reply).await;
        let could = Could { texts: perhaps(&reply).then_some(id), ..Could::default() };
        self.look(who, &could).await;
    }

    /// Updates the model from the reply to a request for a text. After a 202 one text was sent, after a refusal none.
    pub(super) async fn texted(&mut self, who: usize, id: &str, before: usize, reply: &Reply) {
        let now = self.now;
        let sent = self.stage.texts().await.len() - before;
        let phone = self.people[who].factor(id).and_then(|factor| factor.phone.clone());
        if perhaps(reply) {
            self.texted_at = Some(now);
        }
        if reply.status == 202 {
            assert_eq!(sent, 1, "{reply:?}");
            let code = match phone {
                Some(number) => self.stage.code_to(&number).await,
                // The reply that named this factor was lost, so the model does not know its number.
                None => UNSEEN.to_owned(),
            };
            let person = &mut self.people[who];
            person.texts.push(now);
            let within = |window| person.texts.iter().filter(|at| *at / window == now / window).count();
            assert!(within(600) <= 5 && within(DAY) <= 10, "{} is texted too often", PEOPLE[who]);
            let factor = person.factor(id).unwrap();
            // The same code, sent again, keeps its expiry. So does a code that replaces that of another login.
            let lives = |(old, until): &(String, u64)| *old == code || (old == UNSEEN && now + 300 <= *until);
            let until = factor.texted.take().filter(lives).map_or(now + 600, |(_, until)| until);
            factor.texted = Some((code, until));
        } else if reply.status >= 500 {
            // There may be a new code, which nobody has seen.
            self.people[who].factor(id).unwrap().texted = None;
        } else {
            assert_eq!(sent, 0, "{reply:?}");
        }
    }
}

fn status(due: Due) -> u16 {
    match due {
        Ok(status) | Err((status, _)) => status,
    }
}
