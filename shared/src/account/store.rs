//! The account in the table. Each write is conditional, and its condition is the rule. Each carries a fresh id in `by`:
//! a write that is refused because that id is there already was applied by an earlier try whose response was lost.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_types::SdkConfig;

use super::{Account, Change, Edit, Recovery};
use crate::{
    attempts::{FACTORS, Tier},
    clock::Timestamp,
    error::{Error, Fault, Refusal, Result, chain},
    factor::{FactorId, PENDING_LIFE, PENDING_TRIES, Spent},
    random,
    settings::{SettingError, Settings},
    table::{self, Item, Key, Table, Written, number, string, value},
    user::UserId,
};

/// How often a change is made anew and saved when others keep coming first.
pub const SAVES: u32 = 4;

/// The condition that a code of the factor could be accepted: an app always shows one, a phone has been sent one.
const LIVE_CODE: &str = "(factors.#id.kind = :totp OR factors.#id.code.expires > :now)";

/// Every user's account.
#[derive(Clone)]
pub struct Accounts {
    pub(super) table: Table,
}

/// An attempt that was counted: the account with it, and the id of the write that counted it.
#[derive(Debug)]
pub struct Reserved {
    /// The account, this attempt included.
    pub account: Account,
    by: String,
    counter: Counter,
}

/// What counts an attempt.
#[derive(Debug)]
enum Counter {
    /// The user's failures.
    User,
    /// The pending factor's own tries.
    Factor(FactorId),
}

/// What came of saving a change.
#[derive(Debug)]
pub enum Saved {
    /// It holds.
    Done,
    /// Another change came first; the account as that left it.
    Stale(Account),
}

impl Accounts {
    /// The accounts of the deployment's table.
    pub fn new(settings: &Settings, aws: &SdkConfig) -> Result<Self, SettingError> {
        Ok(Self { table: Table::new(settings, aws)? })
    }

    /// The account of `user`.
    pub async fn load(&self, user: &UserId) -> Result<Account, Fault> {
        account(self.table.get(&Key::account(user)).await?)
    }

    /// Counts an attempt at an active factor before its code is looked at, if the schedule of [`crate::attempts`] allows
    /// one now.
    pub async fn reserve_check(&self, user: &UserId, id: &FactorId, now: Timestamp) -> Result<Reserved> {
        let mut update = self
            .table
            .update(&Key::account(user))
            .update_expression(
                "SET failures = if_not_exists(failures, :zero) + :one, tried_before = if_not_exists(tried_at, :zero), \
                 tried_at = :now, #by = :by",
            )
            .expression_attribute_names("#id", id.as_str())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":active", string("active"))
            .expression_attribute_values(":zero", number(0_u64))
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":now", number(now.millis()));
        let mut allowed = vec!["attribute_not_exists(failures)".to_owned()];
        for (index, tier) in FACTORS.tiers().into_iter().enumerate() {
            let (condition, named) = allow(index, tier, now, update);
            allowed.push(condition);
            update = named;
        }
        let condition =
            format!("factors.#id.#status = :active AND {LIVE_CODE} AND #by <> :by AND ({})", allowed.join(" OR "));
        let update = update.expression_attribute_values(":totp", string("totp"));
        self.reserve(update.condition_expression(condition), Counter::User, |old| old.why_no_check(id, now)).await
    }

    /// Counts an attempt at a pending factor, on that factor alone, while it is alive and has guesses left.
    pub async fn reserve_activation(&self, user: &UserId, id: &FactorId, now: Timestamp) -> Result<Reserved> {
        let update = self
            .table
            .update(&Key::account(user))
            .update_expression("SET factors.#id.tries = factors.#id.tries + :one, #by = :by")
            .condition_expression(format!(
                "factors.#id.#status = :pending AND factors.#id.tries < :tries AND factors.#id.created_at > :expired \
                 AND {LIVE_CODE} AND #by <> :by"
            ))
            .expression_attribute_names("#id", id.as_str())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", string("pending"))
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":tries", number(PENDING_TRIES))
            .expression_attribute_values(":expired", number(now.minus(PENDING_LIFE).millis()))
            .expression_attribute_values(":totp", string("totp"))
            .expression_attribute_values(":now", number(now.millis()));
        self.reserve(update, Counter::Factor(id.clone()), |old| old.why_no_activation(id, now)).await
    }

    async fn reserve(
        &self,
        update: UpdateItemFluentBuilder,
        counter: Counter,
        why_not: impl FnOnce(&Account) -> Error,
    ) -> Result<Reserved> {
        match signed(update).await? {
            (by, Written::Applied(item)) => Ok(Reserved { account: table::read(item)?, by, counter }),
            (by, Written::Refused(old)) => match account(old)? {
                old if old.is_by(&by) => Ok(Reserved { account: old, by, counter }),
                old => Err(why_not(&old)),
            },
        }
    }

    /// What KMS made of an attempt's code. One that it could not look at is given back, and with it the wait that was
    /// over; unless another write came between: then it stays counted.
    pub async fn or_give_back<T>(
        &self,
        user: &UserId,
        reserved: &Reserved,
        looked: Result<T, Fault>,
    ) -> Result<T, Fault> {
        if looked.is_err()
            && let Err(fault) = self.give_back(user, reserved).await
        {
            tracing::warn!(fault = chain(&fault), "an attempt that was not looked at stays counted");
        }
        looked
    }

    async fn give_back(&self, user: &UserId, reserved: &Reserved) -> Result<(), Fault> {
        let update = self.table.update(&Key::account(user));
        let update = match &reserved.counter {
            Counter::User => update
                .update_expression("SET failures = failures - :one, tried_at = tried_before, #by = :by")
                .condition_expression("#by = :counted AND failures > :zero"),
            Counter::Factor(id) => update
                .update_expression("SET factors.#id.tries = factors.#id.tries - :one, #by = :by")
                .condition_expression("#by = :counted AND factors.#id.tries > :zero")
                .expression_attribute_names("#id", id.as_str()),
        };
        let update = update
            .expression_attribute_values(":counted", string(&reserved.by))
            .expression_attribute_values(":zero", number(0_u64))
            .expression_attribute_values(":one", number(1_u64));
        signed(update).await.map(|_| ())
    }

    /// Accepts a code, once: an app's only if its time step is later than the last, a texted one only if it is still the
    /// factor's, which it then is no more. Clears the user's failures.
    pub async fn claim(&self, user: &UserId, id: &FactorId, spent: Spent, now: Timestamp) -> Result<()> {
        let update = self.table.update(&Key::account(user));
        let (update, (set, remove), unspent) = match spent {
            Spent::Step(step) => (
                update.expression_attribute_values(":step", number(step)),
                ("factors.#id.last_step = :step, ", ""),
                "(attribute_not_exists(factors.#id.last_step) OR factors.#id.last_step < :step)",
            ),
            Spent::Sent(nonce) => (
                update.expression_attribute_values(":nonce", value(&nonce)?),
                ("", " REMOVE factors.#id.code"),
                "factors.#id.code.nonce = :nonce",
            ),
        };
        let update = update
            .update_expression(format!("SET {set}factors.#id.last_used_at = :now, failures = :zero, #by = :by{remove}"))
            .condition_expression(format!("factors.#id.#status = :active AND #by <> :by AND {unspent}"))
            .expression_attribute_names("#id", id.as_str())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":active", string("active"))
            .expression_attribute_values(":now", number(now.millis()))
            .expression_attribute_values(":zero", number(0_u64));
        match signed(update).await? {
            (_, Written::Applied(_)) => Ok(()),
            (by, Written::Refused(old)) => match account(old)? {
                old if old.is_by(&by) => Ok(()),
                old => Err(old.why_not_spent(id, spent)),
            },
        }
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
                Saved::Stale(newer) => account = newer,
            }
        }
        Err(Fault::contended("save a change of settings").into())
    }

    /// Saves a change of settings made to `read`, if no other change came first. Names only the paths that it changes, so
    /// that it can't undo a count or a code's use.
    pub async fn save(&self, user: &UserId, read: &Account, change: &Change) -> Result<Saved, Fault> {
        let update = expression(self.table.update(&Key::account(user)), read, change)?;
        let update = if read.version == 0 {
            update.condition_expression("attribute_not_exists(pk)")
        } else {
            update
                .condition_expression("version = :version AND #by <> :by")
                .expression_attribute_values(":version", number(read.version))
        };
        match signed(update).await? {
            (_, Written::Applied(_)) => Ok(Saved::Done),
            (by, Written::Refused(old)) => match account(old)? {
                old if old.is_by(&by) => Ok(Saved::Done),
                old => Ok(Saved::Stale(old)),
            },
        }
    }
}

impl Account {
    fn is_by(&self, by: &str) -> bool {
        self.by.as_deref() == Some(by)
    }
}

/// The account in `item`; the default one where there is none.
pub(super) fn account(item: Option<Item>) -> Result<Account, Fault> {
    item.map_or_else(|| Ok(Account::default()), table::read)
}

/// Makes the write under a fresh id, which its expressions know as `:by`.
async fn signed(update: UpdateItemFluentBuilder) -> Result<(String, Written), Fault> {
    let by = random::id()?;
    let update = update.expression_attribute_names("#by", "by").expression_attribute_values(":by", string(&by));
    Ok((by, table::write(update).await?))
}

/// The condition under which a tier of the schedule allows an attempt at `now`, its values named by `index`.
fn allow(
    index: usize,
    tier: Tier,
    now: Timestamp,
    update: UpdateItemFluentBuilder,
) -> (String, UpdateItemFluentBuilder) {
    let (from, to, before) = (format!(":from{index}"), format!(":to{index}"), format!(":before{index}"));
    let mut condition = format!("failures BETWEEN {from} AND {to}");
    let mut update =
        update.expression_attribute_values(from, number(tier.from)).expression_attribute_values(to, number(tier.to));
    if !tier.wait.is_zero() {
        condition = format!("({condition} AND tried_at <= {before})");
        update = update.expression_attribute_values(before, number(now.minus(tier.wait).millis()));
    }
    (condition, update)
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
    if let Some(epoch) = change.epoch {
        set.push("epoch = :epoch".to_owned());
        update = update.expression_attribute_values(":epoch", number(epoch));
    }
    let mut text = format!("SET {}", set.join(", "));
    if !remove.is_empty() {
        text = format!("{text} REMOVE {}", remove.join(", "));
    }
    Ok(update.update_expression(text))
}
