//! `POST /v1/recovery/verify`: a recovery code at a login, where the device is lost. The same pipeline as a check, on a
//! count of its own, so that who is locked out of their factors still gets in.

use serde::Serialize;
use shared::{
    assertion::Settled,
    attempts::{self, RECOVERY},
    error::{Error, Fault, Refusal, Result},
    event::Event,
    http::{Reply, Request, body::invalid},
    recovery::{RecoveryCode, Standing},
};

use crate::Function;

#[derive(Serialize)]
struct Redeemed {
    assertion: String,
    expires_at: String,
    recovery: Standing,
}

impl Function {
    pub(crate) async fn redeem(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        let mut fields = request.fields()?;
        let code = RecoveryCode::parse(&fields.text("code")?);
        let code = code.ok_or_else(|| invalid("The field `code` must be a recovery code: 16 letters and digits."))?;
        fields.end()?;
        let log = |event: Event| event.log(user, "recovery_code");

        let reserved = self.accounts.reserve_recovery(user, now).await?;
        let mut account = reserved.account.clone();
        let kept = account.recovery.as_mut().ok_or(Fault::new("find the recovery codes of an attempt"))?;
        let codes = self.vault.codes(user, kept).await;
        let codes = self.accounts.or_give_back(user, &reserved, codes).await?;
        let Some(index) = code.index_in(&codes) else {
            let failures = account.recovery_failures;
            let last = RECOVERY.locks_at(failures);
            log(if last { Event::VerificationLocked } else { Event::VerificationRejected });
            return Err(Refusal::CodeRejected { attempts_left: attempts::left_before_wait(failures) }.into());
        };

        // Signed at the same time, and handed out only if the code could be claimed.
        let statement = caller.statement(account.epoch, Settled::recovered("recovery"));
        let (claimed, signed) =
            tokio::join!(self.accounts.claim_recovery(user, &kept.nonce, index, now), self.signer.sign(statement, now));
        if let Err(Error::Refusal(Refusal::CodeUsed)) = claimed {
            log(Event::VerificationReplayed);
        }
        claimed?;
        kept.used.insert(index.to_string(), now);
        let recovery = account.recovery_standing();
        log(Event::RecoveryUsed);
        if recovery.low {
            log(Event::RecoveryLow);
        }
        let signed = signed?;
        Reply::ok(&Redeemed { assertion: signed.token, expires_at: signed.expires_at.rfc3339(), recovery })
    }
}
