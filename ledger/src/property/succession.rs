//! What becomes of a dwelling: several of one, one of several, none; and who keeps the compound's fund.
//!
//! Always: a dwelling that ends stays in the register with its number and its code, and can be read for ever; those that come
//! of it have numbers and codes of their own, the same owners with the same shares, and areas that sum to its own.
//! What it had in the fund is carried over by the room that calls here (`life`), in the same act.
//! Limits: a split or a merger stays in one building; owners of merged dwellings are the same before.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AREA_SIZE, Dwelling, ENDED, ENDED_EARLY, ENROLLED, HANDED_OVER, NO_DWELLING, OWNERS_DIFFER,
    PARTS, ROLL_CHANGES, RoomCode, building_code, building_no, codes, rows, stairs, unit_no,
};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Refusal, Result, Storage};
use crate::id::{CompoundId, CustodyNo, DwellingNo, OwnerNo, SuccessionNo, VoucherSeq};
use crate::measure::Area;
use crate::money::{Money, split};
use crate::seal::may_stand_in_clear;

/// How many parts a dwelling is split into, or merged from, at most.
const PARTS_MOST: usize = 50;

/// What became of dwellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "房屋变动：split 分户，merge 并户，demolition 灭失")]
pub enum Fate {
    /// 分户.
    #[schemars(description = "分户")]
    Split,
    /// 并户.
    #[schemars(description = "并户")]
    Merge,
    /// 灭失.
    #[schemars(description = "灭失")]
    Demolition,
}

impl Fate {
    const ALL: [Fate; 3] = [Fate::Split, Fate::Merge, Fate::Demolition];

    const fn name(self) -> &'static str {
        match self {
            Fate::Split => "split",
            Fate::Merge => "merge",
            Fate::Demolition => "demolition",
        }
    }

    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Fate::Split => "分户",
            Fate::Merge => "并户",
            Fate::Demolition => "灭失",
        }
    }
}

/// A dwelling that comes of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPart {
    /// Its code, new in the compound.
    pub code: RoomCode,
    /// Its area.
    #[serde(rename = "area_centi_m2")]
    pub area: Area,
}

/// The dwelling by its number, on a day; it must exist on it.
///
/// # Errors
/// `property.no-dwelling`, `property.ended`.
pub(crate) async fn must_stand(tx: &mut Tx, dwelling: DwellingNo, on: Day) -> Result<()> {
    stands(tx, dwelling, on).await.map(|_| ())
}

/// Whether a deposit of a dwelling may be taken: the fund is kept here, and the dwelling exists on the day.
///
/// # Errors
/// `property.handed-over`, `property.no-dwelling`, `property.ended`.
pub(crate) async fn may_deposit(tx: &mut Tx, dwelling: DwellingNo, on: Day) -> Result<()> {
    let away = stands(tx, dwelling, on).await?;
    away.map_or(Ok(()), |keeper| Err(HANDED_OVER.refuse(format!("现由 {keeper} 代管")).into()))
}

/// The first day without a dwelling that was recorded as destroyed (灭失); none of one that stands, was split or merged.
pub(crate) async fn destroyed_on(tx: &mut Tx, dwelling: DwellingNo) -> Result<Option<Day>> {
    let sql = "SELECT s.taken_on FROM succession s JOIN succession_line l
                 ON l.compound_id = s.compound_id AND l.succession_no = s.succession_no
               WHERE s.compound_id = $1 AND l.dwelling_no = $2 AND s.kind = $3";
    let values = vec![tx.compound().0.into(), dwelling.0.into(), Fate::Demolition.name().into()];
    let found = tx.rows(rows::SUCCESSIONS, sql, values).await?;
    Ok(found.first().map(|row| row.try_get("", "taken_on")).transpose()?)
}

/// Whether the compound's fund is kept here.
///
/// # Errors
/// `property.handed-over`.
pub(crate) async fn may_keep(tx: &mut Tx) -> Result<()> {
    let compound = tx.compound();
    match custodies(tx, compound).await?.last().filter(|custody| custody.is_away) {
        Some(custody) => Err(HANDED_OVER.refuse(format!("现由 {} 代管", custody.keeper)).into()),
        None => Ok(()),
    }
}

/// Who keeps the fund if it is not kept here; refused if the dwelling does not exist on the day.
async fn stands(tx: &mut Tx, dwelling: DwellingNo, on: Day) -> Result<Option<String>> {
    let sql = "SELECT d.code, d.began_on, d.ended_on,
                 (SELECT CASE WHEN c.is_away = 1 THEN c.keeper END FROM custody c
                  WHERE c.compound_id = d.compound_id ORDER BY c.custody_no DESC LIMIT 1) AS keeper
               FROM dwelling d WHERE d.compound_id = $1 AND d.dwelling_no = $2";
    let values = vec![tx.compound().0.into(), dwelling.0.into()];
    let found = tx.rows(rows::SUCCESSIONS, sql, values).await?;
    let missing = || NO_DWELLING.refuse(format!("房屋编号 {dwelling}"));
    let row = found.first().ok_or_else(missing)?;
    let code: String = row.try_get("", "code")?;
    let began: Option<Day> = row.try_get("", "began_on")?;
    let ended: Option<Day> = row.try_get("", "ended_on")?;
    if let Some(began) = began.filter(|began| on < *began) {
        return Err(ENDED.refuse(format!("{code} 自 {began} 起存在，业务日期 {on}")).into());
    }
    if let Some(ended) = ended.filter(|ended| on >= *ended) {
        return Err(ENDED.refuse(format!("{code} 自 {ended} 起不复存在，业务日期 {on}")).into());
    }
    Ok(row.try_get("", "keeper")?)
}

/// Parts one dwelling into several.
///
/// # Errors
/// `property.ended`, `property.ended-early`, `property.parts`, `property.area-size`, `property.enrolled`.
pub(crate) async fn part(
    tx: &mut Tx,
    from: &Dwelling,
    on: Day,
    parts: &[NewPart],
    evidence: &str,
) -> Result<(SuccessionNo, Vec<DwellingNo>)> {
    let compound = tx.compound();
    let known = codes(tx, compound).await?;
    may_end(from, on, tx.at().day())?;
    may_part(from, parts)?;
    for part in parts {
        if known.contains_key(&part.code) {
            return Err(ENROLLED.refuse(format!("房号 {}", part.code)).into());
        }
    }
    may_stand_in_clear("依据", evidence)?;
    succeed(tx, Fate::Split, std::slice::from_ref(from), on, parts, evidence).await
}

/// Makes one dwelling of several.
///
/// # Errors
/// `property.ended`, `property.ended-early`, `property.parts`, `property.owners-differ`, `property.enrolled`.
pub(crate) async fn join(
    tx: &mut Tx,
    from: &[Dwelling],
    on: Day,
    code: &RoomCode,
    evidence: &str,
) -> Result<(SuccessionNo, Vec<DwellingNo>)> {
    let compound = tx.compound();
    let known = codes(tx, compound).await?;
    for dwelling in from {
        may_end(dwelling, on, tx.at().day())?;
    }
    may_join(from, code)?;
    if known.contains_key(code) {
        return Err(ENROLLED.refuse(format!("房号 {code}")).into());
    }
    may_stand_in_clear("依据", evidence)?;
    let area: i64 = from.iter().map(|dwelling| dwelling.fund_area.in_centi_m2()).sum();
    let whole = NewPart { code: code.clone(), area: Area::centi_m2(area) };
    succeed(tx, Fate::Merge, from, on, &[whole], evidence).await
}

/// A dwelling is no more. What it had in the fund is given back by the refund of a destroyed dwelling.
///
/// # Errors
/// `property.ended`, `property.ended-early`.
pub(crate) async fn end(
    tx: &mut Tx,
    from: &Dwelling,
    on: Day,
    evidence: &str,
) -> Result<SuccessionNo> {
    may_end(from, on, tx.at().day())?;
    may_stand_in_clear("依据", evidence)?;
    let ended = succeed(tx, Fate::Demolition, std::slice::from_ref(from), on, &[], evidence);
    Ok(ended.await?.0)
}

fn may_end(dwelling: &Dwelling, on: Day, today: Day) -> Result<(), Refusal> {
    let code = &dwelling.code;
    if !dwelling.stands_on(on) || dwelling.ended_on.is_some() {
        let days = [dwelling.began_on, dwelling.ended_on];
        let [began, ended] = days.map(|day| day.map_or("—".to_owned(), |day| day.to_string()));
        return Err(ENDED.refuse(format!("{code} 存在于 {began} 至 {ended}，登记 {on}")));
    }
    let owned = dwelling.owners.iter().map(|owner| owner.from).max();
    if on > today || owned.is_some_and(|from| on < from) {
        let since = owned.map_or("—".to_owned(), |day| day.to_string());
        let evidence = format!("{code} 现产权人自 {since} 起，登记 {on}，今天 {today}");
        return Err(ENDED_EARLY.refuse(evidence));
    }
    Ok(())
}

fn may_part(from: &Dwelling, parts: &[NewPart]) -> Result<(), Refusal> {
    let sum: i64 = parts.iter().map(|part| part.area.in_centi_m2()).sum();
    let same = |part: &NewPart| building_code(&part.code) == building_code(&from.code);
    let is_twice = |(n, part): (usize, &NewPart)| parts[..n].iter().any(|p| p.code == part.code);
    if let Some(part) = parts.iter().find(|part| part.area <= Area::ZERO) {
        return Err(AREA_SIZE.refuse(format!("房号 {} 面积 {} ㎡", part.code, part.area)));
    }
    if !(2..=PARTS_MOST).contains(&parts.len())
        || sum != from.fund_area.in_centi_m2()
        || !parts.iter().all(same)
        || parts.iter().enumerate().any(is_twice)
    {
        let evidence = format!(
            "{} 面积 {} ㎡，分为 {} 户，面积合计 {} ㎡",
            from.code,
            from.fund_area,
            parts.len(),
            Area::centi_m2(sum)
        );
        return Err(PARTS.refuse(evidence));
    }
    Ok(())
}

fn may_join(from: &[Dwelling], code: &RoomCode) -> Result<(), Refusal> {
    let Some((first, others)) = from.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Err(PARTS.refuse(format!("并户的房屋 {} 户", from.len())));
    };
    let same = |d: &Dwelling| {
        building_code(&d.code) == building_code(&first.code)
            && d.housing == first.housing
            && d.no != first.no
    };
    let is_fit = from.len() <= PARTS_MOST && building_code(code) == building_code(&first.code);
    let is_twice = |(n, d): (usize, &Dwelling)| from[..n].iter().any(|before| before.no == d.no);
    if !is_fit || !others.iter().all(same) || from.iter().enumerate().any(is_twice) {
        let codes: Vec<String> = from.iter().map(|d| d.code.to_string()).collect();
        return Err(PARTS.refuse(format!("{} 并为 {code}", codes.join("、"))));
    }
    let holding = |d: &Dwelling| -> BTreeMap<OwnerNo, (i32, i32)> {
        d.owners.iter().map(|owner| (owner.owner_no, owner.share)).collect()
    };
    match others.iter().find(|d| holding(d) != holding(first) || d.is_unsold != first.is_unsold) {
        Some(other) => Err(OWNERS_DIFFER.refuse(format!("{} 与 {}", first.code, other.code))),
        None => Ok(()),
    }
}

/// Ends dwellings, and begins those that come of them.
async fn succeed(
    tx: &mut Tx,
    fate: Fate,
    from: &[Dwelling],
    on: Day,
    into: &[NewPart],
    evidence: &str,
) -> Result<(SuccessionNo, Vec<DwellingNo>)> {
    let compound = tx.compound();
    let (mut buildings, mut units) = stairs(tx, compound).await?;
    let act = tx.act().0;
    let no = SuccessionNo(tx.next_no("succession"));
    tx.next_no(ROLL_CHANGES);
    let row = [
        compound.0.into(),
        no.0.into(),
        fate.name().into(),
        on.into(),
        evidence.trim().into(),
        act.into(),
    ];
    tx.put(&rows::SUCCESSION, &row);

    let numbers: Vec<i32> = from.iter().map(|dwelling| dwelling.no.0).collect();
    let (list, value) = tx.list_of(&numbers, 4);
    for sql in [
        format!(
            "UPDATE dwelling SET ended_on = $2, ended_by_act = $3
             WHERE compound_id = $1 AND dwelling_no {list}"
        ),
        format!(
            "UPDATE tenure SET until_on = $2, ended_by_act = $3
             WHERE compound_id = $1 AND until_on IS NULL AND dwelling_no {list}"
        ),
    ] {
        tx.exec(&sql, vec![compound.0.into(), on.into(), act.into(), value.clone()]).await?;
    }
    for dwelling in from {
        let row = [compound.0.into(), no.0.into(), dwelling.no.0.into(), false.into()];
        tx.put(&rows::SUCCESSION_LINE, &row);
    }

    let Some(first) = from.first() else { return Ok((no, Vec::new())) };
    let (votes, fees) = (spread(from, into, |d| d.vote_area), spread(from, into, |d| d.fee_area));
    let mut born = Vec::with_capacity(into.len());
    for (place, part) in into.iter().enumerate() {
        let building = building_no(tx, &mut buildings, building_code(&part.code));
        let unit = unit_no(tx, &mut units, building, part.code.unit());
        let new = DwellingNo(tx.next_no("dwelling"));
        let ring = tx.ring().clone();
        let remark = ring.seal(&rows::REMARK.at(compound, new.0), b"")?;
        let code = part.code.to_string();
        let row = [
            compound.0.into(),
            new.0.into(),
            building.0.into(),
            unit.0.into(),
            first.floor.into(),
            (&code).into(),
            (&code).into(),
            first.usage.name().into(),
            first.housing.name().into(),
            first.has_lift.into(),
            first.is_unsold.into(),
            votes[place].into(),
            fees[place].into(),
            part.area.in_centi_m2().into(),
            first.handed_over_on.into(),
            Some(on).into(),
            remark.as_slice().into(),
            act.into(),
        ];
        tx.put(&rows::DWELLING, &row);
        for owner in &first.owners {
            let row = [
                compound.0.into(),
                new.0.into(),
                owner.owner_no.0.into(),
                on.into(),
                owner.share.0.into(),
                owner.share.1.into(),
                act.into(),
            ];
            tx.put(&rows::TENURE, &row);
        }
        let row = [compound.0.into(), no.0.into(), new.0.into(), true.into()];
        tx.put(&rows::SUCCESSION_LINE, &row);
        born.push(new);
    }
    tx.flush().await?;
    Ok((no, born))
}

/// An area of the dwellings that end, over the parts by their areas: the one way to divide.
fn spread(from: &[Dwelling], into: &[NewPart], area: fn(&Dwelling) -> Area) -> Vec<i64> {
    let whole: i64 = from.iter().map(|dwelling| area(dwelling).in_centi_m2()).sum();
    let weights: Vec<u64> =
        into.iter().map(|part| part.area.in_centi_m2().unsigned_abs()).collect();
    let shares = split(Money::fen(whole), &weights).unwrap_or_default();
    shares.into_iter().map(Money::in_fen).collect()
}

/// A step in the life of dwellings.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一次房屋变动")]
pub struct Step {
    /// Its number.
    #[schemars(description = "变动编号", example = 1)]
    pub succession_no: SuccessionNo,
    /// What became of them.
    #[schemars(description = "种类")]
    pub kind: Fate,
    /// Since when.
    #[schemars(description = "日期", with = "String", extend("format" = "date"), example = &"2026-01-05")]
    pub taken_on: Day,
    /// What proves it.
    #[schemars(description = "依据", example = &"不动产登记簿 001")]
    pub evidence: String,
    /// Those that ended.
    #[schemars(description = "原房屋", example = ["1-1-101"])]
    pub from: Vec<String>,
    /// Those that came of them.
    #[schemars(description = "承接的房屋", example = ["1-1-101A", "1-1-101B"])]
    pub to: Vec<String>,
}

/// Every step in the life of a dwelling, of those it came of and those that came of it, in order.
///
/// # Errors
/// Storage.
pub async fn history(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
) -> Result<Vec<Step>> {
    let sql = "SELECT s.succession_no, s.kind, s.taken_on, s.evidence, l.dwelling_no, l.is_new, d.code
               FROM succession s
               JOIN succession_line l ON l.compound_id = s.compound_id AND l.succession_no = s.succession_no
               JOIN dwelling d ON d.compound_id = l.compound_id AND d.dwelling_no = l.dwelling_no
               WHERE s.compound_id = $1 ORDER BY s.succession_no, l.is_new, l.dwelling_no";
    let mut steps: BTreeMap<i32, (Step, Vec<i32>)> = BTreeMap::new();
    for row in view.rows(rows::SUCCESSIONS, sql, vec![compound.0.into()]).await? {
        let no: i32 = row.try_get("", "succession_no")?;
        let word: String = row.try_get("", "kind")?;
        let bug = || Storage::Bug(format!("a succession is a {word}"));
        let kind = Fate::ALL.into_iter().find(|fate| fate.name() == word).ok_or_else(bug)?;
        let (taken_on, evidence) = (row.try_get("", "taken_on")?, row.try_get("", "evidence")?);
        let (step, numbers) = steps.entry(no).or_insert_with(|| {
            let (from, to) = (Vec::new(), Vec::new());
            let succession_no = SuccessionNo(no);
            (Step { succession_no, kind, taken_on, evidence, from, to }, Vec::new())
        });
        let code = row.try_get("", "code")?;
        let is_new: i16 = row.try_get("", "is_new")?;
        if is_new == 1 { &mut step.to } else { &mut step.from }.push(code);
        numbers.push(row.try_get("", "dwelling_no")?);
    }
    let mut kin = vec![dwelling.0];
    let mut told = BTreeMap::new();
    while let Some(no) = kin.pop() {
        for (number, (step, numbers)) in &steps {
            if numbers.contains(&no) && told.insert(*number, step.clone()).is_none() {
                kin.extend(numbers);
            }
        }
    }
    Ok(told.into_values().collect())
}

/// A change of who keeps the fund, to record.
pub(crate) struct NewCustody<'a> {
    pub(crate) is_away: bool,
    pub(crate) keeper: &'a str,
    pub(crate) taken_on: Day,
    pub(crate) evidence: &'a str,
    pub(crate) digest: &'a str,
    pub(crate) voucher: VoucherSeq,
}

/// Records a change of who keeps the fund. The caller has moved the money.
pub(crate) fn record_custody(tx: &mut Tx, new: &NewCustody<'_>) -> CustodyNo {
    let no = CustodyNo(tx.next_no("custody"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        new.is_away.into(),
        new.keeper.into(),
        new.taken_on.into(),
        new.evidence.into(),
        new.digest.into(),
        new.voucher.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::CUSTODY, &row);
    no
}

/// A change of who keeps the fund (划转).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一次划转：移交业主大会，或划回")]
pub struct Custody {
    /// Its number.
    #[schemars(description = "划转编号", example = 1)]
    pub custody_no: CustodyNo,
    /// Whether it went away, or came back.
    #[schemars(description = "是否移出：否则为划回", example = true)]
    pub is_away: bool,
    /// Who keeps it since.
    #[schemars(description = "此后的代管机构", example = &"梧桐里小区业主大会")]
    pub keeper: String,
    /// Since when.
    #[schemars(description = "日期", with = "String", extend("format" = "date"), example = &"2026-01-05")]
    pub taken_on: Day,
    /// What proves it.
    #[schemars(description = "依据", example = &"划转通知 001")]
    pub evidence: String,
    /// The digest of the list handed over, SHA-256 in hexadecimal.
    #[schemars(description = "移交清册摘要：SHA-256", example = &"e3b0c442")]
    pub digest: String,
    /// Its voucher.
    #[schemars(description = "凭证序号：维修资金账簿", example = 12)]
    pub voucher_seq: VoucherSeq,
}

/// Every change of who keeps the fund, in order.
///
/// # Errors
/// Storage.
pub async fn custodies(view: &mut impl View, compound: CompoundId) -> Result<Vec<Custody>> {
    let sql =
        "SELECT custody_no, is_away, keeper, taken_on, evidence, digest, voucher_seq FROM custody
               WHERE compound_id = $1 ORDER BY custody_no";
    let mut custodies = Vec::new();
    for row in view.rows(rows::CUSTODIES, sql, vec![compound.0.into()]).await? {
        custodies.push(Custody {
            custody_no: CustodyNo(row.try_get("", "custody_no")?),
            is_away: row.try_get::<i16>("", "is_away")? == 1,
            keeper: row.try_get("", "keeper")?,
            taken_on: row.try_get("", "taken_on")?,
            evidence: row.try_get("", "evidence")?,
            digest: row.try_get("", "digest")?,
            voucher_seq: VoucherSeq(row.try_get("", "voucher_seq")?),
        });
    }
    Ok(custodies)
}
