//! Load and kill: half an hour of logins compressed, through the local stack as a process of its own that is killed with
//! SIGKILL at random moments and started again on what it left. No code may be accepted twice across the kills, no account
//! damaged, no confirmed enrolment lost. Run by hand: `cargo bench -p tests --bench load`; it fails on any violation.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark talks to its terminal; one that can't go on fails, and says where"
)]

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};
use shared::base::clock::Clock;

use crate::{
    stack::{Place, Process},
    world::World,
};

mod changes;
mod code;
#[expect(dead_code, reason = "nobody is emailed here")]
#[path = "../../stage/device.rs"]
mod device;
mod judge;
mod ledger;
mod logins;
mod random;
mod run;
mod stack;
mod tally;
mod user;
mod world;

/// Half an hour of logins compressed, while the stack is killed again and again
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Seed of all that is drawn; the time, if there is none
    #[arg(long)]
    seed: Option<u64>,
    /// Users at the start
    #[arg(long, default_value_t = 600)]
    users: usize,
    /// Users whom somebody guesses at, among them
    #[arg(long, default_value_t = 10)]
    guessed_at: usize,
    /// Users who do something at the same time
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Verifies at least
    #[arg(long, default_value_t = 100_000)]
    verifies: usize,
    /// Minutes of the stack's time at least
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Kills
    #[arg(long, default_value_t = 10)]
    kills: usize,
    #[command(flatten)]
    place: Place,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the stack on a folder until standard input ends
    Serve {
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Serve { folder, place }) = &arguments.command {
        stack::serve(folder.clone(), place).await;
        return ExitCode::SUCCESS;
    }
    let seed = arguments.seed.unwrap_or_else(|| Clock::system().now().millis());
    println!("seed {seed} (the same draws again: --seed {seed})");
    let folder = tempfile::tempdir().unwrap();
    let stack = Process::start(folder.path(), &arguments.place);
    let world = Arc::new(World::new(&arguments.place, folder.path().to_owned()));
    world.open(0).await;
    run::run(&arguments, seed, &world, stack).await;
    if world.tally.violations() == 0 {
        return ExitCode::SUCCESS;
    }
    println!("FAILED: the stack's data is in {}", folder.keep().display());
    ExitCode::FAILURE
}
