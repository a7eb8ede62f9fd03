//! A running MD5, and many of them fed at once.

use crate::rounds::{BLOCK, Block, INIT, State};
use crate::scalar::compress_one;
use crate::simd::{WIDEST, compress, width};

/// The size of a digest, in bytes.
pub const DIGEST_BYTES: usize = 16;

/// An MD5 digest.
pub type Digest = [u8; DIGEST_BYTES];

/// The digest of some bytes in memory.
///
/// ```
/// assert_eq!(multi_md5::md5(b"abc")[..4], [0x90, 0x01, 0x50, 0x98]);
/// ```
pub fn md5(bytes: &[u8]) -> Digest {
    let mut stream = Md5::new();
    stream.update(bytes);
    stream.finalize()
}

/// The digest of each message, hashed side by side in SIMD lanes.
///
/// ```
/// let digests = multi_md5::md5_many(&["one", "two", "a third and longer one"]);
/// assert_eq!(digests[1], multi_md5::md5(b"two"));
/// ```
pub fn md5_many<const N: usize>(messages: &[impl AsRef<[u8]>; N]) -> [Digest; N] {
    let mut streams: [Md5; N] = std::array::from_fn(|_| Md5::new());
    let mut messages = messages.iter();
    let mut feeds = streams.each_mut().map(|stream| (stream, messages.next().map_or(&[][..], AsRef::as_ref)));
    update_many(&mut feeds);
    streams.map(Md5::finalize)
}

/// Gives each stream its next bytes, as [`Md5::update`] would, but in SIMD lanes: as many streams at once as the CPU
/// takes, for as long as at least two of them have bytes left.
///
/// Streams may have got different numbers of bytes before, and may get chunks of different lengths now, or empty
/// ones. It goes fastest with 8 streams (16 with AVX2), chunks of about the same length, each a multiple of 64 bytes.
/// Nothing is allocated. Each slice is moved on past what was taken: in the end all are empty.
///
/// ```
/// use multi_md5::{Md5, md5, update_many};
///
/// let (mut first, mut second) = (Md5::new(), Md5::new());
/// update_many(&mut [(&mut first, b"some".as_slice()), (&mut second, b"any length".as_slice())]);
/// update_many(&mut [(&mut first, b"thing".as_slice())]);
/// assert_eq!(first.finalize(), md5(b"something"));
/// assert_eq!(second.finalize(), md5(b"any length"));
/// ```
pub fn update_many(feeds: &mut [(&mut Md5, &[u8])]) {
    for (stream, bytes) in feeds.iter_mut() {
        *bytes = stream.fill(bytes);
    }
    let width = width();
    while step(feeds, width) {}
    for (stream, bytes) in feeds.iter_mut() {
        stream.keep(bytes);
        *bytes = &[];
    }
}

/// Takes whole blocks of the streams with the most left, until the first of these has none. False when none had any.
fn step(feeds: &mut [(&mut Md5, &[u8])], width: usize) -> bool {
    let mut chosen = [0; WIDEST];
    let chosen = choose_longest(feeds, &mut chosen[..width]);
    let Some(&shortest) = chosen.last() else { return false };
    let count = feeds[shortest].1.len() / BLOCK;

    let mut states = [INIT; WIDEST];
    let mut blocks: [&[Block]; WIDEST] = [&[]; WIDEST];
    for (lane, &index) in chosen.iter().enumerate() {
        let (stream, bytes) = &mut feeds[index];
        let (taken, rest) = bytes.split_at(count * BLOCK);
        (states[lane], blocks[lane]) = (stream.state, taken.as_chunks().0);
        *bytes = rest;
        stream.len = stream.len.wrapping_add(taken.len() as u64);
    }
    compress(&mut states[..chosen.len()], &blocks[..chosen.len()], count);
    for (state, &index) in states.iter().zip(chosen) {
        feeds[index].0.state = *state;
    }
    true
}

/// The indices of the streams with the most whole blocks left, longest first; none of those without one.
fn choose_longest<'a>(feeds: &[(&mut Md5, &[u8])], into: &'a mut [usize]) -> &'a [usize] {
    let blocks = |index: usize| feeds[index].1.len() / BLOCK;
    let mut found = 0;
    for index in (0..feeds.len()).filter(|&index| blocks(index) > 0) {
        let at = into[..found].partition_point(|&other| blocks(other) >= blocks(index));
        if at < into.len() {
            found = (found + 1).min(into.len());
            into.copy_within(at..found - 1, at + 1);
            into[at] = index;
        }
    }
    &into[..found]
}

/// A running MD5 of one stream.
///
/// ```
/// let mut stream = multi_md5::Md5::new();
/// stream.update(b"ab");
/// stream.update(b"c");
/// assert_eq!(stream.finalize(), multi_md5::md5(b"abc"));
/// ```
#[derive(Clone, Debug)]
pub struct Md5 {
    state: State,
    /// What did not fill a block yet: the first `len % 64` bytes.
    held: Block,
    /// Bytes taken so far.
    len: u64,
}

impl Md5 {
    /// Nothing hashed yet.
    pub const fn new() -> Self {
        Self { state: INIT, held: [0; BLOCK], len: 0 }
    }

    /// Takes the next bytes. For several streams at once, [`update_many`] is several times faster.
    pub fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = self.fill(bytes).as_chunks();
        compress_one(&mut self.state, blocks);
        self.len = self.len.wrapping_add((blocks.len() * BLOCK) as u64);
        self.keep(rest);
    }

    /// Bytes taken so far, modulo 2^64.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether no byte was taken yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The digest of all bytes taken.
    pub fn finalize(mut self) -> Digest {
        let bits = self.len.wrapping_mul(8).to_le_bytes();
        let held = self.held_len();
        let zeros = if held < 56 { 55 - held } else { 119 - held };
        let mut tail = [0; 1 + 63 + 8];
        tail[0] = 0x80;
        tail[1 + zeros..1 + zeros + 8].copy_from_slice(&bits);
        self.update(&tail[..1 + zeros + 8]);
        let mut digest = [0; DIGEST_BYTES];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_le_bytes();
        }
        digest
    }

    /// Tops up a block begun earlier, and returns what is left of the bytes: with whole blocks only if none is begun.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let held = self.held_len();
        if held == 0 {
            return bytes;
        }
        let (taken, rest) = bytes.split_at(bytes.len().min(BLOCK - held));
        self.keep(taken);
        if self.held_len() == 0 && !taken.is_empty() {
            compress_one(&mut self.state, &[self.held]);
        }
        rest
    }

    /// Holds bytes that do not go beyond the end of a block.
    fn keep(&mut self, bytes: &[u8]) {
        let held = self.held_len();
        self.held[held..held + bytes.len()].copy_from_slice(bytes);
        self.len = self.len.wrapping_add(bytes.len() as u64);
    }

    const fn held_len(&self) -> usize {
        (self.len % BLOCK as u64) as usize
    }
}

impl Default for Md5 {
    fn default() -> Self {
        Self::new()
    }
}
