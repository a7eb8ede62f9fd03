//! The number of parts that a new worker hashes at once.

/// Doubles with every finished part: 1, 2, 4, 8. One part alone finishes soonest, so the first PUT starts early; eight
/// in step cost a fraction of the CPU. The machine makes sure that the first part of an upload is prepared alone.
#[derive(Debug)]
pub(super) struct Ramp {
    max: usize,
    limit: usize,
}

impl Ramp {
    /// Starts at one part, and ends at `max`.
    pub(super) fn new(max: usize) -> Self {
        Self { max, limit: 1 }
    }

    /// Parts at once.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A part is finished.
    pub(super) fn job_done(&mut self) {
        self.limit = (self.limit * 2).min(self.max);
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
        for _ in 0..6 {
            limits.push(ramp.limit());
            ramp.job_done();
        }
        assert_eq!(limits, [1, 2, 4, 8, 8, 8]);
    }
}
