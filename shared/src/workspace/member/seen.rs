//! The record of what each workspace sees of a user, and the changes to write next.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    base::{clock::Timestamp, ids::WorkspaceId},
    workspace::member::{Day, Member},
};

/// The record of what was last written about a user to each workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    pub(super) version: u64,
    pub(super) workspaces: BTreeMap<WorkspaceId, Member>,
}

/// A change of what one workspace sees of a user. `None` stands for no member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberChange {
    pub(super) workspace: WorkspaceId,
    pub(super) before: Option<Member>,
    pub(super) after: Option<Member>,
}

impl MemberChange {
    pub(super) fn changes_state(&self) -> bool {
        self.before.as_ref().map(|member| &member.state) != self.after.as_ref().map(|member| &member.state)
    }
}

impl Seen {
    /// Returns the changes after which `workspaces` see the user as `member`. Workspaces that see this already need
    /// none. Changes of state come first, because they change the counts.
    pub(super) fn noting(&self, workspaces: &[WorkspaceId], member: &Member) -> Vec<MemberChange> {
        let workspaces: BTreeSet<_> = workspaces.iter().collect();
        let mut moves = Vec::new();
        for workspace in workspaces {
            let before = self.workspaces.get(workspace);
            let after = member.after(before);
            if before != Some(&after) {
                moves.push(MemberChange { workspace: workspace.clone(), before: before.cloned(), after: Some(after) });
            }
        }
        moves.sort_by_key(|one| !one.changes_state());
        moves
    }

    /// Returns the workspaces whose policies bind the account at `now`, and until when each does. In these the user was
    /// seen by password in the last 90 days.
    pub fn binding(&self, now: Timestamp) -> impl Iterator<Item = (&WorkspaceId, Timestamp)> {
        let until = |member: &Member| member.last_by_password().map(Day::binds_until);
        let all = self.workspaces.iter().filter_map(move |(workspace, member)| Some((workspace, until(member)?)));
        all.filter(move |(_, until)| now < *until)
    }

    /// Returns the changes after all factors were removed from the account.
    pub(super) fn resetting(&self) -> Vec<MemberChange> {
        let older = self.workspaces.iter().filter(|(_, before)| **before != before.reset());
        let moves = older.map(|(workspace, before)| MemberChange {
            workspace: workspace.clone(),
            before: Some(before.clone()),
            after: Some(before.reset()),
        });
        moves.collect()
    }

    /// Returns the changes after which no workspace sees the user.
    pub(super) fn forgetting(&self) -> Vec<MemberChange> {
        let moves = self.workspaces.iter().map(|(workspace, before)| MemberChange {
            workspace: workspace.clone(),
            before: Some(before.clone()),
            after: None,
        });
        moves.collect()
    }

    /// Returns the record after `moves` were written.
    pub(super) fn after(&self, moves: &[MemberChange]) -> Self {
        let mut after = self.clone();
        after.version += 1;
        for MemberChange { workspace, after: to, .. } in moves {
            match to {
                Some(member) => after.workspaces.insert(workspace.clone(), member.clone()),
                None => after.workspaces.remove(workspace),
            };
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        proof::factor::Kind,
        workspace::member::{MemberState, RowState},
    };

    const TODAY: Day = Day(20_000);

    fn id(text: &str) -> WorkspaceId {
        WorkspaceId::try_from(text.to_owned()).unwrap()
    }

    fn member(state: MemberState, day: u64) -> Member {
        let factors = if state == MemberState::Mfa { [Kind::Totp].into() } else { BTreeSet::new() };
        Member { state: RowState::Known(state), factors, day: Day(day), password_day: Some(Day(day)) }
    }

    fn seen(entries: &[(&str, Member)]) -> Seen {
        Seen { version: 1, workspaces: entries.iter().map(|(name, member)| (id(name), member.clone())).collect() }
    }

    #[test]
    fn only_what_is_new_is_written_and_what_changes_a_count_first() {
        let now = member(MemberState::Mfa, TODAY.0);
        let seen = seen(&[
            ("same", now.clone()),
            ("yesterday", member(MemberState::Mfa, TODAY.0 - 1)),
            ("tomorrow", member(MemberState::Mfa, TODAY.0 + 1)),
            ("other", member(MemberState::None, TODAY.0)),
            ("elsewhere", member(MemberState::None, TODAY.0)),
        ]);
        let names = ["same", "yesterday", "tomorrow", "other", "first", "first"];
        let moves = seen.noting(&names.map(id), &now);
        let written: Vec<_> = moves.iter().map(|one| (one.workspace.to_string(), one.changes_state())).collect();
        let expected = [("first", true), ("other", true), ("yesterday", false)];
        assert_eq!(written, expected.map(|(name, changes)| (name.to_owned(), changes)));
        assert!(seen.after(&moves).noting(&names.map(id), &now).is_empty(), "written once, it is not written again");
    }

    #[test]
    fn a_reset_leaves_who_comes_by_sso_where_they_are_and_is_over_when_it_is() {
        let by_sso = Member { factors: [Kind::Sms].into(), ..member(MemberState::Sso, 5) };
        let seen = seen(&[("a", member(MemberState::Mfa, 5)), ("b", by_sso), ("c", member(MemberState::None, 5))]);
        let moves = seen.resetting();
        let states: Vec<_> = moves.iter().map(|one| one.after.as_ref().unwrap().state.clone()).collect();
        assert_eq!(states, [MemberState::None, MemberState::Sso].map(RowState::Known));
        assert!(seen.after(&moves).resetting().is_empty());
        assert!(seen.after(&seen.forgetting()).workspaces.is_empty());
    }

    #[test]
    fn an_unknown_state_keeps_its_name_and_binds_as_one_by_password() {
        let row = serde_json::json!({"state": "parked", "factors": ["passkey", "totp"], "day": 20_000});
        let member: Member = serde_json::from_value(row).unwrap();
        assert_eq!((member.state.name(), &member.factors), ("parked", &[Kind::Totp].into()));
        assert_eq!(serde_json::to_value(&member.state).unwrap(), "parked");
        let seen = seen(&[("acme", member)]);
        let bound: Vec<_> = seen.binding(Timestamp::default()).map(|(workspace, _)| workspace.to_string()).collect();
        assert_eq!(bound, ["acme"]);
        let reset = seen.resetting();
        assert_eq!(reset[0].after.as_ref().unwrap().state, RowState::Known(MemberState::None));
    }
}
