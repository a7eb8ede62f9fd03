//! Rounds of a case, and the figures that come of them.

use std::path::Path;

use anyhow::Result;

use crate::cases::Case;
use crate::contestant::Contestant;
use crate::samples::Samples;
use crate::stage::Stage;
use crate::timing;

const MIB: u64 = 1 << 20;

/// The figures of one contestant.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) contestant: Contestant,
    /// MiB per second.
    pub(crate) speed: Samples,
    pub(crate) first_put_ms: Samples,
    pub(crate) cpu_seconds: Samples,
    /// Why a run did not end, where one did not.
    pub(crate) failed: Option<String>,
}

/// A case that was run.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) case: Case,
    pub(crate) figures: Vec<Figures>,
}

/// Runs a case: every contestant once a round, the order turned by one each time.
pub(crate) async fn run(case: &Case, rounds: usize, page: &Path, who: &str) -> Result<Outcome> {
    let stage = Stage::set(case, page).await?;
    let who = case.contestants.iter().filter(|contestant| contestant.name().contains(who));
    let mut figures: Vec<Figures> = who.map(|contestant| Figures::of(*contestant)).collect();
    for round in 0..rounds {
        for turn in 0..figures.len() {
            let index = (turn + round) % figures.len();
            stage.arm(case);
            one(&stage, case, &mut figures[index], round).await;
            stage.clear().await?;
        }
    }
    Ok(Outcome { case: case.clone(), figures })
}

async fn one(stage: &Stage, case: &Case, figures: &mut Figures, round: usize) {
    let tag = format!("{:?}-{round}", figures.contestant).to_lowercase();
    match timing::run(figures.contestant, stage, case, &tag).await {
        Ok(run) => {
            let mib = (case.file_bytes * case.file_count as u64) as f64 / MIB as f64;
            eprintln!("{:12} {:26} {:7.1} MiB/s", case.name, figures.contestant.name(), mib / run.seconds);
            figures.speed.push(mib / run.seconds);
            run.first_put_ms.into_iter().for_each(|ms| figures.first_put_ms.push(ms));
            run.cpu_seconds.into_iter().for_each(|seconds| figures.cpu_seconds.push(seconds));
        }
        Err(error) => {
            eprintln!("{:12} {:26} failed: {error:#}", case.name, figures.contestant.name());
            figures.failed = Some(format!("{error:#}").lines().next().unwrap_or_default().to_owned());
        }
    }
}

impl Figures {
    fn of(contestant: Contestant) -> Self {
        Self {
            contestant,
            speed: Samples::default(),
            first_put_ms: Samples::default(),
            cpu_seconds: Samples::default(),
            failed: None,
        }
    }
}
