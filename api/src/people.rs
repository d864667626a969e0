//! The door of the people room: users, organisations, contracts and mandates, for the administrator. What concerns a caller
//! themselves is in `entering`.
//!
//! Always: what opens a door is shown once, in the answer to whoever made it, and stands in no record.

mod entering;

use ledger::books::{Actor, Done, Request, Role, Snapshot};
use ledger::calendar::Day;
use ledger::error::Result;
use ledger::id::{AreaId, CompoundId, ContractNo, DwellingNo, MandateNo, OrgNo, PersonNo, TokenNo};
use ledger::people::{
    self, Appointment, Care, Ending, Entrance, Mandate, NewContract, NewOrg, NewUser, Org, OrgKind,
    Person, Scope,
};
use ledger::property::{self, AreaRung, Compound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::entering::*;
use crate::door::{Caller, Going, Nothing, Told};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::{Acted, Gone, IsoDay, Once, Shown, Taken};

/// A number in the path.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtNo {
    #[schemars(description = "编号", example = 1)]
    no: i32,
}

/// An organisation as the wire shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "机构")]
pub struct OrgView {
    #[schemars(description = "机构代码", example = &"lvyuan")]
    pub(crate) code: String,
    #[schemars(description = "机构类别")]
    pub(crate) kind: OrgKind,
    #[schemars(description = "名称", example = &"绿源物业")]
    pub(crate) name: String,
}

impl From<Org> for OrgView {
    fn from(org: Org) -> OrgView {
        let Org { code, kind, name, .. } = org;
        OrgView { code, kind, name }
    }
}

/// `GET /organisations`.
///
/// # Errors
/// Those of a list.
pub async fn orgs(caller: Caller, list: Sought<Nothing>) -> Result<Listed<OrgView>, Problem> {
    let orgs = people::orgs(&mut caller.read().await?).await?;
    list.answer_from(orgs.into_iter().map(|org| (org.code.clone(), org.into())).collect())
}

/// Registers an organisation.
pub(crate) async fn found(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    new: NewOrg,
) -> Result<Done<OrgNo>> {
    let request = Request::new("people.found-org", new).maybe_once(key);
    entrance.act(actor, request, |tx, new| Box::pin(people::found_org(tx, new))).await
}

/// `POST /organisations`.
///
/// # Errors
/// Those of [`people::found_org`].
pub async fn found_org(
    caller: Caller,
    Told(asked): Told<NewOrg>,
) -> Result<Acted<OrgView>, Problem> {
    let NewOrg { kind, code, name } = asked.clone();
    let done = found(&caller.entrance, &caller.actor, caller.key, asked).await?;
    Ok(Acted::new(done, |_| OrgView { code, kind, name }))
}

/// A contract of a compound, asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的物业服务合同")]
pub struct ContractAsked {
    #[schemars(description = "小区代码", example = &"wutongli")]
    pub(crate) compound: String,
    #[schemars(description = "起日")]
    pub(crate) from_on: IsoDay,
    #[schemars(description = "止日：含当日")]
    pub(crate) until_on: IsoDay,
}

/// Records a company's contract of a compound.
pub(crate) async fn engage(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    org: &str,
    asked: ContractAsked,
) -> Result<Done<ContractNo>> {
    let mut view = entrance.books().read().await?;
    let org = people::org(&mut view, org).await?.no;
    let compound = property::compound(&mut view, &asked.compound).await?.id;
    drop(view);
    let (from_on, until_on) = (asked.from_on.0, asked.until_on.0);
    let new = NewContract { org, compound, from_on, until_on };
    let request = Request::new("people.contract", new).maybe_once(key);
    entrance.act(actor, request, |tx, new| Box::pin(people::contract(tx, new))).await
}

/// An organisation in the path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtOrg {
    #[schemars(description = "机构代码", example = &"lvyuan")]
    org: String,
}

/// A contract's number.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "物业服务合同的编号")]
pub struct ContractNumber {
    #[schemars(description = "合同编号", example = 1)]
    contract_no: i32,
}

/// `POST /organisations/{org}/contracts`.
///
/// # Errors
/// Those of [`people::contract`].
pub async fn contract(
    going: Going<AtOrg>,
    Told(asked): Told<ContractAsked>,
) -> Result<Acted<ContractNumber>, Problem> {
    let key = going.key.clone();
    let done = engage(&going.entrance, &going.actor, key, &going.at.org, asked).await?;
    Ok(Acted::new(done, |no| ContractNumber { contract_no: no.0 }))
}

/// A contract as the wire shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "物业服务合同")]
pub struct ContractView {
    #[schemars(description = "合同编号", example = 1)]
    pub(crate) contract_no: i32,
    #[schemars(description = "机构代码", example = &"lvyuan")]
    pub(crate) org: String,
    #[schemars(description = "小区代码", example = &"wutongli")]
    pub(crate) compound: String,
    #[schemars(description = "起日")]
    pub(crate) from_on: IsoDay,
    #[schemars(description = "止日：含当日")]
    pub(crate) until_on: Option<IsoDay>,
    #[schemars(description = "今日是否在期")]
    pub(crate) is_in_force: bool,
}

/// Every contract that was not broken off.
pub(crate) async fn engaged(view: &mut Snapshot, today: Day) -> Result<Vec<ContractView>> {
    let names = Names::read(view).await?;
    let contracts = people::contracts(view).await?;
    Ok(contracts.into_iter().map(|(no, care)| names.contract(no, &care, today)).collect())
}

/// `GET /contracts`.
///
/// # Errors
/// Those of a list.
pub async fn contracts(
    caller: Caller,
    list: Sought<Nothing>,
) -> Result<Listed<ContractView>, Problem> {
    let all = engaged(&mut caller.read().await?, caller.who.today()).await?;
    list.answer_from(all.into_iter().map(|contract| (contract.contract_no, contract)).collect())
}

/// With which last day something ends.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "定期终止")]
pub struct EndAsked {
    #[schemars(description = "最后一日：含当日")]
    last_on: IsoDay,
}

/// Ends a contract: with a last day, or at once.
pub(crate) async fn disengage(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    no: i32,
    last_on: Option<IsoDay>,
) -> Result<Done<()>> {
    let ending = Ending { no, last_on: last_on.map(|day| day.0) };
    let request = Request::new("people.end-contract", ending).maybe_once(key);
    let ended =
        entrance.act(actor, request, |tx, ending| Box::pin(people::end_contract(tx, ending)));
    ended.await
}

/// `POST /contracts/{no}/end`.
///
/// # Errors
/// Those of [`people::end_contract`].
pub async fn end_contract(
    going: Going<AtNo>,
    Told(asked): Told<EndAsked>,
) -> Result<Acted<ContractNumber>, Problem> {
    let (key, no) = (going.key.clone(), going.at.no);
    let done = disengage(&going.entrance, &going.actor, key, no, Some(asked.last_on)).await?;
    Ok(Acted::new(done, |()| ContractNumber { contract_no: no }))
}

/// `DELETE /contracts/{no}`.
///
/// # Errors
/// `people.no-contract`.
pub async fn break_contract(going: Going<AtNo>) -> Result<Gone, Problem> {
    disengage(&going.entrance, &going.actor, None, going.at.no, None).await?;
    Ok(Gone)
}

/// A mandate's number.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "授权的编号")]
pub struct MandateNumber {
    #[schemars(description = "授权编号", example = 1)]
    mandate_no: i32,
}

/// Ends a mandate: with a last day, or at once.
pub(crate) async fn dismiss(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    no: i32,
    last_on: Option<IsoDay>,
) -> Result<Done<()>> {
    let ending = Ending { no, last_on: last_on.map(|day| day.0) };
    let request = Request::new("people.end-mandate", ending).maybe_once(key);
    let ended =
        entrance.act(actor, request, |tx, ending| Box::pin(people::end_mandate(tx, ending)));
    ended.await
}

/// `POST /mandates/{no}/end`.
///
/// # Errors
/// Those of [`people::end_mandate`].
pub async fn end_mandate(
    going: Going<AtNo>,
    Told(asked): Told<EndAsked>,
) -> Result<Acted<MandateNumber>, Problem> {
    let (key, no) = (going.key.clone(), going.at.no);
    let done = dismiss(&going.entrance, &going.actor, key, no, Some(asked.last_on)).await?;
    Ok(Acted::new(done, |()| MandateNumber { mandate_no: no }))
}

/// `DELETE /mandates/{no}`.
///
/// # Errors
/// `people.no-mandate`.
pub async fn break_mandate(going: Going<AtNo>) -> Result<Gone, Problem> {
    dismiss(&going.entrance, &going.actor, None, going.at.no, None).await?;
    Ok(Gone)
}

/// A user asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的用户")]
pub struct UserAsked {
    #[schemars(description = "用户名：2 至 40 个汉字、小写字母、数字或 . _ -", example = &"wang")]
    pub(crate) user: String,
    #[schemars(description = "姓名：1 至 40 个字", example = &"王会计")]
    pub(crate) shown_as: String,
    #[serde(default)]
    #[schemars(description = "所属机构代码")]
    pub(crate) org: Option<String>,
    #[serde(default)]
    #[schemars(description = "电话", example = &"")]
    pub(crate) phone: String,
}

/// A user's name.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "用户名")]
pub struct UserNamed {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
}

/// Registers a user.
pub(crate) async fn register(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    asked: UserAsked,
) -> Result<Done<PersonNo>> {
    let org = match &asked.org {
        Some(code) => {
            let mut view = entrance.books().read().await?;
            Some(people::org(&mut view, code).await?.no)
        }
        None => None,
    };
    let told = json!({ "user": asked.user, "shown_as": asked.shown_as, "org": asked.org });
    let UserAsked { user: name, shown_as, phone, .. } = asked;
    let new = NewUser { name, shown_as, org, phone };
    let request = Request::describing("people.enlist", new, told).maybe_once(key);
    entrance.act(actor, request, |tx, new| Box::pin(people::enlist(tx, new))).await
}

/// `POST /users`.
///
/// # Errors
/// Those of [`people::enlist`].
pub async fn enlist(
    caller: Caller,
    Told(asked): Told<UserAsked>,
) -> Result<Acted<UserNamed>, Problem> {
    let user = asked.user.clone();
    let done = register(&caller.entrance, &caller.actor, caller.key, asked).await?;
    Ok(Acted::new(done, |_| UserNamed { user }))
}

/// A right asked for: with `area`, `org`, `compound`, or `compound` and `room`; the whole house with none of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要给的授权：area、org、compound（或连同 room）写一种；都不写为全册")]
pub struct MandateAsked {
    #[schemars(description = "角色")]
    pub(crate) role: Role,
    #[serde(default)]
    #[schemars(description = "区划代码")]
    pub(crate) area: Option<String>,
    #[serde(default)]
    #[schemars(description = "机构代码：及于其合同期内的小区")]
    pub(crate) org: Option<String>,
    #[serde(default)]
    #[schemars(description = "小区代码")]
    pub(crate) compound: Option<String>,
    #[serde(default)]
    #[schemars(description = "房号：与 compound 同写")]
    pub(crate) room: Option<String>,
    #[schemars(description = "起日")]
    pub(crate) from_on: IsoDay,
    #[serde(default)]
    #[schemars(description = "止日：含当日；业主委员会与审计必写")]
    pub(crate) until_on: Option<IsoDay>,
}

async fn scope_of(view: &mut Snapshot, asked: &MandateAsked, today: Day) -> Result<Scope> {
    let MandateAsked { area, org, compound, room, .. } = asked;
    Ok(match (area, org, compound, room) {
        (None, None, None, None) => Scope::House,
        (Some(area), None, None, None) => Scope::Area(property::area(view, area).await?),
        (None, Some(org), None, None) => Scope::Organisation(people::org(view, org).await?.no),
        (None, None, Some(code), None) => Scope::Compound(property::compound(view, code).await?.id),
        (None, None, Some(code), Some(room)) => {
            let compound = property::compound(view, code).await?.id;
            let dwelling = property::dwelling(view, compound, room, today).await?.no;
            Scope::Dwelling(compound, dwelling)
        }
        _ => {
            return Err(people::REACH
                .refuse("范围只能写一种：区划、机构、小区，或小区与房号")
                .into());
        }
    })
}

/// Gives a user a right.
pub(crate) async fn entrust(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    user: &str,
    asked: MandateAsked,
) -> Result<Done<MandateNo>> {
    let mut view = entrance.books().read().await?;
    let scope = scope_of(&mut view, &asked, entrance.books().clock().now().day()).await?;
    drop(view);
    let new = Appointment {
        user: user.to_owned(),
        role: asked.role,
        scope,
        from_on: asked.from_on.0,
        until_on: asked.until_on.map(|day| day.0),
    };
    let request = Request::new("people.appoint", new).maybe_once(key);
    entrance.act(actor, request, |tx, new| Box::pin(people::appoint(tx, new))).await
}

/// A user in the path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtUser {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
}

/// `POST /users/{user}/mandates`.
///
/// # Errors
/// Those of [`people::appoint`].
pub async fn appoint(
    going: Going<AtUser>,
    Told(asked): Told<MandateAsked>,
) -> Result<Acted<MandateNumber>, Problem> {
    let key = going.key.clone();
    let done = entrust(&going.entrance, &going.actor, key, &going.at.user, asked).await?;
    Ok(Acted::new(done, |no| MandateNumber { mandate_no: no.0 }))
}

/// A mandate as the wire shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "授权")]
pub struct MandateView {
    #[schemars(description = "授权编号", example = 1)]
    pub(crate) mandate_no: i32,
    #[schemars(description = "角色")]
    pub(crate) role: Role,
    #[schemars(description = "范围种类：house 全册，area 区划，organisation 机构，compound 小区，dwelling 房屋", example = &"compound")]
    pub(crate) scope: &'static str,
    /// The code of the area, the organisation, the compound, or of compound and dwelling; empty for the house.
    #[schemars(description = "范围：区划、机构或小区的代码，或小区代码与房号；全册为空", example = &"wutongli")]
    pub(crate) of: String,
    #[schemars(description = "起日")]
    pub(crate) from_on: IsoDay,
    #[schemars(description = "止日：含当日；长期为空")]
    pub(crate) until_on: Option<IsoDay>,
    #[schemars(description = "今日是否在期")]
    pub(crate) is_in_force: bool,
}

/// A user with their mandates.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "用户及其授权")]
pub struct UserView {
    #[schemars(description = "用户名", example = &"wang")]
    pub(crate) user: String,
    #[schemars(description = "姓名", example = &"王会计")]
    pub(crate) shown_as: String,
    #[schemars(description = "所属机构代码")]
    pub(crate) org: Option<String>,
    #[schemars(description = "是否停用")]
    pub(crate) is_disabled: bool,
    #[schemars(description = "授权：未立即终止的")]
    pub(crate) mandates: Vec<MandateView>,
}

/// A user on a list.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "用户")]
pub struct UserRow {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
    #[schemars(description = "姓名", example = &"王会计")]
    shown_as: String,
    #[schemars(description = "所属机构代码")]
    org: Option<String>,
    #[schemars(description = "是否停用")]
    is_disabled: bool,
    #[schemars(description = "在期角色")]
    roles: Vec<Role>,
}

/// The codes of what mandates are over.
struct Names {
    areas: Vec<AreaRung>,
    orgs: Vec<Org>,
    compounds: Vec<Compound>,
}

impl Names {
    async fn read(view: &mut Snapshot) -> Result<Names> {
        Ok(Names {
            areas: property::areas(view).await?,
            orgs: people::orgs(view).await?,
            compounds: property::compounds(view).await?,
        })
    }

    fn area(&self, id: AreaId) -> String {
        self.areas.iter().find(|area| area.id == id).map_or(String::new(), |area| area.code.clone())
    }

    fn org(&self, no: OrgNo) -> String {
        self.orgs.iter().find(|org| org.no == no).map_or(String::new(), |org| org.code.clone())
    }

    fn compound(&self, id: CompoundId) -> String {
        let found = self.compounds.iter().find(|compound| compound.id == id);
        found.map_or(String::new(), |compound| compound.code.clone())
    }

    async fn dwelling(
        &self,
        view: &mut Snapshot,
        compound: CompoundId,
        dwelling: DwellingNo,
    ) -> Result<String> {
        let room = property::code_of(view, compound, dwelling).await?.unwrap_or_default();
        Ok(format!("{} {room}", self.compound(compound)))
    }

    fn contract(&self, no: ContractNo, care: &Care, today: Day) -> ContractView {
        ContractView {
            contract_no: no.0,
            org: self.org(care.org),
            compound: self.compound(care.compound),
            from_on: IsoDay(care.term.from_on),
            until_on: care.term.until_on.map(IsoDay),
            is_in_force: care.term.holds_on(today),
        }
    }

    async fn mandate(
        &self,
        view: &mut Snapshot,
        mandate: &Mandate,
        today: Day,
    ) -> Result<MandateView> {
        Ok(MandateView {
            mandate_no: mandate.no.0,
            role: mandate.role,
            scope: mandate.scope.name(),
            of: match mandate.scope {
                Scope::House => String::new(),
                Scope::Area(id) => self.area(id),
                Scope::Organisation(no) => self.org(no),
                Scope::Compound(id) => self.compound(id),
                Scope::Dwelling(compound, dwelling) => {
                    self.dwelling(view, compound, dwelling).await?
                }
            },
            from_on: IsoDay(mandate.term.from_on),
            until_on: mandate.term.until_on.map(IsoDay),
            is_in_force: mandate.term.holds_on(today),
        })
    }
}

/// Every user with their mandates, or one.
pub(crate) async fn roster(
    mut view: Snapshot,
    today: Day,
    only: Option<&str>,
) -> Result<Vec<UserView>> {
    let persons: Vec<Person> = match only {
        Some(name) => vec![people::somebody(&mut view, name).await?],
        None => people::everybody(&mut view).await?,
    };
    let of = only.and_then(|_| persons.first().map(|person| person.no));
    let mandates = people::mandates(&mut view, of).await?;
    let names = Names::read(&mut view).await?;
    let mut users = Vec::with_capacity(persons.len());
    for person in persons {
        let mut held = Vec::new();
        for (_, mandate) in mandates.iter().filter(|(of, _)| *of == person.no) {
            held.push(names.mandate(&mut view, mandate, today).await?);
        }
        users.push(UserView {
            org: person.org.map(|no| names.org(no)),
            user: person.name,
            shown_as: person.shown_as,
            is_disabled: person.is_disabled,
            mandates: held,
        });
    }
    Ok(users)
}

/// `GET /users`.
///
/// # Errors
/// Those of a list.
pub async fn users(caller: Caller, list: Sought<Nothing>) -> Result<Listed<UserRow>, Problem> {
    let users = roster(caller.read().await?, caller.who.today(), None).await?;
    let row = |user: UserView| {
        let UserView { user, shown_as, org, is_disabled, mandates } = user;
        let in_force = mandates.iter().filter(|mandate| mandate.is_in_force);
        let mut roles: Vec<Role> = in_force.map(|mandate| mandate.role).collect();
        roles.sort_unstable();
        roles.dedup();
        (user.clone(), UserRow { user, shown_as, org, is_disabled, roles })
    };
    list.answer_from(users.into_iter().map(row).collect())
}

/// `GET /users/{user}`.
///
/// # Errors
/// `people.no-user`.
pub async fn user(going: Going<AtUser>) -> Result<Shown<UserView>, Problem> {
    let name = &going.at.user;
    let found = roster(going.read().await?, going.who.today(), Some(name)).await?.pop();
    Ok(Shown(found.ok_or_else(|| people::NO_USER.refuse(format!("用户名 {name:?}")))?))
}

/// A password, shown once.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "新口令：只显示这一次")]
pub struct FreshPassword {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
    #[schemars(description = "口令", example = &"5nuk-l6kl-hncn-duyz")]
    password: String,
}

/// `POST /users/{user}/password`: a random one, shown once. The user's sessions end.
///
/// # Errors
/// Those of [`Entrance::reset_password`].
pub async fn reset_password(going: Going<AtUser>) -> Result<Once<FreshPassword>, Problem> {
    let user = going.at.user.clone();
    let password = going.entrance.reset_password(&going.actor, &user).await?;
    Ok(Once::new(FreshPassword { user, password }))
}

/// A telephone number; empty for none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "电话")]
pub struct PhoneAsked {
    #[schemars(description = "电话：没有则写空文字", example = &"19900001234")]
    phone: String,
}

/// `POST /users/{user}/phone`: another number. The user's sessions end.
///
/// # Errors
/// Those of [`people::set_phone`].
pub async fn set_phone(
    going: Going<AtUser>,
    Told(asked): Told<PhoneAsked>,
) -> Result<Once<Taken>, Problem> {
    let user = going.at.user.clone();
    let told = json!({ "user": user });
    let request = Request::describing("people.set-phone", (user, asked.phone), told);
    let set = going.entrance.act(&going.actor, request, |tx, (user, phone)| {
        Box::pin(people::set_phone(tx, user, phone))
    });
    set.await?;
    Ok(Once::taken())
}

/// Shuts a user out, or lets them in again.
pub(crate) async fn shut_out(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    user: &str,
    is_disabled: bool,
) -> Result<Done<()>> {
    let verb = if is_disabled { "people.disable" } else { "people.enable" };
    let request = Request::new(verb, user.to_owned()).maybe_once(key);
    let shut = entrance
        .act(actor, request, move |tx, user| Box::pin(people::disable(tx, user, is_disabled)));
    shut.await
}

async fn shut(going: Going<AtUser>, is_disabled: bool) -> Result<Acted<UserNamed>, Problem> {
    let (key, user) = (going.key.clone(), going.at.user.clone());
    let done = shut_out(&going.entrance, &going.actor, key, &user, is_disabled).await?;
    Ok(Acted::new(done, |()| UserNamed { user }))
}

/// `POST /users/{user}/disable`.
///
/// # Errors
/// `people.no-user`.
pub async fn disable(going: Going<AtUser>) -> Result<Acted<UserNamed>, Problem> {
    shut(going, true).await
}

/// `POST /users/{user}/enable`.
///
/// # Errors
/// `people.no-user`.
pub async fn enable(going: Going<AtUser>) -> Result<Acted<UserNamed>, Problem> {
    shut(going, false).await
}

/// Forgets a user's failed log-ins.
pub(crate) async fn release(
    entrance: &Entrance,
    actor: &Actor,
    key: Option<String>,
    user: &str,
) -> Result<Done<()>> {
    let request = Request::new("people.unlock", user.to_owned()).maybe_once(key);
    entrance.act(actor, request, |tx, user| Box::pin(people::unlock(tx, user))).await
}

/// `POST /users/{user}/unlock`.
///
/// # Errors
/// `people.no-user`.
pub async fn unlock(going: Going<AtUser>) -> Result<Acted<UserNamed>, Problem> {
    let (key, user) = (going.key.clone(), going.at.user.clone());
    let done = release(&going.entrance, &going.actor, key, &user).await?;
    Ok(Acted::new(done, |()| UserNamed { user }))
}

/// `DELETE /users/{user}/second-factor`: the device is lost, and the recovery codes with it.
///
/// # Errors
/// `people.no-user`.
pub async fn drop_second_factor(going: Going<AtUser>) -> Result<Gone, Problem> {
    going.entrance.drop_second_factor(&going.actor, &going.at.user).await?;
    Ok(Gone)
}

/// A token of a user in the path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtUsersToken {
    #[schemars(description = "用户名", example = &"wang")]
    user: String,
    #[schemars(description = "令牌编号", example = 1)]
    no: i32,
}

/// `DELETE /users/{user}/tokens/{no}`.
///
/// # Errors
/// `people.no-user`, `people.no-token`.
pub async fn revoke_users_token(going: Going<AtUsersToken>) -> Result<Gone, Problem> {
    let mut view = going.books.glance();
    let person = people::somebody(&mut view, &going.at.user).await?.no;
    let no = TokenNo(going.at.no);
    going.entrance.revoke_token(&going.actor, Some(person), no).await?;
    Ok(Gone)
}
