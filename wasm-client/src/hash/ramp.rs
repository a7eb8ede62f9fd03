//! How many parts are hashed at once while a worker warms up.

/// After a pause of this length the next job counts as the first again, in milliseconds.
const COLD_AFTER_MS: f64 = 1_000.0;

/// One part alone first, so that its digest, and the first PUT, come soon; then two, four and eight, since hashing in
/// step takes a fraction of the CPU.
#[derive(Debug)]
pub(super) struct Ramp {
    most: usize,
    limit: usize,
    idle_since: Option<f64>,
}

impl Ramp {
    /// Cold, with at most so many at once.
    pub(super) fn new(most: usize) -> Self {
        Self { most, limit: 1, idle_since: None }
    }

    /// How many at once, when there is something to do at this time (milliseconds on any clock).
    pub(super) fn limit(&mut self, now_ms: f64) -> usize {
        if self.idle_since.take().is_some_and(|since| now_ms - since > COLD_AFTER_MS) {
            self.limit = 1;
        }
        self.limit
    }

    /// A job is over.
    pub(super) fn warm(&mut self) {
        self.limit = (self.limit * 2).min(self.most);
    }

    /// There is nothing left to do.
    pub(super) fn idle(&mut self, now_ms: f64) {
        self.idle_since.get_or_insert(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn one_two_four_eight() {
        let mut ramp = Ramp::new(8);
        let mut limits = Vec::new();
        for now in 0..6 {
            limits.push(ramp.limit(now.into()));
            ramp.warm();
        }
        assert_eq!(limits, [1, 2, 4, 8, 8, 8]);
    }

    #[wasm_bindgen_test]
    fn a_short_pause_keeps_it_warm_and_a_long_one_does_not() {
        let mut ramp = Ramp::new(8);
        ramp.warm();
        ramp.idle(1_000.0);
        ramp.idle(1_900.0);
        assert_eq!(ramp.limit(1_999.0), 2);
        ramp.idle(2_000.0);
        assert_eq!(ramp.limit(3_001.0), 1);
    }
}
