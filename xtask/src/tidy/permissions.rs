//! What IAM allows each function, against what its code does: no less, or it fails in AWS alone; and no more.

use std::collections::BTreeSet;

use yaml_rust2::Yaml;

use super::calls::{Calls, Function};
use super::yaml::{function_of, strings};
use super::{Finding, Source, queues};

/// What each operation of the S3 client needs. A signed URL can do what its signer may do, so signing counts.
const OPERATIONS: &[(&str, &[&str])] = &[
    ("create_multipart_upload", &["s3:PutObject"]),
    ("upload_part", &["s3:PutObject"]),
    ("put_object", &["s3:PutObject"]),
    ("complete_multipart_upload", &["s3:PutObject"]),
    ("list_parts", &["s3:ListMultipartUploadParts"]),
    ("abort_multipart_upload", &["s3:AbortMultipartUpload"]),
    // Without ListBucket, S3 answers 403 for an object that is not there, and nobody could tell that from a refusal.
    ("head_object", &["s3:GetObject", "s3:ListBucket"]),
    ("get_object", &["s3:GetObject"]),
    ("delete_object", &["s3:DeleteObject"]),
];
/// What a function does to the items whose keys it makes.
const TABLE_VERBS: &[(&str, &str)] = &[
    ("tables.get(", "dynamodb:GetItem"),
    ("tables.get::<", "dynamodb:GetItem"),
    ("tables.get_many(", "dynamodb:BatchGetItem"),
    ("tables.get_all(", "dynamodb:BatchGetItem"),
    ("tables.get_all::<", "dynamodb:BatchGetItem"),
    ("tables.query(", "dynamodb:Query"),
    ("tables.query::<", "dynamodb:Query"),
    ("tables.query_known(", "dynamodb:Query"),
    ("tables.query_known::<", "dynamodb:Query"),
    ("tables.query_all(", "dynamodb:Query"),
    ("tables.query_all_items(", "dynamodb:Query"),
    ("Write::put(", "dynamodb:PutItem"),
    ("Write::update(", "dynamodb:UpdateItem"),
    ("Write::delete(", "dynamodb:DeleteItem"),
    ("Write::check(", "dynamodb:ConditionCheckItem"),
];
/// How a key says which table it is of, and what the template calls that.
const TABLES: &[(&str, &str)] =
    &[("Key::main(", "MainTable"), ("Key::access(", "AccessTable"), ("Key::audit(", "AuditTable")];
/// Whoever calls this invokes the function `finish`.
const HAND_OVER: &str = "hand_over";
const INVOKE: &str = "lambda:InvokeFunction";

type Actions = BTreeSet<String>;

pub(crate) fn check(template: &Yaml, sources: &[Source], binaries: &[String]) -> Vec<Finding> {
    let calls = Calls::read(sources);
    let findings = binaries.iter().flat_map(|name| match needed(&calls, name) {
        Ok(mut needed) => {
            needed.extend(queues::failures_of(template, name).map(|queue| format!("sqs:SendMessage on {queue}")));
            compare(name, &needed, granted(template, name))
        }
        Err(finding) => vec![finding],
    });
    findings.collect()
}

fn compare(name: &str, needed: &Actions, granted: Option<Actions>) -> Vec<Finding> {
    let Some(granted) = granted else { return Vec::new() };
    let lacks = needed.difference(&granted).map(|action| format!("`{name}` needs `{action}` and is not allowed it"));
    let extra = granted.difference(needed).map(|action| format!("`{name}` is allowed `{action}`, which it never does"));
    lacks.chain(extra).map(|finding| format!("infra/template.yaml: {finding}")).collect()
}

/// From the code.
fn needed(calls: &Calls, binary: &str) -> Result<Actions, Finding> {
    let reached = calls.reached(&format!("bin/{binary}"), is_hand_over);
    let mut actions = Actions::new();
    for function in reached {
        actions.extend(on_tables(calls, function)?);
        if is_hand_over(function) {
            actions.insert(INVOKE.to_owned());
        }
        for operation in operations(function) {
            let known = OPERATIONS.iter().find(|(name, _)| *name == operation);
            let (_, needs) = known.ok_or_else(|| {
                format!(
                    "functions/src/{}.rs: tell xtask/src/tidy/permissions.rs what `{operation}` needs",
                    function.module
                )
            })?;
            actions.extend(needs.iter().map(|action| (*action).to_owned()));
        }
    }
    Ok(actions)
}

fn is_hand_over(function: &Function) -> bool {
    function.module == "uploads/finish" && function.name == HAND_OVER
}

/// What it does to which tables, as `dynamodb:GetItem on MainTable`. It is read where a key is made: the function that
/// reads or writes an item makes its key, or asks the function beside it for that.
fn on_tables(calls: &Calls, function: &Function) -> Result<Actions, Finding> {
    if function.module.starts_with("table/") {
        return Ok(Actions::new());
    }
    let verbs: Vec<&str> =
        TABLE_VERBS.iter().filter(|(verb, _)| function.body.contains(verb)).map(|(_, action)| *action).collect();
    let is_maker = |called: &&Function| {
        called.module.starts_with("records/") && (called.name.ends_with("key") || called.name == "all_of")
    };
    // `.map(key)` is no call to read.
    let is_passed =
        |other: &&Function| other.module == function.module && other.name == "key" && function.body.contains("(key)");
    let makers = calls.called_directly(function).filter(is_maker).chain(calls.functions.iter().filter(is_passed));
    let bodies: Vec<&str> = makers.chain([function]).map(|maker| maker.body.as_str()).collect();
    let tables: Vec<&str> = TABLES
        .iter()
        .filter(|(maker, _)| bodies.iter().any(|body| body.contains(maker)))
        .map(|(_, table)| *table)
        .collect();
    if tables.is_empty() && !verbs.is_empty() {
        return Err(format!(
            "functions/src/{}.rs: `{}` works on an item, and nothing says of which table: make its key there",
            function.module, function.name
        ));
    }
    Ok(tables.iter().flat_map(|table| verbs.iter().map(move |verb| format!("{verb} on {table}"))).collect())
}

/// What it asks of the S3 clients: `self.client.x(`, `self.downloads.x(` and `self.upload_host(…).x(`.
fn operations(function: &Function) -> impl Iterator<Item = &str> {
    let body = if function.module.starts_with("storage/") { function.body.as_str() } else { "" };
    let own = ["self.client.", "self.downloads."].into_iter().flat_map(|client| body.split(client).skip(1));
    let signed = body.split("self.upload_host(").skip(1).filter_map(|rest| Some(rest.split_once(").")?.1));
    own.chain(signed).filter_map(|rest| rest.split('(').next())
}

/// From the template; none for a function that is not in it, which is found elsewhere.
fn granted(template: &Yaml, binary: &str) -> Option<Actions> {
    let (_, function) = function_of(template, binary)?;
    let policies = function["Properties"]["Policies"].as_vec().into_iter().flatten();
    let statements = policies.flat_map(|policy| policy["Statement"].as_vec().into_iter().flatten());
    Some(statements.flat_map(allowed).collect())
}

/// The actions of a statement. Those on a table or queue with its name, since that is what tells them apart.
fn allowed(statement: &Yaml) -> impl Iterator<Item = String> {
    let resource = statement["Resource"].as_str().and_then(|name| name.strip_suffix(".Arn")).unwrap_or_default();
    strings(&statement["Action"]).into_iter().map(move |action| {
        if action.starts_with("dynamodb:") || action.starts_with("sqs:") {
            format!("{action} on {resource}")
        } else {
            action.to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn sources() -> Vec<Source> {
        let root = local_stack::workspace();
        let mut folders = vec![root.join("functions/src")];
        let mut sources = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                    sources.push(Source { path: name, text: std::fs::read_to_string(path).unwrap() });
                }
            }
        }
        sources
    }

    fn found_after(before: &str, after: &str) -> Vec<Finding> {
        let text = std::fs::read_to_string(local_stack::workspace().join("infra/template.yaml")).unwrap();
        assert!(text.contains(before), "the template has no `{before}`");
        let template = parse(&text.replacen(before, after, 1)).unwrap();
        check(&template, &sources(), &crate::package::lambda_names().unwrap())
    }

    #[test]
    fn our_template_allows_what_the_code_does_and_no_more() {
        assert_eq!(found_after("Resources:", "Resources:"), Vec::<Finding>::new());
    }

    #[test]
    fn an_action_too_many_or_too_few_is_found() {
        let reads =
            "Action: [dynamodb:GetItem, dynamodb:BatchGetItem]\n              Resource: !GetAtt AccessTable.Arn";
        let writes = found_after(reads, &reads.replace("GetItem, ", "GetItem, dynamodb:PutItem, "));
        assert_eq!(
            writes,
            ["infra/template.yaml: `initiate` is allowed `dynamodb:PutItem on AccessTable`, which it never does"]
        );
        let abort = "Action: [s3:AbortMultipartUpload, s3:ListMultipartUploadParts, s3:DeleteObject]";
        let more = found_after(abort, &abort.replace(']', ", s3:GetObject]"));
        assert_eq!(more, ["infra/template.yaml: `abort` is allowed `s3:GetObject`, which it never does"]);
        let less = found_after(abort, &abort.replace("s3:AbortMultipartUpload, ", ""));
        assert_eq!(less, ["infra/template.yaml: `abort` needs `s3:AbortMultipartUpload` and is not allowed it"]);
    }

    /// So that an empty answer of the reading is not taken for an innocent function.
    #[test]
    fn what_the_functions_need_is_read_from_the_code() {
        let calls = Calls::read(&sources());
        let needs = |name: &str| {
            let all = needed(&calls, name).unwrap();
            all.into_iter().filter(|action| !action.starts_with("dynamodb:")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(needs("rooms"), "");
        assert_eq!(needs("downloads"), "s3:DeleteObject s3:GetObject");
        assert_eq!(needs("abort"), "s3:AbortMultipartUpload s3:DeleteObject s3:ListMultipartUploadParts");
        assert_eq!(needs("presign"), "s3:AbortMultipartUpload s3:ListMultipartUploadParts s3:PutObject");
        let all = "s3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:ListBucket s3:ListMultipartUploadParts";
        assert_eq!(needs("finish"), format!("{all} s3:PutObject"));
        assert_eq!(needs("sweep"), format!("lambda:InvokeFunction {all} s3:PutObject"));
        assert_eq!(needs("status"), "lambda:InvokeFunction s3:GetObject s3:ListBucket s3:ListMultipartUploadParts");
    }

    #[test]
    fn what_is_signed_is_read_as_well() {
        let calls = Calls::read(&sources());
        for (name, operation) in [("presign_part", "upload_part"), ("presign_single", "put_object")] {
            let signs = calls.functions.iter().find(|function| function.name == name).unwrap();
            assert_eq!(operations(signs).collect::<Vec<_>>(), [operation]);
        }
    }

    /// DESIGN.md: most functions only read Access, and none but the one that shows the audit log reads it.
    #[test]
    fn the_tables_are_told_apart() {
        let calls = Calls::read(&sources());
        let on = |name: &str, table: &str| {
            let suffix = format!(" on {table}");
            let all = needed(&calls, name).unwrap();
            let actions = all.iter().filter_map(|action| action.strip_suffix(&suffix)?.strip_prefix("dynamodb:"));
            actions.collect::<Vec<_>>().join(" ")
        };
        for name in ["initiate", "presign", "status", "complete", "abort", "downloads"] {
            assert_eq!(on(name, "AccessTable"), "BatchGetItem GetItem", "{name}");
        }
        assert_eq!((on("finish", "AccessTable"), on("sweep", "AccessTable")), (String::new(), String::new()));
        assert_eq!(on("rooms", "AccessTable"), "BatchGetItem ConditionCheckItem GetItem PutItem UpdateItem");
        for name in ["initiate", "status", "complete", "finish", "abort", "downloads", "sweep"] {
            assert_eq!(on(name, "AuditTable"), "PutItem", "{name}");
        }
        assert_eq!((on("rooms", "AuditTable").as_str(), on("presign", "AuditTable").as_str()), ("PutItem Query", ""));
        assert!(on("rooms", "MainTable").contains("Query") && on("sweep", "MainTable").contains("DeleteItem"));
    }

    #[test]
    fn an_item_of_which_nothing_says_the_table_is_found() {
        let text = "fn get() {\n    tables.get(key)\n}\n";
        let main = "fn main() {\n    get(tables)\n}\n\n".to_owned() + text;
        let sources = [Source { path: "functions/src/bin/a.rs".into(), text: main }];
        let finding = needed(&Calls::read(&sources), "a").unwrap_err();
        assert!(finding.contains("`get` works on an item"), "{finding}");
    }

    #[test]
    fn an_operation_that_nobody_explained_is_found() {
        let text = "impl Storage {\n    pub fn copy() {\n        self.client.copy_object()\n    }\n}\n";
        let main = "fn main() {\n    app.storage.copy(key)\n}\n";
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let sources = [source("functions/src/storage/object.rs", text), source("functions/src/bin/a.rs", main)];
        let finding = needed(&Calls::read(&sources), "a").unwrap_err();
        assert!(finding.contains("copy_object"), "{finding}");
    }
}
