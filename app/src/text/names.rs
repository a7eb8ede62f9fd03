//! File names come from other people: they are shown so that no character in them can mislead.

use slipway_protocol::wire::text::is_hidden;

/// Names longer than this, in characters, are cut in the middle before they reach the page.
const MOST_CHARS: usize = 160;
/// Names up to this long, in characters, are left in one piece.
const SHORT_CHARS: usize = 24;
/// The most characters of an extension that are kept at the end, with its dot.
const EXTENSION_CHARS: usize = 12;
/// Characters of the stem that stay with the extension.
const STEM_END_CHARS: usize = 5;

/// A name in two pieces: the layout may truncate the head with an ellipsis, never the tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeName {
    pub head: String,
    pub tail: String,
}

impl SafeName {
    /// Escapes hidden characters and splits off the tail.
    pub fn new(name: &str) -> Self {
        let text = visible(name);
        let chars: Vec<char> = text.chars().collect();
        if chars.len() <= SHORT_CHARS {
            return Self { head: text, tail: String::new() };
        }
        let split = split_point(&chars);
        let tail = chars[split..].iter().collect();
        let head = match split.checked_sub(MOST_CHARS) {
            Some(1..) => chars[..MOST_CHARS].iter().chain(&['…']).collect(),
            _ => chars[..split].iter().collect(),
        };
        Self { head, tail }
    }

    /// Both pieces.
    pub fn whole(&self) -> String {
        format!("{}{}", self.head, self.tail)
    }
}

/// The text with control and bidirectional characters escaped, so that `exe.fdp` can't pose as `pdf.exe`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('␀')),
            '\u{7f}' => out.push('␡'),
            _ if is_hidden(c) => out.push_str(&format!("[U+{:04X}]", c as u32)),
            _ => out.push(c),
        }
    }
    out
}

fn split_point(chars: &[char]) -> usize {
    let dot = chars.iter().rposition(|c| *c == '.').filter(|at| *at > 0 && chars.len() - at <= EXTENSION_CHARS);
    let mut split = dot.unwrap_or(chars.len()).saturating_sub(STEM_END_CHARS);
    // Never between a letter and its combining marks.
    while split > 0 && is_mark(chars[split]) {
        split -= 1;
    }
    split
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// A file's type, guessed from its name. Only for the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Image,
    Video,
    Audio,
    Archive,
    Document,
    Code,
    Other,
}

/// Guesses from the extension.
pub fn kind(name: &str) -> Kind {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "heic" | "svg" | "tif" | "tiff" | "bmp" | "raw" | "dng"
        | "psd" | "ico" => Kind::Image,
        "mp4" | "mov" | "mkv" | "webm" | "avi" | "mxf" | "m4v" | "mpg" | "mpeg" | "r3d" | "braw" => Kind::Video,
        "mp3" | "wav" | "flac" | "aac" | "ogg" | "m4a" | "aiff" | "opus" | "mid" => Kind::Audio,
        "zip" | "tar" | "gz" | "tgz" | "bz2" | "xz" | "zst" | "7z" | "rar" | "iso" | "dmg" | "img" => Kind::Archive,
        "pdf" | "doc" | "docx" | "odt" | "txt" | "md" | "rtf" | "xls" | "xlsx" | "ods" | "csv" | "ppt" | "pptx"
        | "odp" | "epub" => Kind::Document,
        "rs" | "js" | "ts" | "py" | "go" | "c" | "h" | "cpp" | "java" | "sh" | "html" | "css" | "json" | "toml"
        | "yaml" | "yml" | "xml" | "sql" | "wasm" => Kind::Code,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_stays_in_one_piece() {
        let name = SafeName::new("report.pdf");
        assert_eq!((name.head.as_str(), name.tail.as_str()), ("report.pdf", ""));
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = SafeName::new("holiday on the coast, second day, final.mov");
        assert_eq!(name.tail, "final.mov");
        assert_eq!(name.whole(), "holiday on the coast, second day, final.mov");
    }

    #[test]
    fn a_very_long_name_is_cut_but_not_at_its_end() {
        let name = SafeName::new(&format!("{}.tar", "a".repeat(10_000)));
        assert_eq!(name.head.chars().count(), MOST_CHARS + 1);
        assert!(name.head.ends_with('…') && name.tail.ends_with("aaaaa.tar"));
    }

    #[test]
    fn a_dot_far_from_the_end_is_no_extension() {
        let name = SafeName::new("v1.a sentence that goes on for quite some time");
        assert_eq!(name.tail, " time");
    }

    #[test]
    fn hidden_characters_are_written_out() {
        assert_eq!(visible("gpj\u{202e}exe.jpg"), "gpj[U+202E]exe.jpg");
        assert_eq!(visible("a\0b\nc\u{7f}"), "a␀b␊c␡");
        assert_eq!(visible("\u{feff}x\u{200b}"), "[U+FEFF]x[U+200B]");
    }

    #[test]
    fn letters_of_every_script_stay() {
        for text in ["naïve café.txt", "資料.pdf", "مستند.docx", "👩‍🚀.png", "<b>&amp;.html"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn marks_stay_on_their_letters() {
        let name = SafeName::new(&format!("{}e\u{301}1234.mov", "x".repeat(30)));
        assert!(!name.tail.starts_with('\u{301}'), "{name:?}");
    }

    #[test]
    fn the_kind_follows_from_the_extension() {
        assert_eq!(kind("A.JPG"), Kind::Image);
        assert_eq!(kind("backup.tar.gz"), Kind::Archive);
        assert_eq!(kind("Makefile"), Kind::Other);
    }
}
