//! The versions of everything that is not in Cargo.lock.

use anyhow::{Context, Result};
use local_stack::S3Kind;

/// A program that cargo builds.
#[derive(Debug)]
pub(crate) struct CargoTool {
    /// The package, which is the program's name too, but for wasm-bindgen.
    pub(crate) package: &'static str,
    pub(crate) program: &'static str,
    pub(crate) version: String,
    /// Whether its own lock file is used.
    pub(crate) locked: bool,
    /// Without its default features: updating itself and TLS, which we have no use for.
    pub(crate) bare: bool,
    /// 1 where the tool has real work to do; 0 builds faster.
    pub(crate) opt_level: u8,
    /// On two cores, with another tool being built beside it.
    pub(crate) build_minutes: u32,
}

/// A program that PyPI has, of the package's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PythonTool {
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
    /// Other packages of its environment, as pip takes them.
    pub(crate) beside: &'static [&'static str],
}

/// A program that Go builds.
#[derive(Debug)]
pub(crate) struct GoTool {
    pub(crate) kind: S3Kind,
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
    /// The first version of Go that builds it.
    pub(crate) least_go: &'static str,
    /// On two cores, with cargo's tools being built beside it.
    pub(crate) build_minutes: u32,
}

/// AWS's own checker: it knows each property of each resource.
pub(crate) const CFN_LINT: PythonTool = PythonTool { package: "cfn-lint", version: "1.58.0", beside: &[] };
/// What others found to go wrong in templates.
pub(crate) const CHECKOV: PythonTool = PythonTool { package: "checkov", version: "3.3.30", beside: &[] };

/// The emulator of AWS, with what expands `AWS::Serverless` resources. infra/prove/src/emulator.py replaces one line of it.
pub(crate) const MINISTACK: PythonTool =
    PythonTool { package: "ministack", version: "1.5.33", beside: &["aws-sam-translator==1.115.0"] };

/// 0.22 needs a newer compiler than ours.
pub(crate) fn trunk() -> CargoTool {
    tool("trunk", "0.21.14", true)
}

pub(crate) fn nextest() -> CargoTool {
    tool("cargo-nextest", "0.9.151", true)
}

pub(crate) fn deny() -> CargoTool {
    CargoTool { bare: false, ..tool("cargo-deny", "0.20.2", false) }
}

pub(crate) fn geckodriver() -> CargoTool {
    CargoTool { bare: false, ..tool("geckodriver", "0.37.1", false) }
}

/// Must be the version of the library, to the last digit. Its published lock file does not build here.
pub(crate) fn wasm_bindgen() -> Result<CargoTool> {
    let lock =
        std::fs::read_to_string(local_stack::workspace().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let version = locked_version(&lock, "wasm-bindgen").context("wasm-bindgen is not in Cargo.lock")?;
    let base = tool("wasm-bindgen-cli", "", true);
    Ok(CargoTool { program: "wasm-bindgen", version: version.to_owned(), opt_level: 1, build_minutes: 4, ..base })
}

fn tool(package: &'static str, version: &str, bare: bool) -> CargoTool {
    let locked = package != "wasm-bindgen-cli";
    CargoTool { package, program: package, version: version.to_owned(), locked, bare, opt_level: 0, build_minutes: 3 }
}

/// Upstream is no longer maintained: this is its last commit, of 12 February 2026.
pub(crate) const MINIO: GoTool = GoTool {
    kind: S3Kind::Minio,
    package: "github.com/minio/minio",
    version: "v0.0.0-20260212201848-7aac2a2c5b7c",
    least_go: "1.24",
    build_minutes: 6,
};
pub(crate) const VERSITYGW: GoTool = GoTool {
    kind: S3Kind::Versitygw,
    package: "github.com/versity/versitygw/cmd/versitygw",
    version: "v1.8.0",
    least_go: "1.25",
    build_minutes: 2,
};
/// The image that builds them where there is no Go.
pub(crate) const GO_IMAGE: &str = "golang:1.26-bookworm";
pub(crate) const DYNAMODB_LOCAL: &str = "2.6.1";
/// A wheel; zig, which it links with, is another one.
pub(crate) const CARGO_LAMBDA: &str = "1.9.2";
/// npm's package of wasm-opt.
pub(crate) const BINARYEN: &str = "132.0.0";

/// The version of a package in a lock file.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_names_the_version() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.5\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "bindgen"), None);
    }

    #[test]
    fn our_own_lock_file_has_it() {
        assert!(wasm_bindgen().unwrap().version.starts_with("0.2."));
    }
}
