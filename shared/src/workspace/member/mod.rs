//! The members of a workspace, and which of them have MFA: a row for each member, and a count for each state.
//!
//! Beside each account, the table stores what was last written about the user to each workspace. So nothing is counted
//! twice. A write requires that the account still has the epoch that the writer read. So older data never replaces
//! newer data.

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

/// The most workspaces that one transaction writes to. Each needs three writes. With one write and one check beside,
/// that is 98 of 100 (AWS limit).
const TOGETHER: usize = 32;
/// The days after a user was last seen by password in which a workspace's policy binds their account.
const BINDING_DAYS: u64 = 90;
/// The members on one page.
const PAGE: usize = 100;

/// The MFA state of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberState {
    /// The member has a factor.
    Mfa,
    /// The member has no factor.
    None,
    /// The member logged in by SSO, so MFA is up to their identity provider.
    Sso,
}

impl MemberState {
    const ALL: [Self; 3] = [Self::Mfa, Self::None, Self::Sso];

    /// Returns the state as the contract spells it.
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

/// The MFA state of a member, as a row spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RowState {
    /// A state of the contract.
    Known(MemberState),
    /// A state that only another release knows. No list shows it. Policies bind its user like a member by password. A
    /// login, a reset or an erase finds its row and its count by its name.
    Other(String),
}

impl RowState {
    /// Returns the state as the table spells it.
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

    /// Returns the day of `moment`.
    pub const fn of(moment: Timestamp) -> Self {
        Self(moment.seconds() / Self::SECONDS)
    }

    /// Returns until when a policy binds a user who was last seen on this day: the end of the ninetieth day after it.
    pub const fn binds_until(self) -> Timestamp {
        Timestamp::from_seconds(self.0.saturating_add(BINDING_DAYS + 1).saturating_mul(Self::SECONDS))
    }

    /// Returns the full date of RFC 3339: `2026-11-24`.
    pub fn date(self) -> String {
        let mut date = Timestamp::from_seconds(self.0.saturating_mul(Self::SECONDS)).rfc3339();
        date.truncate("2026-11-24".len());
        date
    }
}

/// A user, as a workspace sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Their MFA state.
    pub state: RowState,
    /// The kinds of their active factors that this release knows.
    #[serde(deserialize_with = "known_kinds")]
    pub factors: BTreeSet<Kind>,
    /// When they were last seen.
    pub day: Day,
    /// When they were last seen by password, if ever. Old rows lack it. For them `day` counts, unless the state is
    /// [`MemberState::Sso`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_day: Option<Day>,
}

impl Member {
    /// Makes the member of `account`, seen `now` at a login by password.
    pub fn of(account: &Account, now: Timestamp) -> Self {
        let factors = account.active().into_iter().map(|(_, factor)| factor.kind()).collect();
        let state = if account.has_factor() { MemberState::Mfa } else { MemberState::None };
        Self { state: RowState::Known(state), factors, day: Day::of(now), password_day: Some(Day::of(now)) }
    }

    /// Makes a member seen `now` at a login by SSO. It shows no factors, because other tenants share them.
    pub fn by_sso(now: Timestamp) -> Self {
        let state = RowState::Known(MemberState::Sso);
        Self { state, factors: BTreeSet::new(), day: Day::of(now), password_day: None }
    }

    /// Returns the member after all factors were removed from the account.
    fn reset(&self) -> Self {
        let state = if self.state.is_sso() { MemberState::Sso } else { MemberState::None };
        Self { state: RowState::Known(state), factors: BTreeSet::new(), ..self.clone() }
    }

    /// Returns the day when they were last seen by password, if ever.
    fn last_by_password(&self) -> Option<Day> {
        self.password_day.or_else(|| (!self.state.is_sso()).then_some(self.day))
    }

    /// Returns the member to write instead of `before`. Neither day goes back. A login by SSO keeps the day of the last
    /// login by password.
    fn after(&self, before: Option<&Self>) -> Self {
        let Some(before) = before else { return self.clone() };
        let password_day = self.password_day.max(before.last_by_password());
        Self { day: self.day.max(before.day), password_day, ..self.clone() }
    }
}

/// How many members a workspace has in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberCounts {
    /// With a factor.
    pub mfa: u64,
    /// Without a factor.
    pub none: u64,
    /// By SSO.
    pub sso: u64,
}

/// A page of a workspace's members, by state and then by user.
#[derive(Clone, Debug)]
pub struct Page {
    /// The members.
    pub members: Vec<(UserId, MemberState, Member)>,
    /// The start of the next page, if there is one.
    pub next: Option<Cursor>,
}

/// The last member of a page. The next page begins after them.
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

    /// Returns the cursor as a reply spells it.
    pub fn spelled(&self) -> String {
        BASE64URL_NOPAD.encode(self.name().as_bytes())
    }

    /// Returns whether it is of a list of members in this state. `None` is the list of all members.
    pub fn is_of(&self, state: Option<MemberState>) -> bool {
        state.is_none_or(|state| self.state == state)
    }

    /// Reads the member from the name of a row.
    fn named(name: &str) -> Option<Self> {
        let (state, user) = name.split_once('#')?;
        Some(Self { state: MemberState::parse(state)?, user: UserId::try_from(user.to_owned()).ok()? })
    }

    fn name(&self) -> String {
        name(self.state.name(), &self.user)
    }
}

/// Returns the name of a member's row. The state comes first, so the members in one state are one range of keys. The
/// user comes second.
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
