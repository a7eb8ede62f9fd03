//! Names given by users, cleaned before other users see them.

use slipway_protocol::wire::text::is_hidden;
use slipway_protocol::wire::{Label, MAX_SEALED_LABEL_BYTES};

use crate::edge::error::ApiFailure;

/// The text without hidden and bidirectional characters.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect::<String>().trim().to_owned()
}

/// A name: a plain one of 1 to `most` visible characters, or a sealed one as it is.
///
/// # Errors
/// `bad-request` that names `field`.
pub fn label(field: &'static str, label: &Label, most: usize) -> Result<Label, ApiFailure> {
    match label {
        Label::Plain { plain } => name(field, plain, most).map(Label::from),
        Label::Sealed { sealed } => {
            check_sealed(field, sealed, MAX_SEALED_LABEL_BYTES)?;
            Ok(label.clone())
        }
    }
}

/// Refuses anything but 1 to `most` bytes of base64url.
pub fn check_sealed(field: &str, text: &str, most: usize) -> Result<(), ApiFailure> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(ApiFailure::bad(field, "What is sealed is base64url."));
    }
    if text.len() > most {
        return Err(ApiFailure::bad(field, format!("What is sealed is too long: at most {most} bytes.")));
    }
    Ok(())
}

fn name(field: &'static str, text: &str, most: usize) -> Result<String, ApiFailure> {
    let name = visible(text);
    match name.chars().count() {
        0 => Err(ApiFailure::bad(field, "Give a name: at least one visible character.")),
        count if count > most => {
            Err(ApiFailure::bad(field, format!("The name is too long: at most {most} characters.")))
        }
        _ => Ok(name),
    }
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

    #[test]
    fn a_sealed_name_is_opaque_but_bounded() {
        let sealed = |text: &str| label("name", &Label::Sealed { sealed: text.into() }, 60);
        assert_eq!(sealed("AbC-_9").unwrap(), Label::Sealed { sealed: "AbC-_9".into() });
        for text in ["", "a b", "ä", &"x".repeat(MAX_SEALED_LABEL_BYTES + 1)] {
            assert!(sealed(text).is_err(), "{text}");
        }
    }
}
