//! Lists that come in pages.

use super::{Call, Fault, GetStatus, ListAudit, ListEvents, ListFiles};
use crate::wire::{AuditPage, EventPage, FilePage, UploadStatus};

/// A status of 10,000 parts has some ten pages; more than this many is no answer of ours.
const MAX_PAGES: u32 = 1_000;

/// A call whose answer may be one page of several.
pub trait Paged: Call + Sized {
    /// The call for what follows a page; none at the end.
    fn after(&self, page: &Self::Answer) -> Option<Self>;

    /// Puts the entries of the pages before in front of a later page's. Its other fields are the newer ones.
    fn prepend(page: &mut Self::Answer, before: Self::Answer);
}

/// All pages of a call, put together: ask [`Self::call`], [`Self::take`] its answer, until that gives the whole.
#[derive(Debug)]
pub struct Pages<C: Paged> {
    call: C,
    before: Option<C::Answer>,
    left: u32,
}

impl<C: Paged> Pages<C> {
    /// Begins with the page that `first` asks for.
    pub fn of(first: C) -> Self {
        Self { call: first, before: None, left: MAX_PAGES }
    }

    /// The call to make now.
    pub fn call(&self) -> &C {
        &self.call
    }

    /// Takes the answer to that call. Gives the whole, once there is no other page.
    ///
    /// # Errors
    /// The list does not end.
    pub fn take(&mut self, mut page: C::Answer) -> Result<Option<C::Answer>, Fault> {
        if let Some(before) = self.before.take() {
            C::prepend(&mut page, before);
        }
        let Some(next) = self.call.after(&page) else { return Ok(Some(page)) };
        self.left = self.left.checked_sub(1).ok_or(Fault::Network)?;
        self.call = next;
        self.before = Some(page);
        Ok(None)
    }
}

impl Paged for GetStatus {
    fn after(&self, page: &UploadStatus) -> Option<Self> {
        page.next_after.map(|after| Self { after: Some(after), ..*self })
    }

    /// The state may change between two pages: a closed upload shows no parts any more.
    fn prepend(page: &mut UploadStatus, before: UploadStatus) {
        page.parts.splice(..0, before.parts);
    }
}

impl Paged for ListFiles {
    fn after(&self, page: &FilePage) -> Option<Self> {
        page.next_after.clone().map(|after| Self { after: Some(after), ..*self })
    }

    fn prepend(page: &mut FilePage, before: FilePage) {
        page.files.splice(..0, before.files);
    }
}

impl Paged for ListEvents {
    fn after(&self, page: &EventPage) -> Option<Self> {
        page.next_after.map(|after| Self { after, ..*self })
    }

    fn prepend(page: &mut EventPage, before: EventPage) {
        page.events.splice(..0, before.events);
    }
}

impl Paged for ListAudit {
    fn after(&self, page: &AuditPage) -> Option<Self> {
        page.next_after.map(|after| Self { after, ..*self })
    }

    fn prepend(page: &mut AuditPage, before: AuditPage) {
        page.entries.splice(..0, before.entries);
    }
}
