//! The words of emails. Text and HTML have the same paragraphs.

use zeroize::Zeroizing;

use crate::{
    base::settings::{SettingError, Settings, setting},
    channel::{
        email::notices::Notice,
        language::{Language, fill},
    },
    proof::recovery_codes::RecoveryCode,
};

const LAYOUT: &str = include_str!("words/layout.html");

/// An email.
pub struct Mail {
    /// The subject, in one line.
    pub subject: String,
    /// The body as text.
    pub text: Zeroizing<String>,
    /// The body as HTML.
    pub html: Zeroizing<String>,
}

/// The words of emails.
pub struct EmailWords {
    app: String,
}

impl EmailWords {
    /// Reads the app's name from the setting `MFA_APP_NAME`.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let app = settings.get(&setting::APP_NAME)?;
        // The name is part of the subject, which is one line.
        if app.chars().any(char::is_control) {
            return Err(setting::APP_NAME.invalid("a name on one line"));
        }
        Ok(Self { app })
    }

    /// The email with a code, which expires in `minutes`.
    pub fn code(&self, language: Language, code: &RecoveryCode, minutes: u64) -> Mail {
        let (code, minutes) = (code.spelled(), minutes.to_string());
        let parts = [("app", self.app.as_str()), ("code", code.as_str()), ("minutes", &minutes)];
        mail(language, &[section(language, "code")], &parts)
    }

    /// The email of a notice.
    pub fn notice(&self, notice: &Notice) -> Mail {
        let when = notice.when.rfc3339().replace('T', " ").replace('Z', "");
        let address = notice.from.map_or_else(|| "?".to_owned(), |from| from.to_canonical().to_string());
        let (other, hours) = notice.other.clone().unwrap_or_default();
        let hours = hours.to_string();
        let parts =
            [("app", self.app.as_str()), ("when", &when), ("address", &address), ("other", &other), ("hours", &hours)];
        let language = notice.language;
        mail(language, &[section(language, notice.what.section()), section(language, notice.what.closing())], &parts)
    }
}

/// The section of this name in a language's file.
fn section(language: Language, name: &str) -> &'static str {
    let file = match language {
        Language::English => include_str!("words/en.txt"),
        Language::French => include_str!("words/fr.txt"),
        Language::Spanish => include_str!("words/es.txt"),
    };
    let sections = file.split("== ").filter_map(|section| section.split_once('\n'));
    sections.into_iter().find(|(title, _)| *title == name).map_or("", |(_, words)| words.trim())
}

/// Builds an email from these sections. Their first line is the subject.
fn mail(language: Language, sections: &[&str], parts: &[(&str, &str)]) -> Mail {
    let all = sections.join("\n\n");
    let (subject, words) = all.split_once("\n\n").unwrap_or((&all, ""));
    let escaped: Vec<_> = parts.iter().map(|(name, value)| (*name, escape(value))).collect();
    let escaped: Vec<_> = escaped.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let paragraph = |words: &str| {
        let class = if words == "{code}" { " class=\"code\"" } else { "" };
        format!("<p{class}>{}</p>", escape(words).replace('\n', "<br>\n"))
    };
    let body = words.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n");
    let (title, body) = (fill(&escape(subject), &escaped), fill(&body, &escaped));
    Mail {
        subject: fill(subject, parts).to_string(),
        text: fill(&format!("{words}\n"), parts),
        html: fill(LAYOUT, &[("lang", language.tag()), ("subject", &title), ("body", &body)]),
    }
}

/// Escapes `text` for HTML.
fn escape(text: &str) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(6 * text.len()));
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::clock::Timestamp, channel::email::notices::NoticeKind};

    fn words(app: &str) -> EmailWords {
        EmailWords::new(&Settings::from_iter([("MFA_APP_NAME", app)])).unwrap()
    }

    fn notice(what: NoticeKind, language: Language) -> Notice {
        let other = (what == NoticeKind::OtherAddress).then(|| ("e•••@evil.example".to_owned(), 24));
        let from = Some("2001:db8::7".parse().unwrap());
        Notice { what, when: Timestamp::from_seconds(1_800_000_000), from, language, other }
    }

    #[test]
    fn the_code_stands_alone_on_its_line_as_text_and_as_html() {
        let code = RecoveryCode::parse("k3xq-9f2m").unwrap();
        for language in Language::ALL {
            let mail = words("Acme").code(language, &code, 10);
            assert!(mail.subject.starts_with("Acme") && mail.text.contains("\n\nk3xq-9f2m\n\n"), "{}", *mail.text);
            assert!(mail.html.contains("<p class=\"code\">k3xq-9f2m</p>") && mail.text.contains("10 min"));
            assert!(!mail.subject.contains("k3xq"), "a subject is shown on locked screens");
        }
    }

    #[test]
    fn every_notice_in_every_language_says_what_when_and_from_where_and_leaves_nothing_open() {
        for language in Language::ALL {
            for what in NoticeKind::ALL {
                let mail = words("Acme").notice(&notice(what, language));
                assert!(mail.subject.starts_with("Acme") && mail.subject.lines().count() == 1, "{}", mail.subject);
                let from = (what.closing() == "notice").then_some("2001:db8::7");
                for said in ["2027-01-15 08:00:00 (UTC)"].into_iter().chain(from) {
                    assert!(mail.text.contains(said) && mail.html.contains(said), "{what:?} {}", *mail.text);
                }
                assert!(mail.text.lines().count() >= 7 && !mail.text.contains(['{', '}']), "{what:?} {}", *mail.text);
                assert!(mail.html.contains(&format!("<html lang=\"{}\">", language.tag())));
            }
        }
        assert!(
            words("Acme")
                .notice(&notice(NoticeKind::OtherAddress, Language::English))
                .text
                .contains("e•••@evil.example")
        );
    }

    #[test]
    fn nothing_in_a_name_becomes_html_a_header_or_a_place_to_fill() {
        let mail = words("<b>A&B</b> \"{code}\" {body}").notice(&notice(NoticeKind::AppAdded, Language::English));
        assert!(
            mail.html.contains("&lt;b&gt;A&amp;B&lt;/b&gt; &quot;{code}&quot; {body}: an authenticator app was added")
        );
        assert!(!mail.html.contains("<b>"));
        assert!(mail.text.contains("<b>A&B</b>"), "text is text");
        for name in ["Acme\r\nBcc: eve@evil.example", "Acme\n", "a\u{0}b"] {
            assert!(EmailWords::new(&Settings::from_iter([("MFA_APP_NAME", name)])).is_err(), "{name:?}");
        }
    }

    #[test]
    fn html_loads_nothing_and_is_readable_in_the_dark() {
        let mail = words("Acme").notice(&notice(NoticeKind::Locked, Language::English));
        for loads in ["http:", "https:", "src=", "url(", "<link", "<script", "@import", "<img"] {
            assert!(!mail.html.contains(loads), "{loads}");
        }
        assert!(mail.html.contains("prefers-color-scheme: dark") && mail.html.contains("color-scheme"));
    }
}
