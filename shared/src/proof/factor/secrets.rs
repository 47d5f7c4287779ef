//! The secrets of factors. KMS seals each one for its user and its factor alone. To check a typed code, KMS opens the
//! secret of an app or derives the code that was texted.

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
        settings::{SettingError, Settings, setting},
    },
    proof::{
        code::{Code, SentCode},
        factor::{Factor, FactorId, Method, Spent},
        phone::PhoneNumber,
        totp::TotpSecret,
    },
};

/// The keys that seal secrets of factors and derive texted codes.
pub struct FactorSecrets {
    sealer: Sealer,
    sent_codes: Deriver,
}

impl FactorSecrets {
    /// Reads the deployment's sealing key from the settings, and the keys of sent codes from `MFA_CODE_KEYS`.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { sealer: Sealer::new(settings, aws)?, sent_codes: Deriver::new(settings, aws, &setting::CODE_KEYS)? })
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

    /// Returns the label of the key for new texted codes.
    pub fn code_label(&self) -> Result<&str, Fault> {
        self.sent_codes.current_label()
    }

    /// Derives the code that is texted for the login token with the hash `ath`. Another login has another code.
    pub async fn sent_code(&self, user: &UserId, id: &FactorId, sent: &SentCode, ath: &str) -> Result<Code, Fault> {
        let mut subject = vec![user.as_str(), id.as_str()];
        subject.extend(sent.by_login.then_some(ath));
        let message = message(MacPurpose::Text, &subject, Some(&sent.nonce));
        Ok(Code::of(&self.sent_codes.derive(&sent.key, message).await?))
    }

    /// Checks `typed` as a code of the factor at `now`, for the login token with the hash `ath`. Returns what it
    /// spends, or `None` if it is wrong.
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
