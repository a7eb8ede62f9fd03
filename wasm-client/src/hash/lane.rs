//! One part in a hasher. Each occupies one SIMD lane.

use std::collections::VecDeque;

use js_sys::Uint8Array;
use multi_md5::Md5;
use web_sys::Blob;

use super::reader::Reader;

/// Most chunks of a part in memory: one is read while the other is hashed.
const MAX_CHUNKS: usize = 2;
/// Chunks per read where the browser has no byte streams: each read costs so much there that fewer, larger ones are faster.
const SLICE_CHUNKS: u32 = 4;

/// A part to hash.
#[derive(Debug)]
pub(super) struct Job {
    /// The number that its reports carry.
    pub(super) number: u32,
    /// The file. The part is `len` bytes of it, from `start`.
    pub(super) file: Blob,
    pub(super) start: u64,
    pub(super) len: u64,
}

/// A part that is read and hashed.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) number: u32,
    pub(super) md5: Md5,
    /// Whether its chunks' buffers can be read into again.
    pub(super) reuses_buffers: bool,
    /// `None` while a read is pending.
    pub(super) reader: Option<Reader>,
    /// Bytes that no read has requested yet.
    pub(super) unread: u64,
    /// Chunks to hash, oldest first.
    pub(super) chunks: VecDeque<Uint8Array>,
    /// Bytes that are not hashed yet.
    pub(super) unhashed: u64,
    len: u64,
    /// When progress was last reported, in milliseconds since 1970.
    pub(super) reported_ms: f64,
}

impl Lane {
    pub(super) fn start(job: Job, now_ms: f64) -> Self {
        let reader = Reader::open(job.file, job.start, job.len);
        Self {
            number: job.number,
            md5: Md5::new(),
            reuses_buffers: reader.reuses_buffers(),
            reader: Some(reader),
            unread: job.len,
            chunks: VecDeque::with_capacity(MAX_CHUNKS),
            unhashed: job.len,
            len: job.len,
            reported_ms: now_ms,
        }
    }

    /// Takes the reader and the number of bytes to read. `None`: a read is pending, all is read, or the chunks are full.
    pub(super) fn next_read(&mut self, chunk_bytes: u32) -> Option<(Reader, u32)> {
        if self.unread == 0 || self.chunks.len() == MAX_CHUNKS {
            return None;
        }
        let reader = self.reader.take()?;
        let max = if self.reuses_buffers { chunk_bytes } else { SLICE_CHUNKS * chunk_bytes };
        let want = self.unread.min(max.into());
        self.unread -= want;
        Some((reader, want as u32))
    }

    /// Whether nothing more can be read until a chunk is hashed.
    pub(super) fn is_blocked(&self) -> bool {
        let is_reading = self.reader.is_none();
        !is_reading && !self.chunks.is_empty() && (self.unread == 0 || self.chunks.len() == MAX_CHUNKS)
    }

    /// Bytes hashed so far.
    pub(super) fn hashed(&self) -> u64 {
        self.len - self.unhashed
    }
}
