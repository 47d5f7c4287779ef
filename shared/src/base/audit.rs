//! Audit events: one structured log line each, with a stable name. No line holds a code, a secret or an address.

use crate::base::{
    ids::{UserId, WorkspaceId},
    single_line::line,
};

/// An event that an operator may count, search for, or set an alarm on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    /// A factor was begun.
    FactorPending,
    /// A factor became active.
    FactorActivated,
    /// A factor was removed.
    FactorRemoved,
    /// A code of an active factor was accepted.
    VerificationAccepted,
    /// A code was wrong.
    VerificationRejected,
    /// A code was right, but used before.
    VerificationReplayed,
    /// The last allowed attempt failed: the user's factors or recovery codes are locked.
    VerificationLocked,
    /// A recovery code or an emailed code was redeemed.
    RecoveryUsed,
    /// A code was emailed.
    RecoveryEmailed,
    /// Three or fewer recovery codes are left.
    RecoveryLow,
    /// The user's recovery codes were replaced.
    RecoveryRegenerated,
    /// A workspace's policy was changed.
    PolicyChanged,
    /// An operator cleared a user's counts of wrong codes.
    UserUnlocked,
    /// An operator removed all factors of a user.
    UserReset,
    /// An operator erased a user.
    UserErased,
    /// An operator imported a user's authenticator app.
    FactorImported,
    /// A text was sent.
    TextSent,
    /// A text was not sent: a quota, a STOP or SNS refused it.
    TextRefused,
}

impl AuditEvent {
    /// The event's name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FactorPending => "factor.pending",
            Self::FactorActivated => "factor.activated",
            Self::FactorRemoved => "factor.removed",
            Self::VerificationAccepted => "verification.accepted",
            Self::VerificationRejected => "verification.rejected",
            Self::VerificationReplayed => "verification.replayed",
            Self::VerificationLocked => "verification.locked",
            Self::RecoveryUsed => "recovery.used",
            Self::RecoveryEmailed => "recovery.emailed",
            Self::RecoveryLow => "recovery.low",
            Self::RecoveryRegenerated => "recovery.regenerated",
            Self::PolicyChanged => "policy.changed",
            Self::UserUnlocked => "user.unlocked",
            Self::UserReset => "user.reset",
            Self::UserErased => "user.erased",
            Self::FactorImported => "factor.imported",
            Self::TextSent => "text.sent",
            Self::TextRefused => "text.refused",
        }
    }

    /// Writes the event's line. `factor` is a factor's id, or `recovery_code` or `emailed_code`.
    pub fn log(self, user: &UserId, factor: &str) {
        tracing::info!(event = self.name(), user = user.as_str(), factor, "event");
    }

    /// Writes the event's line, with a reason.
    pub fn log_why(self, user: &UserId, factor: &str, why: &str) {
        tracing::info!(event = self.name(), user = user.as_str(), factor, why, "event");
    }

    /// Writes the line of an operator's act on a user, with the reason.
    pub fn log_operator(self, user: &UserId, operator: &UserId, reason: &Reason) {
        let (operator, reason) = (operator.as_str(), reason.0.as_str());
        tracing::info!(event = self.name(), user = user.as_str(), operator, reason, "event");
    }

    /// Writes the line of a workspace's event. `how` is one word, such as `raised`.
    pub fn log_workspace(self, user: &UserId, workspace: &WorkspaceId, how: &str) {
        let workspace = workspace.to_string();
        tracing::info!(event = self.name(), user = user.as_str(), workspace, how, "event");
    }
}

/// A factor that an operator imported.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The factor's user.
    pub user: &'a UserId,
    /// The factor's id.
    pub factor: &'a str,
    /// The operator.
    pub operator: &'a UserId,
    /// The operator's reason.
    pub reason: &'a Reason,
    /// Whether the factor's secret has less than 112 bits (NIST SP 800-131A).
    pub weak: bool,
}

impl Import<'_> {
    /// Writes the event's line.
    pub fn log(self) {
        let Self { user, factor, operator, reason, weak } = self;
        let (user, operator, reason) = (user.as_str(), operator.as_str(), reason.0.as_str());
        tracing::info!(event = AuditEvent::FactorImported.name(), user, factor, operator, reason, weak, "event");
    }
}

/// An operator's reason, in their own words: 1 to 256 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Reads a reason as a [`line()`] of at most 256 characters.
    pub fn parse(text: &str) -> Option<Self> {
        line(text, 256).map(|reason| Self(reason.to_owned()))
    }
}
