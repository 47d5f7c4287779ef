//! The account in the table. Each write is conditional, and its condition is the rule. Each carries a fresh id in `by`:
//! a write that is refused because that id is there already was applied by an earlier try whose response was lost.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use crate::{
    account::{Account, Change, Edit, Recovery},
    aws::{
        clients::Clients,
        table::{self, Item, Key, Table, Written, number, string, value},
    },
    base::{
        error::{Fault, Refusal, Result},
        ids::UserId,
        random,
        settings::{SettingError, Settings},
    },
};

/// How often a change is made anew and saved when others keep coming first.
pub const SAVES: u32 = 4;

/// Every user's account.
#[derive(Clone)]
pub struct Accounts {
    pub(super) table: Table,
}

/// What came of saving a change.
#[derive(Debug)]
pub enum Saved {
    /// It holds.
    Done,
    /// Another change came first; the account as that left it.
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

    /// Changes settings: makes the change to what was read, saves it, and makes it anew to what another change left
    /// where that came first. Returns the account after it.
    pub async fn change(
        &self,
        user: &UserId,
        mut account: Account,
        make: impl Fn(&Account) -> Result<Change, Refusal>,
    ) -> Result<Account> {
        for _ in 0..SAVES {
            let change = make(&account)?;
            match self.save(user, &account, &change).await? {
                Saved::Done => return Ok(account.after(&change)),
                Saved::Stale(newer) => account = *newer,
            }
        }
        Err(Fault::contended("save a change of settings").into())
    }

    /// Saves a change of settings made to `read`, if no other change came first. Names only the paths that it changes, so
    /// that it can't undo a count, unless that is what it is for, or a code's use.
    pub async fn save(&self, user: &UserId, read: &Account, change: &Change) -> Result<Saved, Fault> {
        let update = expression(self.table.update(&Key::account(user)), read, change)?;
        let update = if read.version == 0 {
            update.condition_expression("attribute_not_exists(pk)")
        } else {
            update
                .condition_expression("version = :version AND #by <> :by")
                .expression_attribute_values(":version", number(read.version))
        };
        self.saved(update).await
    }

    /// Makes a write that stands on the account as it was read.
    pub(super) async fn saved(&self, update: UpdateItemFluentBuilder) -> Result<Saved, Fault> {
        match signed(update).await? {
            (_, Written::Applied(_)) => Ok(Saved::Done),
            (by, Written::Refused(old)) => match account(old)? {
                old if old.is_by(&by) => Ok(Saved::Done),
                old => Ok(Saved::Stale(Box::new(old))),
            },
        }
    }
}

impl Account {
    pub(super) fn is_by(&self, by: &str) -> bool {
        self.by.as_deref() == Some(by)
    }
}

/// The account in `item`; the default one where there is none.
pub(super) fn account(item: Option<Item>) -> Result<Account, Fault> {
    item.map_or_else(|| Ok(Account::default()), table::read)
}

/// Makes the write under a fresh id, which its expressions know as `:by`.
pub(super) async fn signed(update: UpdateItemFluentBuilder) -> Result<(String, Written), Fault> {
    let by = random::id()?;
    let update = update.expression_attribute_names("#by", "by").expression_attribute_values(":by", string(&by));
    Ok((by, table::write(update).await?))
}

/// The update expression of `change`, made to `read`.
fn expression(
    mut update: UpdateItemFluentBuilder,
    read: &Account,
    change: &Change,
) -> Result<UpdateItemFluentBuilder, Fault> {
    let mut set = vec!["version = :next".to_owned(), "#by = :by".to_owned()];
    let mut remove = Vec::new();
    update = update.expression_attribute_values(":next", number(read.version + 1));
    if read.version == 0 {
        // A path inside a map needs the map to be there: the first write brings it.
        let written = change.factors.iter().filter_map(|(id, edit)| match edit {
            Edit::Write(factor) => Some((id, factor)),
            Edit::Rename(_) | Edit::Remove => None,
        });
        set.push("factors = :factors".to_owned());
        update = update.expression_attribute_values(":factors", value(&written.collect::<BTreeMap<_, _>>())?);
    } else {
        for (index, (id, edit)) in change.factors.iter().enumerate() {
            let (path, to) = (format!("#f{index}"), format!(":f{index}"));
            update = update.expression_attribute_names(&path, id.as_str());
            match edit {
                Edit::Write(factor) => {
                    set.push(format!("factors.{path} = {to}"));
                    update = update.expression_attribute_values(to, value(factor)?);
                }
                Edit::Rename(name) => {
                    set.push(format!("factors.{path}.#name = {to}"));
                    update = update
                        .expression_attribute_names("#name", "name")
                        .expression_attribute_values(to, value(name)?);
                }
                Edit::Remove => remove.push(format!("factors.{path}")),
            }
        }
    }
    match &change.recovery {
        Recovery::Keep => {}
        Recovery::Replace(codes) => {
            set.push("recovery = :recovery".to_owned());
            update = update.expression_attribute_values(":recovery", value(codes)?);
        }
        Recovery::Remove => remove.push("recovery".to_owned()),
    }
    if change.drops_emailed() {
        remove.push("emailed".to_owned());
    }
    if let Some(contact) = &change.contact {
        set.push("contact = :contact".to_owned());
        update = update.expression_attribute_values(":contact", value(contact)?);
    }
    if let Some(epoch) = change.epoch {
        set.push("epoch = :epoch".to_owned());
        update = update.expression_attribute_values(":epoch", number(epoch));
    }
    if change.unlock {
        set.extend(["failures = :zero".to_owned(), "recovery_failures = :zero".to_owned()]);
        update = update.expression_attribute_values(":zero", number(0_u64));
    }
    if let Some(reset_at) = change.reset_at {
        set.push("reset_at = :reset_at".to_owned());
        update = update.expression_attribute_values(":reset_at", number(reset_at.millis()));
    }
    let mut text = format!("SET {}", set.join(", "));
    if !remove.is_empty() {
        text = format!("{text} REMOVE {}", remove.join(", "));
    }
    Ok(update.update_expression(text))
}
