//! Log-in by a district's portal: OpenID Connect, authorization code with PKCE.
//!
//! Owns: the rules of this door, [`Portals`], the errand that a browser carries to a portal and back. Stands on OpenID
//! Connect Core 1.0, RFC 7636 (S256), RFC 9700 (best current practice), RFC 9207.
//!
//! Always: where people are sent and sent back to is configured and never said by a request; what was asked (state, nonce,
//! verifier, purpose) is carried sealed by the browser that asked, for `ERRAND` seconds, and used once in all processes;
//! whoever comes is a user already, bound to that subject of that issuer, and the session is that of a password's log-in. It
//! is strong only if the portal says by what (`acr`, `amr`) and the settings count that.
//! Never: a token or a code in an answer, an act or the log; an account made by coming, or found by an e-mail.

pub mod provider;
pub mod token;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ledger::audit;
use ledger::books::{Actor, Role};
use ledger::error::{Error, Kind, Refusal, Rule, Storage};
use ledger::id::{CompoundId, SessionNo};
use ledger::people::{self, Entered, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use self::provider::{Provider, Question};
use crate::abroad::Road;
use crate::config::Config;
use crate::door::{Asked, Caller, Door, Going, Stranger, Told};
use crate::people::{SessionView, session_cookie, session_of};
use crate::problem::{self, Problem};
use crate::wire::{Described, Gone, Once, Shown, Sketch, Taken};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Kind::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this door, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// No such portal.
    UNKNOWN = Missing, "portal.unknown",
        "门户须在配置之中", "GET /api/v1/portals 列出可用的门户";
    /// The visit is not one that was begun here, or it is over.
    STATE = Forbidden, "portal.state",
        "经门户登录须由同一浏览器在 10 分钟内走完，每次只用一次", "回到登录页，重新开始";
    /// The portal said no.
    DECLINED = Forbidden, "portal.declined",
        "门户须同意本次登录", "重新开始；门户一再拒绝的，请与门户联系";
    /// The portal's word is not to be believed.
    TOKEN = Forbidden, "portal.token",
        "门户给出的身份令牌须由该门户签发、发给本系统、对应本次登录且在期", "重新开始；仍不行的，请管理员核对门户的配置与时钟";
    /// The portal does not answer as it should.
    AWAY = Busy, "portal.away",
        "门户须能访问，并按约定应答", "请稍后再试，或用口令登录；管理员可用 xiaoqu doctor 检查";
}

/// How long a visit to a portal may take, in seconds.
const ERRAND: i64 = 600;
/// The cookie that carries it.
const COOKIE: &str = "xiaoqu_portal";

/// The portals of the house. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Portals(Arc<Vec<Provider>>);

impl Portals {
    /// Those of the settings.
    #[must_use]
    pub fn of(config: &Config) -> Portals {
        let settings = &config.portals;
        let road =
            Road::new(settings.allows, settings.timeout, "portal_ca", settings.ca.as_deref());
        let road = road.map_err(|error| tracing::error!(?error, "portal_ca cannot be used")).ok();
        let base = settings.public_url.trim_end_matches('/');
        let provider = |portal: &crate::config::Portal| {
            let back = format!("{base}/api/v1/portals/{}/callback", portal.name);
            Provider::new(portal.clone(), back, road.clone())
        };
        Portals(Arc::new(settings.list.iter().map(provider).collect()))
    }

    fn named(&self, name: &str) -> Result<&Provider, Refusal> {
        let found = self.0.iter().find(|provider| provider.settings.name == name);
        let shown: String = name.chars().take(40).collect();
        found.ok_or_else(|| UNKNOWN.refuse(format!("门户 {shown:?}")))
    }

    /// What each is called, and whether it answers as it should now.
    pub(crate) async fn look(&self) -> Vec<(&str, Result<(), Refusal>)> {
        let mut looked = Vec::with_capacity(self.0.len());
        for provider in self.0.iter() {
            let papers = provider.papers().await.map(drop);
            looked.push((provider.settings.shown_as.as_str(), papers));
        }
        looked
    }

    /// What an issuer is called here; itself, if it is not configured any more.
    pub(crate) fn name_of(&self, issuer: &str) -> String {
        let found = self.0.iter().find(|provider| provider.settings.issuer == issuer);
        found.map_or_else(|| issuer.to_owned(), |provider| provider.settings.name.clone())
    }
}

/// What a browser carries to a portal and back, sealed.
#[derive(Serialize, Deserialize)]
struct Errand {
    portal: String,
    state: String,
    nonce: String,
    verifier: String,
    /// Seconds of UTC.
    until: i64,
    /// Who wants to be bound; nobody if somebody wants in.
    binds: Option<Binder>,
}

/// Who wants to be bound, in which role, and the state of their account when they asked.
#[derive(Serialize, Deserialize)]
struct Binder {
    user: String,
    role: Role,
    epoch: i32,
}

fn random() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    let none = |e| Storage::Bug(format!("the machine gives no randomness: {e}"));
    getrandom::fill(&mut bytes).map_err(none)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Begins a visit: where to go, and the cookie to carry.
async fn depart(
    door: &Door,
    provider: &Provider,
    binds: Option<Binder>,
) -> Result<(Url, String), Problem> {
    let errand = Errand {
        portal: provider.settings.name.clone(),
        state: random()?,
        nonce: random()?,
        verifier: random()?,
        until: door.books.clock().now().seconds() + ERRAND,
        binds,
    };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&errand.verifier));
    let question = Question { state: &errand.state, nonce: &errand.nonce, challenge: &challenge };
    let url = provider.address(question).await?;
    let bug = |e: serde_json::Error| Error::from(Storage::Bug(e.to_string()));
    let sealed = door.entrance.seal_errand(&serde_json::to_vec(&errand).map_err(bug)?)?;
    let carried = BASE64_URL_SAFE_NO_PAD.encode(sealed);
    // Lax: the portal's answer is a plain visit from elsewhere, and must find it.
    let cookie = format!(
        "{COOKIE}={carried}; Path=/api/v1/portals; HttpOnly; Secure; SameSite=Lax; Max-Age={ERRAND}"
    );
    Ok((url, cookie))
}

/// The errand of whoever comes back, if it is this one.
fn arrive(
    door: &Door,
    carried: Option<&str>,
    portal: &str,
    state: &str,
) -> Result<Errand, Refusal> {
    let strange = |why: &str| STATE.refuse(why);
    let carried = carried.ok_or_else(|| strange("没有随身的登录凭据（Cookie）"))?;
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(carried).ok();
    let opened = sealed.and_then(|sealed| door.entrance.open_errand(&sealed).ok());
    let errand: Option<Errand> = opened.and_then(|opened| serde_json::from_slice(&opened).ok());
    let errand = errand.ok_or_else(|| strange("登录凭据（Cookie）打不开"))?;
    if errand.portal != portal || errand.state != state {
        return Err(strange("不是本浏览器开始的那一次"));
    }
    if door.books.clock().now().seconds() >= errand.until {
        return Err(strange("超过了 10 分钟"));
    }
    Ok(errand)
}

/// A portal as people choose it.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "门户")]
struct PortalView {
    #[schemars(description = "门户代码", example = &"district")]
    portal: String,
    #[schemars(description = "名称", example = &"区政务门户")]
    shown_as: String,
    #[schemars(description = "开始登录的地址", example = &"/api/v1/portals/district/begin")]
    begin: String,
}

/// The portals.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "可用于登录的门户")]
pub struct PortalsView {
    #[schemars(description = "各个门户")]
    portals: Vec<PortalView>,
}

/// `GET /portals`: by which portals one may come in.
///
/// # Errors
/// None.
pub async fn list(State(door): State<Door>) -> Result<Shown<PortalsView>, Problem> {
    let view = |provider: &Provider| PortalView {
        begin: format!("/api/v1/portals/{}/begin", provider.settings.name),
        portal: provider.settings.name.clone(),
        shown_as: provider.settings.shown_as.clone(),
    };
    Ok(Shown(PortalsView { portals: door.portals.0.iter().map(view).collect() }))
}

/// A portal in the path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtPortal {
    #[schemars(description = "门户代码", example = &"district")]
    portal: String,
}

/// 303 to somewhere that was configured, with a cookie.
#[derive(Clone, Debug)]
pub struct Hop {
    to: Url,
    cookie: String,
}

impl Described for Hop {
    fn draw(on: &mut Sketch<'_>) {
        on.answers.push((StatusCode::SEE_OTHER, "转往门户", Vec::new()));
    }
}

impl IntoResponse for Hop {
    fn into_response(self) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        for (name, said) in
            [(header::LOCATION, self.to.as_str()), (header::SET_COOKIE, &self.cookie)]
        {
            if let Ok(value) = HeaderValue::from_str(said) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// `GET /portals/{portal}/begin`: off to the portal.
///
/// # Errors
/// `portal.unknown`, `portal.away`; `seal.key-missing`.
pub async fn begin(State(door): State<Door>, stranger: Stranger<AtPortal>) -> Result<Hop, Problem> {
    let provider = door.portals.named(&stranger.at.portal)?;
    let (to, cookie) = depart(&door, provider, None).await?;
    Ok(Hop { to, cookie })
}

/// What a portal sends back. Portals add words of their own, so what is not read here is not refused.
#[derive(Deserialize, JsonSchema)]
pub struct Answered {
    #[serde(default)]
    #[schemars(description = "开始时给门户的随机串，原样带回")]
    state: String,
    #[schemars(description = "授权码")]
    code: Option<String>,
    #[schemars(description = "签发者（RFC 9207）")]
    iss: Option<String>,
    #[schemars(description = "门户拒绝时的原因")]
    error: Option<String>,
}

/// How a visit ended.
pub enum Arrived {
    /// In, with a session; a page is sent to the front of the house instead of being told.
    In {
        /// What a program is told.
        told: SessionView,
        /// What a browser keeps.
        cookie: String,
        /// Whether a browser came.
        is_page: bool,
    },
    /// Bound.
    Bound {
        /// Whether a browser came.
        is_page: bool,
    },
}

impl Described for Arrived {
    fn draw(on: &mut Sketch<'_>) {
        on.is_secret = true;
        on.tells::<SessionView>(StatusCode::OK, "登录了；会话只显示这一次");
        on.answers.push((StatusCode::NO_CONTENT, "绑定了", Vec::new()));
        on.answers.push((StatusCode::SEE_OTHER, "浏览器：转往首页", Vec::new()));
    }
}

impl IntoResponse for Arrived {
    fn into_response(self) -> Response {
        let (is_page, cookie, told) = match self {
            Arrived::In { told, cookie, is_page } => (is_page, Some(cookie), Some(told)),
            Arrived::Bound { is_page } => (is_page, None, None),
        };
        let mut response = match (is_page, told) {
            // To one place, whoever asks: nothing in a request says where.
            (true, _) => (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response(),
            (false, Some(told)) => axum::Json(told).into_response(),
            (false, None) => StatusCode::NO_CONTENT.into_response(),
        };
        let spent =
            format!("{COOKIE}=; Path=/api/v1/portals; HttpOnly; Secure; SameSite=Lax; Max-Age=0");
        for cookie in cookie.into_iter().chain([spent]) {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

/// `GET /portals/{portal}/callback`: back from the portal, in or bound.
///
/// # Errors
/// The rules of this door; `people.portal-unbound`, `people.login`; those of a binding.
pub async fn callback(
    State(door): State<Door>,
    stranger: Stranger<AtPortal>,
    Asked(answer): Asked<Answered>,
) -> Result<Arrived, Problem> {
    let provider = door.portals.named(&stranger.at.portal)?;
    let carried = stranger.cookie(COOKIE);
    let errand = arrive(&door, carried, &provider.settings.name, &answer.state)?;
    let until = ledger::calendar::Instant::from_seconds(errand.until);
    if !door.entrance.use_up(&errand.state, until).await? {
        return Err(STATE.refuse("这一次已经用过").into());
    }
    provider.is_from_here(answer.iss.as_deref()).await?;
    let code = match (answer.code, answer.error) {
        (Some(code), None) => code,
        (_, error) => {
            let error = error.unwrap_or_default();
            let plain = |c: &char| c.is_ascii_lowercase() || *c == '_';
            let word: String = error.chars().filter(plain).take(40).collect();
            return Err(DECLINED.refuse(format!("{}：{word}", provider.settings.shown_as)).into());
        }
    };
    let now = door.books.clock().now().seconds();
    let vouched = match provider.vouched(&code, &errand.verifier, &errand.nonce, now).await {
        Ok(vouched) => vouched,
        Err(refusal) => {
            // A portal's token that is not to be believed is no slip of anybody's pen.
            if refusal.rule.code == TOKEN.code {
                let who = Actor::new("登录", Role::Operator).from(stranger.origin.clone());
                let what = format!("portal {}", provider.settings.name);
                let office = CompoundId::OFFICE;
                audit::record_refusal(&door.books, &who, office, what, TOKEN.code).await?;
            }
            return Err(refusal.into());
        }
    };
    let settings = &provider.settings;
    let is_strong = vouched.acr.iter().any(|acr| settings.strong_acr.contains(acr))
        || vouched.amr.iter().any(|amr| settings.strong_amr.contains(amr));
    let subject = Subject { issuer: settings.issuer.clone(), subject: vouched.subject };
    let is_page = stranger.is_page();
    if let Some(Binder { user, role, epoch }) = errand.binds {
        let actor = Actor::new(&user, role).from(stranger.origin);
        door.entrance.bind_portal(&actor, &user, subject, Some(epoch)).await?;
        return Ok(Arrived::Bound { is_page });
    }
    let (session, entered) =
        door.entrance.come_by_portal(subject, is_strong, stranger.origin).await?;
    let Entered::Begun { session: SessionNo(session_no), is_strong, .. } = entered else {
        return Err(problem::BUG.refuse("没有开始会话").into());
    };
    let cookie = session_cookie(&session);
    Ok(Arrived::In { told: SessionView { session, session_no, is_strong }, cookie, is_page })
}

/// The password of whoever wants to be bound, once more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "绑定门户")]
pub struct BindingAsked {
    #[schemars(description = "本人的口令：再输一次", example = &"plum-rain-in-june")]
    password: String,
}

/// Where to go to be bound.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "开始的绑定")]
pub struct BindingView {
    #[schemars(description = "门户的地址：由同一浏览器前往", example = &"https://portal.example/authorize?…")]
    url: String,
}

/// `POST /portals/{portal}/binding`: off to the portal, to be bound on coming back.
///
/// # Errors
/// `people.session-only`, `portal.unknown`, `people.login`, `portal.away`; `seal.key-missing`.
pub async fn bind(
    State(door): State<Door>,
    going: Going<AtPortal>,
    Told(asked): Told<BindingAsked>,
) -> Result<Once<BindingView>, Problem> {
    session_of(&going)?;
    let provider = door.portals.named(&going.at.portal)?;
    let Caller { entrance, actor, .. } = &*going;
    entrance.show_password(actor, asked.password).await?;
    let person = people::somebody(&mut going.books.glance(), &actor.name).await?;
    let binder = Binder { user: person.name, role: actor.role, epoch: person.epoch };
    let (url, cookie) = depart(&door, provider, Some(binder)).await?;
    Ok(Once::new(BindingView { url: url.into() }).with_cookie(cookie))
}

/// `DELETE /portals/{portal}/binding`: one's own binding ends, and one's sessions.
///
/// # Errors
/// `people.session-only`, `portal.unknown`, `people.portal-not-bound`.
pub async fn unbind(State(door): State<Door>, going: Going<AtPortal>) -> Result<Gone, Problem> {
    session_of(&going)?;
    let issuer = &door.portals.named(&going.at.portal)?.settings.issuer;
    going.entrance.unbind_portal(&going.actor, &going.actor.name, issuer).await?;
    Ok(Gone)
}

/// A user and a portal in the path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtUsersPortal {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
    #[schemars(description = "门户代码", example = &"district")]
    portal: String,
}

/// A subject to bind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "绑定用户与门户标识")]
pub struct SubjectAsked {
    #[schemars(description = "门户给此人的标识（sub）：1 至 255 个可见 ASCII 字符，区分大小写", example = &"u-20481")]
    subject: String,
}

/// `POST /users/{user}/portals/{portal}`: an administrator binds.
///
/// # Errors
/// `portal.unknown`; those of [`people::Entrance::bind_portal`].
pub async fn bind_user(
    State(door): State<Door>,
    going: Going<AtUsersPortal>,
    Told(asked): Told<SubjectAsked>,
) -> Result<Once<Taken>, Problem> {
    let issuer = door.portals.named(&going.at.portal)?.settings.issuer.clone();
    let subject = Subject { issuer, subject: asked.subject };
    going.entrance.bind_portal(&going.actor, &going.at.user, subject, None).await?;
    Ok(Once::taken())
}

/// `DELETE /users/{user}/portals/{portal}`.
///
/// # Errors
/// `portal.unknown`, `people.no-user`, `people.portal-not-bound`.
pub async fn unbind_user(
    State(door): State<Door>,
    going: Going<AtUsersPortal>,
) -> Result<Gone, Problem> {
    let issuer = &door.portals.named(&going.at.portal)?.settings.issuer;
    going.entrance.unbind_portal(&going.actor, &going.at.user, issuer).await?;
    Ok(Gone)
}
