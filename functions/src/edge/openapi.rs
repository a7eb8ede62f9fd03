//! The OpenAPI 3.1 document, made from the routes themselves.

use std::collections::BTreeMap;

use slipway_protocol::wire::error::{ErrorBody, ErrorCode};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Routes with their documentation.
pub type Routes = OpenApiRouter<App>;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Slipway",
        description = "Uploads of any size straight into S3-compatible storage, shared in rooms.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(ErrorBody)),
    modifiers(&MemberToken)
)]
struct Base;

struct MemberToken;

impl Modify for MemberToken {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token that joining a room gives. Ends after 12 h without a call, 30 days at most."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("member", SecurityScheme::Http(scheme.build()));
    }
}

/// The document without its paths.
pub fn base() -> OpenApi {
    Base::openapi()
}

/// The errors that any call may answer, for a route's `responses(…)`.
#[derive(Clone, Copy, Debug)]
pub struct Failures;

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut codes = BTreeMap::<u16, Vec<&str>>::new();
        for code in ErrorCode::ALL {
            codes.entry(code.status()).or_default().push(code.as_str());
        }
        codes.into_iter().map(|(status, codes)| (status.to_string(), failure(&codes).into())).collect()
    }
}

fn failure(codes: &[&str]) -> Response {
    let schema = Ref::from_schema_name("ErrorBody");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(codes.join(", ")).content("application/json", content).build()
}
