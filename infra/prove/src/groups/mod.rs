//! What is proved, in order. A new story is a file here and a line in [`ALL`].

mod api;
mod browser;
mod delete;
mod deploy;
mod finish;
mod own_origin;
mod routes;
mod sweep;
mod update;

use anyhow::Result;
use futures::future::BoxFuture;

use crate::permissions;
use crate::run::Run;

type Step = for<'a> fn(&'a mut Run) -> BoxFuture<'a, Result<()>>;

/// A story with a verdict of its own. Each can be run alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    /// Runs before all groups, to start what takes its time meanwhile.
    pub(crate) prepare: Option<Step>,
    pub(crate) prove: Step,
}

const fn group(name: &'static str, prove: Step) -> Group {
    Group { name, prepare: None, prove }
}

pub(crate) const ALL: &[Group] = &[
    group("deploy", |run| Box::pin(deploy::prove(run))),
    group("routes", |run| Box::pin(routes::prove(run))),
    group("api", |run| Box::pin(api::prove(run))),
    // Before the update, after which parts no longer go straight to the bucket.
    group("browser", |run| Box::pin(browser::prove(run))),
    group("finish", |run| Box::pin(finish::prove(run))),
    // In a stack of its own.
    group("permissions", |run| Box::pin(permissions::prove(run))),
    group("update", |run| Box::pin(update::prove(run))),
    group("own-origin", |run| Box::pin(own_origin::prove(run))),
    // Late, since its schedule runs meanwhile.
    Group { prepare: Some(|run| Box::pin(sweep::prepare(run))), ..group("sweep", |run| Box::pin(sweep::prove(run))) },
    group("delete", |run| Box::pin(delete::prove(run))),
];
