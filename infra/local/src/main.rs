//! `cargo run -p local`: starts the stack, and says what to do next.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::{
    error::Error,
    iter::successors,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use local::{Options, Stack, clock, data::Data};
use shared::clock::Clock;
use totp_rs::{Algorithm, Builder, Secret};
use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How long what is under way may take to finish at the end.
const GRACE: Duration = Duration::from_secs(3);
/// Where the data is kept unless it is said otherwise.
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
    /// Folder with the data
    #[arg(long, default_value = DATA, conflicts_with = "memory")]
    data: PathBuf,
    /// Keep nothing
    #[arg(long)]
    memory: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the code of the moment, as an authenticator app with this secret would show it
    Code {
        /// The secret, in base32
        secret: String,
        /// Folder with the data of the stack whose clock counts
        #[arg(long, default_value = DATA)]
        data: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = successors(error.source(), |cause| cause.source());
            eprintln!("{}", causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(Command::Code { secret, data }) = arguments.command {
        println!("{}", code(&secret, clock::now_in(&data)?.seconds())?);
        return Ok(());
    }
    let lines = fmt::layer().compact().with_target(false);
    tracing_subscriber::registry().with(LevelFilter::INFO).with(lines).init();
    let data = if arguments.memory { Data::memory() } else { Data::folder(&arguments.data)? };
    let options = Options {
        port: arguments.port,
        aws_port: arguments.aws_port,
        data,
        clock: Clock::system(),
        latency: Duration::ZERO,
    };
    let stack = Stack::start(options).await?;
    println!("{}", welcome(&stack, (!arguments.memory).then_some(arguments.data.as_path())));
    tokio::signal::ctrl_c().await?;
    // What is under way may finish; a client that never ends holds nobody up.
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
    let folder = folder.map(|folder| folder.display().to_string());
    let kept = folder.as_ref().map_or_else(
        || "kept nowhere: all is forgotten at the end".to_owned(),
        |folder| format!("{folder} (to start anew, stop the stack, then: rm -r {folder})"),
    );
    let next_code = match &folder {
        Some(_) => format!(r#"curl -s {api}/dev/clock -d '{{"advance_seconds":30}}'; echo"#),
        None => "sleep 30".to_owned(),
    };
    let code = match folder {
        Some(folder) if folder != DATA => format!("cargo run -q -p local -- code --data '{folder}'"),
        _ => "cargo run -q -p local -- code".to_owned(),
    };
    format!(
        r#"
serverless-mfa is running. Stop it with Ctrl-C.

  API   {api}
  AWS   {aws}
  Data  {kept}

A first login, in another terminal:

  # 1. Ada has given her password; this is her login token.
  TOKEN=$(curl -s {api}/dev/tokens -d '{{"sub":"ada"}}' | cut -d'"' -f4)

  # 2. What follows? So far nothing: {{"decision":"allow", ...}}
  curl -s -X POST {api}/v1/logins -H "authorization: Bearer $TOKEN"; echo

  # 3. She begins an authenticator app. Type the secret into one, or let step 4 do as one would.
  BEGUN=$(curl -s {api}/v1/factors -H "authorization: Bearer $TOKEN" --json '{{"kind":"totp"}}')
  ID=$(echo "$BEGUN" | cut -d'"' -f4); SECRET=$(echo "$BEGUN" | sed 's/.*"secret":"\([A-Z2-7]*\)".*/\1/'); echo "$SECRET"

  # 4. A code from the app makes it active. Here are her ten recovery codes.
  CODE=$({code} "$SECRET"); echo "$CODE"
  curl -s {api}/v1/factors/$ID/activate -H "authorization: Bearer $TOKEN" --json "{{\"code\":\"$CODE\"}}"; echo

  # 5. From now on every login is challenged; a code works once, so this takes the next one, 30 s later.
  curl -s -X POST {api}/v1/logins -H "authorization: Bearer $TOKEN"; echo
  {next_code}
  CODE=$({code} "$SECRET"); echo "$CODE"
  curl -s {api}/v1/factors/$ID/verify -H "authorization: Bearer $TOKEN" --json "{{\"code\":\"$CODE\"}}"; echo
"#
    )
}
