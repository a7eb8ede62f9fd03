//! What goes wrong with one upload, and for how long: when its calls may go, and when to give up.

use super::{Context, Upload};
use crate::machine::Reason;
use crate::machine::context::Call;
use crate::machine::network::backoff::Backoff;
use crate::machine::timers::Timer;

#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Of the calls to the functions for this upload.
    calls: Backoff,
    /// Since when nothing but failures came, in milliseconds on the machine's clock.
    failing_since: Option<u64>,
}

impl Trouble {
    pub(super) fn may_call(&self, now: u64) -> bool {
        self.calls.is_over(now)
    }

    /// When calls may go again, in milliseconds on the machine's clock.
    pub(super) fn calls_until(&self) -> u64 {
        self.calls.until()
    }

    pub(super) fn call_answered(&mut self) {
        self.calls.reset();
    }

    /// Bytes moved, or the user acted: the circuit's time starts again.
    pub(super) fn progressed(&mut self) {
        self.failing_since = None;
    }

    /// Every wait is over.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Upload {
    /// Calls of this upload wait; costs nothing while offline.
    pub(in crate::machine) fn back_off_calls(&mut self, cx: &mut Context, call: Call, retry_after: Option<u64>) {
        cx.touch(self.id);
        if !cx.is_offline() {
            self.trouble.calls.fail(cx.now, call.started, retry_after, &mut cx.rng);
            cx.timers.set(Timer::Calls(self.id), self.trouble.calls.until());
            self.check_circuit(cx);
        }
    }

    /// Something failed while online. After minutes without progress, the circuit opens.
    pub(super) fn check_circuit(&mut self, cx: &mut Context) {
        // The abort is repeated until it is confirmed, so that nothing stays in storage.
        if self.hold.is_cancelled() {
            return;
        }
        let since = *self.trouble.failing_since.get_or_insert(cx.now);
        if cx.now - since >= cx.config.circuit_ms {
            self.stop(cx, Reason::NoProgress);
        }
    }
}
