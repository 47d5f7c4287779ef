//! Makes every AWS call of every route fail in every way, once and at every try. Then checks the account, and that the
//! user can go on. The replies make the table in `tests/evidence/faults.md`.

use std::{collections::BTreeSet, env, fs, path::Path};

use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinHandle};

use self::counts::{Counted, Ends, May, given_back_of, guess_wrong, hold};
use crate::{
    contract::grants::{self, Grant},
    logs, openapi,
    stage::{Enrolled, Reply, Stage, User},
};

mod addresses;
mod beside;
mod checks;
mod counts;
mod factors;
mod guesses;
mod messages;
mod operators;
mod workspaces;

const DAY: u64 = 24 * 3600;
/// The ways in which a call fails.
const KINDS: [&str; 5] = ["throttle", "error", "refuse", "drop_before", "drop_after"];
/// The header of the table.
const HEAD: &str = "| route | call | throttled | failed | refused | request lost | answer lost once · every time |";

/// The number of situations that run at once. It leaves time for the other tests.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Rows of the table, and the grants that a function needs for their calls.
type Tried = (Vec<String>, BTreeSet<Grant>);

/// A request of a user that meets a fault.
trait Situation: Sized + Send + Sync + 'static {
    /// The route, and which case of it.
    const NAME: &'static str;

    /// The counts that the request may change, and how. It must leave all others alone.
    const COUNTS: &'static [(&'static str, May)] = &[];

    /// Everything before the request. `user` is a new name.
    fn before(stage: &Stage, user: &str) -> impl Future<Output = Self> + Send;

    /// Sends the request. A client would send it again in the same way.
    fn ask(&self) -> impl Future<Output = Reply> + Send;

    /// Checks that the user succeeds once AWS works again. `reply` is the reply to the failed request.
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
        rows_of::<beside::Begin>(),
        rows_of::<checks::ActivateApp>(),
        given_back::<checks::ActivateApp>("kms", "Decrypt"),
        rows_of::<checks::ActivatePhone>(),
        rows_of::<beside::Activate>(),
        rows_of::<guesses::Wrong<checks::ActivateApp>>(),
        rows_of::<factors::Rename>(),
        rows_of::<factors::RemoveLast>(),
        rows_of::<beside::Remove>(),
        rows_of::<messages::Text>(),
        given_back::<messages::Text>("sns", "Publish"),
        rows_of::<beside::Text>(),
        rows_of::<checks::VerifyApp>(),
        given_back::<checks::VerifyApp>("kms", "Decrypt"),
        rows_of::<checks::VerifyPhone>(),
        given_back::<checks::VerifyPhone>("kms", "GenerateMac"),
        rows_of::<guesses::App>(),
        rows_of::<guesses::Wrong<checks::VerifyPhone>>(),
        rows_of::<guesses::Last>(),
        rows_of::<checks::PublicKeys>(),
        rows_of::<messages::NewCodes>(),
        rows_of::<messages::Email>(),
        given_back::<messages::Email>("ses", "SendEmail"),
        rows_of::<addresses::Asked>(),
        rows_of::<checks::RecoveryCode>(),
        given_back::<checks::RecoveryCode>("kms", "GenerateMac"),
        rows_of::<guesses::Wrong<checks::RecoveryCode>>(),
        rows_of::<guesses::LastRecovery>(),
        rows_of::<checks::EmailedCode>(),
        given_back::<checks::EmailedCode>("kms", "GenerateMac"),
        rows_of::<addresses::Redeemed>(),
        rows_of::<guesses::Wrong<checks::EmailedCode>>(),
        rows_of::<workspaces::ShowPolicy>(),
        rows_of::<workspaces::SetPolicy>(),
        rows_of::<workspaces::Members>(),
        rows_of::<operators::Unlock>(),
        rows_of::<operators::Reset>(),
        rows_of::<operators::Erase>(),
        rows_of::<operators::Import>(),
        rows_of::<operators::ImportAgain>(),
        rows_of::<operators::ImportAfterReset>(),
    ];
    // All situations run before the first failure is reported, so that one run shows every failure.
    let mut played = Vec::new();
    for situation in situations {
        played.push(situation.await);
    }
    let (mut rows, mut made) = (Vec::new(), BTreeSet::new());
    for (of_one, grants) in played.into_iter().map(Result::unwrap) {
        rows.extend(of_one);
        made.extend(grants);
    }
    is_whole(&rows, &made);
    keep(&rows);
}

/// Checks that the table has every route of the contract, and every granted call. Another test checks that no call
/// lacks a grant.
fn is_whole(rows: &[String], made: &BTreeSet<Grant>) {
    for (route, _) in openapi::operations() {
        assert!(rows.iter().any(|row| row.starts_with(&format!("| `{route}`"))), "no row of {route}");
    }
    assert_eq!(made, &grants::granted(), "a call that is granted is in no situation");
}

/// Runs a situation once for each way in which each of its calls may fail.
fn rows_of<S: Situation>() -> JoinHandle<Tried> {
    tokio::spawn(tried::<S>(None))
}

/// Runs a situation in which one call is refused, so that the function undoes the count. It does so by a second write
/// of the same rows, which may fail as well.
fn given_back<S: Situation>(service: &'static str, operation: &'static str) -> JoinHandle<Tried> {
    tokio::spawn(tried::<S>(Some((service, operation))))
}

async fn tried<S: Situation>(refused: Option<(&'static str, &'static str)>) -> Tried {
    let _turn = TURNS.acquire().await.unwrap();
    let stage = Stage::new().await;
    let (name, counts) = match refused {
        Some((_, operation)) => (format!("{}, `{operation}` refused", S::NAME), given_back_of(S::COUNTS)),
        None => (S::NAME.to_owned(), S::COUNTS.to_vec()),
    };
    let refused: Vec<_> = refused
        .map(|(service, operation)| json!({"service": service, "operation": operation, "kind": "refuse", "times": 99}))
        .into_iter()
        .collect();
    let well = meet::<S>(&stage, "nobody-yet", &refused, &counts).await;
    let ends = if refused.is_empty() { Ends::Well } else { Ends::Untouched };
    hold(&name, &counts, &well.before, &well.after, ends);
    let calls = stage.calls_of(&well.reply.request).await;
    let grants = calls.iter().flat_map(grants::made).collect();
    // Sorted, because calls at the same time come in any order.
    let mut calls: Vec<_> = calls.iter().map(|call| (call["operation"].as_str().unwrap(), what(call), call)).collect();
    calls.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    let mut rows = Vec::new();
    for (index, (operation, what, call)) in calls.iter().enumerate() {
        let nth = calls[..index].iter().filter(|(other, on, _)| (other, on) == (operation, what)).count();
        let gives_back = nth > 0 && ["UpdateItem", "TransactWriteItems"].contains(operation);
        if !refused.is_empty() && !gives_back {
            continue;
        }
        let mut answers = Vec::new();
        for kind in KINDS {
            let mut statuses = Vec::new();
            // The SDK's retry hides a single failure. Only after a lost answer can the retry meet its own write.
            for every_try in if kind == "drop_after" { vec![false, true] } else { vec![true] } {
                // A function fetches the public keys only once, so a new stage is necessary.
                let stage = if *operation == "GetPublicKey" { Stage::new().await } else { stage.clone() };
                let fault = json!({
                    "service": call["service"], "operation": operation, "on": on(call), "spare": nth, "kind": kind,
                    "every_try": every_try,
                });
                let faults = [refused.clone(), vec![fault]].concat();
                statuses.push(play::<S>(&stage, &name, &faults, &counts, well.reply.status).await.to_string());
            }
            answers.push(statuses.join(" · "));
        }
        let which = if nth == 0 { String::new() } else { format!(" ({})", nth + 1) };
        rows.push(format!("| {name} | `{operation}` {what}{which} | {} |", answers.join(" | ")));
    }
    assert!(!rows.is_empty(), "{name}: no call to fail");
    (rows, grants)
}

/// The target of a call, as the table shows it: rows, or a key and a purpose.
fn what(call: &Value) -> String {
    let names = if call["rows"] == json!([]) { &call["touches"] } else { &call["rows"] };
    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

/// The name that distinguishes a call from others of its operation.
fn on(call: &Value) -> Value {
    let last = |names: &Value| names.as_array().unwrap().last().cloned();
    last(&call["rows"]).or(last(&call["touches"])).unwrap_or_default()
}

/// A request that met faults, and the counts before and after it.
struct Met<S> {
    situation: S,
    reply: Reply,
    before: Counted,
    after: Counted,
}

async fn meet<S: Situation>(stage: &Stage, user: &str, faults: &[Value], counts: &[(&str, May)]) -> Met<S> {
    let situation = S::before(stage, user).await;
    guess_wrong(stage, user).await;
    let before = Counted::of(stage, user, counts).await;
    for fault in faults {
        stage.order_fault(fault.clone()).await;
    }
    let reply = situation.ask().await;
    stage.clear_faults().await;
    Met { situation, reply, before, after: Counted::of(stage, user, counts).await }
}

/// Runs a situation with faults, for a new user. The last fault is the one under test. Returns the status of the reply.
async fn play<S: Situation>(stage: &Stage, name: &str, faults: &[Value], counts: &[(&str, May)], well: u16) -> u16 {
    let fault = faults.last().unwrap();
    let told = format!("{name}: {fault}");
    let (kind, service, for_good) = (&fault["kind"], &fault["service"], fault["every_try"] == true);
    // On a new day, earlier texts and emails do not count.
    stage.advance(DAY).await;
    let user = format!("{}-{}", name.len(), stage.now().await / DAY);
    let Met { situation, reply, before, after } = meet::<S>(stage, &user, faults, counts).await;

    let is_well = reply.status == well;
    let clean = is_well
        || match reply.code() {
            "temporarily-unavailable" => true,
            "internal" => kind == "refuse",
            "text-not-sent" | "email-not-sent" => service == "ses" || service == "sns",
            _ => false,
        };
    assert!(clean, "{told}: {reply:?}");
    if for_good {
        let lines = logs::of(&reply.request);
        let is_told = lines.iter().any(|line| line["level"] == "ERROR" || line["level"] == "WARN");
        assert!(is_told, "{told}: not in the log: {lines:?}");
    }
    let ends = if is_well && faults.len() == 1 { Ends::Well } else { Ends::Failed };
    hold(&told, counts, &before, &after, ends);
    let status = reply.status;
    situation.after(stage, reply).await;
    status
}

/// Checks that at most one of a code's two replies accepts it. The other one has the code `used`.
fn once(first: &Reply, again: &Reply, used: &str) {
    match (first.status, again.status) {
        (200, 200) => panic!("accepted twice: {first:?} {again:?}"),
        (_, 200) => {}
        _ => assert_eq!(again.code(), used, "{first:?} {again:?}"),
    }
}

/// A user in a workspace of the same name, which has no other members.
async fn member(stage: &Stage, sub: &str) -> User {
    stage.user_with(json!({"sub": sub, "workspaces": [sub]})).await
}

/// A user in a workspace, with an authenticator app, and an assertion by it.
async fn proven(stage: &Stage, sub: &str) -> (User, Enrolled, String) {
    prove(member(stage, sub).await).await
}

/// Enrolls an authenticator app, and gets an assertion by it.
async fn prove(user: User) -> (User, Enrolled, String) {
    let enrolled = user.enroll().await;
    let assertion = user.prove(&enrolled).await;
    (user, enrolled, assertion)
}

/// A phone number that only this user has.
fn phone_of(user: &str) -> String {
    let sum = user.bytes().fold(7_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 1_000_000);
    format!("+1415{}", 5_000_000 + sum)
}

/// Checks that the table in `tests/evidence/faults.md` has these rows. If it differs, writes the new table and fails.
/// With a mutant of `tests/mutants`, it writes nothing.
fn keep(rows: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("evidence/faults.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, _) = text.split_once(HEAD).expect("the table's head");
    let kept = format!("{before}{HEAD}\n|---|---|---|---|---|---|---|\n{}\n", rows.join("\n"));
    if text != kept {
        if env::var_os("MUTANT").is_none() {
            fs::write(&path, kept).unwrap();
        }
        panic!("the table in tests/evidence/faults.md was different, and is written again: review and commit it");
    }
}
