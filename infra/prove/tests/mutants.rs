//! Templates with one fault each: the group that is about it has to fail, and to say why.
//!
//! `cargo xtask test infra -- --profile long`

use std::process::{Command, Stdio};

struct Mutant {
    /// Text of the template, and what stands there in its place, wherever it is found.
    find: &'static str,
    replace: &'static str,
    /// The group that must notice.
    group: &'static str,
    /// More options of the prover.
    options: &'static [&'static str],
    /// What it says then.
    reason: &'static str,
}

fn assert_noticed(mutant: &Mutant) {
    let right = std::fs::read_to_string(local_stack::workspace().join("infra/template.yaml")).unwrap();
    let wrong = right.replace(mutant.find, mutant.replace);
    assert_ne!(right, wrong, "the template has no `{}`", mutant.find);
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, wrong).unwrap();

    let mut prover = Command::new(env!("CARGO_BIN_EXE_prove-infra"));
    prover.args(["--only", mutant.group, "--template"]).arg(&template).args(mutant.options).stdin(Stdio::null());
    let output = prover.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    eprintln!("{said}");
    assert_eq!(
        output.status.code(),
        Some(1),
        "not a failed proof; without the variables of `cargo xtask test` nothing runs"
    );
    let failed = said.lines().find(|line| line.trim_start().starts_with("FAILED"));
    let reason = said.contains(mutant.reason);
    assert!(failed.is_some() && reason, "it fails for another reason than `{}`: {failed:?}", mutant.reason);
}

#[test]
fn an_etag_that_pages_may_not_read_is_noticed() {
    assert_noticed(&Mutant {
        find: "ExposedHeaders: [ETag, ",
        replace: "ExposedHeaders: [",
        group: "browser",
        options: &[],
        reason: "the page complains",
    });
}

#[test]
fn a_missing_route_is_noticed() {
    assert_noticed(&Mutant {
        find: "DELETE /api/rooms/{roomId}/members/{memberId}",
        replace: "DELETE /api/rooms/{roomId}/nobody/{memberId}",
        group: "routes",
        options: &[],
        reason: "no function answers DELETE /rooms/{room}/members/{member}",
    });
}

#[test]
fn a_policy_without_one_of_the_hosts_is_noticed() {
    assert_noticed(&Mutant {
        // One of three: the page uploads by the others.
        find: "https://${Bucket}.s3.dualstack.",
        replace: "https://not-${Bucket}.s3.dualstack.",
        group: "browser",
        options: &[],
        reason: "Content Security Policy",
    });
}

#[test]
fn a_policy_that_names_another_bucket_by_path_is_noticed() {
    assert_noticed(&Mutant {
        find: "${AWS::URLSuffix}/${Bucket}/;",
        replace: "${AWS::URLSuffix}/not-${Bucket}/;",
        group: "browser",
        options: &[],
        reason: "Content Security Policy",
    });
}

#[test]
fn an_action_that_no_function_needs_is_noticed() {
    assert_noticed(&Mutant {
        find: "Action: [s3:AbortMultipartUpload, s3:ListMultipartUploadParts, s3:DeleteObject]",
        replace: "Action: [s3:AbortMultipartUpload, s3:ListMultipartUploadParts, s3:DeleteObject, s3:GetObject]",
        group: "permissions",
        options: &["--permission", "Abort: s3:GetObject"],
        reason: "no story fails without Abort: s3:GetObject",
    });
}

#[test]
fn another_table_than_the_functions_need_is_noticed() {
    assert_noticed(&Mutant {
        find: "SLIPWAY_ACCESS_TABLE: !Ref AccessTable",
        replace: "SLIPWAY_ACCESS_TABLE: !Ref AuditTable",
        group: "api",
        options: &[],
        reason: "FAILED POST /rooms",
    });
}

#[test]
fn a_function_that_may_not_invoke_finish_is_noticed() {
    assert_noticed(&Mutant {
        find: "Action: \"lambda:InvokeFunction\"",
        replace: "Action: \"lambda:GetFunction\"",
        group: "finish",
        options: &[],
        reason: "FAILED POST /uploads/",
    });
}

/// What its preparation fails at is its own failure, and the stack is deployed and judged all the same.
#[test]
fn a_group_that_can_not_be_prepared_fails_and_hides_no_other() {
    assert_noticed(&Mutant {
        find: "    Default: 604800\n",
        replace: "    Default: 604800\n    AllowedValues: [604800]\n",
        group: "sweep",
        options: &["--only", "deploy"],
        reason: "FAILED preparing",
    });
}
