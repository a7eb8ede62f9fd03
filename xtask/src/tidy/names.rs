//! Names in the template that others see, or that have to be the same in several places.

use yaml_rust2::Yaml;

use super::Finding;
use super::yaml::{entries, of_type, strings};

/// What the bucket is called at the CDN's origin and in the page's headers: by a variable.
const BUCKET: &str = "Bucket";
/// Names of services are the same in all partitions; those of hosts are not.
const OF_SERVICES: [&str; 2] = ["Principal", "Service"];

pub(crate) fn check(template: &Yaml) -> Vec<Finding> {
    let mut findings = check_bucket(&template["Resources"]);
    findings.extend(check_finish(&template["Resources"]));
    for (place, text) in texts("", template) {
        if text.contains("amazonaws.com") && !OF_SERVICES.contains(&place) {
            findings.push(format!("`{text}` is wrong in other partitions: use ${{AWS::URLSuffix}}"));
        }
        if text.contains("arn:aws:") && place != "AllowedPattern" {
            findings.push(format!("`{text}` is wrong in other partitions: use ${{AWS::Partition}}"));
        }
        if text.contains("AWS::AccountId") && !text.starts_with("arn:") {
            findings.push(format!("`{text}` publishes the account's id"));
        }
    }
    findings.into_iter().map(|finding| format!("infra/template.yaml: {finding}")).collect()
}

/// Where the bucket is not known by reference it is spelled as at its own place.
fn check_bucket(resources: &Yaml) -> Vec<Finding> {
    let name = &resources["FileBucket"]["Properties"]["BucketName"];
    let mut findings = Vec::new();
    if strings_within(name).iter().all(|text| *text != "AWS::StackId") {
        findings.push("the bucket's name is not the stack's own".to_owned());
    }
    let mut spelled = Vec::new();
    for of in ["Cdn", "PageHeaders"] {
        variables(BUCKET, &resources[of], &mut spelled);
        if spelled.pop().is_none_or(|other| other != name) || !spelled.is_empty() {
            findings.push(format!("{of} does not name the bucket as it is called"));
            spelled.clear();
        }
    }
    findings
}

/// Without its name, `complete` would begin a task in a process that stands still after its answer.
fn check_finish(resources: &Yaml) -> Vec<Finding> {
    let functions = of_type(resources, "AWS::Serverless::Function");
    let wrong = functions.filter(|(_, function)| {
        let properties = &function["Properties"];
        let knows_finish = properties["Environment"]["Variables"]["SLIPWAY_FINISH_FUNCTION"].as_str() == Some("Finish");
        let may_invoke = strings_within(&properties["Policies"]).contains(&"lambda:InvokeFunction");
        knows_finish != may_invoke
    });
    wrong.map(|(name, _)| format!("{name} has to know the name of finish if it may invoke it, and only then")).collect()
}

/// What a variable of `Fn::Sub` stands for, wherever there is one of that name.
fn variables<'a>(name: &str, yaml: &'a Yaml, found: &mut Vec<&'a Yaml>) {
    for (key, child) in entries(yaml) {
        if key == "Fn::Sub" {
            found.extend(entries(&child[1]).filter(|(other, _)| *other == name).map(|(_, value)| value));
        }
        variables(name, child, found);
    }
    yaml.as_vec().into_iter().flatten().for_each(|child| variables(name, child, found));
}

fn strings_within(yaml: &Yaml) -> Vec<&str> {
    texts("", yaml).into_iter().map(|(_, text)| text).collect()
}

/// Every text, with the property that it is of.
fn texts<'a>(place: &'a str, yaml: &'a Yaml) -> Vec<(&'a str, &'a str)> {
    match yaml {
        // What people read may name anything.
        Yaml::String(_) if ["Description", "Comment"].contains(&place) => Vec::new(),
        Yaml::String(_) => strings(yaml).into_iter().map(|text| (place, text)).collect(),
        Yaml::Array(items) => items.iter().flat_map(|child| texts(place, child)).collect(),
        _ => entries(yaml).flat_map(|(key, child)| texts(key, child)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml::tests::ours_with;
    use super::*;

    fn found_after(before: &str, after: &str) -> Vec<Finding> {
        check(&ours_with(before, after))
    }

    #[test]
    fn our_template_names_all_things_well() {
        assert_eq!(found_after("Resources:", "Resources:"), Vec::<Finding>::new());
    }

    #[test]
    fn a_name_that_clashes_publishes_or_differs_is_found() {
        for (before, after, finding) in [
            (
                "!Join [\"-\", [slipway-files, !Select [2, !Split [\"/\", !Ref AWS::StackId]]]]",
                "files",
                "the stack's own",
            ),
            (
                "- Bucket: !If\n                    - NamesBucket",
                "- Bucket: !If\n                    - HasDomain",
                "PageHeaders does not name",
            ),
            ("${AWS::Region}.${AWS::URLSuffix}\"", "${AWS::Region}.amazonaws.com\"", "${AWS::URLSuffix}"),
            ("\"arn:${AWS::Partition}:cloudfront", "\"arn:aws:cloudfront", "${AWS::Partition}"),
            ("Name: !Ref AWS::StackName", "Name: !Sub \"api-${AWS::AccountId}\"", "account's id"),
            ("SLIPWAY_FINISH_FUNCTION: !Ref Finish", "OTHER: !Ref Finish", "Complete has to know"),
        ] {
            let found = found_after(before, after);
            assert!(found.iter().any(|text| text.contains(finding)), "{before}: {found:?}");
        }
    }
}
