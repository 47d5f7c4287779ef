//! The account in the table. Each write is conditional, and its condition is the rule. Each carries a fresh id:
//! a write that is refused because that id is there already was applied by an earlier try whose response was lost.

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

/// How often a change is made again and saved when others keep coming first.
pub const SAVES: u32 = 4;

/// Every user's account.
#[derive(Clone)]
pub struct Accounts {
    pub(super) table: Table,
}

/// What came of a write.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was applied.
    Applied {
        /// The account as the write left it.
        account: Account,
        /// The id of the write.
        write_id: String,
    },
    /// A condition did not hold; the account as it was.
    Refused(Account),
}

/// What came of a write that stands on the account as it was read.
#[derive(Debug)]
pub enum Saved<T = ()> {
    /// It holds.
    Done(T),
    /// Another write came first; the account as that left it.
    Stale(Box<Account>),
}

impl Accounts {
    /// The accounts of the deployment's table.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { table: Table::new(settings, aws)? })
    }

    /// The account of `user`.
    pub async fn load(&self, user: &UserId) -> Result<Account, Fault> {
        account(self.table.get(&Key::account(user)).await?)
    }

    /// Changes settings: makes the change to what was read, saves it, and makes it again to what another change left
    /// where that came first. Returns the account after it.
    pub async fn change(
        &self,
        user: &UserId,
        read: Account,
        make: impl Fn(&Account) -> Result<Change, Refusal>,
    ) -> Result<Account> {
        let make = |account: &Account| make(account).map(Some);
        self.change_beside(user, read, make, |_: &Account| ready(())).await.map(|(after, _)| after)
    }

    /// The same, where there may be nothing to change; and with work that is done while the change is saved, on the account
    /// as it will be. Returns what came of that work, where there was a change.
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
        Err(Fault::contended("save a change of settings").into())
    }

    /// Saves a change of settings made to `read`, if no other change came first. Names only the paths that it changes, so
    /// that it can't undo a count, unless that is what it is for, or a code's use.
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

    /// Makes a write that stands on the account as it was read.
    pub(super) async fn saved(&self, user: &UserId, update: Expression) -> Result<Saved, Fault> {
        Ok(match self.write(user, update).await? {
            Outcome::Applied { .. } => Saved::Done(()),
            Outcome::Refused(old) => Saved::Stale(Box::new(old)),
        })
    }

    /// Makes a write of the user's account, with an id of its own.
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

/// Plans what is to be sent, as `account` stands, and counts it. Where another write came first, plans it again, as that left
/// the account: so often at most.
///
/// # Errors
/// What `once` refuses; a fault of this `doing` where others kept coming first.
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

/// The account in `item`; the default one where there is none.
pub(super) fn account(item: Option<Item>) -> Result<Account, Fault> {
    item.map_or_else(|| Ok(Account::default()), item::read)
}

/// The update, which leaves its id, and is refused where that is there already: a count rises once, however often the SDK
/// tries.
fn with_write_id(update: Expression, write_id: &str) -> Expression {
    update
        .set("#write_id = :write_id")
        .only_if("NOT #write_id = :write_id")
        .name("#write_id", "by")
        .value(":write_id", string(write_id))
}

/// The update, only if the write of this id is the last one.
pub(super) fn only_after(write_id: &str, update: Expression) -> Expression {
    update.only_if("#write_id = :last").value(":last", string(write_id))
}

/// The update, only if the factor that it calls `#id` has this status.
pub(super) fn only_if_status(update: Expression, status: Status) -> Expression {
    update.only_if("factors.#id.#status = :status").name("#status", "status").value(":status", string(status.name()))
}

/// The update that makes `change` to `read`.
fn update(read: &Account, change: &Change) -> Result<Expression, Fault> {
    let mut update = Expression::default().set("version = :next").value(":next", number(read.version + 1));
    if read.version == 0 {
        // A path inside a map needs the map to be there: the first write brings it.
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
