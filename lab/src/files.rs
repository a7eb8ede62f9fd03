//! Files to upload, made from a seed, and the comparison that every story ends with.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};

const PIECE_BYTES: usize = 1 << 20;

/// A file on disk that can be picked in a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFile {
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
}

impl TestFile {
    /// Writes a file of `size` bytes that no compression and no shift leaves alike.
    pub fn make(folder: &Path, name: &str, size: u64, seed: u64) -> Result<Self> {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut out = BufWriter::with_capacity(PIECE_BYTES, File::create(&path)?);
        // Odd, since xorshift never leaves zero.
        let mut bytes = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut left = size;
        let mut piece = vec![0; PIECE_BYTES];
        while left > 0 {
            let count = left.min(PIECE_BYTES as u64) as usize;
            bytes.fill(&mut piece[..count]);
            out.write_all(&piece[..count])?;
            left -= count as u64;
        }
        out.flush()?;
        Ok(Self { path, size })
    }

    /// Like [`TestFile::make`], but with zeros between random blocks, one at the beginning of every 4 MiB: parts differ, and a
    /// large file takes hardly any time and space.
    pub fn make_sparse(folder: &Path, name: &str, size: u64, seed: u64) -> Result<Self> {
        const EVERY: u64 = 4 << 20;
        const BLOCK: usize = 4096;
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let file = File::create(&path)?;
        file.set_len(size)?;
        let mut bytes = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut block = [0; BLOCK];
        for at in (0..size.saturating_sub(BLOCK as u64)).step_by(EVERY as usize) {
            bytes.fill(&mut block);
            file.write_all_at(&block, at)?;
        }
        Ok(Self { path, size })
    }

    /// As if it was written an hour ago: what was changed just now is read once more at the end, since it may change
    /// again without a browser noticing.
    pub fn at_rest(self) -> Result<Self> {
        self.set_modified(SystemTime::now() - Duration::from_secs(3_600))?;
        Ok(self)
    }

    pub fn modified(&self) -> Result<SystemTime> {
        Ok(std::fs::metadata(&self.path)?.modified()?)
    }

    pub fn set_modified(&self, time: SystemTime) -> Result<()> {
        Ok(File::options().write(true).open(&self.path)?.set_modified(time)?)
    }

    /// Inverts one byte in place.
    pub fn change_byte(&self, at: u64) -> Result<()> {
        let mut open = File::options().read(true).write(true).open(&self.path)?;
        let mut byte = [0];
        open.seek(SeekFrom::Start(at))?;
        open.read_exact(&mut byte)?;
        open.seek(SeekFrom::Start(at))?;
        open.write_all(&[!byte[0]])?;
        Ok(())
    }

    /// The name without folders.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The path in the form WebDriver wants.
    pub fn path_text(&self) -> &str {
        self.path.to_str().unwrap_or_default()
    }

    /// Some of its bytes.
    pub fn read(&self, start: u64, len: u64) -> Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(len)?];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Begins a comparison with a stream of bytes.
    pub fn comparison(&self) -> Result<Comparison> {
        Ok(Comparison { file: File::open(&self.path)?, size: self.size, at: 0, piece: Vec::new() })
    }

    /// Compares with a file on disk, such as a download.
    pub fn assert_same_as(&self, other: &Path) -> Result<()> {
        let mut comparison = self.comparison()?;
        let mut other = File::open(other).with_context(|| format!("no {}", other.display()))?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = other.read(&mut piece)?;
            if count == 0 {
                return comparison.end();
            }
            comparison.next(&piece[..count])?;
        }
    }
}

/// Holds a stream of bytes against a file.
#[derive(Debug)]
pub struct Comparison {
    file: File,
    size: u64,
    at: u64,
    piece: Vec<u8>,
}

impl Comparison {
    /// The next bytes; an error where they differ.
    pub fn next(&mut self, bytes: &[u8]) -> Result<()> {
        let end = self.at + bytes.len() as u64;
        ensure!(end <= self.size, "longer than the file: {end} bytes and more, not {}", self.size);
        self.piece.resize(bytes.len(), 0);
        self.file.read_exact(&mut self.piece)?;
        if self.piece != bytes {
            let differs = self.piece.iter().zip(bytes).position(|(a, b)| a != b).unwrap_or(0);
            anyhow::bail!("differs from the file at byte {}", self.at + differs as u64);
        }
        self.at = end;
        Ok(())
    }

    /// An error where the stream was too short.
    pub fn end(self) -> Result<()> {
        ensure!(self.at == self.size, "shorter than the file: {} bytes, not {}", self.at, self.size);
        Ok(())
    }
}

/// Xorshift64 (Marsaglia 2003): fast, and good enough to make every part differ.
struct Random(u64);

impl Random {
    fn fill(&mut self, bytes: &mut [u8]) {
        for eight in bytes.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            eight.copy_from_slice(&self.0.to_le_bytes()[..eight.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_found_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = TestFile::make(folder.path(), "a/b.bin", 3_000_001, 7).unwrap();
        let copy = folder.path().join("copy");
        std::fs::copy(&file.path, &copy).unwrap();
        file.assert_same_as(&copy).unwrap();

        let mut bytes = std::fs::read(&copy).unwrap();
        bytes[2_000_000] ^= 1;
        std::fs::write(&copy, &bytes).unwrap();
        assert_eq!(file.assert_same_as(&copy).unwrap_err().to_string(), "differs from the file at byte 2000000");
        std::fs::write(&copy, &bytes[..100]).unwrap();
        assert!(file.assert_same_as(&copy).unwrap_err().to_string().starts_with("shorter"));
    }

    #[test]
    fn seeds_make_different_files() {
        let folder = tempfile::tempdir().unwrap();
        let one = TestFile::make(folder.path(), "1", 100, 1).unwrap();
        let two = TestFile::make(folder.path(), "2", 100, 2).unwrap();
        assert!(one.assert_same_as(&two.path).is_err());
    }
}
