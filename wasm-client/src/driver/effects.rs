//! How each effect is run, and the answers that come of it.

use std::future::Future;
use std::rc::Rc;

use slipway_protocol::machine::{Attempt, Input, LocalId, PutFault, ReadFault, Record};
use slipway_protocol::wire::SignedRequest;
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::PartRange;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use super::{Driver, with_one};
use crate::files::{self, Picked};
use crate::hash::{HashEvent, JobKey};
use crate::notice::lack;
use crate::put::{Put, PutEvent};
use crate::rooms::Rooms;
use crate::selftest;
use crate::store::StoreEvent;

impl Driver {
    /// Makes a call of the functions; its answer is a fact.
    pub(super) fn answer<F: Future<Output = Input> + 'static>(&self, call: impl FnOnce(Rooms) -> F) {
        let (driver, call) = (self.clone(), call(self.0.rooms.clone()));
        spawn_local(async move { driver.feed(call.await) });
    }

    pub(super) fn reopen(&self, id: LocalId) {
        let driver = self.clone();
        spawn_local(async move {
            let opened = match driver.0.store.handle(id).await {
                Some(handle) => files::reopen(&handle).await.map(|file| (file, handle)),
                None => Err(ReadFault::Gone),
            };
            match opened {
                Ok((file, handle)) => driver.opened(id, Picked { file, handle: Some(handle), path: String::new() }),
                Err(fault) => driver.feed(Input::ReopenFailed { id, fault }),
            }
        });
    }

    pub(super) fn prepare(&self, id: LocalId, part: PartNumber, attempt: Attempt, range: PartRange) {
        match self.file(id) {
            Some(file) => self.0.pool.prepare(key(id, part, attempt), &file, range.start, range.len),
            None => self.feed(Input::PrepareFailed { id, part, attempt, fault: ReadFault::Gone }),
        }
    }

    pub(super) fn put(
        &self,
        id: LocalId,
        part: PartNumber,
        attempt: Attempt,
        range: PartRange,
        request: &SignedRequest,
    ) {
        let failed = |fault| self.feed(Input::PutFailed { id, part, attempt, fault });
        let Some(body) = self.file(id).and_then(|file| files::slice(&file, range.start, range.len).ok()) else {
            return failed(PutFault::Read(ReadFault::Gone));
        };
        let url = request.url.clone();
        let on = with_one(&Rc::downgrade(&self.0), move |driver, event| driver.sent(id, part, attempt, &url, event));
        match Put::start(&body, request, on) {
            Ok(put) => drop(self.0.puts.borrow_mut().insert((id, part), (attempt, put))),
            // The functions signed something that can't be sent; sending it again would not help.
            Err(_) => failed(PutFault::Http { status: 400, code: None }),
        }
    }

    pub(super) fn sent(&self, id: LocalId, part: PartNumber, attempt: Attempt, url: &str, event: PutEvent) {
        match selftest::seen_through(url, event) {
            PutEvent::Sent(bytes) => self.feed(Input::Sent { id, part, attempt, bytes }),
            PutEvent::Stored(etag) => {
                self.drop_put(id, part, attempt);
                self.storage_took(url, etag.is_some());
                self.feed(Input::Stored { id, part, attempt, etag });
            }
            PutEvent::Failed(fault) => {
                self.drop_put(id, part, attempt);
                if fault == PutFault::Network {
                    self.suspect(url);
                } else if selftest::is_not_passed_on(url, &fault) {
                    self.0.selftest.failed(url);
                    self.notice(selftest::away());
                }
                self.feed(Input::PutFailed { id, part, attempt, fault });
            }
        }
    }

    pub(super) fn drop_put(&self, id: LocalId, part: PartNumber, attempt: Attempt) {
        let mut puts = self.0.puts.borrow_mut();
        if puts.get(&(id, part)).is_some_and(|(running, _)| *running == attempt) {
            let put = puts.remove(&(id, part));
            // Aborting may call back.
            drop(puts);
            drop(put);
        }
    }

    pub(super) fn storage_took(&self, url: &str, shows_etag: bool) {
        if self.0.selftest.stored(url) {
            selftest::KEYS.into_iter().for_each(|key| self.unnotice(key));
        }
        if !shows_etag {
            self.notice(selftest::etag_hidden());
        }
    }

    pub(super) fn suspect(&self, url: &str) {
        let Some(suspect) = self.0.selftest.failed(url) else { return };
        let driver = self.clone();
        spawn_local(async move {
            if let Some(notice) = suspect.look(driver.0.rooms.api()).await {
                selftest::KEYS.into_iter().filter(|key| *key != notice.key).for_each(|key| driver.unnotice(key));
                driver.notice(notice);
            }
        });
    }

    pub(super) fn save(&self, id: LocalId, save: u64, record: Record) {
        let is_head = matches!(record, Record::Upload(_));
        self.0.store.save(id, save, record);
        if is_head {
            let handle = self.0.handles.borrow_mut().remove(&id);
            if let Some(handle) = handle {
                self.0.store.save_handle(id, handle);
            }
            self.0.say_uploads.ask();
        }
    }

    pub(super) fn forget(&self, id: LocalId) {
        self.0.owed.borrow_mut().remove(&id);
        self.0.files.borrow_mut().remove(&id);
        self.0.handles.borrow_mut().remove(&id);
        self.0.store.forget(id);
        let driver = self.clone();
        spawn_local(async move {
            // Whoever waits for the lock looks at the checkpoint next.
            driver.0.store.flush().await;
            driver.0.locks.release(id);
        });
    }

    pub(super) fn file(&self, id: LocalId) -> Option<File> {
        self.0.files.borrow().get(&id).cloned()
    }

    pub(super) fn saved(&self, event: StoreEvent) {
        match event {
            StoreEvent::Saved { id, save } => self.feed_later(Input::Saved { id, save }),
            StoreEvent::Failed { id, save, full } => {
                self.notice(match (self.0.store.works(), full) {
                    (false, _) => lack::checkpoint(),
                    (true, true) => lack::disk_full(),
                    (true, false) => lack::save_failed(),
                });
                self.feed(Input::SaveFailed { id, save });
            }
        }
    }

    pub(super) fn hashed(&self, event: HashEvent) {
        let Some(event) = self.take_proof(event) else { return };
        match event {
            HashEvent::Progress { key, bytes } => {
                let (id, part, attempt) = parts_of(key);
                self.feed(Input::Preparing { id, part, attempt, bytes });
            }
            HashEvent::Done { key, digest } => {
                let (id, part, attempt) = parts_of(key);
                self.feed(Input::Prepared { id, part, attempt, digest });
            }
            HashEvent::Failed { key, fault } => {
                let (id, part, attempt) = parts_of(key);
                self.feed(Input::PrepareFailed { id, part, attempt, fault });
            }
            HashEvent::WorkerLost => self.notice(lack::worker()),
        }
    }
}

pub(super) fn key(id: LocalId, part: PartNumber, attempt: Attempt) -> JobKey {
    JobKey { id: id.0, part: part.get(), attempt: attempt.0 }
}

fn parts_of(key: JobKey) -> (LocalId, PartNumber, Attempt) {
    let part = PartNumber::new(key.part).expect("the pool gives back the keys it was given");
    (LocalId(key.id), part, Attempt(key.attempt))
}
