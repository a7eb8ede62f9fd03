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
use crate::browser::{alpn, bindings, download, panic};
use crate::shell::api::Api;
use crate::shell::changes::{Change, Changes};
use crate::shell::driver::Driver;
use crate::shell::notices::{Board, Notice};
use crate::shell::rooms::Rooms;

/// Files of a walked folder that are added at once.
const MAX_BATCH: usize = 256;

/// The page's only interface to uploads, rooms and notices. Cheap to clone; all clones share them.
#[derive(Clone, Debug)]
pub struct Client {
    driver: Driver,
    board: Board,
    changes: Changes,
}

impl Client {
    /// Opens the database and restores unfinished uploads. Never fails: [`Self::notices`] reports missing browser features. From
    /// then on a panic of the page's code shows `panic_sentence`. Call it once.
    pub async fn start(panic_sentence: &'static str) -> Self {
        // First, so that a panic while the page starts is shown as well.
        panic::install(panic_sentence);
        let store = Store::open("slipway").await;
        let rooms = Rooms::load(Api::of_page(), store.clone()).await;
        let (board, changes) = (Board::default(), Changes::new());
        let driver = Driver::new(rooms, store.clone(), board.clone(), changes.clone());
        let client = Self { driver, board, changes };
        client.report_missing_features(&store);
        client.driver.restore().await;
        client
    }

    /// Calls `f` after changes, at most every 100 ms per kind. Where drawing uploads is slow, their notifications are less
    /// frequent, but at most a second late. There is no way to unsubscribe.
    pub fn on_change(&self, f: impl Fn(Change) + 'static) {
        self.changes.listen(f);
    }

    /// Creates a room and its links, and joins it as manager.
    ///
    /// # Errors
    /// No answer, or the functions refused.
    pub async fn create_room(&self, room_name: &str, display_name: &str) -> Result<SavedRoom, ClientError> {
        self.rooms().create(room_name, display_name).await
    }

    /// Joins by link. With an earlier session in the room the member stays the same, and its uploads continue.
    ///
    /// # Errors
    /// No answer, or the link no longer works.
    pub async fn join(&self, link: &RoomLink, display_name: &str) -> Result<SavedRoom, ClientError> {
        let saved = self.rooms().join(link, display_name).await?;
        // Uploads that stopped because the old link was replaced go on by themselves.
        self.driver.feed(Input::AccessRestored(link.room));
        Ok(saved)
    }

    /// Rooms that this device has joined, newest first.
    pub fn saved_rooms(&self) -> Vec<SavedRoom> {
        self.rooms().all()
    }

    /// One joined room.
    pub fn saved_room(&self, room: RoomId) -> Option<SavedRoom> {
        self.rooms().get(room)
    }

    /// Leaves the room: cancels this device's unfinished uploads in it, waits until they are removed from storage and from the
    /// room's quota, and removes the room, its token and its links from this device.
    ///
    /// # Errors
    /// Another tab uploads to the room, or the functions can't be reached. The room stays.
    pub async fn leave_room(&self, room: RoomId) -> Result<(), ClientError> {
        // While the token exists: without it the functions would not let this device remove its uploads.
        self.driver.cancel_room(room).await?;
        self.rooms().forget(room);
        Ok(())
    }

    /// The room's current state.
    ///
    /// # Errors
    /// As all calls: no answer, or the functions refused.
    pub async fn room(&self, room: RoomId) -> Result<RoomView, ClientError> {
        let view = self.rooms().room(room).await?;
        let lanes_each = if view.upload_same_origin { of_own_host(&alpn::of_page()) } else { PER_HOST };
        self.driver.feed(Input::OpenUploads { room, uploads: view.uploads.clone() });
        self.driver.feed(Input::Hosts { count: view.upload_hosts.max(1), lanes_each });
        if view.role.may_upload() {
            self.driver.expect_files();
        }
        Ok(view)
    }

    /// A page of files. `after`: the `next_after` of the previous page, or empty.
    ///
    /// # Errors
    /// As all calls.
    pub async fn files_after(&self, room: RoomId, after: &str) -> Result<FilePage, ClientError> {
        let after = (!after.is_empty()).then(|| after.to_owned());
        Ok(self.rooms().call(room, &ListFiles { room, after }).await?)
    }

    /// The files removed by events with a number above `after`.
    ///
    /// # Errors
    /// As all calls.
    pub async fn removed(&self, room: RoomId, after: u64) -> Result<Vec<FileId>, ClientError> {
        Ok(self.rooms().call(room, &ListRemovals { room, after }).await?.files())
    }

    /// Replaces the role's link, and returns the new URL. The old link stops working.
    ///
    /// # Errors
    /// As all calls. If no answer came, the room's [`SavedRoom::unsure`] has the role: call it again.
    pub async fn rotate_link(&self, room: RoomId, role: Role) -> Result<String, ClientError> {
        Ok(self.rooms().replace_link(room, role).await?)
    }

    /// Revokes the role's link.
    ///
    /// # Errors
    /// As all calls.
    pub async fn revoke_link(&self, room: RoomId, role: Role) -> Result<(), ClientError> {
        Ok(self.rooms().revoke_link(room, role).await?)
    }

    /// Removes a member from the room.
    ///
    /// # Errors
    /// As all calls.
    pub async fn remove_member(&self, room: RoomId, member: MemberId) -> Result<(), ClientError> {
        Ok(self.rooms().call(room, &RemoveMember { room, member }).await.map(drop)?)
    }

    /// A page of the audit log: entries with a number above `after`.
    ///
    /// # Errors
    /// As all calls.
    pub async fn audit(&self, room: RoomId, after: u64) -> Result<AuditPage, ClientError> {
        Ok(self.rooms().call(room, &ListAudit { room, after }).await?)
    }

    /// Requests a grant, and starts the browser's own download with it.
    ///
    /// # Errors
    /// As all calls. If storage refuses the download later, a notice says so.
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

    /// Uploads the files of a file or folder input.
    #[allow(clippy::needless_pass_by_value, reason = "the page has no further use for it")]
    pub fn add_files(&self, room: RoomId, files: web_sys::FileList) {
        self.add(room, files::from_list(&files));
    }

    /// Uploads dropped files and folders. Call it within the drop event, after which the list is empty. The returned future
    /// may be awaited later.
    #[allow(clippy::needless_pass_by_value, reason = "the page has no further use for it")]
    pub fn add_dropped(&self, room: RoomId, drop: web_sys::DataTransfer) -> impl Future<Output = ()> + use<> {
        let (client, dropped) = (self.clone(), Dropped::from_event(&drop));
        async move {
            let mut batch = Batch::new(client, room);
            dropped.walk(&mut |found| batch.push(found)).await;
        }
    }

    /// Opens the browser's file picker, and keeps the handles. Needs a click, and [`crate::has_picker`].
    /// `Ok(false)`: the user closed the picker.
    ///
    /// # Errors
    /// The browser has no picker, or did not let it open.
    pub async fn pick_files(&self, room: RoomId) -> Result<bool, ClientError> {
        let mut batch = Batch::new(self.clone(), room);
        files::pick_files(&mut |found| batch.push(found)).await
    }

    /// The same for a folder and its contents.
    ///
    /// # Errors
    /// The browser has no picker, or did not let it open.
    pub async fn pick_folder(&self, room: RoomId) -> Result<bool, ClientError> {
        let mut batch = Batch::new(self.clone(), room);
        files::pick_folder(&mut |found| batch.push(found)).await
    }

    /// Uploads of this device whose view changed since the last call, in no order; all of them at the first call. `None`
    /// instead of a view: the row is gone. Call it at each [`Change::Uploads`].
    pub fn take_changed(&self) -> Vec<(LocalId, Option<View>)> {
        self.driver.take_changed()
    }

    /// The view of one upload.
    pub fn view(&self, id: LocalId) -> Option<View> {
        self.driver.view(id)
    }

    /// The totals of all uploads.
    pub fn totals(&self) -> Totals {
        self.driver.totals()
    }

    /// Stops sending until [`Self::resume`].
    pub fn pause(&self, which: Which) {
        self.driver.feed(Input::Pause(which));
    }

    /// Continues. Call it within a click: the browser may ask for permission to read the file.
    pub fn resume(&self, which: Which) {
        self.driver.feed(Input::Resume(which));
    }

    /// Cancels for good, and removes everything from storage.
    pub fn cancel(&self, which: Which) {
        self.driver.feed(Input::Cancel(which));
    }

    /// Retries uploads that stopped with an error.
    pub fn retry(&self, which: Which) {
        self.driver.feed(Input::Retry(which));
    }

    /// Removes an ended row from the list.
    pub fn dismiss(&self, id: LocalId) {
        self.driver.feed(Input::Dismiss(id));
    }

    /// Takes an upload over from another tab.
    pub fn take_over(&self, id: LocalId) {
        self.driver.take_over(id);
    }

    /// Attaches a file from an input to a restored upload.
    pub fn reattach(&self, id: LocalId, file: web_sys::File) {
        self.driver.reattach(id, files::from_input(file));
    }

    /// The same with the browser's picker, whose handle spares the next pick. Needs a click, and
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

    /// Limits the average rate of all uploads together, in bytes per second. `None` removes the limit.
    pub fn set_cap(&self, bytes_per_second: Option<u64>) {
        self.driver.feed(Input::Cap(bytes_per_second));
    }

    /// The notices, most important first.
    pub fn notices(&self) -> Vec<Notice> {
        self.board.all()
    }

    /// Removes a notice from the list.
    pub fn dismiss_notice(&self, key: &str) {
        self.driver.hide_notice(key);
    }

    fn rooms(&self) -> &Rooms {
        self.driver.rooms()
    }

    fn add(&self, room: RoomId, picked: Vec<Picked>) {
        let driver = self.driver.clone();
        spawn_local(async move { driver.add(room, picked).await });
    }

    fn report_missing_features(&self, store: &Store) {
        if !bindings::window().is_secure_context() {
            self.driver.show_notice(Notice::InsecureContext);
        } else if !self.driver.has_locks() {
            self.driver.show_notice(Notice::NoLocks);
        }
        if !store.is_open() {
            self.driver.show_notice(Notice::NoCheckpoint);
        }
    }
}

/// Collects the files of a walk and adds them in batches. At its end, adds the rest and shows what was left out.
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
            Err(left_out) => self.left_out.add(left_out),
        }
        if self.files.len() >= MAX_BATCH {
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
