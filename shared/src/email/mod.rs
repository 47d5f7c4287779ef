//! An address that mail goes to, and the one that is kept since a user enrolled. Whoever takes over a mailbox, or changes the
//! address, must not have both factors at once: so an address that is new here waits before a code is sent to it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{clock::Timestamp, sealed::Sealed};

pub mod vault;

/// The longest address (RFC 5321 section 4.5.3.1: a path of 256 octets, less its brackets).
const LONGEST: usize = 254;

/// An address that can be written to. Zeroized on drop, never printed.
#[derive(Clone)]
pub struct EmailAddress(Zeroizing<String>);

impl EmailAddress {
    /// Reads an address as an identity provider gives it. `None` for what is no plain one: dot-atoms of ASCII before the `@`
    /// and a host name after it, so that nothing in it can be a second address, a name or another header (RFC 5321, RFC 5322
    /// section 3.4.1; SES takes no others but quoted ones).
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let atom = |atom: &str| {
            !atom.is_empty()
                && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
        };
        let label = |label: &str| {
            let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
        };
        let spelled = (1..=64).contains(&local.len())
            && local.split('.').all(atom)
            && domain.contains('.')
            && domain.split('.').all(label);
        (text.len() <= LONGEST && spelled).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its owner knows it again by: its first letter and its domain.
    pub fn hint(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or_default();
        format!("{}•••@{domain}", local.get(..1).unwrap_or_default())
    }

    /// The address in small letters, for what is derived from it.
    pub fn folded(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_ascii_lowercase())
    }

    /// Whether both go to one mailbox, as far as that can be seen: providers spell letters either way.
    pub fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

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

    #[test]
    fn an_address_is_one_address_and_nothing_besides() {
        for good in
            ["ada@example.com", "ada.l+mfa@mail.example.co.uk", "o'brien@x-y.io", &format!("{}@b.co", "a".repeat(64))]
        {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "ada@-example.com",
            "ada@example..com",
            "ada..l@example.com",
            ".ada@example.com",
            "ada@example.com,eve@evil.com",
            "ada@example.com eve@evil.com",
            "Ada <ada@example.com>",
            "ada@example.com\r\nBcc: eve@evil.com",
            "ada@example.com\n",
            "\"ada eve\"@example.com",
            "ada@b@example.com",
            "ada@exämple.com",
            "adä@example.com",
            "ada@[127.0.0.1]",
            &format!("{}@b.co", "a".repeat(65)),
            &format!("a@{}co", "b.".repeat(130)),
        ] {
            assert!(EmailAddress::parse(bad).is_none(), "{bad:?}");
        }
        let ada = EmailAddress::parse("ada@example.com").unwrap();
        assert_eq!((ada.hint().as_str(), format!("{ada:?}").as_str()), ("a•••@example.com", "[redacted]"));
        assert!(ada.is(&EmailAddress::parse("Ada@Example.COM").unwrap()));
        assert!(!ada.is(&EmailAddress::parse("ada@example.org").unwrap()));
    }
}
