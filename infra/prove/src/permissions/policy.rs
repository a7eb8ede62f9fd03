//! What the functions' roles allow, read from the deployed stack, and roles with one action less.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cloud::{Cloud, Refusal};
use crate::signed::elements;
use crate::stack::{Resource, Stack};

/// One action on one resource that a function is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    /// The function's name in the template.
    pub(crate) function: String,
    pub(crate) action: String,
    /// As the template names it.
    pub(crate) resource: String,
    role: String,
    policy: String,
    statement: usize,
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} on {}", self.function, self.action, self.resource)
    }
}

impl Permission {
    /// Whether this is what a function was refused.
    pub(super) fn is_it(&self, refusal: &Refusal) -> bool {
        refusal.action == self.action && refusal.who.split('/').any(|name| name == self.role)
    }
}

/// Of every function, in the template's order of resources. The policies that AWS manages are left out.
pub(crate) async fn granted(cloud: &Cloud, stack: &Stack) -> Result<Vec<Permission>> {
    let mut all = Vec::new();
    for function in stack.resources.iter().filter(|resource| resource.kind == "Lambda::Function") {
        let described = cloud.functions.get_function_configuration().function_name(&function.physical).send().await?;
        let arn = described.role().with_context(|| format!("{} has no role", function.logical))?;
        let role = arn.rsplit('/').next().unwrap_or(arn);
        let before = all.len();
        for policy in elements(&cloud.iam("ListRolePolicies", &[("RoleName", role)]).await?, "member")? {
            let document = document(cloud, role, &policy).await?;
            all.extend(allowed(&function.logical, (role, &policy), &document, &stack.resources));
        }
        ensure!(all.len() > before, "{} is allowed nothing", function.logical);
    }
    Ok(all)
}

/// A policy that has lost an action, and how it was before.
#[derive(Debug)]
pub(crate) struct Removed<'a> {
    permission: &'a Permission,
    before: String,
}

impl<'a> Removed<'a> {
    /// Takes an action away from its function.
    pub(crate) async fn take(cloud: &Cloud, permission: &'a Permission) -> Result<Self> {
        let before = document(cloud, &permission.role, &permission.policy).await?;
        match without(&before, permission)? {
            Some(document) => put(cloud, permission, &document.to_string()).await?,
            // A policy without statements is none.
            None => {
                let names = [("RoleName", &*permission.role), ("PolicyName", &*permission.policy)];
                cloud.iam("DeleteRolePolicy", &names).await?;
            }
        }
        Ok(Self { permission, before: before.to_string() })
    }

    pub(crate) async fn restore(self, cloud: &Cloud) -> Result<()> {
        put(cloud, self.permission, &self.before).await
    }
}

async fn put(cloud: &Cloud, permission: &Permission, document: &str) -> Result<()> {
    let names = [("RoleName", &*permission.role), ("PolicyName", &*permission.policy), ("PolicyDocument", document)];
    cloud.iam("PutRolePolicy", &names).await.map(drop)
}

async fn document(cloud: &Cloud, role: &str, policy: &str) -> Result<Value> {
    let answer = cloud.iam("GetRolePolicy", &[("RoleName", role), ("PolicyName", policy)]).await?;
    let documents = elements(&answer, "PolicyDocument")?;
    Ok(serde_json::from_str(documents.first().context("a policy without a document")?)?)
}

pub(super) fn allowed(
    function: &str,
    (role, policy): (&str, &str),
    document: &Value,
    known: &[Resource],
) -> Vec<Permission> {
    let mut all = Vec::new();
    for (statement, content) in list(&document["Statement"]).into_iter().enumerate() {
        let resources: Vec<_> = list(&content["Resource"]).into_iter().filter_map(Value::as_str).collect();
        let resource = resources.iter().map(|arn| named(arn, known)).collect::<Vec<_>>().join(", ");
        let actions = list(&content["Action"]).into_iter().filter_map(Value::as_str);
        all.extend(actions.map(|action| Permission {
            function: function.to_owned(),
            action: action.to_owned(),
            resource: resource.clone(),
            role: role.to_owned(),
            policy: policy.to_owned(),
            statement,
        }));
    }
    all
}

/// None if nothing is left.
fn without(document: &Value, permission: &Permission) -> Result<Option<Value>> {
    let mut statements: Vec<Value> = list(&document["Statement"]).into_iter().cloned().collect();
    let statement = statements.get_mut(permission.statement).context("the policy has changed meanwhile")?;
    let actions: Vec<_> = list(&statement["Action"]).into_iter().cloned().collect();
    let left: Vec<_> = actions.iter().filter(|action| **action != *permission.action).cloned().collect();
    ensure!(left.len() + 1 == actions.len(), "{permission} is not there once");
    if left.is_empty() {
        statements.remove(permission.statement);
    } else {
        statement["Action"] = left.into();
    }
    let mut document = document.clone();
    document["Statement"] = json!(statements);
    Ok(if statements.is_empty() { None } else { Some(document) })
}

/// The items of a list, or the one value that stands in place of a list.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// `MainTable` for the ARN of that table, and `FileBucket/*` for what is in that bucket.
fn named(arn: &str, known: &[Resource]) -> String {
    let (whole, rest) = arn.strip_suffix("/*").map_or((arn, ""), |whole| (whole, "/*"));
    // The name of a queue in the cloud is its URL.
    let name = |resource: &Resource| resource.physical.rsplit('/').next().unwrap_or_default().to_owned();
    let is_it =
        |resource: &&Resource| [':', '/'].iter().any(|joint| whole.ends_with(&format!("{joint}{}", name(resource))));
    let longest = known.iter().filter(is_it).max_by_key(|resource| name(resource).len());
    longest.map_or_else(|| arn.to_owned(), |resource| resource.logical.clone() + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Resource> {
        let resource = |logical: &str, kind: &str, physical: &str| Resource {
            logical: logical.into(),
            kind: kind.into(),
            physical: physical.into(),
        };
        vec![
            resource("FileBucket", "S3::Bucket", "files-1"),
            resource("MainTable", "DynamoDB::Table", "slipway-Main-1"),
            resource("Failures", "SQS::Queue", "https://sqs.us-east-1.amazonaws.com/1/failures-1"),
        ]
    }

    fn document() -> Value {
        json!({ "Statement": [
            { "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::files-1/*" },
            { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::files-1" },
        ]})
    }

    fn permissions(document: &Value) -> Vec<Permission> {
        allowed("Complete", ("role", "policy"), document, &known())
    }

    #[test]
    fn each_action_is_a_permission_on_what_the_template_names() {
        let lines: Vec<_> = permissions(&document()).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "Complete: s3:PutObject on FileBucket/*",
                "Complete: s3:GetObject on FileBucket/*",
                "Complete: s3:ListBucket on FileBucket"
            ]
        );
        assert_eq!(named("arn:aws:sqs:us-east-1:1:failures-1", &known()), "Failures");
        assert_eq!(named("arn:aws:dynamodb:us-east-1:1:table/slipway-Main-1", &known()), "MainTable");
        assert_eq!(named("arn:aws:sns:us-east-1:1:other", &known()), "arn:aws:sns:us-east-1:1:other");
    }

    #[test]
    fn one_action_is_taken_away_and_all_others_stay() {
        let all = permissions(&document());
        for permission in &all {
            let left = permissions(&without(&document(), permission).unwrap().unwrap());
            let lines = |all: &[Permission]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
            let mut expected = lines(&all);
            expected.retain(|other| *other != permission.to_string());
            assert_eq!(lines(&left), expected);
        }
    }

    #[test]
    fn a_refusal_is_of_one_role() {
        let permission = &permissions(&document())[0];
        let refusal = |who: &str, action: &str| Refusal {
            who: who.into(),
            action: action.into(),
            resource: "arn:aws:s3:::files-1/a".into(),
        };
        assert!(permission.is_it(&refusal("arn:aws:sts::1:assumed-role/role/session", "s3:PutObject")));
        assert!(permission.is_it(&refusal("arn:aws:iam::1:role/role", "s3:PutObject")));
        assert!(!permission.is_it(&refusal("arn:aws:iam::1:role/other-role", "s3:PutObject")));
        assert!(!permission.is_it(&refusal("arn:aws:iam::1:role/role", "s3:GetObject")));
    }

    #[test]
    fn of_a_policy_that_allowed_only_this_nothing_is_left() {
        let one = json!({ "Statement": { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::files-1" } });
        let all = permissions(&one);
        assert_eq!(without(&one, &all[0]).unwrap(), None);
        assert!(without(&document(), &all[0]).is_err(), "another policy");
    }
}
