//! Every call of the protocol reaches a function through the CDN, and none past it.

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::Value;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;

use crate::run::Run;

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    let base = stack.url()?;
    let mut lost = Vec::new();
    for route in calls::ROUTES {
        let method = Method::from_bytes(route.method.as_str().as_bytes())?;
        let url = format!("{base}{}{}", calls::BASE, filled(route.path));
        let answer = run.http.request(method, url).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() && !is_of_a_function(&text) {
            lost.push(format!("{} {} ({status} {text})", route.method, route.path));
        }
    }
    if !lost.is_empty() {
        bail!("no function answers {}", lost.join(", "));
    }
    run.report.proved(&format!("{} routes lead to a function", calls::ROUTES.len()));
    let document = run.http.get(format!("{base}{}/openapi.json", calls::BASE)).send().await?.error_for_status()?;
    let document: Value = serde_json::from_str(&document.text().await?).context("the API's document is no JSON")?;
    ensure!(document["paths"].is_object(), "the API's document has no paths");
    run.report.proved("the API describes itself");
    past_the_cdn(run, stack.output("ApiUrl")?).await
}

/// The gateway has a public name of its own.
async fn past_the_cdn(run: &mut Run, gateway: &str) -> Result<()> {
    run.http.get(format!("{gateway}{}/health", calls::BASE)).send().await?.error_for_status()?;
    let answer = run.http.post(format!("{gateway}{}/rooms", calls::BASE)).body("{}").send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(text.contains(ErrorCode::WrongAddress.as_str()), "past the CDN: {status} {text}");
    run.report.proved("past the CDN only the health check is answered");
    Ok(())
}

/// A path with something in place of each name in braces: nothing that exists.
fn filled(path: &str) -> String {
    let mut pieces = path.split('{');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |filled, piece| filled + "nobody" + piece.split_once('}').map_or("", |(_, after)| after))
}

/// A refusal with a code of ours. A gateway that knows no such route has words of its own.
fn is_of_a_function(text: &str) -> bool {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let code = body["error"]["code"].as_str().map(|code| ErrorCode::from(code.to_owned()));
    code.is_some_and(|code| code != ErrorCode::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_filled() {
        assert_eq!(filled("/rooms/{room}/links/{role}"), "/rooms/nobody/links/nobody");
        assert_eq!(filled("/health"), "/health");
    }

    #[test]
    fn a_gateway_is_no_function() {
        assert!(!is_of_a_function(r#"{"message":"Not Found"}"#) && !is_of_a_function("<html>"));
        assert!(is_of_a_function(r#"{"error":{"code":"token-missing","message":"x"}}"#));
    }
}
