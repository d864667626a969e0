//! Who owns a dwelling, in what shares, since when; and an owner's numbers, sealed.
//!
//! Always: the shares of a dwelling's owners on a day sum to one; a person whose identity number is known is one owner of the
//! compound, found by the blind index. Never: a number in clear but in [`Contact`].

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{CONVEYED_EARLY, OWNER_SHAPE, SHARES, is_name, must_stand, rows};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Refusal, Result, Storage};
use crate::id::{CompoundId, DwellingNo, OwnerNo};
use crate::seal::{Blind, Personal, Ring, Sealed, may_stand_in_clear};

/// An owner as a register names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOwner {
    /// The name on the title.
    pub name: String,
    /// The number of the identity document, empty if unknown.
    #[serde(default)]
    pub id_no: Personal,
    /// The telephone number, empty if unknown.
    #[serde(default)]
    pub phone: Personal,
    /// Their share, as a fraction; equal shares if nobody states one.
    #[serde(default)]
    pub share: Option<(u32, u32)>,
}

/// The owners of a dwelling change hands. What the dwelling has in the fund stays with it (165号令 art. 28).
///
/// # Errors
/// `property.owner-shape`, `property.shares`, `property.conveyed-early`, `property.no-dwelling`, `property.ended`.
pub async fn convey(
    tx: &mut Tx,
    dwelling: DwellingNo,
    to: &[NewOwner],
    on: Day,
) -> Result<Vec<OwnerNo>> {
    let compound = tx.compound();
    let mut owners = owners_by_id(tx, compound).await?;
    let sql = "SELECT max(from_on) AS latest FROM tenure
               WHERE compound_id = $1 AND dwelling_no = $2 AND until_on IS NULL";
    let found = tx.rows(rows::ROLL, sql, vec![compound.0.into(), dwelling.0.into()]).await?;
    let latest: Option<Day> = match found.first() {
        Some(row) => row.try_get("", "latest")?,
        None => None,
    };

    may_own(to, on)?;
    shares(to)?;
    for owner in to {
        may_stand_in_clear("产权人姓名", &owner.name)?;
    }
    if let Some(latest) = latest.filter(|latest| on <= *latest) {
        let evidence = format!("现产权人自 {latest} 起，过户日期 {on}");
        return Err(CONVEYED_EARLY.refuse(evidence).into());
    }
    must_stand(tx, dwelling, on).await?;

    let act = tx.act().0;
    let sql = "UPDATE tenure SET until_on = $3, ended_by_act = $4
               WHERE compound_id = $1 AND dwelling_no = $2 AND until_on IS NULL";
    let values = vec![compound.0.into(), dwelling.0.into(), on.into(), act.into()];
    tx.exec(sql, values).await?;
    let sql = "UPDATE dwelling SET is_unsold = 0, sold_by_act = $3
               WHERE compound_id = $1 AND dwelling_no = $2 AND is_unsold = 1";
    tx.exec(sql, vec![compound.0.into(), dwelling.0.into(), act.into()]).await?;
    hold(tx, &mut owners, dwelling, to, on)
}

/// Whether owners and the day they begin can be kept.
fn may_own(owners: &[NewOwner], on: Day) -> Result<(), Refusal> {
    if !(1..=100).contains(&owners.len()) || !(1949..=2999).contains(&chrono::Datelike::year(&on)) {
        return Err(OWNER_SHAPE.refuse(format!("产权人 {} 名，日期 {on}", owners.len())));
    }
    let is_text = |text: &str, most: usize| {
        text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    let fits = |o: &&NewOwner| {
        is_name(&o.name, 60) && is_text(o.id_no.in_clear(), 40) && is_text(o.phone.in_clear(), 20)
    };
    match owners.iter().position(|owner| !fits(&owner)) {
        Some(place) => Err(OWNER_SHAPE.refuse(format!("第 {} 名产权人", place + 1))),
        None => Ok(()),
    }
}

/// Shares as fractions of one whole: as stated, or equal.
pub(super) fn shares(owners: &[NewOwner]) -> Result<Vec<(i32, i32)>, Refusal> {
    let count = i32::try_from(owners.len()).unwrap_or(i32::MAX);
    if owners.iter().all(|o| o.share.is_none()) {
        return Ok(vec![(1, count); owners.len()]);
    }
    let refuse = || {
        let told: Vec<String> = owners
            .iter()
            .map(|o| o.share.map_or("未填".to_owned(), |(part, of)| format!("{part}/{of}")))
            .collect();
        SHARES.refuse(format!("份额 {}", told.join("、")))
    };
    // Σ part/of = 1, by whole numbers over the product of the denominators.
    let mut sum: (u128, u128) = (0, 1);
    let mut fractions = Vec::with_capacity(owners.len());
    for owner in owners {
        let (part, of) =
            owner.share.filter(|(p, o)| *p > 0 && p <= o && *o <= 100_000).ok_or_else(refuse)?;
        let (part_wide, of_wide) = (u128::from(part), u128::from(of));
        sum = (sum.0 * of_wide + part_wide * sum.1, sum.1 * of_wide);
        let common = gcd(sum.0, sum.1);
        sum = (sum.0 / common, sum.1 / common);
        fractions.push((i32::try_from(part).unwrap_or(1), i32::try_from(of).unwrap_or(1)));
    }
    if sum.0 == sum.1 { Ok(fractions) } else { Err(refuse()) }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Gives a dwelling its owners from a day.
pub(super) fn hold(
    tx: &mut Tx,
    known: &mut HashMap<Blind, OwnerNo>,
    dwelling: DwellingNo,
    owners: &[NewOwner],
    from: Day,
) -> Result<Vec<OwnerNo>> {
    let (compound, act) = (tx.compound(), tx.act().0);
    let ring = tx.ring().clone();
    let mut numbers = Vec::with_capacity(owners.len());
    for (owner, (part, of)) in owners.iter().zip(shares(owners)?) {
        let id_blind = blind(&ring, &rows::ID_NO, compound, &owner.id_no)?;
        let same = id_blind.as_ref().and_then(|blind| known.get(blind).copied());
        let no = match same {
            Some(no) => no,
            None => {
                let no = OwnerNo(tx.next_no("owner"));
                let phone_blind = blind(&ring, &rows::PHONE, compound, &owner.phone)?;
                let (id_at, phone_at) =
                    (rows::ID_NO.at(compound, no.0), rows::PHONE.at(compound, no.0));
                let id_no = ring.seal(&id_at, owner.id_no.in_clear().as_bytes())?;
                let phone = ring.seal(&phone_at, owner.phone.in_clear().as_bytes())?;
                let row = [
                    compound.0.into(),
                    no.0.into(),
                    (&owner.name).into(),
                    id_no.as_slice().into(),
                    id_blind.as_ref().map_or(&[][..], |blind| &blind[..]).into(),
                    phone.as_slice().into(),
                    phone_blind.as_ref().map_or(&[][..], |blind| &blind[..]).into(),
                    act.into(),
                ];
                tx.put(&rows::OWNER, &row);
                if let Some(blind) = id_blind {
                    known.insert(blind, no);
                }
                no
            }
        };
        let row = [
            compound.0.into(),
            dwelling.0.into(),
            no.0.into(),
            from.into(),
            part.into(),
            of.into(),
            act.into(),
        ];
        tx.put(&rows::TENURE, &row);
        numbers.push(no);
    }
    Ok(numbers)
}

/// The blind index of a number as it is looked for: without spaces and dashes, its letters large. None of none.
fn blind(
    ring: &Ring,
    column: &'static Sealed,
    compound: CompoundId,
    number: &Personal,
) -> Result<Option<Blind>> {
    let plain: String = number
        .in_clear()
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .flat_map(char::to_uppercase)
        .collect();
    if plain.is_empty() { Ok(None) } else { ring.blind(column, compound, &plain).map(Some) }
}

/// Every owner whose identity number is known, by its blind index.
pub(super) async fn owners_by_id(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashMap<Blind, OwnerNo>> {
    let sql = "SELECT owner_no, id_no_blind FROM owner WHERE compound_id = $1 AND length(id_no_blind) > 0";
    let mut owners = HashMap::new();
    for row in view.rows(rows::ROLL, sql, vec![compound.0.into()]).await? {
        let blind: Vec<u8> = row.try_get("", "id_no_blind")?;
        let bug = |_| Storage::Bug("a blind index is not 16 bytes long".to_owned());
        owners.insert(blind.try_into().map_err(bug)?, OwnerNo(row.try_get("", "owner_no")?));
    }
    Ok(owners)
}

/// The owners of a compound with this identity or telephone number, whole and exact.
///
/// # Errors
/// `seal.key-missing`, `seal.key-differs`.
pub async fn owners_by_number(
    view: &mut impl View,
    compound: CompoundId,
    number: &Personal,
) -> Result<Vec<OwnerNo>> {
    let ring = view.ring().clone();
    let as_id = blind(&ring, &rows::ID_NO, compound, number)?;
    let as_phone = blind(&ring, &rows::PHONE, compound, number)?;
    let (Some(as_id), Some(as_phone)) = (as_id, as_phone) else { return Ok(Vec::new()) };
    let sql = "SELECT owner_no FROM owner WHERE compound_id = $1 AND id_no_blind = $2
               UNION SELECT owner_no FROM owner WHERE compound_id = $1 AND phone_blind = $3 ORDER BY 1";
    let values = vec![compound.0.into(), as_id.to_vec().into(), as_phone.to_vec().into()];
    let rows = view.rows(rows::ROLL, sql, values).await?;
    rows.iter().map(|row| Ok(OwnerNo(row.try_get_by_index(0)?))).collect()
}

/// An owner's numbers, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The owner.
    pub owner_no: OwnerNo,
    /// The identity number, empty if unknown.
    pub id_no: Personal,
    /// The telephone number, empty if unknown.
    pub phone: Personal,
}

/// The numbers of some owners. Who shows one in clear records an act first (`audit::record_reading`).
///
/// # Errors
/// `seal.key-missing`, `seal.key-differs`, `seal.broken`.
pub async fn contacts(
    view: &mut impl View,
    compound: CompoundId,
    owners: &[OwnerNo],
) -> Result<Vec<Contact>> {
    let ring = view.ring().clone();
    let numbers: Vec<i32> = owners.iter().map(|owner| owner.0).collect();
    let (list, value) = view.list_of(&numbers, 2);
    let sql = format!(
        "SELECT owner_no, id_no_sealed, phone_sealed FROM owner
         WHERE compound_id = $1 AND owner_no {list} ORDER BY owner_no"
    );
    let found = view.rows(rows::ROLL, &sql, vec![compound.0.into(), value]).await?;
    found.iter().map(|row| contact_of(&ring, compound, row)).collect()
}

pub(super) fn contact_of(
    ring: &Ring,
    compound: CompoundId,
    row: &sea_orm::QueryResult,
) -> Result<Contact> {
    let no: i32 = row.try_get("", "owner_no")?;
    let id_no: Vec<u8> = row.try_get("", "id_no_sealed")?;
    let phone: Vec<u8> = row.try_get("", "phone_sealed")?;
    Ok(Contact {
        owner_no: OwnerNo(no),
        id_no: ring.open_text(&rows::ID_NO.at(compound, no), &id_no)?.into(),
        phone: ring.open_text(&rows::PHONE.at(compound, no), &phone)?.into(),
    })
}
