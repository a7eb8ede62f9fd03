//! The page's English is in `app/src/text/`: whoever translates or edits it finds all of it there.

use super::{Finding, Source};

/// Where no English may be, but for the gallery's made-up room.
const FOLDERS: [&str; 2] = ["app/src/view/", "app/src/pages/"];
const GALLERY: &str = "app/src/pages/gallery.rs";

/// Attributes and properties that are shown or read aloud.
const SHOWN: [&str; 8] =
    ["aria-label=", "title=", "placeholder=", "alt=", "label=", "words=", "text=", "aria-valuetext="];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let is_view = |path: &str| FOLDERS.iter().any(|folder| path.starts_with(folder)) && path != GALLERY;
    let views = sources.iter().filter(|source| is_view(&source.path));
    views
        .flat_map(|source| {
            literals(&source.text).filter(Literal::is_english).map(|literal| {
                format!("{}:{}: \"{}\" belongs in app/src/text/", source.path, literal.line, literal.text)
            })
        })
        .collect()
}

/// A string in the code, and what stands around it.
struct Literal<'a> {
    line: usize,
    before: &'a str,
    text: &'a str,
    after: &'a str,
}

impl Literal<'_> {
    /// A capitalised word anywhere, or any letter where it is shown. Class names are neither.
    fn is_english(&self) -> bool {
        let text = without_placeholders(self.text);
        is_capitalised(&text) || (self.is_shown() && text.contains(char::is_alphabetic))
    }

    /// A child of an element, or one of the attributes.
    fn is_shown(&self) -> bool {
        // rustfmt puts a space or a line break behind the brace of a block, and nothing behind that of a child.
        let is_braced = self.before.ends_with('{');
        let before = self.before.trim_end();
        let is_tag_end = before.ends_with('>') && !before.ends_with("=>") && !before.ends_with("->");
        let is_child = is_braced || is_tag_end || before.ends_with(['}', '"']);
        let is_pattern = self.after.trim_start().starts_with(['|', '=']);
        let is_attribute = SHOWN.iter().any(|name| {
            before.strip_suffix(name).is_some_and(|rest| rest.ends_with(|c: char| c.is_whitespace() || c == '-'))
        });
        is_attribute || (is_child && !is_pattern)
    }
}

fn is_capitalised(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
}

/// `{name} link` → ` link`.
fn without_placeholders(text: &str) -> String {
    let mut pieces = text.split('{');
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    std::iter::once(first).chain(rest).collect()
}

/// The strings of the code, without those in comments and in tests.
fn literals(text: &str) -> impl Iterator<Item = Literal<'_>> {
    let code = text.split("#[cfg(test)]\nmod").next().unwrap_or_default();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = next_quote(code, at)?;
        let length = closing_quote(&code[start..])?;
        at = start + length + 1;
        let line = code[..start].matches('\n').count() + 1;
        Some(Literal { line, before: &code[..start - 1], text: &code[start..start + length], after: &code[at..] })
    })
}

/// Where the next string begins, behind its quotation mark.
fn next_quote(code: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = &code[at..];
        let quote = rest.find('"')?;
        match rest.find("//") {
            Some(comment) if comment < quote => at += comment + rest[comment..].find('\n')?,
            _ => return Some(at + quote + 1),
        }
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Finding> {
        check(&[Source { path: "app/src/view/room/row.rs".into(), text: text.into() }])
    }

    #[test]
    fn english_in_a_view_is_found() {
        for text in [
            "<p>\"planned\"</p>",
            "<Glyph icon/> \"links\"",
            "<p>\n    \"You are \" <b>{now}</b> \". the link\"\n</p>",
            "{move || if busy.get() { \"Loading…\" } else { word }}",
            "<p>{\"planned\"}</p>",
            "<nav aria-label=\"other uploads\">",
            "<input placeholder=\"filter by name\"/>",
            "ctx.toast(\"Removed.\")",
            "format!(\"Remove {name}?\")",
        ] {
            assert!(!found(text).is_empty(), "{text}");
        }
        assert_eq!(found("\n<b>\"Go on\"</b>"), ["app/src/view/room/row.rs:2: \"Go on\" belongs in app/src/text/"]);
    }

    #[test]
    fn our_views_spell_no_english() {
        let findings = check(&crate::tidy::sources().unwrap());
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    #[test]
    fn other_strings_of_a_view_are_not_english() {
        for text in [
            "<p class=\"muted small\" data-testid=\"row\" role=\"status\">{LEAD} \" \"</p>",
            "let class = if wide { \"btn btn-small\" } else { \"icon-btn\" };",
            "// <p>\"Planned\"</p>\n",
            "match state { \"empty\" | \"view\" => \"kind kind-image\", _ => \"M9 9h10.5\" }",
            "format!(\"{}%{speed}\", x)",
            "<a href=format!(\"/r/{room}\") class:over=true>",
            "#[cfg(test)]\nmod tests { assert_eq!(title(), \"Go on\"); }",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
        let gallery = Source { path: GALLERY.into(), text: "<p>\"Ada\"</p>".into() };
        assert!(check(&[gallery]).is_empty());
    }
}
