//! Before a room is left: what is unfinished in it is cancelled, and the functions are told while the token is there.

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::machine::{Input, LocalId, Reason, View, Which};
use slipway_protocol::wire::id::RoomId;

use super::driver::Driver;
use crate::ClientError;

/// The functions are waited for so long, in milliseconds.
const CLEAR_MS: u32 = 10_000;
/// And looked after so often, in milliseconds.
const POLL_MS: u32 = 50;

impl Driver {
    /// Cancels all unfinished uploads of a room and takes its rows off the list.
    ///
    /// # Errors
    /// Another tab sends some: nothing is cancelled. Or the functions could not be told in time: the uploads are
    /// cancelled here, and calling this again waits for the rest.
    pub(crate) async fn give_up(&self, room: RoomId) -> Result<(), ClientError> {
        let rows: Vec<View> = self.views().into_iter().filter(|view| view.room == room).collect();
        let open: Vec<&View> = rows.iter().filter(|view| !view.stage.is_over()).collect();
        let elsewhere = open.iter().filter(|view| view.reason == Some(Reason::OtherTab)).count();
        if elsewhere > 0 {
            return Err(ClientError::InOtherTab { uploads: elsewhere });
        }
        for view in open {
            self.0.uncleared.borrow_mut().insert(view.id);
            self.feed(Input::Cancel(Which::One(view.id)));
        }
        let left = self.until_cleared(&rows).await;
        if left > 0 {
            return Err(ClientError::NotCleared { uploads: left });
        }
        rows.iter().for_each(|view| self.feed(Input::Dismiss(view.id)));
        Ok(())
    }

    /// How many are still uncleared when all is told, or the time is over.
    async fn until_cleared(&self, rows: &[View]) -> usize {
        let uncleared = |id: &LocalId| self.0.uncleared.borrow().contains(id);
        let mut left = 0;
        for _ in 0..CLEAR_MS / POLL_MS {
            left = rows.iter().filter(|view| uncleared(&view.id)).count();
            if left == 0 {
                break;
            }
            TimeoutFuture::new(POLL_MS).await;
        }
        left
    }
}
