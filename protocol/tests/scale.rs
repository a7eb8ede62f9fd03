//! A file of 5 TiB and a queue of 10,000 files through the real machine, in virtual time.
//!
//! `cargo test --release -p slipway-protocol --test scale -- --nocapture` prints what an event costs.

use std::collections::VecDeque;
use std::time::Instant;

use slipway_protocol::machine::*;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::{FileId, PartNumber, RoomId, UploadId};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{SignedRequest, StartedUpload};

const ROOM: RoomId = RoomId::from_bytes([1; 16]);

/// What a run cost.
#[derive(Default)]
struct Cost {
    /// Nanoseconds of each event.
    nanos: Vec<u64>,
    most_effects: usize,
    most_timers: usize,
    puts: usize,
    record_bytes: usize,
    largest_record: usize,
}

impl Cost {
    #[allow(clippy::print_stdout)] // The figures are what it is run for.
    fn say(&mut self, what: &str) {
        self.nanos.sort_unstable();
        let at = |share: usize| self.nanos[(self.nanos.len() - 1) * share / 1000];
        println!(
            "{what}: {} events, median {} ns, 99.9 % {} ns, worst {} ns; at most {} effects an event and {} timers; \
             {} bytes of checkpoint, the largest record {} bytes",
            self.nanos.len(),
            at(500),
            at(999),
            at(1000),
            self.most_effects,
            self.most_timers,
            self.record_bytes,
            self.largest_record,
        );
    }
}

fn digest(part: PartNumber) -> Md5 {
    Md5::of(&part.get().to_be_bytes())
}

fn request(part: PartNumber) -> SignedRequest {
    SignedRequest {
        part_number: part,
        method: "PUT".into(),
        url: String::new(),
        headers: [].into(),
        expires_in_seconds: 900,
    }
}

fn started(entry: &ToInitiate) -> StartedUpload {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&entry.id.0.to_be_bytes());
    StartedUpload {
        upload_id: UploadId::from_bytes(id),
        file_id: FileId::from_bytes(id),
        plan: Plan::new(entry.source.size, entry.rate_hint).unwrap(),
        expires_in_seconds: 1_000_000,
        requests: entry.first_parts.iter().map(|sign| request(sign.part)).collect(),
    }
}

/// The facts that follow an effect when all goes well. PUTs tell progress on the way.
fn answers(effect: Effect) -> Vec<Input> {
    match effect {
        Effect::Save { id, save, .. } => vec![Input::Saved { id, save }],
        Effect::Prepare { id, part, attempt, range, .. } => vec![
            Input::Preparing { id, part, attempt, bytes: range.len / 2 },
            Input::Prepared { id, part, attempt, digest: digest(part).into(), len: range.len },
        ],
        Effect::Initiate { batch, attempt, uploads, .. } => {
            vec![Input::Initiated { batch, attempt, answer: Ok(uploads.iter().map(started).collect()) }]
        }
        Effect::Sign { id, attempt, parts, .. } => {
            vec![Input::Signed { id, attempt, answer: Ok(parts.iter().map(|sign| request(sign.part)).collect()) }]
        }
        Effect::Put { id, part, attempt, len, .. } => (1..=4)
            .map(|quarter| Input::Sent { id, part, attempt, bytes: len * quarter / 4 })
            .chain([Input::Stored { id, part, attempt, etag: None }])
            .collect(),
        Effect::Complete { batch, attempt, uploads, .. } => {
            let done = |(_, upload): &(LocalId, UploadId)| CompleteOutcome::Done {
                file: FileId::from_bytes(*upload.as_bytes()),
            };
            vec![Input::Completed { batch, attempt, answer: Ok(uploads.iter().map(done).collect()) }]
        }
        _ => vec![],
    }
}

/// Adds files and answers every effect, one event after another and 1 ms apart, until all is completed.
fn run(sizes: impl IntoIterator<Item = u64>) -> Cost {
    let file = |(index, size): (usize, u64)| {
        let source = Source {
            name: format!("{index}.bin"),
            path: String::new(),
            media_type: String::new(),
            size,
            last_modified: None,
            reopens: false,
            notices_changes: false,
        };
        (LocalId(index as u64 + 1), source)
    };
    let files: Vec<_> = sizes.into_iter().enumerate().map(file).collect();
    let count = files.len();
    let mut engine = Engine::new(Config::default(), 1);
    let mut cost = Cost::default();
    let mut facts = VecDeque::from([Input::Add { room: ROOM, files }]);
    let mut now = 0;
    while engine.totals().completed < count as u32 {
        let is_add = now == 0;
        now += 1;
        let fact = facts.pop_front().unwrap_or(Input::Tick);
        let began = Instant::now();
        engine.handle(Now { mono: now, wall: 0 }, fact);
        let effects: Vec<Effect> = std::iter::from_fn(|| engine.poll()).collect();
        // Adding is linear in the number of files added; everything else is not.
        if !is_add {
            cost.nanos.push(began.elapsed().as_nanos() as u64);
            cost.most_effects = cost.most_effects.max(effects.len());
        }
        cost.most_timers = cost.most_timers.max(engine.load().timers);
        for effect in effects {
            cost.puts += usize::from(matches!(effect, Effect::Put { .. }));
            if let Effect::Save { record, .. } = &effect {
                let bytes = serde_json::to_string(record).unwrap().len();
                cost.record_bytes += bytes;
                cost.largest_record = cost.largest_record.max(bytes);
            }
            facts.extend(answers(effect));
        }
        assert!(now < 10_000_000, "{} of {count} completed, and no end", engine.totals().completed);
    }
    cost
}

#[test]
fn five_tebibytes_in_ten_thousand_parts_cost_constant_work_an_event() {
    let mut cost = run([5 << 40]);
    cost.say("5 TiB");
    assert_eq!(cost.puts, 9930);
    assert!(cost.most_effects <= 32, "{} effects of one event", cost.most_effects);
    assert!(cost.most_timers <= 64, "{} timers", cost.most_timers);
    assert!(cost.largest_record < 1000 && cost.record_bytes < 9930 * 120 + 3000, "{} bytes", cost.record_bytes);
}

#[test]
fn ten_thousand_files_cost_constant_work_an_event() {
    let mut cost = run((0..10_000).map(|index| index * 100));
    cost.say("10,000 files");
    assert_eq!(cost.puts, 10_000);
    assert!(cost.most_effects <= 256, "{} effects of one event", cost.most_effects);
    assert!(cost.largest_record < 2000, "{} bytes", cost.largest_record);
}
