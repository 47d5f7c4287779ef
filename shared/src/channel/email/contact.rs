//! The address that is kept since a user enrolled. Whoever takes over a mailbox, or changes the address, must not have both
//! factors at once: so an address that is new here waits before a code is sent to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{aws::seal::Sealed, base::clock::Timestamp};

/// The address that is kept of a user: the verified one of their last activation, or of the emailed code that they redeemed
/// last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address.
    pub sealed: Sealed,
    /// Since when.
    pub since: Timestamp,
    /// Another address that a code was asked for, and that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
}

/// An address that is not the one kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its keyed digest.
    pub digest: String,
    /// Since when it waits.
    pub since: Timestamp,
}

/// Whether a code may be sent to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clearance {
    /// It may.
    Clear,
    /// Not yet.
    Held,
    /// Not yet: this is to be noted, and whoever has the address that is kept to be told.
    New(Changed),
}

/// Whether a code may be sent to the address with this digest; `kept` is whether it is the one that is kept. Another one
/// waits for `hold` from when a code was first asked for it, and is clear for as long again: a wait can't be stored up for a
/// day when nobody thinks of it any more. Yet another one starts anew.
pub fn clearance(contact: Option<&Contact>, kept: bool, digest: &str, hold: Duration, now: Timestamp) -> Clearance {
    if hold.is_zero() {
        return Clearance::Clear;
    }
    // A user without any was moved here from elsewhere: an activation will keep one.
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
