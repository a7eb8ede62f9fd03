//! The template's gateway and schedule against the code: each route leads to a function that answers it, and whoever
//! invokes a function may. No emulator checks the permissions of Lambda, nor throttles.

use std::collections::{BTreeMap, BTreeSet};

use yaml_rust2::Yaml;

use super::Finding;
use super::yaml::{entries, of_type, strings};

/// Each route, such as `GET /api/health`, and the functions that answer it.
pub(crate) type Served = BTreeMap<String, BTreeSet<String>>;

/// What a line of the access log may hold. Neither paths, which have ids in them, nor queries, nor headers.
const LOGGED: [&str; 7] = [
    "requestId",
    "integration.requestId",
    "routeKey",
    "status",
    "responseLatency",
    "integrationLatency",
    "identity.sourceIp",
];
/// What invokes functions for calls of our API, and of no other one.
const OUR_API: &str = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Gateway}/*";

pub(crate) fn check(template: &Yaml, served: &Served) -> Vec<Finding> {
    let resources = &template["Resources"];
    let mut findings = check_routes(resources, served);
    findings.extend(check_stage(resources));
    findings.extend(check_schedule(resources));
    findings.into_iter().map(|finding| format!("infra/template.yaml: {finding}")).collect()
}

fn check_routes(resources: &Yaml, served: &Served) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut routed = BTreeSet::new();
    for (name, route) in of_type(resources, "AWS::ApiGatewayV2::Route") {
        let key = route["Properties"]["RouteKey"].as_str().unwrap_or_default();
        let function = target(resources, &route["Properties"]);
        let binary = function.and_then(|function| binary_of(&resources[function])).unwrap_or("nothing");
        match served.get(key) {
            None => findings.push(format!("the route `{key}` is not in the code")),
            Some(functions) if !functions.contains(binary) => {
                findings.push(format!("{name} leads to {binary}, which does not answer `{key}`"));
            }
            Some(_) => {}
        }
        if !routed.insert(key) {
            findings.push(format!("the route `{key}` is there twice"));
        }
        if let Some(function) = function.filter(|function| !may_invoke(resources, function, "apigateway", OUR_API)) {
            findings.push(format!("the API may not invoke {function}"));
        }
    }
    let missing = served.keys().filter(|key| !routed.contains(key.as_str()));
    findings.extend(missing.map(|key| format!("the route `{key}` of the code is missing")));
    findings.sort();
    findings.dedup();
    findings
}

/// The function that a route leads to, by its name in the template.
fn target<'a>(resources: &'a Yaml, route: &'a Yaml) -> Option<&'a str> {
    let name = route["Target"].as_str()?.strip_prefix("integrations/${")?.strip_suffix('}')?;
    let integration = &resources[name]["Properties"];
    let is_ours = [&route["ApiId"], &integration["ApiId"]].iter().all(|api| api.as_str() == Some("Gateway"))
        && integration["IntegrationType"].as_str() == Some("AWS_PROXY")
        && integration["PayloadFormatVersion"].as_str() == Some("2.0");
    integration["IntegrationUri"].as_str()?.strip_suffix(".Arn").filter(|_| is_ours)
}

fn binary_of(function: &Yaml) -> Option<&str> {
    function["Properties"]["CodeUri"].as_str()?.rsplit('/').next()?.strip_suffix(".zip")
}

/// Whether a service may invoke the function, for this source, and for no other one.
fn may_invoke(resources: &Yaml, function: &str, service: &str, source: &str) -> bool {
    let principal = format!("{service}.amazonaws.com");
    let of_service: Vec<&Yaml> = of_type(resources, "AWS::Lambda::Permission")
        .map(|(_, permission)| &permission["Properties"])
        .filter(|permission| permission["FunctionName"].as_str() == Some(function))
        .filter(|permission| permission["Action"].as_str() == Some("lambda:InvokeFunction"))
        .filter(|permission| permission["Principal"].as_str() == Some(&principal))
        .collect();
    let is_narrow = |permission: &&Yaml| permission["SourceArn"].as_str() == Some(source);
    !of_service.is_empty() && of_service.iter().all(is_narrow)
}

fn check_stage(resources: &Yaml) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expect = |holds: bool, finding: &str| {
        if !holds {
            findings.push(finding.to_owned());
        }
    };
    let stage = &resources["ApiStage"]["Properties"];
    let limits = &stage["DefaultRouteSettings"];
    let is_limited = |name: &str| limits[name].as_i64().is_some_and(|limit| limit > 0);
    let is_served = stage["StageName"].as_str() == Some("$default") && stage["AutoDeploy"].as_bool() == Some(true);
    expect(is_served, "the API has no stage $default that follows its routes");
    expect(is_limited("ThrottlingRateLimit") && is_limited("ThrottlingBurstLimit"), "the API is not throttled");
    let log = &stage["AccessLogSettings"];
    expect(log["DestinationArn"].as_str() == Some("ApiLogs.Arn"), "the API has no access log of its own");
    let format = log["Format"].as_str().unwrap_or_default();
    let logged: Vec<&str> = format.split("$context.").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for name in logged.iter().filter(|name| !LOGGED.contains(name)) {
        expect(false, &format!("the API's log holds `{name}`, which may be secret"));
    }
    let is_json = serde_json::from_str::<serde_json::Value>(format).is_ok_and(|line| line.is_object());
    expect(is_json && LOGGED.iter().all(|name| logged.contains(name)), "the API's log is incomplete");
    findings
}

/// The sweep is invoked by a rule of its own.
fn check_schedule(resources: &Yaml) -> Vec<Finding> {
    let is_sweep = |rule: &Yaml| {
        let targets = rule["Properties"]["Targets"].as_vec().into_iter().flatten();
        targets.filter_map(|target| target["Arn"].as_str()).eq(["Sweep.Arn"])
    };
    let rule = of_type(resources, "AWS::Events::Rule").find(|(_, rule)| is_sweep(rule));
    let Some((name, rule)) = rule else { return vec!["nothing invokes sweep".to_owned()] };
    let schedule = strings(&rule["Properties"]["ScheduleExpression"]);
    let mut findings = Vec::new();
    if !schedule.iter().any(|schedule| schedule.starts_with("rate(") && schedule.contains("minute")) {
        findings.push("sweep is not invoked every few minutes".to_owned());
    }
    if !may_invoke(resources, "Sweep", "events", &format!("{name}.Arn")) {
        findings.push("the schedule may not invoke sweep".to_owned());
    }
    findings
}

/// Functions that other services invoke for events, which a route or a rule of ours should do.
pub(crate) fn implicit(template: &Yaml) -> Vec<Finding> {
    let functions = of_type(&template["Resources"], "AWS::Serverless::Function");
    let with_events = functions.filter(|(_, function)| entries(&function["Properties"]["Events"]).next().is_some());
    with_events.map(|(name, _)| format!("infra/template.yaml: {name} has `Events`: write the resources out")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::yaml::tests::{ours, ours_with};
    use super::*;

    /// As the template has it, so that a test need not build dev-server.
    fn served() -> Served {
        let template = ours();
        let resources = &template["Resources"];
        let routes = of_type(resources, "AWS::ApiGatewayV2::Route").map(|(_, route)| {
            let function = target(resources, &route["Properties"]).unwrap();
            let binary = binary_of(&resources[function]).unwrap();
            (route["Properties"]["RouteKey"].as_str().unwrap().to_owned(), [binary.to_owned()].into())
        });
        routes.collect()
    }

    fn found_after(before: &str, after: &str) -> Vec<Finding> {
        check(&ours_with(before, after), &served())
    }

    #[test]
    fn our_template_routes_what_the_functions_answer() {
        assert_eq!(found_after("Resources:", "Resources:"), Vec::<Finding>::new());
        assert_eq!(implicit(&ours()), Vec::<Finding>::new());
        assert_eq!(served().len(), 21);
    }

    #[test]
    fn a_route_that_is_missing_or_leads_elsewhere_is_found() {
        for (before, after, findings) in [
            ("RouteKey: GET /api/health", "RouteKey: GET /api/healthy", 2),
            ("Target: !Sub \"integrations/${ToAbort}\"", "Target: !Sub \"integrations/${ToStatus}\"", 1),
            ("Target: !Sub \"integrations/${ToAbort}\"", "Target: !Sub \"integrations/${ToNobody}\"", 1),
            ("IntegrationUri: !GetAtt Abort.Arn", "IntegrationUri: !GetAtt Status.Arn", 1),
            ("PayloadFormatVersion: \"2.0\"", "PayloadFormatVersion: \"1.0\"", 11),
        ] {
            let found = found_after(before, after);
            assert_eq!(found.len(), findings, "{before}: {found:?}");
        }
    }

    #[test]
    fn what_no_emulator_checks_is_found() {
        for (before, after, finding) in [
            ("FunctionName: !Ref Abort\n", "FunctionName: !Ref Presign\n", "may not invoke Abort"),
            ("${AWS::AccountId}:${Gateway}/*", "${AWS::AccountId}:*", "may not invoke Rooms"),
            ("${AWS::AccountId}:${Gateway}/*", "*:${Gateway}/*", "may not invoke Rooms"),
            ("SourceArn: !GetAtt SweepOften.Arn", "SourceArn: !Ref Gateway", "may not invoke sweep"),
            ("Arn: !GetAtt Sweep.Arn }", "Arn: !GetAtt Finish.Arn }", "nothing invokes sweep"),
            ("rate(5 minutes)", "rate(5 days)", "every few minutes"),
            ("ThrottlingRateLimit: 500", "ThrottlingRateLimit: 0", "not throttled"),
            ("AutoDeploy: true", "AutoDeploy: false", "$default"),
            ("\"$context.status\"", "\"$context.path\"", "`path`, which may be secret"),
            ("DestinationArn: !GetAtt ApiLogs.Arn", "DestinationArn: !GetAtt Logs.Arn", "log of its own"),
        ] {
            let found = found_after(before, after);
            assert!(found.iter().any(|text| text.contains(finding)), "{before}: {found:?}");
        }
    }
}
