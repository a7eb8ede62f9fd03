//! Displayed speed and time left. Under a speed limit an upload pauses between parts, so the measured speed jumps between
//! zero and the speed of the link; the limit gives the average.

use leptos::prelude::*;
use wasm_client::{Stage, Totals, View};

use crate::model::cap;
use crate::model::rows::{Rows, Sending};
use crate::model::state::Ctx;

/// Speed and time left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Bytes per second.
    pub speed: Option<u64>,
    /// Seconds.
    pub eta: Option<u64>,
}

/// The pace of an upload with `left` bytes to send. `share`: its part of the limit in bytes per second, if one is set.
pub fn pace(measured: Pace, lanes: u32, left: u64, share: Option<u64>) -> Pace {
    let Some(share) = share.filter(|share| *share > 0) else { return measured };
    let speed = match (lanes, measured.speed) {
        // Pausing until the limit allows the next part.
        (0, _) => share,
        // A part in flight goes at full speed; on average the limit holds.
        (_, Some(speed)) => speed.min(share),
        (_, None) => return measured,
    };
    Pace { speed: Some(speed), eta: (speed > 0).then(|| left.div_ceil(speed)) }
}

/// One upload. It shares the limit with all others that are sending.
pub(crate) fn of_one(ctx: Ctx, view: &View) -> Pace {
    let measured = Pace { speed: view.speed, eta: view.eta };
    if view.stage != Stage::Uploading {
        return measured;
    }
    let share = cap::chosen(ctx).map(|cap| cap / u64::from(ctx.uploads.with(Rows::sending).uploads.max(1)));
    pace(measured, view.lanes.into(), view.size.saturating_sub(view.bytes), share)
}

/// All uploads of this device together.
pub(crate) fn of_all(ctx: Ctx) -> Pace {
    let Totals { speed, eta, bytes, size, .. } = ctx.totals.get();
    let Sending { uploads, lanes } = ctx.uploads.with(Rows::sending);
    let share = cap::chosen(ctx).filter(|_| uploads > 0);
    pace(Pace { speed, eta }, lanes, size.saturating_sub(bytes), share)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Pace = Pace { speed: None, eta: None };

    #[test]
    fn without_a_limit_it_is_what_was_measured() {
        let measured = Pace { speed: Some(5), eta: Some(2) };
        assert_eq!(pace(measured, 3, 10, None), measured);
        assert_eq!(pace(NOTHING, 0, 10, None), NOTHING);
    }

    #[test]
    fn a_rest_under_a_limit_shows_the_limit() {
        assert_eq!(pace(NOTHING, 0, 10_000, Some(1000)), Pace { speed: Some(1000), eta: Some(10) });
    }

    #[test]
    fn a_part_at_full_speed_does_not_promise_an_early_end() {
        let burst = Pace { speed: Some(50_000), eta: Some(1) };
        assert_eq!(pace(burst, 1, 10_000, Some(1000)), Pace { speed: Some(1000), eta: Some(10) });
    }

    #[test]
    fn a_link_slower_than_the_limit_is_shown_as_it_is() {
        let slow = Pace { speed: Some(100), eta: Some(100) };
        assert_eq!(pace(slow, 2, 10_000, Some(1000)), slow);
        let still = Pace { speed: Some(0), eta: None };
        assert_eq!(pace(still, 2, 10_000, Some(1000)), still);
    }
}
