//! The local stack in a process of its own, so that it can be killed. The process is this program, started with
//! `serve`.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use local::{Latency, Options, Stack};
use shared::base::clock::Clock;
use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Limits that refuse no text, because other tests cover the limits.
const TEXT_LIMITS: &str = "resend=0,user-10m=100000,user-day=100000,number-hour=100000,number-day=100000,\
     pending-number-hour=100000,pending-number-day=100000,address-hour=off,exchange-hour=100000,exchange-day=100000,\
     deployment-day=1000000,deployment-pending-day=1000000";

/// The ports of a stack.
#[derive(Clone, clap::Args)]
pub struct Place {
    /// Port of the API. It is below the ports of outgoing connections, which could take it while the stack is down
    #[arg(long, default_value_t = 18480)]
    pub port: u16,
    /// Port of the embedded AWS, likewise
    #[arg(long, default_value_t = 14480)]
    pub aws_port: u16,
}

/// Runs the stack on a folder until standard input ends. So it never outlives its parent process.
pub async fn serve(folder: PathBuf, place: &Place) {
    let lines = fmt::layer().compact().with_writer(io::stderr);
    tracing_subscriber::registry().with(LevelFilter::ERROR).with(lines).init();
    let options = Options {
        port: place.port,
        aws_port: place.aws_port,
        data: Some(folder),
        clock: Clock::system(),
        latency: Latency::default(),
        settings: vec![("MFA_TEXT_LIMITS".to_owned(), TEXT_LIMITS.to_owned())],
    };
    let _stack = Stack::start(options).await.unwrap_or_else(|error| panic!("{error}"));
    let ended = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    ended.await.unwrap().unwrap();
}

/// The process of a stack. It ends when this is dropped.
pub struct Process {
    folder: PathBuf,
    place: Place,
    child: Child,
}

impl Process {
    /// Starts a stack, without waiting until it answers.
    pub fn start(folder: &Path, place: &Place) -> Self {
        Self { folder: folder.to_owned(), place: place.clone(), child: spawn(folder, place) }
    }

    /// Kills the process with SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the process again on the same folder and ports.
    pub fn restart(&mut self) {
        self.child = spawn(&self.folder, &self.place);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, place: &Place) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("serve").arg(folder).args(["--port", &place.port.to_string()]);
    command.args(["--aws-port", &place.aws_port.to_string()]).stdin(Stdio::piped());
    command.spawn().unwrap()
}
