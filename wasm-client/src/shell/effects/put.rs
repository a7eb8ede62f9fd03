//! `Put` and `DropPut`: sends a prepared part to storage.

use std::rc::Rc;

use slipway_protocol::machine::network::self_test::Verdict;
use slipway_protocol::machine::network::storage_answer;
use slipway_protocol::machine::{Attempt, Input, LocalId, PutFault, ReadFault};
use slipway_protocol::wire::SignedRequest;
use slipway_protocol::wire::id::PartNumber;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

use crate::browser::put::{Put, PutEvent};
use crate::browser::{files, selftest};
use crate::shell::driver::{Driver, callback_with};
use crate::shell::notices::Notice;

/// Keys of the notices that are removed when storage accepts a part.
const STORAGE_KEYS: [&str; 2] = ["storage-cors", "storage-unreachable"];

impl Driver {
    pub(in crate::shell) fn put(&self, id: LocalId, part: PartNumber, attempt: Attempt, request: &SignedRequest) {
        let failed = |fault| self.feed(Input::PutFailed { id, part, attempt, fault });
        let Some(body) = self.slice_of(id, part) else { return failed(PutFault::Read(ReadFault::Gone)) };
        let url = request.url.clone();
        self.0.puts.host_used(&selftest::origin_of(&url).unwrap_or_default());
        let on_event = callback_with(&Rc::downgrade(&self.0), move |driver, event| {
            driver.put_event(id, part, attempt, &url, event);
        });
        match Put::start(&body, request, on_event) {
            Ok(put) => self.0.puts.insert(id, part, attempt, put),
            // The browser can't send what the functions signed; a retry would fail too.
            Err(_) => failed(PutFault::Http { status: 400, code: None }),
        }
    }

    fn slice_of(&self, id: LocalId, part: PartNumber) -> Option<Blob> {
        let bodies = self.0.bodies.borrow();
        let body = bodies.get(&(id, part))?;
        files::slice(&body.file, body.range.start, body.range.len).ok()
    }

    fn put_event(&self, id: LocalId, part: PartNumber, attempt: Attempt, url: &str, event: PutEvent) {
        match event {
            PutEvent::Sent(bytes) => self.feed(Input::Sent { id, part, attempt, bytes }),
            PutEvent::Stored(etag) => {
                self.drop_put(id, part, attempt);
                self.storage_answered(url, etag.is_some());
                self.feed(Input::Stored { id, part, attempt, etag });
            }
            PutEvent::Failed(fault) => {
                self.drop_put(id, part, attempt);
                if fault == PutFault::Network {
                    self.diagnose_storage(url);
                } else if storage_answer::is_gateway_error(url, &fault) {
                    // On the page's own origin a proxy answers for storage that is away, so no self-test is needed.
                    self.storage_failed(url);
                    self.show_notice(Notice::StorageUnreachable { storage: None });
                }
                self.feed(Input::PutFailed { id, part, attempt, fault });
            }
        }
    }

    pub(in crate::shell) fn drop_put(&self, id: LocalId, part: PartNumber, attempt: Attempt) {
        self.0.puts.remove(id, part, attempt);
    }

    fn storage_answered(&self, url: &str, shows_etag: bool) {
        let origin = selftest::origin_of(url).unwrap_or_default();
        if self.0.puts.host_stored(&origin) {
            STORAGE_KEYS.into_iter().for_each(|key| self.hide_notice(key));
        }
        if !shows_etag {
            self.show_notice(Notice::StorageEtagHidden);
        }
    }

    /// Notes the failure. Returns whether to examine the host.
    fn storage_failed(&self, url: &str) -> bool {
        let origin = selftest::origin_of(url).unwrap_or_default();
        self.0.puts.host_failed(&origin)
    }

    fn diagnose_storage(&self, url: &str) {
        if !self.storage_failed(url) {
            return;
        }
        let (driver, url) = (self.clone(), url.to_owned());
        spawn_local(async move {
            let found = selftest::examine(&url, driver.0.rooms.api()).await;
            let storage = selftest::origin_of(&url).unwrap_or_default();
            let Some(verdict) = driver.0.puts.verdict(&storage, found) else { return };
            let notice = match verdict {
                Verdict::Cors => Notice::StorageCors { storage, page: selftest::own_origin() },
                Verdict::Unreachable => Notice::StorageUnreachable { storage: Some(storage) },
            };
            STORAGE_KEYS.into_iter().filter(|key| *key != notice.key()).for_each(|key| driver.hide_notice(key));
            driver.show_notice(notice);
        });
    }

    pub(in crate::shell) fn file(&self, id: LocalId) -> Option<File> {
        self.0.files.get(id)
    }
}
