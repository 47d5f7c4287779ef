//! `POST /v1/factors/{factor_id}/activate`: activates a pending factor by a code from it. The first active factor comes
//! with recovery codes.

use serde::Serialize;
use shared::{
    account::{
        Account,
        check::{attempt::Committed, target::Target},
    },
    base::{
        error::{Error, Fault, Result, chain},
        ids::UserId,
    },
    channel::email::notices::NoticeKind,
    edge::http::{reply::Reply, request::Request},
    proof::{
        assertion::{MfaStatus, signer::Signed},
        factor::{FactorId, FactorSummary},
        recovery_codes::{RecoveryCode, RecoveryStatus, secrets::NewCodes},
    },
    workspace::member::Member,
};

use crate::Function;

#[derive(Serialize)]
struct Activated<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    factor: FactorSummary<'a>,
    recovery: RecoveryStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<&'a str>>,
}

impl Function {
    pub(crate) async fn activate(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        let mut fields = request.fields()?;
        let code = fields.code()?;
        fields.end()?;
        let id = request.factor_id()?;

        let (attempt, requirements, seen) = tokio::join!(
            self.accounts.reserve(user, Target::Pending(&id), now),
            self.policies.requirements(caller.workspaces(), now),
            self.members.seen(user, caller.workspaces())
        );
        let attempt = attempt?;
        let factor = attempt.or_give_back(attempt.account.factor(&id)).await?;
        let allowed = requirements.map_err(Error::from).and_then(|all| Ok(all.require_enrollable(factor)?));
        attempt.or_give_back(allowed).await?;
        let kind = factor.kind();
        let (looked, kept) = tokio::join!(
            async {
                let check = self.factor_secrets.check(user, &id, factor, &code, &caller.ath, now);
                let first_codes = self.first_codes(user, &attempt.account);
                tokio::try_join!(check, first_codes, self.contact(user, caller.address(), now))
            },
            self.notifier.contacts.kept(user, attempt.account.contact.as_ref()),
        );
        let (spent, codes, contact) = attempt.or_give_back(looked).await?;
        let spent = spent.ok_or_else(|| attempt.rejected().error)?;

        let set = codes.as_ref().map(|codes| &codes.kept);
        let make = |account: &Account| account.activate(&id, spent, now, set.cloned(), contact.clone());
        let signing = |after: &Account| {
            let factor = after.factors.get(&id).ok_or(Fault::new("find the factor just activated"));
            let statement = factor.map(|factor| caller.statement(after.epoch, MfaStatus::by_factor(factor)));
            async { self.signer.sign(statement?, now).await }
        };
        let Committed { account, signed } = attempt.activate(make, signing).await?;
        let (member, notice) = (Member::of(&account, now), request.notice(NoticeKind::added(kind)));
        tokio::join!(
            self.notifier.mail.tell(&notice, [caller.address(), kept.as_ref()]),
            self.members.note(user, &account, seen, caller.workspaces(), &member)
        );
        reply(&id, &account, codes.as_ref(), signed)
    }

    /// Draws the recovery codes that come with the first factor. `None` if a factor is active already.
    async fn first_codes(&self, user: &UserId, account: &Account) -> Result<Option<NewCodes>, Fault> {
        if account.has_factor() { Ok(None) } else { self.recovery_secrets.draw(user).await.map(Some) }
    }
}

/// Builds the answer. It shows the recovery codes, which come only once, even without an assertion.
fn reply(id: &FactorId, account: &Account, codes: Option<&NewCodes>, signed: Result<Signed, Fault>) -> Result<Reply> {
    let signed = match signed {
        Ok(signed) => Some(signed),
        Err(fault) if codes.is_some() => {
            tracing::error!(fault = chain(&fault), "a factor was activated, but its assertion could not be signed");
            None
        }
        Err(fault) => return Err(fault.into()),
    };
    let shown = codes.map(|codes| codes.shown.iter().map(RecoveryCode::spelled).collect::<Vec<_>>());
    let factor = account.factors.get(id).ok_or(Fault::new("find the factor just activated"))?;
    Reply::ok(&Activated {
        expires_at: signed.as_ref().map(|signed| signed.expires_at.rfc3339()),
        assertion: signed.map(|signed| signed.token),
        factor: factor.summary(id),
        recovery: account.recovery_status(),
        recovery_codes: shown.as_ref().map(|codes| codes.iter().map(|code| code.as_str()).collect()),
    })
}
