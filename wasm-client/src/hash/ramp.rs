//! How many parts are hashed at once while a worker is new.

/// One part alone first, so that its digest, and the first PUT, come soon; then two, four and eight, since hashing in
/// step takes a fraction of the CPU. That an upload's own first part goes alone is the machine's to see to.
#[derive(Debug)]
pub(super) struct Ramp {
    most: usize,
    limit: usize,
}

impl Ramp {
    /// Cold, with at most so many at once.
    pub(super) fn new(most: usize) -> Self {
        Self { most, limit: 1 }
    }

    /// How many at once.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A job is over.
    pub(super) fn warm(&mut self) {
        self.limit = (self.limit * 2).min(self.most);
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
            ramp.warm();
        }
        assert_eq!(limits, [1, 2, 4, 8, 8, 8]);
    }
}
