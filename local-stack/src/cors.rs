//! The CORS rule of the deployed bucket.

use anyhow::{Context, Result, bail};

/// A rule as infra/template.yaml has it, without its origins: those are the page's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsRule {
    pub methods: Vec<String>,
    /// That a page may send.
    pub headers: Vec<String>,
    /// That a page may read.
    pub exposed: Vec<String>,
    pub max_age_seconds: i32,
}

impl CorsRule {
    /// # Errors
    /// The template has no such rule, or several, or is written in another way than it was.
    pub fn of_template() -> Result<Self> {
        let path = crate::workspace().join("infra/template.yaml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the CORS rule of {}", path.display()))
    }

    fn parse(template: &str) -> Result<Self> {
        let [_, after] = template.split("CorsRules:").collect::<Vec<_>>()[..] else {
            bail!("not one `CorsRules:`");
        };
        let value = |name: &str| {
            let line = after.lines().find_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(name));
            line.map(str::trim).with_context(|| format!("no line begins with `{name}`"))
        };
        let list = |name: &str| {
            let items = value(name)?.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let items = items.with_context(|| format!("`{name}` has no list in brackets"))?;
            anyhow::Ok(items.split(',').map(|item| item.trim().to_owned()).collect())
        };
        Ok(Self {
            methods: list("AllowedMethods:")?,
            headers: list("AllowedHeaders:")?,
            exposed: list("ExposedHeaders:")?,
            max_age_seconds: value("MaxAge:")?.parse().context("`MaxAge:` is no number")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_a_rule_under_which_the_page_works() {
        let rule = CorsRule::of_template().unwrap();
        assert!(rule.methods.contains(&"PUT".to_owned()) && rule.exposed.contains(&"ETag".to_owned()), "{rule:?}");
        assert!(rule.headers.contains(&"content-md5".to_owned()) && rule.max_age_seconds > 0, "{rule:?}");
    }

    #[test]
    fn a_template_without_it_is_an_error() {
        let error = |text| CorsRule::parse(text).unwrap_err().to_string();
        assert_eq!(error("Resources:\n"), "not one `CorsRules:`");
        assert_eq!(error("CorsRules:\n  - AllowedMethods: PUT\n"), "`AllowedMethods:` has no list in brackets");
        assert_eq!(error("CorsRules:\n  - AllowedMethods: [PUT]\n"), "no line begins with `AllowedHeaders:`");
    }
}
