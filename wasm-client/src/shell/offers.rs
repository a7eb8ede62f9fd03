//! Files that were picked while there is an unfinished upload of that name and size, on this device or in the room:
//! the user is asked whether to go on with it. Nothing is sent before the answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use slipway_protocol::machine::{LocalId, Stage, View};
use slipway_protocol::wire::id::{RoomId, UploadId};
use slipway_protocol::wire::plan::SINGLE_PUT_BYTES;
use slipway_protocol::wire::{Meta, UploadInfo, UploadState};

use crate::browser::files::Picked;

/// An unfinished upload that a picked file may belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The room it goes to.
    pub room: RoomId,
    /// The file's name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// So many bytes of it are stored, as last told.
    pub bytes: u64,
    /// Who began it; none when this device did.
    pub who: Option<String>,
}

/// What the file may go on with.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A row of this device that waits for its file.
    Here(LocalId),
    /// An upload that was begun elsewhere.
    InRoom(UploadId),
}

/// A file that waits for the user's answer.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) offer: Offer,
    pub(crate) target: Target,
    pub(crate) picked: Picked,
}

/// The files that wait. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers(Rc<RefCell<Vec<Held>>>);

impl Offers {
    /// Holds back the files that an unfinished upload fits, each upload for one file, and gives the others back.
    pub(crate) fn hold(&self, room: RoomId, picked: Vec<Picked>, here: &[View], open: &[UploadInfo]) -> Vec<Picked> {
        let mut targets = self.targets(room, here, open);
        if targets.is_empty() {
            return picked;
        }
        let mut held = self.0.borrow_mut();
        let mut rest = Vec::new();
        for picked in picked {
            let key = (picked.file.name(), picked.file.size() as u64);
            let fits = targets.get_mut(&key).and_then(|fitting| {
                let at = fitting.iter().position(|(path, ..)| *path == picked.path || picked.path.is_empty())?;
                Some(fitting.remove(at))
            });
            match fits {
                Some((_, offer, target)) => held.push(Held { offer, target, picked }),
                None => rest.push(picked),
            }
        }
        rest
    }

    /// What the user is asked about now.
    pub(crate) fn shown(&self) -> Vec<Offer> {
        self.0.borrow().iter().map(|held| held.offer.clone()).collect()
    }

    /// Takes all of them, to be done with as the user said.
    pub(crate) fn take(&self) -> Vec<Held> {
        std::mem::take(&mut self.0.borrow_mut())
    }

    fn targets(&self, room: RoomId, here: &[View], open: &[UploadInfo]) -> Targets {
        let held = self.0.borrow();
        let is_held = |id: LocalId| held.iter().any(|held| matches!(held.target, Target::Here(other) if other == id));
        let is_asked =
            |id: UploadId| held.iter().any(|held| matches!(held.target, Target::InRoom(other) if other == id));
        let mut targets = Targets::new();
        for view in here.iter().filter(|view| view.room == room && waits(view) && !is_held(view.id)) {
            let offer = Offer { room, name: view.name.clone(), size: view.size, bytes: view.bytes, who: None };
            let target = (view.path.clone(), offer, Target::Here(view.id));
            targets.entry((view.name.clone(), view.size)).or_default().push(target);
        }
        for upload in open.iter().filter(|upload| can_go_on(upload) && !is_asked(upload.upload_id)) {
            let Meta::Plain(meta) = &upload.meta else { continue };
            if here.iter().any(|view| view.upload == Some(upload.upload_id)) {
                continue;
            }
            let who = upload.display_name.plain().map(str::to_owned);
            let offer = Offer { room, name: meta.name.clone(), size: upload.size, bytes: upload.bytes_uploaded, who };
            let target = (meta.path.clone(), offer, Target::InRoom(upload.upload_id));
            targets.entry((meta.name.clone(), upload.size)).or_default().push(target);
        }
        targets
    }
}

/// By name and size: the path, what is shown, and what it is.
type Targets = HashMap<(String, u64), Vec<(String, Offer, Target)>>;

fn waits(view: &View) -> bool {
    view.stage == Stage::NeedsFile && view.upload.is_some()
}

/// A single PUT has no parts to go on from.
fn can_go_on(upload: &UploadInfo) -> bool {
    upload.state == UploadState::Uploading && upload.size > SINGLE_PUT_BYTES
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::FileMeta;
    use slipway_protocol::wire::id::{FileId, MemberId};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::file;

    const ROOM: RoomId = RoomId::from_bytes([1; 16]);

    fn open(number: u8, path: &str, size: u64) -> UploadInfo {
        UploadInfo {
            upload_id: UploadId::from_bytes([number; 16]),
            file_id: FileId::from_bytes([number; 16]),
            meta: Meta::Plain(FileMeta {
                v: 1,
                name: "a.bin".into(),
                path: path.into(),
                media_type: String::new(),
                last_modified: None,
            }),
            size,
            state: UploadState::Uploading,
            member_id: MemberId::from_bytes([2; 16]),
            display_name: "Ada".into(),
            mine: false,
            bytes_uploaded: 7,
            started_at: 0,
        }
    }

    const LARGE: usize = SINGLE_PUT_BYTES as usize + 1;

    fn picked(name: &str, size: usize, path: &str) -> Picked {
        Picked { file: file(name, &vec![0; size]), handle: None, path: path.into() }
    }

    #[wasm_bindgen_test]
    fn only_a_file_of_that_name_size_and_place_is_held_and_only_once() {
        let offers = Offers::default();
        let all = [open(1, "", LARGE as u64), open(2, "album", LARGE as u64)];
        let hold = |files| offers.hold(ROOM, files, &[], &all).len();
        assert_eq!(hold(vec![picked("b.bin", LARGE, ""), picked("a.bin", 5, ""), picked("a.bin", LARGE, "other")]), 3);
        assert_eq!(hold(vec![picked("a.bin", LARGE, "album")]), 0);
        // The second goes with the other upload, the third with none.
        assert_eq!(hold(vec![picked("a.bin", LARGE, ""), picked("a.bin", LARGE, "")]), 1);
        let targets: Vec<_> = offers.take().into_iter().map(|held| held.target).collect();
        let [Target::InRoom(first), Target::InRoom(second)] = targets[..] else { panic!("{targets:?}") };
        assert_eq!((first, second), (all[1].upload_id, all[0].upload_id));
        assert_eq!(offers.shown(), []);
    }

    #[wasm_bindgen_test]
    fn what_has_no_parts_or_is_over_is_not_offered() {
        let offers = Offers::default();
        let small = open(1, "", 5);
        let over = UploadInfo { state: UploadState::Completing, ..open(2, "", LARGE as u64) };
        let files = vec![picked("a.bin", 5, ""), picked("a.bin", LARGE, "")];
        assert_eq!(offers.hold(ROOM, files, &[], &[small, over]).len(), 2);
    }
}
