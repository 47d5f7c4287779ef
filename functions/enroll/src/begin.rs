//! `POST /v1/factors`: begins an authenticator app. The secret is shown here and never again.

use serde::Serialize;
use shared::{
    account::Account,
    assertion::require_to_begin,
    error::{Fault, Refusal, Result},
    event::Event,
    factor::{Factor, FactorId, FactorName, Kind, Status},
    http::{
        Reply, Request,
        body::{Fields, invalid},
    },
    random,
    totp::{SECRET_BYTES, TotpSecret, qr_svg},
};
use zeroize::Zeroizing;

use crate::Function;

#[derive(Serialize)]
struct Begun<'a> {
    id: &'a FactorId,
    kind: Kind,
    name: FactorName,
    status: Status,
    expires_at: String,
    totp: Totp<'a>,
}

#[derive(Serialize)]
struct Totp<'a> {
    secret: &'a str,
    uri: &'a str,
    qr_svg: String,
}

impl Function {
    pub(crate) async fn begin(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        caller.refuse_sso()?;
        let (user, now) = (&caller.user, request.now);
        let mut fields = request.fields()?;
        let (kind, name) = (kind(&mut fields)?, name(&mut fields)?);
        fields.end()?;

        let id = FactorId::new(now, random::bytes()?);
        let secret = TotpSecret::new(Zeroizing::new(random::bytes::<SECRET_BYTES>()?).as_slice());
        let uri = secret.uri(&self.app_name, caller.label());
        let qr_svg = qr_svg(&uri).ok_or(Fault::new("draw a QR code"))?;

        let (account, sealed) = tokio::join!(self.accounts.load(user), self.vault.seal_totp(user, &id, &secret));
        let factor = Factor::begun(kind, name.unwrap_or_else(|| FactorName::of_kind(kind)), sealed?, now);
        let make = |account: &Account| {
            if account.has_factor() {
                require_to_begin(caller.assertion.as_ref(), account.epoch)?;
            }
            account.begin(&id, factor.clone(), now)
        };
        self.accounts.change(user, account?, make).await?;
        Event::FactorPending.log(user, id.as_str());
        Reply::created(&Begun {
            id: &id,
            kind,
            expires_at: factor.pending_until().rfc3339(),
            status: factor.status,
            name: factor.name,
            totp: Totp { secret: &secret.base32(), uri: &uri, qr_svg },
        })
    }
}

fn kind(fields: &mut Fields) -> Result<Kind, Refusal> {
    Kind::parse(&fields.text("kind")?).ok_or_else(|| invalid("The field `kind` must be: totp."))
}

/// The field `name`, if it is there.
pub(crate) fn name(fields: &mut Fields) -> Result<Option<FactorName>, Refusal> {
    let name = fields.optional_text("name")?.map(FactorName::try_from).transpose();
    name.map_err(|_| invalid("The field `name` must be 1 to 64 characters, without control characters."))
}
