//! What was sent, for whoever plays the user: it goes nowhere else, and is forgotten when the stack ends.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

/// How many texts, and how many emails, are remembered.
const REMEMBERED: usize = 10_000;

/// What was sent, and who wants nothing any more.
#[derive(Default)]
pub struct Outbox(Mutex<Sent>);

#[derive(Default)]
struct Sent {
    texts: VecDeque<Text>,
    emails: VecDeque<Email>,
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

/// An email.
#[derive(Clone, Serialize)]
pub struct Email {
    /// The address that it went to.
    pub to: String,
    /// Whom it says it is from.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// Its words.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Its other headers.
    pub headers: BTreeMap<String, String>,
    /// When it was sent, by the stack's clock.
    pub at: String,
}

impl Outbox {
    /// Sends an email.
    pub fn mail(&self, email: Email) {
        let mut sent = self.lock();
        sent.emails.push_back(email);
        if sent.emails.len() > REMEMBERED {
            sent.emails.pop_front();
        }
    }

    /// The emails, newest last.
    pub fn emails(&self) -> Vec<Email> {
        self.lock().emails.iter().cloned().collect()
    }

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

    /// The account's owner has opted the number in again.
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
