//! Growth: the same requests on a table that grows from ten accounts to a million, by a user who has little and by one who
//! has all that is allowed. SQLite stands in for DynamoDB, and its own growth is not the functions': what must be flat is
//! the calls, their sizes, and the processor's time of the function, taken by that of a hello-world asked in turn.

use std::{io::Write, path::Path};

use data_encoding::BASE64URL_NOPAD;
use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use local::Latency;
use serde_json::{Value, json};

use crate::{
    bars::Bars,
    binary::{Binaries, HELLO},
    route::Route,
    samples::Samples,
    user::{Enrolment, User},
    warm::{Times, seen},
    wire::Call,
    world::{Again, TABLE, World},
};

/// Accounts in the table, and members in the workspace.
const SIZES: [(usize, usize); 4] = [(10, 1_000), (1_000, 10_000), (100_000, 100_000), (1_000_000, 100_000)];
/// Rows that are imported at once.
const TOGETHER: usize = 20_000;

/// What was measured at one size.
pub struct Grown {
    /// Accounts in the table.
    pub accounts: usize,
    /// Members of the workspace.
    pub members: usize,
    /// Each request.
    pub requests: Vec<Requests>,
}

/// What was measured of one request.
pub struct Requests {
    /// What is asked, and by whom.
    pub what: String,
    /// The AWS calls.
    pub calls: usize,
    /// Bytes that they send and receive.
    pub bytes: usize,
    /// How long it took.
    pub times: Times,
    /// The processor's time by that of a hello-world.
    pub by_hello: Samples,
}

/// Measures at each size up to so many accounts.
pub async fn measure(binaries: &Binaries, accounts: usize, rounds: usize) -> Vec<Grown> {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(binaries, Latency::default(), Some(folder.path())).await;
    let (mut ada, mut zoe) = (User::new("ada", 1), User::new("zoe", 50));
    enrol(&world, &mut ada, &mut zoe).await;
    let templates = [ada.account.clone(), world.row("MEMBERS#acme-0", "MEMBER#mfa#ada").await];
    world.stop().await;

    let mut grown = Vec::new();
    let mut before = (0, 0);
    for size in SIZES.into_iter().filter(|(most, _)| *most <= accounts.max(SIZES[0].0)) {
        fill(&folder.path().join("table.sqlite"), &templates, before, size);
        before = size;
        let world = World::start(binaries, Latency::default(), Some(folder.path())).await;
        grown.push(at(&world, size, &mut ada, &zoe, rounds).await);
        world.stop().await;
    }
    grown
}

/// Ada has an app. Zoe has five, and two phones: who has as many can begin no other, so nothing of hers is pending. Each logs in.
async fn enrol(world: &World<'_>, ada: &mut User, zoe: &mut User) {
    let mut enrolment = Enrolment::start(world).await;
    enrolment.app(world, ada).await;
    for number in ["+14155550123", "+14155550124"] {
        enrolment.phone(world, zoe, number).await;
    }
    for _ in 0..5 {
        enrolment.app(world, zoe).await;
    }
    // One login lets 32 workspaces see who it is.
    for user in [&*ada, &*zoe, &*zoe] {
        Again::new(world, user, Route::Login).ask(&mut world.lambda("policy").await).await;
    }
}

/// Fills the table from one size up to another, with rows like those that are there.
fn fill(table: &Path, templates: &[Value; 2], before: (usize, usize), size: (usize, usize)) {
    let table = Database::new(&table.to_string_lossy()).unwrap();
    table.enable_bulk_loading().unwrap();
    let [account, member] = templates.each_ref().map(|row| serde_json::from_value::<Item>(row.clone()).unwrap());
    let named = |row: &Item, name: &str, value: String| {
        let mut row = row.clone();
        row.insert(name.to_owned(), AttributeValue::S(value));
        row
    };
    let import = |count: (usize, usize), what: &str, row: &dyn Fn(usize) -> Item| {
        for start in (count.0..count.1).step_by(TOGETHER) {
            let rows = (start..count.1.min(start + TOGETHER)).map(row).collect();
            table.import_items(TABLE, rows, ImportOptions::default()).unwrap();
            print!("\r  {} of {} {what}", count.1.min(start + TOGETHER), count.1);
            std::io::stdout().flush().unwrap();
        }
    };
    import((before.0, size.0), "accounts", &|number| named(&account, "pk", format!("USER#{}", name(number))));
    import((before.1, size.1), "members ", &|number| named(&member, "sk", format!("MEMBER#mfa#{}", name(number))));
    println!();
    table.disable_bulk_loading().unwrap();
}

fn name(number: usize) -> String {
    format!("user-{number:07}")
}

async fn at(
    world: &World<'_>,
    (accounts, members): (usize, usize),
    ada: &mut User,
    zoe: &User,
    rounds: usize,
) -> Grown {
    println!("growth: {accounts} accounts, {members} members");
    let summary = json!({"pk": {"S": "MEMBERS#acme-0"}, "sk": {"S": "SUMMARY"}, "mfa": {"N": members.to_string()}});
    world.put(&summary).await;
    // An assertion lives for minutes.
    let verified = Again::new(world, ada, Route::Verify).ask(&mut world.lambda("verify").await).await;
    ada.assertion = verified.body["assertion"].as_str().map(str::to_owned);
    let deep = BASE64URL_NOPAD.encode(format!("mfa#{}", name(members / 2)).as_bytes());
    let mut asked = Vec::new();
    for (who, user, route) in [
        ("", &*ada, Route::Verify),
        ("", &*ada, Route::Login),
        (", with all that is allowed", zoe, Route::Verify),
        (", with all that is allowed", zoe, Route::Login),
        ("", &*ada, Route::Members(None)),
        ("", &*ada, Route::Members(Some(deep))),
    ] {
        let again = Again::new(world, user, route);
        let calls: Vec<_> = seen(world, &again).await.concat();
        let bytes = calls.iter().map(|call: &Call| call.sent + call.received).sum();
        let what = format!("{}{who}", again.route.name());
        let lambda = world.lambda(again.route.function()).await;
        let (times, by_hello) = (Times::default(), Samples::default());
        asked.push((again, lambda, Requests { what, calls: calls.len(), bytes, times, by_hello }));
    }
    let mut hello = world.lambda(HELLO).await;
    let login = Route::Login.event(ada);
    for round in 0..rounds + 5 {
        for (again, lambda, requests) in &mut asked {
            let measure = hello.ask(&login).await.cpu;
            let answer = again.ask(lambda).await;
            // The first five open connections and fill caches.
            if round >= 5 {
                requests.times.push(&answer);
                requests.by_hello.push(answer.cpu.as_secs_f64() / measure.as_secs_f64());
            }
        }
        print!("\r  round {} of {}", round + 1, rounds + 5);
        std::io::stdout().flush().unwrap();
    }
    println!();
    Grown { accounts, members, requests: asked.into_iter().map(|(_, _, requests)| requests).collect() }
}

/// Holds what is largest to what is smallest.
#[expect(clippy::cast_precision_loss, reason = "ratios")]
pub fn hold(grown: &[Grown], bars: &mut Bars) {
    let (Some(first), Some(last)) = (grown.first(), grown.last()) else { return };
    for (small, large) in first.requests.iter().zip(&last.requests) {
        let what = &small.what;
        bars.at_most(format!("growth of {what}: calls"), large.calls as f64 / small.calls as f64, 1.0, " ×");
        bars.at_most(format!("growth of {what}: bytes"), large.bytes as f64 / small.bytes as f64, 1.02, " ×");
        let cpu = large.by_hello.median() / small.by_hello.median();
        bars.at_most(format!("growth of {what}: the processor's time"), cpu, 1.15, " ×");
    }
}
