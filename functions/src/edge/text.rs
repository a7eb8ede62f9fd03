//! Names that people give, made safe to show to other people.

use crate::edge::error::ApiFailure;

/// Without what cannot be seen and what turns the text around it: control characters, line and direction marks.
///
/// The joiners U+200C and U+200D stay: scripts and emoji need them.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect::<String>().trim().to_owned()
}

/// A name of 1 to `most` visible characters.
///
/// # Errors
/// `bad-request` that names `field`.
pub fn name(field: &'static str, text: &str, most: usize) -> Result<String, ApiFailure> {
    let name = visible(text);
    match name.chars().count() {
        0 => Err(ApiFailure::bad(field, "Give a name: at least one visible character.")),
        count if count > most => {
            Err(ApiFailure::bad(field, format!("The name is too long: at most {most} characters.")))
        }
        _ => Ok(name),
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_taken_out() {
        assert_eq!(visible(" Ann\0a\u{202e}gpj.exe\r\n"), "Annagpj.exe");
        assert_eq!(visible("\u{feff}\u{2066}x\u{2069}"), "x");
        assert_eq!(visible("👩\u{200d}🚀"), "👩\u{200d}🚀");
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(name("name", &"ä".repeat(60), 60).unwrap().chars().count(), 60);
        assert!(name("name", &"ä".repeat(61), 60).is_err());
        assert!(name("name", " \u{200b}\n", 60).is_err());
    }
}
