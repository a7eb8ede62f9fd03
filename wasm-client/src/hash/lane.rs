//! One part on its way through a hasher.

use std::collections::VecDeque;

use js_sys::Uint8Array;
use multi_md5::Md5;
use web_sys::Blob;

use super::reader::Reader;

/// Chunks of a part that may be in memory at once: one to read into while the other is hashed.
const CHUNKS: usize = 2;
/// Without a byte stream a read costs so much that larger ones pay: so many chunks at once.
const CHUNKS_OF_A_SLICE: u32 = 4;

/// A part to hash.
#[derive(Debug)]
pub(super) struct Job {
    /// The number that its answers carry.
    pub(super) number: u32,
    /// The file, of which the part is `len` bytes from `start` on.
    pub(super) file: Blob,
    pub(super) start: u64,
    pub(super) len: u64,
}

/// A part that is read and hashed.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) number: u32,
    pub(super) md5: Md5,
    /// Whether its chunks' memory can be read into again.
    pub(super) reuses_buffers: bool,
    /// None while it reads.
    pub(super) reader: Option<Reader>,
    /// Bytes neither read nor being read.
    pub(super) unread: u64,
    /// Read and not hashed, oldest first.
    pub(super) ready: VecDeque<Uint8Array>,
    /// Bytes that are still to be hashed.
    pub(super) unhashed: u64,
    len: u64,
    /// When progress was told last, in milliseconds.
    pub(super) told_ms: f64,
}

impl Lane {
    pub(super) fn begin(job: Job, now_ms: f64) -> Self {
        let reader = Reader::open(job.file, job.start, job.len);
        Self {
            number: job.number,
            md5: Md5::new(),
            reuses_buffers: reader.reuses_buffers(),
            reader: Some(reader),
            unread: job.len,
            ready: VecDeque::with_capacity(CHUNKS),
            unhashed: job.len,
            len: job.len,
            told_ms: now_ms,
        }
    }

    /// Takes the reader, with how many bytes it is to read, if there is something to read and room for it.
    pub(super) fn next_read(&mut self, chunk_bytes: u32) -> Option<(Reader, u32)> {
        if self.unread == 0 || self.ready.len() == CHUNKS {
            return None;
        }
        let reader = self.reader.take()?;
        let most = if self.reuses_buffers { chunk_bytes } else { CHUNKS_OF_A_SLICE * chunk_bytes };
        let want = self.unread.min(most.into());
        self.unread -= want;
        Some((reader, want as u32))
    }

    /// Whether it stands still until something is hashed.
    pub(super) fn waits(&self) -> bool {
        let reads = self.reader.is_none();
        !reads && !self.ready.is_empty() && (self.unread == 0 || self.ready.len() == CHUNKS)
    }

    /// Bytes hashed so far.
    pub(super) fn hashed(&self) -> u64 {
        self.len - self.unhashed
    }
}
