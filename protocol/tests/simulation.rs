//! Random schedules in a simulated world.
//!
//! `SLIPWAY_CASES=1000000 cargo test --release -p slipway-protocol --test simulation` runs as many;
//! `SLIPWAY_SEED=…` with `SLIPWAY_CASES=1` repeats the one that failed.

mod world;

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use slipway_protocol::machine::network::lanes::PER_HOST;
use slipway_protocol::machine::rng::Rng;
use slipway_protocol::wire::plan::Planner;
use world::{Schedule, any_schedule, run};

fn env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs the case of one seed, changed in some way; shrinks it when it fails.
fn run_case(seed: u64, change: fn(&mut Schedule)) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let bytes: Vec<u8> = (0..4).flat_map(|_| rng.bits().to_le_bytes()).collect();
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&any_schedule(), |mut schedule| {
        change(&mut schedule);
        run(schedule);
        Ok(())
    });
    match result {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, schedule)) => {
            Err(format!("SLIPWAY_SEED={seed} SLIPWAY_CASES=1\n{why}\n{schedule:#?}"))
        }
        Err(other) => Err(format!("SLIPWAY_SEED={seed} SLIPWAY_CASES=1\n{other}")),
    }
}

/// What random schedules have found, once in some hundred thousand: a question under way when the complete was answered
/// held up all later calls; an ended upload that was paused stayed so when it was begun again; what had failed here and was
/// another tab's by now was shown as failed, and a pause that the view offered no button for was not kept.
const FOUND: [u64; 3] = [47_996, 525_067, 446_511];
/// Found since hosts differ in what they take: those that were begun together waited for ever for the record of one that
/// was over already, where the disk never answered.
const FOUND_SINCE: [u64; 1] = [66_348];

#[test]
fn what_was_found_before_stays_mended() {
    for seed in FOUND {
        // They were found where every host took six, and each record was reported alone.
        let as_then = |schedule: &mut Schedule| {
            (schedule.lanes_each, schedule.saved_together) = (PER_HOST, false);
            (schedule.planner, schedule.elsewhere) = (Planner::S3, None);
        };
        if let Err(report) = run_case(seed, as_then) {
            panic!("{report}");
        }
    }
    for seed in FOUND_SINCE {
        if let Err(report) = run_case(seed, |schedule| (schedule.planner, schedule.elsewhere) = (Planner::S3, None)) {
            panic!("{report}");
        }
    }
}

#[test]
fn whatever_happens_the_bytes_arrive_or_the_upload_says_what_to_do() {
    let first = env("SLIPWAY_SEED").unwrap_or(1);
    let cases = env("SLIPWAY_CASES").unwrap_or(300);
    // Shrinking fails thousands of times; only its result is worth reading.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let failed = (first..first + cases).find_map(|seed| run_case(seed, |_| ()).err());
    std::panic::set_hook(hook);
    if let Some(report) = failed {
        panic!("{report}");
    }
}
