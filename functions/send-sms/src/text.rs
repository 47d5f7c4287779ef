//! `POST /v1/factors/{factor_id}/texts`: texts a code to a pending or active phone. The text is counted before it is
//! sent. A refused text is given back. A text that may have been sent stays counted.

use std::net::IpAddr;

use serde::Serialize;
use shared::{
    account::{
        Account,
        sending::{FreshCode, Text},
        store::{Saved, until_counted},
    },
    aws::derive::{MacPurpose, Nonce},
    base::{
        audit::AuditEvent,
        clock::{Timestamp, whole_seconds},
        error::{Error, Fault, Refusal, Result},
        random,
    },
    channel::{language::Language, unsent::Unsent},
    edge::{
        caller::Caller,
        http::{reply::Reply, request::Request},
    },
    proof::{
        code::Code,
        factor::{FactorId, Kind},
        phone::PhoneNumber,
    },
    workspace::policy::requirements::Requirements,
};

use crate::Function;

#[derive(Serialize)]
struct Sent {
    to_hint: String,
    expires_at: String,
    resend_after: u64,
}

/// Why a text was not sent, if known, and which counts stay.
struct Undelivered {
    error: Error,
    stays: Stays,
}

enum Stays {
    /// No count: the text was not sent.
    Nothing,
    /// The wait before the next text and, for a pending phone, the user's count: a STOP or SNS refused the text.
    Wait,
    /// All counts: the text may have been sent.
    All,
}

impl Undelivered {
    /// A text that a fault of this service stopped.
    fn broken(fault: Fault) -> Self {
        Self { error: fault.into(), stays: Stays::Nothing }
    }

    /// A text that a STOP or SNS refused.
    fn refused(refusal: Refusal) -> Self {
        Self { error: refusal.into(), stays: Stays::Wait }
    }
}

impl Function {
    pub(crate) async fn text(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        request.fields()?.end()?;
        caller.token.require_time_for_a_code(request.now)?;
        let id = request.factor_id()?;

        let sent = self.count_and_send(&caller, &id, request).await;
        match &sent {
            Ok(_) => AuditEvent::TextSent.log(&caller.user, id.as_str()),
            Err(Error::Refusal(refusal)) => {
                if let Some(why) = why(refusal) {
                    AuditEvent::TextRefused.log_why(&caller.user, id.as_str(), why);
                }
            }
            Err(Error::Fault(_)) => {}
        }
        sent
    }

    async fn count_and_send(&self, caller: &Caller, id: &FactorId, request: &Request) -> Result<Reply> {
        let (user, now) = (&caller.user, request.now);
        let (account, requirements, address) = tokio::try_join!(
            self.accounts.load(user),
            self.policies.requirements(caller.workspaces(), now),
            self.address(request)
        )?;
        let once = async |account: Account| {
            let text = self.plan(&account, &requirements, id, now)?;
            let factor = account.factor(id)?;
            let phone = factor.phone().ok_or(Fault::new("find the phone of a factor"))?;
            let [first] = random::bytes()?;
            let counters = self.budget.counters(phone, text.status, address.as_deref(), first, now);
            let (taken, number, code) = tokio::join!(
                self.accounts.take_text(user, &text, &counters, now),
                self.factor_secrets.open_phone(user, id, factor),
                self.factor_secrets.sent_code(user, id, &text.code, &caller.ath),
            );
            let counted = match taken? {
                Saved::Done(counted) => counted,
                Saved::Stale(newer) => return Ok(Saved::Stale(newer)),
            };
            let expires = caller.token.ends_with(text.code.expires);
            if let Err(Undelivered { error, stays }) = self.deliver(number, code, &text, expires, request).await {
                match stays {
                    Stays::Nothing => self.accounts.give_back_text(user, &text, &counted).await,
                    Stays::Wait => self.accounts.give_back_text(user, &text.keeping_its_wait(), &counted).await,
                    Stays::All => {}
                }
                return Err(error);
            }
            let to_hint = phone.hint.clone();
            Ok(Saved::Done(Sent { to_hint, expires_at: expires.rfc3339(), resend_after: whole_seconds(text.wait) }))
        };
        let sent = until_counted(account, self.budget.limits.plans(), "count a text", once).await?;
        Reply::accepted(&sent)
    }

    /// Plans the text from the account as it is.
    fn plan(&self, account: &Account, requirements: &Requirements, id: &FactorId, now: Timestamp) -> Result<Text> {
        if let Some(factor) = account.factors.get(id).filter(|factor| factor.kind() == Kind::Sms) {
            if !factor.is_active() {
                requirements.require_enrollable(factor)?;
            } else if !requirements.lets_prove(factor, account) {
                return Err(Refusal::NotAllowedByWorkspace.into());
            }
        }
        let fresh = FreshCode {
            id: random::id()?,
            key: self.factor_secrets.code_label()?,
            nonce: Nonce::new(random::bytes()?),
        };
        Ok(account.text(id, &self.budget.limits, fresh, now)?)
    }

    /// The digest of the client's address, if texts are counted by it.
    async fn address(&self, request: &Request) -> Result<Option<String>, Fault> {
        if !self.budget.limits.by_address() {
            return Ok(None);
        }
        let address = request.client_address().ok_or(Fault::new("find the client's IP address"))?;
        self.digests.digest(MacPurpose::Address, &network(address)).await.map(Some)
    }

    async fn deliver(
        &self,
        number: Result<PhoneNumber, Fault>,
        code: Result<Code, Fault>,
        text: &Text,
        expires: Timestamp,
        request: &Request,
    ) -> Result<(), Undelivered> {
        let (number, code) = (number.map_err(Undelivered::broken)?, code.map_err(Undelivered::broken)?);
        if self.sender.opted_out(&number).await {
            return Err(Undelivered::refused(Refusal::PhoneOptedOut));
        }
        let language = Language::accepted(request.accept_language());
        let minutes = expires.since(request.now).as_secs() / 60;
        let words = self.texts.code(language, &code, minutes);
        self.sender.send(&number, &words).await.map_err(|unsent| match unsent {
            Unsent::Refused => Undelivered::refused(Refusal::TextNotSent),
            Unsent::Unknown(fault) => Undelivered { error: fault.for_now(text.wait).into(), stays: Stays::All },
        })
    }
}

/// The reason for the audit event of a refused text. `None` if the request itself was wrong.
fn why(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::TooManyTexts { limit, .. } => Some(limit),
        Refusal::PhoneOptedOut => Some("opted-out"),
        Refusal::TextNotSent => Some("not-sent"),
        _ => None,
    }
}

/// The network of one client: an IPv4 address, or the /64 of an IPv6 address. A provider gives a whole /64 to one
/// customer.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
