//! The page's English is in `app/src/text/`: whoever translates or edits it finds all of it there.

use super::{Finding, Source};

/// Where no English may be, but for the made-up room of the gallery.
const PLACES: [&str; 4] = ["app/src/view/", "app/src/pages/", "app/src/model/", "app/src/browser.rs"];
const MADE_UP: [&str; 2] = ["app/src/pages/gallery.rs", "app/src/model/example.rs"];

/// Attributes and properties that are shown or read aloud: a letter is enough.
const SHOWN: [&str; 8] = ["aria-label", "title", "placeholder", "alt", "label", "words", "text", "aria-valuetext"];

/// Attributes that nobody reads, whatever words are in them; `data-…` beside them, and the reason of a lint's exception.
const TECHNICAL: [&str; 8] = ["class", "id", "d", "viewBox", "href", "style", "type", "reason"];

/// Names of the browser's that look like words.
const NAMES: [&str; 1] = ["Files"];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let is_checked = |path: &str| PLACES.iter().any(|place| path.starts_with(place)) && !MADE_UP.contains(&path);
    let checked = sources.iter().filter(|source| is_checked(&source.path));
    checked
        .flat_map(|source| {
            literals(&source.text).into_iter().filter(Literal::is_english).map(|literal| {
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
    /// Two words, a capitalised one, one in a format, or any letter where it is shown.
    fn is_english(&self) -> bool {
        let text = without_placeholders(self.text);
        let words: Vec<_> = text.split_whitespace().map(trimmed).filter(|word| is_word(word)).collect();
        let enough = match words[..] {
            [] => false,
            [word] => self.is_format() || is_capitalised(word),
            _ => true,
        };
        let is_shown = self.is_shown() && text.contains(char::is_alphabetic);
        (enough || is_shown) && !self.is_technical() && !NAMES.contains(&self.text)
    }

    fn is_format(&self) -> bool {
        self.before.trim_end().ends_with("format!(")
    }

    /// The attribute, property or setting that it is the value of, straight or by a format.
    fn attribute(&self) -> Option<&str> {
        let before = self.before.trim_end();
        let before = before.strip_suffix("format!(").unwrap_or(before).trim_end().strip_suffix('=')?.trim_end();
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        Some(&before[start.map_or(0, |start| start + 1)..])
    }

    fn is_technical(&self) -> bool {
        let is_attribute = self.attribute().is_some_and(|name| TECHNICAL.contains(&name) || name.starts_with("data-"));
        let statement = self.before.rsplit(';').next().unwrap_or_default();
        let is_for_developers = self.before.ends_with(".expect(") || self.before.ends_with("panic!(");
        is_attribute || statement.contains("let class =") || is_class_list(self.text) || is_for_developers
    }

    /// A child of an element, or one of the attributes.
    fn is_shown(&self) -> bool {
        // rustfmt puts a space or a line break behind the brace of a block, and nothing behind that of a child.
        let is_braced = self.before.ends_with('{');
        let before = self.before.trim_end();
        let is_tag_end = before.ends_with('>') && !before.ends_with("=>") && !before.ends_with("->");
        let is_child = is_braced || is_tag_end || before.ends_with(['}', '"']);
        let is_pattern = self.after.trim_start().starts_with(['|', '=']);
        let is_attribute = !self.is_format() && self.attribute().is_some_and(|name| SHOWN.contains(&name));
        is_attribute || (is_child && !is_pattern)
    }
}

/// Letters alone, and two of them: no path of an icon, no address, no class with a dash.
fn is_word(text: &str) -> bool {
    text.chars().count() > 1 && text.chars().all(|c| c.is_alphabetic() || c == '\'')
}

/// A word without the punctuation around it. An opening bracket at the end is a call of CSS.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start_matches(['(', '“', '‘', '·']);
    text.trim_end_matches(['.', ',', ':', ';', '!', '?', '…', ')', '”', '’'])
}

fn is_capitalised(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
}

/// `btn btn-small`: a class, and one that is named after it.
fn is_class_list(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(' ') else { return false };
    rest.split(' ').any(|class| class.strip_prefix(first).is_some_and(|kind| kind.starts_with('-')))
}

/// `{name} link` → ` link`.
fn without_placeholders(text: &str) -> String {
    let mut pieces = text.split('{');
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    std::iter::once(first).chain(rest).collect()
}

/// The strings of the code, without those in comments and in tests.
fn literals(text: &str) -> Vec<Literal<'_>> {
    let code = text.split("#[cfg(test)]\nmod").next().unwrap_or_default();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(step) = code[at..].find(['"', '/', '\'']) {
        at += step;
        let rest = &code[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some(string) = rest.strip_prefix('"') {
            let Some(length) = closing_quote(string) else { break };
            let (before, text) = (&code[..at], &string[..length]);
            let line = before.matches('\n').count() + 1;
            at += length + 2;
            found.push(Literal { line, before, text, after: &code[at..] });
        } else {
            at += character(rest).unwrap_or(1);
        }
    }
    found
}

/// The length of a character literal; none for a lifetime and for a slash.
fn character(code: &str) -> Option<usize> {
    let inside = code.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let length = if first == '\\' { 2 + inside[2..].find('\'')? } else { first.len_utf8() };
    inside[length..].starts_with('\'').then_some(length + 2)
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
            // As they stood in the views once, each of them missed.
            "format!(\"{} of {} done\", done, all)",
            "pace.get().eta.map(|eta| format!(\"{} left\", format::duration(eta)))",
            "n => Some(format!(\"with {} in other rooms\", format::grouped(n))),",
            "let text = format!(\"{} have been sent and would be deleted. Pause keeps them.\", x);",
            "true => ctx.toast(format!(\"{name} link copied.\")),",
            "aria-label=format!(\"{name} link\")",
            "aria-label=format!(\"QR code of the {name} link\")",
            "ctx.toast(format!(\"{} not added.\", count))",
            "Some(who) => format!(\"begun by {}\", visible(who)),",
            "None => \"begun on this device\".to_owned(),",
            "then(|| format!(\"and {} more\", format::grouped(more)))",
            "false => \"A room this device left\".to_owned(),",
            "true => format!(\"{} of about {}\", known, total),",
            "theme.get().unwrap_or_else(|| \"as the system\".into())",
            "{entry(\"inflight\", \"in flight\")}",
            "{entry(\"again\", \"sent again\")}",
            "let x = ('\"', \"sent again\");",
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
            "<A href=format!(\"/r/{}/audit\", room) data-testid=format!(\"copy-{role}\")>",
            "<span class=format!(\"swatch swatch-{class}\") class=\"muted small\"></span>",
            "Level::Info => (\"notice notice-info\", Icon::Info),",
            "format!(\"calc({rows} * var(--row))\")",
            "format!(\"M{at} 0h{0}v1h-{0}z\", width)",
            "Self::Folder => \"M3.5 5.5h6l2 2.5h9v11h-17z\",",
            "value.expect(\"views are drawn once the client has started\")",
            "#[allow(unused, reason = \"the gallery uses it\")]",
            "let quote: (char, &'static str) = ('\"', \"x\"); let other = ('\\'', '\"');",
            "#[cfg(test)]\nmod tests { assert_eq!(title(), \"Go on\"); }",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
        let at = |path: &str| check(&[Source { path: path.into(), text: "<p>\"Ada\"</p>".into() }]).len();
        assert_eq!(MADE_UP.map(at), [0, 0]);
        assert_eq!(["app/src/model/live.rs", "app/src/browser.rs", "app/src/text/files.rs"].map(at), [1, 1, 0]);
    }
}
