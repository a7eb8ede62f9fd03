//! The routes of each function. A Lambda serves its own, dev-server all of them.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use slipway_protocol::wire::error::ErrorCode;
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::edge::answer::answer;
use crate::edge::cdn::by_cdn_only;
use crate::edge::cors::cors;
use crate::edge::error::ApiFailure;
use crate::edge::extract::MAX_BODY_BYTES;
use crate::edge::openapi::{self, Routes};
use crate::routes;

/// The name of a function's binary, and its routes.
pub type Function = (&'static str, fn() -> Routes);

/// The functions that answer HTTP.
pub const FUNCTIONS: [Function; 7] = [
    ("rooms", rooms),
    ("initiate", initiate),
    ("presign", presign),
    ("status", status),
    ("complete", complete),
    ("abort", abort),
    ("downloads", downloads),
];

/// Rooms, members, links, and the lists of a room.
pub fn rooms() -> Routes {
    OpenApiRouter::new()
        .merge(routes::rooms::router())
        .merge(routes::members::router())
        .merge(routes::links::router())
        .merge(routes::audit::router())
        .merge(routes::events::router())
        .merge(routes::files::router())
        .merge(routes::openapi::router(document))
}

/// Begins uploads.
pub fn initiate() -> Routes {
    routes::initiate::router()
}

/// Signs parts.
pub fn presign() -> Routes {
    routes::presign::router()
}

/// Status of uploads, and their adoption by other members.
pub fn status() -> Routes {
    OpenApiRouter::new().merge(routes::status::router()).merge(routes::adopt::router())
}

/// Verifies and completes uploads.
pub fn complete() -> Routes {
    routes::complete::router()
}

/// Cancels uploads.
pub fn abort() -> Routes {
    routes::abort::router()
}

/// Downloads and removal of files.
pub fn downloads() -> Routes {
    routes::downloads::router()
}

/// All routes of all functions.
pub fn all() -> Routes {
    FUNCTIONS.iter().fold(OpenApiRouter::new(), |all, (_, routes)| all.merge(routes()))
}

/// The OpenAPI document of all routes.
pub fn document() -> OpenApi {
    OpenApiRouter::with_openapi(openapi::base()).merge(all()).merge(routes::health::router()).into_openapi()
}

/// `METHOD /path` of each route, and the names of the functions that answer it.
pub fn served() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut served = BTreeMap::<_, BTreeSet<_>>::new();
    for (name, routes) in FUNCTIONS {
        let document = routes().merge(routes::health::router()).into_openapi();
        for (path, item) in document.paths.paths {
            for method in methods(&item) {
                served.entry(format!("{method} {path}")).or_default().insert(name);
            }
        }
    }
    served
}

fn methods(item: &PathItem) -> impl Iterator<Item = &'static str> {
    let all = [
        ("GET", &item.get),
        ("PUT", &item.put),
        ("POST", &item.post),
        ("DELETE", &item.delete),
        ("PATCH", &item.patch),
        ("HEAD", &item.head),
        ("OPTIONS", &item.options),
    ];
    all.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method)
}

/// A router with health, JSON errors for unknown paths, CORS and logging.
pub fn serve(app: App, routes: Routes) -> Router {
    let (router, _) = routes.merge(routes::health::router()).split_for_parts();
    router
        // The answers of axum itself are not the JSON that clients parse.
        .fallback(async || ApiFailure::not_found())
        .method_not_allowed_fallback(async || {
            ApiFailure::new(ErrorCode::MethodNotAllowed, "This path does not take that method.")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(app.clone(), cors))
        // Before all that reads anything, a preflight included.
        .layer(from_fn_with_state(app.clone(), by_cdn_only))
        // Outermost: what the other layers refuse gets its body, headers and log line here as well.
        .layer(from_fn_with_state(app.config.call.answer, answer))
        .with_state(app)
}
