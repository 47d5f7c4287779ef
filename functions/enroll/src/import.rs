//! `POST /v1/operator/import`: the authenticator app that a user had elsewhere becomes an active factor here, so that users
//! who move in keep it. Its id comes of its user and its secret: what is imported again is found, and nothing changes.

use shared::{
    account::{
        Account, Change,
        store::{SAVES, Saved},
    },
    aws::derive::MacPurpose,
    base::{
        audit::Import,
        error::{Fault, Refusal, Result},
        ids::UserId,
    },
    channel::email::{
        address::EmailAddress,
        notices::{Notice, NoticeKind},
    },
    edge::{
        caller::operator::reason,
        http::{reply::Reply, request::Request},
    },
    proof::{
        factor::{Factor, FactorId, Kind},
        totp::{TotpSecret, Unreadable},
    },
};
use zeroize::Zeroizing;

use crate::{Function, begin};

const SECRET: &str = "The field `secret` must be base32, of 80 to 512 bits.";
const MIXED_CASE: &str = "The field `secret` has small and capital letters, so it is not base32. Keycloak stores a secret's raw text: \
                          encode that text in base32 first.";
const USER: &str = "The field `user` must not begin or end with a space or a quotation mark.";

impl Function {
    pub(crate) async fn import(&self, request: &Request) -> Result<Reply> {
        let operator = self.operators.admit(request)?;
        let now = request.now;
        let mut fields = request.fields()?;
        let user = operator.acts_on(&mut fields)?;
        // A cell of a table that was not trimmed: nobody would log in as that user, and this one would lose MFA.
        if user.as_str().trim_matches([' ', '"', '\'']) != user.as_str() {
            return Err(Refusal::invalid(USER).into());
        }
        if begin::kind(&mut fields)? != Kind::Totp {
            return Err(Refusal::invalid("The field `kind` must be: totp.").into());
        }
        let name = begin::name(&mut fields)?;
        let secret = TotpSecret::parse(&Zeroizing::new(fields.text("secret")?));
        let secret = secret.map_err(|why| match why {
            Unreadable::MixedCase => Refusal::invalid(MIXED_CASE),
            Unreadable::NotBase32 => Refusal::invalid(SECRET),
        })?;
        let email = fields.optional_text("email")?.map(|email| EmailAddress::parse(&email));
        let email = email.map(|email| email.ok_or(Refusal::EmailNotWritable)).transpose()?;
        let reason = reason(&mut fields)?;
        fields.end()?;

        let base32 = secret.base32();
        let subject = [user.as_str(), base32.as_str()];
        let (account, digest) =
            tokio::try_join!(self.accounts.load(&user), self.digests.digest_of(MacPurpose::Import, &subject))?;
        let id = FactorId::of(digest.bits());
        let (sealed, contact, kept) = tokio::join!(
            self.factor_secrets.seal_totp(&user, &id, &secret),
            self.contact(&user, email.as_ref(), now),
            self.contacts.kept(&user, account.contact.as_ref())
        );
        let (factor, contact) = (Factor::imported(name, sealed?, now), contact?);
        let make = |account: &Account| account.import(&id, factor.clone(), contact.clone(), now);
        if let Some(known) = self.save_imported(&user, account, &id, make).await? {
            return Reply::ok(&known.summary(&id));
        }
        let (factor_id, weak) = (id.as_str(), secret.is_weak());
        Import { user: &user, factor: factor_id, operator: &operator.id, reason: &reason, weak }.log();
        let notice = Notice::new(NoticeKind::Imported, now, None, request.accept_language());
        self.mail.tell(&notice, [email.as_ref(), kept.as_ref()]).await;
        Reply::created(&factor.summary(&id))
    }

    /// Saves what is imported; or returns the factor as it is, where it was imported before.
    async fn save_imported(
        &self,
        user: &UserId,
        mut account: Account,
        id: &FactorId,
        make: impl Fn(&Account) -> Result<Option<Change>, Refusal>,
    ) -> Result<Option<Factor>> {
        for _ in 0..SAVES {
            let Some(change) = make(&account)? else {
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
