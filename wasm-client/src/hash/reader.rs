//! Reading a part in chunks of one size.
//!
//! A byte stream that fills the caller's buffers takes half the CPU and half the time of `arrayBuffer()`, since it reuses
//! memory. Only the slice of one part is streamed: Safari fails on streams of more than 4 GB.
//! Source: WHATWG Streams, "ReadableStreamBYOBReader".

use js_sys::{ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use slipway_protocol::machine::ReadFault;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;

use crate::browser::files::{probe, read_fault, slice};

/// Below this, setting up a stream costs more than it saves. In bytes.
const MIN_STREAM_BYTES: u64 = 256 << 10;

thread_local! {
    /// Tested with an empty Blob. WebKit has only default streams, which read the whole Blob ahead.
    static HAS_BYTE_STREAMS: bool = Blob::new().and_then(|empty| byte_stream(&empty)).is_ok();
}

/// One part, read from its first to its last byte.
#[derive(Debug)]
pub(super) struct Reader {
    file: Blob,
    start: u64,
    len: u64,
    /// Read so far, in bytes.
    at: u64,
    /// None for small parts, and in browsers without byte streams.
    stream: Option<ByobReader>,
}

impl Reader {
    /// Opens the part of `len` bytes at `start`.
    pub(super) fn open(file: Blob, start: u64, len: u64) -> Self {
        let mut reader = Self { file, start, len, at: 0, stream: None };
        if len > MIN_STREAM_BYTES && HAS_BYTE_STREAMS.with(|has| *has) {
            reader.stream = reader.slice(len).and_then(|part| byte_stream(&part)).ok();
        }
        reader
    }

    /// Reads exactly `want` bytes. If [`Reader::reuses_buffers`], they are read into `buffer`, which must have that length;
    /// it is the buffer of the returned array, and lost on an error.
    ///
    /// # Errors
    /// Why the file can't be read. A file that ends early has changed.
    pub(super) async fn read(&mut self, want: u32, buffer: Option<ArrayBuffer>) -> Result<Uint8Array, ReadFault> {
        let read = match (&self.stream, buffer) {
            (Some(stream), Some(buffer)) => fill(stream, want, buffer).await,
            _ => self.array_buffer(want).await,
        };
        match read {
            Ok(bytes) if bytes.length() == want => {
                self.at += u64::from(want);
                Ok(bytes)
            }
            Ok(_) => Err(self.explain(ReadFault::Changed, ReadFault::Changed).await),
            Err(error) => Err(self.explain(read_fault(&error), ReadFault::Io).await),
        }
    }

    /// Whether chunks are read into buffers that can be used again.
    pub(super) fn reuses_buffers(&self) -> bool {
        self.stream.is_some()
    }

    /// The cause of a failed read. Many stream errors only say that the stream ended, so one more byte is read.
    async fn explain(&self, fault: ReadFault, if_readable: ReadFault) -> ReadFault {
        if matches!(fault, ReadFault::Gone | ReadFault::Permission) {
            return fault;
        }
        match self.slice(self.len - self.at) {
            Ok(rest) => probe(&rest).await.err().unwrap_or(if_readable),
            Err(_) => fault,
        }
    }

    async fn array_buffer(&self, want: u32) -> Result<Uint8Array, JsValue> {
        let slice = self.slice(want.into())?;
        Ok(Uint8Array::new(&JsFuture::from(slice.array_buffer()).await?))
    }

    /// The next `len` bytes as a Blob. Making one costs the browser a millisecond, so none is made ahead.
    fn slice(&self, len: u64) -> Result<Blob, JsValue> {
        slice(&self.file, self.start + self.at, len)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            // Frees what was read ahead. If that fails, nothing was.
            if let Ok(done) = stream.cancel() {
                spawn_local(async { drop(JsFuture::from(done).await) });
            }
        }
    }
}

fn byte_stream(part: &Blob) -> Result<ByobReader, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"byob".into())?;
    part.unchecked_ref::<Streaming>().stream()?.get_reader(&options)
}

/// Reads until there are `want` bytes or the stream ends. Browsers without the option `min` return fewer bytes per read.
async fn fill(stream: &ByobReader, want: u32, mut buffer: ArrayBuffer) -> Result<Uint8Array, JsValue> {
    let mut filled = 0;
    while filled < want {
        let free = Uint8Array::new_with_byte_offset_and_length(&buffer, filled, want - filled);
        let options = Object::new();
        Reflect::set(&options, &"min".into(), &(want - filled).into())?;
        let result: ReadResult = JsFuture::from(stream.read(&free, &options)?).await?.unchecked_into();
        // A stream that was cancelled gives no view (WHATWG Streams, `ReadableStreamBYOBReader.read`).
        let Some(view) = result.value() else { return Ok(Uint8Array::new_with_length(0)) };
        // The read detached the buffer, and moved its memory into this one.
        buffer = view.buffer();
        filled += view.length();
        if result.done() {
            break;
        }
    }
    Ok(Uint8Array::new_with_byte_offset_and_length(&buffer, 0, filled))
}

/// Frees a buffer's memory at once: garbage collectors keep hundreds of megabytes of chunks first. Browsers without
/// `transfer()` leave it to the collector.
pub(super) fn free(buffer: &ArrayBuffer) {
    drop(buffer.unchecked_ref::<Transferable>().transfer(0));
}

#[wasm_bindgen]
extern "C" {
    /// An `ArrayBuffer` that may have `transfer()`.
    type Transferable;
    #[wasm_bindgen(method, catch)]
    fn transfer(this: &Transferable, len: u32) -> Result<ArrayBuffer, JsValue>;

    /// A `Blob` that may have `stream()`.
    #[derive(Debug)]
    type Streaming;
    #[wasm_bindgen(method, catch)]
    fn stream(this: &Streaming) -> Result<ByteStream, JsValue>;

    #[derive(Debug)]
    type ByteStream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &ByteStream, options: &Object) -> Result<ByobReader, JsValue>;

    #[derive(Debug)]
    type ByobReader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &ByobReader, view: &Uint8Array, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &ByobReader) -> Result<Promise, JsValue>;

    type ReadResult;
    #[wasm_bindgen(method, getter)]
    fn done(this: &ReadResult) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &ReadResult) -> Option<Uint8Array>;
}

#[cfg(test)]
mod tests {
    use js_sys::Array;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    /// Reads `len` bytes, `step` at a time.
    async fn read_all(mut reader: Reader, step: u32, len: u32) -> Result<Vec<u8>, ReadFault> {
        let mut all = Vec::new();
        for from in (0..len).step_by(step as usize) {
            let want = step.min(len - from);
            all.extend(reader.read(want, Some(ArrayBuffer::new(step))).await?.to_vec());
        }
        Ok(all)
    }

    #[wasm_bindgen_test]
    async fn with_and_without_byte_streams_the_bytes_are_the_same() {
        let bytes: Vec<u8> = (0..1_500_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(&bytes[..]))).unwrap();
        let streamed = Reader::open(blob.clone(), 0, bytes.len() as u64);
        assert!(streamed.reuses_buffers(), "this browser has byte streams");
        let sliced = Reader { file: blob, start: 0, len: 1_500_000, at: 0, stream: None };
        assert_eq!(read_all(streamed, 400_000, 1_500_000).await, Ok(bytes.clone()));
        assert_eq!(read_all(sliced, 400_000, 1_500_000).await, Ok(bytes));
    }

    #[wasm_bindgen_test]
    async fn more_than_there_is_cannot_be_read() {
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::new_with_length(600_000))).unwrap();
        for stream in [None, byte_stream(&blob).ok()] {
            let reader = Reader { file: blob.clone(), start: 0, len: 600_001, at: 0, stream };
            assert_eq!(read_all(reader, 500_000, 600_001).await, Err(ReadFault::Changed));
        }
    }
}
