//! A report as it lies on disk: an introduction, and sections under headings of level two.

/// The section that lists what peers do better. Its lines belong to the cases that they name.
pub(super) const LOSSES: &str = "Where Slipway loses";

/// A report, taken apart.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) introduction: String,
    sections: Vec<Section>,
}

/// Text without empty lines around it; the first line is `## ` and the title.
#[derive(Debug)]
struct Section {
    text: String,
}

impl Section {
    fn title(&self) -> &str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches("## ").trim_end()
    }
}

impl Document {
    pub(super) fn parse(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        for line in text.lines() {
            if line.starts_with("## ") {
                pieces.push(String::new());
            }
            if let Some(piece) = pieces.last_mut() {
                piece.push_str(line);
                piece.push('\n');
            }
        }
        let introduction = pieces.remove(0).trim().to_owned();
        let sections = pieces.into_iter().map(|piece| Section { text: piece.trim().to_owned() }).collect();
        Self { introduction, sections }
    }

    /// The section under this title, with its heading.
    pub(super) fn section(&self, title: &str) -> Option<&str> {
        self.sections.iter().find(|section| section.title() == title).map(|section| section.text.as_str())
    }

    /// Replaces the section of the same title where it stands. A new one goes to the end, before the losses.
    pub(super) fn put(&mut self, text: &str) {
        let new = Section { text: text.trim().to_owned() };
        if let Some(old) = self.sections.iter_mut().find(|old| old.title() == new.title()) {
            *old = new;
            return;
        }
        let end = self.sections.iter().position(|section| section.title() == LOSSES).unwrap_or(self.sections.len());
        self.sections.insert(end, new);
    }

    /// Replaces the lines of one case in the list of losses, where they stand.
    pub(super) fn put_losses(&mut self, case_title: &str, lines: &[String]) {
        if self.section(LOSSES).is_none() {
            if lines.is_empty() {
                return;
            }
            self.sections.push(Section { text: format!("## {LOSSES}\n\n") });
        }
        let Some(section) = self.sections.iter_mut().find(|section| section.title() == LOSSES) else { return };
        let start = format!("- {case_title}: ");
        let mut rest: Vec<String> = section.text.lines().map(str::to_owned).collect();
        let at = rest.iter().position(|line| line.starts_with(&start)).unwrap_or(rest.len());
        rest.retain(|line| !line.starts_with(&start));
        rest.splice(at..at, lines.iter().cloned());
        section.text = rest.join("\n");
    }

    pub(super) fn text(&self) -> String {
        let has_content = |section: &&Section| section.text.lines().count() > 2;
        let sections = self.sections.iter().filter(has_content).map(|section| section.text.trim_end());
        let all: Vec<&str> = std::iter::once(self.introduction.as_str()).chain(sections).collect();
        format!("{}\n", all.join("\n\n").trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# Benchmarks\n\nBy hand.\n\n## One\n\nold\n\n## One, far\n\nkept, too\n\n## Hash\n\n1\n\n\
                       ## Where Slipway loses\n\nWhy: there.\n\n- One: a\n- One, far: b\n- One: c\n";

    #[test]
    fn what_is_not_touched_comes_back_as_it_was() {
        assert_eq!(Document::parse(OLD).text(), OLD);
    }

    #[test]
    fn a_section_is_replaced_and_nothing_else_changes() {
        let mut document = Document::parse(OLD);
        document.put("## One\n\nnew\n");
        document.put_losses("One", &["- One: d".to_owned()]);
        let expected = OLD.replace("old", "new").replace("- One: a\n", "- One: d\n").replace("- One: c\n", "");
        assert_eq!(document.text(), expected);
    }

    #[test]
    fn a_new_section_stands_before_the_losses() {
        let mut document = Document::parse(OLD);
        document.put("## Memory\n\n2\n");
        let expected = OLD.replace("## Where", "## Memory\n\n2\n\n## Where");
        assert_eq!(document.text(), expected);
    }

    #[test]
    fn losses_come_with_their_heading_and_go_with_it() {
        let mut document = Document::parse("# B\n");
        document.put_losses("One", &[]);
        assert_eq!(document.text(), "# B\n");
        document.put_losses("One", &["- One: a".to_owned()]);
        assert_eq!(document.text(), "# B\n\n## Where Slipway loses\n\n- One: a\n");
        document.put_losses("One", &[]);
        assert_eq!(document.text(), "# B\n");
    }
}
