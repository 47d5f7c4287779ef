//! Keeps the sent texts and emails in memory, for the person or the test that acts as the user. They go nowhere else.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

/// How many texts, and how many emails, the outbox keeps.
const REMEMBERED: usize = 10_000;

/// The sent texts and emails, and the numbers that have opted out.
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
    /// The recipient's number, in E.164.
    pub to: String,
    /// The words of the text.
    pub body: String,
    /// When it was sent, by the stack's clock.
    pub at: String,
    /// The message attributes of SNS.
    pub attributes: BTreeMap<String, String>,
}

/// An email.
#[derive(Clone, Serialize)]
pub struct Email {
    /// The recipient's address.
    pub to: String,
    /// The sender's address.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
    /// The other headers.
    pub headers: BTreeMap<String, String>,
    /// When it was sent, by the stack's clock.
    pub at: String,
}

impl Outbox {
    /// Adds an email.
    pub fn mail(&self, email: Email) {
        let mut sent = self.lock();
        sent.emails.push_back(email);
        if sent.emails.len() > REMEMBERED {
            sent.emails.pop_front();
        }
    }

    /// Returns the emails, the newest last.
    pub fn emails(&self) -> Vec<Email> {
        self.lock().emails.iter().cloned().collect()
    }

    /// Adds a text. If the number has opted out, it drops the text without an error, as AWS does.
    pub fn send(&self, text: Text) {
        let mut sent = self.lock();
        if !sent.opted_out.contains(&text.to) {
            sent.texts.push_back(text);
        }
        if sent.texts.len() > REMEMBERED {
            sent.texts.pop_front();
        }
    }

    /// Returns the texts, the newest last.
    pub fn texts(&self) -> Vec<Text> {
        self.lock().texts.iter().cloned().collect()
    }

    /// Opts a number out, as if it had answered STOP.
    pub fn opt_out(&self, number: &str) {
        self.lock().opted_out.insert(number.to_owned());
    }

    /// Opts a number in again, as the owner of an AWS account can.
    pub fn opt_in(&self, number: &str) {
        self.lock().opted_out.remove(number);
    }

    /// Whether the number has opted out.
    pub fn has_opted_out(&self, number: &str) -> bool {
        self.lock().opted_out.contains(number)
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
