//! The words of texts. Each language has its own file in `words/`.

use zeroize::Zeroizing;

use crate::{
    base::settings::{SettingError, Settings, setting},
    channel::language::{Language, fill},
    proof::code::Code,
};

/// The most septets in one text (3GPP TS 23.038). A longer text is sent, and paid for, as two.
const SEGMENT: usize = 160;
/// The most characters of the app's name.
const LONGEST_NAME: usize = 30;
/// The characters that texts use: those of GSM-7 (3GPP TS 23.038) that need one septet. One other character makes SNS
/// send the text in UCS-2, with 70 characters a segment.
const GSM_7: &str = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";

/// The words of a text, without its code.
#[derive(Debug)]
pub struct SmsWords {
    app: String,
    domain: String,
}

impl SmsWords {
    /// Reads two settings:
    ///
    /// - `MFA_APP_NAME`: the app's name, at most 30 characters. Characters that GSM-7 lacks are replaced or dropped.
    /// - `MFA_DOMAIN`: the website's domain. On this domain a phone offers to fill in the code.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let app = settings.get(&setting::APP_NAME)?;
        if app.chars().count() > LONGEST_NAME {
            return Err(setting::APP_NAME.invalid("at most 30 characters"));
        }
        let domain = settings.get(&setting::DOMAIN)?;
        let texts = Self { app: plain(&app), domain };
        let spelled = texts
            .domain
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
        // If the longest text of each language fits, every text fits.
        let longest = Self { app: "x".repeat(LONGEST_NAME), domain: texts.domain.clone() };
        let fits =
            Language::ALL.into_iter().all(|language| longest.fill(language, "000000", 10).chars().count() <= SEGMENT);
        if !spelled || !fits {
            return Err(
                setting::DOMAIN.invalid("a domain such as app.example.com, short enough for a text of 160 characters")
            );
        }
        Ok(texts)
    }

    /// The text with `code`, which expires in `minutes`. Its last line binds the code to the domain. Nothing
    /// may follow it, because a phone reads the code there. Source: WICG, Origin-bound one-time codes delivered via
    /// SMS.
    pub fn code(&self, language: Language, code: &Code, minutes: u64) -> Zeroizing<String> {
        self.fill(language, code.digits(), minutes)
    }

    fn fill(&self, language: Language, code: &str, minutes: u64) -> Zeroizing<String> {
        let minutes = minutes.to_string();
        let parts = [("app", self.app.as_str()), ("code", code), ("minutes", &minutes), ("domain", &self.domain)];
        fill(template(language).trim_end(), &parts)
    }
}

/// The text in `language`, with `{name}` for each part.
const fn template(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("words/en.txt"),
        Language::French => include_str!("words/fr.txt"),
        Language::Spanish => include_str!("words/es.txt"),
    }
}

/// Spells `name` with characters of [`GSM_7`]. Others become the character there that looks most like them, or are
/// dropped. The result is one line, because a second line could look like the one that binds the code.
fn plain(name: &str) -> String {
    let plain: String = name.chars().filter_map(alike).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.is_empty() { "Login".to_owned() } else { plain }
}

/// The character itself, or the one in [`GSM_7`] that looks most like it. `None` if there is none.
fn alike(c: char) -> Option<char> {
    let like = match c {
        'á' | 'â' | 'ã' | 'ă' | 'ą' | 'ā' => 'a',
        'Á' | 'À' | 'Â' | 'Ã' | 'Ă' | 'Ą' | 'Ā' => 'A',
        'ç' | 'ć' | 'č' => 'c',
        'Ć' | 'Č' => 'C',
        'ê' | 'ë' | 'ę' | 'ě' | 'ē' => 'e',
        'È' | 'Ê' | 'Ë' | 'Ę' | 'Ě' | 'Ē' | '€' => 'E',
        'ğ' => 'g',
        'Ğ' => 'G',
        'ď' | 'đ' => 'd',
        'Ď' | 'Đ' => 'D',
        'ť' | 'ț' | 'ţ' => 't',
        'Ť' | 'Ț' | 'Ţ' => 'T',
        'í' | 'î' | 'ï' | 'ı' | 'ī' => 'i',
        'Í' | 'Ì' | 'Î' | 'Ï' | 'İ' | 'Ī' => 'I',
        'ł' => 'l',
        'Ł' => 'L',
        'ń' | 'ň' => 'n',
        'Ń' | 'Ň' => 'N',
        'ó' | 'ô' | 'õ' | 'ő' | 'ō' | 'œ' => 'o',
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ő' | 'Ō' | 'Œ' => 'O',
        'ř' => 'r',
        'Ř' => 'R',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'Ś' | 'Š' | 'Ş' | 'Ș' => 'S',
        'ú' | 'û' | 'ů' | 'ű' | 'ū' => 'u',
        'Ú' | 'Ù' | 'Û' | 'Ů' | 'Ű' | 'Ū' => 'U',
        'ý' | 'ÿ' => 'y',
        'Ý' | 'Ÿ' => 'Y',
        'ź' | 'ż' | 'ž' => 'z',
        'Ź' | 'Ż' | 'Ž' => 'Z',
        // Characters that GSM-7 spells with two septets, and typographic ones.
        '[' | '{' => '(',
        ']' | '}' => ')',
        '\\' | '|' => '/',
        '~' | '\u{2010}'..='\u{2015}' => '-',
        '‘' | '’' | '`' | '^' => '\'',
        '“' | '”' | '«' | '»' => '"',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    GSM_7.contains(like).then_some(like)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(app: &str, domain: &str) -> Result<SmsWords, SettingError> {
        SmsWords::new(&Settings::from_iter([("MFA_APP_NAME", app), ("MFA_DOMAIN", domain)]))
    }

    #[test]
    fn each_language_says_the_same() {
        let texts = texts("Acme", "app.acme.com").unwrap();
        let code = Code::parse("012345").unwrap();
        let say = |language, minutes| texts.code(language, &code, minutes);
        assert_eq!(
            say(Language::English, 10).as_str(),
            "Acme: your code is 012345. It expires in 10 min. Do not share it with anyone.\n\n@app.acme.com #012345"
        );
        assert_eq!(
            say(Language::French, 7).as_str(),
            "Acme : votre code est 012345. Il expire dans 7 min. Ne le partagez avec personne.\n\n@app.acme.com #012345"
        );
        assert_eq!(
            say(Language::Spanish, 10).as_str(),
            "Acme: tu clave es 012345. Vence en 10 min. No la compartas con nadie.\n\n@app.acme.com #012345"
        );
    }

    #[test]
    fn a_name_goes_without_what_gsm_7_lacks() {
        for (name, plain_name) in [
            ("Café Zoë & Søn", "Café Zoe & Søn"),
            ("[Ünïcode]~Ltd", "(Ünicode)-Ltd"),
            ("a\nb\r\n@evil.com #123456", "a b @evil.com #123456"),
            ("日本", "Login"),
            ("a\u{a0}b", "a b"),
            ("Cafe\u{301}", "Cafe"),
            ("{code}", "(code)"),
        ] {
            assert_eq!(plain(name), plain_name, "{name:?}");
        }
    }

    #[test]
    fn a_name_or_a_domain_that_would_split_a_text_is_no_setting() {
        assert!(texts(&"é".repeat(30), &"d".repeat(41)).is_ok());
        assert!(matches!(texts(&"é".repeat(31), "a.com"), Err(SettingError::Invalid("MFA_APP_NAME", _))));
        for domain in [&"d".repeat(42), "https://a.com", "a.com/", "A.com", "a.com #1", "exämple.com"] {
            assert!(matches!(texts("App", domain), Err(SettingError::Invalid("MFA_DOMAIN", _))), "{domain}");
        }
    }
}
