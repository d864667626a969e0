//! Who may do what, where, from when to when; and how they show who they are.
//!
//! Owns: `organisation`, `service_contract`, `person`, `mandate`, `password`, `totp`, `recovery_code`, `attempt`, `session`,
//! `token`, `token_mandate`, `portal_identity`, `portal_errand`.
//!
//! Always: a right is a mandate (授权): a user, a role, a scope, a term; a term that ends takes the right with it, and a
//! company's contract of a compound is such a term. Whoever comes is told by [`Caller::role_at`] what they may, and by
//! nothing else. Every change is an act of the head office, and neither its request nor its answer holds a password, a
//! token, a code or a telephone number. What changes rights moves the number of the series `people`, which tells every
//! process to look again ([`Entrance`]).
//! Never: a word of property. Areas, compounds and dwellings are numbers here; the caller looks them up.
//! Start at [`enlist`], [`appoint`], [`Entrance`].

mod credential;
mod entrance;
pub mod password;
mod portal;
mod rows;
mod scope;
pub mod totp;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::credential::{
    Entered, FreshToken, Login, NewToken, SecondFactor, SessionShown, TokenShown, sessions, tokens,
};
pub use self::entrance::Entrance;
pub use self::portal::{Bound, Subject, portals};
pub use self::scope::{
    Access, Caller, Care, Known, Mandate, Place, REACHES, Scope, Shown, TERMED, Term,
};
use crate::books::{Reads, Role, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind, Refusal, Result, Rule};
use crate::id::{CompoundId, ContractNo, MandateNo, OrgNo, PersonNo};
use crate::seal::Sealed;

/// What of this room lies sealed.
pub static SEALED: &[&Sealed] = &[&rows::PHONE, &rows::SECRET, &rows::PROPOSED];

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Kind::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// An organisation's code or name is not fit.
    ORG_SHAPE = Shape, "people.org-shape",
        "机构代码为 1 至 40 个小写字母、数字、短横线；名称为 1 至 80 个字",
        "例如 --code lvyuan --name 绿源物业";
    /// An organisation's code is taken.
    ORG_TAKEN = Conflict, "people.org-taken",
        "机构代码在本账册内唯一", "换一个代码，或直接使用已登记的机构";
    /// There is no such organisation.
    NO_ORG = Missing, "people.no-org",
        "机构须已登记", "先登记机构，或检查机构代码";
    /// A user's name, display name or telephone number is not fit.
    USER_SHAPE = Shape, "people.user-shape",
        "用户名为 2 至 40 个汉字、小写字母、数字或 . _ -；姓名为 1 至 40 个字；电话为 5 至 20 位数字、加号、短横线",
        "改正后重试";
    /// A user's name is taken.
    USER_TAKEN = Conflict, "people.user-taken",
        "用户名在本账册内唯一，停用后也不再给别人", "换一个用户名";
    /// There is no such user.
    NO_USER = Missing, "people.no-user",
        "用户须已登记", "先登记用户，或检查用户名";
    /// A role cannot reach so far, or not in this way.
    REACH = Refused, "people.reach",
        "角色与范围须相称：物业公司到机构或小区，业主委员会到小区，街道办到区划，房管部门到区划或全册，审计到小区、区划或全册，业主到房屋，管理员到全册",
        "换一种范围，或换一个角色";
    /// A term has no end, or ends before it begins.
    TERM = Refused, "people.term",
        "期限的止日不得早于起日；业主委员会的届期、审计的委托期须有止日",
        "核对起止日期";
    /// Nobody gives themselves a right.
    OWN_MANDATE = Forbidden, "people.own-mandate",
        "任何人不得给自己授权", "请由另一名管理员或本机操作办理";
    /// There is no such mandate, or it has ended.
    NO_MANDATE = Missing, "people.no-mandate",
        "授权须存在且未终止", "检查授权编号";
    /// There is no such contract, or it has ended.
    NO_CONTRACT = Missing, "people.no-contract",
        "物业服务合同须已登记且未终止", "检查合同编号";
    /// Too many log-ins wait.
    CROWDED = Busy, "people.crowded",
        "等待中的登录过多", "请稍后再试";
    /// Whoever tried to log in is told no more than this.
    LOGIN = Forbidden, "people.login",
        "用户名、口令与验证码须正确，账户未停用，且不在多次失败后的锁定期内",
        "核对后重试；连续失败会锁定 30 秒至 15 分钟，忘记口令请联系管理员";
    /// The password is right, and a code is wanted.
    CODE_WANTED = Forbidden, "people.code-wanted",
        "该账户已启用二次验证，登录须带验证码", "打开验证器，把六位数字填入 code；设备丢失的用恢复码";
    /// The console acts in the name of somebody who may not.
    NOT_IN_NAME = Forbidden, "people.not-in-name",
        "在操作台以用户之名办理的，该用户须未停用，且在此处有该角色的在期授权",
        "换一个有授权的用户，或不写 --by：即以操作台之名办理";
    /// No mandate is in force.
    TERM_OVER = Forbidden, "people.term-over",
        "须有一项在期的授权", "授权期满或尚未开始；请联系管理员";
    /// A second factor is needed.
    SECOND_FACTOR = Forbidden, "people.second-factor",
        "该角色办理业务须经二次验证", "先启用二次验证，再带验证码登录；令牌须由这样的会话签发";
    /// A second factor is to be shown anew.
    PROVE_AGAIN = Forbidden, "people.prove-again",
        "办理此项须在数分钟之内再次验证身份（政策包 second-factor）",
        "先以 POST /api/v1/session/proof 提交验证码，随即重试；令牌不能代替，请用本人登录的会话";
    /// A token is not enough.
    SESSION_ONLY = Forbidden, "people.session-only",
        "此项须由本人登录后办理，令牌不可代办", "先登录，再用登录所得的会话办理";
    /// A password that is too short, too long or too common.
    PASSWORD = Shape, "people.password",
        "口令为 10 至 128 个字符，除去用户名、常见口令、重复与连续的字符后至少还有 5 个",
        "用几个不相干的词连成一句，或用口令管理器生成";
    /// A new password that is the old one.
    PASSWORD_SAME = Refused, "people.password-same",
        "新口令须与原口令不同", "换一个没有用过的口令";
    /// A code does not fit.
    CODE = Refused, "people.code",
        "验证码须为当前的六位数字，且每个只能用一次", "核对设备的时间，等下一个验证码再试";
    /// Nothing was proposed that could be confirmed.
    NOT_PROPOSED = Conflict, "people.no-second-factor-proposed",
        "确认二次验证之前须先取得密钥", "先申请密钥并录入验证器";
    /// A token's name or term is not fit.
    TOKEN_SHAPE = Shape, "people.token-shape",
        "令牌须有 1 至 40 个字的名称，至少一项本人在期的授权，期限不超过 366 天",
        "核对名称、授权编号与到期日";
    /// A portal's issuer or subject is not fit.
    PORTAL_SHAPE = Shape, "people.portal-shape",
        "门户的签发者为 1 至 200 个可见 ASCII 字符，用户标识为 1 至 255 个",
        "照门户所给的原样填写，区分大小写";
    /// The subject is somebody else's, or the user has another.
    PORTAL_TAKEN = Conflict, "people.portal-taken",
        "一个门户标识只属一个用户，一个用户在一个门户只有一个标识",
        "先解除原有的绑定";
    /// There is nothing to undo.
    NOT_BOUND = Missing, "people.portal-not-bound",
        "解除绑定须先有绑定", "核对用户名与门户";
    /// The portal vouches for somebody we do not know.
    PORTAL_UNBOUND = Forbidden, "people.portal-unbound",
        "经门户登录的须先与本账册的用户绑定",
        "先用口令登录后自行绑定，或请管理员绑定；不按邮箱、电话匹配，也不自动开户";
    /// There is no such token.
    NO_TOKEN = Missing, "people.no-token",
        "令牌须存在且未吊销", "检查令牌编号";
}

/// The series whose number moves when rights change.
const SERIES: &str = "people";

/// Tells every process that rights have changed.
fn moved(tx: &mut Tx) {
    tx.next_no(SERIES);
}

/// What an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "机构类别")]
pub enum OrgKind {
    /// 物业公司.
    #[schemars(description = "物业公司")]
    PropertyCompany,
    /// 业主委员会.
    #[schemars(description = "业主委员会")]
    OwnersCommittee,
    /// 街道办.
    #[schemars(description = "街道办")]
    StreetOffice,
    /// 房管部门.
    #[schemars(description = "房管部门")]
    HousingAuthority,
    /// 审计机构.
    #[schemars(description = "审计机构")]
    Auditor,
}

impl OrgKind {
    /// Every kind.
    pub const ALL: [OrgKind; 5] = [
        OrgKind::PropertyCompany,
        OrgKind::OwnersCommittee,
        OrgKind::StreetOffice,
        OrgKind::HousingAuthority,
        OrgKind::Auditor,
    ];

    /// The role its people have.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            OrgKind::PropertyCompany => Role::PropertyCompany,
            OrgKind::OwnersCommittee => Role::OwnersCommittee,
            OrgKind::StreetOffice => Role::StreetOffice,
            OrgKind::HousingAuthority => Role::HousingAuthority,
            OrgKind::Auditor => Role::Auditor,
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<OrgKind> {
        OrgKind::ALL.into_iter().find(|kind| kind.role().name() == name)
    }
}

/// An organisation to register.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的机构")]
pub struct NewOrg {
    /// What it is.
    #[schemars(description = "机构类别")]
    pub kind: OrgKind,
    /// The short code used in commands and addresses.
    #[schemars(description = "机构代码：1 至 40 个小写字母、数字、短横线", example = &"lvyuan")]
    pub code: String,
    /// Its name.
    #[schemars(description = "名称：1 至 80 个字", example = &"绿源物业")]
    pub name: String,
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
}

/// Registers an organisation.
///
/// # Errors
/// `people.org-shape`, `people.org-taken`.
pub async fn found_org(tx: &mut Tx, org: &NewOrg) -> Result<OrgNo> {
    let taken = rows::org(tx, &org.code).await?;

    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=40).contains(&org.code.len()) && org.code.chars().all(is_code);
    if !fits || !is_line(&org.name, 80) {
        let evidence = format!("代码 {:?}，名称 {:?}", org.code, org.name);
        return Err(ORG_SHAPE.refuse(evidence).into());
    }
    if let Some(taken) = taken {
        return Err(ORG_TAKEN.refuse(format!("{} 已是 {}", org.code, taken.name)).into());
    }

    let no = OrgNo(tx.next_no("organisation"));
    let sql =
        "INSERT INTO organisation (org_no, kind, code, name, act_no) VALUES ($1, $2, $3, $4, $5)";
    let kind = org.kind.role().name();
    let row = vec![
        no.0.into(),
        kind.into(),
        org.code.as_str().into(),
        org.name.trim().into(),
        tx.act().0.into(),
    ];
    tx.exec(sql, row).await?;
    Ok(no)
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// Its number.
    pub no: OrgNo,
    /// What it is.
    pub kind: OrgKind,
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Every organisation, by code.
///
/// # Errors
/// Storage.
pub async fn orgs(view: &mut impl View) -> Result<Vec<Org>> {
    rows::orgs(view).await
}

/// The organisation with this code.
///
/// # Errors
/// `people.no-org`.
pub async fn org(view: &mut impl View, code: &str) -> Result<Org> {
    let shown: String = code.chars().take(40).collect();
    let missing = || NO_ORG.refuse(format!("机构代码 {shown:?}"));
    Ok(rows::org(view, code).await?.ok_or_else(missing)?)
}

/// A company's contract of a compound, to record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewContract {
    /// The company.
    pub org: OrgNo,
    /// The compound.
    pub compound: CompoundId,
    /// Its first day.
    pub from_on: Day,
    /// Its last day.
    pub until_on: Day,
}

/// Records a company's contract of a compound: as long as it runs, the company's people reach the compound.
///
/// # Errors
/// `people.reach` if it is no property company, `people.term`.
pub async fn contract(tx: &mut Tx, new: &NewContract) -> Result<ContractNo> {
    let orgs = rows::orgs(tx).await?;
    let org = orgs.into_iter().find(|org| org.no == new.org);
    let org = org.ok_or_else(|| NO_ORG.refuse(format!("机构编号 {}", new.org)))?;

    if org.kind != OrgKind::PropertyCompany {
        return Err(REACH.refuse(format!("{} 不是物业公司", org.name)).into());
    }
    may_last(new.from_on, Some(new.until_on))?;

    let no = ContractNo(tx.next_no("service-contract"));
    let sql =
        "INSERT INTO service_contract (contract_no, org_no, compound_id, from_on, until_on, act_no)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let row = vec![
        no.0.into(),
        new.org.0.into(),
        new.compound.0.into(),
        new.from_on.into(),
        new.until_on.into(),
        tx.act().0.into(),
    ];
    tx.exec(sql, row).await?;
    moved(tx);
    Ok(no)
}

fn may_last(from_on: Day, until_on: Option<Day>) -> Result<(), Refusal> {
    match until_on.filter(|until| *until < from_on) {
        Some(until) => Err(TERM.refuse(format!("起日 {from_on}，止日 {until}"))),
        None => Ok(()),
    }
}

/// A mandate or a contract that ends: at once, or with a last day.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// Its number.
    pub no: i32,
    /// Its last day; none means that it ends now.
    pub last_on: Option<Day>,
}

/// Ends a contract.
///
/// # Errors
/// `people.no-contract`, `people.term`.
pub async fn end_contract(tx: &mut Tx, ending: &Ending) -> Result<()> {
    let missing = NO_CONTRACT.refuse(format!("合同编号 {}", ending.no));
    end(tx, "service_contract", "contract_no", ending, missing).await
}

/// Ends a mandate.
///
/// # Errors
/// `people.no-mandate`, `people.term`.
pub async fn end_mandate(tx: &mut Tx, ending: &Ending) -> Result<()> {
    let missing = NO_MANDATE.refuse(format!("授权编号 {}", ending.no));
    end(tx, "mandate", "mandate_no", ending, missing).await
}

async fn end(tx: &mut Tx, table: &str, key: &str, ending: &Ending, missing: Refusal) -> Result<()> {
    let sql = format!("SELECT from_on FROM {table} WHERE {key} = $1 AND ended_by_act IS NULL");
    let found = tx.rows(Reads::SETTLED, &sql, vec![ending.no.into()]).await?;
    let from_on: Day = match found.first() {
        Some(row) => row.try_get("", "from_on")?,
        None => return Err(missing.into()),
    };

    may_last(from_on, ending.last_on)?;

    let act = tx.act().0;
    let (set, value) = match ending.last_on {
        Some(day) => ("until_on", day.into()),
        None => ("ended_by_act", act.into()),
    };
    let sql = format!("UPDATE {table} SET {set} = $2 WHERE {key} = $1 AND ended_by_act IS NULL");
    tx.exec(&sql, vec![ending.no.into(), value]).await?;
    moved(tx);
    Ok(())
}

/// A user to register. Holds a telephone number: describe it, do not record it.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name they log in with.
    pub name: String,
    /// The name people read.
    pub shown_as: String,
    /// The organisation they belong to.
    pub org: Option<OrgNo>,
    /// Their telephone number, empty if unknown.
    pub phone: String,
}

fn phone_fits(phone: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || c == '+' || c == '-';
    phone.is_empty() || ((5..=20).contains(&phone.len()) && phone.chars().all(fits))
}

fn may_be_enlisted(new: &NewUser) -> Result<(), Refusal> {
    let fits = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || ".-_".contains(c)
            || ('一'..='鿿').contains(&c)
    };
    let name_fits = (2..=40).contains(&new.name.chars().count()) && new.name.chars().all(fits);
    if !name_fits {
        let shown: String = new.name.chars().take(40).collect();
        return Err(USER_SHAPE.refuse(format!("用户名 {shown:?}")));
    }
    if !is_line(&new.shown_as, 40) {
        return Err(USER_SHAPE.refuse("姓名为空、过长或含有控制字符"));
    }
    if !phone_fits(&new.phone) {
        return Err(USER_SHAPE.refuse("电话的写法"));
    }
    Ok(())
}

/// Registers a user, who can do nothing yet: no password, no mandate.
///
/// # Errors
/// `people.user-shape`, `people.user-taken`.
pub async fn enlist(tx: &mut Tx, new: &NewUser) -> Result<PersonNo> {
    let taken = rows::person(tx, &new.name).await?;

    may_be_enlisted(new)?;
    if taken.is_some() {
        return Err(USER_TAKEN.refuse(format!("用户名 {}", new.name)).into());
    }

    let no = PersonNo(tx.next_no("person"));
    let sql = "INSERT INTO person (person_no, name, shown_as, org_no, phone_sealed, epoch, is_disabled, act_no)
               VALUES ($1, $2, $3, $4, $5, 1, 0, $6)";
    let phone = match new.phone.as_str() {
        "" => None,
        phone => Some(rows::sealed(tx, &rows::PHONE, no, phone.as_bytes())?),
    };
    let row = vec![
        no.0.into(),
        new.name.as_str().into(),
        new.shown_as.trim().into(),
        new.org.map(|org| org.0).into(),
        phone.into(),
        tx.act().0.into(),
    ];
    tx.exec(sql, row).await?;
    Ok(no)
}

/// A right to give.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Appointment {
    /// Whose.
    pub user: String,
    /// The role.
    pub role: Role,
    /// How far it reaches.
    pub scope: Scope,
    /// Its first day.
    pub from_on: Day,
    /// Its last day.
    pub until_on: Option<Day>,
}

fn may_be_given(new: &Appointment) -> Result<(), Refusal> {
    let reach = REACHES.iter().find(|(role, _)| *role == new.role);
    if !reach.is_some_and(|(_, reach)| reach.contains(&new.scope.name())) {
        let (role, scope) = (new.role.in_chinese(), new.scope.name());
        return Err(REACH.refuse(format!("{role} 到 {scope}")));
    }
    if TERMED.contains(&new.role) && new.until_on.is_none() {
        return Err(TERM.refuse(format!("{} 未写止日", new.role.in_chinese())));
    }
    may_last(new.from_on, new.until_on)
}

/// Gives a user a role over a scope for a term.
///
/// # Errors
/// `people.no-user`, `people.reach`, `people.term`, `people.own-mandate`.
pub async fn appoint(tx: &mut Tx, new: &Appointment) -> Result<MandateNo> {
    let person = somebody(tx, &new.user).await?;

    may_be_given(new)?;
    if tx.actor().role != Role::Operator && tx.actor().name == person.name {
        return Err(OWN_MANDATE.refuse(format!("用户 {}", person.name)).into());
    }

    let no = MandateNo(tx.next_no("mandate"));
    rows::put_mandate(tx, no, person.no, new).await?;
    moved(tx);
    Ok(no)
}

/// A user as the books know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub no: PersonNo,
    /// The name they log in with.
    pub name: String,
    /// The name people read.
    pub shown_as: String,
    /// The organisation they belong to.
    pub org: Option<OrgNo>,
    /// Moves with every change that ends their sessions.
    pub epoch: i32,
    /// Whether they may not come in.
    pub is_disabled: bool,
}

/// The user with this name.
///
/// # Errors
/// `people.no-user`.
pub async fn somebody(view: &mut impl View, name: &str) -> Result<Person> {
    let shown: String = name.chars().take(40).collect();
    let missing = || NO_USER.refuse(format!("用户名 {shown:?}"));
    Ok(rows::person(view, name).await?.ok_or_else(missing)?)
}

/// Somebody as the books know them today, whatever they showed when they were here.
async fn caller(view: &mut impl View, person: Person, today: Day) -> Result<Caller> {
    let mandates = rows::mandates(view, Some(person.no)).await?;
    let known = Known {
        person: Some(person.no),
        name: person.name,
        shown: Shown::Nothing,
        is_strong: false,
        proved_at: None,
        mandates: mandates.into_iter().map(|(_, mandate)| mandate).collect(),
        cares: rows::cares(view, person.no).await?,
    };
    Ok(Caller::new(Arc::new(known), today))
}

/// The role in which the console of the machine acts at a place in a user's name: the first of these that a mandate in force
/// gives them there; an owner's counts for the compound their dwelling is in. None while the books have no user at all:
/// then there is nobody a name could be held against.
///
/// # Errors
/// `people.no-user`, `people.not-in-name`.
pub async fn role_in_name_of(
    view: &mut impl View,
    name: &str,
    place: &Place<'_>,
    roles: &[Role],
    today: Day,
) -> Result<Option<Role>> {
    if everybody(view).await?.is_empty() {
        return Ok(None);
    }
    let person = somebody(view, name).await?;
    let words: Vec<&str> = roles.iter().map(|role| role.in_chinese()).collect();
    let refused = |why: &str| NOT_IN_NAME.refuse(format!("{name} {why}（{}）", words.join("、")));
    if person.is_disabled {
        return Err(refused("已停用").into());
    }
    let caller = caller(view, person, today).await?;
    let is_home = |mandate: &Mandate| matches!(mandate.scope, Scope::Dwelling(compound, _) if compound == place.compound);
    let is_owner = caller.in_force().any(|mandate| mandate.role == Role::Owner && is_home(mandate));
    match caller.role_at(place, roles) {
        Access::Allowed(role) => Ok(Some(role)),
        _ if is_owner && roles.contains(&Role::Owner) => Ok(Some(Role::Owner)),
        _ => Err(refused("在此处没有在期的授权").into()),
    }
}

/// Every user, by name.
///
/// # Errors
/// Storage.
pub async fn everybody(view: &mut impl View) -> Result<Vec<Person>> {
    rows::persons(view).await
}

/// Every mandate that was not broken off, by user and number; those of one user if one is named.
///
/// # Errors
/// Storage.
pub async fn mandates(
    view: &mut impl View,
    of: Option<PersonNo>,
) -> Result<Vec<(PersonNo, Mandate)>> {
    rows::mandates(view, of).await
}

/// A contract as it stands: its number, and what it gives.
///
/// # Errors
/// Storage.
pub async fn contracts(view: &mut impl View) -> Result<Vec<(ContractNo, Care)>> {
    rows::contracts(view).await
}

/// Shuts a user out, or lets them in again. Either ends their sessions; their tokens rest meanwhile.
///
/// # Errors
/// `people.no-user`.
pub async fn disable(tx: &mut Tx, name: &str, is_disabled: bool) -> Result<()> {
    let person = somebody(tx, name).await?;
    let sql = "UPDATE person SET is_disabled = $2, epoch = epoch + 1 WHERE person_no = $1";
    tx.exec(sql, vec![person.no.0.into(), i16::from(is_disabled).into()]).await?;
    moved(tx);
    Ok(())
}

/// A user's telephone number changes, and their sessions end. Describe the request, do not record it.
///
/// # Errors
/// `people.no-user`, `people.user-shape`.
pub async fn set_phone(tx: &mut Tx, name: &str, phone: &str) -> Result<()> {
    let person = somebody(tx, name).await?;
    if !phone_fits(phone) {
        return Err(USER_SHAPE.refuse("电话的写法").into());
    }
    let sealed = match phone {
        "" => None,
        phone => Some(rows::sealed(tx, &rows::PHONE, person.no, phone.as_bytes())?),
    };
    let sql = "UPDATE person SET phone_sealed = $2, epoch = epoch + 1 WHERE person_no = $1";
    tx.exec(sql, vec![person.no.0.into(), sealed.into()]).await?;
    moved(tx);
    Ok(())
}

/// Forgets a user's failed log-ins: they may try again at once.
///
/// # Errors
/// `people.no-user`.
pub async fn unlock(tx: &mut Tx, name: &str) -> Result<()> {
    let person = somebody(tx, name).await?;
    rows::forget_attempts(tx, &credential::digest(&person.name)).await
}
