//! How MinIO is started.

use std::net::SocketAddr;
use std::process::Command;

use super::Launch;
use crate::net;

pub(super) fn configure(command: &mut Command, launch: &Launch<'_>) {
    command
        .args(["server", "--quiet", "--address", launch.address])
        .arg(launch.data_dir)
        .env("MINIO_ROOT_USER", &launch.keys.0)
        .env("MINIO_ROOT_PASSWORD", &launch.keys.1)
        .env("MINIO_API_CORS_ALLOW_ORIGIN", "*")
        // 31 days, after Slipway's own 30.
        .env("MINIO_API_STALE_UPLOADS_EXPIRY", "744h")
        .env("MINIO_BROWSER", "off")
        // Otherwise it checks the internet for updates.
        .env("MINIO_UPDATE", "off");
}

/// `/minio/health/ready` says 200 too early: S3 calls are answered 503 until buckets and users are loaded.
pub(super) fn is_ready(address: SocketAddr) -> bool {
    let status = |path| net::http_status(address, path).unwrap_or(503);
    status("/minio/health/ready") == 200 && status("/") != 503
}
