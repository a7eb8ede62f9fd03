//! Parts between their hashing and their arrival in storage.

use crate::prelude::*;
use alloc::collections::{BTreeMap, VecDeque};

use crate::machine::Attempt;
use crate::machine::context::Call;
use crate::machine::network::backoff::Backoff;
use crate::machine::rng::Rng;
use crate::wire::SignedRequest;
use crate::wire::id::PartNumber;

/// What is known of one part. It stays while the part is sent again and again, and goes when storage has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// The record with its digest, if this device has one.
    save: Option<u64>,
    /// The shell holds the body that this attempt prepared.
    body: Option<Attempt>,
    host: u8,
    request: Option<SignedRequest>,
    /// When its URL was asked for, in milliseconds on the machine's clock.
    asked_at: u64,
    /// In milliseconds on the machine's clock.
    expires_at: u64,
    put: Option<Call>,
    /// Bytes handed to the network by the PUT under way.
    sent: u64,
    /// The highest offset of all its PUTs.
    highest: u64,
    backoff: Backoff,
    resigns: u8,
    stalls: u32,
}

impl Entry {
    pub(super) fn has_record(&self) -> bool {
        self.save.is_some()
    }

    pub(super) fn set_record(&mut self, save: u64) {
        self.save = Some(save);
    }

    pub(super) fn set_body(&mut self, attempt: Attempt) {
        self.body = Some(attempt);
    }

    pub(super) fn host(&self) -> u8 {
        self.host
    }

    /// In milliseconds on the machine's clock.
    pub(super) fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// When its URL was asked for, in milliseconds on the machine's clock.
    pub(super) fn asked_at(&self) -> u64 {
        self.asked_at
    }

    /// Half of the time that its URL was signed for, in milliseconds.
    pub(super) fn half_life_ms(&self) -> u64 {
        self.request.as_ref().map_or(0, |request| request.expires_in_seconds.saturating_mul(500))
    }

    /// Takes a URL whose time counts from `asked`, in milliseconds.
    pub(super) fn set_request(&mut self, request: SignedRequest, host: u8, asked: u64) {
        self.expires_at = asked.saturating_add(request.expires_in_seconds.saturating_mul(1000));
        self.asked_at = asked;
        self.host = host;
        self.request = Some(request);
    }

    /// Bytes of it were on their way before.
    pub(super) fn was_sent(&self) -> bool {
        self.highest > 0
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.put.is_some()
    }

    pub(super) fn is_put(&self, attempt: Attempt) -> bool {
        self.put.is_some_and(|put| put.attempt == attempt)
    }

    /// Counts a URL that ran out unused; the number of them in a row.
    pub(super) fn count_resign(&mut self) -> u8 {
        self.resigns = self.resigns.saturating_add(1);
        self.resigns
    }

    /// The PUT that began at `started` failed. When the next may begin, in milliseconds on the machine's clock.
    pub(super) fn back_off(&mut self, now: u64, started: u64, rng: &mut Rng) -> u64 {
        self.backoff.fail(now, started, None, rng);
        self.backoff.until()
    }

    /// When the next PUT may begin, in milliseconds on the machine's clock.
    pub(super) fn waits_until(&self) -> u64 {
        self.backoff.until()
    }

    pub(super) fn count_stall(&mut self) {
        self.stalls += 1;
    }

    pub(super) fn stalls(&self) -> u32 {
        self.stalls
    }
}

/// How far the bytes of a PUT got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes more than at the last report of this PUT.
    pub(super) bytes: u64,
    /// Farther than any PUT of the part before.
    pub(super) is_new: bool,
}

/// A PUT that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndedPut {
    pub(super) call: Call,
    pub(super) host: u8,
    /// Bytes that it had handed to the network.
    pub(super) sent: u64,
}

#[derive(Debug, Default)]
pub(super) struct Pipeline {
    entries: BTreeMap<PartNumber, Entry>,
    /// Parts in line for a URL. May name some that are not any more.
    to_sign: VecDeque<PartNumber>,
    /// Parts in line for a lane. May name some that are not any more.
    to_send: VecDeque<PartNumber>,
    /// Bytes handed to the network by the PUTs under way.
    sent_bytes: u64,
}

impl Pipeline {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.to_sign.clear();
        self.to_send.clear();
    }

    pub(super) fn get(&self, part: PartNumber) -> Option<&Entry> {
        self.entries.get(&part)
    }

    pub(super) fn get_mut(&mut self, part: PartNumber) -> Option<&mut Entry> {
        self.entries.get_mut(&part)
    }

    pub(super) fn entry(&mut self, part: PartNumber) -> &mut Entry {
        self.entries.entry(part).or_default()
    }

    pub(super) fn remove(&mut self, part: PartNumber) {
        self.entries.remove(&part);
    }

    /// Begins again with a part that is hashed for the first time: only the body is kept.
    pub(super) fn start(&mut self, part: PartNumber, save: u64) {
        let entry = self.entry(part);
        *entry = Entry { save: Some(save), body: entry.body, ..Entry::default() };
    }

    /// A part whose digest an earlier page wrote down.
    pub(super) fn restore(&mut self, part: PartNumber) {
        // Save 0 counts as done: an earlier page wrote the record.
        self.entries.insert(part, Entry { save: Some(0), ..Entry::default() });
    }

    /// The number of the record with the part's digest, if this device wrote one.
    pub(super) fn record_of(&self, part: PartNumber) -> Option<u64> {
        self.get(part)?.save
    }

    /// The attempt that prepared the body, which the shell need not hold any longer.
    pub(super) fn take_body(&mut self, part: PartNumber) -> Option<Attempt> {
        self.get_mut(part)?.body.take()
    }

    pub(super) fn with_body(&self) -> Vec<PartNumber> {
        self.entries.iter().filter(|(_, entry)| entry.body.is_some()).map(|(part, _)| *part).collect()
    }

    pub(super) fn in_flight(&self) -> Vec<PartNumber> {
        self.entries.iter().filter(|(_, entry)| entry.is_in_flight()).map(|(part, _)| *part).collect()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = PartNumber> + '_ {
        self.entries.keys().copied()
    }

    pub(super) fn reset_backoff(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.backoff.reset());
    }

    /// Puts a part back in line for a URL, before all others. Not one whose body is not held any more.
    pub(super) fn requeue(&mut self, part: PartNumber) -> bool {
        let Some(entry) = self.entries.get_mut(&part).filter(|entry| entry.body.is_some()) else { return false };
        entry.request = None;
        self.to_sign.push_front(part);
        true
    }

    // ---- in line for a URL

    pub(super) fn queue_to_sign(&mut self, part: PartNumber) {
        self.to_sign.push_back(part);
    }

    pub(super) fn has_to_sign(&self) -> bool {
        !self.to_sign.is_empty()
    }

    pub(super) fn first_to_sign(&self) -> Option<PartNumber> {
        self.to_sign.front().copied()
    }

    pub(super) fn drop_first_to_sign(&mut self) {
        self.to_sign.pop_front();
    }

    /// In their order.
    pub(super) fn to_sign(&self) -> impl Iterator<Item = PartNumber> + '_ {
        self.to_sign.iter().copied()
    }

    // ---- in line for a lane

    /// What was on its way before goes first, so that no part is left far behind.
    pub(super) fn queue_to_send(&mut self, part: PartNumber) {
        if self.get(part).is_some_and(Entry::was_sent) {
            self.to_send.push_front(part);
        } else {
            self.to_send.push_back(part);
        }
    }

    pub(super) fn first_to_send(&self) -> Option<PartNumber> {
        self.to_send.front().copied()
    }

    pub(super) fn drop_first_to_send(&mut self) {
        self.to_send.pop_front();
    }

    pub(super) fn pop_last_to_send(&mut self) -> Option<PartNumber> {
        self.to_send.pop_back()
    }

    /// In their order.
    pub(super) fn to_send(&self) -> impl Iterator<Item = PartNumber> + '_ {
        self.to_send.iter().copied()
    }

    // ---- PUTs

    /// Bytes handed to the network by the PUTs under way.
    pub(super) fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    /// The part's URL and its host, for a PUT that begins now.
    pub(super) fn start_put(&mut self, part: PartNumber, call: Call) -> Option<(SignedRequest, u8)> {
        let entry = self.entries.get_mut(&part)?;
        let request = entry.request.take()?;
        entry.put = Some(call);
        entry.sent = 0;
        let host = entry.host;
        // Not always the first in line: one whose host is full is passed over.
        self.to_send.retain(|ready| *ready != part);
        Some((request, host))
    }

    /// Bytes of the PUT under way were handed to the network. None when that is no news.
    pub(super) fn put_moved(&mut self, part: PartNumber, bytes: u64) -> Option<Progress> {
        let entry = self.entries.get_mut(&part).filter(|entry| bytes > entry.sent)?;
        let moved = bytes - entry.sent;
        entry.sent = bytes;
        self.sent_bytes += moved;
        // Bytes sent again reset no wait, or a part that breaks at the same place each time would never count as
        // failing.
        let is_new = bytes > entry.highest;
        if is_new {
            entry.highest = bytes;
            entry.backoff.reset();
            entry.resigns = 0;
        }
        Some(Progress { bytes: moved, is_new })
    }

    /// Takes the PUT off a part, if it has one.
    pub(super) fn end_put(&mut self, part: PartNumber) -> Option<EndedPut> {
        let entry = self.entries.get_mut(&part)?;
        let call = entry.put.take()?;
        self.sent_bytes -= entry.sent;
        Some(EndedPut { call, host: entry.host, sent: entry.sent })
    }
}
