//! Calls of AWS by hand: of IAM, of queues and of logs, whose clients would take minutes to build.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::REGION;
use crate::cloud::{self, Cloud};

const POLL: Duration = Duration::from_millis(250);
/// Lines of a log that are shown.
const TAIL: usize = 25;

impl Cloud {
    /// Sends a body to a service, and returns the answer's.
    async fn post(&self, (service, url): (&str, &str), headers: &[(&str, &str)], body: String) -> Result<String> {
        let identity = cloud::credentials().into();
        let parameters = v4::SigningParams::builder().identity(&identity).region(REGION).name(service);
        let parameters = parameters.time(SystemTime::now()).settings(SigningSettings::default()).build()?.into();
        let signable = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", url, headers.iter().copied(), signable)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut post = self.http.post(url);
        for (name, value) in headers.iter().copied().chain(instructions.headers()) {
            post = post.header(name, value);
        }
        let answer = post.body(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{service}: {status} {text}");
        Ok(text)
    }

    /// A call of IAM's query API.
    pub(crate) async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let all = [("Action", action), ("Version", "2010-05-08")];
        let all = all.iter().chain(parameters).map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = all.collect::<Vec<_>>().join("&");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.post(("iam", "https://iam.amazonaws.com/"), &headers, body).await.with_context(|| action.to_owned())
    }

    async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let url = format!("https://{service}.{REGION}.amazonaws.com/");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let text =
            self.post((service, url.as_str()), &headers, body.to_string()).await.with_context(|| target.to_owned())?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The body of the first message that holds these words, once there is one. It stays in the queue.
    pub(crate) async fn message(&self, queue: &str, words: &str, limit: Duration) -> Result<String> {
        let start = Instant::now();
        loop {
            let body = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
            let answer = self.json("sqs", "AmazonSQS.ReceiveMessage", &body).await?;
            let messages = answer["Messages"].as_array().into_iter().flatten();
            let mut bodies = messages.filter_map(|message| message["Body"].as_str());
            if let Some(body) = bodies.find(|body| body.contains(words)) {
                return Ok(body.to_owned());
            }
            ensure!(start.elapsed() < limit, "no such message in the queue after {limit:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// The last lines that functions wrote into a group of logs since then.
    pub(crate) async fn log_tail(&self, group: &str, since: SystemTime) -> Result<Vec<String>> {
        let since = since.duration_since(SystemTime::UNIX_EPOCH)?.as_millis();
        let body = json!({ "logGroupName": group, "startTime": u64::try_from(since)? });
        let answer = self.json("logs", "Logs_20140328.FilterLogEvents", &body).await?;
        let events = answer["events"].as_array().into_iter().flatten();
        let said = events.filter_map(|event| event["message"].as_str()).flat_map(str::lines);
        Ok(last_of(said.filter(|line| !is_usual(line)).map(str::to_owned).collect()))
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What stands between tags of this name, each decoded as IAM encodes documents.
pub(crate) fn elements(xml: &str, name: &str) -> Result<Vec<String>> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let found = xml.split(&open).skip(1).filter_map(|after| Some(after.split_once(&close)?.0));
    found.map(|text| Ok(percent_decode_str(text).decode_utf8()?.into_owned())).collect()
}

/// Lambda's own lines around each invocation, and calls that succeeded.
fn is_usual(line: &str) -> bool {
    let is_of_runtime = ["START ", "END ", "REPORT "].iter().any(|start| line.starts_with(start));
    line.trim().is_empty() || is_of_runtime || line.contains("\"message\":\"answered\",\"status\":2")
}

fn last_of(mut lines: Vec<String>) -> Vec<String> {
    lines.drain(..lines.len().saturating_sub(TAIL));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_and_decoded() {
        let xml = "<a><member>One%20two</member><member>%7B%22x%22%3A1%7D</member></a>";
        assert_eq!(elements(xml, "member").unwrap(), ["One two", "{\"x\":1}"]);
        assert!(elements(xml, "other").unwrap().is_empty());
    }

    #[test]
    fn usual_lines_are_left_out_and_the_last_are_kept() {
        assert!(is_usual("REPORT RequestId: 1\tDuration: 2 ms") && is_usual(r#"{"message":"answered","status":200}"#));
        assert!(!is_usual(r#"{"message":"answered","status":503}"#) && !is_usual(r#"{"level":"WARN"}"#));
        let lines = (0..100).map(|number| number.to_string()).collect();
        assert_eq!(last_of(lines).first().map(String::as_str), Some("75"));
    }
}
