//! Lines that somebody wrote, such as a name or a reason. Other people see them, and logs and headers hold them. So no
//! character may change how the text around the line is read.

/// Reads `text` as a line, without the spaces around it. `None` if it is empty, has more than `longest` characters, or
/// has one that steers text.
pub fn line(text: &str, longest: usize) -> Option<&str> {
    let plain = text.chars().count() <= longest && !text.chars().any(steers_text);
    Some(text.trim_matches(is_space)).filter(|line| plain && !line.is_empty())
}

/// Whether `c` is white space or the invisible U+FEFF. U+FEFF is no space to Rust, but is one to the contract's
/// patterns (ECMA-262).
fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Whether `c` changes how the text around it is read. Controls, line and paragraph separators, and changes of the
/// writing direction do.
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
