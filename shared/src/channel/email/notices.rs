//! Notices: emails that tell a user about a change, so that they can act if they did not make it.

use std::net::IpAddr;

use crate::{base::clock::Timestamp, channel::language::Language, proof::factor::Kind};

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// An authenticator app became active.
    AppAdded,
    /// A phone became active.
    PhoneAdded,
    /// An authenticator app was removed.
    AppRemoved,
    /// A phone was removed.
    PhoneRemoved,
    /// A recovery code was redeemed.
    RecoveryCodeUsed,
    /// An emailed code was redeemed.
    EmailedCodeUsed,
    /// The recovery codes were replaced.
    CodesRenewed,
    /// After too many wrong codes, no code of a factor is accepted any more.
    Locked,
    /// After too many wrong recovery codes, none is accepted any more.
    RecoveryLocked,
    /// A code was requested at an address other than the recovery address.
    OtherAddress,
    /// An operator cleared the counts of wrong codes.
    Unlocked,
    /// An operator removed every factor.
    Reset,
    /// An operator imported the user's authenticator app.
    Imported,
    /// An operator erased the user.
    Erased,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::AppAdded,
        Self::PhoneAdded,
        Self::AppRemoved,
        Self::PhoneRemoved,
        Self::RecoveryCodeUsed,
        Self::EmailedCodeUsed,
        Self::CodesRenewed,
        Self::Locked,
        Self::RecoveryLocked,
        Self::OtherAddress,
        Self::Unlocked,
        Self::Reset,
        Self::Imported,
        Self::Erased,
    ];

    pub(super) const fn section(self) -> &'static str {
        match self {
            Self::AppAdded => "app-added",
            Self::PhoneAdded => "phone-added",
            Self::AppRemoved => "app-removed",
            Self::PhoneRemoved => "phone-removed",
            Self::RecoveryCodeUsed => "recovery-code-used",
            Self::EmailedCodeUsed => "emailed-code-used",
            Self::CodesRenewed => "codes-renewed",
            Self::Locked => "locked",
            Self::RecoveryLocked => "recovery-locked",
            Self::OtherAddress => "other-address",
            Self::Unlocked => "unlocked",
            Self::Reset => "reset",
            Self::Imported => "imported",
            Self::Erased => "erased",
        }
    }

    /// The notice that a factor of this kind became active.
    pub const fn added(kind: Kind) -> Self {
        match kind {
            Kind::Totp => Self::AppAdded,
            Kind::Sms => Self::PhoneAdded,
        }
    }

    /// The notice that an active factor of this kind was removed.
    pub const fn removed(kind: Kind) -> Self {
        match kind {
            Kind::Totp => Self::AppRemoved,
            Kind::Sms => Self::PhoneRemoved,
        }
    }

    /// The section that says what to do. The one for an operator's change leaves out the client address, which would
    /// tell the user nothing.
    pub(super) const fn closing(self) -> &'static str {
        match self {
            Self::Unlocked | Self::Reset | Self::Imported | Self::Erased => "operator",
            _ => "notice",
        }
    }
}

/// A notice.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What it is about.
    pub what: NoticeKind,
    /// When it happened.
    pub when: Timestamp,
    /// The client address that it came from.
    pub from: Option<IpAddr>,
    /// The language of the email.
    pub language: Language,
    /// For [`NoticeKind::OtherAddress`]: the hint of the other address, and the hold in hours.
    pub other: Option<(String, u64)>,
}

impl Notice {
    /// A notice in the language of the request that made the change.
    pub fn new(what: NoticeKind, when: Timestamp, from: Option<IpAddr>, accept_language: Option<&str>) -> Self {
        Self { what, when, from, language: Language::accepted(accept_language), other: None }
    }
}
