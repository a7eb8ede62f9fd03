//! What Chromium leaves behind where one of its processes crashed: a minidump, by Crashpad.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use minidump::{
    Minidump, MinidumpCrashpadInfo, MinidumpException, MinidumpModuleList, MinidumpSystemInfo, MinidumpThreadNames,
    Module,
};

/// Before the name of a story whose browser crashed. xtask looks for it.
pub(super) const MARK: &str = "BROWSER CRASHED: ";

/// The dumps below a folder of Crashpad's.
pub(super) fn dumps(folder: &Path) -> Vec<PathBuf> {
    let states = ["new", "pending", "completed"].map(|state| folder.join(state));
    let entries = states.iter().filter_map(|state| fs::read_dir(state).ok()).flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "dmp")).collect()
}

/// Which process, why and where.
pub(super) fn describe(dump: &Path) -> String {
    read(dump).unwrap_or_else(|error| format!("a dump that can't be read: {error:#}"))
}

fn read(path: &Path) -> Result<String> {
    let dump = Minidump::read_path(path)?;
    let system = dump.get_stream::<MinidumpSystemInfo>()?;
    let exception = dump.get_stream::<MinidumpException>()?;
    let reason = exception.get_crash_reason(system.os, system.cpu);
    let address = exception.get_crash_address(system.os, system.cpu);
    let at = exception.context(&system, None).context("no context")?.get_instruction_pointer();
    let modules = dump.get_stream::<MinidumpModuleList>()?;
    let place = match modules.module_at_address(at) {
        Some(module) => format!("{} + {:#x}", module.code_file(), at - module.base_address()),
        None => format!("{at:#x}, in no module: compiled code, or none"),
    };
    let names = dump.get_stream::<MinidumpThreadNames>().ok();
    let thread =
        names.as_ref().and_then(|names| names.get_name(exception.get_crashing_thread_id())).unwrap_or_default();
    let process = dump.get_stream::<MinidumpCrashpadInfo>().ok().and_then(|info| kind(&info)).unwrap_or_default();
    Ok(format!("process `{process}`, thread `{thread}`: {reason}, address {address:#x}, at {place}"))
}

/// What Chromium calls the process: browser, renderer, gpu-process, utility.
fn kind(info: &MinidumpCrashpadInfo) -> Option<String> {
    let found = info.module_list.iter().find_map(|module| module.annotation_objects.get("ptype"))?;
    match found {
        minidump::MinidumpAnnotation::String(kind) => Some(kind.clone()),
        _ => None,
    }
}
