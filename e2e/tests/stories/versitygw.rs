//! Storage with CORS rules of its own, as it is deployed: MinIO has none.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::browser::Kind;
use lab::proxy::{Aim, Fault, Rule};
use lab::stack::StackOptions;
use local_stack::S3Kind;

use crate::room::{MIB, Room, join, pick_again};

const SOON: Duration = Duration::from_secs(30);
/// The bucket refuses this page, and the page says so.
const REFUSED: &str = "return !!document.querySelector('[data-testid=notice][data-key=storage-cors]')";

#[tokio::test(flavor = "multi_thread")]
async fn under_the_cors_rule_of_the_template_only_its_page_uploads() -> Result<()> {
    let options = StackOptions { page: true, s3: S3Kind::Versitygw, ..StackOptions::default() };
    let room = Room::make_in(Kind::Chromium, options).await?;
    // Refused as other bytes than promised, and sent again. The page is loaded again while the rest is under way.
    room.stack.storage.rule(Rule::new(Aim::part(1), Fault::Corrupt { at: 5 * MIB }));
    room.hold_parts_after(1);
    let file = room.pick("film.bin", 96 * MIB).await?;
    room.until_slowly(1, 6).await?;
    ensure!(!room.browser.is_present("notice").await?, "the page complains, for example that the ETag is hidden");
    room.browser.reload().await?;
    room.browser.until_state(file.name(), &["needs-file"], SOON).await?;
    room.full_speed();
    pick_again(&room.browser, &file).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()?;
    let log = room.stack.storage.log();
    let statuses = |wanted: &str, part| -> Vec<_> {
        let of_part = log.iter().filter(|entry| entry.method == wanted && entry.part() == Some(part));
        of_part.map(|entry| entry.status).collect()
    };
    assert_eq!(statuses("PUT", 1), [Some(400), Some(200)]);
    ensure!(statuses("OPTIONS", 1).contains(&Some(200)), "no preflight of the first part was answered by a rule");

    // The same server by another name is another origin, which the rule does not name.
    let elsewhere = room.links.contribute.replace("127.0.0.1", "localhost");
    join(&room.browser, &elsewhere, "Mallory").await?;
    room.pick("other.bin", 40 * MIB).await?;
    room.browser.until("it is refused by the bucket's rule", REFUSED, SOON).await?;
    let keys = room.stack.bucket.keys("").await?;
    ensure!(keys.len() == 1, "a page of another origin has sent something: {keys:?}");
    Ok(())
}
