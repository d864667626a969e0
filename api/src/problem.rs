//! What went wrong, as RFC 9457 tells it: `application/problem+json`.
//!
//! Owns: [`Problem`], the doors' own rules, the one table that turns a failure into a status.
//!
//! Always: `title` is the rule, `detail` the evidence, `remedy` what to do now, `code` what a program branches on,
//! `instance` the request's number; the facts of a refusal are members beside them. Never: the storage's own words,
//! which go to the log once, with the request's number.

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::error::{Error, Kind, Refusal, Rule, Storage};
use ledger::mask;
use serde_json::{Map, Value, json};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Kind::$kind, rule: $rule, remedy: $remedy };)*
        /// The doors' own rules, in the order they are checked; what storage failures are told as comes last.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// No such address.
    NO_ROUTE = Missing, "door.no-route",
        "没有这个地址", "检查路径；接口清单见首页";
    /// The address is there, the method is not.
    METHOD = Shape, "door.method",
        "这个地址不支持该请求方法", "检查请求方法；可用的方法见 Allow 头";
    /// Nobody we know.
    UNKNOWN_CALLER = Forbidden, "door.unknown-caller",
        "须出示有效的访问令牌", "在 Authorization 头中写 Bearer 加令牌；令牌由管理员发放";
    /// A page of somebody else's makes a browser act.
    CROSS_SITE = Forbidden, "door.cross-site",
        "凭 Cookie 办理的请求须来自本站页面", "从本站页面办理，或改用 Authorization 头";
    /// Somebody we know, in a role that may not.
    ROLE = Forbidden, "door.role",
        "该角色无权办理此项", "请由有权的角色办理，或联系管理员调整";
    /// An owner at a dwelling that is not theirs, or not there.
    NOT_BOUND = Forbidden, "door.dwelling",
        "业主只能查看、办理与本人账号绑定的房屋", "核对房号；是本人房屋的，请管理员凭产权证绑定";
    /// A body, a query or a path that does not fit.
    SHAPE = Shape, "door.shape",
        "请求须符合接口的格式：字段齐全、类型正确、没有多余字段", "按说明改正请求后重发";
    /// A cursor that was given for something else.
    CURSOR = Shape, "door.cursor",
        "游标须原样取自同一清单、同一筛选条件的上一页",
        "把上一页的 next 原样填入 after；筛选条件变了的，从第一页查起";
    /// The longest xlsx there is.
    TOO_LONG = Refused, "door.list-too-long",
        "xlsx 工作表至多 1,048,575 行", "改用 format=csv，或缩小筛选范围";
    /// A character our type does not have: nothing is printed in part.
    NO_GLYPH = Refused, "door.no-glyph",
        "单据上的每一个字须在打印字库之内，缺字的单据不印",
        "改用 format=text 或 json 查看；姓名用字无误的，请管理员补充字库";
    /// There is no such document.
    NO_DOCUMENT = Missing, "report.unknown",
        "单据须在单据一览之内", "用 xiaoqu report list 或 GET …/reports 查看全部单据";
    /// A document is asked for with too little, too much, or what it is not.
    REPORT_ASKED = Shape, "report.asked",
        "单据须写齐所需的参数，不写它不收的参数", "用 xiaoqu report list 查看每种单据的参数";
    /// What a paper's QR says cannot be read.
    REPORT_CODE = Shape, "report.code",
        "校验须用单据上二维码的全文，或纸脚的校验码与编号", "重新扫描二维码，整段照抄；凭校验码的，照纸脚写编号，另写所缺的各项";
    /// A paper no longer says what the books say, and is not printed again as if it did.
    REPORT_CHANGED = Refused, "report.changed",
        "照原样重印的，账簿所载须与原件相同", "加 --anew 依现在的账簿再版，再版说明写明前后与缘由";
    /// Something on a sheet is larger than its paper.
    NO_SPACE = Refused, "report.no-space",
        "单据须在所选的纸张上排得下", "换较大的纸张，或改用 format=xlsx、csv、text";
    /// A template that cannot be used.
    TEMPLATE = Shape, "report.template",
        "模板只能使用该单据已有的字段，格式为 TOML", "用 xiaoqu report template show 查看字段与现行模板";
    /// Not what the route takes.
    CONTENT_TYPE = Shape, "door.content-type",
        "请求体的类型须为接口所收的类型", "JSON 请求请写 Content-Type: application/json";
    /// More than a door takes in.
    TOO_LARGE = Shape, "door.too-large",
        "请求体不得超过此处的上限", "拆成几次提交";
    /// Too often.
    TOO_FAST = Busy, "door.too-fast",
        "请求的快慢不得超过约定", "按 Retry-After 所说的秒数等一等再发；批量业务请合并提交";
    /// Too many at once.
    BUSY = Busy, "door.busy",
        "同时在办的请求已满，没有受理本次请求", "按 Retry-After 所说的秒数等一等，用同一幂等键重发";
    /// The client is too slow to say what it wants.
    SLOW_BODY = Shape, "door.slow-body",
        "请求体须在时限内到齐", "检查网络后重发；没有到齐的请求没有办理";
    /// It took too long; the act may go on.
    SLOW = Busy, "door.timeout",
        "处理超时，结果未定", "用同一幂等键重发：已经办成的返回原结果，没有办成的会重新办理";
    /// A bug of ours.
    BUG = Refused, "door.bug",
        "程序内部错误，本次操作没有入账", "请把 instance 中的请求编号告诉管理员";
    /// The database is away.
    UNREACHABLE = Busy, "storage.unreachable",
        "暂时连不上数据库，本次操作没有入账", "请稍后用同一幂等键重试";
    /// No room.
    FULL = Busy, "storage.full",
        "存储空间已满，本次操作没有入账", "请联系管理员清理磁盘后重试";
    /// The commit's answer was lost.
    UNKNOWN_OUTCOME = Busy, "storage.unknown-outcome",
        "提交时失去与数据库的联系，结果未定", "用同一幂等键重发即可得知：已入账的返回原结果，未入账的会重新办理";
    /// The database refused what the rooms should have.
    GUARD = Refused, "storage.guard",
        "数据库拒绝了本次写入，没有入账", "请把 instance 中的请求编号告诉管理员";
    /// A file of ours.
    FILE = Busy, "storage.file",
        "服务器上的文件无法读写", "请联系管理员检查磁盘与权限";
}

/// The one status table: by code where HTTP has a status of its own for it, else by what kind of answer it is.
#[must_use]
pub fn status_of(rule: &Rule) -> StatusCode {
    match rule.code {
        "door.unknown-caller" | "people.login" | "people.code-wanted" => StatusCode::UNAUTHORIZED,
        "door.method" => StatusCode::METHOD_NOT_ALLOWED,
        "door.content-type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "door.too-large" => StatusCode::PAYLOAD_TOO_LARGE,
        "door.slow-body" => StatusCode::REQUEST_TIMEOUT,
        "door.too-fast" => StatusCode::TOO_MANY_REQUESTS,
        "door.bug" | "storage.guard" | "storage.file" => StatusCode::INTERNAL_SERVER_ERROR,
        "storage.full" => StatusCode::INSUFFICIENT_STORAGE,
        _ => match rule.kind {
            Kind::Shape => StatusCode::BAD_REQUEST,
            Kind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Missing => StatusCode::NOT_FOUND,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        },
    }
}

/// A failure on its way out. It rides in the response's extensions until [`crate::door::frame`] writes and logs it.
#[derive(Clone, Debug)]
pub struct Problem {
    refusal: Refusal,
    cause: Option<Arc<Error>>,
}

impl Problem {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        status_of(self.refusal.rule)
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.refusal.rule.code
    }

    /// Whether a rule said no to what was well-formed and known: an attempt, not a slip of the pen.
    #[must_use]
    pub fn is_refused_by_rule(&self) -> bool {
        let kind = self.refusal.rule.kind;
        self.cause.is_none() && matches!(kind, Kind::Refused | Kind::Conflict | Kind::Forbidden)
    }

    /// The storage's failure behind it, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&Error> {
        self.cause.as_deref()
    }

    /// Its members, without the request's number.
    #[must_use]
    pub fn members(&self) -> Map<String, Value> {
        let Rule { code, rule, .. } = self.refusal.rule;
        let told = json!({
            "type": format!("/problems/{code}"),
            "title": rule,
            "status": self.status().as_u16(),
            "detail": mask::text_of_persons(&self.refusal.evidence),
            "remedy": self.refusal.remedy(),
            "code": code,
        });
        let Value::Object(mut members) = told else { return Map::new() };
        for (name, value) in &self.refusal.facts {
            let value = match value {
                Value::String(text) => Value::from(mask::text_of_persons(text)),
                other => other.clone(),
            };
            members.entry(name.clone()).or_insert(value);
        }
        members
    }

    /// The whole answer, under the request's number.
    #[must_use]
    pub fn answer(&self, instance: &str) -> Response {
        let mut members = self.members();
        members.insert("instance".to_owned(), instance.into());
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status(), Json(members)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        let told = self.refusal.facts.get("retry_after_seconds").and_then(Value::as_u64);
        let headers = response.headers_mut();
        match self.status() {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(told.unwrap_or(2)));
            }
            StatusCode::UNAUTHORIZED => {
                let bearer = HeaderValue::from_static("Bearer realm=\"xiaoqu\"");
                headers.insert(header::WWW_AUTHENTICATE, bearer);
            }
            _ => {}
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem { refusal, cause: None }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (rule, evidence) = match &error {
            Error::Refused(refusal) => return Problem::from((**refusal).clone()),
            Error::Storage(Storage::Unreachable(_)) => (&UNREACHABLE, "数据库没有应答"),
            Error::Storage(Storage::Full(_)) => (&FULL, "写入时空间不足"),
            Error::Storage(Storage::Unknown(_)) => (&UNKNOWN_OUTCOME, "提交已发出，没有收到答复"),
            Error::Storage(Storage::Guard(_)) => (&GUARD, "数据库的约束不允许"),
            Error::Storage(Storage::File { .. }) => (&FILE, "文件读写失败"),
            Error::Storage(Storage::Bug(_)) => (&BUG, "出现了不应出现的情况"),
        };
        Problem { refusal: rule.refuse(evidence), cause: Some(Arc::new(error)) }
    }
}

/// An empty answer that carries the problem to whoever writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
