//! The languages of texts and emails, and the filling of templates.

use zeroize::Zeroizing;

/// A language of texts and emails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

impl Language {
    /// All languages. The first is the default.
    pub const ALL: [Self; 3] = [Self::English, Self::French, Self::Spanish];

    /// The language's tag (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// Chooses the language from `Accept-Language` (RFC 9110 section 12.5.4):
    ///
    /// - Of the supported languages, the one with the highest weight wins. Of equal weights, the first in the header
    ///   wins.
    /// - `*` means the first language that the header does not name.
    /// - A region falls back to its language (RFC 4647 section 3.4), also in a locale such as `fr_CA`.
    pub fn accepted(header: Option<&str>) -> Self {
        let ranges: Vec<_> = header.unwrap_or_default().split(',').take(32).filter_map(Range::parse).collect();
        let mut best = (Self::English, 0.0);
        for range in &ranges {
            let spoken = if range.language == "*" {
                Self::ALL.into_iter().find(|spoken| !ranges.iter().any(|range| range.names(*spoken)))
            } else {
                Self::ALL.into_iter().find(|spoken| range.names(*spoken))
            };
            if let Some(spoken) = spoken
                && range.weight > best.1
            {
                best = (spoken, range.weight);
            }
        }
        let (language, _) = best;
        language
    }
}

/// A language range of `Accept-Language`.
struct Range<'a> {
    /// The language without its region, or `*`.
    language: &'a str,
    /// From 0 to 1. Zero excludes the language.
    weight: f32,
}

impl<'a> Range<'a> {
    /// Reads a range such as `fr-CA;q=0.9`. `None` if the text after the language is not a weight.
    fn parse(text: &'a str) -> Option<Self> {
        let (tag, weight) = match text.split_once(';') {
            Some((tag, parameter)) => (tag, weight(parameter.trim())?),
            None => (text, 1.0),
        };
        let language = tag.trim().split(['-', '_']).next()?;
        Some(Self { language, weight })
    }

    fn names(&self, language: Language) -> bool {
        self.language.eq_ignore_ascii_case(language.tag())
    }
}

/// The weight in `q=0.9`.
fn weight(parameter: &str) -> Option<f32> {
    let number = parameter.strip_prefix(['q', 'Q'])?.strip_prefix('=')?;
    number.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))
}

/// Replaces each `{name}` of `parts` in `template` by its value. Leaves other braces, and braces in values, as they
/// are.
pub(crate) fn fill(template: &str, parts: &[(&str, &str)]) -> Zeroizing<String> {
    // Enough capacity from the start: a string that grows would leave a copy of a code in memory.
    let values: usize = parts.iter().map(|(_, value)| value.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(template.len() + 4 * values));
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let part = parts.iter().find_map(|(name, value)| Some((*value, after.strip_prefix(name)?.strip_prefix('}')?)));
        let (value, after) = part.unwrap_or(("{", after));
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_with_the_highest_weight_that_we_speak() {
        for (header, language) in [
            ("", Language::English),
            ("fr", Language::French),
            ("fr;q=0", Language::English),
            ("fr_CA", Language::French),
            ("fr-CA,fr;q=0.9,en;q=0.8", Language::French),
            ("ES-419", Language::Spanish),
            ("de,es;q=0.5,fr;q=0.7", Language::French),
            ("en;q=0.1, es", Language::Spanish),
            ("es;q=0, *;q=0.5", Language::English),
            ("en;q=0, *", Language::French),
            ("en;q=0.1, fr;q=0.5, *;q=0.9", Language::Spanish),
            ("fr;q=0.5,es;q=0.5", Language::French),
            ("de, ja;q=0.9", Language::English),
            ("fr;q=2,es;q=x,fr;v=1,;;,", Language::English),
            ("es ; q=0.3 , fr; q=0.2", Language::Spanish),
        ] {
            assert_eq!(Language::accepted(Some(header)), language, "{header}");
        }
        assert_eq!(Language::accepted(None), Language::English);
    }
}
