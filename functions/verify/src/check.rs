//! `POST /v1/factors/{factor_id}/verify`: checks a factor's code at a login or step-up, and signs an assertion.

use serde::Serialize;
use shared::{
    account::check::target::{Spent, Target},
    base::error::{Error, Fault, Result},
    edge::http::{reply::Reply, request::Request},
    proof::{factor::FactorSummary, recovery_codes::RecoveryStatus},
};

use crate::Function;

#[derive(Serialize)]
struct Verified<'a> {
    assertion: String,
    expires_at: String,
    factor: FactorSummary<'a>,
    recovery: RecoveryStatus,
}

impl Function {
    pub(crate) async fn check(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        let mut fields = request.fields()?;
        let code = fields.code()?;
        fields.end()?;
        let id = request.factor_id()?;

        let (attempt, requirements) = tokio::join!(
            self.accounts.reserve(user, Target::Active(&id), now),
            self.policies.requirements(caller.workspaces(), now)
        );
        let attempt = attempt?;
        let factor = attempt.or_give_back(attempt.account.factor(&id)).await?;
        let status =
            requirements.map_err(Error::from).and_then(|all| Ok(all.status_by_factor(factor, &attempt.account)?));
        let status = attempt.or_give_back(status).await?;

        // The recovery address, for the notice of a lock, is opened during the check.
        let contact = attempt.account.contact.as_ref().filter(|_| attempt.lock().is_some());
        let (looked, kept) = tokio::join!(
            self.factor_secrets.check(user, &id, factor, &code, &caller.ath, now),
            self.notifier.contacts.kept(user, contact)
        );
        let to = [caller.address(), kept.as_ref()];
        let spent = attempt.or_give_back(looked).await?.ok_or_else(|| attempt.rejected());
        let spent = self.notifier.or_tell(spent, to, request).await?;

        let statement = caller.statement(attempt.account.epoch, status);
        let committed = attempt.commit(Spent::Factor(spent), self.signer.sign(statement, now)).await;
        let committed = self.notifier.or_tell(committed, to, request).await?;
        let signed = committed.signed?;
        let factor = committed.account.factors.get(&id).ok_or(Fault::new("find the factor just verified"))?;
        Reply::ok(&Verified {
            assertion: signed.token,
            expires_at: signed.expires_at.rfc3339(),
            factor: factor.summary(&id),
            recovery: committed.account.recovery_status(),
        })
    }
}
