//! The words of JSON. Nothing here is generic: it is in the page once.

use std::borrow::Cow;

use super::{NotJson, Result};

/// Brackets within brackets, as `serde_json` has it: more are no answer of ours.
const DEEPEST: u8 = 128;

/// A place in a text.
pub(super) struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

#[derive(Clone, Copy)]
pub(super) enum Number {
    Whole(u64),
    Negative(i64),
    Float(f64),
}

impl<'de> Reader<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The byte under the cursor.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte of what comes next, behind space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    pub(super) fn take(&mut self, wanted: u8) -> Result<()> {
        if self.peek() != Some(wanted) {
            return Err(NotJson);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(NotJson) }
    }

    pub(super) fn open(&mut self, bracket: u8) -> Result<()> {
        self.take(bracket)?;
        self.depth += 1;
        if self.depth < DEEPEST { Ok(()) } else { Err(NotJson) }
    }

    /// Whether there is an item before the closing bracket; if not, goes behind that.
    pub(super) fn next_item(&mut self, close: u8, first: bool) -> Result<bool> {
        if self.peek() == Some(close) {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            self.take(b',')?;
        }
        Ok(true)
    }

    pub(super) fn word(&mut self, word: &str) -> Result<()> {
        self.peek();
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(NotJson);
        }
        self.at += word.len();
        Ok(())
    }

    pub(super) fn bool(&mut self) -> Result<bool> {
        match self.peek() {
            Some(b't') => self.word("true").map(|()| true),
            _ => self.word("false").map(|()| false),
        }
    }

    fn digits(&mut self) -> Result<()> {
        let before = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > before { Ok(()) } else { Err(NotJson) }
    }

    /// A whole number that is too large for 64 bits is a float.
    pub(super) fn number(&mut self) -> Result<Number> {
        self.peek();
        let (from, mut whole) = (self.at, true);
        let negative = self.byte() == Some(b'-');
        self.at += usize::from(negative);
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            (self.at, whole) = (self.at + 1, false);
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            (self.at, whole) = (self.at + 1, false);
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(from..self.at).ok_or(NotJson)?;
        if whole && let Some(number) = integer(text, negative) {
            return Ok(number);
        }
        text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Number::Float).ok_or(NotJson)
    }

    pub(super) fn string(&mut self) -> Result<Cow<'de, str>> {
        self.take(b'"')?;
        let mut text = Cow::Borrowed("");
        loop {
            let from = self.at;
            while self.byte().is_some_and(|byte| byte != b'"' && byte != b'\\' && byte >= b' ') {
                self.at += 1;
            }
            let piece = self.text.get(from..self.at).ok_or(NotJson)?;
            if text.is_empty() {
                text = Cow::Borrowed(piece);
            } else {
                text.to_mut().push_str(piece);
            }
            let end = self.byte();
            self.at += 1;
            match end {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.to_mut().push(self.escaped()?),
                _ => return Err(NotJson),
            }
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Result<char> {
        let byte = self.byte().ok_or(NotJson)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return Err(NotJson),
        })
    }

    /// Four digits, or two times four where one character takes two.
    fn unicode(&mut self) -> Result<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or(NotJson);
        }
        if self.text.as_bytes().get(self.at..self.at + 2) != Some(b"\\u") {
            return Err(NotJson);
        }
        self.at += 2;
        match self.hex()? {
            low @ 0xdc00..0xe000 => char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(NotJson),
            _ => Err(NotJson),
        }
    }

    fn hex(&mut self) -> Result<u32> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16)).ok_or(NotJson)?;
            number = number << 4 | digit;
            self.at += 1;
        }
        Ok(number)
    }

    /// Goes behind a value that nobody wants.
    pub(super) fn skip(&mut self) -> Result<()> {
        let (open, close) = match self.peek() {
            Some(b'"') => return self.string().map(drop),
            Some(b't' | b'f') => return self.bool().map(drop),
            Some(b'n') => return self.word("null"),
            Some(b'[') => (b'[', b']'),
            Some(b'{') => (b'{', b'}'),
            _ => return self.number().map(drop),
        };
        self.open(open)?;
        let mut first = true;
        while self.next_item(close, first)? {
            first = false;
            if open == b'{' {
                self.string()?;
                self.take(b':')?;
            }
            self.skip()?;
        }
        Ok(())
    }
}

fn integer(text: &str, negative: bool) -> Option<Number> {
    match negative {
        false => text.parse().ok().map(Number::Whole),
        // There is no whole number for minus zero.
        true => text.parse().ok().filter(|number| *number != 0).map(Number::Negative),
    }
}
