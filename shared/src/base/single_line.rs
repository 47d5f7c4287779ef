//! A line that somebody wrote: a name, a reason. It is shown to others, and stands in logs and headers, so nothing in it may
//! change how what is around it is read.

/// The line that `text` is, without spaces around it; `None` where that is nothing, or where `text` has more than `longest`
/// characters or one that is not plain.
pub fn line(text: &str, longest: usize) -> Option<&str> {
    let plain = text.chars().count() <= longest && !text.chars().any(steers_text);
    Some(text.trim_matches(is_space)).filter(|line| plain && !line.is_empty())
}

/// White space, and U+FEFF, which shows as nothing: to Rust that is no space, to the contract's patterns (ECMA-262) it is.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Characters that change how the text around them is read: controls, line and paragraph separators, and those that
/// turn the direction of writing.
fn steers_text(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_something_that_shows() {
        assert_eq!(line("\u{feff} Work phone\u{a0}", 64), Some("Work phone"));
        for nothing in ["", " ", "\u{3000}", "\u{feff}", " \u{feff} "] {
            assert_eq!(line(nothing, 64), None, "{nothing:?}");
        }
    }
}
