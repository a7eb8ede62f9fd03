//! What keeps an upload from being worked on, whatever its phase: the user, a failure, another tab, a closed file.

use crate::machine::Reason;

/// Whether the shell holds the file open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileState {
    Open,
    /// The user has to act first.
    Closed(Reason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    Off,
    On,
    /// It cut off PUTs that may have arrived all the same: the status is fetched on resume.
    OnWithPutsCut,
}

/// What ended the work on it. A cancelled upload does not fail any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    None,
    Failed(Reason),
    Cancelled,
}

#[derive(Debug)]
pub(super) struct Hold {
    pause: Pause,
    halt: Halt,
    file: FileState,
    /// Another tab owns it.
    elsewhere: bool,
    /// Off the list, while something is still owed to the functions.
    hidden: bool,
}

impl Default for Hold {
    fn default() -> Self {
        Self { pause: Pause::Off, halt: Halt::None, file: FileState::Open, elsewhere: false, hidden: false }
    }
}

impl Hold {
    /// As an earlier page left it: the file is closed.
    pub(super) fn restored(file: Reason, paused: bool, cancelled: bool, dismissed: bool) -> Self {
        Self {
            pause: if paused { Pause::On } else { Pause::Off },
            halt: if cancelled { Halt::Cancelled } else { Halt::None },
            file: FileState::Closed(file),
            elsewhere: false,
            hidden: cancelled && dismissed,
        }
    }

    /// Whether nothing keeps it from being worked on.
    pub(super) fn is_clear(&self) -> bool {
        !self.is_paused() && self.halt == Halt::None && !self.elsewhere && self.is_file_open()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.pause != Pause::Off
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.halt == Halt::Cancelled
    }

    /// Why it failed.
    pub(super) fn failure(&self) -> Option<Reason> {
        match self.halt {
            Halt::Failed(reason) => Some(reason),
            Halt::None | Halt::Cancelled => None,
        }
    }

    pub(super) fn has_failed_with(&self, reason: Reason) -> bool {
        self.halt == Halt::Failed(reason)
    }

    pub(super) fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    pub(super) fn file(&self) -> FileState {
        self.file
    }

    pub(super) fn is_file_open(&self) -> bool {
        self.file == FileState::Open
    }

    pub(super) fn pause(&mut self, cuts_puts: bool) {
        self.pause = if cuts_puts { Pause::OnWithPutsCut } else { Pause::On };
    }

    /// Whether PUTs that the pause cut off may have arrived.
    pub(super) fn resume(&mut self) -> bool {
        core::mem::replace(&mut self.pause, Pause::Off) == Pause::OnWithPutsCut
    }

    pub(super) fn fail(&mut self, reason: Reason) {
        self.halt = Halt::Failed(reason);
    }

    pub(super) fn forget_failure(&mut self) {
        if self.halt != Halt::Cancelled {
            self.halt = Halt::None;
        }
    }

    pub(super) fn cancel(&mut self) {
        self.halt = Halt::Cancelled;
    }

    pub(super) fn open_file(&mut self) {
        self.file = FileState::Open;
    }

    pub(super) fn close_file(&mut self, reason: Reason) {
        self.file = FileState::Closed(reason);
    }

    pub(super) fn set_elsewhere(&mut self, elsewhere: bool) {
        self.elsewhere = elsewhere;
    }

    pub(super) fn hide(&mut self) {
        self.hidden = true;
    }
}
