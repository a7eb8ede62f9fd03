//! The page as it is deployed: small, with what its headers need to know.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256, Sha384};

use super::shorten::shorten;
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
    step("Shrinking the WebAssembly", || shrink(out))
}

/// Each module and its script.
fn shrink(out: &Path) -> Result<()> {
    let wasm_opt = wasm_opt()?;
    let mut html = fs::read_to_string(out.join("index.html"))?;
    for module in files(out)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "wasm")) {
        let script = script_of(&module)?;
        let before = [&module, &script].map(|file| integrity(file));
        if let Some(wasm_opt) = &wasm_opt {
            optimize(wasm_opt, &module)?;
        }
        let (short_module, short_script) = shorten(&fs::read(&module)?, &fs::read_to_string(&script)?)?;
        fs::write(&module, short_module)?;
        fs::write(&script, short_script)?;
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
        println!("    npm is not installed: the WebAssembly is not made smaller by wasm-opt");
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

/// For what is sent, which is compressed: code that is alike is best left so, and side by side. That is why nothing is
/// made part of its callers here, and functions are sorted by their names: those of one generic function differ little.
fn optimize(wasm_opt: &Path, module: &Path) -> Result<()> {
    let mut command = tool(wasm_opt);
    // What compilers of 2026 take for granted in every browser.
    let features = ["simd", "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals"];
    command.args(features.map(|feature| format!("--enable-{feature}")));
    // Leptos brings streams to and from a server, and exports them. The page has none.
    command.args(["--enable-reference-types", "--enable-multivalue", "--remove-exports=*underlying*"]);
    command.args(["--remove-unused-module-elements", "-Os"]);
    // The worker's few functions are for speed.
    if module.file_name().is_some_and(|name| name.to_string_lossy().starts_with("app")) {
        command.args(["always", "one-caller", "flexible"].map(|kind| format!("--{kind}-inline-max-function-size=0")));
    }
    command.arg("--reorder-functions-by-name").arg(module).arg("-o").arg(module);
    run_quietly(&mut command, "wasm-opt")
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
