//! A factor's secret at rest: sealed by KMS for its user and the factor itself, and for nothing else. And what a typed code
//! is compared with: KMS opens the secret of an app, and derives the code that a phone was sent.

use crate::{
    aws::{
        clients::Clients,
        derive::{Deriver, MacPurpose, message},
        seal::{EncryptionContext, SealPurpose, Sealed, Sealer},
    },
    base::{
        clock::Timestamp,
        error::Fault,
        ids::UserId,
        settings::{SettingError, Settings},
    },
    proof::{
        code::{Code, SentCode},
        factor::{Factor, FactorId, Method, Spent},
        phone::PhoneNumber,
        totp::TotpSecret,
    },
};

/// Seals and opens the secrets of factors, and checks codes of them.
pub struct FactorSecrets {
    sealer: Sealer,
    sent_codes: Deriver,
}

impl FactorSecrets {
    /// Takes the deployment's sealing key from the settings and, from `MFA_CODE_KEYS`, its keys of codes that are sent.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { sealer: Sealer::new(settings, aws)?, sent_codes: Deriver::new(settings, aws, "MFA_CODE_KEYS")? })
    }

    /// Seals the secret of an app.
    pub async fn seal_totp(&self, user: &UserId, id: &FactorId, secret: &TotpSecret) -> Result<Sealed, Fault> {
        self.sealer.seal(binding(user, id, SealPurpose::Totp), secret.bytes()).await
    }

    /// Seals the number of a phone.
    pub async fn seal_phone(&self, user: &UserId, id: &FactorId, number: &PhoneNumber) -> Result<Sealed, Fault> {
        self.sealer.seal(binding(user, id, SealPurpose::Phone), number.e164().as_bytes()).await
    }

    /// Opens the number of a phone.
    pub async fn open_phone(&self, user: &UserId, id: &FactorId, factor: &Factor) -> Result<PhoneNumber, Fault> {
        let number = self.sealer.open(binding(user, id, SealPurpose::Phone), &factor.sealed).await?;
        PhoneNumber::kept(&number).ok_or(Fault::new("read a phone number"))
    }

    /// The label of the key that a new code for a phone is derived with.
    pub fn code_label(&self) -> Result<&str, Fault> {
        self.sent_codes.current_label()
    }

    /// The code that a phone is sent for the login of the token with the hash `ath`: another login has another one.
    pub async fn sent_code(&self, user: &UserId, id: &FactorId, sent: &SentCode, ath: &str) -> Result<Code, Fault> {
        let mut subject = vec![user.as_str(), id.as_str()];
        subject.extend(sent.by_login.then_some(ath));
        let message = message(MacPurpose::Text, &subject, Some(&sent.nonce));
        Ok(Code::of(&self.sent_codes.derive(&sent.key, message).await?))
    }

    /// What accepting `typed` as a code of the factor spends; `None` if it is none of its codes at `now`, for the login of the
    /// token with the hash `ath`.
    pub async fn check(
        &self,
        user: &UserId,
        id: &FactorId,
        factor: &Factor,
        typed: &Code,
        ath: &str,
        now: Timestamp,
    ) -> Result<Option<Spent>, Fault> {
        match &factor.method {
            Method::Totp { .. } => {
                let secret = self.sealer.open(binding(user, id, SealPurpose::Totp), &factor.sealed).await?;
                Ok(TotpSecret::new(&secret).matching_step(typed.digits(), now).map(Spent::Step))
            }
            Method::Sms { code, .. } => {
                let Some(sent) = code.as_ref().filter(|sent| sent.is_live(now)) else { return Ok(None) };
                let right = self.sent_code(user, id, sent, ath).await?.is(typed);
                Ok(right.then_some(Spent::Sent(sent.nonce)))
            }
        }
    }
}

fn binding<'a>(user: &'a UserId, id: &'a FactorId, purpose: SealPurpose) -> EncryptionContext<'a> {
    EncryptionContext { user, item: id.as_str(), purpose }
}
