//! Messages between the page and a worker: short arrays that begin with the number of their kind. A file is sent once and
//! referred to by a number, since cloning one for each part costs more than the rest of the message.

use js_sys::{Array, Uint8Array};
use slipway_protocol::machine::ReadFault;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::hasher::Report;

/// Version of these messages; increase it with every change. A page may find an older worker in the browser's cache, since
/// the names of the worker's files stay the same.
pub(super) const VERSION: u32 = 2;

/// From the page to a worker.
#[derive(Clone, Debug)]
pub(super) enum ToWorker {
    /// Keep a file under a number.
    KeepFile { file: u32, blob: Blob },
    /// Forget a kept file.
    ForgetFile { file: u32 },
    /// Hash `len` bytes from `start`.
    Prepare { job: u32, file: u32, start: u64, len: u64 },
    /// Hash a file that is one part. It is not kept.
    PrepareWhole { job: u32, blob: Blob, len: u64 },
    /// Drop a job.
    Drop { job: u32 },
    /// Send `Tick` every `every_ms` milliseconds, until the worker ends.
    StartClock { clock: u32, every_ms: u32 },
}

/// From a worker to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FromWorker {
    /// The worker handles messages of this [`VERSION`] from now on. Earlier messages may be lost.
    Ready { version: u32 },
    /// Progress or result of a job.
    Report(Report),
    /// A clock ticks.
    Tick { clock: u32 },
}

impl ToWorker {
    pub(super) fn to_js(&self) -> JsValue {
        let message = match *self {
            Self::KeepFile { file, ref blob } => return Array::of3(&0.into(), &file.into(), blob).into(),
            Self::ForgetFile { file } => numbers(&[1.0, file.into()]),
            Self::Prepare { job, file, start, len } => {
                numbers(&[2.0, job.into(), file.into(), start as f64, len as f64])
            }
            Self::Drop { job } => numbers(&[3.0, job.into()]),
            Self::StartClock { clock, every_ms } => numbers(&[4.0, clock.into(), every_ms.into()]),
            Self::PrepareWhole { job, ref blob, len } => {
                return Array::of4(&5.into(), &job.into(), blob, &(len as f64).into()).into();
            }
        };
        message.into()
    }

    /// `None`: not one of these messages.
    pub(super) fn from_js(message: &JsValue) -> Option<Self> {
        let message: &Array = message.dyn_ref()?;
        let number = |index: u32| message.get(index).as_f64().unwrap_or_default();
        let blob = || message.get(2).dyn_into().ok();
        Some(match number(0) as u32 {
            0 => Self::KeepFile { file: number(1) as u32, blob: blob()? },
            1 => Self::ForgetFile { file: number(1) as u32 },
            2 => Self::Prepare {
                job: number(1) as u32,
                file: number(2) as u32,
                start: number(3) as u64,
                len: number(4) as u64,
            },
            3 => Self::Drop { job: number(1) as u32 },
            4 => Self::StartClock { clock: number(1) as u32, every_ms: number(2) as u32 },
            5 => Self::PrepareWhole { job: number(1) as u32, blob: blob()?, len: number(3) as u64 },
            _ => return None,
        })
    }
}

impl FromWorker {
    pub(super) fn to_js(self) -> JsValue {
        let message = match self {
            Self::Ready { version } => numbers(&[0.0, version.into()]),
            Self::Report(Report::Progress { job, bytes }) => numbers(&[1.0, job.into(), bytes as f64]),
            Self::Report(Report::Done { job, digest }) => {
                Array::of3(&2.into(), &job.into(), &Uint8Array::from(&digest[..]))
            }
            Self::Report(Report::Failed { job, fault }) => numbers(&[3.0, job.into(), fault_number(fault)]),
            Self::Tick { clock } => numbers(&[4.0, clock.into()]),
        };
        message.into()
    }

    /// `None`: not one of these messages.
    pub(super) fn from_js(message: &JsValue) -> Option<Self> {
        let message: &Array = message.dyn_ref()?;
        let number = |index: u32| message.get(index).as_f64().unwrap_or_default();
        let job = number(1) as u32;
        Some(match number(0) as u32 {
            0 => Self::Ready { version: number(1) as u32 },
            1 => Self::Report(Report::Progress { job, bytes: number(2) as u64 }),
            2 => {
                let digest: Uint8Array = message.get(2).dyn_into().ok()?;
                Self::Report(Report::Done { job, digest: digest.to_vec().try_into().ok()? })
            }
            3 => Self::Report(Report::Failed { job, fault: fault_of(number(2)) }),
            4 => Self::Tick { clock: number(1) as u32 },
            _ => return None,
        })
    }
}

fn numbers(values: &[f64]) -> Array {
    values.iter().map(|&value| JsValue::from_f64(value)).collect()
}

fn fault_number(fault: ReadFault) -> f64 {
    match fault {
        ReadFault::Gone => 0.0,
        ReadFault::Changed => 1.0,
        ReadFault::Permission => 2.0,
        ReadFault::Io => 3.0,
        ReadFault::Unsupported => 4.0,
    }
}

fn fault_of(number: f64) -> ReadFault {
    match number {
        0.0 => ReadFault::Gone,
        1.0 => ReadFault::Changed,
        2.0 => ReadFault::Permission,
        4.0 => ReadFault::Unsupported,
        _ => ReadFault::Io,
    }
}
