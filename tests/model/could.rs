//! What may have come of a step whose outcome nobody knows, because a call of it failed or it was one of several at once.

use super::play::Due;
use crate::stage::Reply;

/// What a step could have done to an account at most, as it was asked for and answered: nothing else may have come of it.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Could {
    /// Attempts at factors, and at recovery codes: all, those of which nobody knows whether they count, those accepted.
    pub tries: [u32; 2],
    pub unsure: [u32; 2],
    pub accepted: [u32; 2],
    /// How often more than once one of several attempts at once may be counted: a call whose answer was lost is made again, twice
    /// at most, and where another write came between it is not known again.
    pub again: u32,
    /// Whether the two counts were cleared.
    pub clears: [bool; 2],
    /// The factor of which a code was accepted.
    pub spends: Option<String>,
    /// The phone that has another code.
    pub texts: Option<String>,
    /// Factors that are gone.
    pub loses: Vec<String>,
    /// Whether there are other recovery codes or one more is used; and whether there is another emailed code.
    pub codes: bool,
    pub emailed: bool,
    /// Whether an app was brought, or everything forgotten.
    pub imports: bool,
    pub erases: bool,
}

/// Whether what was asked for is done, or may be: a fault may have come after it.
pub fn perhaps(reply: &Reply) -> bool {
    reply.status < 300 || reply.status >= 500
}

/// Whether a reply says that a code was looked at, and was no good.
pub fn is_failure(reply: &Reply) -> bool {
    ["code-rejected", "code-used"].contains(&reply.code())
}

impl Could {
    /// A code of a factor was shown.
    pub fn try_code(&mut self, due: Due, id: &str, reply: &Reply) {
        self.attempt(0, reply);
        if due == Ok(200) && was_taken(reply) {
            self.clears[0] = true;
            self.spends = Some(id.to_owned());
        }
    }

    /// A recovery code was.
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

    /// Whether a count may be `is` that was `known`, what was surely compared included.
    pub fn counts(&self, which: usize, known: u32, is: u32) -> bool {
        let is_risen = (known..=known + self.unsure[which] + self.again).contains(&is);
        is_risen || self.clears[which] && is + self.accepted[which].min(1) <= self.tries[which] + self.again
    }
}

/// Whether a good code was accepted, or may be: whoever's answer was lost is told that it was used, where another came between.
pub fn was_taken(reply: &Reply) -> bool {
    perhaps(reply) || reply.code() == "code-used"
}
