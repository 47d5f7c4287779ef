//! The stack as clients see it: an address, up or down, with a clock and an outbox. Every request passes through here,
//! so that every answer is counted, and none is lost except to a kill.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, watch},
    time::{sleep, timeout},
};

use crate::{
    device::texted_code,
    stack::{Place, Process},
    tally::{LOST, Tally},
};

/// Seconds of a TOTP time step.
pub const STEP: u64 = 30;
/// The longest time that a start may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The stack and its counts.
pub struct World {
    pub tally: Tally,
    api: String,
    aws: String,
    folder: PathBuf,
    /// The current life of the stack. `None` while it is down.
    life: watch::Sender<Option<Life>>,
    mail: Mutex<Mail>,
}

/// The stack from a start to its kill, with its own connections.
#[derive(Clone)]
struct Life {
    number: usize,
    http: Client,
}

/// The last code that was texted to each number, and when the outbox was read.
#[derive(Default)]
struct Mail {
    read: Option<Duration>,
    codes: HashMap<String, String>,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    /// The code of a problem, or an empty text.
    pub fn code(&self) -> &str {
        self.body["type"].as_str().and_then(|uri| uri.rsplit('/').next()).unwrap_or_default()
    }

    /// The name under which it is counted.
    fn how(&self) -> String {
        if self.code().is_empty() { self.status.to_string() } else { self.code().to_owned() }
    }
}

impl World {
    /// The world of a stack at this place, with its data in `folder`. The stack is down.
    pub fn new(place: &Place, folder: PathBuf) -> Self {
        Self {
            tally: Tally::new(),
            api: format!("http://127.0.0.1:{}", place.port),
            aws: format!("http://127.0.0.1:{}", place.aws_port),
            folder,
            life: watch::Sender::new(None),
            mail: Mutex::default(),
        }
    }

    /// Waits until the stack answers, and opens it to the clients. Returns how long that took.
    pub async fn open(&self, number: usize) -> Duration {
        let started = self.tally.elapsed();
        let http = Client::new();
        let answers = async || {
            let asked = http.post(format!("{}/dev/clock", self.api)).json(&json!({"advance_seconds": 0}));
            asked.send().await.is_ok_and(|response| response.status().is_success())
        };
        let ready = async {
            while !answers().await {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, ready).await.expect("the stack did not start");
        self.life.send_replace(Some(Life { number, http }));
        self.tally.elapsed().saturating_sub(started)
    }

    /// Kills the stack and starts it again. Returns how long the start took.
    pub async fn kill(&self, stack: &mut Process) -> Duration {
        let number = self.life.send_replace(None).map_or(0, |life| life.number);
        stack.kill();
        stack.restart();
        self.open(number + 1).await
    }

    /// How often the stack was killed.
    pub fn kills(&self) -> usize {
        self.life.borrow().as_ref().map_or(0, |life| life.number)
    }

    /// Sends a request when the stack is up. Returns `None` if a kill came before the answer.
    pub async fn send(&self, what: &'static str, request: impl FnOnce(&Client) -> RequestBuilder) -> Option<Reply> {
        let life = self.life.subscribe().wait_for(Option::is_some).await.unwrap().clone().unwrap();
        let asked = self.tally.asked(what);
        let answered = async {
            let response = request(&life.http).send().await?;
            Ok::<_, reqwest::Error>((response.status().as_u16(), response.bytes().await?))
        };
        match answered.await {
            Ok((status, body)) => {
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let reply = Reply { status, body };
                self.tally.ended(what, &reply.how(), asked);
                self.tally.hold(status < 500, || format!("{what} was answered {status}: {}", reply.body));
                Some(reply)
            }
            Err(error) => {
                self.tally.ended(what, LOST, asked);
                let alive = self.life.borrow().as_ref().is_some_and(|now| now.number == life.number);
                self.tally.hold(!alive, || format!("{what} had no answer though the stack was up: {error:?}"));
                None
            }
        }
    }

    /// The URL of a path of the API.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.api)
    }

    /// The stack's time in Unix seconds. It can be read while the stack is down too.
    pub fn now(&self) -> u64 {
        local::clock::now_in(&self.folder).unwrap().seconds()
    }

    /// Moves the stack's clock to a time.
    pub async fn move_to(&self, time: u64) {
        // A lost answer does not tell whether the clock moved, so the clock itself decides.
        while self.now() < time {
            let ask = json!({"advance_seconds": time - self.now()});
            self.send("clock", |http| http.post(self.url("/dev/clock")).json(&ask)).await;
        }
    }

    /// The last code that was texted to a number. A kill empties the outbox.
    pub async fn texted(&self, number: &str) -> Option<String> {
        let asked = self.tally.elapsed();
        let mut mail = self.mail.lock().await;
        // The outbox is long, so clients share a reading. It begins late, so that it also has the texts of the clients
        // that wait.
        if mail.read.is_none_or(|read| read < asked) {
            sleep(Duration::from_millis(100)).await;
            let read = Some(self.tally.elapsed());
            let outbox = self.send("outbox", |http| http.get(self.url("/dev/outbox"))).await?;
            let codes = outbox.body["texts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|text| (text["to"].as_str().unwrap().to_owned(), texted_code(text)));
            *mail = Mail { read, codes: codes.collect() };
        }
        mail.codes.get(number).cloned()
    }

    /// Every item of the table.
    pub async fn scan(&self) -> Vec<Value> {
        let mut items = Vec::new();
        let mut ask = json!({"TableName": "mfa"});
        loop {
            let target = "DynamoDB_20120810.Scan";
            let page =
                self.send("scan", |http| http.post(&self.aws).header("x-amz-target", target).json(&ask)).await.unwrap();
            items.extend(page.body["Items"].as_array().unwrap().iter().cloned());
            match &page.body["LastEvaluatedKey"] {
                Value::Null => return items,
                last => ask["ExclusiveStartKey"] = last.clone(),
            }
        }
    }
}
