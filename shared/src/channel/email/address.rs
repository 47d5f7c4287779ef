//! Email addresses: how they are read and spelled.

use std::{borrow::Cow, fmt};

use idna::AsciiDenyList;
use zeroize::Zeroizing;

/// The longest address: a path of 256 octets without its brackets (RFC 5321 section 4.5.3.1).
const LONGEST: usize = 254;
/// The longest part before the `@`, with its quotes (same section).
const LONGEST_LOCAL_PART: usize = 64;

/// An address that SES can send to. Zeroized on drop, never printed.
#[derive(Clone)]
pub struct EmailAddress(Zeroizing<String>);

impl EmailAddress {
    /// Reads an address from an identity provider, and spells it for SMTP (RFC 5321 section 4.1.2):
    ///
    /// - Whitespace and invisible marks around it are removed.
    /// - Its domain becomes Punycode.
    /// - Its local part gets quotes only if it needs them, such as `"john..doe"@docomo.ne.jp`.
    ///
    /// `None` if SES can't send to it. SES requires ASCII before the `@`, and a domain with a dot. The result can't
    /// contain a second address, a name or another header.
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

    /// The hint by which its user recognizes it: its first letter and its domain.
    pub fn hint(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        format!("{}•••@{domain}", local.trim_start_matches('"').get(..1).unwrap_or_default())
    }

    /// The address in lower case. Digests and codes are derived from it.
    pub fn folded(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_ascii_lowercase())
    }

    /// Whether both are the same address. Ignores case, because providers spell it either way.
    pub fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

/// Whether a character is whitespace, or an invisible mark that comes with copied text: a direction mark, a byte order
/// mark or a zero-width character.
fn is_unseen(c: char) -> bool {
    let marks = ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{2069}', '\u{feff}'..='\u{feff}'];
    c.is_whitespace() || marks.iter().any(|marks| marks.contains(&c))
}

/// The part before the `@`, spelled for SMTP: in quotes only if it needs them.
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

/// The text inside a quoted string, without its escapes (`Quoted-string`, RFC 5321 section 4.1.2).
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

/// The domain in DNS spelling. An ASCII domain stays as it is. Any other becomes Punycode (UTS 46).
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
