//! Growth: the same requests on tables of ten accounts to a million, by users who have little, more, and all that is
//! allowed. The tables are there at the same time, and each request is made on one after another, so that a busy machine
//! slows all alike. SQLite stands in for DynamoDB, and what grows in it is not what grows there: what must be flat is the
//! calls, the units that they take of DynamoDB, their sizes, the processor's time of the function, and its time by the clock,
//! by itself and by that of its calls alone.

use std::{fs, io::Write, path::Path};

use data_encoding::BASE64URL_NOPAD;
use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use local::Latency;
use serde_json::{Value, json};

use crate::{
    bars::Bars,
    binary::Binaries,
    chain::{self, Chain, Most},
    lambda::Lambda,
    route::Route,
    samples::turns,
    store::{self, Alone},
    user::{Enrolment, User},
    warm::{self, Times},
    workspace,
    world::{Again, TABLE, World},
};

/// Accounts in the table, and members in the workspace.
const SIZES: [(usize, usize); 4] = [(10, 1_000), (1_000, 10_000), (100_000, 100_000), (1_000_000, 100_000)];
/// Rows that are imported at once.
const TOGETHER: usize = 20_000;

/// The request whose time by the clock grows: SQLite walks to the page from the first member on. That time by its calls alone's says nothing
/// either, for SQLite's share of both grows until nothing of the function's would be seen in it; the processor's time has it.
const DEEP_PAGE: &str = "members, deep page";

/// What was measured of one request.
pub struct Grown {
    /// What is asked, and by whom.
    pub what: String,
    /// The most that it may ask of AWS at any size.
    pub most: Most,
    /// At each size, the smallest first.
    pub at: Vec<At>,
}

/// What was measured of one request at one size.
pub struct At {
    /// Accounts in the table.
    pub accounts: usize,
    /// Members of the workspace.
    pub members: usize,
    /// The AWS calls.
    pub chain: Chain,
    /// The function's requests.
    pub function: Times,
    /// Its calls alone.
    pub bare: Times,
}

/// Who asks.
struct Users {
    /// Has an app, and owns the workspace that grows.
    ada: User,
    /// Has two apps and a phone, and is in ten workspaces.
    xia: User,
    /// Has five apps and two phones, and is in as many workspaces as a token may name.
    zoe: User,
    /// Has four apps and two phones, and three more apps begun: who has seven factors can begin no other.
    yuri: User,
}

/// Measures at each size up to so many accounts, and at no fewer than two.
pub async fn measure(binaries: &Binaries, accounts: usize, rounds: usize) -> (Vec<Grown>, Vec<Alone>) {
    let folder = tempfile::tempdir().unwrap();
    let at = |number: usize| folder.path().join(number.to_string());
    fs::create_dir(at(0)).unwrap();
    let world = World::start(binaries, Latency::default(), Some(&at(0))).await;
    let mut users = enrol(&world).await;
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
    // An assertion lives for minutes. The tables have one origin, and with it one signing key.
    let verified = Again::new(&worlds[0], &users.ada, Route::Verify).ask(&mut worlds[0].lambda("verify").await).await;
    users.ada.assertion = verified.body["assertion"].as_str().map(str::to_owned);
    let grown = ask(&worlds, &sizes, &users, rounds).await;
    for world in worlds {
        world.stop().await;
    }
    let tables: Vec<_> = (1..=sizes.len()).map(|number| at(number).join("table.sqlite")).collect();
    let deep_page = grown.iter().find(|grown| grown.what == DEEP_PAGE).unwrap();
    let alone = store::measure(&tables, deep_page);
    (grown, alone)
}

/// Enrols them, and has every workspace require MFA.
async fn enrol(world: &World<'_>) -> Users {
    let mut users = Users {
        ada: User::new("ada", 1),
        xia: User::new("xia", 10),
        zoe: User::new("zoe", workspace::MOST),
        yuri: User::new("yuri", workspace::MOST),
    };
    let mut enrolment = Enrolment::start(world).await;
    enrolment.app(world, &mut users.ada).await;
    for (user, apps, numbers) in [
        (&mut users.xia, 2, &["+14155550122"][..]),
        (&mut users.zoe, 5, &["+14155550123", "+14155550124"]),
        (&mut users.yuri, 4, &["+14155550125", "+14155550126"]),
    ] {
        for number in numbers {
            enrolment.phone(world, user, number).await;
        }
        for _ in 0..apps {
            enrolment.app(world, user).await;
        }
    }
    for _ in 0..3 {
        enrolment.begin(&users.yuri, json!({"kind": "totp"})).await;
    }
    users.yuri.account = world.account(&users.yuri).await;
    assert_eq!(enrolment.factors(&users.zoe).await, [("active", 7), ("pending", 0)]);
    assert_eq!(enrolment.factors(&users.yuri).await, [("active", 6), ("pending", 3)]);

    workspace::require_mfa(world, &users.ada, &users.zoe.workspaces).await;
    let mut policy = world.lambda("policy").await;
    // One login lets 32 workspaces see who it is.
    for user in [&users.ada, &users.xia, &users.zoe, &users.zoe, &users.yuri, &users.yuri] {
        Again::new(world, user, Route::Login).ask(&mut policy).await;
    }
    users
}

/// Copies the files of a folder to one that it makes.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Fills a table from one size up to another, with rows like those that are there.
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

/// A request at one size: who makes it, with which processes.
struct Asked<'a> {
    again: Again<'a>,
    function: Lambda,
    bare: Lambda,
}

/// Has each request made in turn at each size, by the function and as its calls alone.
async fn ask(worlds: &[World<'_>], sizes: &[(usize, usize)], users: &Users, rounds: usize) -> Vec<Grown> {
    let Users { ada, xia, zoe, yuri } = users;
    let deep = |members: usize| Some(BASE64URL_NOPAD.encode(format!("mfa#{}", name(members / 2)).as_bytes()));
    let (three, seven) = (", three factors, ten workspaces", ", seven factors, 50 workspaces");
    let nine = ", six factors and three pending, 50 workspaces";
    let most = |in_a_row, calls, units| Most { in_a_row, calls, units };
    let requests: [(_, _, &dyn Fn(usize) -> Route, _); 10] = [
        ("", ada, &|_| Route::Verify, most(3, 5, 3.0)),
        ("", ada, &|_| Route::Login, most(1, 3, 3.0)),
        (three, xia, &|_| Route::Verify, most(3, 5, 12.0)),
        (three, xia, &|_| Route::Login, most(1, 3, 12.0)),
        (seven, zoe, &|_| Route::Verify, most(3, 5, 54.0)),
        (seven, zoe, &|_| Route::Login, most(1, 3, 52.0)),
        (nine, yuri, &|_| Route::Verify, most(3, 5, 56.0)),
        (nine, yuri, &|_| Route::Login, most(1, 3, 52.0)),
        ("", ada, &|_| Route::Members(None), most(1, 3, 5.0)),
        ("", ada, &|members| Route::Members(deep(members)), most(1, 3, 5.0)),
    ];
    let mut grown = Vec::new();
    for (number, (who, user, route, most)) in requests.into_iter().enumerate() {
        let (mut at, mut asked) = (Vec::new(), Vec::new());
        for (world, (accounts, members)) in worlds.iter().zip(sizes) {
            let again = Again::new(world, user, route(*members));
            let chain = Chain::seen(world, &again, most).await;
            let function = world.lambda(again.route.function()).await;
            let bare = warm::bare(world, &again, &chain).await;
            let (took, alone) = (Times::default(), Times::default());
            at.push(At { accounts: *accounts, members: *members, chain, function: took, bare: alone });
            asked.push(Asked { again, function, bare });
        }
        let what = format!("{}{who}", asked[0].again.route.name());
        for round in 0..rounds + 5 {
            for turn in turns(round, asked.len()) {
                let (Asked { again, function, bare }, at) = (&mut asked[turn], &mut at[turn]);
                let (answer, alone) = if round % 2 == 0 {
                    let answer = again.ask(function).await;
                    (answer, warm::made(again, bare).await)
                } else {
                    let alone = warm::made(again, bare).await;
                    (again.ask(function).await, alone)
                };
                // The first five open connections and fill caches.
                if round >= 5 {
                    at.function.push(&answer);
                    at.bare.push(&alone);
                }
            }
            print!("\r  request {} of 10: round {} of {}", number + 1, round + 1, rounds + 5);
            std::io::stdout().flush().unwrap();
        }
        grown.push(Grown { what, most, at });
    }
    println!();
    let pending = Enrolment::start(&worlds[0]).await.factors(yuri).await;
    assert_eq!(pending, [("active", 6), ("pending", 3)], "what is pending expired meanwhile");
    grown
}

/// Holds what is asked of AWS to the same limits at every size, and what it takes to the smallest.
#[expect(clippy::cast_precision_loss, reason = "ratios")]
pub fn hold(grown: &[Grown], bars: &mut Bars) {
    for Grown { what, most, at } in grown {
        let small = &at[0];
        let growth = |ratio: &dyn Fn(&At) -> f64| at.iter().skip(1).map(ratio).fold(f64::NAN, f64::max);
        let bytes = growth(&|at| at.chain.bytes() as f64 / small.chain.bytes() as f64);
        let cpu = growth(&|at| at.function.cpu.by(&small.function.cpu).median());
        let took = growth(&|at| at.function.took.by(&small.function.took).median());
        let by_calls = |at: &At| at.function.took.median() / at.bare.took.median();
        let by_calls = growth(&|at| by_calls(at) / by_calls(small));
        let chains: Vec<_> = at.iter().map(|at| &at.chain).collect();
        chain::hold(&format!("{what}, at every size"), &chains, *most, bars);
        bars.at_most(format!("growth of {what}: bytes"), bytes, 1.02, " ×");
        bars.at_most(format!("growth of {what}: the processor's time"), cpu, 1.15, " ×");
        if what != DEEP_PAGE {
            bars.at_most(format!("growth of {what}: the time by the clock"), took, 1.15, " ×");
            bars.at_most(format!("growth of {what}: the time by its calls alone's"), by_calls, 1.15, " ×");
        }
    }
}
