//! Unfinished uploads that a picked file may belong to, on this device or in the room.

use slipway_protocol::wire::id::{RoomId, UploadId};
use wasm_bindgen_futures::spawn_local;

use super::Client;
use crate::ClientError;
use crate::browser::files::{self, Picked};
use crate::shell::changes::Change;
use crate::shell::effects::adopt::AdoptFault;
use crate::shell::notices::Notice;
use crate::shell::offers::{Held, Offer, Target};

impl Client {
    /// Picked files that an unfinished upload fits by name and size. They wait for [`Self::answer_offers`].
    pub fn offers(&self) -> Vec<Offer> {
        self.offers.shown()
    }

    /// The user's answer for all of them: go on with what is there, or upload them anew.
    pub fn answer_offers(&self, go_on: bool) {
        for held in self.take_offers() {
            match held.target {
                _ if !go_on => self.add_anew(held.offer.room, held.picked),
                Target::Here(id) => self.driver.reattach(id, held.picked),
                Target::InRoom(upload) => self.adopt(upload, held),
            }
        }
    }

    /// The user wants none of it: the files are not added. Tells how many they were.
    pub fn drop_offers(&self) -> usize {
        self.take_offers().len()
    }

    /// Goes on with an upload of the room that was begun elsewhere. The file has to be the same.
    pub fn go_on_with(&self, offer: Offer, upload: UploadId, file: web_sys::File) {
        self.adopt(upload, Held { offer, target: Target::InRoom(upload), picked: files::from_input(file) });
    }

    /// Cancels an upload that was begun elsewhere: one's own, or anybody's for who manages the room.
    ///
    /// # Errors
    /// As all calls.
    pub async fn cancel_elsewhere(&self, room: RoomId, upload: UploadId) -> Result<(), ClientError> {
        Ok(self.rooms().abort(room, upload).await?)
    }

    fn take_offers(&self) -> Vec<Held> {
        self.changes.notify(Change::Offers);
        self.offers.take()
    }

    /// Holds back what the user has to be asked about.
    pub(super) fn hold(&self, room: RoomId, picked: Vec<Picked>) -> Vec<Picked> {
        let count = picked.len();
        let rest = self.offers.hold(room, picked, &self.driver.views(), &self.rooms().open_uploads(room));
        if rest.len() < count {
            self.changes.notify(Change::Offers);
        }
        rest
    }

    fn adopt(&self, upload: UploadId, held: Held) {
        let client = self.clone();
        spawn_local(async move {
            let Held { offer, picked, .. } = held;
            match client.driver.adopt(offer.room, upload, &picked).await {
                Ok(()) => {}
                Err(AdoptFault::NotTheFile) => {
                    client.driver.show_notice(Notice::DifferentFile { name: offer.name });
                    client.add_anew(offer.room, picked);
                }
                Err(AdoptFault::Gone) => {
                    client.driver.show_notice(Notice::UploadEnded { name: offer.name });
                    client.add_anew(offer.room, picked);
                }
                Err(AdoptFault::Failed(cause)) => {
                    client.driver.show_notice(Notice::NotAdopted { name: offer.name, cause });
                }
            }
        });
    }

    fn add_anew(&self, room: RoomId, picked: Picked) {
        let driver = self.driver.clone();
        spawn_local(async move { driver.add(room, vec![picked]).await });
    }
}
