//! Reads and writes accounts in the table. Each write has a condition, which enforces a rule, and a fresh id. If a
//! write is refused because its id is in the item already, an earlier try was applied and its response lost.

use std::{
    collections::BTreeMap,
    future::{Future, ready},
};

use crate::{
    account::{
        Account,
        change::{Change, Edit, Recovery},
    },
    aws::{
        clients::Clients,
        expression::Expression,
        item::{self, Item, number, string, value},
        key::Key,
        table::{Table, Written},
    },
    base::{
        error::{Fault, Refusal, Result},
        ids::UserId,
        random,
        settings::{SettingError, Settings},
    },
    proof::factor::Status,
};

/// How many times a change is saved, at most, while other changes keep coming first.
pub const SAVES: u32 = 4;

/// The accounts of all users.
#[derive(Clone)]
pub struct Accounts {
    pub(super) table: Table,
}

/// The outcome of a write.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was applied.
    Applied {
        /// The account after the write.
        account: Account,
        /// The id of the write.
        write_id: String,
    },
    /// A condition failed. Contains the current account.
    Refused(Account),
}

/// The outcome of a write that depends on the account as it was read.
#[derive(Debug)]
pub enum Saved<T = ()> {
    /// It was applied.
    Done(T),
    /// Another write came first. Contains the newer account.
    Stale(Box<Account>),
}

impl Accounts {
    /// Reads the table's name from the settings.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { table: Table::new(settings, aws)? })
    }

    /// Reads the account of `user`.
    pub async fn load(&self, user: &UserId) -> Result<Account, Fault> {
        account(self.table.get(&Key::account(user)).await?)
    }

    /// Changes settings: makes a change from the account, and saves it. If another change came first, starts over with
    /// the newer account. Returns the account after the change.
    pub async fn change(
        &self,
        user: &UserId,
        read: Account,
        make: impl Fn(&Account) -> Result<Change, Refusal>,
    ) -> Result<Account> {
        let make = |account: &Account| make(account).map(Some);
        self.change_beside(user, read, make, |_: &Account| ready(())).await.map(|(after, _)| after)
    }

    /// Like [`Accounts::change`], but `make` may find nothing to change. `beside` runs while the change is saved, with
    /// the account after it. Returns the result of `beside` if there was a change.
    pub async fn change_beside<T, F: Future<Output = T>>(
        &self,
        user: &UserId,
        mut read: Account,
        make: impl Fn(&Account) -> Result<Option<Change>, Refusal>,
        beside: impl Fn(&Account) -> F,
    ) -> Result<(Account, Option<T>)> {
        for _ in 0..SAVES {
            let Some(change) = make(&read)? else { return Ok((read, None)) };
            let after = read.after(&change);
            let (saved, done) = tokio::join!(self.save(user, &read, &change), beside(&after));
            match saved? {
                Saved::Done(()) => return Ok((after, Some(done))),
                Saved::Stale(newer) => read = *newer,
            }
        }
        Err(Fault::contended("save a change of an account").into())
    }

    /// Saves a change of settings of `read`, if no other change came first. It writes only the paths that it changes.
    /// So it can't undo the use of a code, and undoes a count only with [`Change::unlock`].
    async fn save(&self, user: &UserId, read: &Account, change: &Change) -> Result<Saved, Fault> {
        let update = update(read, change)?;
        self.saved(
            user,
            match read.version {
                0 => update.only_if("attribute_not_exists(pk)"),
                version => update.only_if("version = :version").value(":version", number(version)),
            },
        )
        .await
    }

    /// Makes a write that depends on the account as it was read.
    pub(super) async fn saved(&self, user: &UserId, update: Expression) -> Result<Saved, Fault> {
        Ok(match self.write(user, update).await? {
            Outcome::Applied { .. } => Saved::Done(()),
            Outcome::Refused(old) => Saved::Stale(Box::new(old)),
        })
    }

    /// Writes to the user's account, with a fresh write id.
    pub(super) async fn write(&self, user: &UserId, update: Expression) -> Result<Outcome, Fault> {
        let write_id = random::id()?;
        match self.table.write(&Key::account(user), with_write_id(update, &write_id)).await? {
            Written::Applied(item) => Ok(Outcome::Applied { account: item::read(item)?, write_id }),
            Written::Refused(old) => match account(old)? {
                account if account.write_id.as_ref() == Some(&write_id) => Ok(Outcome::Applied { account, write_id }),
                old => Ok(Outcome::Refused(old)),
            },
        }
    }
}

/// Runs `once`, which plans and counts a message, with `account`. If another write came first, runs it again with the
/// newer account, at most `tries` times in total.
///
/// # Errors
/// The error of `once`, or a fault of `doing` if other writes kept coming first.
pub async fn until_counted<T, F: Future<Output = Result<Saved<T>>>>(
    mut account: Account,
    tries: u32,
    doing: &'static str,
    once: impl Fn(Account) -> F,
) -> Result<T> {
    for _ in 0..tries {
        match once(account).await? {
            Saved::Done(sent) => return Ok(sent),
            Saved::Stale(newer) => account = *newer,
        }
    }
    Err(Fault::contended(doing).into())
}

/// The account in `item`, or the default one.
pub(super) fn account(item: Option<Item>) -> Result<Account, Fault> {
    item.map_or_else(|| Ok(Account::default()), item::read)
}

/// Adds the write id to the update, and the condition that it is not there yet. So a count rises once, even if the SDK
/// tries several times.
fn with_write_id(update: Expression, write_id: &str) -> Expression {
    update
        .set("#write_id = :write_id")
        .only_if("NOT #write_id = :write_id")
        .name("#write_id", "by")
        .value(":write_id", string(write_id))
}

/// Adds the condition that the write of this id is the last one.
pub(super) fn only_after(write_id: &str, update: Expression) -> Expression {
    update.only_if("#write_id = :last").value(":last", string(write_id))
}

/// Adds the condition that the factor `#id` has this status.
pub(super) fn only_if_status(update: Expression, status: Status) -> Expression {
    update.only_if("factors.#id.#status = :status").name("#status", "status").value(":status", string(status.name()))
}

/// The update that makes `change` to `read`.
fn update(read: &Account, change: &Change) -> Result<Expression, Fault> {
    let mut update = Expression::default().set("version = :next").value(":next", number(read.version + 1));
    if read.version == 0 {
        // A path inside a map requires that the map exists: the first write creates it.
        let written = change.factors.iter().filter_map(|(id, edit)| match edit {
            Edit::Write(factor) => Some((id, factor)),
            Edit::Rename(_) | Edit::Remove => None,
        });
        update = update.set("factors = :factors").value(":factors", value(&written.collect::<BTreeMap<_, _>>())?);
    } else {
        for (index, (id, edit)) in change.factors.iter().enumerate() {
            let (path, to) = (format!("factors.#f{index}"), format!(":f{index}"));
            update = update.name(format!("#f{index}"), id.as_str());
            update = match edit {
                Edit::Write(factor) => update.set(format!("{path} = {to}")).value(to, value(factor)?),
                Edit::Rename(name) => {
                    update.set(format!("{path}.#name = {to}")).name("#name", "name").value(to, value(name)?)
                }
                Edit::Remove => update.remove(path),
            };
        }
    }
    update = match &change.recovery {
        Recovery::Keep => update,
        Recovery::Replace(codes) => update.set("recovery = :recovery").value(":recovery", value(codes)?),
        Recovery::Remove => update.remove("recovery"),
    };
    if change.drops_emailed() {
        update = update.remove("emailed");
    }
    if let Some(contact) = &change.contact {
        update = update.set("contact = :contact").value(":contact", value(contact)?);
    }
    if let Some(epoch) = change.epoch {
        update = update.set("epoch = :epoch").value(":epoch", number(epoch));
    }
    if change.unlock {
        update = update.set("failures = :zero").set("recovery_failures = :zero").value(":zero", number(0_u64));
    }
    if let Some(reset_at) = change.reset_at {
        update = update.set("reset_at = :reset_at").value(":reset_at", number(reset_at.millis()));
    }
    Ok(update)
}
