//! A line that somebody wrote: a name, a reason. It is shown to others, and stands in logs and headers, so nothing in it may
//! change how what is around it is read.

/// The line that `text` is, without spaces around it; `None` where that is nothing, or where `text` has more than `longest`
/// characters or one that is not plain.
pub fn line(text: &str, longest: usize) -> Option<&str> {
    let plain = text.chars().count() <= longest && !text.chars().any(steers_text);
    Some(text.trim()).filter(|line| plain && !line.is_empty())
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
