//! What is looked at after each step: replies, the account as it stands, and in the end the whole table.

use serde_json::{Value, json};

use super::{
    play::Play,
    step::PEOPLE,
    truth::{Factor, Proof, UNSEEN},
};
use crate::stage::{Reply, claims};

/// A number of an account, zero where it has none.
fn number(value: &Value) -> u64 {
    value["N"].as_str().map_or(0, |digits| digits.parse().unwrap())
}

impl Play {
    /// Holds it that a reply to one user names nothing of another's.
    pub fn leaks_nothing(&self, who: usize, reply: &Reply) {
        self.note(reply);
        let text = reply.body.to_string();
        for (other, person) in self.people.iter().enumerate().filter(|(other, _)| *other != who) {
            let ids = person.factors.iter().flat_map(|factor| [Some(&factor.id), factor.phone.as_ref()]).flatten();
            let codes = person.recovery.iter().flatten().map(|(code, _)| code);
            let address = format!("{}@", PEOPLE[other]);
            for secret in ids.chain(codes).chain([&address]) {
                assert!(!text.contains(secret.as_str()), "{} is told {secret}: {reply:?}", PEOPLE[who]);
            }
        }
    }

    /// A code of a user's was accepted, which it must never have been before.
    pub fn accept(&mut self, who: usize, what: &str, code: &str) {
        let is_new = self.people[who].accepted.insert((what.to_owned(), code.to_owned()));
        assert!(is_new, "{}: {code} of {what} is accepted twice", PEOPLE[who]);
    }

    /// Keeps the assertion of a reply, which is the user's own.
    pub fn prove(&mut self, who: usize, reply: &Reply) {
        let Some(token) = reply.body["assertion"].as_str() else { return };
        let said = claims(&reply.body);
        assert_eq!(said["sub"], PEOPLE[who]);
        let epoch = said["mfa_epoch"].as_u64().unwrap();
        let person = &mut self.people[who];
        assert!(epoch >= person.epoch, "the epoch fell");
        person.epoch = epoch;
        person.proof = Some(Proof {
            token: token.to_owned(),
            mfa: said["mfa"].as_str().unwrap().to_owned(),
            epoch,
            until: said["exp"].as_u64().unwrap(),
        });
    }

    /// Holds the account to the truth; after a fault, the truth to the account.
    pub async fn look(&mut self, who: usize, replies: &[&Reply]) {
        if self.is_disturbed() {
            return self.resync(who, replies).await;
        }
        let account = self.stage.account(PEOPLE[who]).await;
        let person = &mut self.people[who];
        let counts = [number(&account["failures"]), number(&account["recovery_failures"])];
        let known = [person.guesses.count, person.recovery_guesses.count].map(u64::from);
        assert_eq!(counts, known, "{}'s failures", PEOPLE[who]);
        let mut ids: Vec<_> = account["factors"]["M"].as_object().map(|map| map.keys().collect()).unwrap_or_default();
        let mut known: Vec<_> = person.factors.iter().map(|factor| &factor.id).collect();
        ids.sort();
        known.sort();
        assert_eq!(ids, known, "{}'s factors", PEOPLE[who]);
        person.epoch = number(&account["epoch"]);
    }

    /// Takes the account for the truth, where nobody can know what was done. No count may have fallen without a success.
    pub async fn resync(&mut self, who: usize, replies: &[&Reply]) {
        self.stage.clear_faults().await;
        let account = self.stage.account(PEOPLE[who]).await;
        let succeeded = replies.iter().any(|reply| reply.status < 300);
        // A fault may have come after the write that cleared the count.
        let may_clear = succeeded || replies.iter().any(|reply| reply.status >= 500);
        let person = &mut self.people[who];
        for (guesses, count, at) in [
            (&mut person.guesses, "failures", "tried_at"),
            (&mut person.recovery_guesses, "recovery_failures", "recovery_tried_at"),
        ] {
            let is = u32::try_from(number(&account[count])).unwrap();
            assert!(is >= guesses.count || is == 0 && may_clear || succeeded, "{}: {count} fell", PEOPLE[who]);
            (guesses.count, guesses.last_at) = (is, number(&account[at]) / 1000);
        }
        let kept = account["factors"]["M"].as_object().cloned().unwrap_or_default();
        let lost = person.factors.iter().any(|factor| factor.active && !kept.contains_key(&factor.id));
        assert!(!lost || may_clear, "{} lost a factor", PEOPLE[who]);
        person.factors.retain(|factor| kept.contains_key(&factor.id));
        let had_factor = person.active().next().is_some();
        for (id, row) in &kept {
            let row = &row["M"];
            if person.factor(id).is_none() {
                // Nobody has seen what was begun.
                person.factors.push(Factor {
                    id: id.clone(),
                    kind: if row["kind"]["S"] == "sms" { "sms" } else { "totp" },
                    app: None,
                    phone: None,
                    active: false,
                    begun_at: number(&row["created_at"]) / 1000,
                    tries: 0,
                    last_step: 0,
                    texted: None,
                });
            }
            let factor = person.factor(id).unwrap();
            assert!(!factor.active || row["status"]["S"] == "active", "{} is pending again", PEOPLE[who]);
            let last_step = number(&row["last_step"]);
            assert!(last_step >= factor.last_step, "{}: a code is good again", PEOPLE[who]);
            factor.active = row["status"]["S"] == "active";
            (factor.last_step, factor.tries) = (last_step, u32::try_from(number(&row["tries"])).unwrap());
            if row["code"].is_null() {
                factor.texted = None;
            } else if factor.texted.is_none() {
                factor.texted = Some((UNSEEN.to_owned(), number(&row["code"]["M"]["expires"]) / 1000));
            }
        }
        if account["emailed"].is_null() {
            person.emailed = None;
        }
        let used = account["recovery"]["M"]["used"]["M"].as_object().map_or(0, serde_json::Map::len);
        let known = person.recovery.iter().flatten().filter(|(_, used)| *used).count();
        if used != known || account["recovery"].is_null() || !had_factor && !succeeded {
            person.recovery = None;
        }
        person.epoch = number(&account["epoch"]);
    }

    /// In the end: nothing in the table is what anybody could log in with, or be called or written to.
    pub async fn end(self) {
        let dump = self.stage.dump().await;
        self.stage.holds_no_secret(&dump);
        assert_eq!(self.stage.dynamodb("Scan", json!({})).await["LastEvaluatedKey"], Value::Null);
    }
}
