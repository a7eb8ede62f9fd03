//! Fault injection: points at which tests stop a function as if it was killed. In production each costs one atomic load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A point between two steps with side effects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Point {
            $($(#[$doc])* $name,)*
        }

        impl Point {
            /// All points.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

points! {
    /// The uploads are recorded; storage knows nothing of them.
    InitiateRecorded,
    /// Storage knows a multipart upload; its id is not recorded.
    InitiateInStorage,
    /// The sweep's visit is noted; the lease is not taken.
    CompleteNoted,
    /// The lease is taken.
    CompleteLeased,
    /// The parts are listed and as promised.
    CompleteListed,
    /// Storage has put the parts together.
    CompleteInStorage,
    /// The object is verified; the file is not listed.
    CompleteVerified,
    /// The file is listed; the call is not answered.
    CompleteRecorded,
    /// The sweep's visit is noted; nothing has changed.
    AbortNoted,
    /// The upload is being removed.
    AbortMarked,
    /// Storage holds nothing of it; the quota is not freed.
    AbortInStorage,
    /// The file is off the list; its object is still there.
    FileUnlisted,
}

/// The armed point, if any. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Armed>);

#[derive(Debug, Default)]
struct Armed {
    /// The point's number, from 1; 0 is none.
    point: AtomicU8,
    reached: Notify,
}

impl Faults {
    /// The next call that reaches this point never returns, like that of a killed function.
    pub fn kill_at(&self, point: Point) {
        self.0.point.store(point as u8 + 1, Ordering::SeqCst);
    }

    /// Waits until a call has reached the armed point.
    pub async fn killed(&self) {
        self.0.reached.notified().await;
    }

    /// Says that this point is reached.
    pub(crate) async fn at(&self, point: Point) {
        let number = point as u8 + 1;
        if self.0.point.load(Ordering::Relaxed) != number {
            return;
        }
        if self.0.point.compare_exchange(number, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            self.0.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_armed_point_kills_and_only_once() {
        let faults = Faults::default();
        faults.at(Point::CompleteLeased).await;
        faults.kill_at(Point::CompleteLeased);
        faults.at(Point::CompleteListed).await;
        let victim = tokio::spawn({
            let faults = faults.clone();
            async move { faults.at(Point::CompleteLeased).await }
        });
        faults.killed().await;
        assert!(!victim.is_finished());
        victim.abort();
        faults.at(Point::CompleteLeased).await;
    }
}
