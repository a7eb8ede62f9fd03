//! How long the functions are: a report, not a rule.

use super::Source;

/// A function of so many lines is worth a look.
const LONG: usize = 50;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Function<'a> {
    lines: usize,
    path: &'a str,
    at: usize,
}

pub(crate) fn print_lengths(sources: &[Source]) {
    let rust = sources.iter().filter(|source| source.path.ends_with(".rs"));
    let mut all: Vec<Function<'_>> = rust.flat_map(functions).collect();
    all.sort();
    let Some(longest) = all.last() else { return };
    let (median, ninth) = (all[all.len() / 2].lines, all[all.len() * 9 / 10].lines);
    println!(
        "    {} functions: median {median} lines, nine of ten within {ninth}, longest {}",
        all.len(),
        longest.lines
    );
    for function in all.iter().rev().take_while(|function| function.lines > LONG) {
        println!("    {} lines: {}:{}", function.lines, function.path, function.at);
    }
}

/// From `fn` to the closing brace of the same indentation, as rustfmt writes it.
fn functions(source: &Source) -> Vec<Function<'_>> {
    let lines: Vec<&str> = source.text.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| is_start(line));
    starts
        .filter_map(|(start, line)| {
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|line| *line == end)?;
            Some(Function { lines: length + 1, path: &source.path, at: start + 1 })
        })
        .collect()
}

/// A function with a body on lines of its own.
fn is_start(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take_while(|word| *word != "fn").collect();
    let is_prefix = |word: &&str| word.starts_with("pub") || ["async", "const", "unsafe", "in"].contains(word);
    line.contains("fn ") && words.iter().all(is_prefix) && !line.ends_with(['}', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_with_their_braces() {
        let text =
            "impl A {\n    pub(crate) async fn a(\n        b: u8,\n    ) {\n        b;\n    }\n\n    fn c() {}\n}\n";
        let source = Source { path: "a.rs".into(), text: text.into() };
        assert_eq!(functions(&source), [Function { lines: 5, path: "a.rs", at: 2 }]);
    }
}
