//! Steps of a user who has lost a device: the user asks for an email, redeems a code, or asks for new recovery codes.

use reqwest::Method;

use super::Play;
use crate::{
    model::{
        could::{Could, is_failure, perhaps},
        step::PEOPLE,
        truth::{Emailed, UNSEEN},
    },
    stage::{Reply, at_once},
};

/// A recovery code to redeem. `known` says whether it is used. It is `None` if the model knows no code.
pub(super) struct Redeemed {
    pub(super) text: String,
    pub(super) known: Option<bool>,
}

impl Play {
    pub(super) async fn email(&mut self, who: usize) {
        let user = self.user(who).await;
        let now = self.now;
        let address = format!("{}@example.com", PEOPLE[who]);
        let has_factor = self.people[who].active().next().is_some();
        let due = self.due_email(who);
        let before = self.stage.emails_to(&address).await.len();
        let reply = user.email().await;
        self.holds_one_of(who, &reply, &due);
        let sent = self.stage.emails_to(&address).await.len() - before;
        let mut could = Could::default();
        if !has_factor || !perhaps(&reply) {
            assert_eq!(sent, 0, "an email to a user without a factor, or after a refusal: {reply:?}");
        } else {
            could.emailed = true;
            self.people[who].emails.push((now, reply.status == 202));
            let code = if reply.status == 202 {
                assert_eq!(sent, 1, "{reply:?}");
                self.stage.emailed_to(&address).await
            } else {
                // There may be a new code, which nobody has seen.
                UNSEEN.to_owned()
            };
            let emailed = &mut self.people[who].emailed;
            // The same code, sent again, keeps its expiry. So does a code that replaces that of another login.
            let lives =
                |old: &Emailed| old.code == code || (old.code == UNSEEN && now + 300 <= old.until && old.tries < 5);
            let (until, tries) = emailed.take().filter(lives).map_or((now + 600, 0), |old| (old.until, old.tries));
            *emailed = Some(Emailed { code, until, tries });
        }
        self.look(who, &could).await;
    }

    /// The recovery code with this number, which wraps around.
    pub(super) fn recovery(&self, who: usize, code: usize) -> Redeemed {
        match &self.people[who].recovery {
            Some(codes) => {
                let (code, spent) = &codes[code % codes.len()];
                Redeemed { text: code.clone(), known: Some(*spent) }
            }
            None => Redeemed { text: "0000-0000-0000-0000".to_owned(), known: None },
        }
    }

    pub(super) async fn recover(&mut self, who: usize, code: usize, times: usize) {
        let user = self.user(who).await;
        let code = self.recovery(who, code);
        let due = self.due_recover(who, code.known);
        let free = 5_usize.saturating_sub(self.people[who].recovery_guesses.count as usize).max(1);
        let replies = at_once((0..times).map(|_| {
            let (user, shown) = (user.clone(), code.text.clone());
            async move { user.redeem(&shown).await }
        }))
        .await;
        let mut could = if times > 1 { self.could_at_once() } else { Could::default() };
        for reply in &replies {
            let mut dues = vec![due];
            if due == Ok(200) && times > 1 {
                dues.push(Err((422, "code-used")));
            }
            if self.people[who].has_codes && times > free {
                dues.push(Err((429, "too-many-attempts")));
            }
            self.holds_one_of(who, reply, &dues);
            could.redeem(due, reply);
            self.redeemed(who, &code, reply);
        }
        if times == 1 {
            self.look(who, &could).await;
        } else {
            if due == Ok(200) && !self.is_disturbed() {
                assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
            }
            self.resync(who, &could).await;
        }
    }

    /// Updates the model from the reply to a recovery code.
    pub(super) fn redeemed(&mut self, who: usize, code: &Redeemed, reply: &Reply) {
        let now = self.now;
        if reply.status == 200 {
            self.accept(who, "recovery", &code.text);
            self.prove(who, reply);
            let person = &mut self.people[who];
            person.guesses.clear();
            person.recovery_guesses.clear();
            person.recovery.as_mut().unwrap().iter_mut().find(|(known, _)| *known == code.text).unwrap().1 = true;
        } else if is_failure(reply) && self.people[who].has_codes {
            self.people[who].recovery_guesses.compared(now);
        }
    }

    pub(super) async fn recover_by_email(&mut self, who: usize, wrong: bool) {
        let user = self.user(who).await;
        let seen = self.people[who].emailed.as_ref().filter(|emailed| !wrong && emailed.code != UNSEEN);
        let (code, is_right) =
            seen.map_or_else(|| ("zzzz-zzzz".to_owned(), false), |emailed| (emailed.code.clone(), true));
        let due = self.due_recover_by_email(who, is_right);
        let reply = user.redeem(&code).await;
        let mut could = Could::default();
        if due == Ok(200) && perhaps(&reply) {
            (could.clears, could.emailed) = ([true, true], true);
        }
        self.holds(who, &reply, due);
        let person = &mut self.people[who];
        if reply.status == 200 {
            person.guesses.clear();
            person.recovery_guesses.clear();
            (person.emailed, person.has_contact) = (None, true);
            self.accept(who, "emailed", &code);
            self.prove(who, &reply);
        } else if reply.code() == "code-rejected"
            && let Some(emailed) = &mut person.emailed
        {
            emailed.tries += 1;
        }
        self.look(who, &could).await;
    }

    pub(super) async fn renew(&mut self, who: usize) {
        self.user(who).await;
        let due = self.due_renew(who);
        let request = self.request(who, Method::POST, "/v1/recovery/codes").await;
        let reply = self.stage.send(request).await;
        self.holds(who, &reply, due);
        let could = Could { codes: due == Ok(201) && perhaps(&reply), ..Could::default() };
        let person = &mut self.people[who];
        if reply.status == 201 {
            let codes = reply.body["recovery_codes"].as_array().unwrap().iter();
            person.recovery = Some(codes.map(|code| (code.as_str().unwrap().to_owned(), false)).collect());
            person.has_codes = true;
        } else if could.codes {
            person.recovery = None;
        }
        self.look(who, &could).await;
    }
}
