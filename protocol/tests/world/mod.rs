//! A simulated world around the machine: virtual time, a network that cuts, loses, repeats and delays,
//! storage that checks what it gets, functions that keep their word, and a page that can die at any instant.

mod acts;
mod bucket;
mod disk;
mod elsewhere;
mod ending;
mod files;
mod functions;
mod network;
mod oracle;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use slipway_protocol::machine::rng::Rng;
use slipway_protocol::machine::*;
use slipway_protocol::wire::id::{PartNumber, RoomId};
use slipway_protocol::wire::plan::PartRange;

pub(crate) use schedule::{Schedule, any_schedule};

use bucket::Bucket;
use disk::Disk;
use elsewhere::ElsewhereAct;
use files::File;
use functions::Functions;
use network::Transfer;
use oracle::Oracle;
use schedule::Act;

const ROOM: RoomId = RoomId::from_bytes([9; 16]);
/// A run that takes more is one that never settles.
const MOST_STEPS: u64 = 400_000;
/// Effects of one input.
const MOST_EFFECTS: usize = 400;

/// What is on its way.
#[derive(Debug)]
enum Event {
    /// To the page of this number.
    Input(u32, Input),
    /// A call reaches the functions.
    Call(u32, Effect),
    /// The last byte of a PUT, or what became of it.
    Put(u32, Box<Transfer>),
    /// A write of the checkpoint ends.
    Disk(u32, disk::Write),
    Act(Act),
    Elsewhere(ElsewhereAct),
    OutageEnds(bool),
    OtherTabLeaves(LocalId),
}

/// A prepared part. A browser's is a slice: it is read as it is sent.
#[derive(Clone, Copy, Debug)]
struct Body {
    range: PartRange,
    /// The version of the file that was open.
    opened: Option<usize>,
}

pub(crate) struct World {
    now: u64,
    rng: Rng,
    schedule: Schedule,
    engine: Engine,
    page: u32,
    wake: Option<u64>,
    events: BTreeMap<(u64, u64), Event>,
    numbered: u64,
    files: Vec<File>,
    /// The version of each file that the page holds open.
    opened: BTreeMap<LocalId, usize>,
    /// What the page holds ready to be sent: MD5 of its bytes, and the version of the file that they are of.
    bodies: BTreeMap<(LocalId, PartNumber), Body>,
    disk: Disk,
    bucket: Bucket,
    functions: Functions,
    oracle: Oracle,
    outage_until: u64,
    dropped: BTreeSet<(u32, Attempt)>,
    /// No more faults: the end of the story.
    healed: bool,
    steps: u64,
    cancelled: BTreeSet<LocalId>,
    removed_elsewhere: BTreeSet<LocalId>,
    /// Files of which another member adopted what was open, by their index.
    overtaken: BTreeSet<usize>,
    /// Files picked once more.
    picked: u64,
}

/// Runs one schedule to its end. Panics when something does not hold.
pub(crate) fn run(schedule: Schedule) -> u64 {
    let mut world = World::new(schedule);
    world.begin();
    world.run_until_quiet();
    world.heal();
    world.end_well();
    world.steps
}

impl World {
    fn new(schedule: Schedule) -> Self {
        let mut rng = Rng::new(schedule.seed);
        let engine = Engine::new(schedule.config(), rng.bits());
        let file = |(index, (size, reopens)): (usize, &(u64, bool))| File {
            id: LocalId(index as u64 + 1),
            size: *size,
            changes: vec![],
            gone: false,
            reopens: *reopens,
            silent: schedule.faults.silent_changes,
        };
        Self {
            now: 0,
            rng,
            engine,
            page: 0,
            wake: None,
            events: BTreeMap::new(),
            numbered: 0,
            files: schedule.files.iter().enumerate().map(file).collect(),
            opened: BTreeMap::new(),
            bodies: BTreeMap::new(),
            disk: Disk::default(),
            bucket: Bucket::default(),
            functions: Functions::of(schedule.planner),
            oracle: Oracle::of(&schedule),
            outage_until: 0,
            dropped: BTreeSet::new(),
            healed: false,
            steps: 0,
            cancelled: BTreeSet::new(),
            removed_elsewhere: BTreeSet::new(),
            overtaken: BTreeSet::new(),
            picked: 0,
            schedule,
        }
    }

    fn begin(&mut self) {
        for (at, act) in self.schedule.acts.clone() {
            self.later(at, Event::Act(act));
        }
        self.tell_hosts();
        self.begin_elsewhere();
        let files = self.files.iter().map(|file| (file.id, file.source())).collect();
        self.opened = self.files.iter().map(|file| (file.id, 0)).collect();
        self.give(Input::Add { room: ROOM, files });
    }

    fn tell_hosts(&mut self) {
        self.give(Input::Hosts { count: self.schedule.hosts, lanes_each: self.schedule.lanes_each });
    }

    fn later(&mut self, wait: u64, event: Event) {
        self.numbered += 1;
        self.events.insert((self.now + wait, self.numbered), event);
    }

    /// Up to `most`, both ends included.
    fn up_to(&mut self, most: u64) -> u64 {
        self.rng.up_to(most)
    }

    /// True with a probability of `in_a_thousand` per mille. Never after healing.
    fn chance(&mut self, in_a_thousand: u64) -> bool {
        self.rng.up_to(999) < in_a_thousand && !self.healed
    }

    fn delay(&mut self) -> u64 {
        let most = if self.healed { 20 } else { self.schedule.faults.delay };
        1 + self.up_to(most)
    }

    fn file(&self, id: LocalId) -> &File {
        &self.files[(id.0 as usize - 1) % 1000]
    }

    fn is_cut_off(&self) -> bool {
        self.now < self.outage_until
    }

    /// Hands one fact to the page and runs what comes of it.
    fn give(&mut self, input: Input) {
        self.give_all(vec![input]);
    }

    fn give_all(&mut self, inputs: Vec<Input>) {
        for input in &inputs {
            self.oracle.input(self.now, input);
            if let Input::Reopened { id, source } = input {
                self.hold(*id, source.size);
            }
        }
        // A client clock that is wrong by years changes nothing.
        self.engine.handle_all(Now { mono: self.now, wall: self.now.wrapping_mul(7_919) }, inputs);
        let mut effects = 0;
        while let Some(effect) = self.engine.poll() {
            effects += 1;
            assert!(effects < MOST_EFFECTS, "one input has no end of effects");
            self.oracle.effect(self.now, &effect);
            self.check_not_held_back(&effect);
            self.run_effect(effect);
        }
        for id in self.engine.take_changed() {
            if let Some(view) = self.engine.view(id) {
                self.oracle.view(view);
            }
        }
    }

    /// Nothing happens to a file before the user has answered its offer.
    fn check_not_held_back(&self, effect: &Effect) {
        if let Effect::Prepare { id, .. } | Effect::Save { id, .. } | Effect::Adopt { id, .. } = effect {
            assert!(self.engine.offers().iter().all(|offer| offer.id != *id), "{id:?} is offered, and {effect:?}");
        }
    }

    fn run_effect(&mut self, effect: Effect) {
        match effect {
            Effect::WakeAt { mono } => self.wake = Some(mono),
            Effect::Save { .. } | Effect::Forget { .. } => self.write(effect),
            Effect::Reopen { id } => self.reopen(id),
            Effect::Attach { id, picked } => {
                let version = self.opened.remove(&picked).expect("a picked file is open");
                self.opened.insert(id, version);
            }
            Effect::ReportNotAdopted { id, why } => self.not_adopted(id, why),
            Effect::Prepare { .. } => self.read(&effect),
            Effect::Put { .. } => self.put(effect),
            Effect::DropPut { attempt, .. } => {
                self.dropped.insert((self.page, attempt));
            }
            Effect::DropPrepare { id, part, attempt } => {
                self.dropped.insert((self.page, attempt));
                self.bodies.remove(&(id, part));
            }
            call => self.call(call),
        }
    }

    /// The next thing that happens. Whether there was one.
    fn step(&mut self) -> bool {
        self.steps += 1;
        assert!(self.steps < MOST_STEPS, "no end after {MOST_STEPS} steps at {} ms", self.now);
        let next = self.events.first_key_value().map(|((at, _), _)| *at);
        match (self.wake, next) {
            (Some(wake), next) if next.is_none_or(|at| wake < at) => {
                self.now = self.now.max(wake);
                self.wake = None;
                self.pass();
                self.give(Input::Tick);
            }
            (_, Some(at)) => {
                self.now = self.now.max(at);
                self.pass();
                if let Some((_, event)) = self.events.pop_first() {
                    self.happen(event);
                }
            }
            _ => return false,
        }
        true
    }

    fn pass(&mut self) {
        self.functions.pass(&mut self.bucket, self.now);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Input(page, input) if page == self.page => self.give(input),
            Event::Input(..) => {}
            Event::Call(page, effect) => self.call_arrives(page, &effect),
            Event::Put(page, transfer) => self.put_arrives(page, &transfer),
            Event::Disk(page, write) if page == self.page => self.written(&write),
            Event::Disk(..) => {}
            Event::Act(act) => self.act(act),
            Event::Elsewhere(act) => self.elsewhere_act(act),
            Event::OutageEnds(said) => {
                if said {
                    self.give(Input::Online);
                }
            }
            Event::OtherTabLeaves(id) => self.give(Input::Owned(id)),
        }
    }

    /// Until nothing is in flight, no wake-up is due, and only the user can make anything happen.
    fn run_until_quiet(&mut self) {
        while !self.is_quiet() && self.step() {}
        if self.events.is_empty() && self.wake.is_none() {
            for view in self.engine.views() {
                assert!(needs_the_user(&view), "deadlock: nothing is under way, and {view:#?}");
            }
        }
    }

    /// Every upload waits for the user or is over, and all events are past.
    fn is_quiet(&self) -> bool {
        self.events.is_empty() && self.engine.views().iter().all(needs_the_user)
    }
}

fn needs_the_user(view: &View) -> bool {
    view.stage.is_over()
        || matches!(view.stage, Stage::Paused | Stage::NeedsFile | Stage::Failed)
        || view.reason == Some(Reason::OtherTab)
}
