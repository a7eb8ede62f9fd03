//! A deployed stack.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_cloudformation::types::{Capability, Parameter, Stack as Described};

use crate::cloud::Cloud;

const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);

/// Parameters that differ from the template's defaults.
pub(crate) type Parameters = BTreeMap<&'static str, String>;

/// A stack that was created or updated successfully.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) id: String,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) resources: Vec<Resource>,
    parameters: Parameters,
}

/// One resource: its type without `AWS::`, its name in the template, and its name in the cloud.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) physical: String,
}

impl Stack {
    pub(crate) async fn create(cloud: &Cloud, name: &str, template: &str, parameters: Parameters) -> Result<Self> {
        let create = cloud.stacks.create_stack().stack_name(name).template_body(template);
        let create = create.set_capabilities(Some(capabilities())).set_parameters(Some(of(&parameters)));
        let created = create.send().await.context("CloudFormation refuses the template")?;
        let id = created.stack_id().context("a stack without an id")?.to_owned();
        Self::settled(cloud, id, "CREATE_COMPLETE", parameters).await
    }

    /// Changes parameters, and the template if there is another one.
    pub(crate) async fn update(&mut self, cloud: &Cloud, template: Option<&str>, changed: Parameters) -> Result<()> {
        let mut parameters = self.parameters.clone();
        parameters.extend(changed);
        let update = cloud.stacks.update_stack().stack_name(&self.id);
        let update = match template {
            Some(template) => update.template_body(template),
            None => update.use_previous_template(true),
        };
        let update = update.set_capabilities(Some(capabilities())).set_parameters(Some(of(&parameters)));
        update.send().await.context("CloudFormation refuses the update")?;
        *self = Self::settled(cloud, self.id.clone(), "UPDATE_COMPLETE", parameters).await?;
        Ok(())
    }

    pub(crate) async fn delete(self, cloud: &Cloud) -> Result<()> {
        cloud.stacks.delete_stack().stack_name(&self.id).send().await?;
        until(cloud, &self.id, "DELETE_COMPLETE").await.map(drop)
    }

    /// One of the template's outputs.
    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        self.outputs.get(name).map(String::as_str).with_context(|| format!("the template has no output {name}"))
    }

    /// Whether it was deployed with these parameters.
    pub(crate) fn has(&self, parameters: &Parameters) -> bool {
        parameters.iter().all(|(name, value)| self.parameters.get(name) == Some(value))
    }

    /// Where a browser finds page and API, without a slash at the end.
    pub(crate) fn url(&self) -> Result<&str> {
        self.output("PageUrl")
    }

    /// The cloud's name of one resource.
    pub(crate) fn named(&self, logical: &str) -> Result<&str> {
        let resource = self.resources.iter().find(|resource| resource.logical == logical);
        Ok(&resource.with_context(|| format!("the template has no {logical}"))?.physical)
    }

    /// The cloud's names of all resources of a type, such as `Lambda::Function`.
    pub(crate) fn physical(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.resources.iter().filter(move |resource| resource.kind == kind).map(|resource| resource.physical.as_str())
    }

    async fn settled(cloud: &Cloud, id: String, status: &str, parameters: Parameters) -> Result<Self> {
        let stack = until(cloud, &id, status).await?;
        let outputs = stack
            .outputs()
            .iter()
            .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())));
        let outputs = outputs.collect();
        let described = cloud.stacks.describe_stack_resources().stack_name(&id).send().await?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let resources = described.stack_resources().iter().map(|resource| Resource {
            logical: text(resource.logical_resource_id()),
            kind: text(resource.resource_type().map(|kind| kind.trim_start_matches("AWS::"))),
            physical: text(resource.physical_resource_id()),
        });
        Ok(Self { id, outputs, resources: resources.collect(), parameters })
    }
}

fn capabilities() -> Vec<Capability> {
    vec![Capability::CapabilityIam, Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand]
}

fn of(parameters: &Parameters) -> Vec<Parameter> {
    let one = |(key, value): (&&str, &String)| Parameter::builder().parameter_key(*key).parameter_value(value).build();
    parameters.iter().map(one).collect()
}

/// Waits for a status. Another final status is an error that names the resources that failed.
async fn until(cloud: &Cloud, id: &str, wanted: &str) -> Result<Described> {
    let start = Instant::now();
    loop {
        let answer = cloud.stacks.describe_stacks().stack_name(id).send().await?;
        let stack = answer.stacks().first().context("the stack is not there")?;
        let status = stack.stack_status().context("a stack without a status")?.as_str();
        if status == wanted {
            return Ok(stack.clone());
        }
        if !status.ends_with("_IN_PROGRESS") {
            bail!("{status} instead of {wanted}: {}", failures(cloud, id).await?.join("; "));
        }
        ensure!(start.elapsed() < LIMIT, "{status} for {LIMIT:?}");
        tokio::time::sleep(POLL).await;
    }
}

async fn failures(cloud: &Cloud, id: &str) -> Result<Vec<String>> {
    let answer = cloud.stacks.describe_stack_events().stack_name(id).send().await?;
    let failed = answer
        .stack_events()
        .iter()
        .filter(|event| event.resource_status().is_some_and(|status| status.as_str().ends_with("FAILED")));
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(failed.map(|event| text(event.logical_resource_id()) + ": " + &text(event.resource_status_reason())).collect())
}
