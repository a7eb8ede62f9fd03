//! What is left of a browser that came down by itself.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use minidump::{
    Minidump, MinidumpAnnotation, MinidumpCrashpadInfo, MinidumpException, MinidumpModuleList, MinidumpSystemInfo,
    MinidumpThreadNames, Module,
};

/// Processes of a browser that came down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crash {
    /// The browser's own process crashed, and no other did: a fault of the browser's. Known of Chromium, by its dump. That
    /// nothing of a browser is left says less: drivers and browsers end it all when a page has crashed.
    pub of_browser: bool,
    /// A line each: which process, why and where.
    pub remains: Vec<String>,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.remains.join("\n"))
    }
}

/// One dump of Chromium's.
struct Dump {
    process: String,
    text: String,
}

impl Crash {
    /// From the dumps in a folder of Crashpad's.
    pub(super) fn from_dumps(folder: &Path) -> Self {
        let unread =
            |error| Some(Dump { process: String::new(), text: format!("a dump that can't be read: {error:#}") });
        let dumps: Vec<Dump> = dumps_in(folder).iter().filter_map(|path| read(path).unwrap_or_else(unread)).collect();
        let of_browser = !dumps.is_empty() && dumps.iter().all(|dump| dump.process == "browser");
        Self { of_browser, remains: dumps.into_iter().map(|dump| dump.text).collect() }
    }
}

fn dumps_in(folder: &Path) -> Vec<PathBuf> {
    let states = ["new", "pending", "completed"].map(|state| folder.join(state));
    let entries = states.iter().filter_map(|state| fs::read_dir(state).ok()).flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "dmp")).collect()
}

/// None: nothing crashed, Chromium only wanted a dump.
fn read(path: &Path) -> Result<Option<Dump>> {
    /// Crashpad's, as `minidump` knows it: a dump without an exception.
    const DUMP_REQUESTED: u32 = u32::MAX;
    let dump = Minidump::read_path(path)?;
    let system = dump.get_stream::<MinidumpSystemInfo>()?;
    let exception = dump.get_stream::<MinidumpException>()?;
    if exception.raw.exception_record.exception_code == DUMP_REQUESTED {
        return Ok(None);
    }
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
    let text = format!("process `{process}`, thread `{thread}`: {reason}, address {address:#x}, at {place}");
    Ok(Some(Dump { process, text }))
}

/// What Chromium calls the process: browser, renderer, gpu-process, utility.
fn kind(info: &MinidumpCrashpadInfo) -> Option<String> {
    match info.module_list.iter().find_map(|module| module.annotation_objects.get("ptype"))? {
        MinidumpAnnotation::String(kind) => Some(kind.clone()),
        _ => None,
    }
}
