//! What the CDN's access log holds, and for how long.

use yaml_rust2::Yaml;

use super::Finding;
use super::yaml::{of_type, strings};

/// Nothing else: queries hold signatures, paths hold ids, headers hold tokens.
const FIELDS: [&str; 16] = [
    "date",
    "time",
    "x-edge-location",
    "x-edge-request-id",
    "x-edge-result-type",
    "x-edge-detailed-result-type",
    "cache-behavior-path-pattern",
    "cs-method",
    "cs-protocol-version",
    "ssl-protocol",
    "sc-status",
    "cs-bytes",
    "sc-bytes",
    "time-taken",
    "time-to-first-byte",
    "c-ip",
];

pub(crate) fn check(cdn_logs: &Yaml, template: &Yaml) -> Vec<Finding> {
    let mut findings = Vec::new();
    let deliveries: Vec<_> = of_type(&cdn_logs["Resources"], "AWS::Logs::Delivery").collect();
    if deliveries.is_empty() {
        findings.push("infra/cdn-logs.yaml: nothing is delivered".to_owned());
    }
    for (name, delivery) in deliveries {
        // Without the list all fields would be delivered.
        let fields = strings(&delivery["Properties"]["RecordFields"]);
        if fields.is_empty() {
            findings.push(format!("infra/cdn-logs.yaml: {name} does not say which fields it delivers"));
        }
        let more = fields.into_iter().filter(|field| !FIELDS.contains(field));
        findings.extend(more.map(|field| format!("infra/cdn-logs.yaml: `{field}` may be secret")));
    }
    let rules = &cdn_logs["Resources"]["CdnLogBucket"]["Properties"]["LifecycleConfiguration"]["Rules"];
    if rules[0]["ExpirationInDays"].as_str() != Some("LogRetentionDays") {
        findings.push("infra/cdn-logs.yaml: logs are kept for ever".to_owned());
    }
    // The older kind of log always has the query.
    if !template["Resources"]["Cdn"]["Properties"]["DistributionConfig"]["Logging"].is_badvalue() {
        findings.push("infra/template.yaml: the CDN logs queries, which hold signatures".to_owned());
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn found_after(before: &str, after: &str) -> Vec<Finding> {
        let read = |path: &str| std::fs::read_to_string(local_stack::workspace().join(path)).unwrap();
        let change = |text: String| parse(&text.replacen(before, after, 1)).unwrap();
        check(&change(read("infra/cdn-logs.yaml")), &change(read("infra/template.yaml")))
    }

    #[test]
    fn our_cdn_logs_hold_nothing_secret() {
        assert_eq!(found_after("Resources:", "Resources:"), Vec::<Finding>::new());
    }

    #[test]
    fn what_would_log_a_secret_or_for_ever_is_found() {
        for (before, after, finding) in [
            ("- cs-method", "- cs-uri-query", "`cs-uri-query` may be secret"),
            ("RecordFields:", "Others:", "which fields"),
            ("ExpirationInDays:", "NoncurrentDays:", "for ever"),
            ("HttpVersion: http2and3", "Logging: { Bucket: logs }", "logs queries"),
        ] {
            let found = found_after(before, after);
            assert!(found.len() == 1 && found[0].contains(finding), "{before}: {found:?}");
        }
    }
}
