//! A CA for one run, and one certificate for every AWS name that leads to the emulator.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use sha2::{Digest as _, Sha256};

use crate::REGION;

/// Where Linux distributions keep the certificates that programs trust: Debian and Alpine, Fedora, openSUSE.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// The files of one run.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// The CA alone, as PEM.
    pub(crate) ca: String,
    /// The leaf and its CA.
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
    /// The system's certificates and our CA.
    pub(crate) bundle: PathBuf,
    /// The file that `bundle` replaces.
    pub(crate) system_bundle: PathBuf,
    /// SHA-256 of the leaf's public key in base64, by which Chromium is told to trust it.
    pub(crate) spki: String,
}

impl Certificates {
    /// Makes all of them in `folder`.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let ca_key = KeyPair::generate()?;
        let ca_params = ca_params();
        let ca = ca_params.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(ca_params, ca_key);
        let key = KeyPair::generate()?;
        let leaf = leaf_params()?.signed_by(&key, &issuer)?;
        let spki = BASE64_STANDARD.encode(Sha256::digest(key.subject_public_key_info()));

        let system_bundle = BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file());
        let system_bundle = system_bundle.context("no bundle of trusted certificates: install `ca-certificates`")?;
        let trusted = std::fs::read_to_string(&system_bundle)?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).map(|()| path)
        };
        Ok(Self {
            chain: write("chain.pem", leaf.pem() + &ca)?,
            key: write("leaf.key", key.serialize_pem())?,
            bundle: write("bundle.pem", trusted + &ca)?,
            // What a bind mount covers must be the file itself.
            system_bundle: system_bundle.canonicalize()?,
            ca,
            spki,
        })
    }
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Slipway prove-infra");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn leaf_params() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names())?;
    params.distinguished_name.push(DnType::CommonName, "the emulator");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// A wildcard covers one label only, so each level is listed.
fn names() -> Vec<String> {
    let mut names: Vec<String> =
        ["localhost", "127.0.0.1", "*.amazonaws.com", "*.s3.amazonaws.com", "*.cloudfront.net"].map(Into::into).into();
    let of_region = ["", "*.", "*.s3.", "*.s3.dualstack.", "*.execute-api."];
    names.extend(of_region.map(|prefix| format!("{prefix}{REGION}.amazonaws.com")));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_of_the_bucket_is_covered() {
        let names = names();
        for name in ["s3.us-east-1", "files.s3.us-east-1", "files.s3.dualstack.us-east-1", "a1.execute-api.us-east-1"] {
            let host = format!("{name}.amazonaws.com");
            let (_, parent) = host.split_once('.').unwrap();
            assert!(names.contains(&host) || names.contains(&format!("*.{parent}")), "{host}");
        }
    }

    #[test]
    fn the_chain_ends_with_the_ca() {
        let folder = tempfile::tempdir().unwrap();
        let made = Certificates::make(folder.path()).unwrap();
        let chain = std::fs::read_to_string(&made.chain).unwrap();
        assert!(chain.ends_with(&made.ca) && chain.matches("BEGIN CERTIFICATE").count() == 2);
        assert!(std::fs::read_to_string(&made.bundle).unwrap().ends_with(&made.ca));
        assert_eq!(made.spki.len(), 44);
    }
}
