//! What a user is told of by email, so that they can act if it was not they who did it.

use std::net::IpAddr;

use crate::{base::clock::Timestamp, channel::language::Language, proof::factor::Kind};

/// What a user is told of.
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
    /// The recovery codes were made anew.
    CodesRenewed,
    /// Too many wrong codes: no code of a factor is accepted any more.
    Locked,
    /// Too many wrong recovery codes: none is accepted any more.
    RecoveryLocked,
    /// A code was asked for at an address that is not the one kept.
    OtherAddress,
    /// An operator cleared the counts of wrong codes.
    Unlocked,
    /// An operator took every factor away.
    Reset,
    /// An operator imported the authenticator app that the user had elsewhere.
    Imported,
    /// An operator had the user forgotten.
    Erased,
}

impl NoticeKind {
    /// All of it.
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

    /// That a factor of this kind became active.
    pub const fn added(kind: Kind) -> Self {
        match kind {
            Kind::Totp => Self::AppAdded,
            Kind::Sms => Self::PhoneAdded,
        }
    }

    /// That an active factor of this kind was removed.
    pub const fn removed(kind: Kind) -> Self {
        match kind {
            Kind::Totp => Self::AppRemoved,
            Kind::Sms => Self::PhoneRemoved,
        }
    }

    /// What to do about it. Where an operator did it, from where tells the user nothing.
    pub(super) const fn closing(self) -> &'static str {
        match self {
            Self::Unlocked | Self::Reset | Self::Imported | Self::Erased => "operator",
            _ => "notice",
        }
    }
}

/// Something that a user is told of, so that they can act if it was not they who did it.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What.
    pub what: NoticeKind,
    /// When it happened.
    pub when: Timestamp,
    /// From which client address.
    pub from: Option<IpAddr>,
    /// In which language they are told.
    pub language: Language,
    /// The other address that a code was asked for, as a hint, and after how many hours one may be sent there.
    pub other: Option<(String, u64)>,
}

impl Notice {
    /// That something happened at `when`, told in the language that the request which did it asks for.
    pub fn new(what: NoticeKind, when: Timestamp, from: Option<IpAddr>, accept_language: Option<&str>) -> Self {
        Self { what, when, from, language: Language::accepted(accept_language), other: None }
    }
}
