//! Every key of a table's item is spelled in `functions/src/records/`: whoever looks for one finds all of them there.

use super::{Finding, Source};

const RECORDS: &str = "functions/src/records/";
/// Crates that work on the tables.
const FOLDERS: [&str; 2] = ["functions/src/", "dev-server/src/"];
const MAKERS: [&str; 3] = ["Key::main(", "Key::access(", "Key::audit("];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let is_asked = |path: &str| {
        FOLDERS.iter().any(|folder| path.starts_with(folder)) && !path.starts_with(RECORDS) && path.ends_with(".rs")
    };
    let asked = sources.iter().filter(|source| is_asked(&source.path));
    asked
        .flat_map(|source| {
            // Tests of the table itself need some key.
            let code = source.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).enumerate();
            let spelled = code.filter(|(_, line)| spells_key(line.split("//").next().unwrap_or_default()));
            spelled.map(|(index, _)| {
                format!("{}:{}: a key of a table is spelled here, not in {RECORDS}", source.path, index + 1)
            })
        })
        .collect()
}

/// A key that is made, or a text such as `"ROOM#…"`.
fn spells_key(code: &str) -> bool {
    MAKERS.iter().any(|maker| code.contains(maker)) || code.split('"').skip(1).any(begins_key)
}

fn begins_key(text: &str) -> bool {
    text.split_once('#').is_some_and(|(kind, _)| kind.len() > 1 && kind.bytes().all(|byte| byte.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&[Source { path: path.into(), text: text.into() }]).len()
    }

    #[test]
    fn a_key_outside_of_records_is_found() {
        for text in ["let key = Key::main(a, b);", "let pk = format!(\"ROOM#{room}\");", "query(\"FILE#\")"] {
            assert_eq!(found("functions/src/uploads/abort.rs", text), 1, "{text}");
            assert_eq!(found("functions/src/records/upload.rs", text), 0, "{text}");
            assert_eq!(found("functions/tests/it/table/cases.rs", text), 0, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        for text in ["// `ROOM#id` / `META`", "\"#state = :open\"", "\"SET #state = :next\"", "\"a#b\""] {
            assert_eq!(found("functions/src/uploads/abort.rs", text), 0, "{text}");
        }
        assert_eq!(found("functions/src/table/send.rs", "#[cfg(test)]\nlet key = Key::main(a, b);"), 0);
    }
}
