//! Offers to continue an unfinished upload, of this device or of the room, with a picked file.

use slipway_protocol::machine::{Input, Offer, OfferAnswer, Which};
use slipway_protocol::wire::id::{RoomId, UploadId};

use super::Client;
use crate::ClientError;
use crate::browser::files;

impl Client {
    /// Picked files that match an unfinished upload by name and size. They wait for [`Self::answer_offers`].
    pub fn offers(&self) -> Vec<Offer> {
        self.driver.offers()
    }

    /// The user's answer for all offers: continue the unfinished uploads, or upload the files as new ones.
    pub fn answer_offers(&self, continues: bool) {
        self.answer_all(if continues { OfferAnswer::Continue } else { OfferAnswer::BeginAgain });
    }

    /// The user declines: the files are not added. Returns their number.
    pub fn drop_offers(&self) -> usize {
        let count = self.driver.offers().len();
        self.answer_all(OfferAnswer::Drop);
        count
    }

    /// Continues an upload of the room that another client started. The file must be the same.
    pub fn continue_upload(&self, room: RoomId, upload: UploadId, file: web_sys::File) {
        self.driver.adopt(room, upload, files::from_input(file));
    }

    /// Cancels an upload that another client started: the member's own, or any for a manager.
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
