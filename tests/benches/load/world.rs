//! The stack as clients find it: at one address, up or down, with a clock that moves and a mailbox. Every request goes
//! through here, so that every answer is counted and none is lost but to a kill.

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
/// The longest that a start may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The stack, and what is counted of it.
pub struct World {
    pub tally: Tally,
    api: String,
    aws: String,
    folder: PathBuf,
    /// The life that the stack is in; none while it is down.
    life: watch::Sender<Option<Life>>,
    mail: Mutex<Mail>,
}

/// A stack from its start to its kill, with connections of its own.
#[derive(Clone)]
struct Life {
    number: usize,
    http: Client,
}

/// The code that was texted last to each number, as the outbox had it at a time of the run.
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
    /// The code of the problem that it is; empty where it is none.
    pub fn code(&self) -> &str {
        self.body["type"].as_str().and_then(|uri| uri.rsplit('/').next()).unwrap_or_default()
    }

    /// How it is counted.
    fn how(&self) -> String {
        if self.code().is_empty() { self.status.to_string() } else { self.code().to_owned() }
    }
}

impl World {
    /// The world of a stack at this place with its data in `folder`, which is down as yet.
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

    /// Waits until the stack answers; from then on clients find it. How long that took.
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

    /// Kills the stack and starts it anew. How long it took from its start until it answered.
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

    /// Sends a request once the stack is up; no answer where a kill came first.
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

    /// The stack's time, in Unix seconds, up or down.
    pub fn now(&self) -> u64 {
        local::clock::now_in(&self.folder).unwrap().seconds()
    }

    /// Moves the stack's clock to a time.
    pub async fn move_to(&self, time: u64) {
        // An answer that is lost says nothing of whether it moved: the clock itself does.
        while self.now() < time {
            let ask = json!({"advance_seconds": time - self.now()});
            self.send("clock", |http| http.post(self.url("/dev/clock")).json(&ask)).await;
        }
    }

    /// The code that was texted last to a number, if it is there: a kill empties the outbox.
    pub async fn texted(&self, number: &str) -> Option<String> {
        let asked = self.tally.elapsed();
        let mut mail = self.mail.lock().await;
        // Who waited while another one read has their text in what that one found, if the reading began late enough. So it
        // begins late: the outbox is long.
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
