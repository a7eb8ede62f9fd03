//! `cargo xtask tidy`: what the compiler does not see.

mod docs;
mod keys;
mod logs;
mod names;
mod page;
mod page_text;
mod policy;
mod proved;
mod queues;
mod routes;
mod secrets;
mod sources;
mod template;
mod yaml;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command::{self, output, step, tool};
use crate::native;
use crate::package::lambda_names;
use crate::pins;
use crate::setup::python;

const TEMPLATE: &str = "infra/template.yaml";
const CDN_LOGS: &str = "infra/cdn-logs.yaml";
const TEMPLATES: [&str; 2] = [TEMPLATE, CDN_LOGS];

/// A sentence that names the file.
pub(crate) type Finding = String;

/// A text file under version control, or about to be.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the workspace's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

fn findings() -> Result<Vec<Finding>> {
    let sources = sources()?;
    let template = yaml::parse(text_of(&sources, TEMPLATE)?)?;
    let cdn_logs = yaml::parse(text_of(&sources, CDN_LOGS)?)?;
    native::build_tests()?;
    let openapi = native::openapi()?;
    let mut findings = template::check(&template, &lambda_names()?);
    findings.extend(routes::check(&template, &native::routes()?));
    findings.extend(routes::implicit(&template));
    findings.extend(names::check(&template));
    findings.extend(queues::check(&template));
    findings.extend(logs::check(&cdn_logs, &template));
    findings.extend(policy::check(&template, &sources));
    findings.extend(proved::check(&template, text_of(&sources, proved::PAGE)?, text_of(&sources, proved::STORIES)?));
    findings.extend(docs::check_codes(&sources, &openapi.to_string()));
    findings.extend(docs::check_links(&sources, &local_stack::workspace()));
    findings.extend(keys::check(&sources));
    findings.extend(sources::check(&sources));
    findings.extend(page::check(&sources));
    findings.extend(page_text::check(&sources));
    findings.extend(secrets::check(&sources));
    Ok(findings)
}

/// True when nothing was found.
pub(crate) fn run() -> Result<bool> {
    let found = step("Looking for what the compiler does not see", findings)?;
    for finding in &found {
        println!("  {finding}");
    }
    lint_templates()?;
    println!("tidy: {} findings", found.len());
    Ok(found.is_empty())
}

/// Exceptions stand in the templates, each with its reason.
fn lint_templates() -> Result<()> {
    let cfn_lint = python::ensure(&pins::CFN_LINT)?;
    step("Checking the templates with cfn-lint", || command::run(tool(cfn_lint).args(TEMPLATES)))?;
    let mut checkov = tool(python::ensure(&pins::CHECKOV)?);
    // Without the network: its list of policies comes with it.
    checkov
        .args(["--framework", "cloudformation", "--compact", "--quiet", "--skip-download", "--file"])
        .args(TEMPLATES);
    step("Checking the templates with checkov", || command::run(&mut checkov))
}

fn text_of<'a>(sources: &'a [Source], path: &str) -> Result<&'a str> {
    let file = sources.iter().find(|source| source.path == path);
    Ok(&file.with_context(|| format!("{path} is missing"))?.text)
}

/// Every text file that git knows or would add.
fn sources() -> Result<Vec<Source>> {
    let root = local_stack::workspace();
    let list = output(tool("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    Ok(list.lines().filter_map(|path| read(&root, path)).collect())
}

/// None for what is no text, or was deleted.
fn read(root: &Path, path: &str) -> Option<Source> {
    Some(Source { path: path.to_owned(), text: fs::read_to_string(root.join(path)).ok()? })
}
