//! What must hold of an account: the client, the service and the table agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use shared::{
    account::Account,
    base::clock::Timestamp,
    proof::lockout::{FACTORS, Verdict},
    workspace::member::seen::Seen,
};

use crate::{
    ledger::Counter,
    user::{Device, User},
    world::World,
};

impl User {
    /// Logs in up to the challenge, which names the factors.
    pub async fn hold_login(&mut self) {
        let (login, _) = self.ask("login", Method::POST, "/v1/logins", None).await;
        if self.expect("a login", &login, 200) {
            let decision = &login.body["decision"];
            self.world.tally.hold(decision == "challenge", || format!("{}: {}", self.sub, login.body));
            self.hold_factors(&login.body);
        }
    }

    /// Lists the factors.
    pub async fn hold_list(&mut self) {
        let (list, _) = self.ask("list", Method::GET, "/v1/factors", None).await;
        if self.expect("a list", &list, 200) {
            self.hold_factors(&list.body);
        }
    }

    /// Checks that the active factors are those that were confirmed and not removed, and that the number of recovery
    /// codes is possible.
    fn hold_factors(&self, body: &Value) {
        let listed = body["factors"].as_array().unwrap().iter().filter(|factor| factor["status"] == "active");
        let listed: BTreeSet<_> = listed.map(|factor| factor["id"].as_str().unwrap()).collect();
        let left = usize::try_from(body["recovery"]["codes_left"].as_u64().unwrap()).unwrap();
        let is_so = listed == self.ids() && self.codes_left().contains(&left);
        self.world.tally.hold(is_so, || {
            format!("{}: not {:?} with {:?} recovery codes: {body}", self.sub, self.ids(), self.codes_left())
        });
    }

    fn ids(&self) -> BTreeSet<&str> {
        self.factors.iter().map(|factor| factor.id.as_str()).collect()
    }

    fn codes_left(&self) -> std::ops::RangeInclusive<usize> {
        match &self.recovery {
            Some(codes) => codes.unspent.len()..=codes.unspent.len() + codes.unclear,
            None if self.factors.is_empty() => 0..=0,
            None => 10..=10,
        }
    }

    /// The end: all waits are over, and everything works.
    pub async fn end(&mut self) {
        self.fresh.clear();
        self.assertion = None;
        self.guessed_at = None;
        if self.factors.is_empty() {
            self.add_app().await;
        } else {
            self.hold_login().await;
            self.recover().await;
            let least = self.factors.len() + usize::from(self.recovery.is_some());
            for index in 0..self.factors.len() {
                match self.factors[index].device {
                    Device::App { .. } => self.verify_app(index).await,
                    Device::Phone { .. } => self.verify_phone(index).await,
                }
            }
            self.world
                .tally
                .hold(self.fresh.len() == least, || format!("{}: not everything works at the end", self.sub));
        }
        self.hold_list().await;
    }

    /// Compares the user's row with what their client knows.
    fn hold_account(&self, account: &Account) {
        let active: BTreeSet<_> = account.active().into_iter().map(|(id, _)| id.as_str()).collect();
        let used = account.recovery.as_ref().map_or(10, |codes| codes.used.len());
        let failures = usize::try_from(account.failures).unwrap();
        let mut wrong = Vec::new();
        if active != self.ids() {
            wrong.push("its factors");
        }
        if !self.codes_left().contains(&(10 - used)) {
            wrong.push("its recovery codes");
        }
        let least = self.guessed_at.as_ref().map_or(0, |guesses| guesses.looked_at.len());
        if !(least..=self.failures.of(Counter::Factors)).contains(&failures) {
            wrong.push("its failures");
        }
        if !self.factors.is_empty() && (account.version == 0 || account.epoch == 0) {
            wrong.push("its version and epoch");
        }
        if !wrong.is_empty() {
            self.violation(&format!("the table has others than {}: {account:?}", wrong.join(", ")));
        }
    }

    /// Checks that kills gave an attacker no more guesses than the schedule of waits allows.
    pub fn hold_guesses(&self) {
        let Some(guesses) = &self.guessed_at else { return };
        let (Some(first), Some(last)) = (guesses.looked_at.first(), guesses.looked_at.last()) else { return };
        let start = Timestamp::from_seconds(*first);
        let waits = (1..guesses.looked_at.len()).map(|failures| {
            match FACTORS.judge(u32::try_from(failures).unwrap(), start, start) {
                Verdict::Wait(wait) => wait,
                Verdict::Go => Duration::ZERO,
                Verdict::Locked => Duration::MAX,
            }
        });
        let due = waits.fold(Duration::ZERO, Duration::saturating_add);
        // One second more, because the times of answers are whole seconds.
        let took = Duration::from_secs(last - first + 1);
        self.world.tally.hold(took >= due, || format!("{}: {} guesses in {took:?}", self.sub, guesses.looked_at.len()));
    }
}

/// Reads the whole table. Every account's row must be readable and match its user, and every workspace must count its
/// members right. Returns the number of rows.
pub async fn hold_table(world: &World, users: &[User]) -> usize {
    let rows = world.scan().await;
    let mut accounts = BTreeMap::new();
    let mut members = BTreeMap::<(String, String), u64>::new();
    let mut counts = BTreeMap::new();
    for row in &rows {
        let [pk, sk] = ["pk", "sk"].map(|name| row[name]["S"].as_str().unwrap().to_owned());
        match sk.split('#').collect::<Vec<_>>()[..] {
            ["ACCOUNT"] => match read::<Account>(row) {
                Ok(account) => _ = accounts.insert(pk.trim_start_matches("USER#").to_owned(), account),
                Err(error) => world.tally.violation(&format!("a row can't be read: {error}: {row}")),
            },
            ["SEEN"] => {
                if let Err(error) = read::<Seen>(row) {
                    world.tally.violation(&format!("a row can't be read: {error}: {row}"));
                }
            }
            ["MEMBER", state, _] => *members.entry((pk, state.to_owned())).or_default() += 1,
            ["SUMMARY"] => {
                for state in ["mfa", "none", "sso"] {
                    let count = row[state]["N"].as_str().map_or(0, |count| count.parse().unwrap());
                    counts.extend((count > 0).then(|| ((pk.clone(), state.to_owned()), count)));
                }
            }
            _ => {}
        }
    }
    world.tally.hold(members == counts, || format!("workspaces have {members:?} and count {counts:?}"));
    for user in users {
        user.hold_account(&accounts.remove(&user.sub).unwrap_or_default());
    }
    world.tally.hold(accounts.is_empty(), || format!("accounts of nobody: {:?}", accounts.keys()));
    rows.len()
}

fn read<T: serde::de::DeserializeOwned>(row: &Value) -> Result<T, String> {
    let item: serde_dynamo::Item = serde_json::from_value(row.clone()).map_err(|error| error.to_string())?;
    serde_dynamo::from_item(item).map_err(|error| error.to_string())
}
