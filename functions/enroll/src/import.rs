//! `POST /v1/operator/import`: the authenticator app that a user had elsewhere becomes an active factor here, so that users
//! who move in keep it. Its id comes of its user and its secret: what is imported again is found, and nothing changes.

use shared::{
    account::{
        Account,
        store::{SAVES, Saved},
    },
    code::Purpose,
    error::{Fault, Result},
    event::Event,
    factor::{Factor, FactorId, Kind},
    http::{Reply, Request, body::invalid, operator::reason},
    message::mail::{Notice, What},
    totp::TotpSecret,
    user::UserId,
};
use zeroize::Zeroizing;

use crate::{Function, begin};

impl Function {
    pub(crate) async fn import(&self, request: &Request) -> Result<Reply> {
        let operator = self.operators.admit(request)?;
        let now = request.now;
        let mut fields = request.fields()?;
        let user = operator.acts_on(&mut fields)?;
        if begin::kind(&mut fields)? != Kind::Totp {
            return Err(invalid("The field `kind` must be: totp.").into());
        }
        let name = begin::name(&mut fields)?;
        let secret = TotpSecret::parse(&Zeroizing::new(fields.text("secret")?));
        let secret = secret.ok_or_else(|| invalid("The field `secret` must be base32, of 80 to 512 bits."))?;
        let reason = reason(&mut fields)?;
        fields.end()?;

        let base32 = secret.base32();
        let subject = [user.as_str(), base32.as_str()];
        let (account, digest) =
            tokio::try_join!(self.accounts.load(&user), self.digests.digest_of(Purpose::Import, &subject))?;
        let id = FactorId::of(digest.bits());
        let (sealed, kept) = tokio::join!(
            self.vault.seal_totp(&user, &id, &secret),
            self.contacts.kept(&user, account.contact.as_ref())
        );
        let factor = Factor::imported(name, sealed?, now);
        if let Some(known) = self.save_imported(&user, account, &id, &factor, request).await? {
            return Reply::ok(&known.summary(&id));
        }
        Event::FactorImported.log_import(&user, id.as_str(), &operator.id, reason.as_ref(), secret.is_weak());
        if let Some(kept) = kept {
            let notice = Notice::new(What::Imported, now, None, request.accept_language());
            self.mail.tell(&notice, [Some(&kept), None]).await;
        }
        Reply::created(&factor.summary(&id))
    }

    /// Saves what is imported; or returns the factor as it is, where it was imported before.
    async fn save_imported(
        &self,
        user: &UserId,
        mut account: Account,
        id: &FactorId,
        factor: &Factor,
        request: &Request,
    ) -> Result<Option<Factor>> {
        for _ in 0..SAVES {
            let Some(change) = account.import(id, factor.clone(), request.now)? else {
                return Ok(account.factors.remove(id));
            };
            match self.accounts.save(user, &account, &change).await? {
                Saved::Done => return Ok(None),
                Saved::Stale(newer) => account = *newer,
            }
        }
        Err(Fault::contended("save an imported factor").into())
    }
}
