//! Commands about people: users, organisations, areas.
//!
//! Always: a password comes from the terminal without being shown, or from standard input; never from the command line,
//! which every user of the machine can read. A token, a secret and a random password are shown once, on standard output.

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand, ValueEnum};
use ledger::books::{Books, Role};
use ledger::error::{Error, Storage};
use ledger::id::{MandateNo, TokenNo};
use ledger::people::{self as room, Entrance, NewOrg, NewToken, OrgKind, Subject};
use ledger::property::{self, AreaKind, NewArea};
use serde_json::json;

use super::{DONE, JsonArgs, Out, Ran, Stop, compound, if_none, operator, say};
use crate::people::{
    self, ContractAsked, MandateAsked, MandateView, OrgView, TokenView, UserAsked, UserView,
};
use crate::property as places;
use crate::wire::IsoDay;

/// What there is to do about users.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// 登记用户；写明角色的同时授权
    Add(AddArgs),
    /// 列出用户
    List(JsonArgs),
    /// 查看一个用户的授权
    Show(NameArgs),
    /// 设置口令：从终端输入（不显示），或从标准输入读一行
    Password(PasswordArgs),
    /// 授权：角色、范围、期限
    Grant(GrantArgs),
    /// 终止一项授权
    End(EndArgs),
    /// 签发令牌，只显示一次
    Token(TokenArgs),
    /// 列出一个用户的令牌（不含令牌本身）
    Tokens(NameArgs),
    /// 吊销令牌
    Revoke(NumberArgs),
    /// 二次验证：生成密钥与恢复码，只显示一次；或取消
    Totp(TotpArgs),
    /// 解除多次登录失败后的锁定
    Unlock(NameArgs),
    /// 停用：不能再登录，会话立即失效
    Disable(NameArgs),
    /// 恢复停用的用户
    Enable(NameArgs),
    /// 绑定门户给此人的标识，此后可经门户登录
    BindPortal(BindArgs),
    /// 解除与一个门户的绑定；会话立即失效
    UnbindPortal(UnbindArgs),
}

/// What there is to do about organisations.
#[derive(Debug, Subcommand)]
pub(super) enum Org {
    /// 登记机构
    Add(OrgArgs),
    /// 列出机构
    List(JsonArgs),
    /// 登记物业服务合同：合同期内该公司的人员可办理该小区
    Contract(ContractArgs),
    /// 列出物业服务合同
    Contracts(JsonArgs),
    /// 终止一份合同
    End(EndArgs),
}

/// What there is to do about areas.
#[derive(Debug, Subcommand)]
pub(super) enum Area {
    /// 登记区划，自上而下
    Add(AreaArgs),
    /// 列出区划
    List(JsonArgs),
    /// 登记小区所在的街道或社区
    Locate(LocateArgs),
}

#[derive(Debug, Args)]
pub(super) struct NameArgs {
    /// 用户名
    user: String,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct NumberArgs {
    /// 编号
    no: i32,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// 用户名：汉字、小写字母、数字或 . _ -
    user: String,
    /// 姓名；不写则同用户名
    #[arg(long, value_name = "NAME")]
    shown_as: Option<String>,
    /// 所属机构代码
    #[arg(long, value_name = "CODE")]
    of: Option<String>,
    /// 角色；写了就一并授权
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// 从标准输入读一行作口令；在终端上则总会询问，直接回车表示暂不设置
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct ScopeArgs {
    /// 范围：区划代码（街道办、房管部门、审计）
    #[arg(long, value_name = "CODE")]
    area: Option<String>,
    /// 范围：机构代码，即其合同期内的各小区（物业公司）
    #[arg(long, value_name = "CODE")]
    org: Option<String>,
    /// 范围：小区代码
    #[arg(long, value_name = "CODE")]
    compound: Option<String>,
    /// 范围：房号（业主），与 --compound 同写
    #[arg(long, value_name = "CODE", requires = "compound")]
    room: Option<String>,
    /// 起日；不写则自今日
    #[arg(long, value_name = "DAY")]
    from: Option<IsoDay>,
    /// 止日（含）；业主委员会与审计必写
    #[arg(long, value_name = "DAY")]
    until: Option<IsoDay>,
}

impl ScopeArgs {
    fn asked(self, role: Role, books: &Books) -> MandateAsked {
        let ScopeArgs { area, org, compound, room, from, until } = self;
        let from_on = from.unwrap_or_else(|| IsoDay(books.clock().now().day()));
        MandateAsked { role, area, org, compound, room, from_on, until_on: until }
    }
}

#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// 用户名
    user: String,
    /// 生成随机口令并显示一次
    #[arg(long)]
    random: bool,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct GrantArgs {
    /// 用户名
    user: String,
    /// 角色：property-company、owners-committee、street-office、housing-authority、auditor、owner、administrator
    #[arg(long, value_parser = role)]
    role: Role,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct EndArgs {
    /// 编号
    no: i32,
    /// 最后一日；不写则立即终止
    #[arg(long, value_name = "DAY")]
    last_on: Option<IsoDay>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// 用户名
    user: String,
    /// 用途
    #[arg(long = "for", value_name = "TEXT")]
    purpose: String,
    /// 带哪些授权（编号，可重复）；不写则带全部在期的授权
    #[arg(long, value_name = "NO")]
    mandate: Vec<i32>,
    /// 最后一日，不超过 366 天
    #[arg(long, value_name = "DAY")]
    until: IsoDay,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct TotpArgs {
    /// 用户名
    user: String,
    /// 取消二次验证（设备与恢复码都已丢失）
    #[arg(long)]
    drop: bool,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct BindArgs {
    /// 用户名
    user: String,
    /// 门户的签发者，同配置中的 issuer，一字不差
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// 门户给此人的标识（sub），区分大小写
    #[arg(long, value_name = "TEXT")]
    subject: String,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct UnbindArgs {
    /// 用户名
    user: String,
    /// 门户的签发者，同配置中的 issuer
    #[arg(long, value_name = "URL")]
    issuer: String,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct OrgArgs {
    /// 机构代码
    code: String,
    /// 类别
    #[arg(long, value_enum)]
    kind: OrgWord,
    /// 名称
    #[arg(long)]
    name: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// What an organisation is, as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OrgWord {
    /// 物业公司
    PropertyCompany,
    /// 业主委员会
    OwnersCommittee,
    /// 街道办
    StreetOffice,
    /// 房管部门
    HousingAuthority,
    /// 审计机构
    Auditor,
}

impl OrgWord {
    fn kind(self) -> OrgKind {
        match self {
            OrgWord::PropertyCompany => OrgKind::PropertyCompany,
            OrgWord::OwnersCommittee => OrgKind::OwnersCommittee,
            OrgWord::StreetOffice => OrgKind::StreetOffice,
            OrgWord::HousingAuthority => OrgKind::HousingAuthority,
            OrgWord::Auditor => OrgKind::Auditor,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ContractArgs {
    /// 物业公司的机构代码
    org: String,
    /// 小区代码
    #[arg(long, value_name = "CODE")]
    compound: String,
    /// 起日
    #[arg(long, value_name = "DAY")]
    from: IsoDay,
    /// 止日（含）
    #[arg(long, value_name = "DAY")]
    until: IsoDay,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct AreaArgs {
    /// 区划代码
    code: String,
    /// 层级
    #[arg(long, value_enum)]
    kind: AreaWord,
    /// 名称
    #[arg(long)]
    name: String,
    /// 上级区划代码；市没有上级
    #[arg(long, value_name = "CODE")]
    parent: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// A rung of the area tree, as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AreaWord {
    /// 市
    City,
    /// 区、县
    District,
    /// 街道、乡镇
    Street,
    /// 社区
    Community,
}

impl AreaWord {
    fn kind(self) -> AreaKind {
        match self {
            AreaWord::City => AreaKind::City,
            AreaWord::District => AreaKind::District,
            AreaWord::Street => AreaKind::Street,
            AreaWord::Community => AreaKind::Community,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct LocateArgs {
    /// 小区代码
    compound: String,
    /// 街道或社区的区划代码
    area: String,
    #[command(flatten)]
    json: JsonArgs,
}

fn role(text: &str) -> Result<Role, String> {
    let known = room::REACHES.iter().map(|(role, _)| *role).find(|role| role.name() == text);
    known.ok_or_else(|| {
        let names: Vec<&str> = room::REACHES.iter().map(|(role, _)| role.name()).collect();
        format!("角色为 {}", names.join("、"))
    })
}

impl User {
    pub(super) fn is_json(&self) -> bool {
        match self {
            User::Add(args) => args.json.json,
            User::List(args) => args.json,
            User::Show(args)
            | User::Tokens(args)
            | User::Unlock(args)
            | User::Disable(args)
            | User::Enable(args) => args.json.json,
            User::Password(args) => args.json.json,
            User::Grant(args) => args.json.json,
            User::End(args) => args.json.json,
            User::Token(args) => args.json.json,
            User::Revoke(args) => args.json.json,
            User::Totp(args) => args.json.json,
            User::BindPortal(args) => args.json.json,
            User::UnbindPortal(args) => args.json.json,
        }
    }
}

impl Org {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Org::Add(args) => args.json.json,
            Org::List(args) | Org::Contracts(args) => args.json,
            Org::Contract(args) => args.json.json,
            Org::End(args) => args.json.json,
        }
    }
}

impl Area {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Area::Add(args) => args.json.json,
            Area::List(args) => args.json,
            Area::Locate(args) => args.json.json,
        }
    }
}

/// A password: typed twice at a terminal, or the first line of standard input.
fn password(user: &str) -> Result<String, Stop> {
    let lost = |source| Error::Storage(Storage::File { what: "标准输入".to_owned(), source });
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(lost)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let asked = rpassword::prompt_password(format!("{user} 的口令（不显示）：")).map_err(lost)?;
    let again = rpassword::prompt_password("再输一次：").map_err(lost)?;
    if asked != again {
        return Err(Stop::Usage("两次输入不一致，口令没有设置".to_owned()));
    }
    Ok(asked)
}

/// One object for a program, or one line for a person.
fn tell(out: Out<'_>, is_json: bool, object: &serde_json::Value, line: &str) -> Ran {
    if is_json {
        say(out, object)?;
    } else {
        writeln!(out, "{line}")?;
    }
    Ok(DONE)
}

pub(super) async fn user(books: &Books, user: User, out: Out<'_>) -> Ran {
    let entrance = Entrance::new(books.clone());
    let admin = operator();
    let is_json = user.is_json();
    match user {
        User::Add(args) => add(&entrance, args, out).await,
        User::List(_) => show(out, is_json, &roster(books, None).await?),
        User::Show(args) => show(out, is_json, &roster(books, Some(&args.user)).await?),
        User::Password(args) => set_password(&entrance, args, out).await,
        User::Grant(args) => {
            let asked = args.scope.asked(args.role, books);
            let done = people::entrust(&entrance, &admin, None, &args.user, asked).await?;
            let no = done.answer;
            tell(out, is_json, &json!({ "mandate_no": no }), &format!("授权 {no}：{}", args.user))
        }
        User::End(args) => {
            people::dismiss(&entrance, &admin, None, args.no, args.last_on).await?;
            tell(out, is_json, &json!({ "mandate_no": args.no }), &ended("授权", &args))
        }
        User::Token(args) => token(&entrance, args, out).await,
        User::Tokens(args) => tokens(books, &args, out).await,
        User::Revoke(args) => {
            entrance.revoke_token(&admin, None, TokenNo(args.no)).await?;
            let line = format!("令牌 {} 已吊销", args.no);
            tell(out, is_json, &json!({ "token_no": args.no }), &line)
        }
        User::Totp(args) => totp(&entrance, args, out).await,
        User::Unlock(NameArgs { user, .. }) => {
            people::release(&entrance, &admin, None, &user).await?;
            tell(out, is_json, &json!({ "user": user }), &format!("{user} 已解除锁定"))
        }
        User::Disable(NameArgs { user, .. }) => {
            people::shut_out(&entrance, &admin, None, &user, true).await?;
            tell(out, is_json, &json!({ "user": user }), &format!("{user} 已停用"))
        }
        User::Enable(NameArgs { user, .. }) => {
            people::shut_out(&entrance, &admin, None, &user, false).await?;
            tell(out, is_json, &json!({ "user": user }), &format!("{user} 已恢复"))
        }
        User::BindPortal(BindArgs { user, issuer, subject, .. }) => {
            let told = json!({ "user": user, "issuer": issuer });
            let line = format!("{user} 已绑定 {issuer}");
            let subject = Subject { issuer, subject };
            entrance.bind_portal(&admin, &user, subject, None).await?;
            tell(out, is_json, &told, &line)
        }
        User::UnbindPortal(UnbindArgs { user, issuer, .. }) => {
            entrance.unbind_portal(&admin, &user, &issuer).await?;
            let told = json!({ "user": user, "issuer": issuer });
            tell(out, is_json, &told, &format!("{user} 已解除与 {issuer} 的绑定"))
        }
    }
}

async fn roster(books: &Books, only: Option<&str>) -> Result<Vec<UserView>, Error> {
    let today = books.clock().now().day();
    people::roster(books.read().await?, today, only).await
}

fn ended(what: &str, args: &EndArgs) -> String {
    match args.last_on {
        Some(IsoDay(day)) => format!("{what} {} 至 {day} 止", args.no),
        None => format!("{what} {} 已终止", args.no),
    }
}

/// Everything that can be refused is looked at before anything is written: the password first.
async fn add(entrance: &Entrance, args: AddArgs, out: Out<'_>) -> Ran {
    let AddArgs { user, shown_as, of, role, scope, password_stdin, json } = args;
    let is_asked = password_stdin || std::io::stdin().is_terminal();
    let password = if is_asked { password(&user)? } else { String::new() };
    let has_password = !password.is_empty();
    if has_password {
        room::password::may_be_set(&user, &password).map_err(Error::from)?;
    }
    let admin = operator();
    let shown_as = shown_as.unwrap_or_else(|| user.clone());
    let asked = UserAsked { user: user.clone(), shown_as, org: of, phone: String::new() };
    people::register(entrance, &admin, None, asked).await?;
    let mut mandate = None;
    if let Some(role) = role {
        let asked = scope.asked(role, entrance.books());
        mandate = Some(people::entrust(entrance, &admin, None, &user, asked).await?.answer);
    }
    if has_password {
        entrance.set_password(&admin, &user, password).await?;
    }
    let told = json!({ "user": user, "mandate_no": mandate, "has_password": has_password });
    let granted = mandate.map_or(String::new(), |no| format!("，授权 {no}"));
    let set = if has_password { "，口令已设置" } else { "，尚无口令" };
    tell(out, json.json, &told, &format!("用户 {user} 已登记{granted}{set}"))
}

fn show(out: Out<'_>, is_json: bool, users: &[UserView]) -> Ran {
    if is_json {
        say(out, &users)?;
        return Ok(DONE);
    }
    if_none(out, users.len(), "用户")?;
    for user in users {
        let state = if user.is_disabled { "（已停用）" } else { "" };
        let org = user.org.as_deref().map_or(String::new(), |org| format!("  {org}"));
        writeln!(out, "{}  {}{org}{state}", user.user, user.shown_as)?;
        for mandate in &user.mandates {
            writeln!(out, "  {}", line_of(mandate))?;
        }
    }
    Ok(DONE)
}

fn line_of(mandate: &MandateView) -> String {
    let MandateView { mandate_no, role, of, from_on, until_on, is_in_force, .. } = mandate;
    let of = if of.is_empty() { "全册" } else { of };
    let until = until_on.map_or("长期".to_owned(), |until| until.0.to_string());
    let state = if *is_in_force { "" } else { "（不在期）" };
    format!("授权 {mandate_no}  {}  {of}  {} 至 {until}{state}", role.in_chinese(), from_on.0)
}

async fn set_password(entrance: &Entrance, args: PasswordArgs, out: Out<'_>) -> Ran {
    let PasswordArgs { user, random, json } = args;
    if random {
        let password = entrance.reset_password(&operator(), &user).await?;
        let told = json!({ "user": user, "password": password });
        return tell(
            out,
            json.json,
            &told,
            &format!("{user} 的新口令（只显示这一次）：{password}"),
        );
    }
    entrance.set_password(&operator(), &user, password(&user)?).await?;
    tell(
        out,
        json.json,
        &json!({ "user": user }),
        &format!("{user} 的口令已设置，其会话已全部失效"),
    )
}

async fn token(entrance: &Entrance, args: TokenArgs, out: Out<'_>) -> Ran {
    let TokenArgs { user, purpose, mandate, until, json } = args;
    let mut mandates: Vec<MandateNo> = mandate.into_iter().map(MandateNo).collect();
    if mandates.is_empty() {
        let users = roster(entrance.books(), Some(&user)).await?;
        let held = users.into_iter().flat_map(|user| user.mandates);
        mandates =
            held.filter(|held| held.is_in_force).map(|held| MandateNo(held.mandate_no)).collect();
    }
    // The last second of the day, in Shanghai.
    let expires_at = super::instant(&format!("{} 23:59:59", until.0)).map_err(Stop::Usage)?;
    let new = NewToken { name: purpose, mandates, expires_at };
    // Whoever works at this machine could read the books as they lie; a second factor would prove nothing more.
    let fresh = entrance.issue_token(&operator(), &user, new, true).await?;
    let told = json!({ "token_no": fresh.no, "token": fresh.token });
    tell(out, json.json, &told, &format!("令牌 {}（只显示这一次）：{}", fresh.no, fresh.token))
}

async fn tokens(books: &Books, args: &NameArgs, out: Out<'_>) -> Ran {
    let mut view = books.read().await?;
    let person = room::somebody(&mut view, &args.user).await?.no;
    let tokens = room::tokens(&mut view, person).await?;
    let tokens: Vec<TokenView> = tokens.into_iter().map(TokenView::from).collect();
    if args.json.json {
        say(out, &tokens)?;
        return Ok(DONE);
    }
    if_none(out, tokens.len(), "令牌")?;
    for token in tokens {
        let mandates: Vec<String> = token.mandates.iter().map(ToString::to_string).collect();
        let until = token.expires_at.for_people();
        writeln!(
            out,
            "令牌 {}  {}  授权 {}  至 {until}",
            token.token_no,
            token.name,
            mandates.join("、")
        )?;
    }
    Ok(DONE)
}

async fn totp(entrance: &Entrance, args: TotpArgs, out: Out<'_>) -> Ran {
    let TotpArgs { user, drop, json } = args;
    if drop {
        entrance.drop_second_factor(&operator(), &user).await?;
        return tell(out, json.json, &json!({ "user": user }), &format!("{user} 的二次验证已取消"));
    }
    let factor = entrance.propose_second_factor(&operator(), &user, true, true).await?;
    if json.json {
        say(
            out,
            &json!({ "secret": factor.secret, "uri": factor.uri, "recovery_codes": factor.recovery_codes }),
        )?;
        return Ok(DONE);
    }
    writeln!(out, "{user} 已启用二次验证，以下只显示这一次")?;
    writeln!(out, "  密钥  {}", factor.secret)?;
    writeln!(out, "  地址  {}", factor.uri)?;
    for code in factor.recovery_codes {
        writeln!(out, "  恢复码  {code}")?;
    }
    Ok(DONE)
}

pub(super) async fn org(books: &Books, org: Org, out: Out<'_>) -> Ran {
    let entrance = Entrance::new(books.clone());
    let admin = operator();
    let is_json = org.is_json();
    match org {
        Org::Add(OrgArgs { code, kind, name, .. }) => {
            let line = format!("机构 {code} {name} 已登记");
            let told = json!({ "code": code });
            people::found(&entrance, &admin, None, NewOrg { kind: kind.kind(), code, name })
                .await?;
            tell(out, is_json, &told, &line)
        }
        Org::List(_) => {
            let mut view = books.read().await?;
            let orgs = room::orgs(&mut view).await?;
            let orgs: Vec<OrgView> = orgs.into_iter().map(OrgView::from).collect();
            if is_json {
                say(out, &orgs)?;
                return Ok(DONE);
            }
            if_none(out, orgs.len(), "机构")?;
            for org in orgs {
                writeln!(out, "{}  {}  {}", org.code, org.kind.role().in_chinese(), org.name)?;
            }
            Ok(DONE)
        }
        Org::Contract(ContractArgs { org, compound, from, until, .. }) => {
            let asked = ContractAsked { compound, from_on: from, until_on: until };
            let no = people::engage(&entrance, &admin, None, &org, asked).await?.answer;
            tell(out, is_json, &json!({ "contract_no": no }), &format!("合同 {no} 已登记"))
        }
        Org::Contracts(_) => {
            let today = books.clock().now().day();
            let contracts = people::engaged(&mut books.read().await?, today).await?;
            if is_json {
                say(out, &contracts)?;
                return Ok(DONE);
            }
            if_none(out, contracts.len(), "物业服务合同")?;
            for contract in contracts {
                let until = contract.until_on.map_or(String::new(), |until| until.0.to_string());
                let state = if contract.is_in_force { "" } else { "（不在期）" };
                let (no, org, compound) = (contract.contract_no, contract.org, contract.compound);
                writeln!(
                    out,
                    "合同 {no}  {org}  {compound}  {} 至 {until}{state}",
                    contract.from_on.0
                )?;
            }
            Ok(DONE)
        }
        Org::End(args) => {
            people::disengage(&entrance, &admin, None, args.no, args.last_on).await?;
            tell(out, is_json, &json!({ "contract_no": args.no }), &ended("合同", &args))
        }
    }
}

pub(super) async fn area(books: &Books, area: Area, out: Out<'_>) -> Ran {
    let is_json = area.is_json();
    match area {
        Area::Add(AreaArgs { code, kind, name, parent, .. }) => {
            let line = format!("区划 {code} {name} 已登记");
            let new = NewArea { kind: kind.kind(), code, name, parent };
            let told = json!({ "code": new.code });
            places::draw(books, &operator(), None, new).await?;
            tell(out, is_json, &told, &line)
        }
        Area::List(_) => {
            let mut view = books.read().await?;
            let areas = property::areas(&mut view).await?;
            if is_json {
                let told = areas.iter().map(|area| {
                    json!({ "code": area.code, "kind": area.kind, "name": area.name, "parent": area.parent })
                });
                say(out, &told.collect::<Vec<_>>())?;
                return Ok(DONE);
            }
            if_none(out, areas.len(), "区划")?;
            for area in areas {
                writeln!(out, "{}  {}  {}", area.code, area.kind.in_chinese(), area.name)?;
            }
            Ok(DONE)
        }
        Area::Locate(LocateArgs { compound: code, area, .. }) => {
            let id = compound(books, &code).await?.id;
            let line = format!("{code} 位于 {area}");
            let told = json!({ "compound": code, "area": area });
            places::settle(books, &operator(), None, id, area).await?;
            tell(out, is_json, &told, &line)
        }
    }
}
