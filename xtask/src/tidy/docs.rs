//! Links that lead somewhere, and error codes that say what they mean.

use std::path::Path;

use super::{Finding, Source};

/// Relative links in Markdown must name files that are there.
pub(crate) fn check_links(sources: &[Source], root: &Path) -> Vec<Finding> {
    let pages = sources.iter().filter(|source| source.path.ends_with(".md"));
    pages.flat_map(|page| links(&page.text).filter_map(|link| broken(page, link, root))).collect()
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|after| after.split([')', ' ']).next())
}

fn broken(page: &Source, link: &str, root: &Path) -> Option<Finding> {
    let path = link.split('#').next().unwrap_or_default();
    let is_elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
    let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
    let leads_somewhere = is_elsewhere || root.join(folder).join(path).exists();
    (!leads_somewhere).then(|| format!("{}: the link `{link}` leads nowhere", page.path))
}

/// Every error code has a sentence in the code and is in the API's document.
pub(crate) fn check_codes(sources: &[Source], openapi: &str) -> Vec<Finding> {
    const FILE: &str = "protocol/src/wire/error.rs";
    let text = sources.iter().find(|source| source.path == FILE).map(|source| source.text.as_str());
    let codes = codes(text.unwrap_or_default());
    if codes.is_empty() {
        return vec![format!("{FILE}: no error codes found")];
    }
    let undescribed = codes.iter().filter(|(_, described)| !described);
    let untold = codes.iter().filter(|(code, _)| !openapi.contains(code));
    undescribed
        .map(|(code, _)| format!("{FILE}: `{code}` has no description"))
        .chain(untold.map(|(code, _)| format!("{FILE}: `{code}` is not in the OpenAPI document")))
        .collect()
}

/// Lines such as `NotFound = "not-found", 404;`, and whether a comment is above.
fn codes(text: &str) -> Vec<(&str, bool)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.windows(2).filter_map(|pair| Some((code_of(pair[1])?, pair[0].starts_with("///")))).collect()
}

fn code_of(line: &str) -> Option<&str> {
    let (_, after) = line.split_once(" = \"")?;
    let (code, status) = after.split_once("\", ")?;
    status.strip_suffix(';')?.parse::<u16>().ok()?;
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> [Source; 1] {
        [Source { path: "docs/a.md".into(), text: text.into() }]
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("docs")).unwrap();
        std::fs::write(root.path().join("docs/b.md"), "").unwrap();
        let findings = check_links(&page("[x](b.md#part) [y](https://e.org) [z](#here) [w](c.md)"), root.path());
        assert_eq!(findings, ["docs/a.md: the link `c.md` leads nowhere"]);
    }

    #[test]
    fn codes_need_a_description() {
        let text = "    /// Gone.\n    NotFound = \"not-found\", 404;\n    Other = \"other\", 500;\n    let x = \"y\";";
        assert_eq!(codes(text), [("not-found", true), ("other", false)]);
    }
}
