//! A function as Lambda runs it: its release binary in a process of its own. This module is its Lambda Runtime API, and
//! gives it one event at a time.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path as Parameter, State},
    http::StatusCode,
    routing::{get, post},
    serve::ListenerExt,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::samples::now;

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// A function's process, and the API that it polls.
pub struct Lambda {
    /// The time from the start of the process to its first poll.
    pub init: Duration,
    child: Child,
    log: PathBuf,
    events: mpsc::Sender<Bytes>,
    replies: mpsc::Receiver<Reply>,
    polls: watch::Receiver<usize>,
    answered: usize,
    server: JoinHandle<()>,
}

/// The answer to an event.
pub struct Answer {
    /// How long it took, as the Runtime API sees it.
    pub took: Duration,
    /// The CPU time that the process used for it.
    pub cpu: Duration,
    /// The reply's status.
    pub status: u64,
    /// The reply's body.
    pub body: Value,
}

struct Reply {
    sent: Instant,
    came: Instant,
    payload: Result<Bytes, Bytes>,
}

struct Api {
    polls: watch::Sender<usize>,
    first: OnceLock<Instant>,
    events: Mutex<mpsc::Receiver<Bytes>>,
    sent: Mutex<Option<Instant>>,
    replies: mpsc::Sender<Reply>,
}

impl Lambda {
    /// Starts `program` with only this environment, and waits for its first poll. Its log goes to `folder`.
    pub async fn start(program: &Path, environment: &[(String, String)], folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, waiting) = mpsc::channel(1);
        let (answers, replies) = mpsc::channel(1);
        let (polled, mut polls) = watch::channel(0);
        let api = Arc::new(Api {
            polls: polled,
            first: OnceLock::new(),
            events: Mutex::new(waiting),
            sent: Mutex::default(),
            replies: answers,
        });
        let serving =
            axum::serve(listener.tap_io(|connection| connection.set_nodelay(true).unwrap()), router(api.clone()));
        let server = tokio::spawn(async move { serving.await.unwrap() });

        let name = program.file_name().unwrap().to_string_lossy();
        let log = folder.join(format!("{name}.log"));
        let lines = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new(program);
        command.env_clear().envs(environment.iter().cloned()).env("AWS_LAMBDA_RUNTIME_API", &address);
        command.stdin(Stdio::null()).stderr(lines.try_clone().unwrap()).stdout(lines);
        let started = now();
        let child = command.spawn().unwrap();
        let polled = timeout(PATIENCE, polls.wait_for(|polls| *polls > 0)).await.is_ok();
        assert!(polled, "{name} did not start:\n{}", fs::read_to_string(&log).unwrap());
        let init = *api.first.get().unwrap() - started;
        Self { init, child, log, events, replies, polls, answered: 0, server }
    }

    /// Sends an event. Waits for the reply and for the next poll.
    pub async fn ask(&mut self, event: &Value) -> Answer {
        let before = self.cpu();
        self.events.send(serde_json::to_vec(event).unwrap().into()).await.unwrap();
        let reply =
            timeout(PATIENCE, self.replies.recv()).await.unwrap_or_else(|_| panic!("no reply:\n{}", self.log()));
        let Reply { sent, came, payload } = reply.unwrap();
        let payload = payload.unwrap_or_else(|error| panic!("an error: {error:?}\n{}", self.log()));
        self.answered += 1;
        let answered = self.answered;
        timeout(PATIENCE, self.polls.wait_for(|polls| *polls > answered)).await.unwrap().unwrap();
        let reply: Value = serde_json::from_slice(&payload).unwrap();
        let body = serde_json::from_str(reply["body"].as_str().unwrap_or_default()).unwrap_or_default();
        let cpu = self.cpu().saturating_sub(before);
        Answer { took: came - sent, cpu, status: reply["statusCode"].as_u64().unwrap(), body }
    }

    /// The process's id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The CPU time of the process, over all its threads.
    pub fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let of_task = |task: std::io::Result<fs::DirEntry>| {
            let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        };
        Duration::from_nanos(tasks.filter_map(of_task).sum())
    }

    /// The peak memory of the process in MB (1 MB is 1,000,000 bytes).
    pub fn peak_memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
    }

    /// How many bytes it has logged.
    pub fn logged(&self) -> usize {
        fs::metadata(&self.log).unwrap().len().try_into().unwrap()
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap();
        log[log.floor_char_boundary(log.len().saturating_sub(2000))..].to_owned()
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.server.abort();
    }
}

fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{end}", post(end))
        .with_state(api)
}

async fn next(State(api): State<Arc<Api>>) -> ([(&'static str, &'static str); 4], Bytes) {
    api.first.get_or_init(now);
    api.polls.send_modify(|polls| *polls += 1);
    let event = api.events.lock().await.recv().await.unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:mfa"),
        ("lambda-runtime-trace-id", "Root=1-69242f2b-4d4f2a3b5c6d7e8f90a1b2c3;Sampled=0"),
    ];
    *api.sent.lock().await = Some(now());
    (headers, event)
}

async fn end(
    State(api): State<Arc<Api>>,
    Parameter((_, end)): Parameter<(String, String)>,
    payload: Bytes,
) -> StatusCode {
    let came = now();
    let sent = api.sent.lock().await.take().unwrap();
    let payload = if end == "response" { Ok(payload) } else { Err(payload) };
    let _ = api.replies.send(Reply { sent, came, payload }).await;
    StatusCode::ACCEPTED
}
