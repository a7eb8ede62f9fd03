//! What is worked on next: places, calls, PUTs and hashing, shared fairly.

use super::LocalId;
use super::engine::Engine;
use super::upload::Upload;
use crate::prelude::*;

/// Chores tried in one go; the next one starts where this one ended.
// After a reload there can be thousands, and an event has to cost the same then.
const CHORES_AT_ONCE: usize = 64;

impl Engine {
    /// Starts everything that can be started.
    pub(super) fn work(&mut self) {
        self.settle();
        loop {
            self.admit();
            self.do_chores();
            self.form_batches();
            self.run_batches();
            // PUTs before hashing: a part on its way makes room for one more to be hashed ahead.
            self.send();
            self.sign();
            self.prepare();
            // An upload that gave its place up in this pass lets another one in.
            if !self.settle() {
                break;
            }
        }
    }

    /// Updates the queues from the uploads touched. Whether a place became free.
    fn settle(&mut self) -> bool {
        let mut is_free = false;
        for id in &self.cx.touched {
            let Some(upload) = self.uploads.get_mut(id) else { continue };
            let wants = upload.wants_place();
            if upload.is_active() && !wants {
                upload.leave_place();
                self.active.remove(&upload.place());
                is_free = true;
            } else if wants && !upload.is_active() && !upload.is_queued() {
                upload.enqueue();
                let queue = if upload.is_small() { &mut self.small_queue } else { &mut self.large_queue };
                queue.insert((!upload.is_known(), upload.place()));
                is_free = true;
            }
            if upload.has_chore() {
                self.chores.insert(*id);
            } else {
                self.chores.remove(id);
            }
        }
        is_free
    }

    /// Gives free places to those that wait, small files and large ones apart.
    fn admit(&mut self) {
        // Apart, so that a small file is not stuck behind large ones.
        for is_small in [true, false] {
            let (queue, config) = (if is_small { &self.small_queue } else { &self.large_queue }, &self.cx.config);
            if queue.is_empty() {
                continue;
            }
            let places = if is_small { config.small_at_once } else { config.large_at_once };
            let mut taken = self.each_active().filter(|upload| upload.is_small() == is_small).count();
            while taken < places {
                let queue = if is_small { &mut self.small_queue } else { &mut self.large_queue };
                let Some((_, place)) = queue.pop_first() else { break };
                let Some(upload) = self.uploads.get_mut(&place.1) else { continue };
                if upload.is_active() {
                    // In the queue a second time: it was there when its records were restored.
                    continue;
                }
                upload.leave_place();
                // It may have been paused while it was in the queue.
                if upload.wants_place() {
                    self.active.insert(place);
                    upload.admit(&mut self.cx);
                    taken += 1;
                }
            }
        }
    }

    fn do_chores(&mut self) {
        // In turn: one whose call keeps failing must not hold up those behind it.
        let after = self.chores.range((core::ops::Bound::Excluded(self.last_chore), core::ops::Bound::Unbounded));
        let before = self.chores.range(..=self.last_chore);
        let due: Vec<LocalId> = after.chain(before).take(CHORES_AT_ONCE).copied().collect();
        for id in due {
            if !self.cx.may_do_chore() {
                break;
            }
            if let Some(upload) = self.uploads.get_mut(&id) {
                upload.do_chore(&mut self.cx);
                self.last_chore = id;
            }
        }
    }

    /// Fills the lanes. Small and large files have half of them each while both want some; within
    /// each half, the upload with the fewest goes first, then the one that waited longest, then the one added first.
    fn send(&mut self) {
        // 0 bytes: the most lanes that any part could have. `send_next` asks again with the part's length.
        while self.cx.may_put() && self.cx.has_lane(0) {
            let Some(id) = self.next_sender() else { break };
            let Some(upload) = self.uploads.get_mut(&id) else { break };
            if !upload.send_next(&mut self.cx) {
                break;
            }
        }
    }

    fn next_sender(&mut self) -> Option<LocalId> {
        let mut lanes = [0_u16; 2];
        let mut best: [Option<((u16, u64), LocalId)>; 2] = [None; 2];
        for (_, id) in &self.active {
            let Some(upload) = self.uploads.get_mut(id) else { continue };
            let class = usize::from(!upload.is_small());
            lanes[class] += upload.in_flight();
            let rank = (upload.in_flight(), upload.last_put_at());
            if best[class].is_none_or(|(other, _)| rank < other) && upload.can_send(&self.cx) {
                best[class] = Some((rank, *id));
            }
        }
        let class = match best {
            [Some(_), Some(_)] => usize::from(lanes[0] > lanes[1]),
            [Some(_), None] => 0,
            _ => 1,
        };
        best[class].map(|(_, id)| id)
    }

    fn sign(&mut self) {
        if !self.cx.may_call() {
            return;
        }
        // No more than is about to be sent: a URL dies with the credentials that signed it, even before its own
        // expiry.
        let larges = self.each_active().filter(|upload| !upload.is_small()).count().clamp(1, 255) as u8;
        let wanted = u16::from(self.cx.lanes.limit().div_ceil(larges)) + 1;
        for (_, id) in &self.active {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.sign_next(&mut self.cx, wanted);
            }
        }
    }

    /// Fills the hash lanes: those with the least hashed first, small files before large ones.
    fn prepare(&mut self) {
        let mut ahead = self.ahead();
        // Eight streams of MD5 in step cost hardly more than one. So the parts of large files begin together: when most
        // of the last ones are hashed, or when none is ready to be sent. The first of a file never waits for others'.
        let with_large = ahead.ready == 0 || ahead.hashing <= u16::from(self.cx.config.hash_lanes / 4);
        while ahead.reading < usize::from(self.cx.config.hash_lanes) {
            let (mut ids, mut order) = (Vec::new(), Vec::new());
            for upload in self.each_active().filter(|upload| upload.may_prepare(&self.cx)) {
                if !with_large && !upload.is_small() && upload.ahead() > 0 {
                    continue;
                }
                let hashed = upload.ahead().max(upload.reading() as u16);
                order.push((u64::from(hashed) * 2 + u64::from(!upload.is_small()), ids.len()));
                ids.push(upload.id());
            }
            let is_large = |rank: u64| rank % 2 == 1;
            let wants_small = order.iter().any(|(rank, _)| !is_large(*rank));
            let mut has_started = false;
            // Those that are alike stay in the order of their places.
            order.sort_unstable();
            for (rank, at) in order {
                has_started |= self.prepare_one(&mut ahead, ids[at], is_large(rank), is_large(rank) && wants_small);
            }
            if !has_started {
                break;
            }
        }
    }

    /// Parts of large files that may be hashed or being hashed and not on their way.
    fn most_ahead(&self) -> u16 {
        u16::from(self.cx.lanes.limit()) + self.cx.config.ahead_parts
    }

    /// What is hashed ahead of sending, and being hashed, of all that is worked on.
    fn ahead(&self) -> Ahead {
        let mut ahead = Ahead::default();
        for upload in self.each_active() {
            ahead.reading += upload.reading();
            ahead.bytes += upload.ahead_bytes();
            ahead.parts[usize::from(!upload.is_small())] += upload.ahead();
            if !upload.is_small() {
                ahead.hashing += upload.hashing();
                ahead.ready += upload.ready_to_send();
            }
        }
        let is_half_sent = ahead.parts[1] <= self.most_ahead() / 2 && ahead.bytes <= self.cx.config.ahead_bytes / 2;
        // Parts that begin one by one as PUTs end would be hashed one by one, at the speed of a single stream.
        ahead.may_grow = is_half_sent || ahead.ready == 0;
        ahead
    }

    /// Starts to hash one part of an upload, within the bounds. One lane is kept for small files that wait.
    fn prepare_one(&mut self, ahead: &mut Ahead, id: LocalId, is_large: bool, keep_one: bool) -> bool {
        let config = &self.cx.config;
        if ahead.reading >= usize::from(config.hash_lanes) - usize::from(keep_one) {
            return false;
        }
        let most = self.most_ahead();
        let most_bytes = config.ahead_bytes;
        let (bytes, parts) = (ahead.bytes, ahead.parts[usize::from(is_large)]);
        let Some(upload) = self.uploads.get_mut(&id) else { return false };
        let may_grow = !is_large || ((ahead.may_grow || upload.ahead() == 0) && parts < most);
        // The largest parts have 528 MiB: two exceed 1 GiB, and one would wait for the other to be on its way.
        let has_room = move |len: u64| parts < 2 || (may_grow && bytes + len <= most_bytes);
        let before = (upload.ahead(), upload.ahead_bytes());
        let has_started = upload.prepare_next(&mut self.cx, has_room);
        if has_started {
            ahead.reading += 1;
            ahead.parts[usize::from(is_large)] += upload.ahead() - before.0;
            ahead.bytes += upload.ahead_bytes() - before.1;
        }
        has_started
    }

    /// Uploads being worked on, in the order of adding.
    pub(super) fn each_active(&self) -> impl Iterator<Item = &Upload> {
        self.active.iter().filter_map(|(_, id)| self.uploads.get(id))
    }
}

/// What is hashed ahead of sending.
#[derive(Default)]
struct Ahead {
    /// Parts being read, also those that are only compared.
    reading: usize,
    bytes: u64,
    /// Parts of small files, and of large ones.
    parts: [u16; 2],
    /// Parts of large files that are being hashed to be sent.
    hashing: u16,
    /// Parts of large files that are hashed and may be sent.
    ready: u16,
    /// Whether more parts of large files may be hashed: half of what was hashed ahead is sent.
    may_grow: bool,
}
