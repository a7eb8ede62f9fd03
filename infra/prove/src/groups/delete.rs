//! Deleting the stack keeps what users uploaded.

use anyhow::{Result, ensure};
use lab::api::{Member, NewRoom, Role};

use crate::MIB;
use crate::cloud::Cloud;
use crate::run::Run;
use crate::stack::Stack;

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    let api = run.api(&stack)?;
    let room = NewRoom::create(api.clone(), "Kept").await?;
    let sender = Member::join(api, room.link(Role::Contribute), "Ada").await?;
    sender.upload(&run.file("last.bin", MIB)?).await?;
    let before = content(&run.cloud, &stack).await?;
    ensure!(before.iter().all(|(_, count)| *count > 0), "nothing to lose: {before:?}");

    // CloudFormation deletes empty buckets only.
    run.cloud.empty(stack.output("PageBucketName")?).await?;
    run.delete_main().await?;
    run.report.proved("the stack is deleted: DELETE_COMPLETE");
    for function in stack.physical("Lambda::Function") {
        ensure!(!run.cloud.has_function(function).await?, "the function {function} is still there");
    }
    run.report.proved("its functions are gone");
    let after = content(&run.cloud, &stack).await?;
    ensure!(before == after, "kept are {after:?} of {before:?}");
    run.report.proved(&format!("bucket and tables stay with what is in them: {}", listed(&after)));
    Ok(())
}

/// How much there is in the bucket and in each table.
async fn content(cloud: &Cloud, stack: &Stack) -> Result<Vec<(String, usize)>> {
    let bucket = stack.output("FileBucketName")?;
    let mut counts = vec![(bucket.to_owned(), cloud.content(bucket).await?.0.len())];
    for table in stack.physical("DynamoDB::Table") {
        counts.push((table.to_owned(), cloud.items(table).await?));
    }
    Ok(counts)
}

fn listed(counts: &[(String, usize)]) -> String {
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
