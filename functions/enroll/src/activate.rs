//! `POST /v1/factors/{factor_id}/activate`: a code from a pending factor makes it active; with the first one come the
//! recovery codes. The same pipeline as a check, on a count of the factor's own.

use serde::Serialize;
use shared::{
    account::{
        Account, Change,
        store::{SAVES, Saved},
    },
    base::{
        audit::AuditEvent,
        clock::Timestamp,
        error::{Error, Fault, Refusal, Result, chain},
        ids::UserId,
    },
    channel::email::notices::NoticeKind,
    edge::{
        caller::Caller,
        http::{reply::Reply, request::Request},
    },
    proof::{
        assertion::{MfaStatus, signer::Signed},
        factor::{FactorId, FactorSummary, Kind},
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
        let id = FactorId::parse(&request.path("factor_id")).ok_or(Refusal::FactorNotFound)?;

        let (reserved, requirements, seen) = tokio::join!(
            self.accounts.reserve_activation(user, &id, now),
            self.policies.requirements(caller.workspaces(), now),
            self.members.seen(user, caller.workspaces())
        );
        let reserved = reserved?;
        let account = &reserved.account;
        let factor = account.factors.get(&id).ok_or(Refusal::FactorNotFound)?;
        let allowed = requirements.map_err(Error::from).and_then(|all| Ok(all.require_enrollable(factor)?));
        self.accounts.or_give_back(user, &reserved, allowed).await?;
        let what = if factor.kind() == Kind::Totp { NoticeKind::AppAdded } else { NoticeKind::PhoneAdded };
        let (looked, kept) = tokio::join!(
            async {
                let check = self.factor_secrets.check(user, &id, factor, &code, &caller.ath, now);
                tokio::try_join!(check, self.first_codes(user, account), self.contact(user, caller.address(), now))
            },
            self.contacts.kept(user, account.contact.as_ref()),
        );
        let (spent, codes, contact) = self.accounts.or_give_back(user, &reserved, looked).await?;
        let Some(spent) = spent else {
            AuditEvent::VerificationRejected.log(user, id.as_str());
            return Err(Refusal::CodeRejected { attempts_left: account.pending_tries_left(&id) }.into());
        };

        let set = codes.as_ref().map(|codes| &codes.kept);
        let make = |account: &Account| account.activate(&id, spent, now, set.cloned(), contact.clone());
        let (after, signed) = self.save_and_sign(&caller, &id, reserved.account, make, now).await?;
        AuditEvent::FactorActivated.log(user, id.as_str());
        let member = Member::of(&after, now);
        tokio::join!(
            self.tell(what, &caller, kept.as_ref(), request),
            self.members.note(user, &after, seen, caller.workspaces(), &member)
        );
        let signed = match signed {
            Ok(signed) => Some(signed),
            // The codes are shown once: better without an assertion than not at all.
            Err(fault) if codes.is_some() => {
                tracing::error!(fault = chain(&fault), "activated without an assertion");
                None
            }
            Err(fault) => return Err(fault.into()),
        };
        let shown = codes.as_ref().map(|codes| codes.shown.iter().map(RecoveryCode::spelled).collect::<Vec<_>>());
        let factor = after.factors.get(&id).ok_or(Fault::new("find the factor just activated"))?;
        Reply::ok(&Activated {
            expires_at: signed.as_ref().map(|signed| signed.expires_at.rfc3339()),
            assertion: signed.map(|signed| signed.token),
            factor: factor.summary(&id),
            recovery: after.recovery_status(),
            recovery_codes: shown.as_ref().map(|codes| codes.iter().map(|code| code.as_str()).collect()),
        })
    }

    /// Saves the activation and signs its assertion at the same time; the assertion is handed out only if it was saved.
    /// Made anew where another change came first.
    async fn save_and_sign(
        &self,
        caller: &Caller,
        id: &FactorId,
        mut account: Account,
        make: impl Fn(&Account) -> Result<Change, Refusal>,
        now: Timestamp,
    ) -> Result<(Account, Result<Signed, Fault>)> {
        for _ in 0..SAVES {
            let change = make(&account)?;
            let after = account.after(&change);
            let factor = after.factors.get(id).ok_or(Refusal::FactorNotFound)?;
            let statement = caller.statement(after.epoch, MfaStatus::by_factor(factor));
            let save = self.accounts.save(&caller.user, &account, &change);
            let (saved, signed) = tokio::join!(save, self.signer.sign(statement, now));
            match saved? {
                Saved::Done => return Ok((after, signed)),
                Saved::Stale(newer) => account = *newer,
            }
        }
        Err(Fault::contended("save an activated factor").into())
    }

    /// The recovery codes that an activation brings: none where a factor is active already.
    async fn first_codes(&self, user: &UserId, account: &Account) -> Result<Option<NewCodes>, Fault> {
        if account.has_factor() { Ok(None) } else { self.recovery_secrets.draw(user).await.map(Some) }
    }
}
