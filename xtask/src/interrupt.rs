//! Ctrl-C, SIGTERM and a closed terminal: seen here, acted on where something waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use anyhow::{Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on, a signal does not kill this process but sets a flag; a second one kills.
pub(crate) fn watch() -> Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order: at the first signal the flag is not set yet, so only a second one kills. 130 is what a shell
        // reports for SIGINT.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&ASKED))?;
        signal_hook::flag::register(signal, Arc::clone(&ASKED))?;
    }
    Ok(())
}

/// Whether a signal asked us to end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// An error once a signal asked us to end.
pub(crate) fn check() -> Result<()> {
    if asked() { bail!("interrupted") } else { Ok(()) }
}
