//! Coming in and what is one's own: log-in, password, second factor, sessions and tokens.
//!
//! Always: what concerns a caller themselves is done in a session, never by a token; a secret is shown once.

use axum::extract::State;
use ledger::calendar::Instant;
use ledger::id::{MandateNo, PersonNo, SessionNo, TokenNo};
use ledger::people::{
    self, Entered, Login, NewToken, SESSION_ONLY, SessionShown, Shown as Came, TokenShown,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AtNo, MandateView, Names};
use crate::door::{COOKIE, Caller, Door, Going, Nothing, Stranger, Told};
use crate::list::{Listed, Sought};
use crate::problem::{self, Problem};
use crate::wire::{Gone, Once, Shown, Taken};

/// A log-in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "登录")]
pub struct LoginAsked {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
    #[schemars(description = "口令", example = &"plum-rain-in-june")]
    password: String,
    #[schemars(description = "验证码：验证器的六位数字，或恢复码；启用了二次验证的必写")]
    code: Option<String>,
}

/// What a log-in gives, once.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "开始的会话")]
pub struct SessionView {
    /// What to show as `Authorization: Bearer …`.
    #[schemars(description = "会话：写在 Authorization 头中，只显示这一次", example = &"xs_0123456789abcdef")]
    pub(crate) session: String,
    #[schemars(description = "会话编号", example = 1)]
    pub(crate) session_no: i32,
    #[schemars(description = "是否经过二次验证")]
    pub(crate) is_strong: bool,
}

/// `POST /sessions`: in with name, password and, if the account has one, a code of its second factor.
///
/// # Errors
/// Those of [`people::Entrance::log_in`].
pub async fn log_in(
    State(door): State<Door>,
    stranger: Stranger,
    Told(asked): Told<LoginAsked>,
) -> Result<Once<SessionView>, Problem> {
    let LoginAsked { user, password, code } = asked;
    let login = Login { user, password, code };
    let (session, entered) = door.entrance.log_in(login, stranger.origin).await?;
    let Entered::Begun { session: SessionNo(session_no), is_strong, .. } = entered else {
        return Err(problem::BUG.refuse("没有开始会话").into());
    };
    let cookie = session_cookie(&session);
    Ok(Once::new(SessionView { session, session_no, is_strong }).with_cookie(cookie))
}

/// The cookie in which a browser keeps a session.
pub(crate) fn session_cookie(session: &str) -> String {
    format!("{COOKIE}={session}; Path=/; HttpOnly; Secure; SameSite=Lax")
}

/// The session somebody came with.
pub(crate) fn session_of(caller: &Caller) -> Result<(SessionNo, PersonNo), Problem> {
    match (caller.who.shown(), caller.who.person()) {
        (Came::Session(session), Some(person)) => Ok((session, person)),
        _ => Err(SESSION_ONLY.refuse("本次是凭令牌来的").into()),
    }
}

/// A session as its user sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "本人的会话")]
struct OpenSession {
    #[schemars(description = "会话编号", example = 1)]
    session_no: i32,
    #[schemars(description = "开始时刻")]
    begun_at: Instant,
    #[schemars(description = "闲置失效时刻")]
    idle_until_at: Instant,
    #[schemars(description = "至迟失效时刻")]
    until_at: Instant,
    #[schemars(description = "是否经过二次验证")]
    is_strong: bool,
}

impl From<SessionShown> for OpenSession {
    fn from(session: SessionShown) -> OpenSession {
        let SessionShown { no, begun_at, idle_until_at, until_at, is_strong } = session;
        OpenSession { session_no: no.0, begun_at, idle_until_at, until_at, is_strong }
    }
}

/// A caller as they see themselves.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "本人")]
pub struct MyselfView {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
    #[schemars(description = "本次是否经过二次验证")]
    is_strong: bool,
    #[schemars(description = "是否启用了二次验证")]
    has_second_factor: bool,
    #[schemars(description = "在期的授权")]
    mandates: Vec<MandateView>,
    #[schemars(description = "各个会话")]
    sessions: Vec<OpenSession>,
    #[schemars(description = "绑定的门户：门户代码；不再配置的为其签发者")]
    portals: Vec<String>,
}

/// `GET /session`: who I am, what I may, which sessions of mine are open.
///
/// # Errors
/// Storage.
pub async fn myself(
    State(door): State<Door>,
    caller: Caller,
) -> Result<Shown<MyselfView>, Problem> {
    let mut view = caller.read().await?;
    let names = Names::read(&mut view).await?;
    let today = caller.who.today();
    let mut mandates = Vec::new();
    for mandate in caller.who.in_force().filter(|mandate| mandate.no != MandateNo(0)) {
        mandates.push(names.mandate(&mut view, mandate, today).await?);
    }
    let (mut sessions, mut portals, mut has_second_factor) = (Vec::new(), Vec::new(), false);
    if let Some(person) = caller.who.person() {
        let now = caller.books.clock().now();
        let open = people::sessions(&mut view, person, now).await?;
        sessions = open.into_iter().map(OpenSession::from).collect();
        let bound = people::portals(&mut view, person).await?;
        portals = bound.iter().map(|bound| door.portals.name_of(&bound.issuer)).collect();
        has_second_factor = caller.entrance.has_second_factor(person).await?;
    }
    let user = caller.who.name().to_owned();
    let is_strong = caller.who.is_strong();
    Ok(Shown(MyselfView { user, is_strong, has_second_factor, mandates, sessions, portals }))
}

/// `DELETE /session`: out.
///
/// # Errors
/// `people.session-only`.
pub async fn log_out(caller: Caller) -> Result<Once<Taken>, Problem> {
    let (session, _) = session_of(&caller)?;
    caller.entrance.log_out(&caller.actor, session).await?;
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0");
    Ok(Once::taken().with_cookie(cookie))
}

/// A change of password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "更换口令")]
pub struct PasswordAsked {
    #[schemars(description = "原口令", example = &"plum-rain-in-june")]
    old: String,
    #[schemars(description = "新口令：10 至 128 个字符", example = &"late-cicada-in-august")]
    new: String,
}

/// `POST /password`: another password; every session of the caller ends, this one too.
///
/// # Errors
/// `people.session-only`; those of [`people::Entrance::change_password`].
pub async fn change_password(
    caller: Caller,
    Told(asked): Told<PasswordAsked>,
) -> Result<Once<Taken>, Problem> {
    session_of(&caller)?;
    caller.entrance.change_password(&caller.actor, asked.old, asked.new).await?;
    Ok(Once::taken())
}

/// A second factor, shown once.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "二次验证的密钥：只显示这一次")]
pub struct SecondFactorView {
    #[schemars(description = "密钥：录入验证器", example = &"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    #[schemars(description = "地址：可制成二维码", example = &"otpauth://totp/…")]
    uri: String,
    #[schemars(description = "恢复码：设备丢失时用，每个一次")]
    recovery_codes: Vec<String>,
}

/// `POST /second-factor`: a secret to put into an authenticator; it counts once a code is confirmed.
///
/// # Errors
/// `people.session-only`, `people.second-factor`.
pub async fn propose_second_factor(caller: Caller) -> Result<Once<SecondFactorView>, Problem> {
    session_of(&caller)?;
    let Caller { entrance, actor, who, .. } = &caller;
    let factor = entrance.propose_second_factor(actor, who.name(), who.is_strong(), false).await?;
    let people::SecondFactor { secret, uri, recovery_codes } = factor;
    Ok(Once::new(SecondFactorView { secret, uri, recovery_codes }))
}

/// A code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "验证码")]
pub struct CodeAsked {
    #[schemars(description = "验证码：验证器当前的六位数字", example = &"287082")]
    code: String,
}

/// `POST /second-factor/confirm`: from now on a log-in wants a code; every session of the caller ends.
///
/// # Errors
/// `people.session-only`; those of [`people::Entrance::confirm_second_factor`].
pub async fn confirm_second_factor(
    caller: Caller,
    Told(asked): Told<CodeAsked>,
) -> Result<Once<Taken>, Problem> {
    let (_, person) = session_of(&caller)?;
    caller.entrance.confirm_second_factor(&caller.actor, person, asked.code).await?;
    Ok(Once::taken())
}

/// A token as its maker sees it: everything but itself.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "令牌：不含令牌本身")]
pub struct TokenView {
    #[schemars(description = "令牌编号", example = 1)]
    pub(crate) token_no: i32,
    #[schemars(description = "用途", example = &"对账")]
    pub(crate) name: String,
    #[schemars(description = "授权编号")]
    pub(crate) mandates: Vec<i32>,
    #[schemars(description = "签发时刻")]
    pub(crate) made_at: Instant,
    #[schemars(description = "到期时刻")]
    pub(crate) expires_at: Instant,
    #[schemars(description = "签发时是否经过二次验证")]
    pub(crate) is_strong: bool,
}

impl From<TokenShown> for TokenView {
    fn from(token: TokenShown) -> TokenView {
        let TokenShown { no, name, mandates, made_at, expires_at, is_strong } = token;
        let mandates = mandates.into_iter().map(|no| no.0).collect();
        TokenView { token_no: no.0, name, mandates, made_at, expires_at, is_strong }
    }
}

/// `GET /tokens`: the caller's own.
///
/// # Errors
/// Those of a list.
pub async fn tokens(caller: Caller, list: Sought<Nothing>) -> Result<Listed<TokenView>, Problem> {
    let mut view = caller.read().await?;
    let held = match caller.who.person() {
        Some(person) => people::tokens(&mut view, person).await?,
        None => Vec::new(),
    };
    list.answer_from(held.into_iter().map(|token| (token.no.0, token.into())).collect())
}

/// A token, shown once.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "签发的令牌：只显示这一次")]
pub struct FreshTokenView {
    #[schemars(description = "令牌编号", example = 1)]
    token_no: i32,
    #[schemars(description = "令牌：写在 Authorization 头中", example = &"xq_0123456789abcdef")]
    token: String,
}

/// A token asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要签发的令牌")]
pub struct TokenAsked {
    #[schemars(description = "用途：1 至 40 个字", example = &"对账")]
    name: String,
    #[schemars(description = "授权编号：本人在期的", example = [1])]
    mandates: Vec<MandateNo>,
    #[schemars(description = "到期时刻：不超过 366 天")]
    expires_at: Instant,
}

/// `POST /tokens`: a token that carries some of the caller's mandates.
///
/// # Errors
/// `people.session-only`; those of [`people::Entrance::issue_token`].
pub async fn issue_token(
    caller: Caller,
    Told(asked): Told<TokenAsked>,
) -> Result<Once<FreshTokenView>, Problem> {
    session_of(&caller)?;
    let TokenAsked { name, mandates, expires_at } = asked;
    let new = NewToken { name, mandates, expires_at };
    let Caller { entrance, actor, who, .. } = &caller;
    let fresh = entrance.issue_token(actor, who.name(), new, who.is_strong()).await?;
    Ok(Once::new(FreshTokenView { token_no: fresh.no.0, token: fresh.token }))
}

/// `DELETE /tokens/{no}`: one of the caller's own.
///
/// # Errors
/// `people.no-token`.
pub async fn revoke_token(going: Going<AtNo>) -> Result<Gone, Problem> {
    let no = TokenNo(going.at.no);
    let person = going.who.person();
    let person = person.ok_or_else(|| people::NO_TOKEN.refuse(format!("令牌编号 {no}")))?;
    going.entrance.revoke_token(&going.actor, Some(person), no).await?;
    Ok(Gone)
}
