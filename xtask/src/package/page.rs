//! The page as it is deployed: small, with what its headers need to know.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256, Sha384};

use super::size;
use crate::command::{run_quietly, step, tool};
use crate::page::{self, Profile};
use crate::pins::BINARYEN;

/// Most bytes of brotli that a browser downloads before a person can join a room and send a file: 400 KiB.
const BUDGET: u64 = 400 * 1024;

pub(super) fn package(folder: &Path) -> Result<()> {
    let out = folder.join("page");
    build(&out)?;
    let sources = script_hashes(&out)?;
    fs::write(folder.join("page-csp.txt"), format!("{sources}\n"))?;
    println!("    parameter PageScriptHashes: {sources}");
    print_sizes(&out)
}

/// Builds the page as it is deployed into an empty folder.
pub(crate) fn build(out: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(out);
    fs::create_dir_all(out)?;
    page::build(Profile::Page, out)?;
    let Some(wasm_opt) = wasm_opt()? else { return Ok(()) };
    step("Shrinking the WebAssembly", || shrink(out, &wasm_opt))?;
    check_budget(out)
}

/// Each module and its script.
fn shrink(out: &Path, wasm_opt: &Path) -> Result<()> {
    let mut html = fs::read_to_string(out.join("index.html"))?;
    for module in files(out)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "wasm")) {
        let script = script_of(&module)?;
        // index.html has the digests of the files as trunk wrote them, and browsers would refuse the smaller ones.
        let before = [&module, &script].map(|file| integrity(file));
        optimize_once(wasm_opt, &module)?;
        for (before, file) in before.into_iter().zip([&module, &script]) {
            html = html.replace(&before?, &integrity(file)?);
        }
        rename_by_content(&module, &script, &mut html)?;
    }
    Ok(fs::write(out.join("index.html"), html)?)
}

/// Trunk has named the app's files by what they were before they were shrunk, and browsers keep them by these names for a
/// year. The worker's have the name that the app knows them by.
fn rename_by_content(module: &Path, script: &Path, html: &mut String) -> Result<()> {
    let stem = script.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let Some((kind, _)) = stem.rsplit_once('-').filter(|(kind, _)| *kind == "app") else { return Ok(()) };
    let text = fs::read_to_string(script)?;
    let digest = Sha256::new().chain_update(fs::read(module)?).chain_update(&text).finalize();
    let name = format!("{kind}-{}", &hex::encode(digest)[..16]);
    fs::write(script.with_file_name(format!("{name}.js")), text.replace(stem, &name))?;
    fs::rename(module, module.with_file_name(format!("{name}_bg.wasm")))?;
    fs::remove_file(script)?;
    *html = html.replace(stem, &name);
    Ok(())
}

/// What wasm-bindgen calls `app_bg.wasm` and `app.js`.
fn script_of(module: &Path) -> Result<PathBuf> {
    let name = module.file_stem().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix("_bg"));
    Ok(module.with_file_name(format!("{}.js", name.context("a module is not named as wasm-bindgen does")?)))
}

/// The program, from npm. None where there is no npm.
fn wasm_opt() -> Result<Option<PathBuf>> {
    if local_stack::on_path("npm").is_none() {
        println!("    npm is not installed: wasm-opt does not shrink the page, and its size is not checked");
        return Ok(None);
    }
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
    Ok(Some(wasm_opt))
}

/// Every run of the browser's stories wants the page as it is deployed, and most change nothing in it: a module that was
/// shrunk before, by this version with these options, is taken from that run.
fn optimize_once(wasm_opt: &Path, module: &Path) -> Result<()> {
    let options = options(is_app(module));
    let made_from =
        Sha256::new().chain_update(BINARYEN).chain_update(options.join(" ")).chain_update(fs::read(module)?);
    let kept = local_stack::workspace().join("target/shrunk").join(format!("{:x}.wasm", made_from.finalize()));
    if kept.is_file() {
        fs::copy(&kept, module)?;
        return Ok(());
    }
    let mut command = tool(wasm_opt);
    command.args(options).arg(module).arg("-o").arg(module);
    run_quietly(&mut command, "wasm-opt")?;
    keep(module, &kept)
}

/// The name says that it is whole, so it appears at once or not at all.
fn keep(module: &Path, kept: &Path) -> Result<()> {
    let folder = kept.parent().context("no folder for what was shrunk")?;
    fs::create_dir_all(folder)?;
    let partial = kept.with_extension(format!("{}.partial", std::process::id()));
    fs::copy(module, &partial)?;
    Ok(fs::rename(&partial, kept)?)
}

/// For what is sent, which is compressed: code that is alike is best left so, and side by side. That is why nothing is
/// made part of its callers here, and functions are sorted by their names: those of one generic function differ little.
fn options(app: bool) -> Vec<String> {
    // What compilers of 2026 take for granted in every browser.
    let features = ["simd", "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals"];
    let mut options: Vec<String> = features.map(|feature| format!("--enable-{feature}")).into();
    // Leptos brings streams to and from a server, and exports them. The page has none.
    options
        .extend(["--enable-reference-types", "--enable-multivalue", "--remove-exports=*underlying*"].map(String::from));
    options.extend(["--remove-unused-module-elements", "--strip-producers", "-Os"].map(String::from));
    // The worker's few functions are for speed.
    if app {
        let inlining = ["always", "one-caller", "flexible"];
        options.extend(inlining.map(|kind| format!("--{kind}-inline-max-function-size=0")));
    }
    options.push("--reorder-functions-by-name".into());
    options
}

/// As the page names it, so that a changed file is refused: `sha384-…`.
fn integrity(file: &Path) -> Result<String> {
    Ok(format!("sha384-{}", BASE64_STANDARD.encode(Sha384::digest(fs::read(file)?))))
}

/// The template's parameter PageScriptHashes for a built page.
pub(crate) fn script_hashes(page: &Path) -> Result<String> {
    let html = fs::read_to_string(page.join("index.html")).context("trunk made no index.html")?;
    Ok(script_sources(&html).join(" "))
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
        let bytes = fs::read(&file)?;
        let (gzip, brotli) = (size(gzip_bytes(&bytes)?), size(brotli_bytes(&bytes)?));
        println!("{name:<44} {:>11} {gzip:>11} {brotli:>11}", size(bytes.len() as u64));
    }
    Ok(())
}

/// What a browser downloads before anything can happen: the app's module and its script.
fn check_budget(out: &Path) -> Result<()> {
    let code: Vec<PathBuf> =
        files(out)?.into_iter().filter(|file| is_app(file)).chain([out.join("index.html")]).collect();
    ensure!(code.len() == 3, "the page is not a module, a script and index.html: {code:?}");
    let sizes = code.iter().map(|file| brotli_bytes(&fs::read(file)?)).collect::<Result<Vec<u64>>>()?;
    within_budget(sizes.iter().sum())
}

/// The app's module or script, and not the worker's.
fn is_app(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("app-"))
}

fn within_budget(bytes: u64) -> Result<()> {
    println!("    page: {bytes} of {BUDGET} bytes of brotli");
    ensure!(
        bytes <= BUDGET,
        "the page has {bytes} bytes of brotli, {} more than its budget (docs/decisions/0007-page-size.md)",
        bytes - BUDGET
    );
    Ok(())
}

fn brotli_bytes(bytes: &[u8]) -> Result<u64> {
    let mut packed = brotli::CompressorWriter::new(Vec::new(), 4096, 11, 22);
    packed.write_all(bytes)?;
    Ok(packed.into_inner().len() as u64)
}

fn gzip_bytes(bytes: &[u8]) -> Result<u64> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes)?;
    Ok(packed.finish()?.len() as u64)
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

    #[test]
    fn a_page_over_its_budget_is_refused() {
        assert!(within_budget(BUDGET).is_ok());
        let error = within_budget(BUDGET + 7).unwrap_err().to_string();
        assert!(error.contains("7 more than its budget"), "{error}");
    }

    #[test]
    fn sizes_are_those_after_compression() {
        let text = "the same again ".repeat(1000);
        for packed in [brotli_bytes(text.as_bytes()).unwrap(), gzip_bytes(text.as_bytes()).unwrap()] {
            assert!((10..200).contains(&packed), "{packed}");
        }
    }
}
