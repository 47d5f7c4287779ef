//! The model's knowledge of users and policies, and the rules. It uses no code of the product.

use std::collections::{BTreeMap, HashSet};

use crate::stage::Authenticator;

pub const DAY: u64 = 24 * 3600;
/// A texted code that nobody has seen.
pub const UNSEEN: &str = "?";

/// A factor.
pub struct Factor {
    pub id: String,
    pub kind: &'static str,
    /// The app that shows its codes. A phone has none.
    pub app: Option<Authenticator>,
    pub phone: Option<String>,
    /// Its name, if it is known.
    pub name: Option<String>,
    pub active: bool,
    pub begun_at: u64,
    /// Wrong codes while it was pending.
    pub tries: u32,
    /// The latest time step of 30 s whose code was accepted.
    pub last_step: u64,
    /// The last texted code, or `UNSEEN`, and when it expires.
    pub texted: Option<(String, u64)>,
    /// How its user was verified when they began it.
    pub enrolled_by: String,
    /// Since when it is active.
    pub since: u64,
}

impl Factor {
    pub fn is_live_pending(&self, now: u64) -> bool {
        !self.active && now < self.begun_at + 600 && self.tries < 5
    }
}

/// An assertion that a user holds.
pub struct Proof {
    pub token: String,
    pub mfa: String,
    pub epoch: u64,
    pub until: u64,
    /// The kind of the code: `otp`, `sms`, `recovery` or `email`.
    pub method: String,
    /// If it is by a factor: how that factor was begun, and since when it is active.
    pub factor: Option<(String, u64)>,
}

impl Proof {
    /// The `enrolled_by` of a factor that is begun with this assertion.
    pub fn enrolls_by(&self, now: u64) -> &str {
        match &self.factor {
            Some((by, _)) if by == "email" => by,
            Some((by, since)) if ["first", "recovery", "import"].contains(&by.as_str()) && now < since + DAY => by,
            _ => &self.method,
        }
    }

    /// Whether it allows no strong act yet: an emailed code began its factor, which is active for less than 24 hours.
    pub fn is_too_new(&self, now: u64) -> bool {
        self.factor.as_ref().is_some_and(|(by, since)| by == "email" && now < since + DAY)
    }
}

/// Wrong codes in a row that were compared.
#[derive(Default)]
pub struct Guesses {
    pub count: u32,
    pub last_at: u64,
}

impl Guesses {
    /// Whether another code may be compared. Five are free. Then the wait since the last one is 30 s, and doubles each
    /// time, up to an hour. At `cap` the account is locked.
    pub fn allow(&self, cap: u32, now: u64) -> Result<(), (u16, &'static str)> {
        let wait = if self.count < 5 { 0 } else { (30_u64 << (self.count - 5).min(10)).min(3600) };
        match () {
            () if self.count >= cap => Err((423, "locked")),
            () if now < self.last_at + wait => Err((429, "too-many-attempts")),
            () => Ok(()),
        }
    }

    pub fn compared(&mut self, now: u64) {
        self.count += 1;
        self.last_at = now;
    }

    pub fn clear(&mut self) {
        self.count = 0;
    }
}

/// The last emailed code, when it expires, and the number of wrong codes against it.
pub struct Emailed {
    pub code: String,
    pub until: u64,
    pub tries: u32,
}

/// A user, as far as the model knows.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Person {
    pub factors: Vec<Factor>,
    /// The last recovery codes, and whether each was used. `None` if nobody has seen them.
    pub recovery: Option<Vec<(String, bool)>>,
    pub guesses: Guesses,
    pub recovery_guesses: Guesses,
    pub emailed: Option<Emailed>,
    /// Whether there is an account, and whether it has recovery codes and a recovery address.
    pub has_account: bool,
    pub has_codes: bool,
    pub has_contact: bool,
    /// Whether a workspace's list of members may include the user.
    pub was_seen: bool,
    /// When texts were sent to the user. When emails were, and whether that is certain.
    pub texts: Vec<u64>,
    pub emails: Vec<(u64, bool)>,
    /// The last app that an operator imported: its factor and its secret.
    pub imported: Option<(String, String)>,
    pub proof: Option<Proof>,
    /// When an operator last reset the user.
    pub reset_at: Option<u64>,
    pub epoch: u64,
    /// Every code that was ever accepted, each with its factor, `recovery` or `emailed`.
    pub accepted: HashSet<(String, String)>,
}

impl Person {
    pub fn active(&self) -> impl Iterator<Item = &Factor> {
        self.factors.iter().filter(|factor| factor.active)
    }

    pub fn factor(&mut self, id: &str) -> Option<&mut Factor> {
        self.factors.iter_mut().find(|factor| factor.id == id)
    }

    /// Forgets everything that goes with the last factor.
    pub fn lose_all(&mut self) {
        self.factors.clear();
        self.recovery = None;
        self.has_codes = false;
        self.emailed = None;
    }

    /// Whether another email is too many: one a minute, three in an hour and five in a day (UTC) are allowed.
    pub fn too_many_emails(&self, and_unsure: bool, now: u64) -> bool {
        let sent: Vec<_> = self.emails.iter().filter(|(_, sure)| *sure || and_unsure).map(|(at, _)| *at).collect();
        let within = |window| sent.iter().filter(|at| *at / window == now / window).count();
        sent.iter().any(|at| now < at + 60) || within(3600) >= 3 || within(DAY) >= 5
    }
}

/// The policy of a workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// If it requires MFA: since when, and when the days of grace end.
    pub required: Option<(u64, u64)>,
    pub phones: bool,
}

/// The strictest of several policies.
#[expect(clippy::struct_excessive_bools, reason = "whether MFA and whether phones, each now and for good")]
pub struct Required {
    pub now: bool,
    pub later: bool,
    pub phones_now: bool,
    pub phones_ever: bool,
}

pub type Policies = BTreeMap<&'static str, Policy>;

/// The strictest of these workspaces' policies.
pub fn strictest(policies: &Policies, workspaces: &[&str], now: u64) -> Required {
    let requiring = workspaces.iter().filter_map(|name| policies.get(name)).filter(|policy| policy.required.is_some());
    let mut all = Required { now: false, later: false, phones_now: true, phones_ever: true };
    for policy in requiring {
        let in_force = policy.required.is_some_and(|(_, from)| from <= now);
        all.now |= in_force;
        all.later |= !in_force;
        all.phones_now &= policy.phones || !in_force;
        all.phones_ever &= policy.phones;
    }
    all
}

impl Required {
    pub fn is_usable(&self, factor: &Factor) -> bool {
        factor.active && (factor.kind == "totp" || self.phones_now)
    }

    /// The decision at a login, and its reason.
    pub fn decide(&self, person: &Person) -> (&'static str, &'static str) {
        match () {
            () if person.active().any(|factor| self.is_usable(factor)) => ("challenge", "mfa_enabled"),
            () if person.active().next().is_some() => ("enroll", "method_not_allowed"),
            () if self.now => ("enroll", "required_by_workspace"),
            () if self.later => ("allow", "grace_period"),
            () => ("allow", "mfa_not_enabled"),
        }
    }
}
