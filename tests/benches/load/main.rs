//! A load test with kills. It compresses 30 minutes of logins through the local stack, which runs in its own process.
//! SIGKILL ends that process at random moments, and it starts again on its data. No code may be accepted twice, no
//! account damaged, and no confirmed enrollment lost. Run by hand: `cargo bench -p tests --bench load`. It fails on any
//! violation.

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

/// Compresses 30 minutes of logins, and kills the stack again and again
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Seed of the random numbers; the default is the time
    #[arg(long)]
    seed: Option<u64>,
    /// Users at the start
    #[arg(long, default_value_t = 600)]
    users: usize,
    /// How many of them are attacked by a guesser
    #[arg(long, default_value_t = 10)]
    guessed_at: usize,
    /// Users who act at the same time
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Least number of verifies
    #[arg(long, default_value_t = 100_000)]
    verifies: usize,
    /// Least number of minutes by the stack's clock
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Number of kills
    #[arg(long, default_value_t = 10)]
    kills: usize,
    #[command(flatten)]
    place: Place,
    /// The flag that cargo passes to every benchmark
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
