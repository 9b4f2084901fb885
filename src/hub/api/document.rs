//! The API's description of itself (OpenAPI 3.1), made from the table of resources.
//!
//! `docs/openapi.json` is this, written down: `tayori-hub openapi > docs/openapi.json`.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, Info, License, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, ResponseBuilder, Schema,
};

use super::door::Door;
use super::table::{Route, routes};
use crate::wire::{PROBLEM_TYPE, Problem};

/// This description
#[utoipa::path(get, path = "/v1/openapi.json", tag = "hub",
    responses((status = 200, body = Object, content_type = "application/json")))]
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], description()).into_response()
}

/// The description as text, the same for every hub of this version.
pub fn description() -> String {
    let text = document().to_pretty_json().unwrap_or_default();
    text + "\n"
}

fn document() -> OpenApi {
    let mut components = Components::new();
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    <Problem as utoipa::ToSchema>::schemas(&mut schemas);
    schemas.push(("Problem".into(), <Problem as utoipa::PartialSchema>::schema()));
    let mut paths = Paths::new();
    for route in routes() {
        let (path, method, mut operation) = (route.path.clone(), method_of(&route), route.operation);
        // Every resource may say no, and says it in one way.
        operation.responses.responses.insert("default".into(), problem().into());
        operation.security = Some(match route.door {
            Door::Open => vec![SecurityRequirement::default()],
            Door::Certificate => vec![requirement(&["certificate"])],
            Door::Login | Door::Admin => vec![requirement(&["certificate", "login"])],
            Door::FirstAccount => vec![requirement(&["certificate", "login"]), requirement(&["certificate"])],
        });
        schemas.extend(route.schemas);
        paths.add_path_operation(path, vec![method], operation);
    }
    components.schemas.extend(schemas);
    components.add_security_scheme(
        "certificate",
        SecurityScheme::MutualTls { description: None, deprecated: None, extensions: None },
    );
    components.add_security_scheme("login", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let mut info = Info::new("Tayori hub", env!("CARGO_PKG_VERSION"));
    info.description = Some("Carries sealed parcels between care offices. TLS 1.3 with a client certificate.".into());
    info.license = Some(License::new("MIT OR Apache-2.0"));
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn requirement(names: &[&str]) -> SecurityRequirement {
    names.iter().fold(SecurityRequirement::default(), |all, name| all.add(*name, Vec::<String>::new()))
}

fn problem() -> utoipa::openapi::Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description("No, and why (RFC 9457)").content(PROBLEM_TYPE, content).build()
}

fn method_of(route: &Route) -> HttpMethod {
    match route.method.as_str() {
        "PUT" => HttpMethod::Put,
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_in_docs_is_the_one_the_code_makes() {
        let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&kept, description()).unwrap();
        }
        let kept = std::fs::read_to_string(kept).unwrap_or_default();
        assert!(kept == description(), "stale: UPDATE_DOCS=1 cargo test --lib hub::api::document");
    }

    #[test]
    fn every_resource_is_described_and_nothing_else() {
        let document = document();
        let described: usize = document
            .paths
            .paths
            .values()
            .map(|item| {
                [&item.get, &item.put, &item.post, &item.delete]
                    .into_iter()
                    .filter(|operation| operation.is_some())
                    .count()
            })
            .sum();
        assert_eq!(described, routes().len());
    }
}
