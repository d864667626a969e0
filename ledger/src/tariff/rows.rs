//! The rows of what was agreed.

use super::{
    Cycle, Lease, Meter, NewLease, NewRelief, NewTariff, Reading, Relief, Tariff, Terms, Timing,
};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::{Day, Month};
use crate::error::{Result, Storage};
use crate::id::{CompoundId, DwellingNo, LeaseNo, ReliefNo, TariffNo, TermsNo};

static TERMS: Table = Table {
    name: "fee_terms",
    rank: 5,
    columns: &[
        ("compound_id", Column::Int),
        ("terms_no", Column::Int),
        ("from_on", Column::Day),
        ("terms", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static TARIFF: Table = Table {
    name: "tariff",
    rank: 5,
    columns: &[
        ("compound_id", Column::Int),
        ("tariff_no", Column::Int),
        ("item", Column::Text),
        ("formula", Column::Text),
        ("from_on", Column::Day),
        ("cycle_months", Column::Small),
        ("cycle", Column::Text),
        ("timing", Column::Text),
        ("due_days", Column::Small),
        ("usages", Column::Text),
        ("building", Column::Text),
        ("tax", Column::Text),
        ("document", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static END: Table = Table {
    name: "tariff_end",
    rank: 6,
    columns: &[
        ("compound_id", Column::Int),
        ("tariff_no", Column::Int),
        ("ended_on", Column::Day),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static RELIEF: Table = Table {
    name: "fee_relief",
    rank: 6,
    columns: &[
        ("compound_id", Column::Int),
        ("relief_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("item", Column::Text),
        ("from_on", Column::Day),
        ("to_on", Column::SomeDay),
        ("pays_bp", Column::Small),
        ("reason", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static LEASE: Table = Table {
    name: "space_lease",
    rank: 6,
    columns: &[
        ("compound_id", Column::Int),
        ("lease_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("space", Column::Text),
        ("from_on", Column::Day),
        ("to_on", Column::SomeDay),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static READING: Table = Table {
    name: "meter_reading",
    rank: 6,
    columns: &[
        ("compound_id", Column::Int),
        ("meter", Column::Text),
        ("read_on", Column::Day),
        ("dwelling_no", Column::Int),
        ("kind", Column::Text),
        ("value_milli", Column::Big),
        ("factor", Column::Small),
        ("is_first", Column::Small),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const AGREED: Reads = Reads(&[&TERMS, &TARIFF, &END, &RELIEF, &LEASE, &READING]);

/// A word as its JSON says it: the stable name of a value.
fn word<T: serde::Serialize>(value: &T) -> Result<String, Storage> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Ok(other.to_string()),
        Err(e) => Err(Storage::Bug(format!("what was agreed is no JSON: {e}"))),
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Storage> {
    let bug = |e| Storage::Bug(format!("a stored agreement does not read: {text:?}: {e}"));
    serde_json::from_str(text).map_err(bug)
}

fn read_word<T: serde::de::DeserializeOwned>(word: String) -> Result<T, Storage> {
    let bug = |e| Storage::Bug(format!("a stored word does not read: {e}"));
    serde_json::from_value(serde_json::Value::String(word)).map_err(bug)
}

pub(super) fn keep_terms(tx: &mut Tx, terms: &Terms) -> Result<TermsNo> {
    let no = TermsNo(tx.next_no("fee-terms"));
    let text = word(terms)?;
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        terms.from_on.into(),
        (&text).into(),
        tx.act().0.into(),
    ];
    tx.put(&TERMS, &row);
    Ok(no)
}

pub(super) fn keep_tariff(tx: &mut Tx, new: &NewTariff) -> Result<TariffNo> {
    let no = TariffNo(tx.next_no("tariff"));
    let mut usages = new.usages.clone();
    usages.sort_by_key(|usage| usage.name());
    usages.dedup();
    let usages: Vec<&str> = usages.iter().map(|usage| usage.name()).collect();
    let (formula, usages) = (word(&new.formula)?, usages.join(","));
    let (cycle, timing, tax) = (word(&new.cycle)?, word(&new.timing)?, word(&new.tax)?);
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        new.item.trim().into(),
        (&formula).into(),
        new.from_on.into(),
        i32::from(new.cycle_months).into(),
        (&cycle).into(),
        (&timing).into(),
        i32::from(new.due_days).into(),
        (&usages).into(),
        new.building.as_deref().unwrap_or_default().trim().into(),
        (&tax).into(),
        new.document.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&TARIFF, &row);
    Ok(no)
}

pub(super) fn keep_end(tx: &mut Tx, no: TariffNo, on: Day) {
    let row = [tx.compound().0.into(), no.0.into(), on.into(), tx.act().0.into()];
    tx.put(&END, &row);
}

pub(super) fn keep_relief(tx: &mut Tx, dwelling: DwellingNo, new: &NewRelief) -> ReliefNo {
    let no = ReliefNo(tx.next_no("fee-relief"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        dwelling.0.into(),
        new.item.as_deref().unwrap_or_default().trim().into(),
        new.from_on.into(),
        new.to_on.into(),
        i32::from(new.pays_bp).into(),
        new.reason.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&RELIEF, &row);
    no
}

pub(super) fn keep_lease(tx: &mut Tx, dwelling: DwellingNo, new: &NewLease) -> LeaseNo {
    let no = LeaseNo(tx.next_no("space-lease"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        dwelling.0.into(),
        new.space.trim().into(),
        new.from_on.into(),
        new.to_on.into(),
        tx.act().0.into(),
    ];
    tx.put(&LEASE, &row);
    no
}

pub(super) fn keep_reading(tx: &mut Tx, reading: &Reading) {
    let row = [
        tx.compound().0.into(),
        (&reading.meter).into(),
        reading.read_on.into(),
        reading.dwelling_no.0.into(),
        reading.kind.name().into(),
        reading.value_milli.into(),
        i32::from(reading.factor).into(),
        reading.is_first.into(),
        tx.act().0.into(),
    ];
    tx.put(&READING, &row);
}

/// The terms of a compound, by their days.
///
/// # Errors
/// Storage.
pub async fn terms(view: &mut impl View, compound: CompoundId) -> Result<Vec<Terms>> {
    let sql = "SELECT terms FROM fee_terms WHERE compound_id = $1 ORDER BY terms_no";
    let mut terms = Vec::new();
    for row in view.rows(AGREED, sql, vec![compound.0.into()]).await? {
        let text: String = row.try_get_by_index(0)?;
        terms.push(read(&text)?);
    }
    Ok(terms)
}

/// The prices of a compound, by their numbers.
///
/// # Errors
/// Storage.
pub async fn tariffs(view: &mut impl View, compound: CompoundId) -> Result<Vec<Tariff>> {
    let sql = "SELECT t.tariff_no, t.item, t.formula, t.from_on, t.cycle_months, t.cycle, t.timing, t.due_days, t.usages,
                 t.building, t.tax, t.document, e.ended_on
               FROM tariff t LEFT JOIN tariff_end e ON e.compound_id = t.compound_id AND e.tariff_no = t.tariff_no
               WHERE t.compound_id = $1 ORDER BY t.tariff_no";
    let mut tariffs = Vec::new();
    for row in view.rows(AGREED, sql, vec![compound.0.into()]).await? {
        let (formula, usages): (String, String) =
            (row.try_get("", "formula")?, row.try_get("", "usages")?);
        let (cycle_months, due_days): (i16, i16) =
            (row.try_get("", "cycle_months")?, row.try_get("", "due_days")?);
        let building: String = row.try_get("", "building")?;
        let usages = usages.split(',').filter(|u| !u.is_empty());
        let cycle: Cycle = read_word(row.try_get("", "cycle")?)?;
        let timing: Timing = read_word(row.try_get("", "timing")?)?;
        tariffs.push(Tariff {
            tariff_no: TariffNo(row.try_get("", "tariff_no")?),
            item: row.try_get("", "item")?,
            formula: read(&formula)?,
            from_on: row.try_get("", "from_on")?,
            ended_on: row.try_get("", "ended_on")?,
            cycle_months: u8::try_from(cycle_months).unwrap_or(1),
            cycle,
            timing,
            due_days: u16::try_from(due_days).unwrap_or(0),
            usages: usages.map(|u| read_word(u.to_owned())).collect::<Result<_, _>>()?,
            building: (!building.is_empty()).then_some(building),
            tax: read_word(row.try_get("", "tax")?)?,
            document: row.try_get("", "document")?,
        });
    }
    Ok(tariffs)
}

/// The reliefs of a compound, by dwelling.
///
/// # Errors
/// Storage.
pub async fn reliefs(view: &mut impl View, compound: CompoundId) -> Result<Vec<Relief>> {
    let sql = "SELECT relief_no, dwelling_no, item, from_on, to_on, pays_bp, reason FROM fee_relief
               WHERE compound_id = $1 ORDER BY dwelling_no, relief_no";
    let mut reliefs = Vec::new();
    for row in view.rows(AGREED, sql, vec![compound.0.into()]).await? {
        let item: String = row.try_get("", "item")?;
        let pays_bp: i16 = row.try_get("", "pays_bp")?;
        reliefs.push(Relief {
            relief_no: ReliefNo(row.try_get("", "relief_no")?),
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            item: (!item.is_empty()).then_some(item),
            from_on: row.try_get("", "from_on")?,
            to_on: row.try_get("", "to_on")?,
            pays_bp: u16::try_from(pays_bp).unwrap_or(10_000),
            reason: row.try_get("", "reason")?,
        });
    }
    Ok(reliefs)
}

/// The spaces of a compound, by dwelling.
///
/// # Errors
/// Storage.
pub async fn leases(view: &mut impl View, compound: CompoundId) -> Result<Vec<Lease>> {
    let sql = "SELECT lease_no, dwelling_no, space, from_on, to_on FROM space_lease
               WHERE compound_id = $1 ORDER BY dwelling_no, lease_no";
    let mut leases = Vec::new();
    for row in view.rows(AGREED, sql, vec![compound.0.into()]).await? {
        leases.push(Lease {
            lease_no: LeaseNo(row.try_get("", "lease_no")?),
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            space: row.try_get("", "space")?,
            from_on: row.try_get("", "from_on")?,
            to_on: row.try_get("", "to_on")?,
        });
    }
    Ok(leases)
}

const READINGS: &str = "SELECT r.meter, r.read_on, r.dwelling_no, r.kind, r.value_milli, r.factor, r.is_first FROM meter_reading r";

/// The readings of a compound, by dwelling, meter and day.
///
/// # Errors
/// Storage.
pub async fn readings(view: &mut impl View, compound: CompoundId) -> Result<Vec<Reading>> {
    let sql =
        format!("{READINGS} WHERE r.compound_id = $1 ORDER BY r.dwelling_no, r.meter, r.read_on");
    readings_of(&view.rows(AGREED, &sql, vec![compound.0.into()]).await?)
}

/// The readings from a day on, and of every meter the last one before it.
async fn readings_since(
    view: &mut impl View,
    compound: CompoundId,
    since: Day,
) -> Result<Vec<Reading>> {
    let sql = format!(
        "{READINGS} LEFT JOIN (SELECT meter, max(read_on) AS read_on FROM meter_reading
                               WHERE compound_id = $1 AND read_on < $2 GROUP BY meter) b ON b.meter = r.meter
         WHERE r.compound_id = $1 AND r.read_on >= COALESCE(b.read_on, $2)
         ORDER BY r.dwelling_no, r.meter, r.read_on"
    );
    readings_of(&view.rows(AGREED, &sql, vec![compound.0.into(), since.into()]).await?)
}

/// Every meter's last reading.
pub(super) async fn last_readings(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<Vec<Reading>> {
    let sql = format!(
        "{READINGS} JOIN (SELECT meter, max(read_on) AS read_on FROM meter_reading
                          WHERE compound_id = $1 GROUP BY meter) l ON l.meter = r.meter AND l.read_on = r.read_on
         WHERE r.compound_id = $1"
    );
    readings_of(&view.rows(AGREED, &sql, vec![compound.0.into()]).await?)
}

fn readings_of(rows: &[sea_orm::QueryResult]) -> Result<Vec<Reading>> {
    let mut readings = Vec::with_capacity(rows.len());
    for row in rows {
        let kind: String = row.try_get("", "kind")?;
        let (factor, is_first): (i16, i16) =
            (row.try_get("", "factor")?, row.try_get("", "is_first")?);
        readings.push(Reading {
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            meter: row.try_get("", "meter")?,
            kind: Meter::named(&kind),
            read_on: row.try_get("", "read_on")?,
            value_milli: row.try_get("", "value_milli")?,
            factor: u16::try_from(factor).unwrap_or(1),
            is_first: is_first == 1,
        });
    }
    Ok(readings)
}

/// The longest period a bill is for, in months.
const LONGEST_MONTHS: u32 = 12;

/// What is to be known to charge a compound's dwellings for a month.
#[derive(Clone, Debug, Default)]
pub struct Agreed {
    /// The terms, by their days.
    pub terms: Vec<Terms>,
    /// The prices, by their numbers.
    pub tariffs: Vec<Tariff>,
    /// The reliefs, by dwelling.
    pub reliefs: Vec<Relief>,
    /// The spaces, by dwelling.
    pub leases: Vec<Lease>,
    /// The readings of the longest period that may end in the month and the last before it, by dwelling, meter and day; none
    /// where nothing is charged by meter.
    pub readings: Vec<Reading>,
}

/// What is to be known to charge a compound's dwellings for a month.
///
/// # Errors
/// Storage.
pub async fn agreed(view: &mut impl View, compound: CompoundId, month: Month) -> Result<Agreed> {
    let tariffs = tariffs(view, compound).await?;
    let readings = if tariffs.iter().any(|t| t.formula.meter().is_some()) {
        let since = (0..LONGEST_MONTHS).fold(month, |month, _| month.previous());
        readings_since(view, compound, since.first_day()).await?
    } else {
        Vec::new()
    };
    Ok(Agreed {
        terms: terms(view, compound).await?,
        reliefs: reliefs(view, compound).await?,
        leases: leases(view, compound).await?,
        tariffs,
        readings,
    })
}
