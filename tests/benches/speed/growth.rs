//! Growth: the same requests on tables from ten accounts to a million. One user has little, and one has the most that
//! is allowed. All tables exist at the same time, and the requests take turns on them, so that a busy machine slows all
//! alike. SQLite replaces DynamoDB and grows differently. So the benchmark checks that three things stay flat: the size
//! of the calls, the function's CPU time, and its time by the clock.

use std::{fs, io::Write, path::Path};

use data_encoding::BASE64URL_NOPAD;
use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use local::Latency;
use serde_json::{Value, json};

use crate::{
    bars::{Bars, worst},
    binary::Binaries,
    chain::Chain,
    lambda::Lambda,
    route::Route,
    samples::turns,
    user::{Enrollment, User},
    warm::Times,
    workspace,
    world::{Again, TABLE, World},
};

/// Accounts in the table, and members in the workspace.
const SIZES: [(usize, usize); 4] = [(10, 1_000), (1_000, 10_000), (100_000, 100_000), (1_000_000, 100_000)];
/// Rows in one import.
const TOGETHER: usize = 20_000;

/// The request whose time by the clock grows, because SQLite walks to the page from the first member. Only its CPU time
/// is checked.
const DEEP_PAGE: &str = "members, deep page";

/// The measurements of one request.
pub struct Grown {
    /// The request and its user.
    pub what: String,
    /// The measurements at each size, the smallest first.
    pub at: Vec<At>,
}

/// The measurements of one request at one size.
pub struct At {
    /// Accounts in the table.
    pub accounts: usize,
    /// Members of the workspace.
    pub members: usize,
    /// The AWS calls.
    pub chain: Chain,
    /// The times of the requests.
    pub function: Times,
}

/// The users who make requests.
struct Users {
    /// Has an app, and owns the workspace that grows.
    ada: User,
    /// Has four apps, two phones and three pending apps. A user with seven active factors can begin no other. Is in as
    /// many workspaces as a token may name.
    yuri: User,
}

/// Measures at each size up to `accounts`, and at two sizes at least.
pub async fn measure(binaries: &Binaries, accounts: usize, rounds: usize) -> Vec<Grown> {
    let folder = tempfile::tempdir().unwrap();
    let at = |number: usize| folder.path().join(number.to_string());
    fs::create_dir(at(0)).unwrap();
    let world = World::start(binaries, Latency::default(), Some(&at(0))).await;
    let mut users = enroll(&world).await;
    let templates = [users.ada.account.clone(), world.row("MEMBERS#acme-0", "MEMBER#mfa#ada").await];
    world.stop().await;

    let sizes: Vec<_> = SIZES.into_iter().filter(|(most, _)| *most <= accounts.max(SIZES[1].0)).collect();
    let mut worlds = Vec::new();
    let mut before = (0, 0);
    for (number, size) in (1..).zip(&sizes) {
        copy(&at(number - 1), &at(number));
        fill(&at(number).join("table.sqlite"), &templates, before, *size);
        before = *size;
    }
    for (number, (_, members)) in (1..).zip(&sizes) {
        let world = World::start(binaries, Latency::default(), Some(&at(number))).await;
        let summary = json!({"pk": {"S": "MEMBERS#acme-0"}, "sk": {"S": "SUMMARY"}, "mfa": {"N": members.to_string()}});
        world.put(&summary).await;
        worlds.push(world);
    }
    // An assertion expires after minutes. The tables are copies of one, so they share a signing key.
    users.ada.prove(&worlds[0]).await;
    let grown = ask(&worlds, &sizes, &users, rounds).await;
    for world in worlds {
        world.stop().await;
    }
    grown
}

/// Enrolls the users, and makes every workspace require MFA.
async fn enroll(world: &World<'_>) -> Users {
    let mut users = Users { ada: User::new("ada", 1), yuri: User::new("yuri", workspace::MOST) };
    let mut enrollment = Enrollment::start(world).await;
    enrollment.app(world, &mut users.ada).await;
    for number in ["+14155550125", "+14155550126"] {
        enrollment.phone(world, &mut users.yuri, number).await;
    }
    for _ in 0..4 {
        enrollment.app(world, &mut users.yuri).await;
    }
    for _ in 0..3 {
        enrollment.begin(&users.yuri, json!({"kind": "totp"})).await;
    }
    users.yuri.account = world.account(&users.yuri).await;
    assert_eq!(enrollment.factors(&users.yuri).await, [("active", 6), ("pending", 3)]);

    workspace::require_mfa(world, &users.ada, &users.yuri.workspaces).await;
    let mut policy = world.lambda("policy").await;
    // One login writes the user's row in at most 32 workspaces.
    for user in [&users.ada, &users.yuri, &users.yuri] {
        Again::new(world, user, Route::Login).ask(&mut policy).await;
    }
    users
}

/// Copies the files of a folder to a new one.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Fills a table from one size to another, with copies of the given rows.
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

/// A request at one size, and the process that answers it.
struct Asked<'a> {
    again: Again<'a>,
    function: Lambda,
}

/// Makes each request in turn at each size.
async fn ask(worlds: &[World<'_>], sizes: &[(usize, usize)], users: &Users, rounds: usize) -> Vec<Grown> {
    let Users { ada, yuri } = users;
    let deep = |members: usize| Some(BASE64URL_NOPAD.encode(format!("mfa#{}", name(members / 2)).as_bytes()));
    let nine = ", six factors and three pending, 50 workspaces";
    let requests: [(_, _, &dyn Fn(usize) -> Route); 6] = [
        ("", ada, &|_| Route::Verify),
        ("", ada, &|_| Route::Login),
        (nine, yuri, &|_| Route::Verify),
        (nine, yuri, &|_| Route::Login),
        ("", ada, &|_| Route::Members(None)),
        ("", ada, &|members| Route::Members(deep(members))),
    ];
    let mut grown = Vec::new();
    for (number, (who, user, route)) in requests.into_iter().enumerate() {
        let (mut at, mut asked) = (Vec::new(), Vec::new());
        for (world, (accounts, members)) in worlds.iter().zip(sizes) {
            let again = Again::new(world, user, route(*members));
            let chain = Chain::seen(world, &again).await;
            let function = world.lambda(again.route.function()).await;
            at.push(At { accounts: *accounts, members: *members, chain, function: Times::default() });
            asked.push(Asked { again, function });
        }
        let what = format!("{}{who}", asked[0].again.route.name());
        for round in 0..rounds + 5 {
            for turn in turns(round, asked.len()) {
                let (Asked { again, function }, at) = (&mut asked[turn], &mut at[turn]);
                let answer = again.ask(function).await;
                // The first five requests open connections and fill caches.
                if round >= 5 {
                    at.function.push(&answer);
                }
            }
            print!("\r  request {} of 6: round {} of {}", number + 1, round + 1, rounds + 5);
            std::io::stdout().flush().unwrap();
        }
        grown.push(Grown { what, at });
    }
    println!();
    let pending = Enrollment::start(&worlds[0]).await.factors(yuri).await;
    assert_eq!(pending, [("active", 6), ("pending", 3)], "what is pending expired meanwhile");
    grown
}

/// Compares each size with the smallest.
#[expect(clippy::cast_precision_loss, reason = "ratios")]
pub fn hold(grown: &[Grown], bars: &mut Bars) {
    let growth = |Grown { at, .. }: &Grown, of: &dyn Fn(&At, &At) -> f64| {
        let (small, larger) = at.split_first().unwrap();
        worst(larger.iter().map(|at| of(at, small)))
    };
    for request in grown {
        let cpu = growth(request, &|at, small| at.function.cpu.by(&small.function.cpu).median());
        bars.at_most(format!("growth of {}: the processor's time", request.what), cpu, 1.15, " ×");
    }
    let bytes = |at: &At, small: &At| at.chain.bytes() as f64 / small.chain.bytes() as f64;
    let bytes = worst(grown.iter().map(|request| growth(request, &bytes)));
    bars.at_most("the most growth of these six: bytes", bytes, 1.02, " ×");
    let took = |at: &At, small: &At| at.function.took.by(&small.function.took).median();
    let flat = grown.iter().filter(|request| request.what != DEEP_PAGE);
    let took = worst(flat.map(|request| growth(request, &took)));
    bars.at_most("the most growth of these but the deep page: the time by the clock", took, 1.15, " ×");
}
