//! Characters in names that could deceive other people.

/// Whether a character is invisible, or changes the direction of the text around it. Names are stored without them, and file
/// names are shown with them escaped, so that `exe.fdp` can't pose as `pdf.exe`, and no name is empty to the eye.
///
/// Source: the Unicode Character Database 16.0. All of the categories Cc, Zl and Zp, all of `Bidi_Control`, and those of
/// `Default_Ignorable_Code_Point` that no script needs to be written: the joiners U+200C and U+200D, variation selectors,
/// the grapheme joiner and the fillers between Hangul letters stay, which Persian, emoji, Hebrew and old Korean need.
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        // Cc: C0, DEL, C1.
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator, zero-width space, direction marks.
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        // Zl and Zp, direction embeddings and overrides; word joiner, direction isolates, deprecated controls.
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Hangul fillers that stand alone, byte order mark, interlinear annotation, tags.
        | '\u{3164}' | '\u{ffa0}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_and_direction_characters_are_hidden() {
        for c in ['\0', '\n', '\u{7f}', '\u{85}', '\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200e}', '\u{2028}'] {
            assert!(is_hidden(c), "U+{:04X}", c as u32);
        }
        for c in ['\u{202e}', '\u{2066}', '\u{2069}', '\u{3164}', '\u{feff}', '\u{fff9}', '\u{ffa0}', '\u{e0041}'] {
            assert!(is_hidden(c), "U+{:04X}", c as u32);
        }
    }

    #[test]
    fn characters_that_scripts_and_emoji_need_are_not() {
        for c in ['a', ' ', '\u{a0}', '\u{200c}', '\u{200d}', '\u{fe0f}', '\u{301}', 'م', '資', '👩', '\u{fffd}'] {
            assert!(!is_hidden(c), "U+{:04X}", c as u32);
        }
    }
}
