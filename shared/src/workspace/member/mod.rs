//! Who has MFA, as a workspace sees it: a row for each member, and how many there are of each sort. What was last written of
//! a user to each of their workspaces is kept beside their account, so that nothing is counted twice; and it is written only
//! while the account is the one that it was made of, so that what is older never stands where something newer did.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{
    account::Account,
    base::{clock::Timestamp, ids::UserId},
    proof::factor::{Kind, known_kinds},
};

pub mod seen;
pub mod store;

/// How many workspaces one transaction writes to: three writes each, one beside the account and a look at that, of
/// DynamoDB's 100.
const TOGETHER: usize = 32;
/// For how many days after a user was last seen by password a workspace's policy binds their account.
const BINDING_DAYS: u64 = 90;
/// Members on one page.
const PAGE: usize = 100;

/// How a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberState {
    /// They have a factor.
    Mfa,
    /// They have none.
    None,
    /// They came by SSO: their MFA is at their identity provider.
    Sso,
}

impl MemberState {
    const ALL: [Self; 3] = [Self::Mfa, Self::None, Self::Sso];

    /// The state as the contract spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mfa => "mfa",
            Self::None => "none",
            Self::Sso => "sso",
        }
    }

    /// Reads a state by its name in the contract.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How a member stands, as a row says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RowState {
    /// A state of the contract.
    Known(MemberState),
    /// A state that only another release knows. No list shows it. Policies bind its user as those do of a member by password, and a
    /// login, a reset or an erase finds its row and its count by its name.
    Other(String),
}

impl RowState {
    /// The state as the table spells it.
    fn name(&self) -> &str {
        match self {
            Self::Known(state) => state.name(),
            Self::Other(name) => name,
        }
    }

    fn is_sso(&self) -> bool {
        *self == Self::Known(MemberState::Sso)
    }
}

/// A day in UTC, in days since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(u64);

impl Day {
    const SECONDS: u64 = 24 * 3600;

    /// The day that `moment` is in.
    pub const fn of(moment: Timestamp) -> Self {
        Self(moment.seconds() / Self::SECONDS)
    }

    /// Until when a policy binds that a user was last seen under on this day: to the end of the ninetieth day after it.
    pub const fn binds_until(self) -> Timestamp {
        Timestamp::from_seconds(self.0.saturating_add(BINDING_DAYS + 1).saturating_mul(Self::SECONDS))
    }

    /// RFC 3339's full date: `2026-11-24`.
    pub fn date(self) -> String {
        let mut date = Timestamp::from_seconds(self.0.saturating_mul(Self::SECONDS)).rfc3339();
        date.truncate("2026-11-24".len());
        date
    }
}

/// What a workspace sees of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// How they stand.
    pub state: RowState,
    /// The kinds of their active factors, as far as this release knows them.
    #[serde(deserialize_with = "known_kinds")]
    pub factors: BTreeSet<Kind>,
    /// When they were last seen.
    pub day: Day,
    /// When they were last seen by password, if they were. In a row from before this was kept, `day` says it, unless the state
    /// is [`MemberState::Sso`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_day: Option<Day>,
}

impl Member {
    /// The user of `account`, seen `now` at a login by password.
    pub fn of(account: &Account, now: Timestamp) -> Self {
        let factors = account.active().into_iter().map(|(_, factor)| factor.kind()).collect();
        let state = if account.has_factor() { MemberState::Mfa } else { MemberState::None };
        Self { state: RowState::Known(state), factors, day: Day::of(now), password_day: Some(Day::of(now)) }
    }

    /// A user seen `now` at a login by SSO. Of their factors, which other tenants share, it shows nothing.
    pub fn by_sso(now: Timestamp) -> Self {
        let state = RowState::Known(MemberState::Sso);
        Self { state, factors: BTreeSet::new(), day: Day::of(now), password_day: None }
    }

    /// The same once all factors were taken from the account.
    fn reset(&self) -> Self {
        let state = if self.state.is_sso() { MemberState::Sso } else { MemberState::None };
        Self { state: RowState::Known(state), factors: BTreeSet::new(), ..self.clone() }
    }

    /// The day that they were last seen by password, if they ever were.
    fn last_by_password(&self) -> Option<Day> {
        self.password_day.or_else(|| (!self.state.is_sso()).then_some(self.day))
    }

    /// What is to be seen instead of `before`: neither day goes back, and a login by SSO leaves that by password alone.
    fn after(&self, before: Option<&Self>) -> Self {
        let Some(before) = before else { return self.clone() };
        let password_day = self.password_day.max(before.last_by_password());
        Self { day: self.day.max(before.day), password_day, ..self.clone() }
    }
}

/// How many members a workspace has of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberCounts {
    /// With a factor.
    pub mfa: u64,
    /// Without.
    pub none: u64,
    /// By SSO.
    pub sso: u64,
}

/// A page of a workspace's members, by state and then by who they are.
#[derive(Clone, Debug)]
pub struct Page {
    /// The members.
    pub members: Vec<(UserId, MemberState, Member)>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// The last member of a page: the next one begins after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    state: MemberState,
    user: UserId,
}

impl Cursor {
    /// Reads a cursor as a reply spelled it.
    pub fn parse(text: &str) -> Option<Self> {
        let name = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        Self::named(std::str::from_utf8(&name).ok()?)
    }

    /// The cursor as a reply spells it.
    pub fn spelled(&self) -> String {
        BASE64URL_NOPAD.encode(self.name().as_bytes())
    }

    /// Whether it is of a list of those who stand so; `None` for a list of all.
    pub fn is_of(&self, state: Option<MemberState>) -> bool {
        state.is_none_or(|state| self.state == state)
    }

    /// The member as their row is named.
    fn named(name: &str) -> Option<Self> {
        let (state, user) = name.split_once('#')?;
        Some(Self { state: MemberState::parse(state)?, user: UserId::try_from(user.to_owned()).ok()? })
    }

    fn name(&self) -> String {
        name(self.state.name(), &self.user)
    }
}

/// What a member's row is named: how they stand, so that those who stand so are one range of keys, and who they are.
fn name(state: &str, user: &UserId) -> String {
    format!("{state}#{user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_state_and_a_user_and_nothing_else() {
        for user in ["ada", "auth0|5f7c8ec7", "a#b c"] {
            let cursor = Cursor { state: MemberState::None, user: UserId::try_from(user.to_owned()).unwrap() };
            assert_eq!(Cursor::parse(&cursor.spelled()), Some(cursor));
        }
        for bad in ["none#", "ada", "some#ada", "", "none#a\nb"] {
            assert_eq!(Cursor::parse(&BASE64URL_NOPAD.encode(bad.as_bytes())), None, "{bad:?}");
        }
        for bad in ["none#ada", "bm9uZSNhZGE=", "%%%"] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_is_a_date_in_utc() {
        assert_eq!(Day::of(Timestamp::from_seconds(1_795_512_600)).date(), "2026-11-24");
        assert_eq!(Day::of(Timestamp::from_seconds(1_795_564_799)), Day::of(Timestamp::from_seconds(1_795_512_600)));
    }
}
