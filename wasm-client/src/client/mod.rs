//! The facade: what the page calls.

mod offers;

use std::future::Future;

use slipway_protocol::calls::{Grant, ListAudit, ListFiles, ListRemovals, RemoveFile, RemoveMember};
use slipway_protocol::machine::network::lanes::{PER_HOST, of_own_host};
use slipway_protocol::machine::{Input, LocalId, Totals, View, Which};
use slipway_protocol::room::SavedRoom;
use slipway_protocol::wire::id::{FileId, MemberId, RoomId};
use slipway_protocol::wire::link::{Role, RoomLink};
use slipway_protocol::wire::{AuditPage, Download, FilePage, RoomView};
use wasm_bindgen_futures::spawn_local;

use crate::ClientError;
use crate::browser::files::{self, Dropped, Found, Picked, Tally};
use crate::browser::store::Store;
use crate::browser::{connections, download, panic, sys};
use crate::shell::api::Api;
use crate::shell::changes::{Change, Changes};
use crate::shell::driver::Driver;
use crate::shell::notices::{Board, Notice};
use crate::shell::offers::Offers;
use crate::shell::rooms::Rooms;

/// Dropped and picked folders are added as they are walked, so many files at a time.
const WALK_AT_ONCE: usize = 256;

/// The page's one way to uploads, rooms and notices. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Client {
    driver: Driver,
    board: Board,
    changes: Changes,
    offers: Offers,
}

impl Client {
    /// Opens what this device keeps and restores unfinished uploads. Never fails: what is missing shows in
    /// [`Self::notices`]. Call it once. From then on a panic of the page's code shows
    /// `panic_sentence`.
    pub async fn start(panic_sentence: &'static str) -> Self {
        panic::install(panic_sentence);
        let store = Store::open("slipway").await;
        let rooms = Rooms::load(Api::of_page(), store.clone()).await;
        let (board, changes) = (Board::default(), Changes::new());
        let driver = Driver::new(rooms, store.clone(), board.clone(), changes.clone());
        let client = Self { driver, board, changes, offers: Offers::default() };
        client.tell_what_lacks(&store);
        client.driver.restore().await;
        client
    }

    /// Calls `f` when something changed: coalesced, at most every 100 ms for each kind, and every second
    /// at the least; uploads less often where drawing them takes long. For the page's whole life.
    pub fn on_change(&self, f: impl Fn(Change) + 'static) {
        self.changes.listen(f);
    }

    /// Makes a room and its links, and joins it to manage.
    ///
    /// # Errors
    /// No answer, or the functions refused.
    pub async fn create_room(&self, room_name: &str, display_name: &str) -> Result<SavedRoom, ClientError> {
        self.rooms().create(room_name, display_name).await
    }

    /// Joins by link. With an earlier session in the room, the same member goes on, and so do its uploads.
    ///
    /// # Errors
    /// No answer, or the link does not work any more.
    pub async fn join(&self, link: &RoomLink, display_name: &str) -> Result<SavedRoom, ClientError> {
        let saved = self.rooms().join(link, display_name).await?;
        self.driver.feed(Input::AccessRestored(link.room));
        Ok(saved)
    }

    /// Rooms that this device has joined, newest first.
    pub fn saved_rooms(&self) -> Vec<SavedRoom> {
        self.rooms().all()
    }

    /// One of them.
    pub fn saved_room(&self, room: RoomId) -> Option<SavedRoom> {
        self.rooms().one(room)
    }

    /// Leaves the room: cancels this device's unfinished uploads in it, waits until nothing of them is left in storage
    /// or in the room's quota, and forgets the room, its token and its links on this device.
    ///
    /// # Errors
    /// Another tab sends to the room, or the functions can't be reached: the room is not forgotten.
    pub async fn leave_room(&self, room: RoomId) -> Result<(), ClientError> {
        self.driver.give_up(room).await?;
        self.rooms().forget(room);
        Ok(())
    }

    /// The room as it is now.
    ///
    /// # Errors
    /// As all calls: no answer, or the functions refused.
    pub async fn room(&self, room: RoomId) -> Result<RoomView, ClientError> {
        let view = self.rooms().room(room).await?;
        let lanes_each = if view.upload_same_origin { of_own_host(&connections::alpn()) } else { PER_HOST };
        self.driver.feed(Input::Hosts { count: view.upload_hosts.max(1), lanes_each });
        if view.role.may_upload() {
            self.driver.expect_files();
        }
        Ok(view)
    }

    /// A page of files; `after` is the page before's `next_after`, or empty.
    ///
    /// # Errors
    /// As all calls.
    pub async fn files_after(&self, room: RoomId, after: &str) -> Result<FilePage, ClientError> {
        let after = (!after.is_empty()).then(|| after.to_owned());
        Ok(self.rooms().call(room, &ListFiles { room, after }).await?)
    }

    /// The files that went away in events with a number above `after`.
    ///
    /// # Errors
    /// As all calls.
    pub async fn removed(&self, room: RoomId, after: u64) -> Result<Vec<FileId>, ClientError> {
        Ok(self.rooms().call(room, &ListRemovals { room, after }).await?.files())
    }

    /// Makes a new link for the role; the old one stops working. Gives the new URL.
    ///
    /// # Errors
    /// As all calls. When no answer came, the room's [`SavedRoom::unsure`] has the role: ask again.
    pub async fn rotate_link(&self, room: RoomId, role: Role) -> Result<String, ClientError> {
        Ok(self.rooms().replace_link(room, role).await?)
    }

    /// Stops the role's link from working.
    ///
    /// # Errors
    /// As all calls.
    pub async fn revoke_link(&self, room: RoomId, role: Role) -> Result<(), ClientError> {
        Ok(self.rooms().end_link(room, role).await?)
    }

    /// Removes a member from the room.
    ///
    /// # Errors
    /// As all calls.
    pub async fn remove_member(&self, room: RoomId, member: MemberId) -> Result<(), ClientError> {
        Ok(self.rooms().call(room, &RemoveMember { room, member }).await.map(drop)?)
    }

    /// A page of the audit log, from behind the number `after`.
    ///
    /// # Errors
    /// As all calls.
    pub async fn audit(&self, room: RoomId, after: u64) -> Result<AuditPage, ClientError> {
        Ok(self.rooms().call(room, &ListAudit { room, after }).await?)
    }

    /// Asks for a grant and hands it to the browser's own download.
    ///
    /// # Errors
    /// As all calls. What storage refuses later shows as a notice.
    pub async fn download(&self, room: RoomId, file: FileId) -> Result<(), ClientError> {
        let grant = self.rooms().call(room, &Grant { file, body: Download { grant_id: None } }).await?;
        let driver = self.driver.clone();
        download::start(&grant.url, move || driver.show_notice(Notice::DownloadRefused))
    }

    /// Removes a file from the room.
    ///
    /// # Errors
    /// As all calls.
    pub async fn remove_file(&self, room: RoomId, file: FileId) -> Result<(), ClientError> {
        Ok(self.rooms().call(room, &RemoveFile { file }).await.map(drop)?)
    }

    /// Uploads what a file or folder input picked.
    #[allow(clippy::needless_pass_by_value, reason = "the page has no further use for it")]
    pub fn add_files(&self, room: RoomId, files: web_sys::FileList) {
        self.add(room, files::from_list(&files));
    }

    /// Uploads what was dropped, folders too. Call it within the drop event, which ends the list's life; what it
    /// gives back may be awaited later.
    #[allow(clippy::needless_pass_by_value, reason = "the page has no further use for it")]
    pub fn add_dropped(&self, room: RoomId, drop: web_sys::DataTransfer) -> impl Future<Output = ()> + use<> {
        let (client, dropped) = (self.clone(), Dropped::take(&drop));
        async move {
            let mut batch = Batch::new(client, room);
            dropped.walk(&mut |found| batch.push(found)).await;
        }
    }

    /// Opens the browser's picker for files and keeps their handles. Needs a click, and [`crate::has_picker`].
    /// `Ok(false)`: the user closed the picker.
    ///
    /// # Errors
    /// The browser has no picker, or did not let it open.
    pub async fn pick_files(&self, room: RoomId) -> Result<bool, ClientError> {
        let mut batch = Batch::new(self.clone(), room);
        files::pick_files(&mut |found| batch.push(found)).await
    }

    /// The same for a folder and all that is in it.
    ///
    /// # Errors
    /// The browser has no picker, or did not let it open.
    pub async fn pick_folder(&self, room: RoomId) -> Result<bool, ClientError> {
        let mut batch = Batch::new(self.clone(), room);
        files::pick_folder(&mut |found| batch.push(found)).await
    }

    /// The uploads of this device whose view changed since the last call, in no order, and all of them at the first
    /// call. `None` instead of a view: the row is gone. Ask at each [`Change::Uploads`].
    pub fn take_changed(&self) -> Vec<(LocalId, Option<View>)> {
        self.driver.take_changed()
    }

    /// One of them.
    pub fn view(&self, id: LocalId) -> Option<View> {
        self.driver.view(id)
    }

    /// All together.
    pub fn totals(&self) -> Totals {
        self.driver.totals()
    }

    /// Stops sending until [`Self::resume`].
    pub fn pause(&self, which: Which) {
        self.driver.feed(Input::Pause(which));
    }

    /// Goes on. Call it within a click: the browser may ask for the permission to read the file.
    pub fn resume(&self, which: Which) {
        self.driver.feed(Input::Resume(which));
    }

    /// Stops for good and leaves nothing in storage.
    pub fn cancel(&self, which: Which) {
        self.driver.feed(Input::Cancel(which));
    }

    /// Tries again what stopped with an error.
    pub fn retry(&self, which: Which) {
        self.driver.feed(Input::Retry(which));
    }

    /// Takes an ended row off the list.
    pub fn dismiss(&self, id: LocalId) {
        self.driver.feed(Input::Dismiss(id));
    }

    /// Takes over from another tab.
    pub fn take_over(&self, id: LocalId) {
        self.driver.take_over(id);
    }

    /// The user picked the file of a restored upload again, with an input.
    pub fn reattach(&self, id: LocalId, file: web_sys::File) {
        self.driver.reattach(id, files::from_input(file));
    }

    /// The same with the browser's picker, which keeps a handle for the next time. Needs a click, and
    /// [`crate::has_picker`]. `Ok(false)`: the user closed the picker.
    ///
    /// # Errors
    /// The browser has no picker, or did not let it open.
    pub async fn pick_again(&self, id: LocalId) -> Result<bool, ClientError> {
        let picked = files::pick_file().await?;
        let chosen = picked.is_some();
        if let Some(picked) = picked {
            self.driver.reattach(id, picked);
        }
        Ok(chosen)
    }

    /// Limits all uploads together to an average rate in bytes per second; `None` lifts it.
    pub fn set_cap(&self, bytes_per_second: Option<u64>) {
        self.driver.feed(Input::Cap(bytes_per_second));
    }

    /// What there is to tell, most important first.
    pub fn notices(&self) -> Vec<Notice> {
        self.board.all()
    }

    /// Takes a notice off the list.
    pub fn dismiss_notice(&self, key: &str) {
        self.driver.hide_notice(key);
    }

    fn rooms(&self) -> &Rooms {
        self.driver.rooms()
    }

    fn add(&self, room: RoomId, picked: Vec<Picked>) {
        let picked = self.hold(room, picked);
        let client = self.clone();
        spawn_local(async move { client.driver.add(room, picked).await });
    }

    fn tell_what_lacks(&self, store: &Store) {
        if !sys::window().is_secure_context() {
            self.driver.show_notice(Notice::InsecureContext);
        } else if !self.driver.has_locks() {
            self.driver.show_notice(Notice::NoLocks);
        }
        if !store.works() {
            self.driver.show_notice(Notice::NoCheckpoint);
        }
    }
}

/// Files found in folders, handed on a few hundred at a time and at the end of the walk. Then is told what was left out.
struct Batch {
    client: Client,
    room: RoomId,
    files: Vec<Picked>,
    left_out: Tally,
}

impl Batch {
    fn new(client: Client, room: RoomId) -> Self {
        Self { client, room, files: Vec::new(), left_out: Tally::default() }
    }

    fn push(&mut self, found: Found) {
        match found {
            Ok(picked) => self.files.push(picked),
            Err(what) => self.left_out.note(what),
        }
        if self.files.len() >= WALK_AT_ONCE {
            self.client.add(self.room, std::mem::take(&mut self.files));
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.client.add(self.room, std::mem::take(&mut self.files));
        if let Some(notice) = std::mem::take(&mut self.left_out).notice() {
            self.client.driver.show_notice(notice);
        }
    }
}
