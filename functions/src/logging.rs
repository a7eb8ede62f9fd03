//! Logs: one JSON object a line, with the call's request id.

use tracing_subscriber::EnvFilter;

use crate::config::ConfigError;

/// Crates that log whole requests below the level of warnings: signed URLs, headers, bodies. They stay at warnings whatever
/// the filter says.
const QUIET: [&str; 14] = [
    "aws_credential_types=warn",
    "aws_runtime=warn",
    "aws_sdk_dynamodb=warn",
    "aws_sdk_lambda=warn",
    "aws_sdk_s3=warn",
    "aws_sigv4=warn",
    "aws_smithy_http=warn",
    "aws_smithy_http_client=warn",
    "aws_smithy_runtime=warn",
    "aws_smithy_runtime_api=warn",
    "h2=warn",
    "hyper=warn",
    "hyper_util=warn",
    "lambda_runtime=warn",
];

/// Starts logging to stderr by the filter in SLIPWAY_LOG, `info` unless set. `quiet`: directives that hold whatever the
/// filter says, beside our own.
pub fn start(quiet: &[&str]) -> Result<(), ConfigError> {
    let filter = filter(std::env::var("SLIPWAY_LOG").ok().as_deref(), quiet)?;
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_span_list(false);
    lines.with_env_filter(filter).with_writer(std::io::stderr).init();
    // The default hook writes several lines of text, which whatever reads JSON lines cannot parse.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "{}", panic.payload_as_str().unwrap_or("panic"));
    }));
    Ok(())
}

/// The filter, with the crates kept quiet that would print secrets.
fn filter(text: Option<&str>, quiet: &[&str]) -> Result<EnvFilter, ConfigError> {
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or("info");
    let bad = |_| ConfigError::Bad("SLIPWAY_LOG", "a filter such as `info` or `functions=debug`");
    let filter = EnvFilter::try_new(text).map_err(bad)?;
    Ok(QUIET.iter().chain(quiet).filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive))
}
