//! The page as it is deployed: small, with what its headers need to know.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256, Sha384};

use super::size;
use crate::command::{output, run_quietly, step, tool};
use crate::page::{self, Profile};
use crate::pins::BINARYEN;

pub(super) fn package(folder: &Path) -> Result<()> {
    let out = folder.join("page");
    build(&out)?;
    let html = fs::read_to_string(out.join("index.html")).context("trunk made no index.html")?;
    let sources = script_sources(&html).join(" ");
    fs::write(folder.join("page-csp.txt"), format!("{sources}\n"))?;
    println!("    parameter PageScriptHashes: {sources}");
    print_sizes(&out)
}

/// Builds the page as it is deployed into an empty folder.
pub(crate) fn build(out: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(out);
    fs::create_dir_all(out)?;
    page::build(Profile::Page, out)?;
    if local_stack::on_path("npm").is_none() {
        println!(
            "    npm is not installed: the WebAssembly is not made smaller by wasm-opt, which costs about a tenth"
        );
        return Ok(());
    }
    step("Shrinking the WebAssembly", || shrink(out))
}

/// wasm-opt from npm, on each module.
fn shrink(out: &Path) -> Result<()> {
    let node = local_stack::tools().join("node");
    let wasm_opt = node.join("node_modules/.bin/wasm-opt");
    let stamp = node.join("binaryen.version");
    if !wasm_opt.is_file() || fs::read_to_string(&stamp).unwrap_or_default() != BINARYEN {
        fs::create_dir_all(&node)?;
        let mut npm = tool("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&node).arg(format!("binaryen@{BINARYEN}"));
        run_quietly(&mut npm, "npm install of binaryen")?;
        fs::write(stamp, BINARYEN)?;
    }
    let mut html = fs::read_to_string(out.join("index.html"))?;
    for module in files(out)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "wasm")) {
        let before = integrity(&module)?;
        let mut command = tool(&wasm_opt);
        // What compilers of 2026 take for granted in every browser.
        let features = ["simd", "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals"];
        command.args(features.map(|feature| format!("--enable-{feature}")));
        command.args(["--enable-reference-types", "--enable-multivalue", "-Oz"]).arg(&module).arg("-o").arg(&module);
        run_quietly(&mut command, "wasm-opt")?;
        html = html.replace(&before, &integrity(&module)?);
    }
    Ok(fs::write(out.join("index.html"), html)?)
}

/// As the page names it, so that a changed file is refused: `sha384-…`.
fn integrity(file: &Path) -> Result<String> {
    Ok(format!("sha384-{}", BASE64_STANDARD.encode(Sha384::digest(fs::read(file)?))))
}

/// The content-security-policy's sources for the scripts within the page: `'sha256-…'`.
fn script_sources(html: &str) -> Vec<String> {
    let scripts = html.split("<script").skip(1).filter_map(|after| after.split_once('>'));
    let inline = scripts.filter(|(attributes, _)| !attributes.contains("src="));
    inline
        .filter_map(|(_, body)| body.split_once("</script>"))
        .map(|(script, _)| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script))))
        .collect()
}

/// Raw, and as a browser fetches it.
fn print_sizes(out: &Path) -> Result<()> {
    println!("\n{:<44} {:>11} {:>11} {:>11}", "file", "raw", "gzip", "brotli");
    for file in files(out)? {
        let name = file.strip_prefix(out).unwrap_or(&file).display().to_string();
        let packed = compressed(&file)?.map_or(["-".into(), "-".into()], |sizes| sizes.map(size));
        println!("{name:<44} {:>11} {:>11} {:>11}", size(fs::metadata(&file)?.len()), packed[0], packed[1]);
    }
    Ok(())
}

/// By gzip and by brotli, in bytes, where Node is there to tell.
fn compressed(file: &Path) -> Result<Option<[u64; 2]>> {
    const SCRIPT: &str = "const z=require('zlib'),b=require('fs').readFileSync(process.argv[1]);\
        console.log(z.gzipSync(b,{level:9}).length, z.brotliCompressSync(b).length)";
    if local_stack::on_path("node").is_none() {
        return Ok(None);
    }
    let text = output(tool("node").args(["-e", SCRIPT]).arg(file))?;
    let sizes: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    Ok(sizes.try_into().ok())
}

/// Every file below, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())?) } else { found.push(entry.path()) }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_named_by_their_hash_and_others_are_not() {
        let html = r#"<script src="/boot.js"></script><script type="module">alert(1)</script>"#;
        // By hand: printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert_eq!(script_sources(html), ["'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"]);
    }
}
