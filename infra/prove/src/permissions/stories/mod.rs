//! Stories by function: together they need all that the function is allowed. Ordinary ones first; then those in which
//! storage or another function fails on the way.

mod complete;
mod files;
mod finish;
mod rooms;
mod send;
mod status;
mod sweep;

use anyhow::Result;
use futures::future::BoxFuture;

use super::ground::Ground;

/// A story of one function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Story {
    /// The function's name in the template.
    function: &'static str,
    pub(super) name: &'static str,
    pub(super) run: for<'a> fn(&'a Ground) -> BoxFuture<'a, Result<()>>,
}

macro_rules! stories {
    ($($function:ident { $($name:literal: $run:path,)* })*) => {
        &[$($(Story { function: stringify!($function), name: $name, run: |ground| Box::pin($run(ground)) },)*)*]
    };
}

const ALL: &[Story] = stories! {
    Rooms {
        "a room is made, joined and shown, its links change, and a member is removed": rooms::a_room,
    }
    Initiate {
        "an upload is begun with its first part": send::begun,
        "two calls begin the same upload at once": send::begun_twice,
    }
    Presign {
        "parts are signed": send::signed,
        "a member signs after a long time without a call": send::signed_late,
        "two calls sign parts of an upload that initiate could not begin in S3": send::opened_twice,
    }
    Complete {
        "a file of one part and one of several are completed": complete::both,
        "a file that never arrived is not completed": complete::nothing_there,
        "another object is where the file is to be": complete::another_object,
        "an upload of many parts is handed to finish": complete::handed_over,
    }
    Finish {
        "an abandoned completion is finished": finish::finished,
        "S3 has lost the parts of an abandoned completion": finish::lost,
        "an abandoned completion finds another object": finish::another_object,
        "what it fails at three times goes to its queue": finish::failed,
    }
    Status {
        "the parts of an upload are listed": status::parts,
        "a file of one part is looked for before and after it arrives": status::single,
        "another member adopts an upload": status::adopted,
        "an abandoned completion is handed to finish": status::handed_over,
    }
    Abort {
        "uploads of one part and of several are cancelled": files::cancelled,
    }
    Downloads {
        "a file is downloaded and removed": files::downloaded,
    }
    Sweep {
        "an upload expires": sweep::expired,
        "an abandoned completion is completed": sweep::resumed,
        "S3 has lost the parts of an abandoned completion": sweep::lost,
        "an abandoned completion of many parts is handed to finish": sweep::handed_over,
    }
};

/// Those of a function.
pub(super) fn of(function: &str) -> impl Iterator<Item = &'static Story> {
    ALL.iter().filter(move |story| story.function == function)
}
