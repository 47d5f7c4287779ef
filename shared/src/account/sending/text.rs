//! A text in the table: the code that it carries, in its user's account, and the counts that it moves, in one transaction.
//! So no limit is passed however many ask at once, and a text that one limit refuses is counted by none.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;

use crate::{
    account::{
        Account,
        sending::Text,
        store::{Accounts, account},
    },
    aws::table::{self, Key, Transacted, WriteRefusal, string, value},
    base::{
        clock::Timestamp,
        error::{Fault, Result, chain},
        ids::UserId,
    },
    channel::sms::{counters::Counters, limits::Counter},
};

/// A text that was counted, and the rows that count it.
#[derive(Debug)]
pub struct Counted(Vec<Counter>);

/// What came of counting a text.
#[derive(Debug)]
pub enum Taken {
    /// It is counted, and its code is the factor's.
    Done(Counted),
    /// The account has changed since it was read; as it is now.
    Stale(Box<Account>),
}

impl Accounts {
    /// Counts a text and makes its code the factor's: if the account's codes and texts are as they were when `text` was
    /// made, and every limit allows one more.
    pub async fn take_text(
        &self,
        user: &UserId,
        text: &Text,
        counters: &Counters<'_>,
        now: Timestamp,
    ) -> Result<Taken> {
        if let Some(closed) = counters.each.iter().find(|counter| counter.is_closed()) {
            return Err(closed.subject.refuse(closed.ends, now).into());
        }
        let mut rows = VecDeque::from_iter(&counters.total);
        let mut conflicts = 0;
        while let Some(row) = rows.front().copied() {
            let counted = Counted(counters.each.iter().chain([row]).cloned().collect());
            let mut updates = vec![self.taking(user, text)?];
            updates.extend(counted.0.iter().map(|counter| counter.take(&self.table)));
            let obstacles = match self.table.transact(updates).await {
                Ok(Transacted::Applied) => return Ok(Taken::Done(counted)),
                Ok(Transacted::Cancelled(obstacles)) => obstacles,
                Err(fault) => {
                    // It may have been applied all the same; if not, there is nothing to give back.
                    self.give_back_text(user, text, &counted).await;
                    return Err(fault.into());
                }
            };
            if let Some(WriteRefusal::Condition(changed)) = obstacles.first() {
                return Ok(Taken::Stale(Box::new(account(changed.clone())?)));
            }
            let full: Vec<_> = counted.0.iter().zip(obstacles.iter().skip(1).map(WriteRefusal::is_condition)).collect();
            let used_up = full.iter().filter(|(counter, full)| *full && *counter != row);
            if let Some((counter, _)) = used_up.max_by_key(|(counter, _)| counter.ends) {
                return Err(counter.subject.refuse(counter.ends, now).into());
            }
            if full.iter().any(|(_, full)| *full) {
                // This row is; another may not be.
                rows.pop_front();
            } else if conflicts < table::TRIES {
                conflicts += 1;
                rows.rotate_left(1);
                table::pause(conflicts).await?;
            } else {
                return Err(Fault::contended("count a text").into());
            }
        }
        Err(counters.total_used_up(now).into())
    }

    /// Takes a text back that was not sent: the code that was there returns, and so do the counts. Best effort: what has
    /// changed since stays as it is.
    pub async fn give_back_text(&self, user: &UserId, text: &Text, counted: &Counted) {
        if let Err(fault) = self.give_back_all(user, text, counted).await {
            tracing::warn!(fault = chain(&fault), "a text that was not sent stays counted");
        }
    }

    async fn give_back_all(&self, user: &UserId, text: &Text, counted: &Counted) -> Result<(), Fault> {
        for conflicts in 1..=table::TRIES {
            let mut updates = vec![self.giving_back(user, text)?];
            updates.extend(counted.0.iter().map(|counter| counter.give_back(&self.table)));
            match self.table.transact(updates).await? {
                Transacted::Applied => return Ok(()),
                Transacted::Cancelled(obstacles) if obstacles.iter().any(WriteRefusal::is_condition) => {
                    return Err(Fault::new("find a text as it was counted"));
                }
                Transacted::Cancelled(_) => table::pause(conflicts).await?,
            }
        }
        Err(Fault::contended("give a text back"))
    }

    /// The account's part in taking a text.
    fn taking(&self, user: &UserId, text: &Text) -> Result<UpdateBuilder, Fault> {
        let mut update = self
            .table
            .update_of(&Key::account(user))
            .update_expression("SET factors.#id.code = :code, texts = :tally")
            .expression_attribute_names("#id", text.factor.as_str())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", string(text.status.name()))
            .expression_attribute_values(":code", value(&text.code)?)
            .expression_attribute_values(":tally", value(&text.tally)?);
        let code = match &text.code_before {
            Some(code) => {
                update = update.expression_attribute_values(":nonce", value(&code.nonce)?);
                "factors.#id.code.nonce = :nonce"
            }
            None => "attribute_not_exists(factors.#id.code)",
        };
        let tally = match &text.tally_before {
            Some(tally) => {
                update = update.expression_attribute_values(":text", string(&tally.id));
                "texts.id = :text"
            }
            None => "attribute_not_exists(texts)",
        };
        Ok(update.condition_expression(format!("factors.#id.#status = :status AND {code} AND {tally}")))
    }

    /// The account's part in giving a text back. The nonce keeps a code that was accepted in the meantime from returning.
    fn giving_back(&self, user: &UserId, text: &Text) -> Result<UpdateBuilder, Fault> {
        let mut update = self
            .table
            .update_of(&Key::account(user))
            .condition_expression("factors.#id.code.nonce = :nonce AND texts.id = :text")
            .expression_attribute_names("#id", text.factor.as_str())
            .expression_attribute_values(":nonce", value(&text.code.nonce)?)
            .expression_attribute_values(":text", string(&text.tally.id));
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        match &text.code_before {
            Some(code) => {
                set.push("factors.#id.code = :code");
                update = update.expression_attribute_values(":code", value(code)?);
            }
            None => remove.push("factors.#id.code"),
        }
        match &text.tally_before {
            Some(tally) => {
                set.push("texts = :tally");
                update = update.expression_attribute_values(":tally", value(tally)?);
            }
            None => remove.push("texts"),
        }
        let clause = |verb, paths: &[&str]| {
            if paths.is_empty() { String::new() } else { format!("{verb} {} ", paths.join(", ")) }
        };
        Ok(update.update_expression(clause("SET", &set) + &clause("REMOVE", &remove)))
    }
}
