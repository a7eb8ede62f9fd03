//! What each input sets off.

use super::batch::Batch;
use super::engine::Engine;
use super::upload::Upload;
use super::{Checkpoint, Input, Reason, View, Which};
use crate::prelude::*;
use crate::wire::id::RoomId;

impl Engine {
    pub(super) fn dispatch(&mut self, input: Input) {
        match input {
            Input::Add { room, files } => self.add(room, files),
            Input::AnswerOffer { which, answer } => self.answer_offer(which, answer),
            Input::Adopt { id, room, source, upload } => self.adopt(id, room, source, upload),
            Input::OpenUploads { room, uploads } => self.offers.list_open(room, uploads),
            Input::Restore { uploads } => self.restore(uploads),
            Input::Reopened { id, source } => self.with(id, |upload, cx| upload.reopened(cx, source)),
            Input::ReopenFailed { id, fault } => self.with(id, |upload, cx| upload.reopen_failed(cx, fault)),
            Input::Pause(which) => self.with_each(which, Upload::pause),
            Input::Resume(which) => self.with_each(which, Upload::resume),
            Input::Cancel(which) => self.with_each(which, Upload::cancel),
            Input::Retry(which) => {
                // The wait that the user ends may be that of a batch.
                self.batches.values_mut().for_each(Batch::reset_backoff);
                self.with_each(which, Upload::retry);
            }
            Input::AccessRestored(room) => self.access_restored(room),
            Input::Dismiss(id) => self.with(id, Upload::dismiss),
            Input::Cap(bytes_per_second) => self.cx.cap.set(self.cx.now, bytes_per_second),
            Input::Tick => {}
            Input::Online => self.restart(false),
            Input::Offline => self.cx.go_offline(),
            Input::Slept => self.restart(true),
            Input::Hosts { count, lanes_each } => {
                self.cx.set_hosts(count, lanes_each);
            }
            Input::Owned(id) => self.with(id, Upload::owned),
            Input::OwnedElsewhere(id) => self.with(id, Upload::owned_elsewhere),
            answer => self.dispatch_answer(answer),
        }
    }

    fn dispatch_answer(&mut self, answer: Input) {
        match answer {
            Input::Preparing { id, part, attempt, bytes } => {
                // Not `with`, which touches the upload: bytes that were read show in no view.
                if let Some(upload) = self.uploads.get_mut(&id) {
                    upload.preparing(&mut self.cx, part, attempt, bytes);
                }
            }
            Input::Prepared { id, part, attempt, digest, len } => {
                self.with(id, |upload, cx| upload.prepared(cx, part, attempt, digest, len));
            }
            Input::PrepareFailed { id, part, attempt, fault } => {
                self.with(id, |upload, cx| upload.prepare_failed(cx, part, attempt, fault));
            }
            Input::Initiated { batch, attempt, answer } => self.initiated(batch, attempt, answer),
            Input::Signed { id, attempt, answer } => self.with(id, |upload, cx| upload.signed(cx, attempt, answer)),
            Input::Sent { id, part, attempt, bytes } => {
                // Touched only if the report is news.
                if let Some(upload) = self.uploads.get_mut(&id) {
                    upload.sent(&mut self.cx, part, attempt, bytes);
                }
            }
            Input::Stored { id, part, attempt, etag } => {
                self.with(id, |upload, cx| upload.stored(cx, part, attempt, etag.as_deref()));
            }
            Input::PutFailed { id, part, attempt, fault } => {
                self.with(id, |upload, cx| upload.put_failed(cx, part, attempt, &fault));
            }
            Input::Status { id, attempt, answer } => {
                self.with(id, |upload, cx| upload.status_fetched(cx, attempt, answer));
            }
            Input::Completed { batch, attempt, answer } => self.completed(batch, attempt, answer),
            Input::Adopted { id, attempt, answer } => self.with(id, |upload, cx| upload.adopted(cx, attempt, answer)),
            Input::Aborted { id, attempt, answer } => self.with(id, |upload, cx| upload.aborted(cx, attempt, answer)),
            Input::Saved { id, save } => self.with(id, |upload, cx| upload.saved(cx, save)),
            Input::SaveFailed { id, save: _ } => self.with(id, Upload::save_failed),
            _ => {}
        }
    }

    fn access_restored(&mut self, room: RoomId) {
        let shut_out = |view: &View| view.room == room && view.reason == Some(Reason::AccessLost) && view.actions.retry;
        for view in self.views().iter().filter(|view| shut_out(view)) {
            self.dispatch(Input::Retry(Which::One(view.id)));
        }
    }

    pub(super) fn list(&mut self, upload: Upload) {
        self.cx.touch(upload.id());
        self.order.insert(upload.place());
        self.uploads.insert(upload.id(), upload);
    }

    fn restore(&mut self, checkpoints: Vec<Checkpoint>) {
        let mut restored = Vec::new();
        for checkpoint in checkpoints {
            let id = checkpoint.head.id;
            // Another tab's upload is listed already; its records tell how far that tab came.
            let was_elsewhere = match self.uploads.get(&id) {
                Some(upload) if upload.is_elsewhere() => true,
                Some(_) => continue,
                None => false,
            };
            let mut upload = Upload::from_checkpoint(&mut self.cx, checkpoint);
            if was_elsewhere {
                if let Some(mut before) = self.uploads.remove(&id) {
                    // `order` holds the row by its old place, and the totals subtract what its old view added.
                    upload.set_number(before.number());
                    upload.set_view(before.take_view());
                }
                self.uploads.insert(id, upload);
            } else {
                self.last_number = self.last_number.max(upload.number());
                self.list(upload);
            }
            restored.push(id);
        }
        self.restore_batches(&restored);
    }

    /// The network is another one: everything under way starts again.
    fn restart(&mut self, slept: bool) {
        self.cx.go_online();
        self.cx.reset_waits();
        for number in self.batches.keys().copied().collect::<Vec<_>>() {
            self.drop_batch_call(number);
        }
        self.batches.values_mut().for_each(Batch::reset_backoff);
        for upload in self.uploads.values_mut().filter(|upload| !upload.is_over()) {
            upload.restart(&mut self.cx, slept);
        }
    }
}
