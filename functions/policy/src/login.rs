//! `POST /v1/logins`: decides what follows a login by password or by SSO.

use serde::Serialize;
use shared::{
    account::Account,
    base::{
        clock::{Timestamp, whole_seconds},
        error::Result,
    },
    channel::email::address::EmailAddress,
    edge::http::{reply::Reply, request::Request},
    proof::{
        assertion::{LoginReason, MfaStatus},
        factor::{FactorSummary, Kind},
        lockout::{FACTORS, Verdict},
        recovery_codes::RecoveryStatus,
    },
    workspace::{
        member::Member,
        policy::decision::{Decision, LoginDecision},
    },
};

use crate::Function;

#[derive(Serialize)]
struct Login<'a> {
    decision: &'static str,
    reason: LoginReason,
    factors: Vec<FactorSummary<'a>>,
    methods: Vec<Kind>,
    /// Absent after a login by SSO. Such a login learns only the account's epoch, in its assertion, because other
    /// tenants share the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery: Option<Recovery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enroll_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion: Option<String>,
}

/// The ways to log in without a factor.
#[derive(Serialize)]
struct Recovery {
    #[serde(flatten)]
    codes: RecoveryStatus,
    /// The masked address that a code can be emailed to. A hold may delay the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_hint: Option<String>,
}

impl Function {
    pub(crate) async fn login(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller_also_by_sso(request).await?;
        request.fields()?.end()?;
        // A login by SSO needs no MFA here, whatever the policies require. So none is read.
        let workspaces = if caller.by_sso() { &[] } else { caller.workspaces() };
        let (account, requirements, seen) = tokio::join!(
            self.accounts.load(&caller.user),
            self.policies.requirements(workspaces, request.now),
            self.members.seen(&caller.user, caller.workspaces())
        );
        let (account, requirements) = (account?, requirements?);
        let decided = if caller.by_sso() { Decision::by_sso() } else { Decision::of(&account, &requirements) };
        let LoginDecision { decision, reason, enroll_by } = decided;
        let now = request.now;
        let member = if caller.by_sso() { Member::by_sso(now) } else { Member::of(&account, now) };
        let allowed = async {
            let Decision::Allow = decision else { return Ok(None) };
            let statement = caller.statement(account.epoch, MfaStatus::not_required(reason));
            self.signer.sign(statement, request.now).await.map(Some)
        };
        let noted = self.members.note(&caller.user, &account, seen, caller.workspaces(), &member);
        let (signed, ()) = tokio::join!(allowed, noted);
        let assertion = signed?.map(|signed| signed.token);
        let login = Login {
            decision: decision.name(),
            reason,
            factors: Vec::new(),
            methods: Vec::new(),
            recovery: None,
            enroll_by: enroll_by.map(Timestamp::rfc3339),
            retry_after: None,
            assertion,
        };
        if caller.by_sso() {
            return Reply::ok(&login);
        }
        let factors = account.active().into_iter().filter(|(_, factor)| requirements.lets_prove(factor, &account));
        let address = caller.address().filter(|_| account.has_factor() && requirements.allow_email());
        Reply::ok(&Login {
            factors: factors.map(|(id, factor)| factor.summary(id)).collect(),
            methods: requirements.methods(),
            recovery: Some(Recovery { codes: account.recovery_status(), email_hint: address.map(EmailAddress::hint) }),
            retry_after: retry_after(&account, now),
            ..login
        })
    }
}

/// Seconds until the next attempt, if it must wait.
fn retry_after(account: &Account, now: Timestamp) -> Option<u64> {
    match FACTORS.judge(account.failures, account.tried_at, now) {
        Verdict::Wait(wait) => Some(whole_seconds(wait)),
        Verdict::Go | Verdict::Locked => None,
    }
}
