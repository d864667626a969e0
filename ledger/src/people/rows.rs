//! The tables of people, and which columns of them are sealed.

use sea_orm::{QueryResult, Value};

use super::{Appointment, Care, Mandate, Org, OrgKind, Person, Scope, Term};
use crate::books::{Reads, Role, Tx, View};
use crate::error::{Error, Result, Storage};
use crate::id::{AreaId, CompoundId, ContractNo, DwellingNo, MandateNo, OrgNo, PersonNo};
use crate::seal::Sealed;

/// The telephone number of a user.
pub(super) static PHONE: Sealed =
    Sealed { table: "person", column: "phone_sealed", row: "person_no", compound: "0" };

/// The secret of a user's second factor.
pub(super) static SECRET: Sealed =
    Sealed { table: "totp", column: "secret_sealed", row: "person_no", compound: "0" };

/// One that is proposed, and counts when a code of it comes.
pub(super) static PROPOSED: Sealed =
    Sealed { table: "totp", column: "proposed_sealed", row: "person_no", compound: "0" };

/// What belongs to a user, sealed for its column.
pub(super) fn sealed(
    tx: &Tx,
    column: &'static Sealed,
    person: PersonNo,
    plain: &[u8],
) -> Result<Vec<u8>> {
    tx.ring().seal(&column.at(CompoundId::OFFICE, person.0), plain)
}

async fn rows(view: &mut impl View, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>> {
    // Every verb of this room writes at once, so nothing of these tables waits.
    view.rows(Reads::SETTLED, sql, values).await
}

fn strange(what: &str) -> Error {
    Storage::Bug(format!("a column holds {what:?}")).into()
}

fn org_of(row: &QueryResult) -> Result<Org> {
    let kind: String = row.try_get("", "kind")?;
    Ok(Org {
        no: OrgNo(row.try_get("", "org_no")?),
        kind: OrgKind::named(&kind).ok_or_else(|| strange(&kind))?,
        code: row.try_get("", "code")?,
        name: row.try_get("", "name")?,
    })
}

pub(super) async fn orgs(view: &mut impl View) -> Result<Vec<Org>> {
    let sql = "SELECT org_no, kind, code, name FROM organisation ORDER BY code";
    rows(view, sql, vec![]).await?.iter().map(org_of).collect()
}

pub(super) async fn org(view: &mut impl View, code: &str) -> Result<Option<Org>> {
    let sql = "SELECT org_no, kind, code, name FROM organisation WHERE code = $1";
    rows(view, sql, vec![code.into()]).await?.first().map(org_of).transpose()
}

const PERSON: &str = "SELECT person_no, name, shown_as, org_no, epoch, is_disabled FROM person";

fn person_of(row: &QueryResult) -> Result<Person> {
    Ok(Person {
        no: PersonNo(row.try_get("", "person_no")?),
        name: row.try_get("", "name")?,
        shown_as: row.try_get("", "shown_as")?,
        org: row.try_get::<Option<i32>>("", "org_no")?.map(OrgNo),
        epoch: row.try_get("", "epoch")?,
        is_disabled: row.try_get::<i16>("", "is_disabled")? != 0,
    })
}

pub(super) async fn person(view: &mut impl View, name: &str) -> Result<Option<Person>> {
    let sql = format!("{PERSON} WHERE name = $1");
    rows(view, &sql, vec![name.into()]).await?.first().map(person_of).transpose()
}

pub(super) async fn person_numbered(view: &mut impl View, no: PersonNo) -> Result<Option<Person>> {
    let sql = format!("{PERSON} WHERE person_no = $1");
    rows(view, &sql, vec![no.0.into()]).await?.first().map(person_of).transpose()
}

pub(super) async fn persons(view: &mut impl View) -> Result<Vec<Person>> {
    rows(view, &format!("{PERSON} ORDER BY name"), vec![]).await?.iter().map(person_of).collect()
}

pub(super) async fn put_mandate(
    tx: &mut Tx,
    no: MandateNo,
    person: PersonNo,
    new: &Appointment,
) -> Result<()> {
    let (mut area, mut org, mut compound, mut dwelling) = (None, None, None, None);
    match new.scope {
        Scope::House => {}
        Scope::Area(id) => area = Some(id.0),
        Scope::Organisation(no) => org = Some(no.0),
        Scope::Compound(id) => compound = Some(id.0),
        Scope::Dwelling(id, no) => (compound, dwelling) = (Some(id.0), Some(no.0)),
    }
    let sql = "INSERT INTO mandate (mandate_no, person_no, role, scope, area_id, org_no, compound_id, dwelling_no,
                 from_on, until_on, act_no)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let row = vec![
        no.0.into(),
        person.0.into(),
        new.role.name().into(),
        new.scope.name().into(),
        area.into(),
        org.into(),
        compound.into(),
        dwelling.into(),
        new.from_on.into(),
        new.until_on.into(),
        tx.act().0.into(),
    ];
    tx.exec(sql, row).await?;
    Ok(())
}

const MANDATE: &str =
    "SELECT m.person_no, m.mandate_no, m.role, m.scope, m.area_id, m.org_no, m.compound_id,
   m.dwelling_no, m.from_on, m.until_on FROM mandate m";

fn mandate_of(row: &QueryResult) -> Result<(PersonNo, Mandate)> {
    let role: String = row.try_get("", "role")?;
    let scope: String = row.try_get("", "scope")?;
    let number = |column: &str| row.try_get::<i32>("", column);
    let scope = match scope.as_str() {
        "house" => Scope::House,
        "area" => Scope::Area(AreaId(number("area_id")?)),
        "organisation" => Scope::Organisation(OrgNo(number("org_no")?)),
        "compound" => Scope::Compound(CompoundId(number("compound_id")?)),
        "dwelling" => {
            let compound = CompoundId(number("compound_id")?);
            Scope::Dwelling(compound, DwellingNo(number("dwelling_no")?))
        }
        other => return Err(strange(other)),
    };
    let mandate = Mandate {
        no: MandateNo(number("mandate_no")?),
        role: Role::named(&role).ok_or_else(|| strange(&role))?,
        scope,
        term: Term { from_on: row.try_get("", "from_on")?, until_on: row.try_get("", "until_on")? },
    };
    Ok((PersonNo(number("person_no")?), mandate))
}

pub(super) async fn mandates(
    view: &mut impl View,
    of: Option<PersonNo>,
) -> Result<Vec<(PersonNo, Mandate)>> {
    let (condition, values) = match of {
        Some(person) => ("AND m.person_no = $1", vec![person.0.into()]),
        None => ("", vec![]),
    };
    let sql = format!(
        "{MANDATE} WHERE m.ended_by_act IS NULL {condition} ORDER BY m.person_no, m.mandate_no"
    );
    rows(view, &sql, values).await?.iter().map(mandate_of).collect()
}

/// The mandates a token was made with, that were not broken off since.
pub(super) async fn mandates_of_token(view: &mut impl View, token: i32) -> Result<Vec<Mandate>> {
    let sql = format!(
        "{MANDATE} JOIN token_mandate t ON t.mandate_no = m.mandate_no
         WHERE t.token_no = $1 AND m.ended_by_act IS NULL ORDER BY m.mandate_no"
    );
    let found = rows(view, &sql, vec![token.into()]).await?;
    found.iter().map(|row| Ok(mandate_of(row)?.1)).collect()
}

const CONTRACT: &str =
    "SELECT contract_no, org_no, compound_id, from_on, until_on FROM service_contract";

fn contract_of(row: &QueryResult) -> Result<(ContractNo, Care)> {
    let care = Care {
        org: OrgNo(row.try_get("", "org_no")?),
        compound: CompoundId(row.try_get("", "compound_id")?),
        term: Term {
            from_on: row.try_get("", "from_on")?,
            until_on: Some(row.try_get("", "until_on")?),
        },
    };
    Ok((ContractNo(row.try_get("", "contract_no")?), care))
}

pub(super) async fn contracts(view: &mut impl View) -> Result<Vec<(ContractNo, Care)>> {
    let sql = format!("{CONTRACT} WHERE ended_by_act IS NULL ORDER BY contract_no");
    rows(view, &sql, vec![]).await?.iter().map(contract_of).collect()
}

/// What the organisations of a user's mandates look after, by compound.
pub(super) async fn cares(view: &mut impl View, person: PersonNo) -> Result<Vec<Care>> {
    let sql = format!(
        "{CONTRACT} WHERE ended_by_act IS NULL
           AND org_no IN (SELECT org_no FROM mandate WHERE person_no = $1 AND scope = 'organisation')
         ORDER BY compound_id, contract_no"
    );
    let found = rows(view, &sql, vec![person.0.into()]).await?;
    found.iter().map(|row| Ok(contract_of(row)?.1)).collect()
}

pub(super) async fn forget_attempts(tx: &mut Tx, name_digest: &[u8; 32]) -> Result<()> {
    let sql = "DELETE FROM attempt WHERE name_digest = $1";
    tx.exec(sql, vec![name_digest.to_vec().into()]).await?;
    Ok(())
}

pub(super) async fn one(
    view: &mut impl View,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>> {
    Ok(rows(view, sql, values).await?.into_iter().next())
}

pub(super) async fn all(
    view: &mut impl View,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>> {
    rows(view, sql, values).await
}
