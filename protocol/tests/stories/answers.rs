//! Answers to effects, as the shell, the functions and storage give them.

use slipway_protocol::machine::*;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{StartedUpload, UploadState};

use crate::page::*;

impl Page {
    pub(crate) fn prepare_one(&mut self) -> Option<u16> {
        let (id, part, attempt, len) = self.take(|effect| match effect {
            Effect::Prepare { id, part, attempt, range, .. } => Some((*id, *part, *attempt, range.len)),
            _ => None,
        })?;
        self.read_parts.push(part.get());
        self.give(Input::Prepared { id, part, attempt, digest: digest(part.get()).into(), len });
        Some(part.get())
    }

    /// The reading of a part of an ordinary plan ends with this digest.
    pub(crate) fn prepared(&mut self, id: LocalId, number: u16, attempt: Attempt, digest: Md5) {
        let plan = Plan::new(self.view(id).size, None).unwrap();
        let (part, digest) = (part(number), digest.into());
        let len = plan.range(part).unwrap().len;
        self.give(Input::Prepared { id, part, attempt, digest, len });
    }

    /// A file of which at least six parts are being read.
    pub(crate) fn reading_many() -> Self {
        let mut page = Self::sending(4000 * MIB);
        page.prepare_all();
        for _ in 0..100 {
            page.sign_all();
            page.store(None);
            if page.prepares().len() >= 6 {
                return page;
            }
        }
        panic!("parts are not read together");
    }

    /// Hashes the parts of one file, and leaves the others.
    pub(crate) fn prepare_small(&mut self, wanted: LocalId) {
        let found = self.take(|effect| match effect {
            Effect::Prepare { id, part, attempt, .. } if *id == wanted => Some((*part, *attempt)),
            _ => None,
        });
        if let Some((part, attempt)) = found {
            self.prepared(wanted, part.get(), attempt, digest(part.get()));
        }
    }

    pub(crate) fn fail_prepare(&mut self, fault: ReadFault) -> bool {
        let found = self.take(|effect| match effect {
            Effect::Prepare { id, part, attempt, .. } => Some((*id, *part, *attempt)),
            _ => None,
        });
        found.is_some_and(|(id, part, attempt)| {
            self.give(Input::PrepareFailed { id, part, attempt, fault });
            true
        })
    }

    /// Hashes, begins and signs all that can be, so that the lanes are full.
    pub(crate) fn grow(&mut self) {
        loop {
            let before = self.effects.len() + self.puts().len();
            self.prepare_all();
            self.initiate();
            self.sign_all();
            if before == self.effects.len() + self.puts().len() {
                return;
            }
        }
    }

    pub(crate) fn view_lanes(&self, wanted: LocalId) -> usize {
        self.count(|effect| matches!(effect, Effect::Put { id, .. } if *id == wanted))
    }

    pub(crate) fn prepare_all(&mut self) {
        while self.prepare_one().is_some() {}
    }

    /// Answers an initiate as the functions do.
    pub(crate) fn initiate(&mut self) -> usize {
        let Some((batch, attempt, uploads)) = self.take(|effect| match effect {
            Effect::Initiate { batch, attempt, uploads, .. } => Some((*batch, *attempt, uploads.clone())),
            _ => None,
        }) else {
            return 0;
        };
        let count = uploads.len();
        let answer = Ok(uploads.iter().map(started).collect());
        self.give(Input::Initiated { batch, attempt, answer });
        count
    }

    pub(crate) fn take_initiate(&mut self) -> Option<(u32, Attempt, Vec<StartedUpload>)> {
        self.take(|effect| match effect {
            Effect::Initiate { batch, attempt, uploads, .. } => {
                Some((*batch, *attempt, uploads.iter().map(started).collect()))
            }
            _ => None,
        })
    }

    pub(crate) fn fail_initiate(&mut self, fault: CallFault) {
        let (batch, attempt, _) = self.take_initiate().unwrap();
        self.give(Input::Initiated { batch, attempt, answer: Err(fault) });
    }

    /// Refuses the initiate that names only this upload.
    pub(crate) fn fail_initiate_of(&mut self, wanted: LocalId, fault: CallFault) -> bool {
        let found = self.take(|effect| match effect {
            Effect::Initiate { batch, attempt, uploads, .. } if uploads.len() == 1 && uploads[0].id == wanted => {
                Some((*batch, *attempt))
            }
            _ => None,
        });
        found.is_some_and(|(batch, attempt)| {
            self.give(Input::Initiated { batch, attempt, answer: Err(fault) });
            true
        })
    }

    /// Key and body of the initiate under way.
    pub(crate) fn initiate_effect(&self) -> Option<(String, Vec<ToInitiate>)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Initiate { key, uploads, .. } => Some((key.clone(), uploads.clone())),
            _ => None,
        })
    }

    pub(crate) fn initiate_key(&self) -> String {
        self.initiate_effect().unwrap().0
    }

    pub(crate) fn fail_sign(&mut self, fault: CallFault) {
        let (id, attempt) = self
            .take(|effect| match effect {
                Effect::Sign { id, attempt, .. } => Some((*id, *attempt)),
                _ => None,
            })
            .unwrap();
        self.give(Input::Signed { id, attempt, answer: Err(fault) });
    }

    pub(crate) fn abort(&mut self, answer: Result<(), CallFault>) -> bool {
        let found = self.take(|effect| match effect {
            Effect::AbortUpload { id, attempt, .. } => Some((*id, *attempt)),
            _ => None,
        });
        found.is_some_and(|(id, attempt)| {
            self.give(Input::Aborted { id, attempt, answer });
            true
        })
    }

    /// Answers the saves that were kept.
    pub(crate) fn save_all(&mut self) {
        while let Some((id, save)) = self.take(saving) {
            self.give(Input::Saved { id, save });
        }
    }

    pub(crate) fn refuse_saves(&mut self) {
        while let Some((id, save)) = self.take(saving) {
            self.give(Input::SaveFailed { id, save });
        }
    }

    /// XHR reports every byte as sent.
    pub(crate) fn sent_all_the_way(&mut self) {
        for (number, attempt) in self.puts() {
            self.give(Input::Sent { id: A, part: part(number), attempt, bytes: u64::MAX });
        }
    }

    /// Like `run`, but time passes until the next wake-up when nothing else is to be done.
    pub(crate) fn run_with_time(&mut self) {
        while !self.engine.views().iter().all(|view| view.stage.is_over()) {
            self.run();
            let at = self.wake_at.unwrap_or(self.now + 1);
            self.pass(at.saturating_sub(self.now).max(1));
        }
    }

    pub(crate) fn sign_one(&mut self, seconds: u64) -> Vec<u16> {
        let Some((id, attempt, parts)) = self.take(|effect| match effect {
            Effect::Sign { id, attempt, parts, .. } => Some((*id, *attempt, parts.clone())),
            _ => None,
        }) else {
            return vec![];
        };
        let answer = Ok(parts.iter().map(|sign| signed(sign.part, seconds)).collect());
        self.give(Input::Signed { id, attempt, answer });
        parts.iter().map(|sign| sign.part.get()).collect()
    }

    pub(crate) fn sign_all(&mut self) {
        while !self.sign_one(900).is_empty() {}
    }

    /// Gives a URL for what asks for one, as if it had been asked for before the network went.
    pub(crate) fn sign_quietly(&mut self) {
        if self.count(|effect| matches!(effect, Effect::Sign { .. })) > 0 {
            self.sign_all();
            self.give(Input::Offline);
        }
    }

    fn take_put(&mut self, number: Option<u16>) -> Option<(LocalId, PartNumber, Attempt)> {
        self.take(|effect| match effect {
            Effect::Put { id, part, attempt, .. } if number.is_none_or(|number| number == part.get()) => {
                Some((*id, *part, *attempt))
            }
            _ => None,
        })
    }

    /// Storage takes one part: this one, or the one that waits longest.
    pub(crate) fn store(&mut self, number: Option<u16>) -> Option<u16> {
        let (id, part, attempt) = self.take_put(number)?;
        self.give(Input::Stored { id, part, attempt, etag: Some(format!("\"{}\"", digest(part.get()).hex())) });
        Some(part.get())
    }

    pub(crate) fn fail_put(&mut self, fault: PutFault) -> Option<u16> {
        let (id, part, attempt) = self.take_put(None)?;
        self.give(Input::PutFailed { id, part, attempt, fault });
        Some(part.get())
    }

    /// Everything goes well until nothing is left to do. Parts stored on the way.
    pub(crate) fn run(&mut self) -> Vec<u16> {
        let mut stored = vec![];
        loop {
            let before = (stored.len(), self.effects.len());
            self.prepare_all();
            self.initiate();
            self.sign_all();
            stored.extend(self.store(None));
            self.complete(|id| CompleteOutcome::Done { file: file_id(id) });
            if before == (stored.len(), self.effects.len()) {
                let Some(at) = self.wake_at.filter(|at| *at < self.now + 1000) else { return stored };
                self.pass(at.saturating_sub(self.now));
            }
        }
    }

    pub(crate) fn complete(&mut self, outcome: impl Fn(LocalId) -> CompleteOutcome) -> usize {
        let Some((batch, attempt, uploads)) = self.take(|effect| match effect {
            Effect::Complete { batch, attempt, uploads, .. } => Some((*batch, *attempt, uploads.clone())),
            _ => None,
        }) else {
            return 0;
        };
        let answer = Ok(uploads.iter().map(|(id, _)| outcome(*id)).collect());
        self.give(Input::Completed { batch, attempt, answer });
        uploads.len()
    }

    pub(crate) fn status(&mut self, state: UploadState, plan: Plan, stored: &[u16]) -> bool {
        let Some((id, attempt)) = self.take(|effect| match effect {
            Effect::FetchStatus { id, attempt, .. } => Some((*id, *attempt)),
            _ => None,
        }) else {
            return false;
        };
        self.give(Input::Status { id, attempt, answer: Ok(Box::new(standing(id, state, plan, stored).into())) });
        true
    }
}
