//! What happened, for alarms and audits: one structured log line each, stable, never with a code, a secret or an address.

use crate::base::{
    ids::{UserId, WorkspaceId},
    single_line::line,
};

/// Something an operator may count, be warned of, or search for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    /// A factor was begun.
    FactorPending,
    /// A factor became active.
    FactorActivated,
    /// A factor was removed.
    FactorRemoved,
    /// A code was accepted.
    VerificationAccepted,
    /// A code was wrong.
    VerificationRejected,
    /// A code was right, but used before.
    VerificationReplayed,
    /// The last failure that the schedule allows: the user's factors are locked.
    VerificationLocked,
    /// A recovery code or an emailed one was redeemed.
    RecoveryUsed,
    /// A code was emailed.
    RecoveryEmailed,
    /// Three recovery codes are left, or fewer.
    RecoveryLow,
    /// The recovery codes were made anew.
    RecoveryRegenerated,
    /// A workspace's policy was changed.
    PolicyChanged,
    /// An operator cleared a user's counts of wrong codes.
    UserUnlocked,
    /// An operator took all factors from a user.
    UserReset,
    /// An operator had a user forgotten.
    UserErased,
    /// An operator gave a user the authenticator app that they had elsewhere.
    FactorImported,
    /// A text was sent.
    TextSent,
    /// A text was asked for and refused: by a limit, by STOP, or on its way.
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

    /// The same, with a word on why it came to that.
    pub fn log_why(self, user: &UserId, factor: &str, why: &str) {
        tracing::info!(event = self.name(), user = user.as_str(), factor, why, "event");
    }

    /// Writes the line of what an operator did to a user, and why.
    pub fn log_operator(self, user: &UserId, operator: &UserId, reason: &Reason) {
        let (operator, reason) = (operator.as_str(), reason.0.as_str());
        tracing::info!(event = self.name(), user = user.as_str(), operator, reason, "event");
    }

    /// Writes the line of what happened to a workspace, with a word on how.
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
    /// Why they did it.
    pub reason: &'a Reason,
    /// Whether the factor's secret is shorter than is safe.
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

/// Why an operator did something, in their own words: 1 to 256 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Reads a reason; `None` where it is too long, or nothing, or steers the text around it.
    pub fn parse(text: &str) -> Option<Self> {
        line(text, 256).map(|reason| Self(reason.to_owned()))
    }
}
