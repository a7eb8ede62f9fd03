//! infra/permissions.md against the template: each action that a function is allowed is listed there, with the story that
//! fails without it. The list is what `cargo xtask prove-infra --only permissions --all` prints.

use std::collections::BTreeSet;

use yaml_rust2::Yaml;

use super::Finding;
use super::yaml::{of_type, strings};

pub(crate) const PAGE: &str = "infra/permissions.md";
pub(crate) const STORIES: &str = "infra/prove/src/permissions/stories/mod.rs";

/// Function, resource and action.
type Permission = (String, String, String);

pub(crate) fn check(template: &Yaml, page: &str, stories: &str) -> Vec<Finding> {
    let (allowed, listed) = (allowed(template), listed(page));
    let words = |(function, resource, action): &Permission| format!("`{action}` of {function} on {resource}");
    let run = "run `cargo xtask prove-infra --only permissions --all`";
    let missing = allowed.difference(&listed).map(|one| format!("{PAGE} does not list {}: {run}", words(one)));
    let gone = listed
        .difference(&allowed)
        .map(|one| format!("{PAGE} lists {}, which the template does not allow", words(one)));
    let is_there = |story: &&str| stories.contains(&format!("\"{story}\":"));
    let lost = rows(page).map(|cells| cells[4]).filter(|story| !is_there(story)).collect::<BTreeSet<_>>();
    let lost =
        lost.into_iter().map(|story| format!("{PAGE} names the story `{story}`, which {STORIES} does not have: {run}"));
    missing.chain(gone).chain(lost).collect()
}

fn allowed(template: &Yaml) -> BTreeSet<Permission> {
    let mut all = BTreeSet::new();
    for (name, function) in of_type(&template["Resources"], "AWS::Serverless::Function") {
        let policies = function["Properties"]["Policies"].as_vec().into_iter().flatten();
        for statement in policies.flat_map(|policy| policy["Statement"].as_vec().into_iter().flatten()) {
            let resource = statement["Resource"].as_str().unwrap_or_default();
            let actions = strings(&statement["Action"]).into_iter();
            all.extend(actions.map(|action| (name.to_owned(), short(resource), action.to_owned())));
        }
    }
    all
}

/// `MainTable` for `MainTable.Arn`, and `FileBucket/*` for `${FileBucket.Arn}/*`.
fn short(resource: &str) -> String {
    resource.replace("${", "").replace(".Arn", "").replace('}', "")
}

/// From lines such as `| Abort | MainTable | `dynamodb:GetItem`, `dynamodb:PutItem` | a story |`.
fn listed(page: &str) -> BTreeSet<Permission> {
    rows(page)
        .flat_map(|cells| {
            let actions = cells[3].split(", ").filter_map(|action| action.strip_prefix('`')?.strip_suffix('`'));
            let of_action = |action: &str| (cells[1].to_owned(), cells[2].to_owned(), action.to_owned());
            actions.map(of_action).collect::<Vec<_>>()
        })
        .collect()
}

/// Those that list something, without the table's head.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = page.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    rows.filter(|cells| cells.len() == 6 && cells[3].starts_with('`') && !cells[4].is_empty() && cells[4] != "**none**")
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    const TEMPLATE: &str = "Resources:\n  Abort:\n    Type: AWS::Serverless::Function\n    Properties:\n      Policies:\n        \
        - Statement:\n            - Action: [dynamodb:GetItem, dynamodb:PutItem]\n              Resource: !GetAtt MainTable.Arn\n            \
        - Action: s3:DeleteObject\n              Resource: !Sub \"${FileBucket.Arn}/*\"\n";
    const TABLES: &str = "| Abort | MainTable | `dynamodb:GetItem`, `dynamodb:PutItem` | it is cancelled |\n";
    const OBJECTS: &str = "| Abort | FileBucket/* | `s3:DeleteObject` | it is cancelled |\n";

    fn found(page: &str) -> Vec<Finding> {
        check(&parse(TEMPLATE).unwrap(), page, "\"it is cancelled\": files::cancelled,")
    }

    #[test]
    fn a_page_that_lists_what_the_template_allows_is_well() {
        let head = "| function | on | actions | the story that needs each |\n| --- | --- | --- | --- |\n";
        assert_eq!(found(&format!("{head}{TABLES}{OBJECTS}")), Vec::<Finding>::new());
    }

    #[test]
    fn what_is_not_listed_and_what_is_no_more_allowed_is_found() {
        let missing = found(TABLES);
        assert!(missing.len() == 1 && missing[0].contains("does not list `s3:DeleteObject` of Abort on FileBucket/*"));
        let none = found(&format!("{TABLES}{}", OBJECTS.replace("it is cancelled", "**none**")));
        assert_eq!(none, missing, "what no story needs is not listed");
        let lost = found(&format!("{TABLES}{}", OBJECTS.replace("cancelled", "lost")));
        assert!(lost.len() == 1 && lost[0].contains("the story `it is lost`"), "{lost:?}");
        let gone = found(&format!("{TABLES}{OBJECTS}{}", TABLES.replace("Abort", "Rooms")));
        assert!(gone.len() == 2 && gone[0].contains("`dynamodb:GetItem` of Rooms on MainTable, which the template"));
    }

    #[test]
    fn our_page_lists_what_our_template_allows() {
        let read = |path: &str| std::fs::read_to_string(local_stack::workspace().join(path)).unwrap();
        let template = parse(&read("infra/template.yaml")).unwrap();
        assert_eq!(check(&template, &read(PAGE), &read(STORIES)), Vec::<Finding>::new());
    }
}
