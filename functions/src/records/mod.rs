//! The items of the tables: one file for each kind, with its key and its changes. Keys are spelled here only, which
//! `cargo xtask tidy` checks.
//!
//! **Main**
//!
//! | item | key | file |
//! | --- | --- | --- |
//! | room | `ROOM#room` / `META` | `room` |
//! | its quota | `ROOM#room` / `QUOTA` | `quota` |
//! | its sequence numbers | `ROOM#room` / `SEQ` | `sequence` |
//! | its events | `ROOM#room` / `EVENT#number` | `event` |
//! | its open uploads | `ROOM#room` / `UPLOAD#upload` | `listed_upload` |
//! | its files | `ROOM#room` / `FILE#time.file` | `file` |
//! | where a file is listed | `FILE#file` / `META` | `file_pointer` |
//! | the digests of its parts | `FILE#file` / `PLAN#n` | `file_plan` |
//! | upload | `UPLOAD#upload` / `META` | `upload`, its changes `change` |
//! | its promised parts | `UPLOAD#upload` / `PLAN#nnn` | `plan` |
//! | a challenge to adopt it | `UPLOAD#upload` / `ADOPT` | `challenge` |
//! | repeated call | `IDEM#member#key` / `META` | `idempotency` |
//! | download | `GRANT#grant` / `META` | `grant` |
//! | last use of a token | `SEEN#hash` / `META` | `seen` |
//! | counter of a rate limit | `LIMIT#kind#whom#window` / `COUNT` | `limit` |
//! | due item of the sweep | `DUE#hour#shard` / `UPLOAD#upload`, `UPLOADED#file` | `due` |
//! | cursor of the sweep | `SWEEP` / `CURSOR` | `cursor` |
//! | lease of the sweep | `SWEEP` / `LEASE` | `sweep_lease` |
//!
//! **Access**
//!
//! | item | key | file |
//! | --- | --- | --- |
//! | link | `ROOM#room` / `LINK#role` | `link` |
//! | member | `ROOM#room` / `MEMBER#member` | `member` |
//! | token | `TOKEN#hash` / `META` | `token` |
//!
//! **Audit**
//!
//! | item | key | file |
//! | --- | --- | --- |
//! | audit entries | `ROOM#room` / `AUDIT#number` | `audit` |
//!
//! Every item has its format's version in `v`: see [`crate::table::VERSION`].

pub mod audit;
pub mod challenge;
pub mod change;
pub mod cursor;
pub mod due;
pub mod event;
pub mod file;
pub mod file_plan;
pub mod file_pointer;
pub mod grant;
pub mod idempotency;
pub mod limit;
pub mod link;
pub mod listed_upload;
pub mod member;
pub mod plan;
pub mod quota;
pub mod room;
pub mod seen;
pub mod sequence;
pub mod standing;
pub mod sweep_lease;
pub mod token;
pub mod upload;
