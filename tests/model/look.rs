//! The checks after each step: replies, the account in the table, and at the end the whole table.

use serde_json::{Value, json};

use super::{
    could::Could,
    play::Play,
    step::PEOPLE,
    truth::{Factor, Person, Proof, UNSEEN},
};
use crate::stage::{Reply, claims};

/// A number of an account. It is 0 if it is missing.
fn number(value: &Value) -> u64 {
    value["N"].as_str().map_or(0, |digits| digits.parse().unwrap())
}

impl Play {
    /// Checks that a reply to one user names nothing that belongs to another.
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

    /// Notes that a code of a user was accepted. It must be the first time.
    pub fn accept(&mut self, who: usize, what: &str, code: &str) {
        let is_new = self.people[who].accepted.insert((what.to_owned(), code.to_owned()));
        assert!(is_new, "{}: {code} of {what} was accepted twice", PEOPLE[who]);
    }

    /// Checks the assertion of a reply, and stores it for the user's next requests.
    pub fn prove(&mut self, who: usize, reply: &Reply) {
        let Some(token) = reply.body["assertion"].as_str() else { return };
        let said = claims(&reply.body);
        assert_eq!(said["sub"], PEOPLE[who]);
        let epoch = said["mfa_epoch"].as_u64().unwrap();
        let person = &mut self.people[who];
        assert!(epoch >= person.epoch, "the epoch decreased");
        person.epoch = epoch;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let factor = text(&said["enrolled_by"]).map(|by| (by, said["factor_since"].as_u64().unwrap()));
        let method = text(&said["amr"][0]).unwrap();
        assert_eq!(said["amr"][1] == "mfa", factor.is_some(), "{said}");
        person.proof = Some(Proof {
            method,
            factor,
            token: token.to_owned(),
            mfa: said["mfa"].as_str().unwrap().to_owned(),
            epoch,
            until: said["exp"].as_u64().unwrap(),
        });
    }

    /// Compares the account with the model. After a fault, the model takes over the account instead.
    pub async fn look(&mut self, who: usize, could: &Could) {
        if self.is_disturbed() {
            return self.resync(who, could).await;
        }
        let account = self.stage.account(PEOPLE[who]).await;
        let person = &mut self.people[who];
        assert_eq!(account.is_null(), !person.has_account, "{}'s account", PEOPLE[who]);
        let counts = [number(&account["failures"]), number(&account["recovery_failures"])];
        let known = [person.guesses.count, person.recovery_guesses.count].map(u64::from);
        assert_eq!(counts, known, "{}'s failures", PEOPLE[who]);
        let mut ids: Vec<_> = account["factors"]["M"].as_object().map(|map| map.keys().collect()).unwrap_or_default();
        let mut known: Vec<_> = person.factors.iter().map(|factor| &factor.id).collect();
        ids.sort();
        known.sort();
        assert_eq!(ids, known, "{}'s factors", PEOPLE[who]);
        keeps_codes(person, &account, &Could::default(), 0);
        person.epoch = number(&account["epoch"]);
    }

    /// Takes the account over into the model, when its state can't be predicted. A change that the step could not have
    /// made is a failure.
    pub async fn resync(&mut self, who: usize, could: &Could) {
        self.stage.clear_faults().await;
        let account = self.stage.account(PEOPLE[who]).await;
        let person = &mut self.people[who];
        assert!(!account.is_null() || !person.has_account || could.erases, "{}'s account is gone", PEOPLE[who]);
        let names = [("failures", "tried_at"), ("recovery_failures", "recovery_tried_at")];
        for (which, (count, at)) in names.into_iter().enumerate() {
            let guesses = if which == 0 { &mut person.guesses } else { &mut person.recovery_guesses };
            let is = u32::try_from(number(&account[count])).unwrap();
            assert!(could.counts(which, guesses.count, is), "{}: {count} from {} to {is}", PEOPLE[who], guesses.count);
            (guesses.count, guesses.last_at) = (is, number(&account[at]) / 1000);
        }
        keeps_codes(person, &account, could, 1);
        let kept = account["factors"]["M"].as_object().cloned().unwrap_or_default();
        let is_lost = |factor: &&Factor| !kept.contains_key(&factor.id) && !could.loses.contains(&factor.id);
        assert!(!person.active().any(|factor| is_lost(&factor)), "{} lost a factor", PEOPLE[who]);
        person.factors.retain(|factor| kept.contains_key(&factor.id));
        for (id, row) in &kept {
            self.resync_factor(who, id, &row["M"], could);
        }
        let person = &mut self.people[who];
        let (epoch, used) = (number(&account["epoch"]), used(&account));
        assert!(epoch >= person.epoch || could.erases, "the epoch decreased");
        (person.epoch, person.has_account) = (epoch, !account.is_null());
        person.reset_at = account["reset_at"]["N"].as_str().map(|millis| millis.parse::<u64>().unwrap() / 1000);
        (person.has_codes, person.has_contact) = (!account["recovery"].is_null(), !account["contact"].is_null());
        let known = person.recovery.iter().flatten().filter(|(_, used)| *used).count();
        if used != Some(known) {
            person.recovery = None;
        }
        let row = &account["emailed"]["M"];
        if row.is_null() {
            person.emailed = None;
        } else if let Some(emailed) = &mut person.emailed {
            (emailed.until, emailed.tries) =
                (number(&row["expires"]) / 1000, u32::try_from(number(&row["tries"])).unwrap());
        }
    }

    fn resync_factor(&mut self, who: usize, id: &str, row: &Value, could: &Could) {
        let person = &mut self.people[who];
        let active = row["status"]["S"] == "active";
        if person.factor(id).is_none() {
            // The reply that named this factor was lost.
            assert!(!active || could.imports, "{} has an active factor that nobody activated", PEOPLE[who]);
            person.factors.push(Factor {
                id: id.to_owned(),
                kind: if row["kind"]["S"] == "sms" { "sms" } else { "totp" },
                app: None,
                phone: None,
                name: None,
                active,
                begun_at: number(&row["created_at"]) / 1000,
                tries: 0,
                last_step: number(&row["last_step"]),
                texted: None,
                enrolled_by: row["enrolled_by"]["S"].as_str().unwrap_or("first").to_owned(),
                since: 0,
            });
        }
        let factor = person.factor(id).unwrap();
        factor.since = number(&row["activated_at"]) / 1000;
        let (last_step, spent) = (number(&row["last_step"]), could.spends.as_deref() == Some(id));
        assert!(!factor.active || active, "{} is pending again", PEOPLE[who]);
        assert!(factor.active || !active || spent, "{} is active without a code", PEOPLE[who]);
        assert!(last_step >= factor.last_step, "{}: a used code is valid again", PEOPLE[who]);
        assert!(last_step == factor.last_step || spent, "{}: a code is used that nobody showed", PEOPLE[who]);
        factor.active = active;
        (factor.last_step, factor.tries) = (last_step, u32::try_from(number(&row["tries"])).unwrap());
        let texted = could.texts.as_deref() == Some(id);
        if row["code"].is_null() {
            assert!(factor.texted.is_none() || spent || texted, "{}: a texted code is gone", PEOPLE[who]);
            factor.texted = None;
        } else {
            let (code, _) = factor.texted.take().unwrap_or_else(|| (UNSEEN.to_owned(), 0));
            factor.texted = Some((code, number(&row["code"]["M"]["expires"]) / 1000));
        }
    }

    /// Checks at the end that no secret of the story is in the table.
    pub async fn end(self) {
        let dump = self.stage.dump().await;
        self.stage.holds_no_secret(&dump);
        assert_eq!(self.stage.dynamodb("Scan", json!({})).await["LastEvaluatedKey"], Value::Null);
    }
}

/// How many of the recovery codes of an account are used, if it has any.
fn used(account: &Value) -> Option<usize> {
    let used = account["recovery"]["M"]["used"]["M"].as_object().map_or(0, serde_json::Map::len);
    (!account["recovery"].is_null()).then_some(used)
}

/// Checks that the recovery codes and the emailed code are as the model knows them, except for changes that the step
/// could have made. At most `unsure` attempts at the emailed code may be counted besides.
fn keeps_codes(person: &Person, account: &Value, could: &Could, unsure: u64) {
    if !could.codes {
        let known = person.recovery.as_ref().map(|codes| codes.iter().filter(|(_, used)| *used).count());
        assert_eq!(used(account).is_some(), person.has_codes, "recovery codes");
        assert!(known.is_none() || known == used(account), "recovery codes: {known:?} {:?}", used(account));
    }
    if !could.emailed {
        let emailed = &account["emailed"]["M"];
        assert_eq!(emailed.is_null(), person.emailed.is_none(), "whether there is an emailed code");
        let tries = person.emailed.as_ref().map_or(0, |emailed| u64::from(emailed.tries));
        assert!((tries..=tries + unsure).contains(&number(&emailed["tries"])), "attempts at the emailed code");
    }
    assert!(!person.has_contact || !account["contact"].is_null() || could.erases, "the recovery address is gone");
}
