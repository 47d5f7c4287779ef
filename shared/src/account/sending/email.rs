//! An email with a code, in the table: the code and the count of emails, in one write of their user's account.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use crate::{
    account::{
        sending::Email,
        store::{Accounts, Saved},
    },
    aws::table::{Key, number, string, value},
    base::{
        error::{Fault, chain},
        ids::UserId,
    },
    channel::email::{
        code::EmailedCode,
        contact::{Changed, Contact},
    },
};

impl Accounts {
    /// Counts an email and makes its code the user's, if no code, email or change of settings came since it was made. With
    /// `forget`, an address that was waiting is forgotten: the user has gone back to the one that is kept.
    pub async fn take_email(&self, user: &UserId, email: &Email, forget: bool) -> Result<Saved, Fault> {
        let mut update = self
            .table
            .update(&Key::account(user))
            .expression_attribute_values(":tally", value(&email.tally)?)
            .expression_attribute_values(":version", number(email.version));
        let mut set = vec!["emails = :tally", "#by = :by"];
        let mut condition = vec!["version = :version", "#by <> :by"];
        condition.push(match &email.tally_before {
            Some(tally) => {
                update = update.expression_attribute_values(":email", string(&tally.id));
                "emails.id = :email"
            }
            None => "attribute_not_exists(emails)",
        });
        condition.push(match &email.code_before {
            Some(code) => {
                update = update
                    .expression_attribute_values(":nonce", value(&code.nonce)?)
                    .expression_attribute_values(":tries", number(code.tries));
                "emailed.nonce = :nonce AND emailed.tries = :tries"
            }
            None => "attribute_not_exists(emailed)",
        });
        if let Some(code) = email.new_code() {
            set.push("emailed = :code");
            update = update.expression_attribute_values(":code", value(code)?);
        }
        let forget = if forget { " REMOVE contact.changed" } else { "" };
        let update = update
            .update_expression(format!("SET {}{forget}", set.join(", ")))
            .condition_expression(condition.join(" AND "));
        let taken = self.saved(update).await;
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
            match self.saved(giving_back(self.table.update(&Key::account(user)), email)?).await? {
                Saved::Done => Ok(()),
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
        let update = self
            .table
            .update(&Key::account(user))
            .update_expression("SET contact.changed = :changed, #by = :by")
            .condition_expression("contact.sealed = :sealed AND emails.id = :email AND #by <> :by")
            .expression_attribute_values(":changed", value(changed)?)
            .expression_attribute_values(":sealed", value(&contact.sealed)?)
            .expression_attribute_values(":email", string(&warning.tally.id));
        self.saved(update).await
    }
}

/// The write that gives an email back. The nonce and the tries keep a code that was accepted or guessed at in the meantime
/// from returning.
fn giving_back(mut update: UpdateItemFluentBuilder, email: &Email) -> Result<UpdateItemFluentBuilder, Fault> {
    update = update.expression_attribute_values(":email", string(&email.tally.id));
    let mut condition = "emails.id = :email AND #by <> :by".to_owned();
    let mut set = vec!["#by = :by"];
    let mut remove = Vec::new();
    match &email.tally_before {
        Some(tally) => {
            set.push("emails = :tally");
            update = update.expression_attribute_values(":tally", value(tally)?);
        }
        None => remove.push("emails"),
    }
    if let Some(code) = email.new_code() {
        condition.push_str(" AND emailed.nonce = :nonce AND emailed.tries = :tries");
        update = update
            .expression_attribute_values(":nonce", value(&code.nonce)?)
            .expression_attribute_values(":tries", number(code.tries));
        match &email.code_before {
            Some(code) => {
                set.push("emailed = :code");
                update = update.expression_attribute_values(":code", value(code)?);
            }
            None => remove.push("emailed"),
        }
    }
    let remove = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
    Ok(update.update_expression(format!("SET {}{remove}", set.join(", "))).condition_expression(condition))
}

impl Email {
    /// The code that it carries, where that is a new one.
    fn new_code(&self) -> Option<&EmailedCode> {
        let known = self.code_before.as_ref().map(|before| before.nonce);
        self.code.as_ref().filter(|code| known != Some(code.nonce))
    }
}
