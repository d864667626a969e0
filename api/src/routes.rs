//! Every address of the house, as data: method, path, who may, how long, what it does, what it may refuse.
//!
//! The router, the limits, the OpenAPI document and the human page (`openapi`) are made from [`ROUTES`]; the tests knock on
//! every line of it in every role. A function can be reached only through its row, and what it takes and answers is not
//! said here: its arguments and its answer say it themselves ([`Endpoint`]).

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, get};
use axum::{Extension, Router};
use ledger::books::Role::{
    self, Administrator, Auditor, HousingAuthority, OwnersCommittee, PropertyCompany, StreetOffice,
};
use ledger::error::Rule;
use ledger::journal::voucher;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::door::{self, Door};
use crate::wire::{Endpoint, Schemas, Sketch};
use crate::{audit, bank, fees, front, fund, imports, journal, openapi, problem, property};

/// Whoever may read the books of a compound.
const READERS: &[Role] =
    &[PropertyCompany, OwnersCommittee, StreetOffice, HousingAuthority, Auditor];
/// Whoever keeps them.
const KEEPERS: &[Role] = &[PropertyCompany];
/// Whoever registers what no compound owns.
const OFFICES: &[Role] = &[StreetOffice, HousingAuthority];
/// Whoever looks at all books at once.
const EXAMINERS: &[Role] = &[HousingAuthority, Auditor];

/// Whoever may read the log of a compound.
const WATCHERS: &[Role] = &[OwnersCommittee, StreetOffice, HousingAuthority, Auditor];
/// Whoever may read the log of the house.
const GUARDS: &[Role] = &[Administrator, Auditor];
/// Whoever may see an owner's numbers, for a reason.
const TRUSTED: &[Role] = &[PropertyCompany, StreetOffice];

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Half a minute.
    Quick,
    /// As long as the settings say: files, whole months, whole books.
    Long,
    /// As long; and looked up anew each time, because it asks the rows themselves and not what acts left.
    Live,
}

/// An address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with its `{places}`.
    pub path: &'static str,
    /// Who may.
    pub roles: &'static [Role],
    /// How long it may take.
    pub time: Time,
    /// The function's name, unique: the operation's id.
    pub id: &'static str,
    /// What it does, in a few words of Chinese.
    pub summary: &'static str,
    /// What one should know of it.
    pub about: &'static str,
    /// The rules of its verb that it may refuse by, besides those of every door.
    pub rules: &'static [&'static [&'static Rule]],
    make: fn() -> MethodRouter<Door>,
    draw: for<'a> fn(&'a mut Schemas) -> Sketch<'a>,
}

macro_rules! routes {
    ($($method:ident $time:ident $path:literal $roles:ident $function:path:
       $summary:literal $about:literal [$($rules:expr),*];)*) => {
        /// The whole table.
        pub static ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: concat!("/api/v1", $path),
            roles: $roles,
            time: Time::$time,
            id: stringify!($function),
            summary: $summary,
            about: $about,
            rules: &[$($rules),*],
            make: || $function.behind(MethodFilter::$method),
            draw: |schemas| {
                let mut sketch = Sketch::new(schemas);
                $function.draw(&mut sketch);
                sketch
            },
        }),*];
    };
}

/// A room is looked up by its code.
static ROOM: &[&Rule] = &[&property_rules::ROOM, &property_rules::NO_DWELLING];
/// A voucher is made.
static POST: &[&Rule] =
    &[&voucher::TEXT, &ledger::seal::IN_TEXT, &voucher::ANCIENT, &voucher::FUTURE];
/// A bank line is claimed.
static CLAIM: &[&Rule] = bank_rules::RULES;
/// A file is read and judged.
static FILE: &[&Rule] = ledger::intake::RULES;
/// What a page of paging may get wrong.
static PAGE: &[&Rule] = &[&problem::CURSOR, &problem::TOO_LONG];

use ledger::journal as journal_rules;
use ledger::property as property_rules;
use ledger::{bank as bank_rules, fees as fee_rules, fund as fund_rules, import as import_rules};

routes! {
    GET Quick "/areas" READERS property::areas:
        "列出区划" "市、区、街道、社区，依代码。" [];
    POST Quick "/areas" OFFICES property::draw_area:
        "登记区划" "自上而下逐级登记。"
        [&[&property_rules::AREA_SHAPE, &property_rules::AREA_TAKEN, &property_rules::NO_AREA, &property_rules::AREA_ORDER]];
    GET Quick "/compounds" READERS property::list:
        "列出小区" "依代码。" [];
    POST Quick "/compounds" KEEPERS property::found:
        "建立小区" "为新小区开立四本账簿。房屋由房产清册导入，见 /registers。"
        [&[&property_rules::COMPOUND_SHAPE, &ledger::seal::IN_TEXT, &property_rules::CODE_TAKEN, &property_rules::NO_AREA]];
    POST Long "/registers" KEEPERS imports::take_register:
        "导入房产清册" "小区代码是新的则先建立小区。请求体就是文件，或表单里唯一的文件。先用 dry_run=true 预览。"
        [FILE, import_rules::RULES, property_rules::RULES, ledger::seal::RULES];
    GET Quick "/compounds/{compound}" READERS property::one:
        "查看小区" "" [];
    GET Quick "/compounds/{compound}/dwellings" READERS property::dwellings:
        "列出房屋" "依房号的自然顺序；产权人只显示姓。" [];
    GET Quick "/compounds/{compound}/dwellings/{room}" READERS property::dwelling:
        "查看房屋" "产权人只显示姓，证件号、电话遮盖。" [ROOM, ledger::seal::RULES];
    POST Quick "/compounds/{compound}/dwellings/{room}/conveyances" KEEPERS property::convey:
        "办理过户" "产权人变更；维修资金余额随房屋走（165号令第二十八条）。"
        [ROOM, ledger::seal::RULES, &[&property_rules::OWNER_SHAPE, &property_rules::SHARES, &property_rules::CONVEYED_EARLY]];
    GET Quick "/compounds/{compound}/dwellings/{room}/fund-statement" READERS fund::statement:
        "维修资金对账单" "一户的分户账：期初、逐笔、期末。format=pdf 可打印。" [ROOM, &[&fund_rules::PERIOD]];
    GET Quick "/compounds/{compound}/dwellings/{room}/fees" READERS fees::account:
        "一户的物业费" "账单、已缴、尚欠、预存。" [ROOM];
    GET Quick "/compounds/{compound}/fund-balances" READERS fund::balances:
        "各户维修资金余额" "有过变动的各户；可查往日，也可查那时所知。" [];
    GET Quick "/compounds/{compound}/fee-standings" READERS fees::standings:
        "各户欠费与预存" "出过账单的各户；可查往日，也可查那时所知。" [];
    GET Quick "/compounds/{compound}/books/{book}/accounts" READERS journal::accounts:
        "科目表" "" [];
    GET Quick "/compounds/{compound}/books/{book}/trial-balance" READERS journal::trial_balance:
        "试算平衡表" "可查往日，也可查那时所知。" [];
    GET Quick "/compounds/{compound}/books/{book}/vouchers" READERS journal::vouchers:
        "列出凭证" "依记账顺序。" [];
    GET Quick "/compounds/{compound}/books/{book}/vouchers/{year}/{number}" READERS journal::voucher:
        "查看凭证" "format=text 为规范文本：印记就是对它计算的。" [&[&journal_rules::NO_VOUCHER]];
    GET Quick "/compounds/{compound}/books/{book}/closes" READERS journal::closes:
        "列出结账" "各月的印记，供与公示的核对。" [];
    GET Live "/compounds/{compound}/books/{book}/export" READERS journal::export:
        "导出账簿" "整本账簿，可用 hledger 独立核对。" [];
    POST Quick "/compounds/{compound}/reversals" KEEPERS journal::reverse:
        "冲销凭证" "每张凭证只能冲销一次；认领的银行流水随之放开。"
        [POST, &[&journal_rules::NO_VOUCHER, &journal_rules::REVERSES_REVERSAL, &journal_rules::REVERSES_CLOSING,
            &journal_rules::REVERSED, &journal_rules::REVERSES_LATER]];
    POST Long "/compounds/{compound}/closes" KEEPERS journal::close:
        "结账" "月份结束后依次结账；结账后不得再改，差错记迟到凭证。"
        [&[&journal_rules::NOT_ENDED, &journal_rules::OUT_OF_ORDER, &journal_rules::CLOSED]];
    POST Quick "/compounds/{compound}/deposits" KEEPERS fund::deposit:
        "登记交存" "认领银行流水，或手工登记金额与日期。"
        [ROOM, POST, CLAIM, fund_rules::RULES];
    POST Quick "/compounds/{compound}/payments" KEEPERS fees::pay:
        "登记缴费" "先清旧欠，余额预存。"
        [ROOM, POST, CLAIM, &[&fee_rules::AMOUNT]];
    GET Quick "/compounds/{compound}/payments" READERS fees::receipts:
        "列出收据" "依收据编号。" [ROOM];
    POST Long "/compounds/{compound}/bills" KEEPERS fees::bill:
        "出账单" "一批账单一张凭证；有预存的先抵扣。"
        [ROOM, POST, fee_rules::RULES];
    GET Quick "/compounds/{compound}/bank-lines" READERS bank::lines:
        "列出银行流水" "付款人只显示姓，长号码只留末四位。" [];
    POST Long "/compounds/{compound}/imports" KEEPERS imports::take:
        "导入文件" "请求体就是文件，或表单里唯一的文件。先用 dry_run=true 预览；退回的行在 report.rejected。同一行只入账一次。"
        [FILE, import_rules::RULES, property_rules::RULES, POST, ledger::seal::RULES];
    GET Quick "/compounds/{compound}/imports" READERS imports::list:
        "列出导入" "后导入的在前。" [];
    POST Long "/compounds/{compound}/imports/{no}/undo" KEEPERS imports::undo:
        "撤销导入" "凭证逐张红字冲销，不删除。"
        [import_rules::RULES, POST, journal_rules::RULES];
    POST Quick "/compounds/{compound}/dwellings/{room}/owners/reveal" TRUSTED audit::reveal:
        "查看产权人完整信息" "完整的姓名、证件号、电话；须写明事由，先记入操作记录再答复。"
        [ROOM, ledger::audit::RULES, ledger::seal::RULES];
    GET Live "/compounds/{compound}/audit" WATCHERS audit::compound:
        "小区操作记录" "谁、何时、从何处、做了什么；个人信息已遮盖。整份导出也记入操作记录。" [];
    GET Live "/audit" GUARDS audit::house:
        "全部操作记录" "同上，全部小区与总册。" [];
    GET Live "/compounds/{compound}/verify" READERS journal::verify:
        "核验小区账册" "逐条检查账册必须成立的规律，重算每张凭证的印记。" [];
    GET Live "/verify" EXAMINERS journal::verify_all:
        "核验全部账册" "同上，全部小区。" [];
}

/// The row of a path and a method; `HEAD` is asked of a `GET`.
#[must_use]
pub fn row(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|route| route.path == path && route.method == method.as_str())
}

/// A body that is not a file.
pub const JSON_MOST: usize = 1 << 20;
/// What a form adds to the file in it.
const FORM_MOST: usize = 1 << 16;

impl Route {
    /// What it takes and answers.
    pub fn sketch<'a>(&self, schemas: &'a mut Schemas) -> Sketch<'a> {
        (self.draw)(schemas)
    }

    /// Whether it is at a compound, whose existence is then looked up first.
    #[must_use]
    pub fn is_at_compound(&self) -> bool {
        self.path.contains("{compound}")
    }

    /// Whether its answers carry an entity tag.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.method == "GET" && self.time != Time::Live
    }

    /// Every rule it may refuse by: its own, and those of every door that is made as it is.
    #[must_use]
    pub fn refusals(&self, sketch: &Sketch<'_>) -> Vec<&'static Rule> {
        let mut rules: Vec<&'static Rule> = vec![
            &problem::UNKNOWN_CALLER,
            &problem::ROLE,
            &problem::SHAPE,
            &problem::TOO_FAST,
            &problem::BUSY,
            &problem::SLOW,
            &problem::BUG,
            &problem::UNREACHABLE,
            &problem::FULL,
            &problem::GUARD,
            &problem::FILE,
            &ledger::books::KEY_SHAPE,
        ];
        if sketch.is_at_compound {
            rules.push(&property_rules::NO_COMPOUND);
        }
        if !sketch.places.is_empty() {
            rules.push(&problem::NO_ROUTE);
        }
        if sketch.is_list {
            rules.extend(PAGE);
        }
        if !sketch.body.is_empty() {
            rules.push(&problem::TOO_LARGE);
        }
        if !sketch.body.is_empty() && !sketch.is_upload {
            rules.push(&problem::CONTENT_TYPE);
        }
        if self.method == "POST" {
            use ledger::books::{KEY_DIFFERS, NO_COMPOUND, OVERLOADED};
            rules.extend([&problem::UNKNOWN_OUTCOME, &OVERLOADED, &NO_COMPOUND, &KEY_DIFFERS]);
        }
        rules.extend(self.rules.iter().copied().flatten());
        let mut seen = std::collections::HashSet::new();
        rules.retain(|rule| seen.insert(rule.code));
        rules
    }

    /// How many bytes its body may have.
    #[must_use]
    pub fn body_most(&self, sketch: &Sketch<'_>, upload_bytes: usize) -> usize {
        if sketch.is_upload { upload_bytes } else { JSON_MOST }
    }
}

/// The router of all of it.
pub fn router(door: Door) -> Router {
    let mut router = Router::new()
        .route("/", get(front::page))
        .route("/healthz", get(front::healthz))
        .route("/readyz", get(front::readyz))
        .route("/api/openapi.json", get(openapi::json))
        .route("/api/docs", get(openapi::page))
        .route("/problems", get(openapi::rules))
        .route("/problems/{code}", get(openapi::rule));
    let mut schemas = Schemas::default();
    for route in ROUTES {
        let sketch = route.sketch(&mut schemas);
        let most = route.body_most(&sketch, door.config.upload_bytes);
        let beside = if sketch.is_upload { FORM_MOST } else { 0 };
        let guard = from_fn_with_state((door.clone(), route), door::admit);
        let made = (route.make)()
            .route_layer(DefaultBodyLimit::max(most + beside))
            .route_layer(Extension(door::Most(most)))
            .route_layer(guard);
        router = router.route(route.path, made);
    }
    let cors = cors(&door);
    let router = router
        .fallback(door::no_route)
        .method_not_allowed_fallback(door::no_method)
        .layer(CatchPanicLayer::custom(door::panicked))
        .layer(from_fn_with_state(door.clone(), door::frame))
        .with_state(door);
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Which pages of other origins may call from a browser: none, unless the settings name them. No cookies in any case.
fn cors(door: &Door) -> Option<CorsLayer> {
    let origins = &door.config.origins;
    let named = |name| HeaderName::from_static(name);
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_NONE_MATCH,
                named("idempotency-key"),
            ])
            .expose_headers([
                header::ETAG,
                header::RETRY_AFTER,
                named("x-request-id"),
                named("idempotent-replayed"),
                named("ratelimit"),
                named("ratelimit-policy"),
            ])
            .max_age(std::time::Duration::from_secs(600))
    })
}
