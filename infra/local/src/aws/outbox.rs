//! What was sent, for whoever plays the user: it goes nowhere else, and is forgotten when the stack ends.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

/// How many texts are remembered.
const REMEMBERED: usize = 10_000;

/// What was sent, and who wants nothing any more.
#[derive(Default)]
pub struct Outbox(Mutex<Sent>);

#[derive(Default)]
struct Sent {
    texts: VecDeque<Text>,
    opted_out: BTreeSet<String>,
}

/// A text.
#[derive(Clone, Serialize)]
pub struct Text {
    /// The number that it went to, in E.164.
    pub to: String,
    /// Its words.
    pub body: String,
    /// When it was sent, by the stack's clock.
    pub at: String,
    /// How it was to be sent: SNS's message attributes.
    pub attributes: BTreeMap<String, String>,
}

impl Outbox {
    /// Sends a text. To a number that has opted out nothing goes, without a word to the sender, as AWS has it.
    pub fn send(&self, text: Text) {
        let mut sent = self.lock();
        if !sent.opted_out.contains(&text.to) {
            sent.texts.push_back(text);
        }
        if sent.texts.len() > REMEMBERED {
            sent.texts.pop_front();
        }
    }

    /// The texts, newest last.
    pub fn texts(&self) -> Vec<Text> {
        self.lock().texts.iter().cloned().collect()
    }

    /// The number has answered STOP.
    pub fn opt_out(&self, number: &str) {
        self.lock().opted_out.insert(number.to_owned());
    }

    /// The number has answered START.
    pub fn opt_in(&self, number: &str) {
        self.lock().opted_out.remove(number);
    }

    /// Whether the number has answered STOP.
    pub fn has_opted_out(&self, number: &str) -> bool {
        self.lock().opted_out.contains(number)
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
