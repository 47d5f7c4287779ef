//! `POST /v1/factors/{factor_id}/verify`: a code at a login or step-up. The one pipeline: the attempt is counted before
//! the code is looked at, and the code is spent by the write that accepts it.

use serde::Serialize;
use shared::{
    assertion::Settled,
    attempts::{self, FACTORS},
    error::{Error, Refusal, Result},
    event::Event,
    factor::{FactorId, Summary},
    http::{Reply, Request},
    recovery::Standing,
};

use crate::Function;

#[derive(Serialize)]
struct Verified<'a> {
    assertion: String,
    expires_at: String,
    factor: Summary<'a>,
    recovery: Standing,
}

impl Function {
    pub(crate) async fn check(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        let mut fields = request.fields()?;
        let code = fields.code()?;
        fields.end()?;
        let id = FactorId::parse(&request.path("factor_id")).ok_or(Refusal::FactorNotFound)?;
        let log = |event: Event| event.log(user, id.as_str());

        let reserved = self.accounts.reserve_check(user, &id, now).await?;
        let account = &reserved.account;
        let mut factor = account.factors.get(&id).cloned().ok_or(Refusal::FactorNotFound)?;

        let looked = self.vault.check(user, &id, &factor, &code, now).await;
        let Some(spent) = self.accounts.or_give_back(user, &reserved, looked).await? else {
            let last = FACTORS.locks_at(account.failures);
            log(if last { Event::VerificationLocked } else { Event::VerificationRejected });
            return Err(Refusal::CodeRejected { attempts_left: attempts::left_before_wait(account.failures) }.into());
        };

        // Signed at the same time, and handed out only if the code could be claimed.
        let statement = caller.statement(account.epoch, Settled::passed(factor.kind.amr()));
        let (claimed, signed) =
            tokio::join!(self.accounts.claim(user, &id, spent, now), self.signer.sign(statement, now));
        if let Err(Error::Refusal(Refusal::CodeUsed)) = claimed {
            log(Event::VerificationReplayed);
        }
        claimed?;
        log(Event::VerificationAccepted);
        let signed = signed?;
        factor.last_used_at = Some(now);
        Reply::ok(&Verified {
            assertion: signed.token,
            expires_at: signed.expires_at.rfc3339(),
            factor: factor.summary(&id),
            recovery: account.recovery_standing(),
        })
    }
}
