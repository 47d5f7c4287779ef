//! Speed and growth, measured and held to bars: how fast the functions' release binaries start beside a hello-world, what
//! a warm request costs beside a program that makes the same AWS calls and nothing else, and what grows with the table.
//! All that is compared runs in turn in one run, so that a busy machine slows both.
//!
//! Run by hand, on Linux: `cargo bench -p tests --bench speed`. It builds the binaries, writes `tests/evidence/speed.md`
//! and `speed.svg`, and fails where a bar is missed. `.ci/run` has it make one of each with `--check`, which holds no bar: it
//! shows that every part still runs, and that the program beside a function still makes the same calls.

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
mod report;
mod route;
mod samples;
mod sections;
mod user;
mod warm;
mod wire;
mod workspace;
mod world;

/// How fast the functions start and answer, beside a hello-world and beside the AWS calls alone
#[derive(Parser, PartialEq)]
struct Arguments {
    /// What to measure; unless it is all, and as often as here, it is printed and not written
    #[arg(long = "part", value_enum)]
    parts: Vec<Part>,
    /// Starts of each function
    #[arg(long, default_value_t = 40)]
    starts: usize,
    /// Warm requests of each route, and as many of its calls alone
    #[arg(long, default_value_t = 2_000)]
    requests: usize,
    /// The same where AWS takes as long as it does
    #[arg(long, default_value_t = 100)]
    slow_requests: usize,
    /// Accounts in the largest table, 1,000 at the least: a million take 0.8 GB of disk
    #[arg(long, default_value_t = 1_000_000)]
    accounts: usize,
    /// Requests of each sort at each size of the table
    #[arg(long, default_value_t = 100)]
    growth_requests: usize,
    /// Requests of each sort that a login is priced by
    #[arg(long, default_value_t = 20)]
    cost_requests: u32,
    /// One of each with debug binaries, held to no bar: shows that the benchmark still runs
    #[arg(long, conflicts_with_all = ["starts", "requests", "slow_requests", "accounts", "growth_requests", "cost_requests"])]
    check: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    /// Those that are given, filled in where one of each is enough.
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

    /// Whether they ask for a whole run.
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
    /// Starts
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
        println!("cold start: {} starts of each", arguments.starts);
        let world = World::start(&binaries, Latency::default(), None).await;
        let starts = cold::measure(&world, arguments.starts).await;
        cold::hold(&starts, &mut bars);
        report.cold(&starts);
    }
    if asked(Part::Warm) {
        println!("warm: {} requests of each route, AWS without latency", arguments.requests);
        let world = World::start(&binaries, Latency::default(), None).await;
        let ada = warm::ada(&world).await;
        let fast = warm::measure(&world, &ada, arguments.requests).await;
        warm::hold(&fast, &mut bars);
        println!("warm: {} requests of each route, AWS as slow as it is", arguments.slow_requests);
        let world = World::start(&binaries, Latency::REAL, None).await;
        let ada = warm::ada(&world).await;
        let slow = warm::measure(&world, &ada, arguments.slow_requests).await;
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
