//! Faults at random, file after file, for as long as one likes.
//!
//! SLIPWAY_E2E_SOAK_SECONDS says how long (20 if not set), SLIPWAY_E2E_SEED repeats a run.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use lab::browser::Kind;
use lab::proxy::{Aim, Fault, Proxy, Rule};

use crate::room::{MIB, Room, number};

/// Each file has a fault in four chances or more: as many files without any mean that rules no longer match.
const MOST_ROUNDS_WITHOUT_FAULT: u32 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn random_faults_never_lose_a_byte() -> Result<()> {
    let time = Duration::from_secs(number("SLIPWAY_E2E_SOAK_SECONDS").unwrap_or(20));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64);
    let seed = number("SLIPWAY_E2E_SEED").unwrap_or(now);
    let room = Room::make(Kind::Chromium).await?;
    let mut dice = Dice(seed | 1);
    let (start, mut rounds) = (Instant::now(), 0_u32);
    let faults = || [&room.stack.storage, &room.stack.api].map(Proxy::hit_count);
    // A slow machine has time for a few files only, and a rule may be for a request that never comes.
    while start.elapsed() < time || (faults().contains(&0) && rounds < MOST_ROUNDS_WITHOUT_FAULT) {
        rounds += 1;
        round(&room, &mut dice, rounds).await.with_context(|| format!("round {rounds} of SLIPWAY_E2E_SEED={seed}"))?;
    }
    let [storage, api] = faults();
    eprintln!("{rounds} files, {storage} faults before storage and {api} before the functions, seed {seed}");
    ensure!(storage > 0 && api > 0, "no fault has struck storage or the functions in {rounds} files, seed {seed}");
    Ok(())
}

async fn round(room: &Room, dice: &mut Dice, number: u32) -> Result<()> {
    let size = [dice.below(1000), dice.below(16 * MIB), 16 * MIB + dice.below(80 * MIB)][dice.below(3) as usize];
    for _ in 0..=dice.below(3) {
        room.stack.storage.rule(storage_fault(dice, size));
    }
    if dice.below(2) == 0 {
        room.stack.api.rule(api_fault(dice));
    }
    let file = room.pick(&format!("soak {number}.bin"), size).await?;
    if dice.below(6) == 0 {
        tokio::time::sleep(Duration::from_millis(dice.below(800))).await;
        room.stack.storage.lose_network(Duration::from_millis(500 + dice.below(4000))).await;
    }
    room.assert_arrives(&file).await?;
    // The list draws only the rows that fit into its window.
    room.browser.click_text("Clear finished").await?;
    room.stack.storage.clear();
    room.stack.api.clear();
    Ok(())
}

fn storage_fault(dice: &mut Dice, size: u64) -> Rule {
    let at = dice.below(size.clamp(1, 16 * MIB));
    let fault = match dice.below(16) {
        0..3 => Fault::Reset { after: at },
        3..5 => Fault::Cut { after: at },
        5..7 => Fault::Truncate { after: at },
        7..10 => Fault::Corrupt { at },
        10..12 => Fault::s3_error(503, "SlowDown"),
        12 => Fault::s3_error(500, "InternalError"),
        13 => Fault::Delay(Duration::from_millis(dice.below(3000))),
        14 => Fault::LoseAnswer,
        // Costs the watchdog's half minute.
        _ if dice.below(4) == 0 => Fault::Stall { after: at },
        _ => Fault::TruncateAnswer { after: 0 },
    };
    Rule::new(Aim::method("PUT"), fault).skip(dice.below(5) as u32).times(1 + dice.below(2) as u32)
}

fn api_fault(dice: &mut Dice) -> Rule {
    let path = ["/uploads", "/parts", "/complet", "/api"][dice.below(4) as usize];
    let fault = match dice.below(4) {
        0 => Fault::Reset { after: 0 },
        1 => Fault::LoseAnswer,
        2 => Fault::s3_error(503, "Unavailable"),
        _ => Fault::Delay(Duration::from_millis(dice.below(2000))),
    };
    Rule::new(Aim::call("POST", path), fault)
}

/// Xorshift64 (Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}
