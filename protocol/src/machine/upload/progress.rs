//! Progress: what resets the waits, and the figures that a person sees.

use super::{Context, Over, Phase, Upload};

impl Upload {
    /// A part was stored, or bytes got farther than ever.
    pub(super) fn moved(&mut self, cx: &mut Context) {
        self.failing_since = None;
        cx.storage_moved();
        self.note_bytes(cx.now);
    }

    /// Bytes in storage and on their way, as they are sent; held at the highest, so that a part sent again does not turn it back.
    fn note_bytes(&mut self, now: u64) {
        let stored = self.parts.as_ref().map_or(0, super::Parts::stored_bytes);
        self.shown_bytes = self.shown_bytes.max((stored + self.sent_bytes).min(self.wire_size()));
        self.rate.note(now, self.shown_bytes);
    }

    /// 0 to 99 while under way; 100 is for what is verified.
    pub(super) fn percent(&self) -> u8 {
        if matches!(self.phase, Phase::Over(Over::Completed | Over::CompletedElsewhere)) {
            return 100;
        }
        let whole = u128::from(self.wire_size().max(1));
        (u128::from(self.shown_bytes) * 100 / whole).min(99) as u8
    }

    /// Bytes per second, smoothed over five seconds.
    pub(super) fn speed(&self, now: u64) -> Option<u64> {
        self.rate.per_second(now, self.shown_bytes).filter(|_| self.in_flight() > 0)
    }

    /// Seconds to the last byte.
    pub(super) fn eta(&self, now: u64) -> Option<u64> {
        let speed = self.speed(now).filter(|speed| *speed > 0)?;
        Some(self.wire_size().saturating_sub(self.shown_bytes).div_ceil(speed))
    }

    /// The bytes of the file that the bytes on the wire stand for.
    pub(super) fn plain_bytes(&self) -> u64 {
        let (size, wire_size) = (u128::from(self.source.size), u128::from(self.wire_size().max(1)));
        (u128::from(self.shown_bytes) * size / wire_size) as u64
    }
}
