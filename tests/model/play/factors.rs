//! Steps that begin, activate, rename, list and remove factors.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::Play;
use crate::{
    model::{
        could::{Could, perhaps},
        step::{PEOPLE, Shown},
        truth::Factor,
    },
    stage::{Authenticator, Reply},
};

impl Play {
    pub(super) async fn begin(&mut self, who: usize, phone: bool) {
        self.user(who).await;
        let number = format!("+1415555{:04}", self.phones % 10_000);
        self.phones += 1;
        let body = if phone { json!({"kind": "sms", "phone": number}) } else { json!({"kind": "totp"}) };
        let due = self.due_begin(who, if phone { "sms" } else { "totp" });
        let request = self.request(who, Method::POST, "/v1/factors").await.json(&body);
        let reply = self.stage.send(request).await;
        self.holds(who, &reply, due);
        self.begun(who, phone.then_some(number), &reply).await;
        if reply.code() == "login-too-old" {
            // They log in again.
            self.tokens.remove(&who);
        }
        self.look(who, &Could::default()).await;
    }

    /// Updates the model from the reply to the beginning of a factor.
    pub(super) async fn begun(&mut self, who: usize, phone: Option<String>, reply: &Reply) {
        if reply.status != 201 {
            return;
        }
        let now = self.now;
        let kept = self.stage.account(PEOPLE[who]).await["factors"]["M"].as_object().cloned().unwrap();
        let person = &mut self.people[who];
        let has_factor = person.active().next().is_some();
        let by = person.proof.as_ref().filter(|_| has_factor).map_or("first", |proof| proof.enrolls_by(now)).to_owned();
        person.has_account = true;
        // At most three are pending. Those that can't be activated anymore are dropped.
        person.factors.retain(|factor| factor.active || factor.is_live_pending(now));
        if person.factors.iter().filter(|factor| !factor.active).count() == 3 {
            let oldest = person.factors.iter().filter(|factor| !factor.active).map(|factor| factor.begun_at).min();
            // Several may be the oldest, because they began at the same time.
            let gone = person.factors.iter().position(|factor| !kept.contains_key(&factor.id)).unwrap();
            let gone = person.factors.remove(gone);
            assert!(!gone.active && Some(gone.begun_at) == oldest, "{} is not the oldest that is pending", gone.id);
        }
        person.factors.push(Factor {
            id: reply.body["id"].as_str().unwrap().to_owned(),
            kind: if phone.is_some() { "sms" } else { "totp" },
            app: reply.body["totp"]["uri"].as_str().map(Authenticator::scan),
            phone,
            name: None,
            active: false,
            begun_at: now,
            tries: 0,
            last_step: 0,
            texted: None,
            enrolled_by: by,
            since: 0,
        });
    }

    /// The index of a user's factor, by the number `factor`, which wraps around. The newest is 0. If `meant` holds for
    /// some, only they count.
    pub(super) fn choose(&self, whose: usize, factor: usize, meant: impl Fn(&Factor) -> bool) -> Option<usize> {
        let factors = &self.people[whose].factors;
        let all: Vec<_> = (0..factors.len()).rev().collect();
        let meant: Vec<_> = all.iter().copied().filter(|index| meant(&factors[*index])).collect();
        let among = if meant.is_empty() { all } else { meant };
        among.get(factor.checked_rem(among.len())?).copied()
    }

    pub(super) async fn activate(&mut self, who: usize, whose: usize, factor: usize, shown: Shown) {
        let user = self.user(who).await;
        let now = self.now;
        let Some(index) = self.choose(whose, factor, |factor| factor.is_live_pending(now)) else { return };
        let code = self.shown(whose, index, shown);
        let id = self.people[whose].factors[index].id.clone();
        let due = self.due_activate(who, whose, index, &code);
        let reply = user.activate(&id, &code.text).await;
        if self.holds(who, &reply, due) && reply.code() == "code-rejected" {
            self.people[who].factors[index].tries += 1;
        }
        let mut could = Could::default();
        if due == Ok(200) && perhaps(&reply) {
            self.people[who].was_seen = true;
            could.spends = Some(id.clone());
            (could.emailed, could.codes) = (true, self.people[who].active().next().is_none());
        }
        if reply.status == 200 {
            self.accept(who, &id, &code.once());
            let person = &mut self.people[who];
            person.factors.retain(|factor| factor.active || factor.id == id);
            let factor = person.factor(&id).unwrap();
            (factor.active, factor.last_step, factor.texted) = (true, code.step.unwrap(), None);
            factor.since = now;
            assert_eq!(reply.body["factor"]["enrolled_by"], factor.enrolled_by.as_str(), "{reply:?}");
            // The activation stores the recovery address, and makes an earlier emailed code invalid.
            (person.emailed, person.has_contact) = (None, true);
            assert_eq!(reply.body["recovery_codes"].is_array(), could.codes, "{reply:?}");
            if let Some(codes) = reply.body["recovery_codes"].as_array() {
                person.recovery = Some(codes.iter().map(|code| (code.as_str().unwrap().to_owned(), false)).collect());
                person.has_codes = true;
            }
            self.prove(who, &reply);
        }
        self.look(who, &could).await;
    }

    /// A request to rename a factor, and the new name.
    pub(super) async fn renaming(&mut self, who: usize, id: &str) -> (RequestBuilder, String) {
        self.names += 1;
        let name = format!("No. {}", self.names);
        let request = self.request(who, Method::PATCH, &format!("/v1/factors/{id}")).await;
        (request.json(&json!({ "name": name })), name)
    }

    /// Updates the model from the reply to a renaming.
    pub(super) fn renamed(&mut self, who: usize, id: &str, name: String, reply: &Reply) {
        let known = &mut self.people[who].factor(id).unwrap().name;
        if reply.status == 200 {
            assert_eq!(reply.body["name"], name.as_str());
            *known = Some(name);
        } else if reply.status >= 500 {
            *known = None;
        }
    }

    pub(super) async fn rename(&mut self, who: usize, factor: usize) {
        self.user(who).await;
        let Some(index) = self.choose(who, factor, |factor| factor.active) else { return };
        let id = self.people[who].factors[index].id.clone();
        let due = self.due_rename(who, index);
        let (request, name) = self.renaming(who, &id).await;
        let reply = self.stage.send(request).await;
        self.holds(who, &reply, due);
        self.renamed(who, &id, name, &reply);
        self.look(who, &Could::default()).await;
    }

    pub(super) async fn list(&mut self, who: usize) {
        let reply = self.user(who).await.get("/v1/factors").await;
        if self.holds(who, &reply, Ok(200)) {
            let now = self.now;
            let person = &self.people[who];
            let listed = reply.body["factors"].as_array().unwrap();
            let line = |id: &str, status: &str| format!("{id} {status}");
            let is: BTreeSet<_> = listed
                .iter()
                .map(|factor| line(factor["id"].as_str().unwrap(), factor["status"].as_str().unwrap()))
                .collect();
            let alive = person.factors.iter().filter(|factor| factor.active || factor.is_live_pending(now));
            let known = alive.map(|factor| line(&factor.id, if factor.active { "active" } else { "pending" }));
            assert_eq!(is, known.collect(), "{}'s factors", PEOPLE[who]);
            for factor in listed {
                let known = person.factors.iter().find(|known| factor["id"] == known.id.as_str()).unwrap();
                assert!(known.name.as_ref().is_none_or(|name| factor["name"] == name.as_str()), "{factor}");
            }
            let left = person.recovery.as_ref().map(|codes| codes.iter().filter(|(_, used)| !used).count());
            let is = &reply.body["recovery"]["codes_left"];
            assert!(left.is_none_or(|left| *is == left), "{reply:?}");
        }
        self.look(who, &Could::default()).await;
    }

    pub(super) async fn remove(&mut self, who: usize, factor: usize) {
        self.user(who).await;
        let Some(index) = self.choose(who, factor, |factor| factor.active) else { return };
        let due = self.due_remove(who, index);
        let person = &self.people[who];
        let id = person.factors[index].id.clone();
        let is_last = !person.active().any(|factor| factor.id != id);
        let request = self.request(who, Method::DELETE, &format!("/v1/factors/{id}")).await;
        let reply = self.stage.send(request).await;
        self.holds(who, &reply, due);
        let mut could = Could::default();
        if due == Ok(200) && perhaps(&reply) {
            (could.loses, could.codes, could.emailed) = (vec![id.clone()], is_last, is_last);
            self.people[who].was_seen = true;
        }
        if reply.status == 200 {
            let person = &mut self.people[who];
            person.factors.retain(|factor| factor.active && factor.id != id);
            if is_last {
                person.lose_all();
            }
            self.prove(who, &reply);
        }
        self.look(who, &could).await;
    }
}
