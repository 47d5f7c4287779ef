//! Every AWS call of every route fails in every way, once and for good; after each the account is looked at and the user
//! goes on. What was answered is written down as the table in `tests/README.md`.

use std::{env, fs, path::Path};

use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinHandle};

use crate::{
    logs,
    stage::{Enrolled, Reply, Stage, User},
};

mod checks;
mod factors;
mod messages;
mod operators;
mod workspaces;

const DAY: u64 = 24 * 3600;
/// How a call fails.
const KINDS: [&str; 5] = ["throttle", "error", "refuse", "drop_before", "drop_after"];
/// How a row of the table begins that names its columns.
const HEAD: &str = "| route | call | throttled | failed | refused | lost before | answer lost once · for good |";

/// So many situations at once: the other tests want their share of the machine.
static TURNS: Semaphore = Semaphore::const_new(2);

/// What a user is about to do when AWS fails them.
trait Situation: Sized + Send + Sync + 'static {
    /// The route, and which of its ways.
    const NAME: &'static str;

    /// Everything up to the request. `user` is nobody yet.
    fn before(stage: &Stage, user: &str) -> impl Future<Output = Self> + Send;

    /// The request, just as a client would send it once more.
    fn ask(&self) -> impl Future<Output = Reply> + Send;

    /// What the user wanted, with AWS well again. `reply` is what the request that failed was answered.
    fn after(self, stage: &Stage, reply: Reply) -> impl Future<Output = ()> + Send;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_every_route_may_fail_in_every_way() {
    let situations = [
        rows_of::<workspaces::Allowed>(),
        rows_of::<workspaces::Challenged>(),
        rows_of::<factors::List>(),
        rows_of::<factors::BeginApp>(),
        rows_of::<factors::BeginPhone>(),
        rows_of::<checks::ActivateApp>(),
        rows_of::<checks::ActivatePhone>(),
        rows_of::<factors::Rename>(),
        rows_of::<factors::RemoveLast>(),
        rows_of::<messages::Text>(),
        rows_of::<checks::VerifyApp>(),
        rows_of::<checks::VerifyPhone>(),
        rows_of::<checks::WrongCode>(),
        rows_of::<checks::PublicKeys>(),
        rows_of::<messages::NewCodes>(),
        rows_of::<messages::Email>(),
        rows_of::<checks::RecoveryCode>(),
        rows_of::<checks::EmailedCode>(),
        rows_of::<workspaces::ShowPolicy>(),
        rows_of::<workspaces::SetPolicy>(),
        rows_of::<workspaces::Members>(),
        rows_of::<operators::Unlock>(),
        rows_of::<operators::Reset>(),
        rows_of::<operators::Erase>(),
        rows_of::<operators::Import>(),
    ];
    let mut rows = Vec::new();
    for situation in situations {
        rows.extend(situation.await.unwrap());
    }
    keep(&rows);
}

/// Plays a situation through, once for each way that each of its calls may fail, and returns its rows of the table.
fn rows_of<S: Situation>() -> JoinHandle<Vec<String>> {
    tokio::spawn(async {
        let _turn = TURNS.acquire().await.unwrap();
        let stage = Stage::new().await;
        let situation = S::before(&stage, "nobody-yet").await;
        let well = situation.ask().await;
        let calls = stage.calls_of(&well.request).await;
        // Those that are under way at the same time come in any order.
        let mut calls: Vec<_> =
            calls.iter().map(|call| (call["operation"].as_str().unwrap(), what(call), call)).collect();
        calls.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        let mut rows = Vec::new();
        for (index, (operation, what, call)) in calls.iter().enumerate() {
            let nth = calls[..index].iter().filter(|(other, on, _)| (other, on) == (operation, what)).count();
            let mut answers = Vec::new();
            for kind in KINDS {
                let mut statuses = Vec::new();
                // One failure the SDK gets over by trying again, and only an applied write whose answer was lost meets itself.
                for every_try in if kind == "drop_after" { vec![false, true] } else { vec![true] } {
                    // Public keys are fetched once in a function's life.
                    let stage = if *operation == "GetPublicKey" { Stage::new().await } else { stage.clone() };
                    let fault = json!({
                        "service": call["service"], "operation": operation, "on": on(call), "spare": nth, "kind": kind,
                        "every_try": every_try,
                    });
                    statuses.push(play::<S>(&stage, &fault, well.status).await.to_string());
                }
                answers.push(statuses.join(" · "));
            }
            let which = if nth == 0 { String::new() } else { format!(" ({})", nth + 1) };
            rows.push(format!("| {} | `{operation}` {what}{which} | {} |", S::NAME, answers.join(" | ")));
        }
        rows
    })
}

/// What a call is on, for a reader: rows, a key and a purpose.
fn what(call: &Value) -> String {
    let names = if call["rows"] == json!([]) { &call["touches"] } else { &call["rows"] };
    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

/// What tells a call from others of its operation.
fn on(call: &Value) -> Value {
    let last = |names: &Value| names.as_array().unwrap().last().cloned();
    last(&call["rows"]).or(last(&call["touches"])).unwrap_or_default()
}

/// A user nobody has seen meets a fault. Returns the status that they were answered.
async fn play<S: Situation>(stage: &Stage, fault: &Value, well: u16) -> u16 {
    let told = format!("{}: {fault}", S::NAME);
    let (kind, service, for_good) = (&fault["kind"], &fault["service"], fault["every_try"] == true);
    // Another day: what was texted and emailed before does not count any more.
    stage.advance(DAY).await;
    let user = format!("{}-{}", S::NAME.len(), stage.now().await / DAY);
    let situation = S::before(stage, &user).await;
    let before = stage.account(&user).await;
    stage.order_fault(fault.clone()).await;
    let reply = situation.ask().await;
    stage.clear_faults().await;

    let clean = match reply.code() {
        "temporarily-unavailable" => true,
        "internal" => kind == "refuse",
        "text-not-sent" | "email-not-sent" => service == "ses" || service == "sns",
        _ => reply.status == well,
    };
    assert!(clean, "{told}: {reply:?}");
    if for_good {
        let lines = logs::of(&reply.request);
        let is_told = lines.iter().any(|line| line["level"] == "ERROR" || line["level"] == "WARN");
        assert!(is_told, "{told}: nobody is told: {lines:?}");
    }
    no_worse(&told, &before, &stage.account(&user).await, &reply);
    let status = reply.status;
    situation.after(stage, reply).await;
    status
}

/// Holds an account after a fault to the account before: what counts up never fell, unless the request was answered well, and
/// no code that was used is good again.
fn no_worse(told: &str, before: &Value, after: &Value, reply: &Reply) {
    let number = |account: &Value, pointer: &str| {
        account
            .pointer(pointer)
            .and_then(|value| value["N"].as_str())
            .map_or(0, |digits| digits.parse::<u64>().unwrap())
    };
    if !after.is_null() {
        for pointer in ["/version", "/epoch"] {
            assert!(number(after, pointer) >= number(before, pointer), "{told}: {pointer} fell: {before} {after}");
        }
    }
    for pointer in ["/failures", "/recovery_failures"] {
        let (was, is) = (number(before, pointer), number(after, pointer));
        assert!(is <= was + 1, "{told}: {pointer} was counted twice");
        match reply.code() {
            "code-rejected" => {}
            _ if reply.status < 300 => {}
            // An operator clears them, and may not hear of it.
            _ => assert!(is >= was || number(after, "/version") > number(before, "/version"), "{told}: {pointer} fell"),
        }
    }
    for (id, factor) in before["factors"]["M"].as_object().into_iter().flatten() {
        let kept = &after["factors"]["M"][id];
        if !kept.is_null() {
            assert!(number(kept, "/M/last_step") >= number(factor, "/M/last_step"), "{told}: a code is good again");
        }
    }
}

/// Holds it that of a code's two answers at most one let somebody in; `used` is what the other one says.
fn once(first: &Reply, again: &Reply, used: &str) {
    match (first.status, again.status) {
        (200, 200) => panic!("accepted twice: {first:?} {again:?}"),
        (_, 200) => {}
        _ => assert_eq!(again.code(), used, "{first:?} {again:?}"),
    }
}

/// A user who is in a workspace.
async fn member(stage: &Stage, sub: &str) -> User {
    stage.user_with(json!({"sub": sub, "workspaces": ["acme"]})).await
}

/// A user in a workspace who has enrolled and proven it, with the assertion.
async fn proven(stage: &Stage, sub: &str) -> (User, Enrolled, String) {
    prove(member(stage, sub).await).await
}

/// Enrols a user, and has them prove it.
async fn prove(user: User) -> (User, Enrolled, String) {
    let enrolled = user.enrol().await;
    let assertion = user.prove(&enrolled).await;
    (user, enrolled, assertion)
}

/// The phone that this user has, and nobody else.
fn phone_of(user: &str) -> String {
    let sum = user.bytes().fold(7_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 1_000_000);
    format!("+1415{}", 5_000_000 + sum)
}

/// Holds the table in `tests/README.md` to these rows; where it is another, writes it anew and says so. Not so for a mutant
/// (`tests/mutants`), whose answers are nothing to write down.
fn keep(rows: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(HEAD).expect("the table's head");
    let (_, after) = rest.split_once("\n\n").expect("something after the table");
    let kept = format!("{before}{HEAD}\n|---|---|---|---|---|---|---|\n{}\n\n{after}", rows.join("\n"));
    if text != kept {
        if env::var_os("MUTANT").is_none() {
            fs::write(&path, kept).unwrap();
        }
        panic!("the table in tests/README.md was another; look at what changed, and commit it");
    }
}
