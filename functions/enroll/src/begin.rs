//! `POST /v1/factors`: begins an authenticator app or a phone. The app's secret is shown only here.

use serde::Serialize;
use shared::{
    account::Account,
    aws::derive::MacPurpose,
    base::{
        audit::AuditEvent,
        clock::Timestamp,
        error::{Fault, Refusal, Result},
        random,
    },
    edge::{
        caller::Caller,
        http::{body::Fields, reply::Reply, request::Request},
    },
    proof::{
        assertion::required,
        factor::{Factor, FactorId, FactorName, Kind, Status},
        phone::{Phone, PhoneNumber},
        totp::{SECRET_BYTES, TotpSecret, qr_svg},
    },
};
use zeroize::Zeroizing;

use crate::Function;

#[derive(Serialize)]
struct Begun<'a> {
    id: &'a FactorId,
    kind: Kind,
    name: &'a FactorName,
    status: Status,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    totp: Option<Totp<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms: Option<Sms<'a>>,
}

#[derive(Serialize)]
struct Totp<'a> {
    secret: &'a str,
    uri: &'a str,
    qr_svg: String,
}

#[derive(Serialize)]
struct Sms<'a> {
    phone_hint: &'a str,
}

impl<'a> Begun<'a> {
    fn new(id: &'a FactorId, factor: &'a Factor) -> Self {
        let expires_at = factor.pending_until().rfc3339();
        let sms = factor.phone().map(|phone| Sms { phone_hint: &phone.hint });
        Self { id, kind: factor.kind(), name: &factor.name, status: factor.status(), expires_at, totp: None, sms }
    }
}

impl Function {
    pub(crate) async fn begin(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let mut fields = request.fields()?;
        let (kind, name) = (kind(&mut fields)?, name(&mut fields)?);
        match kind {
            Kind::Totp => {
                fields.end()?;
                self.begin_app(&caller, name, request.now).await
            }
            Kind::Sms => {
                let number = fields.text("phone").map(Zeroizing::new)?;
                fields.end()?;
                let number = PhoneNumber::parse(&number, &self.regions);
                let number = number.map_err(|reason| Refusal::PhoneNotSupported(reason.name()))?;
                self.begin_phone(&caller, &number, name, request.now).await
            }
        }
    }

    async fn begin_app(&self, caller: &Caller, name: Option<FactorName>, now: Timestamp) -> Result<Reply> {
        let (user, id) = (&caller.user, FactorId::new(now, random::bytes()?));
        let secret = TotpSecret::new(Zeroizing::new(random::bytes::<SECRET_BYTES>()?).as_slice());
        let uri = secret.uri(&self.app_name, caller.label());
        let qr_svg = qr_svg(&uri).ok_or(Fault::new("draw a QR code"))?;

        // Every policy allows authenticator apps, so none is read.
        let (account, sealed) =
            tokio::join!(self.accounts.load(user), self.factor_secrets.seal_totp(user, &id, &secret));
        let factor = Factor::begun_app(name, sealed?, now);
        self.save_begun(caller, account?, &id, &factor, now).await?;
        let totp = Totp { secret: &secret.base32(), uri: &uri, qr_svg };
        Reply::created(&Begun { totp: Some(totp), ..Begun::new(&id, &factor) })
    }

    async fn begin_phone(
        &self,
        caller: &Caller,
        number: &PhoneNumber,
        name: Option<FactorName>,
        now: Timestamp,
    ) -> Result<Reply> {
        let (user, id) = (&caller.user, FactorId::new(now, random::bytes()?));
        let (account, requirements, sealed, number_digest, exchange_digest) = tokio::join!(
            self.accounts.load(user),
            self.policies.requirements(caller.workspaces(), now),
            self.factor_secrets.seal_phone(user, &id, number),
            self.digests.digest(MacPurpose::Number, number.e164()),
            self.digests.digest(MacPurpose::Exchange, number.exchange()),
        );
        requirements?.require_kind(Kind::Sms)?;
        let phone = Phone { hint: number.hint(), number_digest: number_digest?, exchange_digest: exchange_digest? };
        let factor = Factor::begun_phone(phone, name, sealed?, now);
        self.save_begun(caller, account?, &id, &factor, now).await?;
        Reply::created(&Begun::new(&id, &factor))
    }

    /// Saves the pending factor, if the caller may begin one. After an operator's reset, the login must be newer. If a
    /// factor is active already, the caller needs an assertion.
    async fn save_begun(
        &self,
        caller: &Caller,
        account: Account,
        id: &FactorId,
        factor: &Factor,
        now: Timestamp,
    ) -> Result<()> {
        let make = |account: &Account| {
            account.require_login_since_reset(caller.token.logged_in_at)?;
            let mut factor = factor.clone();
            if account.has_factor() {
                factor.enrolled_by = required::to_begin(caller.assertion.as_ref(), account.epoch)?.enrolls_by(now)?;
            }
            account.begin(id, factor, now)
        };
        self.accounts.change(&caller.user, account, make).await?;
        AuditEvent::FactorPending.log(&caller.user, id.as_str());
        Ok(())
    }
}

/// The field `kind`.
pub(crate) fn kind(fields: &mut Fields) -> Result<Kind, Refusal> {
    Kind::parse(&fields.text("kind")?).ok_or_else(|| Refusal::invalid("The field `kind` must be `totp` or `sms`."))
}

/// The field `name`, if it is there.
pub(crate) fn name(fields: &mut Fields) -> Result<Option<FactorName>, Refusal> {
    let name = fields.optional_text("name")?.map(FactorName::try_from).transpose();
    name.map_err(|_| {
        Refusal::invalid("The field `name` must be one line of 1 to 64 characters, without control characters.")
    })
}
