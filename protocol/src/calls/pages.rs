//! Lists that are answered in pages.

use super::{Call, Fault, GetStatus, ListAudit, ListEvents, ListFiles};
use crate::wire::{AuditPage, EventPage, FilePage, UploadStatus};

/// Bound against a list that never ends. A status of 10,000 parts has about ten pages.
const MAX_PAGES: u32 = 1_000;

/// A call whose answer may be one page of several.
pub trait Paged: Call + Sized {
    /// The call for the next page. `None`: this is the last.
    fn after(&self, page: &Self::Answer) -> Option<Self>;

    /// Prepends the entries of the earlier pages to a later page, whose other fields are newer.
    fn prepend(page: &mut Self::Answer, earlier: Self::Answer);
}

/// Combines all pages of a call: make [`Self::call`] and [`Self::push`] its answer, until that returns the whole list.
#[derive(Debug)]
pub struct Pages<C: Paged> {
    call: C,
    earlier: Option<C::Answer>,
    pages_left: u32,
}

impl<C: Paged> Pages<C> {
    /// Starts with the call for the first page.
    pub fn new(first: C) -> Self {
        Self { call: first, earlier: None, pages_left: MAX_PAGES }
    }

    /// The call to make now.
    pub fn call(&self) -> &C {
        &self.call
    }

    /// Adds the answer to that call. Returns the whole list after the last page.
    ///
    /// # Errors
    /// The list does not end.
    pub fn push(&mut self, mut page: C::Answer) -> Result<Option<C::Answer>, Fault> {
        if let Some(earlier) = self.earlier.take() {
            C::prepend(&mut page, earlier);
        }
        let Some(next) = self.call.after(&page) else { return Ok(Some(page)) };
        // A server that never ends its list must not keep the page busy for ever.
        self.pages_left = self.pages_left.checked_sub(1).ok_or(Fault::Network)?;
        self.call = next;
        self.earlier = Some(page);
        Ok(None)
    }
}

impl Paged for GetStatus {
    fn after(&self, page: &UploadStatus) -> Option<Self> {
        page.next_after.map(|after| Self { after: Some(after), ..*self })
    }

    /// The state may change between two pages: a closed upload has no parts, so the earlier ones are kept.
    fn prepend(page: &mut UploadStatus, earlier: UploadStatus) {
        page.parts.splice(..0, earlier.parts);
    }
}

impl Paged for ListFiles {
    fn after(&self, page: &FilePage) -> Option<Self> {
        page.next_after.clone().map(|after| Self { after: Some(after), ..*self })
    }

    fn prepend(page: &mut FilePage, earlier: FilePage) {
        page.files.splice(..0, earlier.files);
    }
}

impl Paged for ListEvents {
    fn after(&self, page: &EventPage) -> Option<Self> {
        page.next_after.map(|after| Self { after, ..*self })
    }

    fn prepend(page: &mut EventPage, earlier: EventPage) {
        page.events.splice(..0, earlier.events);
    }
}

impl Paged for ListAudit {
    fn after(&self, page: &AuditPage) -> Option<Self> {
        page.next_after.map(|after| Self { after, ..*self })
    }

    fn prepend(page: &mut AuditPage, earlier: AuditPage) {
        page.entries.splice(..0, earlier.entries);
    }
}
