//! Texts that a user types or a client sends: codes, secrets, ids, names, cursors, languages. An accepted text reads
//! back as the same and keeps its limits. A secret does not print.

use shared::{
    base::{
        audit::Reason,
        clock::Timestamp,
        ids::{UserId, WorkspaceId},
    },
    channel::language::Language,
    proof::{
        code::Code,
        factor::{FactorId, FactorName},
        recovery_codes::RecoveryCode,
        totp::TotpSecret,
    },
    workspace::member::Cursor,
};

/// Checks a text.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    code(text, &plain);
    recovery_code(text, &plain);
    secret(text, &plain);
    ids(text);
    line(text);
    Language::accepted(Some(text));
}

fn code(text: &str, plain: &str) {
    let six = plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 32;
    let code = Code::parse(text);
    assert_eq!(code.as_ref().map(Code::digits), six.then_some(plain));
    assert!(code.is_none_or(|code| format!("{code:?}") == "[redacted]"));
}

fn recovery_code(text: &str, plain: &str) {
    let crockford = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() && !byte.eq_ignore_ascii_case(&b'u'));
    let spelled = [8, 16].contains(&plain.len()) && crockford && text.len() <= 64;
    let Some(code) = RecoveryCode::parse(text) else { return assert!(!spelled, "{text:?}") };
    assert!(spelled, "{text:?}");
    let shown = code.spelled();
    assert!(shown.split('-').all(|part| part.len() == 4 && part.bytes().all(|byte| !b"ilou".contains(&byte))));
    assert_eq!(shown.to_ascii_lowercase(), *shown);
    assert!(RecoveryCode::parse(&shown).is_some_and(|again| again.is(&code) && again.spelled() == shown));
    assert_eq!(code.is_emailed(), plain.len() == 8);
    assert_eq!(format!("{code:?}"), "[redacted]");
}

fn secret(text: &str, plain: &str) {
    let Ok(secret) = TotpSecret::parse(text) else { return };
    let has = |case: fn(&u8) -> bool| text.bytes().any(|byte| case(&byte));
    assert!(!(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)), "{text:?} is in mixed case");
    assert!((10..=64).contains(&secret.bytes().len()) && secret.is_weak() == (secret.bytes().len() < 14));
    let base32 = secret.base32();
    let letters = plain.trim_end_matches('=').to_ascii_uppercase();
    // The last letter may carry bits that are not part of the secret.
    assert!(base32.len() == letters.len() && base32[..base32.len() - 1] == letters[..letters.len() - 1], "{text:?}");
    assert_eq!(TotpSecret::parse(&base32).unwrap().bytes(), secret.bytes());
    assert!(secret.matching_step(text, Timestamp::from_seconds(60)).is_none(), "a secret is no code");
    assert_eq!(format!("{secret:?}"), "[redacted]");
}

fn ids(text: &str) {
    if let Some(id) = FactorId::parse(text) {
        assert!(
            id.as_str() == text
                && text.len() == 26
                && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        );
    }
    let user = UserId::try_from(text.to_owned());
    let printable = (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    assert_eq!(user.map(String::from).ok(), printable.then(|| text.to_owned()));
    if printable {
        an_account(text);
    }
    let workspace = WorkspaceId::try_from(text.to_owned());
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
    let spelled = plain && (1..=64).contains(&text.len());
    assert_eq!(workspace.map(String::from).ok(), spelled.then(|| text.to_owned()));
    if let Some(cursor) = Cursor::parse(text) {
        assert_eq!(cursor.spelled(), text);
    }
}

/// The URI for an authenticator app names any user, is one word, and fits into a QR code.
fn an_account(label: &str) {
    let uri = TotpSecret::new(&[7; 20]).uri("App", label);
    assert!(uri.starts_with("otpauth://totp/App:") && uri.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(uri.matches("secret=").count(), 1);
    // The capacity of the largest QR code with our error correction. To draw one for each input would be slow.
    assert!(uri.len() <= 2331);
}

/// Checks a line that people read: no character breaks it or changes the direction of the text.
fn line(text: &str) {
    let steers = |c: char| {
        c.is_control()
            || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    let shown = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let fine = !shown.is_empty() && !text.chars().any(steers);
    let within = |longest: usize| fine && text.chars().count() <= longest;
    let name = FactorName::try_from(text.to_owned());
    assert_eq!(name.map(String::from).ok(), within(64).then(|| shown.to_owned()));
    assert_eq!(Reason::parse(text).is_some(), within(256));
}
