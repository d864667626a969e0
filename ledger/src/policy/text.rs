//! A version of a pack as it is written: TOML in, a checked version out; and the readable difference of two.
//!
//! Owns: [`Version`], [`Parameter`], [`PredicateText`], [`Change`].
//!
//! Always: a text is taken whole or refused, and the refusal names the line. A decimal number stands in quotation marks,
//! because a number without them is a float. The digest is over the text's bytes as they came.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use toml::{Spanned, Value};

use super::catalogue::CATALOGUE;
use super::{
    Digest, FLOAT, Jurisdiction, MISSHAPEN, PREDICATES, PackName, TWICE, UNKNOWN, WRONG_KIND,
};
use crate::calendar::Day;
use crate::error::Refusal;

/// How sure a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline, description = "依据：verified 已核对原文，unverified 未核对，recommended 建议")]
pub enum Evidence {
    /// The wording was read in the source named.
    Verified,
    /// Only a secondary source says so, or memory.
    Unverified,
    /// Our recommendation; no law.
    Recommended,
}

impl Evidence {
    /// The word people read.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Evidence::Verified => "已核对",
            Evidence::Unverified => "未核对",
            Evidence::Recommended => "建议",
        }
    }
}

/// What must hold before the fund pays (design §6; `property.md` §3).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "GatePredicate", description = "支取的一个条件")]
pub enum Predicate {
    /// It is a common part or common equipment.
    #[schemars(description = "属于共用部分")]
    CommonPart,
    /// The warranty is over.
    #[schemars(description = "保修期已满")]
    WarrantyOver,
    /// It is not on the list of what is never paid.
    #[schemars(description = "不属不得列支")]
    Payable,
    /// The owners' assembly's report was filed.
    #[schemars(description = "已提交筹备材料")]
    AssemblyReported,
    /// The balances are not below the line that blocks ordinary use.
    #[schemars(description = "余额未低于停用界限")]
    NotBlocked,
    /// The plan was posted long enough.
    #[schemars(description = "方案已公示")]
    PlanPosted,
    /// The owners voted for it.
    #[schemars(description = "业主已表决同意")]
    Voted,
    /// The emergency is witnessed.
    #[schemars(description = "应急已确认")]
    EmergencyWitnessed,
    /// Emergencies stay within their cap.
    #[schemars(description = "未超应急限额")]
    WithinEmergencyCap,
    /// The result was posted.
    #[schemars(description = "结果已公示")]
    ResultPosted,
    /// The office did what its power is.
    #[schemars(description = "已审批、备案")]
    OfficeDecided,
    /// There is a contract, signed by whom it needs.
    #[schemars(description = "合同已签")]
    Contracted,
    /// The dates follow each other.
    #[schemars(description = "日期先后相接")]
    InOrder,
    /// The payee is the contractor.
    #[schemars(description = "收款人是维修单位")]
    PaysContractor,
    /// The payment is within its cap.
    #[schemars(description = "未超付款限额")]
    WithinCaps,
    /// The final account is within what was approved.
    #[schemars(description = "决算未超预算")]
    WithinBudget,
    /// The final account was audited where it must be.
    #[schemars(description = "已审价")]
    Audited,
    /// The settlement was posted.
    #[schemars(description = "决算已公示")]
    SettlementPosted,
    /// The shares sum to the amount.
    #[schemars(description = "分摊分毫不差")]
    SharesExact,
    /// Every dwelling's draw is within its balance.
    #[schemars(description = "余额足够")]
    BalancesSuffice,
    /// Nobody decided on their own request.
    #[schemars(description = "无人自批")]
    FourEyes,
    /// No conflict of interest.
    #[schemars(description = "无未申报的利害关系")]
    NoConflict,
}

impl Predicate {
    /// Every predicate, in the order the gate lists them.
    pub const ALL: [Predicate; 22] = [
        Predicate::CommonPart,
        Predicate::WarrantyOver,
        Predicate::Payable,
        Predicate::AssemblyReported,
        Predicate::NotBlocked,
        Predicate::PlanPosted,
        Predicate::Voted,
        Predicate::EmergencyWitnessed,
        Predicate::WithinEmergencyCap,
        Predicate::ResultPosted,
        Predicate::OfficeDecided,
        Predicate::Contracted,
        Predicate::InOrder,
        Predicate::PaysContractor,
        Predicate::WithinCaps,
        Predicate::WithinBudget,
        Predicate::Audited,
        Predicate::SettlementPosted,
        Predicate::SharesExact,
        Predicate::BalancesSuffice,
        Predicate::FourEyes,
        Predicate::NoConflict,
    ];

    /// The stable name, as in a pack's text.
    #[must_use]
    pub fn name(self) -> String {
        word(&self)
    }

    /// What it asks, in a few words.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Predicate::CommonPart => "属于共用部分",
            Predicate::WarrantyOver => "保修期已满",
            Predicate::Payable => "不属不得列支",
            Predicate::AssemblyReported => "已提交筹备材料",
            Predicate::NotBlocked => "余额未低于停用界限",
            Predicate::PlanPosted => "方案已公示",
            Predicate::Voted => "业主已表决同意",
            Predicate::EmergencyWitnessed => "应急已确认",
            Predicate::WithinEmergencyCap => "未超应急限额",
            Predicate::ResultPosted => "结果已公示",
            Predicate::OfficeDecided => "已审批、备案",
            Predicate::Contracted => "合同已签",
            Predicate::InOrder => "日期先后相接",
            Predicate::PaysContractor => "收款人是维修单位",
            Predicate::WithinCaps => "未超付款限额",
            Predicate::WithinBudget => "决算未超预算",
            Predicate::Audited => "已审价",
            Predicate::SettlementPosted => "决算已公示",
            Predicate::SharesExact => "分摊分毫不差",
            Predicate::BalancesSuffice => "余额足够",
            Predicate::FourEyes => "无人自批",
            Predicate::NoConflict => "无未申报的利害关系",
        }
    }
}

/// A way to the fund's money.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "FundPath", description = "程序")]
pub enum Path {
    /// By the owners' vote.
    #[schemars(description = "一般程序：业主表决")]
    Ordinary,
    /// By a witnessed emergency.
    #[schemars(description = "应急程序：确认或证明代替表决")]
    Emergency,
}

/// A predicate's texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PredicateText {
    /// Which.
    pub name: Predicate,
    /// On which paths it must hold; on none where the jurisdiction does not know it.
    pub paths: Vec<Path>,
    /// What the reader can do, in Chinese.
    pub remedy: String,
}

/// A parameter as a pack's text has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Parameter {
    /// Its name in the catalogue.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// The article.
    pub article: String,
    /// What it says, in our words.
    pub says: String,
    /// How sure it is.
    pub evidence: Evidence,
    /// Where it was read.
    pub source: String,
}

impl Parameter {
    /// What its figures are counted in, in Chinese.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        CATALOGUE.iter().find(|entry| entry.name == self.name).map_or("", |entry| entry.unit)
    }
}

/// A predicate as a pack's text has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WrittenPredicate {
    pub(super) name: Predicate,
    pub(super) paths: Vec<Path>,
    pub(super) article: String,
    pub(super) says: String,
    pub(super) remedy: String,
    pub(super) evidence: Evidence,
    pub(super) source: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    code: Jurisdiction,
    title: String,
    parent: Option<Jurisdiction>,
    version: String,
    effective_from: toml::value::Datetime,
    effective_until: Option<toml::value::Datetime>,
    /// How sure the days are.
    days_evidence: Evidence,
    replaces: Option<String>,
    amends: Option<String>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    parameter: Vec<Spanned<Parameter>>,
    #[serde(default)]
    predicate: Vec<Spanned<WrittenPredicate>>,
}

/// One version of a jurisdiction's pack, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Code and version.
    pub name: PackName,
    /// The jurisdiction in Chinese.
    pub title: String,
    /// Whose terms hold where this has none.
    pub parent: Option<Jurisdiction>,
    /// Its first day.
    pub effective_from: Day,
    /// Its last day; none while it is open.
    pub effective_until: Option<Day>,
    /// How sure the days are.
    pub days_evidence: Evidence,
    /// The version it takes the place of, a mistake to be mended.
    pub replaces: Option<String>,
    /// The version whose terms hold where this has none, before the parent is asked.
    pub amends: Option<String>,
    /// A remark.
    pub note: String,
    /// The SHA-256 of the text; of an amendment, of the text and the digest of what it amends.
    pub digest: Digest,
    /// The text.
    pub body: String,
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) predicates: BTreeMap<Predicate, WrittenPredicate>,
}

impl Version {
    /// Reads a pack's text.
    ///
    /// # Errors
    /// `policy.misshapen`, `policy.float`, `policy.unknown-parameter`, `policy.wrong-kind`, `policy.twice`.
    pub fn read(body: &str) -> Result<Version, Refusal> {
        let line_of = |at: usize| body[..at.min(body.len())].matches('\n').count() + 1;
        let misshapen = |why: String, line: usize| {
            MISSHAPEN.refuse(format!("第 {line} 行：{why}")).with("line", line)
        };
        let written: Written = toml::from_str(body).map_err(|e| {
            misshapen(e.message().to_owned(), line_of(e.span().map_or(0, |span| span.start)))
        })?;

        let day = |at: &toml::value::Datetime| at.to_string().parse::<Day>().ok();
        let effective_from = day(&written.effective_from);
        let effective_from =
            effective_from.ok_or_else(|| misshapen("effective-from 须为日期".to_owned(), 1))?;
        let effective_until = match &written.effective_until {
            None => None,
            Some(at) => {
                Some(day(at).filter(|until| *until >= effective_from).ok_or_else(|| {
                    misshapen("effective-until 须为不早于 effective-from 的日期".to_owned(), 1)
                })?)
            }
        };
        let is_version = |text: &str| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        };
        if !is_version(&written.version) || written.title.trim().is_empty() {
            let why = "version 须为 1 至 40 个字母、数字、点或短横线，title 不得为空";
            return Err(misshapen(why.to_owned(), 1));
        }

        let mut parameters = BTreeMap::new();
        for spanned in written.parameter {
            let line = line_of(spanned.span().start);
            let parameter = spanned.into_inner();
            let at = |rule: &'static crate::error::Rule, why: String| {
                let evidence = format!("第 {line} 行 参数 {}：{why}", parameter.name);
                rule.refuse(evidence).with("line", line).with("parameter", parameter.name.clone())
            };
            if has_float(&parameter.value) {
                return Err(at(&FLOAT, format!("值 {}", inline(&parameter.value))));
            }
            let entry = CATALOGUE.iter().find(|entry| entry.name == parameter.name);
            let entry = entry.ok_or_else(|| at(&UNKNOWN, "目录中没有".to_owned()))?;
            (entry.check)(&parameter.value).map_err(|why| at(&WRONG_KIND, why))?;
            if parameter.article.trim().is_empty() || parameter.says.trim().is_empty() {
                return Err(at(&MISSHAPEN, "article、says 不得为空".to_owned()));
            }
            if parameters.contains_key(&parameter.name) {
                return Err(at(&TWICE, "出现两次".to_owned()));
            }
            parameters.insert(parameter.name.clone(), parameter);
        }
        let mut predicates = BTreeMap::new();
        for spanned in written.predicate {
            let line = line_of(spanned.span().start);
            let predicate = spanned.into_inner();
            let named = word(&predicate.name);
            let at = |rule: &'static crate::error::Rule, why: &str| {
                rule.refuse(format!("第 {line} 行 条件 {named}：{why}")).with("line", line)
            };
            if predicate.remedy.trim().is_empty() || predicate.says.trim().is_empty() {
                return Err(at(&PREDICATES, "says、remedy 不得为空"));
            }
            if predicates.insert(predicate.name, predicate).is_some() {
                return Err(at(&TWICE, "出现两次"));
            }
        }
        Ok(Version {
            name: PackName { code: written.code, version: written.version },
            title: written.title,
            parent: written.parent,
            effective_from,
            effective_until,
            days_evidence: written.days_evidence,
            replaces: written.replaces,
            amends: written.amends,
            note: written.note,
            digest: Digest(Sha256::digest(body.as_bytes()).into()),
            body: body.to_owned(),
            parameters,
            predicates,
        })
    }

    /// The version with everything it does not change taken from the version it amends.
    pub(super) fn amending(mut self, base: &Version) -> Version {
        for (name, parameter) in &base.parameters {
            self.parameters.entry(name.clone()).or_insert_with(|| parameter.clone());
        }
        for (name, predicate) in &base.predicates {
            self.predicates.entry(*name).or_insert_with(|| predicate.clone());
        }
        self.parent = self.parent.or_else(|| base.parent.clone());
        let both = format!("{}\namends {}\n", self.body, base.digest);
        self.digest = Digest(Sha256::digest(both.as_bytes()).into());
        self
    }

    /// Its own parameters, by name.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.values()
    }

    /// The difference from another version, cell by cell, in the order of the catalogue; then the predicates.
    #[must_use]
    pub fn changes_to(&self, new: &Version) -> Vec<Change> {
        let mut changes = Vec::new();
        let days = |v: &Version| {
            let until = v.effective_until.map_or("—".to_owned(), |day| day.to_string());
            format!("{} 至 {until}", v.effective_from)
        };
        let mut note = |cell: String, old: Option<String>, new: Option<String>, article: &str| {
            if old != new {
                changes.push(Change { cell, old, new, article: article.to_owned() });
            }
        };
        note("生效期间".to_owned(), Some(days(self)), Some(days(new)), "");
        for entry in CATALOGUE {
            let (old, now) = (self.parameters.get(entry.name), new.parameters.get(entry.name));
            let Some(shown) = now.or(old) else { continue };
            let (was, is) = (cells(entry.name, old), cells(entry.name, now));
            let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for cell in names {
                let of = |cells: &BTreeMap<String, String>| cells.get(cell).cloned();
                note(cell.clone(), of(&was), of(&is), &shown.article);
            }
            let told = |p: Option<&Parameter>| {
                p.map(|p| format!("{}｜{}｜{}", p.evidence.in_chinese(), p.article, p.says))
            };
            if was == is {
                note(format!("{}（依据）", entry.name), told(old), told(now), &shown.article);
            }
        }
        for name in Predicate::ALL {
            let (old, now) = (self.predicates.get(&name), new.predicates.get(&name));
            let told = |p: Option<&WrittenPredicate>| {
                p.map(|p| {
                    let paths: Vec<String> = p.paths.iter().map(word).collect();
                    format!("[{}] {}；{}", paths.join("、"), p.says, p.remedy)
                })
            };
            let article = now.or(old).map_or("", |p| p.article.as_str());
            note(format!("条件 {}", word(&name)), told(old), told(now), article);
        }
        changes
    }
}

/// One cell that differs. `None` on a side: the version has no word of its own there and the parent's holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Parameter and path within it: `payment-caps.first`.
    pub cell: String,
    /// The old value.
    pub old: Option<String>,
    /// The new one.
    pub new: Option<String>,
    /// The article of the newer.
    pub article: String,
}

/// `payment-caps.first：<= 30% → <= 50%（某办法第九条）`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |s: &Option<String>| s.clone().unwrap_or_else(|| "（沿用上级）".to_owned());
        write!(f, "{}：{} → {}", self.cell, side(&self.old), side(&self.new))?;
        if self.article.is_empty() { Ok(()) } else { write!(f, "（{}）", self.article) }
    }
}

/// A parameter's cells by path. Lists are one cell a place.
fn cells(name: &str, parameter: Option<&Parameter>) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Table(table) => {
                table.iter().for_each(|(key, v)| walk(&format!("{path}.{key}"), v, into));
            }
            Value::Array(places) if places.iter().any(Value::is_table) => {
                let numbered = places.iter().enumerate();
                numbered.for_each(|(i, v)| walk(&format!("{path}[{}]", i + 1), v, into));
            }
            plain => {
                into.insert(path.to_owned(), inline(plain));
            }
        }
    }
    let mut cells = BTreeMap::new();
    if let Some(parameter) = parameter {
        walk(name, &parameter.value, &mut cells);
    }
    cells
}

/// A value in one line, texts without their marks.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(places) => places.iter().map(inline).collect::<Vec<_>>().join("、"),
        Value::Table(table) => {
            let cells = table.iter().map(|(key, value)| format!("{key} {}", inline(value)));
            format!("{{{}}}", cells.collect::<Vec<_>>().join("，"))
        }
        other => other.to_string(),
    }
}

/// A unit variant's name on the wire.
fn word(named: &impl Serialize) -> String {
    serde_json::to_value(named).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Float(_) => true,
        Value::Array(places) => places.iter().any(has_float),
        Value::Table(table) => table.values().any(has_float),
        _ => false,
    }
}
