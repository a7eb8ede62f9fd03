//! Base64 for digests, identifiers and secrets: the standard one with padding, and base64url without. Small, since the
//! page is downloaded first; strict, so that nothing has two spellings.

/// Which letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base64 {
    /// `+`, `/` and padding.
    Standard,
    /// `-`, `_` and no padding.
    Url,
}

impl Base64 {
    /// The text of some bytes.
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            let letters = (0..=three.len()).map(|place| self.letter(bits >> (18 - 6 * place) & 63));
            text.extend(letters);
            if self == Self::Standard {
                text.extend(std::iter::repeat_n('=', 3 - three.len()));
            }
        }
        text
    }

    /// The bytes of a text; none where it is not exactly what [`Self::encode`] writes.
    pub(crate) fn decode(self, text: &str) -> Option<Vec<u8>> {
        let letters = match self {
            Self::Standard => text.trim_end_matches('='),
            Self::Url => text,
        };
        let (mut bytes, mut bits, mut count) = (Vec::new(), 0, 0);
        for letter in letters.bytes() {
            bits = bits << 6 | self.value(letter)?;
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
                bits &= (1 << count) - 1;
            }
        }
        // What is left over is less than a letter, and nothing.
        let is_whole = bits == 0 && count < 6;
        let padded = if self == Self::Standard { letters.len().next_multiple_of(4) } else { letters.len() };
        (is_whole && text.len() == padded).then_some(bytes)
    }

    fn last(self) -> [char; 2] {
        if self == Self::Standard { ['+', '/'] } else { ['-', '_'] }
    }

    fn letter(self, value: u32) -> char {
        let from = |first: char, place: u32| char::from(first as u8 + place as u8);
        match value {
            0..26 => from('A', value),
            26..52 => from('a', value - 26),
            52..62 => from('0', value - 52),
            _ => self.last()[usize::from(value != 62)],
        }
    }

    fn value(self, letter: u8) -> Option<u32> {
        let place = |first: u8, before: u32| Some(u32::from(letter - first) + before);
        match letter {
            b'A'..=b'Z' => place(b'A', 0),
            b'a'..=b'z' => place(b'a', 26),
            b'0'..=b'9' => place(b'0', 52),
            _ => self.last().iter().position(|last| *last == char::from(letter)).map(|at| at as u32 + 62),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_are_written_as_others_do(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for (ours, theirs) in [
                (Base64::Standard.encode(&bytes), STANDARD.encode(&bytes)),
                (Base64::Url.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)),
            ] {
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn texts_are_read_or_refused_as_by_others(text in "[AQgwZz09+/_-]{0,12}={0,3}|\\PC{0,6}") {
            prop_assert_eq!(Base64::Standard.decode(&text), STANDARD.decode(&text).ok(), "{}", text);
            prop_assert_eq!(Base64::Url.decode(&text), URL_SAFE_NO_PAD.decode(&text).ok(), "{}", text);
        }
    }
}
