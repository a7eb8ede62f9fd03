//! Unfinished uploads that a picked file may belong to, on this device or in the room.

use slipway_protocol::machine::{Input, Offer, OfferAnswer, Which};
use slipway_protocol::wire::id::{RoomId, UploadId};

use super::Client;
use crate::ClientError;
use crate::browser::files;

impl Client {
    /// Picked files that an unfinished upload fits by name and size. They wait for [`Self::answer_offers`].
    pub fn offers(&self) -> Vec<Offer> {
        self.driver.offers()
    }

    /// The user's answer for all of them: go on with what is there, or upload them as new files.
    pub fn answer_offers(&self, go_on: bool) {
        self.answer_all(if go_on { OfferAnswer::Continue } else { OfferAnswer::BeginAgain });
    }

    /// The user wants none of it: the files are not added. Returns how many they were.
    pub fn drop_offers(&self) -> usize {
        let count = self.driver.offers().len();
        self.answer_all(OfferAnswer::Drop);
        count
    }

    /// Goes on with an upload of the room that was begun elsewhere. The file has to be the same.
    pub fn go_on_with(&self, room: RoomId, upload: UploadId, file: web_sys::File) {
        self.driver.adopt(room, upload, files::from_input(file));
    }

    /// Cancels an upload that was begun elsewhere: one's own, or anybody's for who manages the room.
    ///
    /// # Errors
    /// As all calls.
    pub async fn cancel_elsewhere(&self, room: RoomId, upload: UploadId) -> Result<(), ClientError> {
        Ok(self.rooms().abort(room, upload).await?)
    }

    fn answer_all(&self, answer: OfferAnswer) {
        self.driver.feed(Input::AnswerOffer { which: Which::All, answer });
    }
}
