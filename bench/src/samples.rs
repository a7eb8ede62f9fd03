//! Figures of several rounds.

/// The figures of one contestant, one a round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle one; of an even number the mean of the two. None without any.
    pub(crate) fn median(&self) -> Option<f64> {
        let middle = self.0.len() / 2;
        match self.0.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(self.0[middle]),
            _ => Some(f64::midpoint(self.0[middle - 1], self.0[middle])),
        }
    }

    pub(crate) fn least(&self) -> Option<f64> {
        self.0.first().copied()
    }

    /// Such as `4.2 (4.0 to 5.1)`; empty without any.
    pub(crate) fn cell(&self, digits: usize) -> String {
        match (self.median(), self.least(), self.most()) {
            (Some(median), Some(least), Some(most)) => {
                format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
            }
            _ => String::new(),
        }
    }

    pub(crate) fn most(&self) -> Option<f64> {
        self.0.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let mut samples = Samples::default();
        assert_eq!(samples.median(), None);
        for (value, median) in [(3.0, 3.0), (1.0, 2.0), (2.0, 2.0)] {
            samples.push(value);
            assert_eq!(samples.median(), Some(median));
        }
        assert_eq!((samples.least(), samples.most()), (Some(1.0), Some(3.0)));
    }
}
