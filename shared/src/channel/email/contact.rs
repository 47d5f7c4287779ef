//! The recovery address, and the hold after a change of address. A mailbox alone must not replace both the password and
//! the second factor. So no code goes to a new address before the hold is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{aws::seal::Sealed, base::clock::Timestamp};

/// The recovery address of a user: the verified address of their last activation, or of the last emailed code that they
/// redeemed. An import can set the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address.
    pub sealed: Sealed,
    /// When it was stored.
    pub since: Timestamp,
    /// Another address at which a code was requested, and its hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
}

/// An address other than the recovery address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its keyed digest.
    pub digest: String,
    /// When its hold began.
    pub since: Timestamp,
}

/// Whether a code may be sent to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clearance {
    /// Yes.
    Clear,
    /// Not yet: a hold applies.
    Held,
    /// Not yet: send a notice to the recovery address, then store this, which begins the hold.
    New(Changed),
}

/// Whether a code may be sent to the address with this digest. `kept` says whether it is the recovery address.
///
/// - The recovery address is always clear.
/// - Another address is held for `hold` after the first request, and then clear for as long again. After that the next
///   request begins a new hold, so that an attacker can't wait until the user has forgotten the notice.
/// - A third address begins its own hold.
/// - With a `hold` of zero every address is clear.
pub fn clearance(contact: Option<&Contact>, kept: bool, digest: &str, hold: Duration, now: Timestamp) -> Clearance {
    if hold.is_zero() {
        return Clearance::Clear;
    }
    // A user without a recovery address was imported, for example. Their next activation stores one.
    let Some(contact) = contact else { return Clearance::Held };
    match &contact.changed {
        _ if kept => Clearance::Clear,
        Some(changed) if changed.digest != digest => Clearance::New(Changed { digest: digest.to_owned(), since: now }),
        Some(changed) if now < changed.since.plus(hold) => Clearance::Held,
        Some(changed) if now < changed.since.plus(hold * 2) => Clearance::Clear,
        _ => Clearance::New(Changed { digest: digest.to_owned(), since: now }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_address_is_held_for_a_day_and_clear_for_one() {
        let (since, hold) = (Timestamp::from_seconds(1_800_000_000), Duration::from_hours(24));
        let changed = Changed { digest: "new".to_owned(), since };
        let anew = |now| Clearance::New(Changed { digest: "new".to_owned(), since: now });
        let sealed = serde_json::from_str("[]").unwrap();
        let contact = Contact { sealed, since, changed: Some(changed) };
        let at = |seconds| since.plus(Duration::from_secs(seconds));
        for (seconds, clearance) in [
            (0, Clearance::Held),
            (86_399, Clearance::Held),
            (86_400, Clearance::Clear),
            (172_799, Clearance::Clear),
            (172_800, anew(at(172_800))),
        ] {
            assert_eq!(
                super::clearance(Some(&contact), false, "new", hold, at(seconds)),
                clearance,
                "after {seconds} s"
            );
        }
    }
}
