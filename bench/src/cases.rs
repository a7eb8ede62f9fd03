//! What is measured.

use std::time::Duration;

use lab::proxy::Link;
use slipway_protocol::wire::plan::Plan;

use crate::contestant::Contestant;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Files, a link, and who runs.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) file_count: usize,
    pub(crate) file_bytes: u64,
    /// The peers' part size where they are to have ours.
    pub(crate) part_bytes: u64,
    /// The lanes of the peers that have no number of their own.
    pub(crate) lanes: usize,
    /// None: straight to MinIO.
    pub(crate) link: Option<Link>,
    /// Every nth PUT is reset in its middle; 0: none.
    pub(crate) reset_every: u32,
    /// Upload hosts that Slipway may use.
    pub(crate) hosts: usize,
    /// Where calls go.
    pub(crate) calls: Calls,
    pub(crate) contestants: &'static [Contestant],
}

/// How far the servers are that make the URLs, and what else they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    /// On this machine, whatever the link to storage is.
    Near,
    /// Behind a link of the same round trip.
    Far,
    /// The same, and Slipway's parts go that way, too: storage is behind the page's own origin.
    FarWithParts,
    /// The same by TLS and HTTP/2, which end at this end of the link.
    FarWithPartsByHttp2,
}

impl Calls {
    pub(crate) const fn has_parts(self) -> bool {
        matches!(self, Self::FarWithParts | Self::FarWithPartsByHttp2)
    }
}

use Contestant::{Bare, Curl, HashWasm, ReadOnce, Slipway, Uppy5, Uppy5OurParts, Uppy5Server, Uppy6, Uppy6OurParts};

pub(crate) fn all() -> Vec<Case> {
    [near(), far_links(), small_files()].concat()
}

/// What TCP has under way on such a link, where nobody tuned it.
fn far(round_trip: u64) -> Link {
    Link {
        up_each: Some(12 * MIB),
        round_trip: Duration::from_millis(round_trip),
        window: Some(256 << 10),
        ..Link::default()
    }
}

fn near() -> Vec<Case> {
    vec![
        big(
            "loopback",
            "1 GiB on loopback, browser and storage on the same two cores",
            GIB,
            None,
            &[Slipway, Bare, ReadOnce, HashWasm, Uppy5, Uppy5OurParts, Uppy6, Uppy6OurParts, Curl],
        ),
        big(
            "wire-100",
            "1 GiB, the wire capped at 100 MiB/s",
            GIB,
            Some(Link { up_total: Some(100 * MIB), ..Link::default() }),
            &[Slipway, Bare, HashWasm, Uppy5, Uppy6],
        ),
    ]
}

fn far_links() -> Vec<Case> {
    vec![
        big(
            "far-20",
            "384 MiB, 20 ms round trip, a connection carries 12 MiB/s",
            384 * MIB,
            Some(far(20)),
            &[Slipway, Bare, Uppy5, Uppy6],
        ),
        big(
            "far-100",
            "384 MiB, 100 ms round trip, a connection carries 2.5 MiB/s",
            384 * MIB,
            Some(far(100)),
            &[Slipway, Bare, Uppy5, Uppy6],
        ),
        Case {
            hosts: 2,
            ..big(
                "two-hosts",
                "384 MiB, 100 ms round trip, a connection carries 2.5 MiB/s, two upload hosts",
                384 * MIB,
                Some(far(100)),
                &[Slipway, Bare],
            )
        },
        // As the template configures them.
        Case {
            hosts: 3,
            ..big(
                "three-hosts",
                "768 MiB, 100 ms round trip, a connection carries 2.5 MiB/s, three upload hosts",
                768 * MIB,
                Some(far(100)),
                &[Slipway, Bare],
            )
        },
        Case {
            reset_every: 100,
            ..big(
                "resets",
                "2 GiB, the wire capped at 100 MiB/s, one PUT in a hundred reset in its middle",
                2 * GIB,
                Some(Link { up_total: Some(100 * MIB), ..Link::default() }),
                &[Slipway, Uppy5OurParts, Uppy6OurParts],
            )
        },
    ]
}

fn small_files() -> Vec<Case> {
    vec![
        Case {
            file_count: 1000,
            part_bytes: 16 * MIB,
            ..big(
                "small-files",
                "1,000 files of 100 KiB on loopback",
                100 * KIB,
                None,
                &[Slipway, Bare, Uppy5, Uppy5Server, Uppy6],
            )
        },
        Case {
            calls: Calls::Far,
            ..small_far("small-far", "300 files of 100 KiB, 100 ms round trip to storage and to who signs", far(100))
        },
        Case {
            calls: Calls::FarWithParts,
            ..small_far(
                "small-far-own",
                "300 files of 100 KiB, 100 ms round trip, Slipway's storage behind the page's own origin",
                far(100),
            )
        },
        Case {
            calls: Calls::FarWithPartsByHttp2,
            ..small_far("small-far-http2", "300 files of 100 KiB, 100 ms round trip, the same by HTTP/2", far(100))
        },
    ]
}

fn small_far(name: &'static str, title: &'static str, link: Link) -> Case {
    Case {
        file_count: 300,
        part_bytes: 16 * MIB,
        ..big(name, title, 100 * KIB, Some(link), &[Slipway, Bare, Uppy5, Uppy5Server, Uppy6])
    }
}

pub(crate) fn big(
    name: &'static str,
    title: &'static str,
    bytes: u64,
    link: Option<Link>,
    contestants: &'static [Contestant],
) -> Case {
    let part_bytes = Plan::new(bytes, None).map_or(16 * MIB, |plan| plan.part_size);
    let lanes = if link.is_some() { 6 } else { 4 };
    Case {
        name,
        title,
        file_count: 1,
        file_bytes: bytes,
        part_bytes,
        lanes,
        link,
        reset_every: 0,
        hosts: 1,
        calls: Calls::Near,
        contestants,
    }
}
