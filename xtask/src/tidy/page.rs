//! What tests and other people's scripts hold on to in the page. They are part of the interface.

use super::{Finding, Source};

const TEST_IDS: &[&str] = &[
    "new-room",
    "room-name",
    "link-manage",
    "link-contribute",
    "link-view",
    "link-drop",
    "display-name",
    "join",
    "drop-zone",
    "file-input",
    "folder-input",
    "upload-row",
    "upload-progress",
    "upload-speed",
    "upload-eta",
    "upload-pause",
    "upload-resume",
    "upload-cancel",
    "upload-retry",
    "room-file",
    "file-download",
    "notice",
];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let app: String =
        sources.iter().filter(|file| file.path.starts_with("app/src/")).map(|f| f.text.as_str()).collect();
    let is_there = |id: &str| app.contains(&format!("\"{id}\"")) || is_made(&app, id);
    let missing = TEST_IDS.iter().filter(|id| !is_there(id));
    missing.map(|id| format!("app/src: no element has data-testid `{id}`")).collect()
}

/// The links' ids are made from the role.
fn is_made(app: &str, id: &str) -> bool {
    id.starts_with("link-") && app.contains("\"link-{role}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_id_is_found() {
        let all: String = TEST_IDS.iter().map(|id| format!("data-testid=\"{id}\" ")).collect();
        let source = |text| [Source { path: "app/src/view/root.rs".into(), text }];
        assert!(check(&source(all.clone())).is_empty());
        assert_eq!(check(&source(all.replace("\"join\"", "\"joined\""))).len(), 1);
    }
}
