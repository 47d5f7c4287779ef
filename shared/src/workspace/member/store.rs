//! Members in the table. One transaction changes the member's row in a workspace, the counts there, and the record
//! ([`Seen`]) beside the account. It requires two conditions:
//!
//! - The record is as it was read. So two logins at once are counted once.
//! - The account has the epoch that it had. So a slow login does not overwrite an activation, a reset or an erase. An
//!   erase itself needs no epoch.
//!
//! Members and policies have different partition keys. So a grant to write the one does not allow writing the other.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{error::Elapsed, timeout};

use crate::{
    account::Account,
    aws::{
        clients::Clients,
        expression::Expression,
        item::{self, number, value},
        key::Key,
        table::{self, TRIES, Table, Transacted, WriteRefusal},
        write::Write,
    },
    base::{
        error::{Fault, Refusal, Result, chain},
        ids::{UserId, WorkspaceId},
        settings::{SettingError, Settings},
    },
    workspace::member::{
        Cursor, Member, MemberCounts, MemberState, PAGE, Page, TOGETHER, name,
        seen::{MemberChange, Seen},
    },
};

/// The longest that a login waits to read the user's record ([`Seen`]), and again to write it.
const LONGEST: Duration = Duration::from_secs(2);
/// The longest that a reset waits.
const LONGEST_RESET: Duration = Duration::from_secs(10);

/// A member's row, without its key.
#[derive(Deserialize)]
struct Row {
    member: Member,
}

/// The members of every workspace.
#[derive(Clone)]
pub struct Members {
    table: Table,
}

impl Members {
    /// Opens the deployment's table.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { table: Table::new(settings, aws)? })
    }

    /// Reads what was last written about `user`. Returns `None` if that fails or takes over 2 seconds, because the next
    /// login makes up for it. Without workspaces it reads nothing.
    pub async fn seen(&self, user: &UserId, workspaces: &[WorkspaceId]) -> Option<Seen> {
        if workspaces.is_empty() {
            return None;
        }
        let read = timeout(LONGEST, self.load(user)).await.unwrap_or(Err(Fault::new("read memberships in time")));
        read.inspect_err(|fault| tracing::warn!(fault = chain(fault), "workspaces may see old data")).ok()
    }

    /// Shows `workspaces` the user of this account as `member`. This is best effort and takes at most 2 seconds. If
    /// over 32 workspaces need a change, the next login changes the rest.
    pub async fn note(
        &self,
        user: &UserId,
        account: &Account,
        seen: Option<Seen>,
        workspaces: &[WorkspaceId],
        member: &Member,
    ) {
        let Some(seen) = seen else { return };
        let noting = self.write(user, Some(account.epoch), seen, |seen| seen.noting(workspaces, member));
        told_late(timeout(LONGEST, noting).await.map(|noted| noted.map(|_| ())));
    }

    /// Shows every workspace that all factors of this account were removed. It repeats until all is written, for at
    /// most 10 seconds. This is best effort, because the reset itself is already done.
    pub async fn reset(&self, user: &UserId, account: &Account) {
        let resetting = async {
            let mut seen = self.load(user).await?;
            while !seen.resetting().is_empty() {
                match self.write(user, Some(account.epoch), seen, Seen::resetting).await? {
                    Some(after) => seen = after,
                    None => break,
                }
            }
            Ok(())
        };
        told_late(timeout(LONGEST_RESET, resetting).await);
    }

    /// Deletes what workspaces see of the user, then the record and the account. It repeats until all is done. After a
    /// failure, a new call finds the rest.
    pub async fn erase(&self, user: &UserId) -> Result<()> {
        let key = Key::account(user);
        let (account, mut seen) = tokio::try_join!(self.table.get(&key), self.load(user))?;
        if account.is_none() && seen == Seen::default() {
            return Err(Refusal::UserNotFound.into());
        }
        for attempt in 1..=TRIES {
            while !seen.forgetting().is_empty() {
                let after = self.write(user, None, seen, Seen::forgetting).await?;
                seen = after.unwrap_or_default();
            }
            // A login in between may have written rows again. Then the condition on the record fails.
            let kept = Write::delete(Key::seen(user), unchanged(&seen));
            match self.table.transact([kept, Write::delete(key.clone(), Expression::default())]).await? {
                Transacted::Applied => return Ok(()),
                Transacted::Cancelled(obstacles) => seen = again(seen, obstacles, attempt).await?,
            }
        }
        Err(Fault::contended("erase a user").into())
    }

    /// Reads a page of `workspace`'s members after a cursor, in one state or in all. It leaves out members in a state
    /// that only another release knows.
    pub async fn page(
        &self,
        workspace: &WorkspaceId,
        state: Option<MemberState>,
        after: Option<&Cursor>,
    ) -> Result<Page, Fault> {
        let start = Key::member(workspace, &state.map_or_else(String::new, |state| format!("{}#", state.name())));
        let mut after = after.map(|cursor| Key::member(workspace, &cursor.name()));
        let mut members = Vec::new();
        // One member more than is shown tells whether there is a next page.
        while members.len() <= PAGE {
            let found = self.table.members(&start, after.as_ref(), PAGE + 1).await?;
            let is_last = found.len() <= PAGE;
            // Skips the rest of an unknown state, however many members are in it. `$` sorts after `#`.
            after = found.last().map(|(name, _)| match name.split_once('#') {
                Some((state, _)) if MemberState::parse(state).is_none() => Key::member(workspace, &format!("{state}$")),
                _ => Key::member(workspace, name),
            });
            for (name, row) in found {
                if let Some(Cursor { state, user }) = Cursor::named(&name) {
                    members.push((user, state, item::read::<Row>(row)?.member));
                }
            }
            if is_last {
                break;
            }
        }
        let more = members.len() > PAGE;
        members.truncate(PAGE);
        let last = members.last().filter(|_| more);
        let next = last.map(|(user, state, _)| Cursor { state: *state, user: user.clone() });
        Ok(Page { members, next })
    }

    /// Reads how many members `workspace` has in each state.
    pub async fn summary(&self, workspace: &WorkspaceId) -> Result<MemberCounts, Fault> {
        self.table.get(&Key::summary(workspace)).await?.map_or_else(|| Ok(MemberCounts::default()), item::read)
    }

    /// Reads what was last written about `user`, for decisions that require it.
    pub async fn load(&self, user: &UserId) -> Result<Seen, Fault> {
        self.table.get(&Key::seen(user)).await?.map_or_else(|| Ok(Seen::default()), item::read)
    }

    /// Writes as many moves as one transaction can, and makes them again if another write came first. Returns the new
    /// record. Returns `None` if the account has another epoch, because the writer of that epoch also writes the
    /// members.
    async fn write(
        &self,
        user: &UserId,
        epoch: Option<u64>,
        mut seen: Seen,
        make: impl Fn(&Seen) -> Vec<MemberChange>,
    ) -> Result<Option<Seen>, Fault> {
        for attempt in 1..=TRIES {
            let mut moves = make(&seen);
            if moves.is_empty() {
                return Ok(Some(seen));
            }
            moves.truncate(TOGETHER);
            let after = seen.after(&moves);
            let kept = unchanged(&seen)
                .set("workspaces = :workspaces")
                .set("version = :next")
                .value(":workspaces", value(&after.workspaces)?)
                .value(":next", number(after.version));
            let mut writes = vec![Write::update(Key::seen(user), kept)];
            writes.extend(epoch.map(|epoch| of_epoch(user, epoch)));
            for one in &moves {
                writes.extend(Self::writes_of(user, one)?);
            }
            match self.table.transact(writes).await? {
                Transacted::Applied => return Ok(Some(after)),
                Transacted::Cancelled(obstacles)
                    if epoch.is_some() && obstacles.get(1).is_some_and(WriteRefusal::is_condition) =>
                {
                    return Ok(None);
                }
                Transacted::Cancelled(obstacles) => seen = again(seen, obstacles, attempt).await?,
            }
        }
        Err(Fault::contended("save a user's memberships"))
    }

    /// Returns the writes of one change, at most three: the new row, the old row, and the counts.
    fn writes_of(user: &UserId, one: &MemberChange) -> Result<Vec<Write>, Fault> {
        let row = |member: &Member| Key::member(&one.workspace, &name(member.state.name(), user));
        let mut writes = Vec::new();
        if let Some(after) = &one.after {
            let update = Expression::default().set("#member = :member").name("#member", "member");
            writes.push(Write::update(row(after), update.value(":member", value(after)?)));
        }
        if one.changes_state() {
            let mut count = Expression::default().value(":one", number(1_u64));
            if let Some(before) = &one.before {
                writes.push(Write::delete(row(before), Expression::default()));
                count = count.set("#before = if_not_exists(#before, :one) - :one").name("#before", before.state.name());
            }
            if let Some(after) = &one.after {
                count = count
                    .set("#after = if_not_exists(#after, :zero) + :one")
                    .name("#after", after.state.name())
                    .value(":zero", number(0_u64));
            }
            writes.push(Write::update(Key::summary(&one.workspace), count));
        }
        Ok(writes)
    }
}

/// Checks that the account has this epoch, which is 0 for a user without an account.
fn of_epoch(user: &UserId, epoch: u64) -> Write {
    let condition = if epoch == 0 { "(attribute_not_exists(epoch) OR epoch = :epoch)" } else { "epoch = :epoch" };
    Write::check(Key::account(user), Expression::default().only_if(condition).value(":epoch", number(epoch)))
}

/// Logs a warning if the workspaces were not told.
fn told_late(told: Result<Result<(), Fault>, Elapsed>) {
    if let Err(fault) = told.unwrap_or(Err(Fault::new("save a user's memberships in time"))) {
        tracing::warn!(fault = chain(&fault), "workspaces may see old data");
    }
}

/// Returns the condition that the record of a user is as it was read.
fn unchanged(seen: &Seen) -> Expression {
    match seen.version {
        0 => Expression::default().only_if("attribute_not_exists(pk)"),
        version => Expression::default().only_if("version = :version").value(":version", number(version)),
    }
}

/// Returns the record to continue with after a canceled transaction. That is the newer record if a condition failed.
/// Otherwise it is the same record, after a pause.
async fn again(seen: Seen, obstacles: Vec<WriteRefusal>, attempt: u32) -> Result<Seen, Fault> {
    for obstacle in obstacles {
        if let WriteRefusal::Condition(old) = obstacle {
            return old.map_or_else(|| Ok(Seen::default()), item::read);
        }
    }
    table::pause(attempt).await?;
    Ok(seen)
}
