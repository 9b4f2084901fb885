//! Every resource of the API, once: its path, what it is in words, who may ask, and who answers.
//!
//! The router, the description (`/v1/openapi.json`) and the tests that go through all resources are made from this one
//! list, so that none of them can miss one.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Router, middleware};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{RefOr, Schema};

use super::door::{self, Door};
use super::login::LOGIN_LIMIT;
use super::{accounts, enrol, health, lists, login, parcels, parts, receipts, together};
use crate::hub::{Hub, metrics};

/// One resource and one method.
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// As the router writes it: `/v1/parcels/{id}`.
    pub path: String,
    pub door: Door,
    pub(super) operation: Operation,
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
    handler: MethodRouter<Arc<Hub>>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({:?})", self.method, self.path, self.door)
    }
}

/// All of them. A new one is a new line here.
pub fn routes() -> Vec<Route> {
    vec![
        Route::of(health::__path_healthz, Door::Open, health::healthz),
        Route::of(super::document::__path_openapi, Door::Open, super::document::openapi),
        Route::of(enrol::__path_enrol, Door::Open, enrol::enrol).limited(enrol::LIMIT),
        Route::of(enrol::__path_renew, Door::Certificate, enrol::renew).limited(enrol::LIMIT),
        Route::of(enrol::__path_admission, Door::Certificate, enrol::admission),
        Route::of(enrol::__path_admitted, Door::Certificate, enrol::admitted),
        Route::of(enrol::__path_list, Door::Login, enrol::list),
        Route::of(enrol::__path_revoke, Door::Admin, enrol::revoke),
        Route::of(enrol::__path_new_code, Door::Admin, enrol::new_code).limited(enrol::LIMIT),
        Route::of(enrol::__path_admit, Door::Admin, enrol::admit).limited(enrol::LIMIT),
        Route::of(enrol::__path_put_chest, Door::Admin, enrol::put_chest).limited(enrol::LIMIT),
        Route::of(enrol::__path_get_chest, Door::Login, enrol::get_chest),
        Route::of(lists::__path_facts, Door::Certificate, lists::facts),
        Route::of(lists::__path_crl, Door::Certificate, lists::crl),
        Route::of(login::__path_log_in, Door::Certificate, login::log_in).limited(LOGIN_LIMIT),
        Route::of(login::__path_refresh, Door::Certificate, login::refresh).limited(LOGIN_LIMIT),
        Route::of(login::__path_log_out, Door::Login, login::log_out),
        Route::of(login::__path_change_password, Door::Login, login::change_password).limited(LOGIN_LIMIT),
        Route::of(accounts::__path_list, Door::Admin, accounts::list),
        Route::of(accounts::__path_create, Door::FirstAccount, accounts::create).limited(LOGIN_LIMIT),
        Route::of(accounts::__path_change, Door::Admin, accounts::change).limited(LOGIN_LIMIT),
        Route::of(accounts::__path_remove, Door::Admin, accounts::remove),
        Route::of(lists::__path_offices, Door::Login, lists::offices),
        Route::of(lists::__path_inbox, Door::Login, lists::inbox),
        Route::of(lists::__path_sent, Door::Login, lists::sent),
        Route::of(parcels::__path_put_parcel, Door::Login, parcels::put_parcel),
        Route::of(parcels::__path_get_parcel, Door::Login, parcels::get_parcel),
        Route::of(parts::__path_put_part, Door::Login, parts::put_part),
        Route::of(parts::__path_get_parts, Door::Login, parts::get_parts),
        Route::of(parts::__path_commit, Door::Login, parts::commit),
        Route::of(receipts::__path_post_receipt, Door::Login, receipts::post_receipt).limited(receipts::RECEIPT_LIMIT),
        Route::of(together::__path_get_marks, Door::Login, together::get_marks),
        Route::of(together::__path_post_marks, Door::Login, together::post_marks).limited(together::MARKS_LIMIT),
        Route::of(together::__path_post_claims, Door::Login, together::post_claims),
    ]
}

/// What each door asks is asked before the handler sees anything.
pub(super) fn router(hub: &Arc<Hub>) -> Router<Arc<Hub>> {
    routes().into_iter().fold(Router::new(), |router, route| {
        let door = route.door;
        let guard = middleware::from_fn_with_state(Arc::clone(hub), move |hub, request, next| {
            door::guard(door, hub, request, next)
        });
        let meter = hub.metrics().of(&route.path, route.method.as_str());
        let count = middleware::from_fn_with_state(meter, metrics::count);
        router.route(&route.path, route.handler.route_layer(guard).route_layer(count))
    })
}

impl Route {
    /// `description` is the `__path_…` that `#[utoipa::path]` makes beside the handler.
    fn of<P, H, T>(description: P, door: Door, handler: H) -> Self
    where
        P: utoipa::Path + utoipa::__dev::SchemaReferences,
        H: Handler<T, Arc<Hub>>,
        T: 'static,
    {
        let _ = description;
        let (method, filter) = match P::methods().first() {
            Some(HttpMethod::Put) => (Method::PUT, MethodFilter::PUT),
            Some(HttpMethod::Post) => (Method::POST, MethodFilter::POST),
            Some(HttpMethod::Delete) => (Method::DELETE, MethodFilter::DELETE),
            // No resource of ours knows another.
            _ => (Method::GET, MethodFilter::GET),
        };
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        Self { method, path: P::path(), door, operation: P::operation(), schemas, handler: on(filter, handler) }
    }

    /// Takes bodies of at most so many bytes; without it, axum's two million hold for what is read whole.
    fn limited(mut self, bytes: usize) -> Self {
        self.handler = self.handler.layer(DefaultBodyLimit::max(bytes));
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_resource_is_there_twice_and_each_says_what_it_is() {
        let mut seen = BTreeSet::new();
        for route in routes() {
            let name = format!("{} {}", route.method, route.path);
            assert!(seen.insert(name.clone()), "{name} twice");
            assert!(route.operation.summary.is_some_and(|summary| !summary.is_empty()), "{name} says nothing");
        }
    }
}
