//! `cargo run -p local` starts the local stack and prints what to try.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use local::{Latency, Options, Stack, clock};
use shared::base::{clock::Clock, error::chain};
use totp_rs::{Algorithm, Builder, Secret};
use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How long open requests may take when the stack stops.
const GRACE: Duration = Duration::from_secs(3);
/// The default data folder.
const DATA: &str = ".data";

/// serverless-mfa on this machine: the API, an embedded AWS and an identity provider for development.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Port of the API
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the embedded AWS
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// Data folder
    #[arg(long, default_value = DATA, conflicts_with = "memory")]
    data: PathBuf,
    /// Keep the data in memory only
    #[arg(long)]
    memory: bool,
    /// Answer AWS calls at once, not after AWS's usual latency
    #[arg(long)]
    fast: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the code that an authenticator app with this secret shows now
    Code {
        /// Secret, in base32
        secret: String,
        /// Print the next code, which the service already accepts
        #[arg(long)]
        next: bool,
        /// Data folder of the stack whose clock to use
        #[arg(long, default_value = DATA)]
        data: PathBuf,
        /// Use the machine's clock, for a stack that keeps its data in memory
        #[arg(long, conflicts_with = "data")]
        memory: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(Command::Code { secret, next, data, memory }) = arguments.command {
        let now = if memory { Clock::system().now() } else { clock::now_in(&data)? };
        let when = now.plus(if next { Duration::from_secs(30) } else { Duration::ZERO });
        println!("{}", code(&secret, when.seconds())?);
        return Ok(());
    }
    let lines = fmt::layer().compact().with_target(false);
    tracing_subscriber::registry().with(LevelFilter::INFO).with(lines).init();
    let options = Options {
        port: arguments.port,
        aws_port: arguments.aws_port,
        data: (!arguments.memory).then(|| arguments.data.clone()),
        clock: Clock::system(),
        latency: if arguments.fast { Latency::default() } else { Latency::REAL },
        settings: Vec::new(),
    };
    let stack = Stack::start(options).await?;
    println!("{}", welcome(&stack, (!arguments.memory).then_some(arguments.data.as_path())));
    tokio::signal::ctrl_c().await?;
    // Open requests may finish, but not longer than the grace period.
    let _ = tokio::time::timeout(GRACE, stack.stop()).await;
    Ok(())
}

fn code(secret: &str, now: u64) -> Result<String, Box<dyn Error>> {
    let secret = Secret::try_from_base32(secret.replace([' ', '-'], "").to_uppercase())?;
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_secret(secret).build_noncompliant();
    Ok(totp.generate(now).to_string())
}

fn welcome(stack: &Stack, folder: Option<&Path>) -> String {
    let (api, aws) = (&stack.api_url, &stack.aws_url);
    let (kept, option) = match folder.map(|folder| folder.display().to_string()) {
        None => ("in memory only: it is lost when the stack stops".to_owned(), " --memory".to_owned()),
        Some(folder) if folder == DATA => {
            (format!("{folder} (to start over, stop the stack, then run: rm -r {folder})"), String::new())
        }
        Some(folder) => (
            format!("{folder} (to start over, stop the stack, then run: rm -r '{folder}')"),
            format!(" --data '{folder}'"),
        ),
    };
    let code = format!("cargo run -q -p local -- code{option}");
    format!(
        r#"
serverless-mfa is running. Stop it with Ctrl-C.

  Page  {api}/   open it in a browser to try the whole product
  API   {api}
  AWS   {aws}
  Data  {kept}

Or log in by hand: paste these lines into another terminal, in this folder.

  # 1. Ada has typed her password. This is her login token.
  API={api}; JSON='content-type: application/json'
  ADA="authorization: Bearer $(curl -s $API/dev/tokens -d '{{"sub":"ada"}}' | cut -d'"' -f4)"

  # 2. Ask what must follow. Nothing yet: {{"decision":"allow", ...}}
  curl -s -X POST $API/v1/logins -H "$ADA"; echo

  # 3. She begins an authenticator app. Type the secret into your app, or let the next step compute the code.
  BEGUN=$(curl -s $API/v1/factors -H "$ADA" -H "$JSON" -d '{{"kind":"totp"}}')
  ID=$(echo "$BEGUN" | cut -d'"' -f4); SECRET=$(echo "$BEGUN" | sed 's/.*"secret":"\([A-Z2-7]*\)".*/\1/'); echo "$SECRET"

  # 4. A code from the app activates it. The reply has her ten recovery codes.
  CODE=$({code} "$SECRET")
  curl -s $API/v1/factors/$ID/activate -H "$ADA" -H "$JSON" -d "{{\"code\":\"$CODE\"}}"; echo

  # 5. From now on every login requires a code. Each code works once, so this uses the next one.
  curl -s -X POST $API/v1/logins -H "$ADA"; echo
  CODE=$({code} --next "$SECRET")
  curl -s $API/v1/factors/$ID/verify -H "$ADA" -H "$JSON" -d "{{\"code\":\"$CODE\"}}"; echo

  # 6. Bob uses his phone. On this machine, texts go to an outbox.
  BOB="authorization: Bearer $(curl -s $API/dev/tokens -d '{{"sub":"bob"}}' | cut -d'"' -f4)"
  ID=$(curl -s $API/v1/factors -H "$BOB" -H "$JSON" -d '{{"kind":"sms","phone":"+1 415 555 0123"}}' | cut -d'"' -f4)
  curl -s -X POST $API/v1/factors/$ID/texts -H "$BOB"; echo
  CODE=$(curl -s $API/dev/outbox | sed 's/.*#\([0-9]*\)".*/\1/'); echo "$CODE"
  curl -s $API/v1/factors/$ID/activate -H "$BOB" -H "$JSON" -d "{{\"code\":\"$CODE\"}}"; echo
"#
    )
}
