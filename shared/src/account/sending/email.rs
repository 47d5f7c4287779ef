//! Counts an email in the table. One write of the user's account stores the code and raises the counts.

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

/// What a counted email does to another address that was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Its hold goes on.
    Stays,
    /// Its hold is removed, because the user is back at the recovery address.
    Forgotten,
}

impl Accounts {
    /// Counts an email and stores its code, unless a code, an email or a change of settings came after it was planned.
    pub async fn take_email(&self, user: &UserId, email: &Email, waiting: Waiting) -> Result<Saved, Fault> {
        let taken = self.saved(user, taking(email, waiting)?).await;
        if taken.is_err() {
            // It may have been applied all the same. If not, this changes nothing.
            self.give_back_email(user, email).await;
        }
        taken
    }

    /// Takes back an email that was not sent: restores the counts, and the previous code if the email had a new one.
    /// Best effort: after another email it stays counted. So it does if its new code was tried, accepted or replaced.
    pub async fn give_back_email(&self, user: &UserId, email: &Email) {
        let given = async {
            match self.saved(user, giving_back(email)?).await? {
                Saved::Done(()) => Ok(()),
                Saved::Stale(_) => Err(Fault::new("undo the count of an email, because the account has changed")),
            }
        };
        if let Err(fault) = given.await {
            tracing::warn!(fault = chain(&fault), "an email that was not sent stays counted");
        }
    }

    /// Stores that a code was requested at another address, which begins its hold. `warning` has told the recovery
    /// address. Nothing is stored if the recovery address changed, or another email came after `warning`.
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

/// The write that takes an email back. Its conditions keep it from restoring a code if the new one was accepted or
/// tried in between.
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

/// Adds the condition that the emailed code is this one, with the same number of tries.
fn only_if_code(update: Expression, code: &EmailedCode) -> Result<Expression, Fault> {
    Ok(update
        .only_if("emailed.nonce = :nonce")
        .only_if("emailed.tries = :tries")
        .value(":nonce", value(&code.nonce)?)
        .value(":tries", number(code.tries)))
}

impl Email {
    /// The code in the email, if it is a new one.
    fn new_code(&self) -> Option<&EmailedCode> {
        let known = self.code_before.as_ref().map(|before| before.nonce);
        self.code.as_ref().filter(|code| known != Some(code.nonce))
    }
}
