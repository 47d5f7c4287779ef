//! Counts a text in the table. One transaction stores its code in the user's account and raises every count. So
//! parallel requests can't exceed a quota, and a text that one quota refuses is not counted by any.

use std::collections::VecDeque;

use crate::{
    account::{
        sending::Text,
        store::{self, Accounts, Saved, account},
    },
    aws::{
        expression::Expression,
        item::{string, value},
        key::Key,
        table::{self, Transacted, WriteRefusal},
        write::Write,
    },
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

impl Accounts {
    /// Counts a text and stores its code in the factor. Every quota must allow one more. The code and the user's counts
    /// must be as they were when `text` was planned.
    pub async fn take_text(
        &self,
        user: &UserId,
        text: &Text,
        counters: &Counters<'_>,
        now: Timestamp,
    ) -> Result<Saved<Counted>> {
        if let Some(closed) = counters.each.iter().find(|counter| counter.is_closed()) {
            return Err(closed.subject.refuse(closed.ends, now).into());
        }
        // Several rows share the deployment's total: one with room is enough.
        let mut totals = VecDeque::from_iter(&counters.total);
        let mut busy = 0;
        while let Some(total) = totals.front().copied() {
            let counted = Counted(counters.each.iter().chain([total]).cloned().collect());
            let mut writes = vec![taking(user, text)?];
            writes.extend(counted.0.iter().map(Counter::take));
            let refusals = match self.table.transact(writes).await {
                Ok(Transacted::Applied) => return Ok(Saved::Done(counted)),
                Ok(Transacted::Cancelled(refusals)) => refusals,
                Err(fault) => {
                    // It may have been applied all the same. If not, this changes nothing.
                    self.give_back_text(user, text, &counted).await;
                    return Err(fault.into());
                }
            };
            if let Some(WriteRefusal::Condition(changed)) = refusals.first() {
                return Ok(Saved::Stale(Box::new(account(changed.clone())?)));
            }
            let used_up = counted.0.iter().zip(refusals.iter().skip(1));
            let used_up: Vec<_> =
                used_up.filter(|(_, refusal)| refusal.is_condition()).map(|(counter, _)| counter).collect();
            let longest = used_up.iter().filter(|counter| **counter != total).max_by_key(|counter| counter.ends);
            if let Some(counter) = longest {
                return Err(counter.subject.refuse(counter.ends, now).into());
            }
            if !used_up.is_empty() {
                totals.pop_front();
            } else if busy < table::TRIES {
                busy += 1;
                totals.rotate_left(1);
                table::pause(busy).await?;
            } else {
                return Err(Fault::contended("count a text").into());
            }
        }
        Err(counters.total_used_up(now).into())
    }

    /// Takes back a text that was not sent: restores the previous code and the counts. Best effort: if the factor's
    /// code or the user's own counts changed in between, the text stays counted.
    pub async fn give_back_text(&self, user: &UserId, text: &Text, counted: &Counted) {
        if let Err(fault) = self.give_back_all(user, text, counted).await {
            tracing::warn!(fault = chain(&fault), "a text that was not sent stays counted");
        }
    }

    async fn give_back_all(&self, user: &UserId, text: &Text, counted: &Counted) -> Result<(), Fault> {
        for busy in 1..=table::TRIES {
            let mut writes = vec![giving_back(user, text)?];
            writes.extend(counted.0.iter().map(Counter::give_back));
            match self.table.transact(writes).await? {
                Transacted::Applied => return Ok(()),
                Transacted::Cancelled(refusals) if refusals.iter().any(WriteRefusal::is_condition) => {
                    return Err(Fault::new("undo the count of a text, because the account or a counter has changed"));
                }
                Transacted::Cancelled(_) => table::pause(busy).await?,
            }
        }
        Err(Fault::contended("undo the count of a text"))
    }
}

/// The write of the account that counts a text.
fn taking(user: &UserId, text: &Text) -> Result<Write, Fault> {
    let update = Expression::default()
        .set("factors.#id.code = :code")
        .set("texts = :tally")
        .name("#id", text.factor.as_str())
        .value(":code", value(&text.code)?)
        .value(":tally", value(&text.tally)?);
    let update = store::only_if_status(update, text.status);
    let update = match &text.code_before {
        Some(code) => update.only_if("factors.#id.code.nonce = :nonce").value(":nonce", value(&code.nonce)?),
        None => update.only_if("attribute_not_exists(factors.#id.code)"),
    };
    let update = match &text.tally_before {
        Some(tally) => update.only_if("texts.id = :text").value(":text", string(&tally.id)),
        None => update.only_if("attribute_not_exists(texts)"),
    };
    Ok(Write::update(Key::account(user), update))
}

/// The write of the account that takes a text back. Its condition on the nonce keeps it from restoring a code that was
/// accepted in between.
fn giving_back(user: &UserId, text: &Text) -> Result<Write, Fault> {
    let update = Expression::default()
        .only_if("factors.#id.code.nonce = :nonce")
        .only_if("texts.id = :text")
        .name("#id", text.factor.as_str())
        .value(":nonce", value(&text.code.nonce)?)
        .value(":text", string(&text.tally.id))
        .set_or_remove("factors.#id.code", ":code", text.code_before.as_ref().map(value))?
        .set_or_remove("texts", ":tally", text.tally_before.as_ref().map(value))?;
    Ok(Write::update(Key::account(user), update))
}
