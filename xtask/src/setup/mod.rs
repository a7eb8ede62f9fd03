//! Installs what the other commands need: once, at pinned versions, into `target/tools`.

mod cargo_tools;
mod dynamodb;
mod forecast;
mod go_tools;
mod packages;
pub(crate) mod python;

use std::thread;

use anyhow::{Result, anyhow};

use crate::command::{output, run_quietly, step, tool};
use crate::pins::{self, CargoTool, GoTool, PythonTool};
use forecast::Missing;

static LINTERS: [PythonTool; 2] = [pins::CFN_LINT, pins::CHECKOV];

/// What a command needs. Only that is installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The wasm target, trunk and wasm-bindgen.
    pub(crate) page: bool,
    pub(crate) nextest: bool,
    pub(crate) minio: bool,
    pub(crate) versitygw: bool,
    pub(crate) dynamodb: bool,
    /// Chromium, Firefox, WebKitGTK and their drivers.
    pub(crate) browsers: bool,
    /// The emulator of AWS, what makes namespaces for it, and Chromium.
    pub(crate) emulator: bool,
    pub(crate) deny: bool,
    /// What checks the templates.
    pub(crate) linters: bool,
    /// How long what the command compiles takes where nothing was compiled before, in minutes on two cores.
    pub(crate) first_compile_minutes: u32,
}

/// `cargo xtask setup`
pub(crate) fn all() -> Result<()> {
    ensure(Needs {
        page: true,
        nextest: true,
        minio: true,
        versitygw: true,
        dynamodb: true,
        browsers: true,
        emulator: true,
        deny: true,
        linters: true,
        first_compile_minutes: 0,
    })
}

/// Whether it need not be built.
pub(crate) fn is_there(wanted: &GoTool) -> bool {
    go_tools::missing(wanted).is_none()
}

/// Installs what is missing. Cargo's tools in one lane, all else in another beside it.
pub(crate) fn ensure(needs: Needs) -> Result<()> {
    std::fs::create_dir_all(local_stack::tools().join("bin"))?;
    forecast::print([&missing_cargo_tools(needs)?, &missing_others(needs)], needs.first_compile_minutes);
    thread::scope(|scope| {
        let others = scope.spawn(|| other_tools(needs));
        let ours = cargo_lane(needs);
        let theirs = others.join().unwrap_or_else(|_| Err(anyhow!("the installing thread panicked")));
        ours.and(theirs)
    })
}

fn cargo_lane(needs: Needs) -> Result<()> {
    if needs.page {
        wasm_target()?;
    }
    for tool in cargo_tools_for(needs)? {
        cargo_tools::ensure(&tool)?;
    }
    Ok(())
}

fn cargo_tools_for(needs: Needs) -> Result<Vec<CargoTool>> {
    let mut tools = Vec::new();
    if needs.page {
        tools.extend([pins::wasm_bindgen()?, pins::trunk()]);
    }
    if needs.nextest {
        tools.push(pins::nextest());
    }
    if needs.browsers {
        tools.push(pins::geckodriver());
    }
    if needs.deny {
        tools.push(pins::deny());
    }
    Ok(tools)
}

fn other_tools(needs: Needs) -> Result<()> {
    // First, since Java and Maven are among them, which DynamoDB Local needs.
    packages::ensure(needs)?;
    if needs.dynamodb {
        dynamodb::ensure()?;
    }
    for tool in go_tools_for(needs) {
        go_tools::ensure(tool)?;
    }
    for tool in python_tools_for(needs) {
        python::ensure(tool)?;
    }
    Ok(())
}

fn missing_cargo_tools(needs: Needs) -> Result<Vec<Missing>> {
    Ok(cargo_tools_for(needs)?.iter().filter_map(cargo_tools::missing).collect())
}

fn missing_others(needs: Needs) -> Vec<Missing> {
    let mut missing = Vec::new();
    missing.extend(packages::missing(needs));
    if needs.dynamodb {
        missing.extend(dynamodb::missing());
    }
    missing.extend(go_tools_for(needs).filter_map(go_tools::missing));
    missing.extend(python_tools_for(needs).filter_map(python::missing));
    missing
}

fn go_tools_for(needs: Needs) -> impl Iterator<Item = &'static GoTool> {
    [(needs.minio, &pins::MINIO), (needs.versitygw, &pins::VERSITYGW)]
        .into_iter()
        .filter_map(|(is_needed, tool)| is_needed.then_some(tool))
}

fn python_tools_for(needs: Needs) -> impl Iterator<Item = &'static PythonTool> {
    let linters = LINTERS.iter().filter(move |_| needs.linters);
    linters.chain(needs.emulator.then_some(&pins::MINISTACK))
}

/// The compiler's half for the browser.
fn wasm_target() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let root = output(tool("rustc").args(["--print", "sysroot"]))?;
    if std::path::Path::new(root.trim()).join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    if local_stack::on_path("rustup").is_none() {
        return Err(anyhow!("the compiler lacks {TARGET}, and there is no rustup to add it: install that target"));
    }
    step("Adding the wasm32 target", || {
        run_quietly(tool("rustup").args(["target", "add", TARGET]), "rustup target add")
    })
}
