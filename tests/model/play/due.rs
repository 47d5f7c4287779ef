//! The replies that the rules require, from the model's state before the request.

use super::{Due, Play, codes::Code};
use crate::model::truth::{DAY, Factor};

const EXPIRED: Due = Err((422, "code-expired"));
const REJECTED: Due = Err((422, "code-rejected"));
const FORBIDDEN: Due = Err((403, "not-allowed-by-workspace"));

impl Play {
    /// Whether the user's assertion has expired. An expired one is refused even if none is required.
    fn is_over(&self, who: usize) -> bool {
        self.people[who].proof.as_ref().is_some_and(|proof| proof.until <= self.now)
    }

    /// Checks whether the user's assertion allows a change. The error is the expected refusal.
    pub(super) fn proven(&self, who: usize, and_enrolling: bool) -> Result<(), (u16, &'static str)> {
        match &self.people[who].proof {
            None => Err((403, "assertion-required")),
            Some(proof) if proof.until > self.now && proof.epoch == self.people[who].epoch => {
                match proof.mfa.as_str() {
                    "passed" if and_enrolling || proof.factor.is_some() => Ok(()),
                    "enroll_only" if and_enrolling => Ok(()),
                    _ => Err((403, "assertion-required")),
                }
            }
            Some(_) => Err((403, "assertion-invalid")),
        }
    }

    /// Checks whether the user's assertion allows a strong act. The error is the expected refusal.
    pub(super) fn strong(&self, who: usize) -> Result<(), (u16, &'static str)> {
        self.proven(who, false)?;
        let is_too_new = self.people[who].proof.as_ref().is_some_and(|proof| proof.is_too_new(self.now));
        if is_too_new { Err((403, "factor-too-new")) } else { Ok(()) }
    }

    pub(super) fn due_begin(&self, who: usize, kind: &str) -> Due {
        let person = &self.people[who];
        let (is_phone, limit) = if kind == "sms" { (true, 2) } else { (false, 5) };
        match self.proven(who, true) {
            Err(why) if self.is_over(who) => Err(why),
            _ if is_phone && !self.required(who).phones_ever => FORBIDDEN,
            _ if self.logged_in_before_reset(who) => Err((403, "login-too-old")),
            Err(why) if person.active().next().is_some() => Err(why),
            _ if person.active().filter(|factor| factor.kind == kind).count() >= limit => {
                Err((409, "too-many-factors"))
            }
            _ => Ok(201),
        }
    }

    pub(super) fn due_activate(&self, who: usize, whose: usize, index: usize, code: &Code) -> Due {
        let factor = &self.people[whose].factors[index];
        match () {
            () if who != whose => Err((404, "factor-not-found")),
            () if factor.active => Err((409, "factor-not-pending")),
            () if !factor.is_live_pending(self.now) => Err((410, "enrollment-expired")),
            () if factor.kind == "sms" && !has_live_text(factor, self.now) => EXPIRED,
            () if factor.kind == "sms" && !self.required(who).phones_ever => FORBIDDEN,
            () if code.step.is_none() => REJECTED,
            () => Ok(200),
        }
    }

    /// The reply to a code of this factor. With `uncounted`, the reply if no failures were counted.
    pub(super) fn due_verify(&self, who: usize, whose: usize, index: usize, code: &Code, uncounted: bool) -> Due {
        let (now, required) = (self.now, self.required(who));
        let person = &self.people[whose];
        let factor = &person.factors[index];
        match person.guesses.allow(50, now) {
            _ if who != whose => Err((404, "factor-not-found")),
            _ if !factor.active => Err((409, "factor-not-active")),
            _ if factor.kind == "sms" && !has_live_text(factor, now) => EXPIRED,
            Err(why) if !uncounted => Err(why),
            _ if !required.is_usable(factor) && person.active().any(|factor| required.is_usable(factor)) => FORBIDDEN,
            _ => match code.step {
                None => REJECTED,
                Some(step) if factor.app.is_some() && step <= factor.last_step => Err((422, "code-used")),
                Some(_) => Ok(200),
            },
        }
    }

    /// The possible replies to a request for a text. The model does not know the quotas on texts. It only knows that
    /// none refuses if no text was sent to anybody in the last 24 hours.
    pub(super) fn due_text(&self, who: usize, index: usize) -> Vec<Due> {
        let (now, required) = (self.now, self.required(who));
        let person = &self.people[who];
        let factor = &person.factors[index];
        let is_usable = required.is_usable(factor) || !person.active().any(|factor| required.is_usable(factor));
        let may_be = if factor.active { is_usable } else { required.phones_ever };
        let refusal = match () {
            () if factor.kind == "sms" && !may_be => FORBIDDEN,
            () if !factor.active && !factor.is_live_pending(now) => Err((410, "enrollment-expired")),
            () if factor.kind != "sms" => Err((409, "factor-not-sms")),
            () if factor.active && person.guesses.count >= 50 => Err((423, "locked")),
            // The factor expires in less than a minute, so nobody could type the code in time.
            () if !factor.active && factor.begun_at + 600 < now + 60 => Err((410, "enrollment-expired")),
            () if self.texted_at.is_none_or(|at| at + DAY < now) => return vec![Ok(202)],
            () => return vec![Ok(202), Err((429, "too-many-texts"))],
        };
        vec![refusal]
    }

    pub(super) fn due_email(&self, who: usize) -> Vec<Due> {
        let person = &self.people[who];
        if person.active().next().is_none() {
            // A user without a factor always gets a 202.
            return vec![Ok(202)];
        }
        if !person.has_contact {
            return vec![Err((403, "email-recovery-held"))];
        }
        let mut due = Vec::new();
        if person.too_many_emails(true, self.now) {
            due.push(Err((429, "too-many-emails")));
        }
        if !person.too_many_emails(false, self.now) {
            due.push(Ok(202));
        }
        due
    }

    /// The reply to a recovery code. `known` is whether it is used, or `None` if it is not a code of the user.
    pub(super) fn due_recover(&self, who: usize, known: Option<bool>) -> Due {
        let person = &self.people[who];
        match (person.recovery_guesses.allow(100, self.now), known) {
            // A user without recovery codes is only told that the code is wrong. It is not counted.
            _ if !person.has_codes => REJECTED,
            (Err(why), _) => Err(why),
            (Ok(()), None) => REJECTED,
            (Ok(()), Some(true)) => Err((422, "code-used")),
            (Ok(()), Some(false)) => Ok(200),
        }
    }

    pub(super) fn due_recover_by_email(&self, who: usize, is_right: bool) -> Due {
        let person = &self.people[who];
        let is_live = person.emailed.as_ref().is_some_and(|emailed| self.now < emailed.until && emailed.tries < 5);
        match () {
            () if person.active().next().is_none() => REJECTED,
            () if !is_live => EXPIRED,
            () if !is_right => REJECTED,
            () => Ok(200),
        }
    }

    pub(super) fn due_renew(&self, who: usize) -> Due {
        match self.strong(who) {
            Err(why) if self.is_over(who) => Err(why),
            _ if self.people[who].active().next().is_none() => Err((409, "factor-not-active")),
            proven => proven.map(|()| 201),
        }
    }

    pub(super) fn due_rename(&self, who: usize, index: usize) -> Due {
        let factor = &self.people[who].factors[index];
        match if factor.active { self.strong(who) } else { self.proven(who, false) } {
            Ok(()) if !factor.active && !factor.is_live_pending(self.now) => Err((410, "enrollment-expired")),
            proven => proven.map(|()| 200),
        }
    }

    pub(super) fn due_remove(&self, who: usize, index: usize) -> Due {
        let person = &self.people[who];
        let is_last = person.factors[index].active && person.active().count() == 1;
        match self.due_rename(who, index) {
            Ok(_) if is_last && self.required(who).now => Err((409, "last-factor")),
            due => due,
        }
    }

    pub(super) fn due_require(&self, owner: usize, required: bool) -> Due {
        match self.strong(owner) {
            Err(why) if self.is_over(owner) => Err(why),
            _ if required && self.people[owner].active().next().is_none() => Err((409, "owner-needs-mfa")),
            proven => proven.map(|()| 200),
        }
    }
}

fn has_live_text(factor: &Factor, now: u64) -> bool {
    factor.texted.as_ref().is_some_and(|(_, until)| now < *until)
}
