//! A benchmark of speed and growth, with limits ("bars"). It measures what a user waits for while a function starts, by
//! memory, and compares it with the same function that opens no connections. It compares a warm request with a program
//! that makes the same AWS calls and nothing else. It also measures what grows with the table. Compared programs take
//! turns in one run, so that a busy machine slows all alike.
//!
//! Run by hand, on Linux as root, with openssl: `cargo bench -p tests --bench speed`. It builds the binaries, writes
//! `tests/evidence/speed.md` and `speed.svg`, and fails if a bar is missed. `.ci/run` runs it with `--check`, which
//! makes one of each request and holds no bar. That shows that every part still runs, and that the compared program
//! still makes the same calls.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark talks to its terminal; one that can't go on fails, and says where"
)]

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use local::Latency;

use crate::{bars::Bars, binary::Binaries, report::Report, world::World};

mod bars;
mod binary;
mod chain;
mod cold;
mod cost;
#[expect(dead_code, reason = "nobody mistypes a code here")]
#[path = "../../stage/device.rs"]
mod device;
mod event;
mod growth;
mod lambda;
mod picture;
mod quota;
mod report;
mod route;
mod samples;
mod sections;
mod tls;
mod user;
mod warm;
mod wire;
mod workspace;
mod world;

/// Measures how fast the functions start and answer, with each size of memory, and what they add to the AWS calls alone
#[derive(Parser, PartialEq)]
struct Arguments {
    /// Part to measure; only a run of all parts with default counts writes the report, others print it
    #[arg(long = "part", value_enum)]
    parts: Vec<Part>,
    /// Starts of each function with each size of memory
    #[arg(long, default_value_t = 15)]
    starts: usize,
    /// Warm requests of each route, and as many of its calls alone
    #[arg(long, default_value_t = 2_000)]
    requests: usize,
    /// The same, with AWS's real latency
    #[arg(long, default_value_t = 100)]
    slow_requests: usize,
    /// Accounts in the largest table, at least 1,000: a million takes 0.8 GB of disk
    #[arg(long, default_value_t = 1_000_000)]
    accounts: usize,
    /// Requests of each kind at each size of the table
    #[arg(long, default_value_t = 100)]
    growth_requests: usize,
    /// Requests of each kind for the price of a login
    #[arg(long, default_value_t = 20)]
    cost_requests: u32,
    /// Makes one request of each kind with debug binaries and holds no bar, to show that the benchmark still runs
    #[arg(long, conflicts_with_all = ["starts", "requests", "slow_requests", "accounts", "growth_requests", "cost_requests"])]
    check: bool,
    /// The flag that cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    /// The arguments of the command line. With `--check`, every count is the smallest.
    fn given() -> Self {
        let given = Self::parse();
        if !given.check {
            return given;
        }
        Self {
            starts: 1,
            requests: 1,
            slow_requests: 1,
            accounts: 1_000,
            growth_requests: 1,
            cost_requests: 1,
            ..given
        }
    }

    /// Whether they ask for a whole run with default counts.
    fn are_whole(&self) -> bool {
        *self == Self { bench: self.bench, ..Self::parse_from(["speed"]) }
    }

    /// Whether they ask for this part.
    fn ask_for(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}

/// A part of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// First events, and the next ones
    Cold,
    /// Warm requests and their chains of calls
    Warm,
    /// Sizes of the table
    Growth,
    /// What logins cost
    Cost,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::given();
    let asked = |part| arguments.ask_for(part);
    let mut report = Report::new();
    let binaries = if arguments.check { Binaries::of_debug() } else { Binaries::build() };
    let mut bars = Bars::new(!arguments.check);
    if asked(Part::Cold) {
        println!("first events: {} starts of each function and size of memory", arguments.starts);
        let world = World::start(&binaries, Latency::REAL, None).await;
        let quotas = quota::all(&cold::MEMORY, arguments.check);
        let starts = cold::measure(&world, arguments.starts, &quotas).await;
        cold::hold(&starts, &mut bars);
        report.cold(&starts);
    }
    if asked(Part::Warm) {
        println!("warm: {} requests of each route, AWS without latency", arguments.requests);
        let world = World::start(&binaries, Latency::default(), None).await;
        let mut ada = warm::ada(&world).await;
        let fast = warm::measure(&world, &mut ada, arguments.requests).await;
        warm::hold(&fast, &mut bars);
        println!("warm: {} requests of each route, AWS as slow as it is", arguments.slow_requests);
        let world = World::start(&binaries, Latency::REAL, None).await;
        let mut ada = warm::ada(&world).await;
        let slow = warm::measure(&world, &mut ada, arguments.slow_requests).await;
        warm::hold_slow(&slow, &mut bars);
        report.warm(&fast, &slow);
    }
    if asked(Part::Growth) {
        let grown = growth::measure(&binaries, arguments.accounts, arguments.growth_requests).await;
        growth::hold(&grown, &mut bars);
        report.growth(&grown);
    }
    if asked(Part::Cost) {
        println!("cost: a login by each method, AWS as slow as it is");
        let world = World::start(&binaries, Latency::REAL, None).await;
        let costs = cost::measure(&world, arguments.cost_requests).await;
        report.cost(&costs);
    }
    report.bars(&bars);
    if arguments.are_whole() {
        report.write();
    } else if !arguments.check {
        report.print();
    }
    if bars.met() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
