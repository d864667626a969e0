//! Files of 托收: what every dwelling owes, written as a bank wants it.
//!
//! Owns: nothing; the templates are data (`collection.toml`).
//!
//! Always: a file comes to what the ledger says is open, to the fen, and says so; names are masked unless whoever asks may see
//! them and the asking is on record. Nothing in it is a formula to a spreadsheet.
//! Limits: no account of an owner is kept, so the file names rooms and every dwelling that owes; the bank's own list of
//! agreements says whom it may collect from.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::books::View;
use crate::calendar::Day;
use crate::error::{Kind as Answer, Result, Rule, Storage};
use crate::fees::{self, OpenItem};
use crate::id::{CompoundId, DwellingNo, OwnerNo};
use crate::mask;
use crate::money::Money;
use crate::property;

/// There is no such template.
pub static NO_TEMPLATE: Rule = Rule {
    code: "channel.no-template",
    kind: Answer::Shape,
    rule: "托收文件须按已有的模板",
    remedy: "模板：dwelling 按户，bill 按账单，fen 按户以分计",
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Per {
    Dwelling,
    Bill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Value {
    Seq,
    Room,
    Owner,
    Amount,
    Fen,
    Bills,
    Item,
    From,
    To,
    Due,
    Remark,
}

/// How a bank wants its file.
#[derive(Debug, Deserialize)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub called: String,
    per: Per,
    columns: Vec<(String, Value)>,
}

#[derive(Debug, Deserialize)]
struct Templates {
    template: Vec<Template>,
}

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let templates: Templates = toml::from_str(include_str!("collection.toml"))
        .expect("the embedded table is read by every test of this room");
    templates.template
});

/// The templates there are.
#[must_use]
pub fn templates() -> &'static [Template] {
    &TEMPLATES
}

/// A file of 托收.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// The file: CSV, UTF-8 with BOM.
    pub csv: Vec<u8>,
    /// How many rows it has.
    pub rows: usize,
    /// What it comes to.
    pub total: Money,
    /// Whose names are in it, if they are in clear.
    pub owners: Vec<OwnerNo>,
}

/// Writes the open bills of a compound by a template. Who asks for whole names records the reading first.
///
/// # Errors
/// `channel.no-template`, storage.
pub async fn collect(
    view: &mut impl View,
    compound: CompoundId,
    template: &str,
    on: Day,
    with_names: bool,
) -> Result<Collection> {
    let template = templates().iter().find(|known| known.name == template).ok_or_else(|| {
        let names: Vec<&str> = templates().iter().map(|known| known.name.as_str()).collect();
        NO_TEMPLATE.refuse(format!("{template:?}；有：{}", names.join("、")))
    })?;
    let rooms = property::numbers(view, compound).await?;
    let items = fees::open_items(view, compound).await?;
    let mut owners: HashMap<DwellingNo, Vec<(OwnerNo, String)>> = HashMap::new();
    for dwelling in property::roll(view, compound, on).await? {
        let holders = dwelling.owners.iter().map(|holder| (holder.owner_no, holder.name.clone()));
        owners.insert(dwelling.no, holders.collect());
    }
    let mut groups: BTreeMap<(DwellingNo, usize), Vec<&OpenItem>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        let apart = if template.per == Per::Bill { at + 1 } else { 0 };
        groups.entry((item.dwelling_no, apart)).or_default().push(item);
    }
    let mut named = Vec::new();
    let mut rows = Vec::with_capacity(groups.len());
    for ((dwelling, _), items) in &groups {
        let holders = owners.get(dwelling).map(Vec::as_slice).unwrap_or_default();
        if with_names {
            named.extend(holders.iter().map(|(no, _)| *no));
        }
        let shown = |name: &String| if with_names { name.clone() } else { mask::name(name) };
        let names: Vec<String> = holders.iter().map(|(_, name)| shown(name)).collect();
        rows.push(Row {
            room: rooms.get(dwelling).map_or("", String::as_str),
            owner: names.join("、"),
            items,
        });
    }
    named.sort_unstable();
    named.dedup();
    let csv = written(template, &rows)?;
    let total = items.iter().map(|item| item.open).sum();
    Ok(Collection { csv, rows: rows.len(), total, owners: named })
}

struct Row<'r> {
    room: &'r str,
    owner: String,
    items: &'r [&'r OpenItem],
}

impl Row<'_> {
    fn value(&self, value: Value, seq: usize) -> String {
        let amount: Money = self.items.iter().map(|item| item.open).sum();
        let days = |day: fn(&OpenItem) -> Day| self.items.iter().map(move |item| day(item));
        let first = self.items.first();
        match value {
            Value::Seq => seq.to_string(),
            Value::Room => self.room.to_owned(),
            Value::Owner => self.owner.clone(),
            Value::Amount => amount.to_string(),
            Value::Fen => amount.in_fen().to_string(),
            Value::Bills if self.items.len() == 1 => {
                first.map(|item| item.bill_no.to_string()).unwrap_or_default()
            }
            Value::Bills => self.items.len().to_string(),
            Value::Item => first.map(|item| item.item.clone()).unwrap_or_default(),
            Value::From => {
                days(|item| item.from_on).min().map(|d| d.to_string()).unwrap_or_default()
            }
            Value::To => days(|item| item.to_on).max().map(|d| d.to_string()).unwrap_or_default(),
            Value::Due => days(|item| item.due_on).min().map(|d| d.to_string()).unwrap_or_default(),
            Value::Remark => {
                let mut items: Vec<&str> = self.items.iter().map(|item| &*item.item).collect();
                items.dedup();
                items.join("、")
            }
        }
    }
}

fn written(template: &Template, rows: &[Row<'_>]) -> Result<Vec<u8>> {
    let bug = |e: csv::Error| Storage::Bug(format!("a row cannot be written: {e}"));
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(template.columns.iter().map(|(head, _)| head.as_str())).map_err(bug)?;
    for (at, row) in rows.iter().enumerate() {
        let values = template.columns.iter().map(|(_, value)| plain(row.value(*value, at + 1)));
        out.write_record(values).map_err(bug)?;
    }
    let lost = |e: csv::IntoInnerError<_>| Storage::Bug(format!("a file cannot be written: {e}"));
    Ok(out.into_inner().map_err(lost)?)
}

/// A text that no spreadsheet takes for a formula.
fn plain(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}
