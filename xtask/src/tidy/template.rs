//! The template against the code: every function, and what S3 needs that MinIO forgives.

use std::collections::BTreeSet;

use yaml_rust2::Yaml;

use super::Finding;
use super::yaml::{entries, of_type, strings};

pub(crate) fn check(template: &Yaml, binaries: &[String]) -> Vec<Finding> {
    let mut findings = differences("function", &binaries.iter().cloned().collect(), &packaged(template));
    findings.extend(check_bucket(&template["Resources"]["FileBucket"]["Properties"]));
    for table in ["MainTable", "AccessTable", "AuditTable"] {
        findings.extend(check_table(table, &template["Resources"][table]["Properties"]));
    }
    findings.extend(check_kept(&template["Resources"]));
    findings.extend(check_stream(&template["Resources"]["MainTable"]["Properties"]));
    findings.extend(check_permissions(&template["Resources"]));
    findings.extend(check_uploads_by_page(template));
    findings.extend(check_domain(&template["Resources"]));
    findings.extend(check_concurrency(template));
    findings.into_iter().map(|finding| format!("infra/template.yaml: {finding}")).collect()
}

/// What people sent outlives the stack. One that could not be created leaves nothing behind: it would be in the way of the
/// next try.
fn check_kept(resources: &Yaml) -> Vec<Finding> {
    let lost = ["FileBucket", "MainTable", "AccessTable", "AuditTable"].into_iter().filter(|name| {
        let resource = &resources[*name];
        resource["DeletionPolicy"].as_str() != Some("RetainExceptOnCreate")
            || resource["UpdateReplacePolicy"].as_str() != Some("Retain")
    });
    lost.map(|name| format!("{name} is not kept when the stack is deleted or replaces it")).collect()
}

fn differences(what: &str, code: &BTreeSet<String>, template: &BTreeSet<String>) -> Vec<Finding> {
    let missing = code.difference(template).map(|name| format!("the {what} `{name}` of the code is missing"));
    let unknown = template.difference(code).map(|name| format!("the {what} `{name}` is not in the code"));
    missing.chain(unknown).collect()
}

/// The names of the zips.
fn packaged(template: &Yaml) -> BTreeSet<String> {
    let functions = of_type(&template["Resources"], "AWS::Serverless::Function");
    let uris = functions.filter_map(|(_, function)| function["Properties"]["CodeUri"].as_str());
    uris.filter_map(|uri| uri.rsplit('/').next()?.strip_suffix(".zip")).map(str::to_owned).collect()
}

/// MinIO exposes ETag, takes any header and drops stale uploads whatever the template says: no local test sees these.
fn check_bucket(bucket: &Yaml) -> Vec<Finding> {
    let cors = &bucket["CorsConfiguration"]["CorsRules"][0];
    let abort = &bucket["LifecycleConfiguration"]["Rules"][0]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"];
    let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    let algorithm = encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"].as_str();
    let block = &bucket["PublicAccessBlockConfiguration"];
    let is_private = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
        .iter()
        .all(|name| block[*name].as_bool() == Some(true));
    let has_all = |key: &str, wanted: &[&str]| {
        let present: Vec<String> = strings(&cors[key]).iter().map(|text| text.to_lowercase()).collect();
        wanted.iter().all(|name| present.iter().any(|text| text == name))
    };
    wrong([
        (has_all("ExposedHeaders", &["etag"]), "the bucket's CORS does not expose ETag"),
        (has_all("AllowedMethods", &["put", "get", "head"]), "the bucket's CORS must allow PUT, GET and HEAD"),
        (
            has_all("AllowedHeaders", &["content-md5", "content-type", "if-none-match"]),
            "the bucket's CORS must allow the headers that are signed: content-md5, content-type, if-none-match",
        ),
        (abort.as_i64() == Some(31), "the bucket must abort incomplete uploads after 31 days, after sweep's 30"),
        (algorithm == Some("AES256"), "the bucket must use SSE-S3: under KMS an ETag is no MD5"),
        (is_private, "the bucket's public access is not blocked"),
    ])
}

fn check_table(name: &str, table: &Yaml) -> Vec<Finding> {
    let expiry = &table["TimeToLiveSpecification"];
    let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
    let has_expiry = expiry["AttributeName"].as_str() == Some("ttl") && expiry["Enabled"].as_bool() == Some(true);
    let keys = table["KeySchema"].as_vec().into_iter().flatten().filter_map(|key| key["AttributeName"].as_str());
    let findings = wrong([
        (has_expiry, "the table has no expiry by `ttl`"),
        (recovery.as_bool() == Some(true), "the table has no point-in-time recovery"),
        (
            table["SSESpecification"]["SSEEnabled"].as_bool() == Some(true),
            "the table is not encrypted with a key of the account",
        ),
        (keys.eq(["pk", "sk"]), "the table's key is not pk and sk"),
        (table["BillingMode"].as_str() == Some("PAY_PER_REQUEST"), "the table is not billed by request"),
    ]);
    findings.into_iter().map(|finding| format!("{name}: {finding}")).collect()
}

/// Whoever publishes events reads them from it.
fn check_stream(main: &Yaml) -> Vec<Finding> {
    let view = main["StreamSpecification"]["StreamViewType"].as_str();
    wrong([(view == Some("NEW_IMAGE"), "MainTable: the table has no stream of new items")])
}

/// Parts by the page's own origin: the functions, the CDN and what it runs name one path, and nothing is read there.
fn check_uploads_by_page(template: &Yaml) -> Vec<Finding> {
    let variable = &template["Globals"]["Function"]["Environment"]["Variables"]["SLIPWAY_S3_UPLOAD_PATH"];
    let path = strings(variable).into_iter().find(|value| value.starts_with('/')).unwrap_or("/");
    let code = template["Resources"]["ToBucket"]["Properties"]["FunctionCode"].as_str().unwrap_or_default();
    let cdn = &template["Resources"]["Cdn"]["Properties"]["DistributionConfig"];
    let items = |name: &str| cdn[name].as_vec().into_iter().flatten();
    let pattern = format!("{path}/*");
    let behavior = items("CacheBehaviors").find(|behavior| behavior["PathPattern"].as_str() == Some(&pattern));
    let Some(behavior) = behavior else {
        return vec!["the CDN passes on another path than the functions send parts to".to_owned()];
    };
    let runs = &behavior["FunctionAssociations"][0];
    let gate = (runs["EventType"].as_str(), runs["FunctionARN"].as_str());
    let origin = items("Origins").find(|origin| origin["Id"].as_str() == behavior["TargetOriginId"].as_str());
    let goes_to_bucket = origin.is_some_and(|origin| {
        let host = origin["DomainName"]["Fn::Sub"][0].as_str().unwrap_or_default();
        host.starts_with("${Bucket}.s3.") && origin["OriginAccessControlId"].is_badvalue()
    });
    // AWS has fixed ids for its managed policies: AllViewerExceptHostHeader and CachingDisabled.
    const WITHOUT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";
    const NOT_KEPT: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
    wrong([
        (gate == (Some("viewer-request"), Some("ToBucket.FunctionARN")), "the CDN does not check what it passes on"),
        (goes_to_bucket, "the CDN passes parts on to something else than the bucket, or re-signs them"),
        (behavior["CachePolicyId"].as_str() == Some(NOT_KEPT), "the CDN keeps answers to parts"),
        (code.contains(&format!("'{path}'.length")), "the CDN's function takes away another path than is in front"),
        (code.contains("request.method !== 'PUT'"), "the CDN passes on to the bucket what is no PUT"),
        (
            code.contains("'X-Amz-Credential', 'X-Amz-Signature'")
                && code.contains("if (!request.querystring[name] ||"),
            "the CDN passes on to the bucket what is not signed",
        ),
        (code.contains("request.cookies = {}"), "the CDN passes cookies on to the bucket"),
        (
            code.contains("delete request.headers.authorization"),
            "the CDN passes a second authorization on to the bucket",
        ),
        (
            behavior["OriginRequestPolicyId"].as_str() == Some(WITHOUT_HOST),
            "the CDN sends another Host than the bucket's, for which parts are signed",
        ),
    ])
}

/// Only the sweep reserves concurrency, and only if it is asked for: an account whose limit is 10 can reserve none.
fn check_concurrency(template: &Yaml) -> Vec<Finding> {
    let reserved = of_type(&template["Resources"], "AWS::Serverless::Function")
        .map(|(name, function)| (name, &function["Properties"]["ReservedConcurrentExecutions"]))
        .filter(|(_, reserved)| !reserved.is_badvalue());
    let reserved: Vec<_> = reserved.collect();
    let [("Sweep", one)] = reserved[..] else {
        return vec!["Sweep, and no other function, may reserve concurrency".to_owned()];
    };
    let on_demand = (one[0].as_str(), one[1].as_i64(), one[2].as_str());
    let parameter = &template["Parameters"]["ReserveConcurrency"];
    wrong([(
        on_demand == (Some("ReservesConcurrency"), Some(1), Some("AWS::NoValue"))
            && parameter["Default"].as_str() == Some("false"),
        "Sweep must reserve one instance if ReserveConcurrency says so, and none by default",
    )])
}

/// With a domain of one's own, the CDN takes TLS 1.2 and later only, and the bucket takes the page of that domain.
fn check_domain(resources: &Yaml) -> Vec<Finding> {
    let cdn = &resources["Cdn"]["Properties"]["DistributionConfig"];
    let certificate = &cdn["ViewerCertificate"]["Fn::If"];
    let origins = &resources["FileBucket"]["Properties"]["CorsConfiguration"]["CorsRules"][0]["AllowedOrigins"];
    // By the CDN's own name too: pages that were opened before there was a domain send on.
    let is_page = strings(&origins[0]) == ["https://${Cdn.DomainName}"]
        && strings(&origins[1]) == ["HasDomain", "https://${DomainName}", "AWS::NoValue"];
    let named = (cdn["Aliases"][0].as_str(), strings(&cdn["Aliases"][1]));
    wrong([
        (
            certificate[0].as_str() == Some("HasDomain")
                && certificate[1]["MinimumProtocolVersion"].as_str() == Some("TLSv1.2_2021"),
            "the CDN takes old TLS for a domain of one's own",
        ),
        (named == (Some("HasDomain"), vec!["DomainName"]), "the CDN does not answer to its domain"),
        (is_page && origins[2].is_badvalue(), "the bucket's CORS allows another origin than the page's"),
    ])
}

/// Nothing is allowed by a wildcard.
fn check_permissions(resources: &Yaml) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, resource) in entries(resources) {
        let mut actions = Vec::new();
        allowed_actions(resource, &mut actions);
        let wild = actions.into_iter().filter(|action| action.contains('*'));
        findings.extend(wild.map(|action| format!("{name} is allowed `{action}`: name each action")));
    }
    findings
}

/// Of every statement below, whatever it is in.
fn allowed_actions<'a>(yaml: &'a Yaml, actions: &mut Vec<&'a str>) {
    if yaml["Effect"].as_str() == Some("Allow") {
        actions.extend(strings(&yaml["Action"]));
    }
    match yaml {
        Yaml::Hash(map) => map.values().for_each(|child| allowed_actions(child, actions)),
        Yaml::Array(items) => items.iter().for_each(|child| allowed_actions(child, actions)),
        _ => {}
    }
}

fn wrong<const N: usize>(checks: [(bool, &str); N]) -> Vec<Finding> {
    checks.iter().filter(|(holds, _)| !holds).map(|(_, finding)| (*finding).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::yaml::tests::{ours, ours_with};
    use super::*;

    fn found_after(before: &str, after: &str) -> Vec<Finding> {
        let binaries = packaged(&ours());
        check(&ours_with(before, after), &binaries.into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn our_template_has_nothing_to_find_beside_names() {
        assert_eq!(found_after("Resources:", "Resources:"), Vec::<Finding>::new());
    }

    #[test]
    fn what_minio_would_forgive_is_found() {
        for (before, after, finding) in [
            ("ExposedHeaders: [ETag,", "ExposedHeaders: [", "ETag"),
            ("AllowedMethods: [PUT,", "AllowedMethods: [", "PUT"),
            ("AllowedHeaders: [content-md5,", "AllowedHeaders: [", "content-md5"),
            ("DaysAfterInitiation: 31", "DaysAfterInitiation: 7", "31 days"),
            ("SSEAlgorithm: AES256", "SSEAlgorithm: aws:kms", "KMS"),
            ("BlockPublicPolicy: true", "BlockPublicPolicy: false", "public access"),
            ("DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete", "FileBucket is not kept"),
            ("UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete", "FileBucket is not kept"),
            ("AttributeName: ttl", "AttributeName: expires", "expiry"),
            ("PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", "recovery"),
            ("SSEEnabled: true", "SSEEnabled: false", "not encrypted"),
            (
                "ReservedConcurrentExecutions: !If [ReservesConcurrency, 1",
                "Reserved: !If [ReservesConcurrency, 1",
                "Sweep, and",
            ),
            ("!If [ReservesConcurrency, 1, ", "!If [ReservesConcurrency, 10, ", "none by default"),
            ("Timeout: 900", "ReservedConcurrentExecutions: 1", "no other function"),
            ("StreamViewType: NEW_IMAGE", "StreamViewType: KEYS_ONLY", "stream"),
            ("PathPattern: /storage/*", "PathPattern: /store/*", "CDN passes on another path"),
            ("FunctionARN: !GetAtt ToBucket", "FunctionARN: !GetAtt PageRoutes", "does not check"),
            ("TargetOriginId: bucket", "TargetOriginId: page", "something else than the bucket"),
            ("request.cookies = {};", "", "cookies"),
            ("slice('/storage'.length)", "slice('/store'.length)", "takes away another path"),
            ("request.method !== 'PUT'", "request.method === 'GET'", "what is no PUT"),
            ("if (!request.querystring[name]", "if (false", "what is not signed"),
            ("delete request.headers.authorization;", "", "second authorization"),
            ("MinimumProtocolVersion: TLSv1.2_2021", "MinimumProtocolVersion: TLSv1", "old TLS"),
            ("Aliases: !If [HasDomain, [!Ref DomainName]", "Aliases: !If [HasDomain, []", "its domain"),
            ("- !If [HasDomain, !Sub \"https://${DomainName}\"", "- !If [HasDomain, \"*\"", "another origin"),
            ("- !Sub \"https://${Cdn.DomainName}\"", "- \"https://example.com\"", "another origin"),
            ("[dynamodb:PutItem]", "[dynamodb:*]", "dynamodb:*"),
        ] {
            let findings = found_after(before, after);
            assert!(findings.len() == 1 && findings[0].contains(finding), "{before}: {findings:?}");
        }
    }

    #[test]
    fn a_function_that_is_not_there_is_found() {
        assert!(found_after("functions/presign.zip", "functions/sign.zip").len() == 2);
    }
}
