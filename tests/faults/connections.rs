//! AWS closes idle connections, and a frozen Lambda function does not notice. Here functions run in their own process,
//! with their connections of Lambda. A proxy in front of AWS forgets connections that were idle for 5 s. It drops later
//! data, as a network may do.

#![expect(clippy::disallowed_methods, reason = "how long it took is what is held here")]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use lambda_http::{Request, Response};
use serde_json::Value;
use shared::{
    aws::boot,
    base::clock::{Clock, Timestamp},
    edge::{api::Lambda, http::gateway},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::spawn_blocking,
    time::{Instant, sleep},
};

use crate::{contract::events::sample, stage::Stage};

const PHONE: &str = "+14155550123";
/// How long a connection may be idle before the proxy forgets it. AWS does so after 20 s or more.
const FORGOTTEN: Duration = Duration::from_secs(5);
/// The longest time that a function keeps a connection. It checks every 10 s.
const KEPT: Duration = Duration::from_secs(21);
/// The longest time that it keeps one of a message. It checks every second.
const MESSAGES: Duration = Duration::from_secs(3);
/// The variable with the URL of AWS for the functions' process.
const ENDPOINT: &str = "TEST_AWS_ENDPOINT";
/// The prefix of each answer of that process.
const ANSWER: &str = "answer ";

/// The connections that a proxy has seen.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// The connections to DynamoDB and KMS: all so far, and the open ones.
    kept: (usize, usize),
    /// The connections to SNS and SES: all so far, and the open ones.
    messages: (usize, usize),
    /// The connections that were used after they were forgotten.
    broken: usize,
}

/// A proxy in front of the embedded AWS.
struct End {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

impl End {
    async fn before(stage: &Stage) -> Self {
        let behind = stage.stack.aws_url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let all = seen.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, behind.clone(), all.clone()));
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    async fn until(&self, within: Duration, is_so: impl Fn(&Seen) -> bool) {
        let started = Instant::now();
        while !is_so(&self.seen()) {
            assert!(started.elapsed() < within, "{:?}", self.seen());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Passes on the data of a connection, until it is closed or forgotten.
async fn pass_on(mut client: TcpStream, behind: String, all: Arc<Mutex<Seen>>) {
    let mut server = TcpStream::connect(behind).await.unwrap();
    let (mut asked, mut told) = (vec![0; 65536], vec![0; 65536]);
    let mut of_messages = None;
    let mut last = Instant::now();
    loop {
        let (bytes, to) = tokio::select! {
            bytes = client.read(&mut asked) => (asked.get(..bytes.unwrap_or(0)).unwrap(), &mut server),
            bytes = server.read(&mut told) => (told.get(..bytes.unwrap_or(0)).unwrap(), &mut client),
        };
        if of_messages.is_none() {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            let messages = !["dynamodb_", "trentservice."].iter().any(|target| text.contains(target));
            count(&all, messages, 1);
            of_messages = Some(messages);
        }
        if bytes.is_empty() {
            break;
        }
        if last.elapsed() > FORGOTTEN {
            all.lock().unwrap().broken += 1;
            break;
        }
        last = Instant::now();
        if to.write_all(bytes).await.is_err() {
            break;
        }
    }
    count(&all, of_messages.unwrap_or_default(), -1);
}

fn count(all: &Mutex<Seen>, messages: bool, change: isize) {
    let mut all = all.lock().unwrap();
    let (were, are) = if messages { &mut all.messages } else { &mut all.kept };
    *were += usize::from(change > 0);
    *are = are.checked_add_signed(change).unwrap();
}

/// The process with the functions.
struct Functions {
    child: Child,
    events: ChildStdin,
    answers: Arc<Mutex<BufReader<std::process::ChildStdout>>>,
}

impl Functions {
    fn start(end: &End) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "faults::connections::the_functions_in_a_process_of_their_own",
            "--exact",
            "--ignored",
            "--nocapture",
        ]);
        command.env(ENDPOINT, &end.url).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (events, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, events, answers: Arc::new(Mutex::new(answers)) }
    }

    /// Sends an event, and returns the status of the answer.
    async fn ask(&mut self, event: &Value) -> u16 {
        writeln!(self.events, "{event}").unwrap();
        let answers = self.answers.clone();
        let read = move || {
            let mut answers = answers.lock().unwrap();
            loop {
                let mut line = String::new();
                assert_ne!(answers.read_line(&mut line).unwrap(), 0, "the functions have ended");
                if let Some((_, status)) = line.split_once(ANSWER) {
                    return status.trim().parse().unwrap();
                }
            }
        };
        spawn_blocking(read).await.unwrap()
    }

    /// Sends a signal to the process: `-STOP` freezes it as Lambda does, `-CONT` resumes it.
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process that the tests of this file start. It is not a test. It answers each event, one per line.
#[tokio::test]
#[ignore = "the other tests of this file start it"]
async fn the_functions_in_a_process_of_their_own() {
    let endpoint = std::env::var(ENDPOINT).expect("the other tests of this file start it");
    let settings = local::settings("https://mfa.example.com").with(
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let clock = || Clock::new(|| Timestamp::from_seconds(1_800_000_000));
    let aws = |name| boot::clients(name, &settings).unwrap();
    let recovery = recovery::Function::new(&settings, &aws("recovery"), clock()).unwrap();
    let send_sms = send_sms::Function::new(&settings, &aws("send-sms"), clock()).unwrap();
    loop {
        let read = spawn_blocking(|| std::io::stdin().lines().next());
        let Some(Ok(event)) = read.await.unwrap() else { break };
        let request: Request = gateway::read(&event).unwrap();
        let texts = event.contains("/texts");
        let answer: Response<_> = if texts { send_sms.handle(request).await } else { recovery.handle(request).await };
        writeln!(std::io::stdout(), "\n{ANSWER}{}", answer.status().as_u16()).unwrap();
    }
}

/// An event that emails a code to a user.
pub fn email(user: &str) -> Value {
    let mut event = sample("recovery/email.json");
    let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
    (claims["sub"], claims["email"]) = (user.into(), format!("{user}@example.com").into());
    event
}

/// An event that texts a code to a user's phone.
pub fn text(user: &str, factor: &str) -> Value {
    let mut event = sample("send-sms/text.json");
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = user.into();
    event["pathParameters"]["factor_id"] = factor.into();
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_is_kept_for_long_one_of_texts_for_a_second_and_none_of_an_email() {
    let stage = Stage::new().await;
    for user in ["ada", "bob"] {
        stage.user(user).await.enroll().await;
    }
    let phone = stage.user("cy").await.begin_phone(PHONE).await;
    let end = End::before(&stage).await;
    let mut functions = Functions::start(&end);
    for user in ["ada", "bob"] {
        assert_eq!(functions.ask(&email(user)).await, 202);
    }
    end.until(MESSAGES, |seen| seen.messages == (2, 0)).await;
    // The text goes over the connection of the check for a STOP just before it.
    assert_eq!(functions.ask(&text("cy", &phone)).await, 202);
    end.until(MESSAGES, |seen| seen.messages == (3, 0)).await;
    assert!(end.seen().kept.1 > 0, "none is kept for the next event: {:?}", end.seen());
    end.until(KEPT, |seen| seen.kept.1 == 0).await;
    assert_eq!(end.seen().broken, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_function_survives_connections_lost_meanwhile() {
    let stage = Stage::new().await;
    for user in ["ada", "bob"] {
        stage.user(user).await.enroll().await;
    }
    let phones = [stage.user("cy").await.begin_phone(PHONE).await, stage.user("di").await.begin_phone(PHONE).await];
    let end = End::before(&stage).await;
    let mut functions = Functions::start(&end);
    assert_eq!(functions.ask(&email("ada")).await, 202);
    assert_eq!(functions.ask(&text("cy", &phones[0])).await, 202);
    functions.signal("-STOP");
    // Longer than a function keeps an idle connection. Its clock goes on while it is frozen.
    sleep(Duration::from_secs(11)).await;
    functions.signal("-CONT");
    assert_eq!(functions.ask(&email("bob")).await, 202);
    assert_eq!(functions.ask(&text("di", &phones[1])).await, 202);
    assert_eq!(end.seen().broken, 0, "{:?}", end.seen());
    assert_eq!((stage.texts().await.len(), stage.emails_to("bob@example.com").await.len()), (2, 2));
}
