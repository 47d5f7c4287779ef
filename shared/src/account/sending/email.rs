//! An email with a code, in the table: the code and the count of emails, in one write of their user's account.

use crate::{
    account::{
        sending::Email,
        store::{Accounts, Saved},
    },
    aws::{
        expression::Expression,
        item::{number, string, value},
    },
    base::{
        error::{Fault, chain},
        ids::UserId,
    },
    channel::email::{
        code::EmailedCode,
        contact::{Changed, Contact},
    },
};

/// What a counted email does to an address that is waiting to be the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It goes on waiting.
    Stays,
    /// It is forgotten: the user has gone back to the one that is kept.
    Forgotten,
}

impl Accounts {
    /// Counts an email and makes its code the user's, if no code, email or change of settings came since it was made.
    pub async fn take_email(&self, user: &UserId, email: &Email, waiting: Waiting) -> Result<Saved, Fault> {
        let taken = self.saved(user, taking(email, waiting)?).await;
        if taken.is_err() {
            // It may have been applied all the same; if not, there is nothing to give back.
            self.give_back_email(user, email).await;
        }
        taken
    }

    /// Takes an email back that was not sent: the code that was there returns, and so does the count. Best effort: what has
    /// changed since stays as it is.
    pub async fn give_back_email(&self, user: &UserId, email: &Email) {
        let given = async {
            match self.saved(user, giving_back(email)?).await? {
                Saved::Done(()) => Ok(()),
                Saved::Stale(_) => Err(Fault::new("find an email as it was counted")),
            }
        };
        if let Err(fault) = given.await {
            tracing::warn!(fault = chain(&fault), "an email that was not sent stays counted");
        }
    }

    /// Notes that a code was asked for at an address that is not the one kept, and that who has the kept one was told so by
    /// `warning`: from then on the other one waits.
    pub async fn note_changed(
        &self,
        user: &UserId,
        contact: &Contact,
        changed: &Changed,
        warning: &Email,
    ) -> Result<Saved, Fault> {
        let update = Expression::default()
            .set("contact.changed = :changed")
            .only_if("contact.sealed = :sealed")
            .only_if("emails.id = :email")
            .value(":changed", value(changed)?)
            .value(":sealed", value(&contact.sealed)?)
            .value(":email", string(&warning.tally.id));
        self.saved(user, update).await
    }
}

/// The write that counts an email.
fn taking(email: &Email, waiting: Waiting) -> Result<Expression, Fault> {
    let mut update = Expression::default()
        .set("emails = :tally")
        .value(":tally", value(&email.tally)?)
        .only_if("version = :version")
        .value(":version", number(email.version));
    update = match &email.tally_before {
        Some(tally) => update.only_if("emails.id = :email").value(":email", string(&tally.id)),
        None => update.only_if("attribute_not_exists(emails)"),
    };
    update = match &email.code_before {
        Some(code) => only_if_code(update, code)?,
        None => update.only_if("attribute_not_exists(emailed)"),
    };
    if let Some(code) = email.new_code() {
        update = update.set("emailed = :code").value(":code", value(code)?);
    }
    Ok(if waiting == Waiting::Forgotten { update.remove("contact.changed") } else { update })
}

/// The write that gives an email back. The nonce and the tries keep a code that was accepted or guessed at in the meantime
/// from returning.
fn giving_back(email: &Email) -> Result<Expression, Fault> {
    let update = Expression::default()
        .only_if("emails.id = :email")
        .value(":email", string(&email.tally.id))
        .set_or_remove("emails", ":tally", email.tally_before.as_ref().map(value))?;
    match email.new_code() {
        Some(code) => {
            only_if_code(update, code)?.set_or_remove("emailed", ":code", email.code_before.as_ref().map(value))
        }
        None => Ok(update),
    }
}

/// The update, only if the emailed code is this one, and was guessed at no more since.
fn only_if_code(update: Expression, code: &EmailedCode) -> Result<Expression, Fault> {
    Ok(update
        .only_if("emailed.nonce = :nonce")
        .only_if("emailed.tries = :tries")
        .value(":nonce", value(&code.nonce)?)
        .value(":tries", number(code.tries)))
}

impl Email {
    /// The code that it carries, where that is a new one.
    fn new_code(&self) -> Option<&EmailedCode> {
        let known = self.code_before.as_ref().map(|before| before.nonce);
        self.code.as_ref().filter(|code| known != Some(code.nonce))
    }
}
