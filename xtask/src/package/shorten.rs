//! Makes a module and its script smaller by what only people read: the names that one imports from the other, which end
//! in a hash each, names of functions, comments and indentation.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use sha2::{Digest as _, Sha256};

const HEADER: usize = 8;
/// Names of functions, and which tools made it. Nothing runs by these.
const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
/// Features that tools look for.
const KEPT: &str = "target_features";

/// The module and the script as wasm-bindgen made them, shorter.
pub(super) fn shorten(module: &[u8], script: &str) -> Result<(Vec<u8>, String)> {
    ensure!(module.starts_with(b"\0asm\x01\0\0\0"), "this is no WebAssembly module");
    let (mut short, mut imports) = (module[..HEADER].to_vec(), Imports::default());
    let mut rest = Bytes(&module[HEADER..]);
    while !rest.0.is_empty() {
        let (id, body) = (rest.byte()?, rest.sized()?);
        let body = match id {
            CUSTOM if Bytes(body).text()? != KEPT => continue,
            IMPORTS => {
                imports = Imports::read(body)?;
                imports.shorter()
            }
            _ => body.to_vec(),
        };
        short.push(id);
        write_sized(&mut short, &body);
    }
    Ok((short, imports.shorter_script(&without_comments(script)?)?))
}

/// What a module wants of its script.
#[derive(Default)]
struct Imports<'a> {
    /// What the script is called.
    from: &'a str,
    functions: Vec<(&'a str, u32)>,
}

impl<'a> Imports<'a> {
    fn read(section: &'a [u8]) -> Result<Self> {
        let (mut bytes, mut imports) = (Bytes(section), Self::default());
        for number in 0..bytes.number()? {
            let (from, name, kind) = (bytes.text()?, bytes.text()?, bytes.byte()?);
            ensure!(kind == 0, "{name} is imported, and no function");
            ensure!(
                number == 0 || from == imports.from,
                "{name} is imported from {from}, others from {}",
                imports.from
            );
            imports.from = from;
            imports.functions.push((name, bytes.number()?));
        }
        ensure!(bytes.0.is_empty(), "there is something behind the imports");
        Ok(imports)
    }

    /// Short names fit every script. So that a module refuses one made for another, as it did by the long names, what
    /// they are imported from is called after them all.
    fn mark(&self) -> String {
        let names: Vec<&str> = self.functions.iter().map(|(name, _)| *name).collect();
        hex::encode(&Sha256::digest(names.join("\n"))[..4])
    }

    /// The section with short names.
    fn shorter(&self) -> Vec<u8> {
        let (mut section, mark) = (Vec::new(), self.mark());
        write_number(&mut section, self.functions.len() as u32);
        for (number, (_, kind)) in (0..).zip(&self.functions) {
            write_sized(&mut section, mark.as_bytes());
            write_sized(&mut section, letters(number).as_bytes());
            section.push(0);
            write_number(&mut section, *kind);
        }
        section
    }

    /// Each import is a field, at the beginning of a line of its own: `name: function…`.
    fn shorter_script(&self, script: &str) -> Result<String> {
        let long = self.functions.iter().map(|(name, _)| *name);
        let mut names: HashMap<&str, String> = long.zip((0..).map(letters)).collect();
        ensure!(names.len() == self.functions.len(), "two imports have one name");
        let mut short = String::new();
        for line in script.lines() {
            match line.split_once(':').and_then(|(name, rest)| Some((names.remove(name)?, rest))) {
                Some((name, rest)) => short.extend([&name, ":", rest, "\n"]),
                None => short.extend([line, "\n"]),
            }
        }
        ensure!(names.is_empty(), "the script does not have {:?}", names.keys());
        let from = format!("\"{}\"", self.from);
        ensure!(short.matches(&from).count() == 1, "the script does not name {from} once");
        Ok(short.replace(&from, &format!("\"{}\"", self.mark())))
    }
}

/// Without what is between `/**` and `*/` and behind `//`, as wasm-bindgen writes them: in lines of their own. Without
/// indentation.
fn without_comments(script: &str) -> Result<String> {
    let (mut short, mut within) = (String::new(), false);
    for line in script.lines().map(str::trim) {
        within |= line.starts_with("/**");
        ensure!(within || !line.starts_with("/*") && !line.starts_with('*'), "a comment of another kind: {line}");
        if !within && !line.is_empty() && !line.starts_with("//") {
            short.extend([line, "\n"]);
        }
        within &= !line.ends_with("*/");
    }
    ensure!(!within, "a comment does not end");
    Ok(short)
}

/// `a` to `z`, `aa` and so on.
fn letters(number: u32) -> String {
    let last = char::from(b'a' + (number % 26) as u8);
    let before = if number < 26 { String::new() } else { letters(number / 26 - 1) };
    format!("{before}{last}")
}

/// What is left of a module to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).context("the module is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Result<u32> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        anyhow::bail!("a number in the module is too long")
    }

    fn sized(&mut self) -> Result<&'a [u8]> {
        let size = self.number()?;
        self.take(size as usize)
    }

    fn text(&mut self) -> Result<&'a str> {
        Ok(std::str::from_utf8(self.sized()?)?)
    }
}

fn write_number(to: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn write_sized(to: &mut Vec<u8>, bytes: &[u8]) {
    write_number(to, bytes.len() as u32);
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with two imports, a section of the kind 9 and two custom ones.
    fn module(from: &str, first: &str, second: &str, names: &[u8]) -> Vec<u8> {
        let mut imports = vec![2];
        for name in [first, second] {
            write_sized(&mut imports, from.as_bytes());
            write_sized(&mut imports, name.as_bytes());
            imports.extend([0, 0x80, 1]);
        }
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        for (id, body) in [(2, &imports[..]), (9, b"elements"), (0, names), (0, b"\x0ftarget_features+")] {
            module.push(id);
            write_sized(&mut module, body);
        }
        module
    }

    const ONE: &str = "__wbg_one_0123456789abcdef";
    const TWO: &str = "__wbg_two_0123456789abcdef";
    const SCRIPT: &str = "/**\n * Words.\n *\n * More of them.\n */\n    const imports = {\n        \
        __wbg_two_0123456789abcdef: function(a) {\n            // Words.\n            return a ? 1 : 2; },\n        \
        __wbg_one_0123456789abcdef: two,\n    };\n    return { \"./app_bg.js\": imports };\n";

    #[test]
    fn both_files_get_the_same_short_names() {
        let long = module("./app_bg.js", ONE, TWO, b"\x04name\x01\x02\x03");
        let (short, script) = shorten(&long, SCRIPT).unwrap();
        // By hand: printf '%s\n%s' … | sha256sum
        let mark = "83c13d92";
        let mut expected = module(mark, "a", "b", b"");
        // Without the section of names: its kind and its size.
        let at = expected.len() - b"\x00\x00\x00\x11\x0ftarget_features+".len();
        expected.drain(at..at + 2);
        assert_eq!(short, expected);
        let lines = "const imports = {\nb: function(a) {\nreturn a ? 1 : 2; },\na: two,\n};\n";
        assert_eq!(script, format!("{lines}return {{ \"{mark}\": imports }};\n"));
    }

    #[test]
    fn a_module_refuses_the_script_of_another() {
        let mark = |first, second| {
            let (short, _) = shorten(&module("./app_bg.js", first, second, b"\x04name"), SCRIPT).unwrap();
            short[13..21].to_vec()
        };
        assert_ne!(mark(ONE, TWO), mark(TWO, ONE), "the same names in another order");
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let long = module("./app_bg.js", ONE, "b", b"\x04name");
        let refused = [
            (&long[..], SCRIPT),
            (&long[..long.len() - 1], SCRIPT),
            (b"text", SCRIPT),
            (&module("./app_bg.js", ONE, ONE, b"\x04name"), SCRIPT),
            (&module("./other_bg.js", ONE, TWO, b"\x04name"), SCRIPT),
            (&module("./app_bg.js", ONE, TWO, b"\x04name"), &format!("/* Words. */\n{SCRIPT}")),
            (&module("./app_bg.js", ONE, TWO, b"\x04name"), &format!("{SCRIPT}/**\n")),
        ];
        for (index, (module, script)) in refused.into_iter().enumerate() {
            assert!(shorten(module, script).is_err(), "number {index}");
        }
    }

    #[test]
    fn names_are_letters() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["a", "z", "aa", "zz", "aaa"]);
    }
}
