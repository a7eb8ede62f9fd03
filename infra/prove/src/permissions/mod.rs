//! Least privilege by removal: each allowed action is taken away from its function, and a story that needs it must fail;
//! given back, the story must pass again. What no story needs is allowed for nothing.

mod ground;
mod policy;
mod sample;
mod stories;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Error, Result, ensure};

use crate::cloud::Cloud;
use crate::run::Run;
use crate::stack::Parameters;
use crate::template;
use ground::Ground;
use policy::{Permission, Removed};
use stories::Story;

/// Uploads expire at once, so that the sweep has something to do.
const IDLE_SECONDS: u64 = 1;

/// What became of a permission that was taken away.
type Outcome = (Permission, Verdict);

#[derive(Debug)]
enum Verdict {
    /// Of the first story that fails without it.
    NeededBy(&'static str),
    /// Every story passes.
    NotMissed,
    /// A story fails, but not for this, or fails on when it is given back.
    Unclear(String),
}

pub(crate) async fn prove(run: &mut Run) -> Result<()> {
    let parameters = Parameters::from([("UploadIdleSeconds", IDLE_SECONDS.to_string())]);
    let template = template::without_schedule(run.template())?;
    let stack = run.create("permitted", &template, parameters).await?;
    let all = policy::granted(&run.cloud, &stack).await?;
    let chosen = match (&run.inputs.permission[..], run.inputs.all) {
        ([], true) => all.clone(),
        ([], false) => sample::drawn(&all, &run.inputs.sample),
        (words, _) => sample::named(&all, words),
    };
    ensure!(!chosen.is_empty(), "none of {} permissions is meant", all.len());
    run.report.note(&format!("{} of {} permissions are taken away in turn", chosen.len(), all.len()));
    let ground = Ground::new(run, stack)?;
    ground.begin_sweeping().await?;
    let mut outcomes = Vec::new();
    for of_function in chosen.chunk_by(|one, next| one.function == next.function) {
        outcomes.extend(remove_each(run, &ground, of_function).await?);
    }
    run.report.table(&table(&outcomes));
    let wrong: Vec<_> = outcomes.iter().filter_map(complaint).collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

fn complaint((permission, verdict): &Outcome) -> Option<String> {
    match verdict {
        Verdict::NeededBy(_) => None,
        Verdict::NotMissed => Some(format!("no story fails without {permission}")),
        Verdict::Unclear(why) => Some(format!("without {permission}, {why}")),
    }
}

async fn remove_each(run: &mut Run, ground: &Ground, permissions: &[Permission]) -> Result<Vec<Outcome>> {
    let function = &permissions[0].function;
    let stories: Vec<&Story> = stories::of(function).collect();
    for story in &stories {
        (story.run)(ground).await.with_context(|| format!("{function}, with all permissions: {}", story.name))?;
    }
    let refused = run.cloud.refusals().await?;
    ensure!(refused.is_empty(), "{function} asks for more than it is allowed: {refused:?}");
    run.report.note(&format!("{function}: {} stories pass, and nothing is refused", stories.len()));
    let mut outcomes = Vec::new();
    for permission in permissions {
        let verdict = verdict(&run.cloud, ground, &stories, permission).await?;
        if let Verdict::NeededBy(story) = verdict {
            run.report.proved(&format!("{permission}: {story}"));
        }
        outcomes.push((permission.clone(), verdict));
    }
    Ok(outcomes)
}

async fn verdict(
    cloud: &Cloud,
    ground: &Ground,
    stories: &[&'static Story],
    permission: &Permission,
) -> Result<Verdict> {
    let removed = Removed::take(cloud, permission).await?;
    let failed = first_failure(ground, stories).await;
    removed.restore(cloud).await?;
    ground.settle().await?;
    // What was refused is asked for in any case, so that none of it is left for whoever asks next.
    let refused = cloud.refusals().await?;
    let Some((story, error)) = failed else { return Ok(Verdict::NotMissed) };
    let name = story.name;
    if !refused.iter().any(|refusal| permission.is_it(refusal)) {
        return Ok(Verdict::Unclear(format!("`{name}` fails for another reason: {error:#}")));
    }
    Ok(match (story.run)(ground).await {
        Ok(()) => Verdict::NeededBy(name),
        Err(error) => Verdict::Unclear(format!("`{name}` fails, and so it does when it is given back: {error:#}")),
    })
}

async fn first_failure(ground: &Ground, stories: &[&'static Story]) -> Option<(&'static Story, Error)> {
    for story in stories {
        if let Err(error) = (story.run)(ground).await {
            return Some((story, error));
        }
    }
    None
}

/// As infra/permissions.md has it: what a story needs of one resource is one line.
fn table(outcomes: &[Outcome]) -> String {
    let needed_by = |verdict: &Verdict| if let Verdict::NeededBy(story) = verdict { story } else { "**none**" };
    let mut table = "| function | on | actions | the story that needs each |\n| --- | --- | --- | --- |\n".to_owned();
    let mut written = BTreeSet::new();
    for (Permission { function, resource, .. }, verdict) in outcomes {
        let story = needed_by(verdict);
        if !written.insert((function, resource, story)) {
            continue;
        }
        let is_alike = |(other, verdict): &&Outcome| {
            (&other.function, &other.resource, needed_by(verdict)) == (function, resource, story)
        };
        let actions = outcomes.iter().filter(is_alike).map(|(permission, _)| format!("`{}`", permission.action));
        let actions = actions.collect::<Vec<_>>().join(", ");
        let _ = writeln!(table, "| {function} | {resource} | {actions} | {story} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stack::Resource;

    fn permissions() -> Vec<Permission> {
        let bucket = Resource { logical: "Bucket".into(), kind: "S3::Bucket".into(), physical: "files".into() };
        let actions: Vec<String> = (0..40).map(|number| format!("s3:Action{number}")).collect();
        let document = json!({ "Statement": { "Action": actions, "Resource": "arn:aws:s3:::files" } });
        policy::allowed("Abort", ("role", "policy"), &document, &[bucket])
    }

    #[test]
    fn the_table_names_the_story_and_what_no_story_needs_is_said() {
        let mut two = permissions().into_iter();
        let mut next = || two.next().unwrap();
        let needed = || Verdict::NeededBy("it is cancelled");
        let outcomes = [(next(), needed()), (next(), Verdict::NotMissed), (next(), needed())];
        let lines: Vec<String> = table(&outcomes).lines().skip(2).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| Abort | Bucket | `s3:Action0`, `s3:Action2` | it is cancelled |",
                "| Abort | Bucket | `s3:Action1` | **none** |"
            ]
        );
        let complaints: Vec<_> = outcomes.iter().filter_map(complaint).collect();
        assert_eq!(complaints, ["no story fails without Abort: s3:Action1 on Bucket"]);
    }

    #[test]
    fn a_commit_draws_the_same_sample_again_and_over_many_each_has_its_turn() {
        let all = permissions();
        let drawn = |commit: usize| sample::drawn(&all, &format!("commit {commit}"));
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert!(all.iter().all(|permission| (0..200).any(|commit| drawn(commit).contains(permission))));
    }

    #[test]
    fn permissions_are_named_by_a_part_of_their_line() {
        let named = sample::named(&permissions(), &["Action39".into(), "Abort: s3:Action1 ".into()]);
        assert_eq!(named.len(), 2);
    }
}
