//! The page in Chromium, through the CDN, under its real policy and the bucket's real CORS rule.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lab::api::{Api, Member};
use lab::browser::{Browser, Kind, Profile};
use serde_json::Value;
use slipway_protocol::wire::link::RoomLink;

use super::api::{host_of, upload_hosts};
use crate::MIB;
use crate::run::Run;

const LONG: Duration = Duration::from_secs(60);
/// What Chromium says when a policy or a CORS rule forbids something.
const VIOLATIONS: [&str; 3] = ["Content Security Policy", "Content-Security-Policy", "CORS policy"];

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    let browser = Browser::open(Kind::Chromium, Profile::trusting(&run.certificates.spki)?).await?;
    browser.goto(stack.url()?).await?;
    browser.fill("room-name", "Holiday films").await?;
    browser.fill("display-name", "Ada").await?;
    browser.click("new-room").await?;
    let link = browser.text("link-view").await?;
    run.report.proved("the page loads, and makes a room");

    // Parts enough for each of the hosts to be in turn.
    let file = run.file("film.bin", 100 * MIB + 7)?;
    browser.pick("file-input", &[&file]).await?;
    browser.until_completed(file.name(), LONG).await?;
    browser.until_file_listed(file.name(), file.size, LONG).await?;
    nothing_forbidden(&browser).await?;
    // For example that the CORS rule hides the ETag: then only the functions compare it.
    if browser.is_present("notice").await? {
        bail!("the page complains: {}", browser.text("notice").await?);
    }
    run.report.proved("a file of several parts is uploaded straight into the bucket");
    let hosts = hosts_used(&browser, stack.output("FileBucketName")?).await?;
    run.report.proved(&format!("the page sends parts to each host: {hosts}"));
    let onlooker = join(run.api(&stack)?, &link).await?;
    onlooker.assert_holds(&file).await?;
    run.report.proved("the bucket holds exactly its bytes");

    browser.click_in("room-file", file.name(), "file-download").await?;
    file.assert_same_as(&browser.downloaded(&file, LONG).await?)?;
    run.report.proved("the page's download is identical");
    nothing_forbidden(&browser).await?;
    run.report.proved("the console reports nothing that policy or CORS forbade");
    Ok(())
}

/// The page goes on with the other hosts where one fails or is forbidden, so each must have taken a part.
async fn hosts_used(browser: &Browser, bucket: &str) -> Result<String> {
    // Of a request that failed the browser keeps no transfer of bytes, and so no status.
    let script = "return performance.getEntriesByType('resource')\
                  .filter(entry => entry.responseStatus === 200 && entry.name.includes('X-Amz-Signature'))\
                  .map(entry => entry.name)";
    let urls = browser.script(script, Vec::new()).await?;
    let urls = urls.as_array().context("the page lists no URLs")?.iter().filter_map(Value::as_str);
    let used: BTreeSet<String> = urls.filter_map(|url| host_of(url, bucket).ok()).collect();
    let unused: Vec<_> = upload_hosts(bucket).into_iter().filter(|host| !used.contains(host)).collect();
    ensure!(unused.is_empty(), "no part went to {}", unused.join(", "));
    Ok(upload_hosts(bucket).join(", "))
}

/// Also where another host of the bucket took the parts in place of a forbidden one.
async fn nothing_forbidden(browser: &Browser) -> Result<()> {
    let console = browser.console().await;
    let found: Vec<&str> = console.lines().filter(|line| VIOLATIONS.iter().any(|word| line.contains(word))).collect();
    ensure!(found.is_empty(), "the console reports what is forbidden: {}", found.join("; "));
    Ok(())
}

async fn join(api: Api, link: &str) -> Result<Member> {
    let (_, rest) = link.split_once("/r/").context("no link of a room")?;
    let (room, fragment) = rest.split_once('#').context("a link without its fragment")?;
    Member::join(api, &RoomLink::parse(room, fragment)?, "Onlooker").await
}
