//! Every address of the house: method, path, who may, what it does.
//!
//! The table is data: the router is made from it, and the tests knock on every line of it in every role.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use axum::{Extension, Router, http};
use ledger::books::Role::{
    self, Auditor, HousingAuthority, OwnersCommittee, PropertyCompany, StreetOffice,
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::door::{self, Door};
use crate::{bank, fees, front, fund, imports, journal, property};

/// Whoever may read the books of a compound.
const READERS: &[Role] =
    &[PropertyCompany, OwnersCommittee, StreetOffice, HousingAuthority, Auditor];
/// Whoever keeps them.
const KEEPERS: &[Role] = &[PropertyCompany];

/// An address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with its `{places}`.
    pub path: &'static str,
    /// Who may.
    pub roles: &'static [Role],
    make: fn() -> MethodRouter<Door>,
}

macro_rules! routes {
    ($($method:ident $path:literal $roles:ident $function:path;)*) => {
        /// The whole table.
        pub const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: concat!("/api/v1", $path),
            roles: $roles,
            make: || to(stringify!($method), $function),
        }),*];
    };
}

routes! {
    GET  "/compounds"                                                READERS property::list;
    POST "/compounds"                                                KEEPERS property::found;
    GET  "/compounds/{compound}"                                     READERS property::one;
    GET  "/compounds/{compound}/dwellings"                           READERS property::dwellings;
    GET  "/compounds/{compound}/dwellings/{room}"                    READERS property::dwelling;
    GET  "/compounds/{compound}/dwellings/{room}/fund-statement"     READERS fund::statement;
    GET  "/compounds/{compound}/dwellings/{room}/fees"               READERS fees::account;
    GET  "/compounds/{compound}/books/{book}/trial-balance"          READERS journal::trial_balance;
    GET  "/compounds/{compound}/books/{book}/vouchers"               READERS journal::vouchers;
    GET  "/compounds/{compound}/books/{book}/vouchers/{year}/{number}" READERS journal::voucher;
    GET  "/compounds/{compound}/books/{book}/export"                 READERS journal::export;
    POST "/compounds/{compound}/reversals"                           KEEPERS journal::reverse;
    POST "/compounds/{compound}/closes"                              KEEPERS journal::close;
    POST "/compounds/{compound}/deposits"                            KEEPERS fund::deposit;
    POST "/compounds/{compound}/payments"                            KEEPERS fees::pay;
    GET  "/compounds/{compound}/payments"                            READERS fees::receipts;
    POST "/compounds/{compound}/bills"                               KEEPERS fees::bill;
    GET  "/compounds/{compound}/bank-lines"                          READERS bank::lines;
    POST "/compounds/{compound}/imports"                             KEEPERS imports::take;
    GET  "/compounds/{compound}/imports"                             READERS imports::list;
    POST "/compounds/{compound}/imports/{no}/undo"                   KEEPERS imports::undo;
    GET  "/compounds/{compound}/verify"                              READERS journal::verify;
}

/// A body that is not a file.
const JSON_MOST: usize = 1 << 20;
/// What a form adds to the file in it.
const FORM_MOST: usize = 1 << 16;

fn to<H, T>(method: &str, function: H) -> MethodRouter<Door>
where
    H: Handler<T, Door>,
    T: 'static,
{
    let filter =
        if method == http::Method::GET.as_str() { MethodFilter::GET } else { MethodFilter::POST };
    on(filter, function)
}

/// The router of all of it.
pub fn router(door: Door) -> Router {
    let mut router = Router::new()
        .route("/", get(front::page))
        .route("/healthz", get(front::healthz))
        .route("/readyz", get(front::readyz));
    for route in ROUTES {
        let guard = from_fn_with_state((door.clone(), route.roles), door::admit);
        let is_upload = route.path.ends_with("/imports");
        let (most, beside) =
            if is_upload { (door.config.upload_bytes, FORM_MOST) } else { (JSON_MOST, 0) };
        let made = (route.make)()
            .route_layer(DefaultBodyLimit::max(most + beside))
            .route_layer(Extension(door::Most(most)))
            .route_layer(guard);
        router = router.route(route.path, made);
    }
    router
        .fallback(door::no_route)
        .method_not_allowed_fallback(door::no_method)
        .layer(CatchPanicLayer::custom(door::panicked))
        .layer(from_fn_with_state(door.clone(), door::frame))
        .with_state(door)
}
