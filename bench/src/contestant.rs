//! Those who run.

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contestant {
    Slipway,
    /// PUT of slices without any hash: the floor.
    Bare,
    /// The same from memory, into which each part is read first: a way not to read a file twice.
    ReadOnce,
    HashWasm,
    Uppy5,
    Uppy5OurParts,
    /// A server signs each file's URL, as where it is used: the other peers sign in the page.
    Uppy5Server,
    Uppy6,
    Uppy6OurParts,
    Curl,
}

impl Contestant {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Slipway => "Slipway",
            Self::Bare => "bare slice PUT, no hash",
            Self::ReadOnce => "PUT from memory, no hash",
            Self::HashWasm => "slice PUT with hash-wasm",
            Self::Uppy5 => "Uppy 5, defaults",
            Self::Uppy5OurParts => "Uppy 5, our part size",
            Self::Uppy5Server => "Uppy 5, a server signs",
            Self::Uppy6 => "Uppy 6, defaults",
            Self::Uppy6OurParts => "Uppy 6, our part size",
            Self::Curl => "curl, 4 at once",
        }
    }
}
