//! Messages between the page and a worker: small arrays, a number for the kind first. A file is sent once and then named
//! by a number, since cloning one for each part costs more than the rest of the message.

use js_sys::{Array, Uint8Array};
use slipway_protocol::machine::ReadFault;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::hasher::Report;

/// To be raised with every change of these messages: a page may find an older worker in the browser's cache, since the
/// names of a worker's files stay the same.
pub(super) const VERSION: u32 = 2;

/// From the page to a worker.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// Keep a file under a number.
    Keep { file: u32, blob: Blob },
    /// Let go of it.
    Forget { file: u32 },
    /// Hash `len` bytes from `start` on.
    Prepare { job: u32, file: u32, start: u64, len: u64 },
    /// Hash all of a file that has no other part. It is not kept.
    PrepareWhole { job: u32, blob: Blob, len: u64 },
    /// Drop a job.
    Drop { job: u32 },
    /// Send `Tick` every so many milliseconds, until the worker ends.
    Clock { clock: u32, every_ms: u32 },
}

/// From a worker to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Orders of this [`VERSION`] are taken from now on. Those sent before may be lost.
    Ready { version: u32 },
    /// What came of a job.
    Report(Report),
    /// A clock ticks.
    Tick { clock: u32 },
}

impl Order {
    pub(super) fn to_js(&self) -> JsValue {
        let message = match *self {
            Self::Keep { file, ref blob } => return Array::of3(&0.into(), &file.into(), blob).into(),
            Self::Forget { file } => numbers(&[1.0, file.into()]),
            Self::Prepare { job, file, start, len } => {
                numbers(&[2.0, job.into(), file.into(), start as f64, len as f64])
            }
            Self::Drop { job } => numbers(&[3.0, job.into()]),
            Self::Clock { clock, every_ms } => numbers(&[4.0, clock.into(), every_ms.into()]),
            Self::PrepareWhole { job, ref blob, len } => {
                return Array::of4(&5.into(), &job.into(), blob, &(len as f64).into()).into();
            }
        };
        message.into()
    }

    /// None for what is no order.
    pub(super) fn from_js(message: &JsValue) -> Option<Self> {
        let message: &Array = message.dyn_ref()?;
        let at = |index: u32| message.get(index).as_f64().unwrap_or_default();
        Some(match at(0) as u32 {
            0 => Self::Keep { file: at(1) as u32, blob: message.get(2).dyn_into().ok()? },
            1 => Self::Forget { file: at(1) as u32 },
            2 => Self::Prepare { job: at(1) as u32, file: at(2) as u32, start: at(3) as u64, len: at(4) as u64 },
            3 => Self::Drop { job: at(1) as u32 },
            4 => Self::Clock { clock: at(1) as u32, every_ms: at(2) as u32 },
            5 => Self::PrepareWhole { job: at(1) as u32, blob: message.get(2).dyn_into().ok()?, len: at(3) as u64 },
            _ => return None,
        })
    }
}

impl Answer {
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

    /// None for what is no answer.
    pub(super) fn from_js(message: &JsValue) -> Option<Self> {
        let message: &Array = message.dyn_ref()?;
        let at = |index: u32| message.get(index).as_f64().unwrap_or_default();
        let job = at(1) as u32;
        Some(match at(0) as u32 {
            0 => Self::Ready { version: at(1) as u32 },
            1 => Self::Report(Report::Progress { job, bytes: at(2) as u64 }),
            2 => {
                let digest: Uint8Array = message.get(2).dyn_into().ok()?;
                Self::Report(Report::Done { job, digest: digest.to_vec().try_into().ok()? })
            }
            3 => Self::Report(Report::Failed { job, fault: fault_of(at(2)) }),
            4 => Self::Tick { clock: at(1) as u32 },
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
    }
}

fn fault_of(number: f64) -> ReadFault {
    [ReadFault::Gone, ReadFault::Changed, ReadFault::Permission].get(number as usize).copied().unwrap_or(ReadFault::Io)
}
