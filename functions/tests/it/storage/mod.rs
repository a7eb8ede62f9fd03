//! What we rely on storage for, held against a real MinIO.

pub(crate) mod bucket;
mod downloads;
mod multipart;
mod part_urls;
mod single;
