//! `POST /v1/operator/import`: imports a user's authenticator app as an active factor, so that users who move here keep
//! theirs. The factor's id is derived from the user and the secret. A second import finds the factor, and changes
//! nothing.

use std::future::ready;

use shared::{
    account::Account,
    aws::derive::MacPurpose,
    base::{
        audit::Import,
        error::{Refusal, Result},
    },
    channel::email::{address::EmailAddress, notices::NoticeKind},
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

const SECRET: &str = "The field `secret` must be 80 to 512 bits in base32.";
const MIXED_CASE: &str = "The field `secret` mixes uppercase and lowercase, so it is not base32. Keycloak stores \
                          a secret's raw text: encode that text in base32 first.";
const USER: &str = "The field `user` must not begin or end with a space or a quotation mark.";

impl Function {
    pub(crate) async fn import(&self, request: &Request) -> Result<Reply> {
        let operator = self.operators.admit(request)?;
        let now = request.now;
        let mut fields = request.fields()?;
        let user = operator.acts_on(&mut fields)?;
        // Probably an untrimmed cell of a table. Nobody logs in as that user, and the user who was meant would be
        // without MFA.
        if user.as_str().trim_matches([' ', '"', '\'']) != user.as_str() {
            return Err(Refusal::invalid(USER).into());
        }
        if begin::kind(&mut fields)? != Kind::Totp {
            return Err(Refusal::invalid("The field `kind` must be `totp`.").into());
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
            self.notifier.contacts.kept(&user, account.contact.as_ref())
        );
        let (factor, contact) = (Factor::imported(name, sealed?, now), contact?);
        let make = |account: &Account| account.import(&id, factor.clone(), contact.clone(), now);
        let (account, changed) = self.accounts.change_beside(&user, account, make, |_: &Account| ready(())).await?;
        if changed.is_none() {
            // The app was imported before, so the factor is shown as it is.
            return Reply::ok(&account.factor(&id)?.summary(&id));
        }
        let (factor_id, weak) = (id.as_str(), secret.is_weak());
        Import { user: &user, factor: factor_id, operator: &operator.id, reason: &reason, weak }.log();
        let notice = request.notice_of_operator(NoticeKind::Imported);
        self.notifier.mail.tell(&notice, [email.as_ref(), kept.as_ref()]).await;
        Reply::created(&factor.summary(&id))
    }
}
