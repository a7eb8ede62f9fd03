//! Leaving a room: cancels its unfinished uploads, and waits for the functions to confirm while the token still exists.

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::machine::{Input, LocalId, Reason, View, Which};
use slipway_protocol::wire::id::RoomId;

use super::driver::Driver;
use crate::ClientError;

/// Longest wait for the functions, in milliseconds.
const CLEAR_TIMEOUT_MS: u32 = 10_000;
/// Interval between two checks, in milliseconds.
const POLL_MS: u32 = 50;

impl Driver {
    /// Cancels all unfinished uploads of a room and takes its rows off the list.
    ///
    /// # Errors
    /// Another tab works on some: nothing is cancelled. Or the functions did not confirm in time: the uploads are cancelled on
    /// this device, and another call waits for the rest.
    pub(crate) async fn cancel_room(&self, room: RoomId) -> Result<(), ClientError> {
        let rows: Vec<View> = self.views().into_iter().filter(|view| view.room == room).collect();
        let open: Vec<&View> = rows.iter().filter(|view| !view.stage.is_over()).collect();
        let elsewhere = open.iter().filter(|view| view.reason == Some(Reason::OtherTab)).count();
        // Before anything is cancelled: the records of those are the other tab's.
        if elsewhere > 0 {
            return Err(ClientError::InOtherTab { uploads: elsewhere });
        }
        for view in open {
            self.0.uncleared.borrow_mut().insert(view.id);
            self.feed(Input::Cancel(Which::One(view.id)));
        }
        let left = self.wait_until_cleared(&rows).await;
        if left > 0 {
            return Err(ClientError::NotCleared { uploads: left });
        }
        rows.iter().for_each(|view| self.feed(Input::Dismiss(view.id)));
        Ok(())
    }

    /// Waits until every abort is confirmed or the time is over. Returns the number of those that are not.
    async fn wait_until_cleared(&self, rows: &[View]) -> usize {
        // Not by the stage: a row shows as cancelled at once, long before the functions confirm it.
        let uncleared = |id: &LocalId| self.0.uncleared.borrow().contains(id);
        let mut left = 0;
        for _ in 0..CLEAR_TIMEOUT_MS / POLL_MS {
            left = rows.iter().filter(|view| uncleared(&view.id)).count();
            if left == 0 {
                break;
            }
            TimeoutFuture::new(POLL_MS).await;
        }
        left
    }
}
