//! The possible effects of a step whose outcome is unknown: a call of it failed, or it ran at the same time as others.

use super::play::Due;
use crate::stage::Reply;

/// The most that a step could have done to an account, from its requests and replies. Any other change is a failure.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Could {
    /// Attempts, first at factors, then at recovery codes: all, those that may or may not be counted, those accepted.
    pub tries: [u32; 2],
    pub unsure: [u32; 2],
    pub accepted: [u32; 2],
    /// How often an attempt may be counted again, if several run at once. A call whose answer was lost is retried, at
    /// most twice. If another write came between, the retry does not recognize its own first write.
    pub again: u32,
    /// Whether the step may have cleared each count.
    pub clears: [bool; 2],
    /// The factor whose code may have been accepted.
    pub spends: Option<String>,
    /// The phone that may have a new code.
    pub texts: Option<String>,
    /// Factors that may be gone.
    pub loses: Vec<String>,
    /// Whether the recovery codes may have changed, and whether the emailed code may have.
    pub codes: bool,
    pub emailed: bool,
    /// Whether an app may have been imported, or the user erased.
    pub imports: bool,
    pub erases: bool,
}

/// Whether the request is done, or may be: a fault may have come after the write.
pub fn perhaps(reply: &Reply) -> bool {
    reply.status < 300 || reply.status >= 500
}

/// Whether a reply says that the service compared a code and did not accept it.
pub fn is_failure(reply: &Reply) -> bool {
    ["code-rejected", "code-used"].contains(&reply.code())
}

impl Could {
    /// Notes the reply to a factor's code.
    pub fn try_code(&mut self, due: Due, id: &str, reply: &Reply) {
        self.attempt(0, reply);
        if due == Ok(200) && was_taken(reply) {
            self.clears[0] = true;
            self.spends = Some(id.to_owned());
        }
    }

    /// Notes the reply to a recovery code.
    pub fn redeem(&mut self, due: Due, reply: &Reply) {
        self.attempt(1, reply);
        if due == Ok(200) && was_taken(reply) {
            (self.clears, self.codes) = ([true, true], true);
        }
    }

    fn attempt(&mut self, which: usize, reply: &Reply) {
        self.tries[which] += 1;
        self.unsure[which] += u32::from(!is_failure(reply) && reply.status != 200);
        self.accepted[which] += u32::from(reply.status == 200);
    }

    /// Whether a count may be `is`. `known` is the model's count, which includes every code that was surely compared.
    pub fn counts(&self, which: usize, known: u32, is: u32) -> bool {
        let is_risen = (known..=known + self.unsure[which] + self.again).contains(&is);
        is_risen || self.clears[which] && is + self.accepted[which].min(1) <= self.tries[which] + self.again
    }
}

/// Whether a right code was accepted, or may have been. If an answer was lost and another write came between, the reply
/// is `code-used`.
pub fn was_taken(reply: &Reply) -> bool {
    perhaps(reply) || reply.code() == "code-used"
}
