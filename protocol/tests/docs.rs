//! The documents say what the code says.
//!
//! `UPDATE_DOCS=1 cargo test -p slipway-protocol --test docs` writes what is made from the code.

#[path = "mutants/list.rs"]
mod mutants;

use slipway_protocol::machine::state_table;

/// Holds the text between two marks against what it is made from, or writes it.
fn holds(document: &str, mark: &str, made: &str) {
    let path = format!("{}/../docs/{document}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- {mark}: begin -->\n"), format!("<!-- {mark}: end -->"));
    let begin = text.find(&open).expect("the mark where it begins") + open.len();
    let end = text.find(&close).expect("the mark where it ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{}{made}\n{}", &text[..begin], &text[end..])).unwrap();
    } else {
        assert_eq!(text[begin..end].trim_end(), made, "run: UPDATE_DOCS=1 cargo test -p slipway-protocol --test docs");
    }
}

#[test]
fn the_state_table_in_the_docs_is_that_of_the_code() {
    holds("upload-machine.md", "states", &state_table());
}

#[test]
fn the_mutants_in_the_docs_are_those_of_the_list() {
    let lines: Vec<String> =
        mutants::MUTANTS.iter().map(|mutant| format!("- {} (`{}`)", mutant.what, mutant.file)).collect();
    holds("testing.md", "mutants", &lines.join("\n"));
}

#[test]
fn every_mutant_of_the_list_still_fits_the_code() {
    for mutant in mutants::MUTANTS {
        let path = format!("{}/src/{}", env!("CARGO_MANIFEST_DIR"), mutant.file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(mutant.find).count(), 1, "{}: {:?} in {path}", mutant.what, mutant.find);
        assert_ne!(mutant.find, mutant.replace);
    }
}
