//! Which of the functions' code calls which, read from the text: what IAM has to allow is derived from it.
//!
//! Names are resolved as the sources are written: by module, by type, by import. Where a name may mean several
//! functions, all of them count: a method's name alone does not say whose it is, so methods that write to different tables
//! have different names. What the compiler calls by itself (`Drop`) is not followed, but for the extractor of members.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;

/// One function with a body.
#[derive(Debug)]
pub(crate) struct Function {
    /// `uploads/finish` for `functions/src/uploads/finish.rs`.
    pub(crate) module: String,
    /// The type whose `impl` it is in.
    owner: Option<String>,
    pub(crate) name: String,
    /// Without comments, and without spaces around dots.
    pub(crate) body: String,
}

/// All of them, and what the files import.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) functions: Vec<Function>,
    imports: BTreeMap<String, Vec<String>>,
    /// `take_lease` → `take` for `use lease::take as take_lease`.
    aliases: BTreeMap<String, String>,
}

/// `receiver.name(`, `qualifier::name(` or `name(`.
#[derive(Debug, PartialEq, Eq)]
struct Call<'a> {
    before: Option<(&'a str, Joint)>,
    name: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    Dot,
    Colons,
}

impl Calls {
    pub(crate) fn read(sources: &[Source]) -> Self {
        let mut calls = Self { functions: Vec::new(), imports: BTreeMap::new(), aliases: BTreeMap::new() };
        for source in sources {
            let Some(module) = module_of(&source.path) else { continue };
            let text = code_of(&source.text);
            let imports = imports_of(&text);
            calls.aliases.extend(imports.iter().flat_map(|import| aliases_of(import)));
            calls.functions.extend(functions_of(module, &text));
            calls.imports.insert(module.to_owned(), imports);
        }
        calls
    }

    /// Every function that these modules' functions call, and so on. `is_sink`: not followed further.
    pub(crate) fn reached(&self, module: &str, is_sink: impl Fn(&Function) -> bool) -> Vec<&Function> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<usize> = self.indices(|function| function.module == module);
        while let Some(index) = next.pop() {
            if reached.insert(index) && !is_sink(&self.functions[index]) {
                next.extend(self.called_by(&self.functions[index]));
            }
        }
        reached.into_iter().map(|index| &self.functions[index]).collect()
    }

    fn indices(&self, is_wanted: impl Fn(&Function) -> bool) -> Vec<usize> {
        self.functions.iter().enumerate().filter(|(_, function)| is_wanted(function)).map(|(index, _)| index).collect()
    }

    fn called_by(&self, caller: &Function) -> Vec<usize> {
        // Handlers are named in a macro: whoever serves a module's routes serves all of them.
        if caller.name == "router" {
            return self.indices(|function| function.module == caller.module);
        }
        let mut called: Vec<usize> = calls_in(&caller.body).flat_map(|call| self.resolve(caller, &call)).collect();
        if caller.module.starts_with("routes/") && caller.body.contains(": Member") {
            called.extend(self.indices(|function| {
                function.name == "from_request_parts" && function.owner.as_deref() == Some("Member")
            }));
        }
        called
    }

    /// What a function calls by itself.
    pub(crate) fn called_directly(&self, caller: &Function) -> impl Iterator<Item = &Function> {
        self.called_by(caller).into_iter().map(|index| &self.functions[index])
    }

    fn resolve(&self, caller: &Function, call: &Call<'_>) -> Vec<usize> {
        let in_storage = |function: &Function| function.module.starts_with("storage/");
        match call.before {
            Some(("storage", Joint::Dot)) => {
                self.indices(|function| in_storage(function) && function.name == call.name && function.owner.is_some())
            }
            Some((receiver, Joint::Dot)) => self.indices(|function| {
                let is_near =
                    if receiver == "self" { function.module == caller.module || in_storage(caller) } else { true };
                is_near
                    && function.owner.is_some()
                    && function.name == call.name
                    && in_storage(function) == in_storage(caller)
            }),
            Some((qualifier, Joint::Colons)) if !matches!(qualifier, "super" | "crate" | "self") => {
                self.indices(|function| {
                    let is_own = qualifier == "Self" && function.module == caller.module && function.owner.is_some();
                    let is_named = stem(&function.module) == qualifier
                        && function.owner.is_none()
                        && self.may_import(caller, qualifier, &function.module);
                    function.name == call.name && (is_own || is_named || function.owner.as_deref() == Some(qualifier))
                })
            }
            _ => self.resolve_bare(caller, call.name),
        }
    }

    /// The imports that have this name in them: of several crates, there may be a module of each.
    fn imports_with<'a>(&'a self, caller: &Function, name: &'a str) -> impl Iterator<Item = &'a String> {
        let imports = self.imports.get(&caller.module).into_iter().flatten();
        imports.filter(move |import| words(import).any(|word| word == name))
    }

    /// Whether what the caller calls by this name can be of that module: by one of its imports, or without any.
    fn may_import(&self, caller: &Function, name: &str, module: &str) -> bool {
        let mut imports = self.imports_with(caller, name).peekable();
        imports.peek().is_none() || imports.any(|import| can_come_from(import, &caller.module, module))
    }

    fn resolve_bare(&self, caller: &Function, name: &str) -> Vec<usize> {
        let imports: Vec<&String> = self.imports_with(caller, name).collect();
        let original = self.aliases.get(name).map_or(name, String::as_str);
        let found = self.indices(|function| {
            let is_here = function.module == caller.module && function.name == name;
            let is_there = function.name == original
                && imports.iter().any(|import| can_come_from(import, &caller.module, &function.module));
            function.owner.is_none() && (is_here || is_there)
        });
        // Of several that it can come from, the module that the import names; a re-export names none.
        let is_named = |index: &usize| {
            let module = &self.functions[*index].module;
            module == &caller.module || imports.iter().any(|import| words(import).any(|word| word == stem(module)))
        };
        let named: Vec<usize> = found.iter().copied().filter(is_named).collect();
        if named.is_empty() { found } else { named }
    }
}

/// Whether an import can be of something in this module: it names its folder, or is of the importer's own.
fn can_come_from(import: &str, importer: &str, module: &str) -> bool {
    let folder = |module: &str| module.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let has = |wanted: &str| words(import).any(|word| word == wanted);
    if has("super") {
        return folder(importer) == folder(module);
    }
    let folder = folder(module);
    words(&folder).all(has) && (!folder.is_empty() || has(stem(module)))
}

fn module_of(path: &str) -> Option<&str> {
    path.strip_prefix("functions/src/")?.strip_suffix(".rs")
}

/// What other modules call it.
fn stem(module: &str) -> &str {
    let module = module.strip_suffix("/mod").unwrap_or(module);
    module.rsplit('/').next().unwrap_or(module)
}

/// Without comments and tests.
fn code_of(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines
        .map(|line| line.split("//").next().unwrap_or_default().trim_end())
        .fold(String::new(), |all, line| all + line + "\n")
}

/// Each `use` without its semicolon.
fn imports_of(code: &str) -> Vec<String> {
    let is_import = |line: &str| ["use ", "pub use ", "pub(crate) use "].iter().any(|start| line.starts_with(start));
    let mut imports = Vec::new();
    let mut open = None::<String>;
    for line in code.lines() {
        if open.is_none() && is_import(line) {
            open = Some(String::new());
        }
        if let Some(import) = &mut open {
            import.push_str(line);
            import.push(' ');
            if line.ends_with(';') {
                imports.extend(open.take());
            }
        }
    }
    imports
}

fn aliases_of(imports: &str) -> BTreeMap<String, String> {
    let all: Vec<&str> = words(imports).collect();
    all.windows(3).filter(|three| three[1] == "as").map(|three| (three[2].to_owned(), three[0].to_owned())).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// From `fn` to the closing brace of the same indentation, as rustfmt writes it.
fn functions_of(module: &str, code: &str) -> Vec<Function> {
    let lines: Vec<&str> = code.lines().collect();
    let mut owner = None;
    let mut functions = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        if line.starts_with("impl") {
            owner =
                line.trim_end_matches([' ', '{']).rsplit(' ').next().map(|name| name.split('<').next().unwrap_or(name));
        } else if *line == "}" {
            owner = None;
        }
        let Some(name) = name_of(line) else { continue };
        let end = format!("{}}}", " ".repeat(line.len() - line.trim_start().len()));
        let length = lines[start..].iter().position(|line| *line == end).unwrap_or(0);
        let body = if line.ends_with('}') { (*line).to_owned() } else { lines[start..=start + length].join("\n") };
        // The name itself is no call.
        let body = body.split_once('(').map_or("", |(_, rest)| rest);
        let owner = owner.map(str::to_owned);
        functions.push(Function { module: module.to_owned(), owner, name: name.to_owned(), body: tight(body) });
    }
    functions
}

fn name_of(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_prefix = |word: &str| word.starts_with("pub") || ["async", "const", "in"].contains(&word);
    let name = words(after).next()?;
    (before.split_whitespace().all(is_prefix) && after.starts_with(name)).then_some(name)
}

/// Chains in one line: `self\n.client\n.list_parts()` → `self.client.list_parts()`.
fn tight(body: &str) -> String {
    let lines = body.lines().map(str::trim);
    lines.fold(String::new(), |all, line| if line.starts_with('.') { all + line } else { all + " " + line })
}

fn calls_in(body: &str) -> impl Iterator<Item = Call<'_>> {
    body.match_indices('(').filter_map(|(at, _)| {
        let name = last_word(&body[..at])?;
        let before = &body[..at - name.len()];
        let joined = |joint: &str| before.strip_suffix(joint).map(|rest| last_word(rest).unwrap_or_default());
        let before =
            joined("::").map(|word| (word, Joint::Colons)).or_else(|| joined(".").map(|word| (word, Joint::Dot)));
        Some(Call { before, name })
    })
}

fn last_word(text: &str) -> Option<&str> {
    let start = text.rfind(|c: char| !is_word(c)).map_or(0, |at| at + 1);
    Some(&text[start..]).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> Calls {
        let source =
            |path: &str, text: &str| Source { path: format!("functions/src/{path}.rs"), text: text.to_owned() };
        Calls::read(&[
            source("bin/sweep", "use functions::sweep::sweep;\nfn main() {\n    sweep(app)\n}\n"),
            source(
                "sweep",
                "use crate::uploads::{remove, take_lease};\n\npub async fn sweep(app: &App) {\n    remove::remove(app)\n        .await;\n    take_lease(app); // other()\n}\n\nfn unused() {\n    other()\n}\n",
            ),
            source("uploads/mod", "pub(crate) use lease::take as take_lease;\n"),
            source("uploads/lease", "pub fn take() {\n    app\n        .storage\n        .head(key)\n}\n"),
            source("routes/status", "fn take() {\n    app.storage.delete(key)\n}\n"),
            source("uploads/remove", "pub fn remove() {\n    task.abort();\n}\nfn other() {}\n"),
            source(
                "storage/object",
                "impl Storage {\n    pub fn head() {\n        self.client.head_object()\n    }\n    pub fn abort() {}\n}\n",
            ),
        ])
    }

    #[test]
    fn calls_are_followed_through_imports_modules_and_aliases() {
        let calls = calls();
        let reached = calls.reached("bin/sweep", |_| false);
        let names: Vec<_> = reached.iter().map(|function| format!("{}::{}", function.module, function.name)).collect();
        assert_eq!(
            names,
            [
                "bin/sweep::main",
                "sweep::sweep",
                "uploads/lease::take",
                "uploads/remove::remove",
                "storage/object::head"
            ]
        );
    }

    #[test]
    fn a_sink_is_reached_and_not_followed() {
        let calls = calls();
        let reached = calls.reached("bin/sweep", |function| function.name == "take");
        assert!(reached.iter().any(|function| function.name == "take"));
        assert!(!reached.iter().any(|function| function.name == "head"));
    }
}
