//! The languages that texts and emails speak, and templates of their words.

use zeroize::Zeroizing;

/// The languages that we speak.
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
    /// All of them; the first is spoken to who asks for none.
    pub const ALL: [Self; 3] = [Self::English, Self::French, Self::Spanish];

    /// The language's tag (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// The language that a client asks for in `Accept-Language` (RFC 9110 section 12.5.4): of those that we speak the one with
    /// the highest weight, of equal ones the one named first. `*` is any that the header does not name. A region falls back to
    /// its language (RFC 4647 section 3.4), also where an underscore stands before it, as in a locale.
    pub fn accepted(header: Option<&str>) -> Self {
        let ranges = header.unwrap_or_default().split(',').take(32).filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=").or(weight.trim().strip_prefix("Q="))?;
            let weight = weight.trim().parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
            Some((tag.trim().split(['-', '_']).next().unwrap_or_default(), weight))
        });
        let ranges: Vec<_> = ranges.collect();
        let named = |spoken: Self| ranges.iter().any(|(tag, _)| spoken.tag().eq_ignore_ascii_case(tag));
        let asked = ranges.iter().filter(|(_, weight)| *weight > 0.0).filter_map(|(tag, weight)| {
            let spoken = Self::ALL.into_iter().find(|spoken| match *tag {
                "*" => !named(*spoken),
                tag => spoken.tag().eq_ignore_ascii_case(tag),
            });
            Some((spoken?, *weight))
        });
        let best = asked.reduce(|best, other| if other.1 > best.1 { other } else { best });
        best.map_or(Self::English, |(language, _)| language)
    }
}

/// `template` with each `{name}` of `parts` replaced by its value. Values are not looked at again, and other braces stay.
pub(crate) fn fill(template: &str, parts: &[(&str, &str)]) -> Zeroizing<String> {
    // Written once, into room enough: no copy of a code stays behind.
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
