//! The counts before and after a fault: wrong codes, texts, emails, and the members of workspaces. No failure lowers a
//! count or raises it twice.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::member;
use crate::stage::{Stage, User, account_key};

/// The change that a request makes to a count. After a failed call, it may have made the change or not.
#[derive(Clone, Copy)]
pub enum May {
    /// Adds one.
    Add,
    /// Clears it, which is the purpose of the request.
    Clear,
    /// Sets it to 0, together with a new code.
    Renew,
    /// Adds one, and clears it if the code is right.
    AddThenClear,
}

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// As without a fault.
    Well,
    /// At any point of its work.
    Failed,
    /// With all of its counts undone.
    Untouched,
}

impl May {
    fn allows(self, was: u64, is: u64, ends: Ends) -> bool {
        match (self, ends) {
            (_, Ends::Untouched) => is == was,
            (Self::Add, Ends::Well) => is == was + 1,
            (Self::Add, Ends::Failed) => is == was || is == was + 1,
            (Self::Clear | Self::Renew | Self::AddThenClear, Ends::Well) => is == 0,
            (Self::Clear | Self::Renew, Ends::Failed) => is == was || is == 0,
            (Self::AddThenClear, Ends::Failed) => is == was || is == was + 1 || is == 0,
        }
    }
}

/// The changes of a request whose code is not compared, or whose message is refused. It clears no count.
pub fn given_back_of<'a>(counts: &[(&'a str, May)]) -> Vec<(&'a str, May)> {
    let uncleared = counts.iter().filter_map(|(name, may)| match may {
        May::Clear => None,
        May::AddThenClear => Some((*name, May::Add)),
        other => Some((*name, *other)),
    });
    uncleared.collect()
}

/// Sets every count of wrong codes to at least 1, because 0 could not fall. Writes to the table directly, because a
/// phone without a code accepts no attempt.
pub async fn guess_wrong(stage: &Stage, sub: &str) {
    let mut account = stage.account(sub).await;
    let Some(columns) = account.as_object_mut() else { return };
    let now = stage.now().await;
    let mut emailed = columns.remove("emailed");
    for name in ["failures", "recovery_failures"] {
        let count = columns.entry(name).or_insert(Value::Null);
        if number(count) == 0 {
            *count = json!({"N": "1"});
            columns.insert(last_of(name), millis(now));
        }
    }
    let mut tried = columns["factors"]["M"].as_object_mut().unwrap().values_mut().collect::<Vec<_>>();
    tried.extend(emailed.as_mut());
    for tries in tried.into_iter().filter_map(|code| code["M"].get_mut("tries")) {
        *tries = json!({"N": "1"});
    }
    columns.extend(emailed.map(|code| ("emailed".to_owned(), code)));
    stage.dynamodb("PutItem", json!({ "Item": account })).await;
}

/// Sets a count of a user's failures, moves the clock 1 hour, and logs the user in again.
pub async fn guessed(stage: &Stage, sub: &str, count: &str, failures: u32) -> User {
    let ask = json!({
        "Key": account_key(sub), "UpdateExpression": "SET #count = :failures, #last = :now",
        "ExpressionAttributeNames": {"#count": count, "#last": last_of(count)},
        "ExpressionAttributeValues": {":failures": {"N": failures.to_string()}, ":now": millis(stage.now().await)},
    });
    stage.dynamodb("UpdateItem", ask).await;
    stage.advance(3600).await;
    member(stage, sub).await
}

/// The attribute with the time of the last of these failures.
fn last_of(count: &str) -> String {
    count.replace("failures", "tried_at")
}

fn millis(seconds: u64) -> Value {
    json!({"N": (seconds * 1000).to_string()})
}

/// The counts of a user.
pub struct Counted {
    account: Value,
    /// The rows that count texts, by key and column. They are read only if the request may send a text.
    texts: BTreeMap<String, u64>,
}

impl Counted {
    /// Reads the counts from the table. Also checks the summary of the user's workspace against its rows.
    pub async fn of(stage: &Stage, sub: &str, counts: &[(&str, May)]) -> Self {
        hold_summary(stage, sub).await;
        let may_text = counts.iter().any(|(name, _)| *name == "texts");
        let texts = if may_text { rows_of_texts(stage).await } else { BTreeMap::new() };
        Self { account: stage.account(sub).await, texts }
    }

    /// The counts in the account, by name. A missing one is 0.
    fn counts(&self) -> [(&'static str, u64); 6] {
        let at = |pointer| self.account.pointer(pointer).map_or(0, number);
        let factors = self.account["factors"]["M"].as_object();
        let tries = factors.into_iter().flatten().map(|(_, factor)| number(&factor["M"]["tries"])).sum();
        [
            ("failures", at("/failures")),
            ("recovery_failures", at("/recovery_failures")),
            ("tries", tries),
            ("emailed.tries", at("/emailed/M/tries")),
            ("texts", at("/texts/M/day/M/count")),
            ("emails", at("/emails/M/day/M/count")),
        ]
    }

    fn count(&self, name: &str) -> u64 {
        self.counts().into_iter().find(|(of, _)| *of == name).unwrap().1
    }
}

/// Compares the counts before and after a request. Each count changed only as it may. Texts were counted in all of
/// their rows, or in none. No used code is valid again.
pub fn hold(told: &str, may: &[(&str, May)], before: &Counted, after: &Counted, ends: Ends) {
    for ((name, was), (_, is)) in before.counts().into_iter().zip(after.counts()) {
        let allowed = match may.iter().find(|(of, _)| *of == name) {
            Some((_, may)) => may.allows(was, is, ends),
            None => is == was,
        };
        assert!(allowed, "{told}: {name} was {was} and is {is}");
    }
    let is_cleared = |name| before.count(name) > 0 && after.count(name) == 0;
    if may.iter().any(|(name, may)| matches!(may, May::AddThenClear) && is_cleared(name)) {
        let good = |account: &Value| {
            [&account["factors"], &account["recovery"]["M"]["used"], &account["emailed"]["M"]["nonce"]]
                .map(Value::clone)
        };
        assert_ne!(good(&before.account), good(&after.account), "{told}: cleared by a code that is still valid");
    }
    let texted = after.count("texts") > before.count("texts");
    let was = |row: &String| before.texts.get(row).copied().unwrap_or_default();
    assert!(before.texts.keys().all(|row| after.texts.contains_key(row)), "{told}: a row of texts is gone");
    let rose: Vec<_> = after.texts.iter().filter(|(row, is)| **is != was(row)).collect();
    assert!(rose.iter().all(|(row, is)| **is == was(row) + 1), "{told}: {rose:?}");
    // A text has 4 counts: the number's hour and day, the address's hour, and the deployment's day. A pending phone has
    // 3 more: the exchange's hour and day, and the deployment's pending texts.
    let is_pending = |(id, factor): (&String, &Value)| {
        let before = &before.account["factors"]["M"][id]["M"]["code"];
        factor["M"]["status"]["S"] == "pending" && factor["M"]["code"] != *before
    };
    let pending = after.account["factors"]["M"].as_object().into_iter().flatten().filter(|factor| is_pending(*factor));
    let pending: Vec<_> = pending.collect();
    let most = if pending.is_empty() { 4 } else { 7 };
    // A refused text has none of these counts. If the phone is pending, it stays in its user's count.
    let is_refused = |(id, factor): &(&String, &Value)| {
        let (was, is) = (&before.account["factors"]["M"][*id]["M"]["code"]["M"], &factor["M"]["code"]["M"]);
        let again = was["nonce"] == is["nonce"] && was["sends"] == is["sends"];
        again || number(&is["expires"]) <= number(&is["sent_at"])
    };
    let counted = texted && !pending.iter().any(is_refused);
    assert_eq!(rose.len(), if counted { most } else { 0 }, "{told}: texted: {texted}, {rose:?}");

    let (before, after) = (&before.account, &after.account);
    if after.is_null() {
        return;
    }
    for name in ["version", "epoch"] {
        assert!(number(&after[name]) >= number(&before[name]), "{told}: {name} decreased: {before} {after}");
    }
    for (id, factor) in before["factors"]["M"].as_object().into_iter().flatten() {
        let kept = &after["factors"]["M"][id]["M"];
        let (was, is) = (number(&factor["M"]["last_step"]), number(&kept["last_step"]));
        assert!(kept.is_null() || is >= was, "{told}: an app's used code is valid again");
    }
    let (before, after) = (&before["recovery"]["M"], &after["recovery"]["M"]);
    if before["nonce"] == after["nonce"] {
        for used in before["used"]["M"].as_object().into_iter().flatten() {
            assert_eq!(&after["used"]["M"][used.0], used.1, "{told}: a used recovery code is valid again");
        }
    }
}

fn number(value: &Value) -> u64 {
    value["N"].as_str().map_or(0, |digits| digits.parse().unwrap())
}

/// Each row that counts texts, by key and column.
async fn rows_of_texts(stage: &Stage) -> BTreeMap<String, u64> {
    let ask = json!({
        "FilterExpression": "begins_with(pk, :texts)", "ExpressionAttributeValues": {":texts": {"S": "TEXTS#"}},
    });
    let rows = stage.dynamodb("Scan", ask).await["Items"].take();
    let rows = rows.as_array().unwrap().iter();
    let counts = rows.flat_map(|row| ["texts", "active", "pending"].map(|column| (row, column)));
    let counts = counts.map(|(row, column)| (format!("{} {} {column}", row["pk"], row["sk"]), number(&row[column])));
    counts.collect()
}

/// Checks the summary of a user's workspace against its rows.
async fn hold_summary(stage: &Stage, sub: &str) {
    let ask = json!({
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": format!("MEMBERS#{sub}")}},
    });
    let rows = stage.dynamodb("Query", ask).await["Items"].take();
    let rows = rows.as_array().unwrap();
    let summary = rows.iter().find(|row| row["sk"]["S"] == "SUMMARY").unwrap_or(&Value::Null);
    for kind in ["mfa", "none", "sso"] {
        let prefix = format!("MEMBER#{kind}#");
        let members = rows.iter().filter(|row| row["sk"]["S"].as_str().unwrap().starts_with(&prefix)).count();
        assert_eq!(number(&summary[kind]), members as u64, "{kind} in the workspace {sub}: {rows:?}");
    }
}
