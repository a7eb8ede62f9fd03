//! `Content-Disposition` for downloads: RFC 6266, with the name encoded as RFC 8187 says.

use std::fmt::Write as _;

/// The longest name that common file systems take, in bytes of UTF-8.
const MAX_NAME_BYTES: usize = 255;
/// Longer endings are no extensions worth keeping.
const MAX_EXTENSION_BYTES: usize = 32;

/// `attachment` with a file name that is safe to save.
///
/// Characters that mislead (control, bidirectional marks) or that no file system takes become `_`. The joiners U+200C
/// and U+200D stay: Persian and Indic scripts are written with them, and families of emoji are made with them.
pub fn attachment(name: &str) -> String {
    let name = safe_name(name);
    // For clients that do not know `filename*`. All others prefer that one (RFC 6266, section 4.3).
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent_encode(&name))
}

fn safe_name(name: &str) -> String {
    let cleaned: String = name.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    // Windows drops dots and spaces at the end of a name.
    let mut cut = cut_to_length(cleaned.trim_end_matches(['.', ' ']).trim_start());
    if cut.is_empty() {
        cut.push_str("file");
    }
    if is_device_name(&cut) {
        cut.insert(0, '_');
    }
    cut
}

fn is_unsafe(c: char) -> bool {
    // Invisible or reordering: `photo`, U+202E and `gnp.exe` in a row are shown as `photoexe.png`.
    let misleads = matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    // Windows refuses these characters in a name.
    c.is_control() || misleads || matches!(c, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// Fits the quoted form: printable ASCII without quoting rules. `%` would be decoded by some browsers.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%')
}

fn cut_to_length(name: &str) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name.to_owned();
    }
    let extension = match name.rfind('.') {
        Some(dot) if name.len() - dot <= MAX_EXTENSION_BYTES => &name[dot..],
        _ => "",
    };
    let mut end = MAX_NAME_BYTES - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

/// Windows opens a device in place of these, whatever the extension.
fn is_device_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        // attr-char of RFC 8187.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_for_old_and_new_browsers() {
        let table = [
            ("report.pdf", "report.pdf", "report.pdf"),
            ("a b;c,d.txt", "a b;c,d.txt", "a%20b%3Bc%2Cd.txt"),
            ("Übung.txt", "_bung.txt", "%C3%9Cbung.txt"),
            ("100%.txt", "100_.txt", "100%25.txt"),
            ("\"; evil=\"1.html", "__; evil=_1.html", "__%3B%20evil%3D_1.html"),
        ];
        for (name, plain, encoded) in table {
            let name = name.replacen("\";", "\"\\;", 1);
            let expected = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
            assert_eq!(attachment(&name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_mislead_or_cannot_be_saved_are_changed() {
        let table = [
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("invoice\u{202e}fdp.exe", "invoice_fdp.exe"),
            ("a\0b\nc", "a_b_c"),
            ("a\u{200b}b\u{200e}c\u{200f}d\u{2066}e\u{feff}f", "a_b_c_d_e_f"),
            ("می\u{200c}خواهم.txt", "می\u{200c}خواهم.txt"),
            ("👩\u{200d}👩\u{200d}👧.png", "👩\u{200d}👩\u{200d}👧.png"),
            ("NUL", "_NUL"),
            ("com1.txt", "_com1.txt"),
            ("console.log", "console.log"),
            ("trailing. . ", "trailing"),
            ("", "file"),
            ("...", "file"),
        ];
        for (name, safe) in table {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = format!("{}.tar", "é".repeat(5000));
        let safe = safe_name(&name);
        assert!(safe.len() <= MAX_NAME_BYTES && safe.len() > MAX_NAME_BYTES - 4);
        assert!(safe.ends_with("é.tar"));
    }
}
