//! An address that mail goes to.

use std::{borrow::Cow, fmt};

use idna::AsciiDenyList;
use zeroize::Zeroizing;

/// The longest address (RFC 5321 section 4.5.3.1: a path of 256 octets, less its brackets).
const LONGEST: usize = 254;
/// The longest part before the `@`, its quotes included (the same section).
const LONGEST_LOCAL_PART: usize = 64;

/// An address that can be written to. Zeroized on drop, never printed.
#[derive(Clone)]
pub struct EmailAddress(Zeroizing<String>);

impl EmailAddress {
    /// Reads an address as an identity provider gives it, and spells it as SMTP takes it (RFC 5321 section 4.1.2): without space
    /// around it, its domain in Punycode, and its local part in quotes where its dots ask for that (`"john..doe"@docomo.ne.jp`).
    /// `None` where it can't be written to: SES takes no letters beyond ASCII before the `@`, and no address of a host alone.
    /// Nothing in what comes of it can be a second address, a name or another header.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.trim_matches(is_unseen).rsplit_once('@')?;
        let (local, domain) = (local_part(local)?, host(domain)?);
        let spelled = Zeroizing::new(format!("{}@{domain}", local.as_str()));
        (local.len() <= LONGEST_LOCAL_PART && spelled.len() <= LONGEST).then_some(Self(spelled))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its owner knows it again by: its first letter and its domain.
    pub fn hint(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        format!("{}•••@{domain}", local.trim_start_matches('"').get(..1).unwrap_or_default())
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

/// Whether a character is space, or a mark that nobody sees and that is copied along: of order, of bytes, of width zero.
fn is_unseen(c: char) -> bool {
    let marks = ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{2069}', '\u{feff}'..='\u{feff}'];
    c.is_whitespace() || marks.iter().any(|marks| marks.contains(&c))
}

/// The part before the `@` as SMTP takes it: in quotes only where it must be.
fn local_part(local: &str) -> Option<Zeroizing<String>> {
    let atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let content = match local.strip_prefix('"') {
        Some(rest) => unquoted(rest.strip_suffix('"')?)?,
        // Any other unquoted text may be two addresses, or a name and an address.
        None if local.bytes().all(|byte| atext(byte) || byte == b'.') => Zeroizing::new(local.to_owned()),
        None => return None,
    };
    if content.is_empty() {
        return None;
    }
    if content.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext)) {
        return Some(content);
    }
    let mut quoted = Zeroizing::new(String::with_capacity(2 * content.len() + 2));
    quoted.push('"');
    for c in content.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Some(quoted)
}

/// The text between the quotes of a quoted string, its pairs read (`Quoted-string`, RFC 5321 section 4.1.2).
fn unquoted(quoted: &str) -> Option<Zeroizing<String>> {
    let mut content = Zeroizing::new(String::with_capacity(quoted.len()));
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match if c == '\\' { chars.next()? } else { c } {
            '"' if c != '\\' => return None,
            printable @ ' '..='~' => content.push(printable),
            _ => return None,
        }
    }
    Some(content)
}

/// A domain as DNS has it. One of ASCII stays as it is; another one is put into Punycode (UTS 46).
fn host(domain: &str) -> Option<Cow<'_, str>> {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let host = if domain.is_ascii() {
        Cow::Borrowed(domain)
    } else {
        idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::STD3).ok()?
    };
    (host.contains('.') && host.split('.').all(label)).then_some(host)
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_address_and_nothing_besides() {
        for good in
            ["ada@example.com", "ada.l+mfa@mail.example.co.uk", "o'brien@x-y.io", &format!("{}@b.co", "a".repeat(64))]
        {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good);
        }
        for (given, written) in [
            (" ada@example.com", "ada@example.com"),
            ("ada@example.com\r\n", "ada@example.com"),
            ("\u{a0}ada@example.com\t", "ada@example.com"),
            ("\u{feff}ada@example.com", "ada@example.com"),
            ("\u{202a}ada@example.com\u{202c} \u{200b}", "ada@example.com"),
            ("john..doe@docomo.ne.jp", "\"john..doe\"@docomo.ne.jp"),
            (".ada@example.com", "\".ada\"@example.com"),
            ("ada.@example.com", "\"ada.\"@example.com"),
            ("\"john doe\"@example.com", "\"john doe\"@example.com"),
            ("\"a@b, <c>\"@example.com", "\"a@b, <c>\"@example.com"),
            ("\"a\\\"b\\\\\"@example.com", "\"a\\\"b\\\\\"@example.com"),
            ("\"j\\ohn\"@example.com", "john@example.com"),
            ("\"john.doe\"@example.com", "john.doe@example.com"),
            ("john@münchen.example", "john@xn--mnchen-3ya.example"),
            ("john@MÜNCHEN.example", "john@xn--mnchen-3ya.example"),
            ("ada@メール。例え", "ada@xn--4dkua4c.xn--r8jz45g"),
            ("ada@bu\u{308}ro.example", "ada@xn--bro-hoa.example"),
        ] {
            let address = EmailAddress::parse(given).unwrap_or_else(|| panic!("{given:?}"));
            assert_eq!(address.as_str(), written);
            assert!(address.is(&EmailAddress::parse(written).unwrap()), "{written} is written as it is");
        }
        assert_eq!(EmailAddress::parse("john..doe@docomo.ne.jp").unwrap().hint(), "j•••@docomo.ne.jp");
        assert_eq!(EmailAddress::parse("\"a@b\"@example.com").unwrap().hint(), "a•••@example.com");
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "ada@-example.com",
            "ada@example..com",
            "ada@example.com.",
            "ada@xn--mnchen-3ya.exa mple",
            "ada@mün_chen.example",
            "ada@\u{202e}example.com",
            "\"\"@example.com",
            "\"ada@example.com",
            "ada\"@example.com",
            "\"a\"b\"@example.com",
            "\"a\\\"@example.com",
            "\"a\r\nBcc: eve@evil.com\"@example.com",
            "\"adä\"@example.com",
            &format!("\"{}.\"@b.co", "a".repeat(62)),
            "ada@example.com,eve@evil.com",
            "ada@example.com eve@evil.com",
            "Ada <ada@example.com>",
            "ada@example.com\r\nBcc: eve@evil.com",
            "ada@b@example.com",
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
