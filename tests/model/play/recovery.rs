//! Steps of who has lost the device: an email is asked for, a code redeemed, new ones made.

use reqwest::Method;

use super::Play;
use crate::{model::step::PEOPLE, stage::at_once};

impl Play {
    pub(super) async fn email(&mut self, who: usize) {
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

    pub(super) async fn recover(&mut self, who: usize, code: usize, times: usize) {
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

    pub(super) async fn recover_by_email(&mut self, who: usize) {
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

    pub(super) async fn renew(&mut self, who: usize) {
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
}
