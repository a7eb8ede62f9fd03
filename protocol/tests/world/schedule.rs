//! What happens in one run: drawn by proptest, shrunk by it, and repeated by its seed.

use proptest::prelude::*;
use slipway_protocol::machine::Config;
use slipway_protocol::machine::network::lanes::{MOST, PER_HOST, PER_OWN_HOST};

use slipway_protocol::wire::plan::{DigestAlgorithm, PartOrder, Planner, Segment};

use super::elsewhere::Elsewhere;

const MIB: u64 = 1 << 20;
const SIZES: [u64; 9] = [0, 1, 5 * MIB, 16 * MIB, 16 * MIB + 1, 33 * MIB, 100 * MIB, 150 * MIB + 7, 400 * MIB];

#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// Of all that is drawn while the run goes on.
    pub(crate) seed: u64,
    /// Size in bytes, and whether the shell keeps a handle.
    pub(crate) files: Vec<(u64, bool)>,
    pub(crate) faults: Faults,
    pub(crate) hosts: u8,
    /// One of several hosts that nothing ever comes through to, in one of four runs.
    pub(crate) dead: Option<u8>,
    /// PUTs that one host takes at once.
    pub(crate) lanes_each: u8,
    /// Records that reach the disk together are reported together.
    pub(crate) saved_together: bool,
    /// How files are cut and sent.
    pub(crate) planner: Planner,
    /// Uploads that other devices began, in one of three runs.
    pub(crate) elsewhere: Option<Elsewhere>,
    /// Milliseconds after the start, and what happens then.
    pub(crate) acts: Vec<(u64, Act)>,
}

impl Schedule {
    pub(crate) fn config(&self) -> Config {
        Config { planner: self.planner, ..Config::default() }
    }
}

/// Chances in a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// A PUT is cut.
    pub(crate) cut: u64,
    /// A PUT's bytes change on the wire.
    pub(crate) corrupt: u64,
    /// A PUT gets no answer, though its bytes may have arrived.
    pub(crate) stall: u64,
    /// 500, 503 or SlowDown, from storage or the functions.
    pub(crate) refuse: u64,
    /// A call's answer is lost: on the way there or back.
    pub(crate) lose: u64,
    /// An answer comes twice, or after it was given up.
    pub(crate) repeat: u64,
    /// The disk refuses a record, or is silent.
    pub(crate) disk: u64,
    /// Reading fails for a while.
    pub(crate) read: u64,
    /// The browser does not notice that a file changed, and reads its new bytes.
    pub(crate) silent_changes: bool,
    /// CORS hides the ETag in this run.
    pub(crate) hidden_etag: bool,
    /// Longest delay of a message, in milliseconds.
    pub(crate) delay: u64,
    /// Complete is answered with 202.
    pub(crate) slow_complete: bool,
    /// One lane's rate, in bytes per second.
    pub(crate) lane_rate: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// The page dies and comes back; only saved records survive.
    Kill,
    Pause(usize),
    Resume(usize),
    ResumeAll,
    PauseAll,
    Cancel(usize),
    Retry(usize),
    Dismiss(usize),
    /// Picks the file of a restored upload.
    Pick(usize),
    /// Picks a file of another size.
    PickWrong(usize),
    Cap(Option<u64>),
    /// Seconds without any packet; the browser says so, or does not.
    Outage(u64, bool),
    /// The browser says offline although all works.
    FalseOffline,
    /// Seconds of sleep of the device.
    Sleep(u64),
    /// The file's bytes change from an offset on, its size stays.
    Change(usize, u64),
    Gone(usize),
    Expire(usize),
    AbortElsewhere(usize),
    OtherTab(usize, u64),
}

pub(crate) fn any_schedule() -> impl Strategy<Value = Schedule> {
    let few = proptest::collection::vec((proptest::sample::select(&SIZES[..]), any::<bool>()), 1..5);
    // More than one batch of small files, with a large one among them.
    let many = proptest::collection::vec((proptest::sample::select(&SIZES[..3]), any::<bool>()), 21..45);
    let many = many.prop_map(|mut files| {
        files[0].0 = 150 * MIB;
        files
    });
    let files = prop_oneof![9 => few, 1 => many];
    let acts = proptest::collection::vec((0_u64..240_000, any_act()), 0..10);
    (any::<u64>(), files, any_faults(), 1_u8..3, acts).prop_map(|(seed, files, mut faults, hosts, mut acts)| {
        // Not drawn, so that the rest of a seed's run stays as it was.
        faults.silent_changes = seed % 2 == 0;
        let lanes_each = [PER_HOST, PER_OWN_HOST, MOST][(seed / 2 % 3) as usize];
        acts.sort_by_key(|(at, _)| *at);
        let planner = made_up(seed);
        if planner.digest == DigestAlgorithm::None {
            // Nothing notices other bytes then; whoever wraps them has to.
            (faults.corrupt, faults.silent_changes) = (0, false);
            acts.retain(|(_, act)| !matches!(act, Act::Change(..)));
        }
        let elsewhere = (seed % 3 == 0).then(|| Elsewhere::draw(seed, files.len()));
        let dead = (seed % 4 == 1).then_some((seed / 4 % 3) as u8);
        let hosts = if dead.is_some() { 3 } else { hosts };
        Schedule {
            seed,
            files,
            faults,
            hosts,
            dead,
            lanes_each,
            saved_together: seed % 7 < 5,
            planner,
            elsewhere,
            acts,
        }
    })
}

/// In one of five runs a transport that is made up: segments of 4 KiB that carry 4,064 bytes, one part after another,
/// and no MD5. Not where others began uploads, since those are proved by MD5s.
fn made_up(seed: u64) -> Planner {
    let digest = match seed % 15 {
        1 | 7 => DigestAlgorithm::None,
        2 => DigestAlgorithm::Sha256,
        _ => return Planner::S3,
    };
    let segment = Some(Segment { plain: 4064, wire: 4096 });
    Planner { order: PartOrder::Ascending, most_lanes: None, digest, segment }
}

fn any_faults() -> impl Strategy<Value = Faults> {
    let chance = |most: u64| prop_oneof![2 => Just(0_u64), 1 => 0..most];
    let put = (chance(300), chance(100), chance(100), chance(200));
    let call = (chance(200), chance(200), chance(50), chance(100));
    let rest =
        (any::<bool>(), prop_oneof![Just(50_u64), Just(2_000)], any::<bool>(), 500_000_u64..50_000_000, any::<bool>());
    (put, call, rest).prop_map(|((cut, corrupt, stall, refuse), (lose, repeat, disk, read), rest)| Faults {
        cut,
        corrupt,
        stall,
        refuse,
        lose,
        repeat,
        disk,
        read,
        hidden_etag: rest.0,
        delay: rest.1,
        slow_complete: rest.2,
        lane_rate: rest.3,
        silent_changes: false,
    })
}

fn any_act() -> impl Strategy<Value = Act> {
    let file = 0_usize..4;
    prop_oneof![
        3 => Just(Act::Kill),
        1 => file.clone().prop_map(Act::Pause),
        1 => file.clone().prop_map(Act::Resume),
        2 => Just(Act::ResumeAll),
        1 => Just(Act::PauseAll),
        1 => file.clone().prop_map(Act::Cancel),
        1 => file.clone().prop_map(Act::Retry),
        1 => file.clone().prop_map(Act::Dismiss),
        2 => file.clone().prop_map(Act::Pick),
        1 => file.clone().prop_map(Act::PickWrong),
        1 => proptest::option::of(100_000_u64..10_000_000).prop_map(Act::Cap),
        1 => (1_u64..600, any::<bool>()).prop_map(|(seconds, said)| Act::Outage(seconds, said)),
        1 => Just(Act::FalseOffline),
        1 => (1_u64..3_000).prop_map(Act::Sleep),
        1 => (file.clone(), 0_u64..200 * MIB).prop_map(|(file, from)| Act::Change(file, from)),
        1 => file.clone().prop_map(Act::Gone),
        1 => file.clone().prop_map(Act::Expire),
        1 => file.clone().prop_map(Act::AbortElsewhere),
        1 => (file, 1_u64..60).prop_map(|(file, seconds)| Act::OtherTab(file, seconds)),
    ]
}
