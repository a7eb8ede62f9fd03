//! The template as a tree. CloudFormation's tags (`!Ref`, `!Sub`) are dropped: what they stand before is kept.

use anyhow::{Context, Result};
use yaml_rust2::{Yaml, YamlLoader};

pub(crate) fn parse(text: &str) -> Result<Yaml> {
    let mut documents = YamlLoader::load_from_str(text).context("the template is not YAML")?;
    documents.pop().context("the template is empty")
}

/// The children of a mapping, by name.
pub(crate) fn entries(yaml: &Yaml) -> impl Iterator<Item = (&str, &Yaml)> {
    yaml.as_hash().into_iter().flatten().filter_map(|(name, value)| Some((name.as_str()?, value)))
}

/// The resources of a type, by name.
pub(crate) fn of_type<'a>(resources: &'a Yaml, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Yaml)> {
    entries(resources).filter(move |(_, resource)| resource["Type"].as_str() == Some(kind))
}

/// The function that runs this program, with its name in the template.
pub(crate) fn function_of<'a>(template: &'a Yaml, binary: &str) -> Option<(&'a str, &'a Yaml)> {
    let file = format!("/{binary}.zip");
    entries(&template["Resources"])
        .find(|(_, resource)| resource["Properties"]["CodeUri"].as_str().is_some_and(|uri| uri.ends_with(&file)))
}

/// The strings of a list, or the one string.
pub(crate) fn strings(yaml: &Yaml) -> Vec<&str> {
    match yaml {
        Yaml::Array(items) => items.iter().filter_map(Yaml::as_str).collect(),
        Yaml::String(text) => vec![text],
        _ => Vec::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn text() -> String {
        std::fs::read_to_string(local_stack::workspace().join("infra/template.yaml")).unwrap()
    }

    /// Our template.
    pub(crate) fn ours() -> Yaml {
        parse(&text()).unwrap()
    }

    /// Our template with this text in place of that, where that stands first.
    pub(crate) fn ours_with(before: &str, after: &str) -> Yaml {
        let text = text();
        assert!(text.contains(before), "the template has no `{before}`");
        parse(&text.replacen(before, after, 1)).unwrap()
    }
}
