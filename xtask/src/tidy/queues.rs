//! What is invoked asynchronously, and where it goes when it fails.

use yaml_rust2::Yaml;

use super::Finding;
use super::yaml::{entries, function_of, of_type, strings};

/// The longest that SQS keeps a message, in seconds.
const LONGEST: i64 = 14 * 24 * 3600;
/// What an alarm says, beside its threshold of 0, that goes off with the first message and ends when there is none.
const ANY_MESSAGE: [(&str, &str); 5] = [
    ("Namespace", "AWS/SQS"),
    ("MetricName", "ApproximateNumberOfMessagesVisible"),
    ("Statistic", "Maximum"),
    ("ComparisonOperator", "GreaterThanThreshold"),
    ("TreatMissingData", "notBreaching"),
];

pub(crate) fn check(template: &Yaml) -> Vec<Finding> {
    let resources = &template["Resources"];
    let mut findings = Vec::new();
    for (name, queue) in of_type(resources, "AWS::SQS::Queue") {
        let queue = &queue["Properties"];
        if queue["SqsManagedSseEnabled"].as_bool() != Some(true) {
            findings.push(format!("{name} is not encrypted"));
        }
        if queue["MessageRetentionPeriod"].as_i64() != Some(LONGEST) {
            findings.push(format!("{name} does not keep messages for 14 days"));
        }
        if !of_type(resources, "AWS::SQS::QueuePolicy").any(|(_, policy)| demands_tls(&policy["Properties"], name)) {
            findings.push(format!("{name} takes calls without TLS"));
        }
        if !of_type(resources, "AWS::CloudWatch::Alarm").any(|(_, alarm)| watches(&alarm["Properties"], name)) {
            findings.push(format!("no alarm watches {name}"));
        }
    }
    if failures_of(template, "finish").next().is_none() {
        findings.push("what finish fails at goes nowhere".to_owned());
    }
    findings.into_iter().map(|finding| format!("infra/template.yaml: {finding}")).collect()
}

/// Queues to which Lambda sends what the function failed at three times.
fn failures_of<'a>(template: &'a Yaml, binary: &str) -> impl Iterator<Item = &'a str> {
    let function = function_of(template, binary).map(|(name, _)| name);
    let configs = of_type(&template["Resources"], "AWS::Lambda::EventInvokeConfig").map(|(_, config)| config);
    configs.filter_map(move |config| {
        let config = &config["Properties"];
        let is_its = config["FunctionName"].as_str() == function && config["MaximumRetryAttempts"].as_i64() == Some(2);
        let queue = config["DestinationConfig"]["OnFailure"]["Destination"].as_str()?;
        queue.strip_suffix(".Arn").filter(|_| is_its)
    })
}

fn demands_tls(policy: &Yaml, queue: &str) -> bool {
    let statements = policy["PolicyDocument"]["Statement"].as_vec().into_iter().flatten();
    strings(&policy["Queues"]) == [queue]
        && statements.into_iter().any(|statement| {
            statement["Effect"].as_str() == Some("Deny")
                && statement["Action"].as_str() == Some("sqs:*")
                && statement["Condition"]["Bool"]["aws:SecureTransport"].as_str() == Some("false")
        })
}

/// Whether the alarm goes off as soon as one message waits.
fn watches(alarm: &Yaml, queue: &str) -> bool {
    let dimensions = alarm["Dimensions"].as_vec().into_iter().flatten();
    let mut names = dimensions.flat_map(entries).filter_map(|(_, value)| value.as_str());
    let says = |(property, value): &(&str, &str)| alarm[*property].as_str() == Some(*value);
    names.any(|name| name == format!("{queue}.QueueName"))
        && ANY_MESSAGE.iter().all(says)
        && alarm["Threshold"].as_i64() == Some(0)
        && alarm["EvaluationPeriods"].as_i64() == Some(1)
}

#[cfg(test)]
mod tests {
    use super::super::yaml::tests::ours_with;
    use super::*;

    fn found_after(before: &str, after: &str) -> Vec<Finding> {
        check(&ours_with(before, after))
    }

    #[test]
    fn our_queues_are_as_they_have_to_be() {
        assert_eq!(found_after("Resources:", "Resources:"), Vec::<Finding>::new());
    }

    #[test]
    fn a_queue_that_loses_or_tells_is_found() {
        for (before, after, finding) in [
            ("SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false", "not encrypted"),
            ("MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600", "14 days"),
            ("Queues: [!Ref FinishFailures]", "Queues: []", "without TLS"),
            ("QueueName, Value: !GetAtt FinishFailures", "QueueName, Value: !GetAtt Other", "no alarm"),
            ("Threshold: 0", "Threshold: 100", "no alarm"),
            ("GreaterThanThreshold", "LessThanThreshold", "no alarm"),
            ("MetricName: ApproximateNumberOfMessagesVisible", "MetricName: NumberOfMessagesSent", "no alarm"),
            ("EvaluationPeriods: 1", "EvaluationPeriods: 100", "no alarm"),
            ("MaximumRetryAttempts: 2", "MaximumRetryAttempts: 0", "goes nowhere"),
            ("FunctionName: !Ref Finish\n      Qualifier", "FunctionName: !Ref Sweep\n      Qualifier", "goes nowhere"),
        ] {
            let found = found_after(before, after);
            assert!(found.len() == 1 && found[0].contains(finding), "{before}: {found:?}");
        }
    }
}
