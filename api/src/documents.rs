//! The door of the documents: everything that can be printed, by its name.
//!
//! Owns: [`DOCUMENTS`] (name, title, what each is asked for: the one table that the command line, REST and the list share),
//! [`Order`] (what is asked), [`draw`], and [`check`]: whether a printed paper still agrees with the books.
//!
//! Always: a document is drawn from one snapshot; its QR holds the order that draws it again. Never: a figure made here.

mod draw;

use std::fmt::Write as _;

use ledger::accounts::Code;
use ledger::books::Books;
use ledger::calendar::{Day, Instant, Month};
use ledger::error::{Error, Refusal, Result, Storage};
use ledger::id::CompoundId;
use ledger::property::{self, Compound};
use reports::press::{self, list, text};
use reports::sheet::{Block, Cell, Column, Rank, Sheet, Table, Warning};
use reports::template::{self, PaperWord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::draw::draw;
pub(crate) use self::draw::form;
use crate::accounts::{Device, ReportFiles, pressed};
use crate::door::{Asked, Visit};
use crate::problem::{self, Problem};
use crate::wire::{IsoDay, Paper, Shown};

/// A document that can be printed.
#[derive(Debug)]
pub struct Document {
    /// Its name in commands and addresses.
    pub name: &'static str,
    /// Its code on paper.
    pub code: &'static str,
    /// What it is.
    pub title: &'static str,
    /// What it must be asked with.
    pub needs: &'static [&'static str],
    /// What it may be asked with besides.
    pub takes: &'static [&'static str],
    /// Whether it is of one dwelling, so that its owner may have it.
    pub is_of_dwelling: bool,
    /// Whether it can be drawn as the books were known at an instant.
    pub is_of_knowledge: bool,
    /// Of what a batch prints one each; empty if there is no batch.
    pub each: &'static str,
}

const fn document(name: &'static str, code: &'static str, title: &'static str) -> Document {
    Document {
        name,
        code,
        title,
        needs: &[],
        takes: &[],
        is_of_dwelling: false,
        is_of_knowledge: false,
        each: "",
    }
}

/// Every document of the house.
pub static DOCUMENTS: &[Document] = &[
    Document {
        needs: &["no"],
        takes: &["paper"],
        each: "催缴",
        ..document("demand", "D1", "催缴通知单")
    },
    Document {
        takes: &["on"], ..document("arrears-posted", "D1G", "物业费催缴公示表（遮盖）")
    },
    Document {
        needs: &["no"],
        takes: &["paper"],
        ..document("receipt", "D2", "物业费收据（三联、半页、小票）")
    },
    Document {
        needs: &["no"],
        takes: &["paper"],
        ..document("fund-receipt", "D2W", "维修资金交存专用收据")
    },
    Document {
        takes: &["from", "to", "on"], ..document("collection", "D3", "物业费收缴率报表")
    },
    Document {
        takes: &["from", "to", "on"],
        ..document("collection-detail", "D3X", "物业费收缴明细：逐户逐项，xlsx、csv")
    },
    Document { needs: &["no"], ..document("approval", "D4", "维修资金使用审批表") },
    Document {
        needs: &["no"], takes: &["public"], ..document("shares", "D5", "维修资金分摊清册")
    },
    Document {
        needs: &["room"],
        takes: &["from", "to", "known_at"],
        is_of_dwelling: true,
        is_of_knowledge: true,
        each: "房屋",
        ..document("statement", "D6", "维修资金分户对账单")
    },
    Document {
        takes: &["no", "from", "to"],
        ..document("revenue", "D7", "公共收益公示表：写公示编号或期间")
    },
    Document {
        takes: &["no"], ..document("grants", "D8", "补贴资金使用台账：全部或一笔")
    },
    Document {
        needs: &["no"],
        takes: &["public"],
        ..document("funding", "D9", "改造项目资金筹措表")
    },
    Document {
        needs: &["no", "room"],
        takes: &["paper", "on"],
        is_of_dwelling: true,
        each: "方案内房屋",
        ..document("renewal", "D10", "续筹通知")
    },
    Document { needs: &["year"], ..document("yearly", "D11", "物业服务年度公示报告") },
    Document {
        needs: &["no", "room"],
        is_of_dwelling: true,
        each: "名册内房屋",
        ..document("ballot", "D12P", "表决票")
    },
    Document { needs: &["no"], ..document("vote-result", "D12", "表决结果公示") },
    Document {
        needs: &["form", "period"],
        takes: &["by"],
        ..document("statutory", "W", "会计报表：会住维01/02/03表")
    },
    Document {
        needs: &["year"],
        takes: &["public"],
        ..document("notice", "ND", "维修资金年度公示（165号令第三十条）")
    },
    Document { takes: &["on"], ..document("reconciliation", "DZ", "对账差异表") },
    Document {
        needs: &["no"], ..document("transfer", "HK", "划款通知书：编号为 项目-步骤")
    },
    Document { needs: &["no"], ..document("emergency", "YJQ", "应急使用确认单") },
    Document { needs: &["no"], ..document("certificate", "ZM", "结存证明、结清证明") },
    Document { needs: &["no"], ..document("custody", "YJ", "维修资金移交、划回清册") },
];

/// The document of that name.
///
/// # Errors
/// `report.unknown`.
pub fn known(name: &str) -> Result<&'static Document, Refusal> {
    DOCUMENTS.iter().find(|document| document.name == name).ok_or_else(|| {
        let names: Vec<&str> = DOCUMENTS.iter().map(|document| document.name).collect();
        let shown: String = name.chars().take(40).collect();
        problem::NO_DOCUMENT.refuse(format!("{shown:?}；可用：{}", names.join("、")))
    })
}

/// What a document is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "房号", example = &"1-1-101")]
    pub(crate) room: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "编号：催缴、收据、项目、方案、表决、证明等的编号", example = &"1")]
    pub(crate) no: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "起日")]
    pub(crate) from: Option<IsoDay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "止日")]
    pub(crate) to: Option<IsoDay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "哪一天：不写则今天")]
    pub(crate) on: Option<IsoDay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "期间：已结账的月份", example = &"2025-12")]
    pub(crate) period: Option<Month>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "年度", range(min = 1949, max = 2999), example = 2025)]
    pub(crate) year: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "报表：01、02、03")]
    pub(crate) form: Option<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "编制单位：不写则留待盖章", length(max = 60))]
    pub(crate) by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "是否公示件：遮盖姓名、房号")]
    pub(crate) public: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "纸张：a4、a4-landscape、half、triplicate、ticket；不写则依模板", example = &"half")]
    pub(crate) paper: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "截至记账时刻")]
    pub(crate) known_at: Option<Instant>,
    #[serde(default, skip_serializing)]
    #[schemars(description = "形式：pdf、text、csv、xlsx；不写则 pdf")]
    pub(crate) format: Option<Device>,
}

impl Order {
    /// Whether everything that a document needs is here, and nothing that it does not take.
    ///
    /// # Errors
    /// `report.asked`.
    pub fn may_be_of(&self, document: &Document) -> Result<(), Refusal> {
        let given = self.given();
        let missing: Vec<&str> = document
            .needs
            .iter()
            .copied()
            .filter(|name| !given.iter().any(|(given, _)| given == name))
            .collect();
        if !missing.is_empty() {
            let told =
                format!("{}（{}）还须写 {}", document.name, document.title, missing.join("、"));
            return Err(problem::REPORT_ASKED.refuse(told));
        }
        let strange = given
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !document.needs.contains(name) && !document.takes.contains(name));
        match strange {
            Some(name) => {
                let told = format!("{}（{}）不收 {name}", document.name, document.title);
                Err(problem::REPORT_ASKED.refuse(told))
            }
            None => Ok(()),
        }
    }

    /// What is given, by its name, in a fixed order.
    fn given(&self) -> Vec<(String, String)> {
        let told = serde_json::to_value(self).unwrap_or_default();
        let fields = told.as_object().cloned().unwrap_or_default();
        let said = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        fields.into_iter().map(|(name, value)| (name, said(value))).collect()
    }

    /// The order as an address's end, which a QR holds: `statement?compound=wutongli&room=1-1-101`.
    #[must_use]
    pub fn ticket(&self, document: &Document, compound: &str, printed_at: Instant) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("compound", compound);
        for (name, value) in self.given() {
            query.append_pair(&name, &value);
        }
        query.append_pair("at", &printed_at.seconds().to_string());
        format!("{}?{}", document.name, query.finish())
    }

    pub(crate) fn day(day: Option<IsoDay>, today: Day) -> Day {
        day.map_or(today, |day| day.0)
    }
}

/// What a printed paper's QR says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The check code.
    pub check: String,
    /// The document.
    pub name: String,
    /// The compound's code.
    pub compound: String,
    /// What was asked.
    pub order: Order,
    /// When it was printed.
    pub printed_at: Instant,
}

impl Ticket {
    /// Reads what a QR holds.
    ///
    /// # Errors
    /// `report.code`.
    pub fn read(text: &str) -> Result<Ticket, Refusal> {
        let shown: String = text.chars().take(200).collect();
        let bad = |why: &str| problem::REPORT_CODE.refuse(format!("{why}：{shown:?}"));
        let rest = text.trim().strip_prefix("xiaoqu:").ok_or_else(|| bad("不是本系统的校验码"))?;
        let mut parts = rest.split(';');
        let check = parts.next().filter(|check| !check.is_empty());
        let check = check.ok_or_else(|| bad("没有校验码"))?.to_owned();
        let asked = parts.next().ok_or_else(|| bad("没有单据的来历"))?;
        let (name, query) = asked.split_once('?').ok_or_else(|| bad("来历不完整"))?;
        let (mut compound, mut at) = (None, None);
        let mut fields = serde_json::Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "compound" => compound = Some(value),
                "at" => at = value.parse().ok().map(Instant::from_seconds),
                "year" => {
                    let year: i32 = value.parse().map_err(|_| bad("年度不能识别"))?;
                    fields.insert(name.into_owned(), year.into());
                }
                "public" => drop(fields.insert(name.into_owned(), (value == "true").into())),
                _ => drop(fields.insert(name.into_owned(), value.into())),
            }
        }
        let order = serde_json::from_value(fields.into()).map_err(|_| bad("来历不能识别"))?;
        Ok(Ticket {
            check,
            name: name.to_owned(),
            compound: compound.ok_or_else(|| bad("没有小区"))?,
            order,
            printed_at: at.ok_or_else(|| bad("没有打印时间"))?,
        })
    }

    /// The order as it was then: with what was known when it was printed.
    fn then(&self, document: &Document) -> Order {
        if !document.is_of_knowledge {
            return self.order.clone();
        }
        let known_at = self.order.known_at.or(Some(self.printed_at));
        // Without a last day it went up to that of the printing.
        let to = self.order.to.or_else(|| Some(IsoDay(self.printed_at.day())));
        Order { known_at, to, ..self.order.clone() }
    }
}

/// A line that reads otherwise now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReportChange", description = "原件与现在的一处不同")]
pub struct Change {
    #[schemars(description = "原件：没有则为空", example = &"期末余额 8,110.00")]
    pub(crate) before: String,
    #[schemars(description = "现在：没有则为空", example = &"期末余额 8,110.01")]
    pub(crate) after: String,
}

/// What the books say of a printed paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReportChecked", description = "一份单据与账簿的核对")]
pub struct Checked {
    #[schemars(description = "单据", example = &"维修资金分户对账单")]
    pub(crate) title: String,
    #[schemars(description = "小区", example = &"梧桐里小区")]
    pub(crate) compound: String,
    #[schemars(description = "打印时间")]
    pub(crate) printed_at: Instant,
    #[schemars(description = "纸上的校验码", example = &"D6-7K3F-92QX")]
    pub(crate) check: String,
    #[schemars(description = "依当时所知重印的校验码：不能依当时所知重印的，为现在的", example = &"D6-7K3F-92QX")]
    pub(crate) drawn: String,
    #[schemars(description = "是否与账簿相符", example = true)]
    pub(crate) agrees: bool,
    #[schemars(description = "此后账簿有无变动：不能判断的为空")]
    pub(crate) is_current: Option<bool>,
    #[schemars(description = "结论", example = &"与账簿相符")]
    pub(crate) says: String,
    #[schemars(description = "此后的变动：逐行的前后")]
    pub(crate) changes: Vec<Change>,
    #[schemars(description = "账簿所载的全文：请与纸面逐行核对", example = &"梧桐里小区")]
    pub(crate) text: String,
}

/// Draws a printed paper again and holds the codes against each other.
///
/// # Errors
/// `report.code`, `report.unknown`, those of [`draw`].
pub async fn check(books: &Books, compound: &Compound, ticket: &Ticket) -> Result<Checked> {
    let document = known(&ticket.name)?;
    let then = ticket.then(document);
    let drawn = draw(books, compound, document, &then, None, ticket.printed_at).await?;
    let agrees = drawn.check == ticket.check;
    let (mut is_current, mut changes) = (None, Vec::new());
    if document.is_of_knowledge && agrees {
        let now = books.clock().now();
        let order = Order { known_at: None, ..then };
        let today = draw(books, compound, document, &order, None, now).await?;
        changes = differences(&drawn, &today);
        is_current = Some(changes.is_empty());
    }
    let says = match (agrees, is_current) {
        (true, Some(true)) => "与账簿相符；此后账簿没有影响本单的变动",
        (true, Some(false)) => "与当时的账簿相符；此后账簿有变动，前后见下",
        (true, None) => "与账簿相符",
        (false, _) if document.is_of_knowledge => {
            "不符：账簿当时所载与纸面的校验码不一致，请以账簿为准并查明"
        }
        (false, _) => "不符：账簿已变动，或者纸面与账簿不一致；请以账簿所载全文逐行核对",
    };
    Ok(Checked {
        title: document.title.to_owned(),
        compound: compound.name.clone(),
        printed_at: ticket.printed_at,
        check: ticket.check.clone(),
        drawn: drawn.check.clone(),
        agrees,
        is_current,
        says: says.to_owned(),
        changes,
        text: text::press(&drawn),
    })
}

/// What two printings of one document say otherwise, line by line; the instant of looking is no difference.
fn differences(before: &Sheet, after: &Sheet) -> Vec<Change> {
    let lines = |sheet: &Sheet| -> Vec<String> {
        let text = text::press(sheet);
        let body = text.lines().take_while(|line| !line.starts_with("打印时间"));
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_of_state = |line: &String| {
            line.starts_with("账簿印记") || line.contains("取数时间") || line.starts_with('=')
        };
        body.map(plain).filter(|line| !line.is_empty() && !is_of_state(line)).collect()
    };
    let (before, after) = (lines(before), lines(after));
    let gone: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    let come: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    (0..gone.len().max(come.len()))
        .map(|place| Change {
            before: gone.get(place).map_or_else(String::new, |line| (*line).clone()),
            after: come.get(place).map_or_else(String::new, |line| (*line).clone()),
        })
        .collect()
}

/// Prints a paper again: the very same, or, `anew`, as the books stand now with what differs (再版说明).
///
/// # Errors
/// `report.code`, `report.unknown`, `report.differs`, those of [`draw`].
pub async fn again(
    books: &Books,
    compound: &Compound,
    ticket: &Ticket,
    anew: bool,
) -> Result<Sheet> {
    let document = known(&ticket.name)?;
    let then = ticket.then(document);
    let drawn = draw(books, compound, document, &then, None, ticket.printed_at).await?;
    let agrees = drawn.check == ticket.check;
    if agrees && !anew {
        // The QR asks for what it asked for.
        return Ok(drawn.ordered_as(&ticket.order.ticket(
            document,
            &compound.code,
            ticket.printed_at,
        )));
    }
    let now = books.clock().now();
    let order = Order { known_at: None, ..then };
    let today = draw(books, compound, document, &order, None, now).await?;
    let changes = if agrees { differences(&drawn, &today) } else { Vec::new() };
    Ok(new_edition(today, ticket, &changes, agrees))
}

/// A sheet that says which one it takes the place of, and how it differs.
fn new_edition(mut sheet: Sheet, ticket: &Ticket, changes: &[Change], agrees: bool) -> Sheet {
    let Some(proof) = sheet.proof.take() else { return sheet };
    let mut said = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        said,
        "原件：校验码 {}，打印时间 {}；本件：校验码 {}，打印时间 {}。",
        ticket.check,
        ticket.printed_at.for_people(),
        sheet.check,
        sheet.printed_at.for_people()
    );
    said.push_str(match (agrees, changes.is_empty()) {
        (true, true) => "两件所载相同，仅取数时间不同。",
        (true, false) => "原件与当时的账簿相符；此后账簿有变动，前后如下。",
        (false, _) => "账簿现载与原件的校验码不一致，原件的数字请以原件为准逐行核对。",
    });
    let mut blocks = vec![Block::Heading("再版说明".into()), Block::Text(said)];
    if !changes.is_empty() {
        let columns = vec![Column::words("原件", 1), Column::words("本件", 1)];
        let mut table = Table::new(columns, "");
        for change in changes {
            let cells = [&change.before, &change.after].map(|text| Cell::Text(text.clone()));
            table.push(Rank::Line, cells.into());
        }
        blocks.push(Block::Table(table));
    }
    sheet.blocks.extend(blocks);
    if sheet.warning.is_none() {
        let meaning = format!("代替校验码 {} 的原件，前后不同之处见再版说明。", ticket.check);
        sheet.warning = Some(Warning { word: "再版".into(), meaning });
    }
    let order = proof.order.clone();
    sheet.sealed(&proof.document, &proof.number, proof.seal).ordered_as(&order)
}

/// A document by its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtDocument {
    #[schemars(description = "单据名称：见单据一览", example = &"collection")]
    name: String,
}

/// A dwelling's document.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtRoomDocument {
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[schemars(description = "单据名称：见单据一览中一户的", example = &"statement")]
    name: String,
}

/// A document in the list.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReportDocument", description = "一种可打印的单据")]
pub struct DocumentView {
    #[schemars(description = "名称", example = &"statement")]
    name: &'static str,
    #[schemars(description = "纸上的代号", example = &"D6")]
    code: &'static str,
    #[schemars(description = "标题", example = &"维修资金分户对账单")]
    title: &'static str,
    #[schemars(description = "必须写的参数", example = ["room"])]
    needs: &'static [&'static str],
    #[schemars(description = "可以写的参数", example = ["from", "to"])]
    takes: &'static [&'static str],
    #[schemars(description = "是否一户的：业主可取本户的", example = true)]
    is_of_dwelling: bool,
    #[schemars(description = "可批量打印的每一件是什么：不能批量的为空字符串", example = &"房屋")]
    each: &'static str,
    #[schemars(description = "形式", example = ["pdf", "xlsx", "csv", "text"])]
    formats: &'static [&'static str],
    #[schemars(description = "是否依模板排版：单位可以修改", example = false)]
    has_template: bool,
}

impl From<&'static Document> for DocumentView {
    fn from(of: &'static Document) -> DocumentView {
        DocumentView {
            name: of.name,
            code: of.code,
            title: of.title,
            needs: of.needs,
            takes: of.takes,
            is_of_dwelling: of.is_of_dwelling,
            each: of.each,
            formats: &["pdf", "xlsx", "csv", "text"],
            has_template: template::known(of.name).is_some(),
        }
    }
}

/// Every document.
#[must_use]
pub fn every() -> Vec<DocumentView> {
    DOCUMENTS.iter().map(DocumentView::from).collect()
}

/// `GET /compounds/{compound}/reports`.
///
/// # Errors
/// None.
pub async fn documents(_visit: Visit) -> Result<Shown<Vec<DocumentView>>, Problem> {
    Ok(Shown(every()))
}

/// `GET /compounds/{compound}/reports/{name}`.
///
/// # Errors
/// Those of [`draw`] and [`pressed`].
pub async fn report(
    visit: Visit<AtDocument>,
    Asked(order): Asked<Order>,
) -> Result<Paper<Checked, ReportFiles>, Problem> {
    let document = known(&visit.at.name)?;
    printed(&visit.books, &visit.compound, document, order).await
}

/// `GET /compounds/{compound}/dwellings/{room}/reports/{name}`: the documents of a dwelling, also for its owner.
///
/// # Errors
/// Those of [`draw`] and [`pressed`].
pub async fn dwelling_report(
    visit: Visit<AtRoomDocument>,
    Asked(order): Asked<Order>,
) -> Result<Paper<Checked, ReportFiles>, Problem> {
    let document = known(&visit.at.name)?;
    if !document.is_of_dwelling || order.room.is_some() {
        let told = format!("{}（{}）不是一户的单据，或重复写了房号", document.name, document.title);
        return Err(problem::REPORT_ASKED.refuse(told).into());
    }
    let order = Order { room: Some(visit.at.room.clone()), ..order };
    printed(&visit.books, &visit.compound, document, order).await
}

async fn printed(
    books: &Books,
    compound: &Compound,
    document: &'static Document,
    mut order: Order,
) -> Result<Paper<Checked, ReportFiles>, Problem> {
    let device = order.format.take().unwrap_or(Device::Pdf);
    let now = books.clock().now();
    let sheet = draw(books, compound, document, &order, None, now).await?;
    if device == Device::Json {
        // What it says, and how it is drawn again.
        let ticket = sheet.proof.as_ref().map_or_else(String::new, |proof| proof.ticket());
        let checked = check(books, compound, &Ticket::read(&ticket)?).await?;
        return Ok(Paper::Shown(checked));
    }
    let name = format!("{}-{}", document.name, compound.code);
    let bytes = pressed(move || Ok(sheet), device).await?;
    Ok(device.kept(&name, bytes))
}

/// Which volume of a batch.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchQuery {
    #[serde(default)]
    #[schemars(description = "编号：方案、表决的编号；催缴不写", example = &"1")]
    no: Option<String>,
    #[serde(default)]
    #[schemars(description = "起日")]
    from: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "止日")]
    to: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "哪一天：续筹的计算日，或只印这一天的催缴")]
    on: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "截至记账时刻：各册须相同，取自 json 的答复")]
    known_at: Option<Instant>,
    #[serde(default)]
    #[schemars(description = "每册多少件：不写则 250", range(min = 1, max = 1000), example = 250)]
    each: Option<u16>,
    #[serde(default)]
    #[schemars(description = "第几册：不写则第一册", range(min = 1, max = 100_000), example = 1)]
    volume: Option<u32>,
    #[serde(default)]
    #[schemars(description = "形式：json 共有几册，pdf 一册，csv 该册的清单；不写则 json")]
    format: Option<Device>,
}

/// How much a batch prints.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReportBatch", description = "批量打印的件数与册数")]
pub struct BatchView {
    #[schemars(description = "件数", example = 428)]
    sheets: usize,
    #[schemars(description = "册数", example = 2)]
    volumes: usize,
    #[schemars(description = "每册件数", example = 250)]
    each: usize,
    #[schemars(description = "截至记账时刻：取各册时原样写入 known_at")]
    known_at: Instant,
}

/// `GET /compounds/{compound}/report-batches/{name}`: a volume at a time, so that none is made in vain.
///
/// # Errors
/// Those of [`orders`] and [`volume`].
pub async fn report_batch(
    visit: Visit<AtDocument>,
    Asked(query): Asked<BatchQuery>,
) -> Result<Paper<BatchView, ReportFiles>, Problem> {
    let document = known(&visit.at.name)?;
    let now = query.known_at.unwrap_or_else(|| visit.books.clock().now());
    let BatchQuery { no, from, to, on, .. } = query;
    // Every volume is of what was known when the first was asked for.
    let known_at = document.is_of_knowledge.then_some(now);
    let asked = Order { no, from, to, on, known_at, ..Order::default() };
    let orders = orders(&visit.books, &visit.compound, document, &asked, now).await?;
    let each = usize::from(query.each.unwrap_or(250)).clamp(1, 1_000);
    let volumes = orders.len().div_ceil(each);
    let device = query.format.unwrap_or(Device::Json);
    if device == Device::Json {
        return Ok(Paper::Shown(BatchView { sheets: orders.len(), volumes, each, known_at: now }));
    }
    let number = usize::try_from(query.volume.unwrap_or(1)).unwrap_or(usize::MAX);
    let part = number.checked_sub(1).and_then(|before| orders.chunks(each).nth(before));
    let part = part.ok_or_else(|| {
        problem::REPORT_ASKED.refuse(format!("共 {volumes} 册，没有第 {number} 册"))
    })?;
    let mut list = manifest()?;
    let books = &visit.books;
    let bound =
        volume(books, &visit.compound, document, part, None, now, number, &mut list).await?;
    let name = format!("{}-{}-{number:03}", document.name, visit.compound.code);
    match device {
        Device::Csv => Ok(device.kept(&name, listed(list)?)),
        _ => Ok(Device::Pdf.kept(&name, bound)),
    }
}

/// What a paper's QR says.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeQuery {
    #[schemars(
        description = "单据上二维码的全文",
        length(max = 1000),
        example = &"xiaoqu:D6-7K3F-92QX;statement?compound=wutongli&room=1-1-101&at=1782781200"
    )]
    code: String,
}

/// `GET /compounds/{compound}/report-check`.
///
/// # Errors
/// Those of [`check`].
pub async fn report_check(
    visit: Visit,
    Asked(query): Asked<CodeQuery>,
) -> Result<Shown<Checked>, Problem> {
    let ticket = Ticket::read(&query.code)?;
    if ticket.compound != visit.compound.code {
        let told = format!("单据属于小区 {}", ticket.compound);
        return Err(problem::REPORT_CODE.refuse(told).into());
    }
    Ok(Shown(check(&visit.books, &visit.compound, &ticket).await?))
}

/// A document drawn and pressed, for the doors that have an address of their own for it.
///
/// # Errors
/// Those of [`draw`] and [`pressed`].
pub async fn on_paper(
    books: &Books,
    compound: &Compound,
    name: &str,
    order: Order,
    device: Device,
) -> Result<Vec<u8>> {
    let now = books.clock().now();
    let sheet = draw(books, compound, known(name)?, &order, None, now).await?;
    pressed(move || Ok(sheet), device).await
}

/// The same, of a compound that is known by its identity.
///
/// # Errors
/// Those of [`on_paper`].
pub async fn at_compound(
    books: &Books,
    compound: CompoundId,
    name: &str,
    order: Order,
    device: Device,
) -> Result<Vec<u8>> {
    let every = property::compounds(&mut books.read().await?).await?;
    let found = every.into_iter().find(|one| one.id == compound);
    let found = found.ok_or_else(|| bug(format!("no compound {compound}")))?;
    on_paper(books, &found, name, order, device).await
}

/// The paper a command or an address names, if it names one.
pub(crate) fn paper_word(order: &Order) -> Result<Option<PaperWord>, Refusal> {
    let word = order.paper.as_deref().map(str::parse::<PaperWord>).transpose();
    word.map_err(|why| problem::REPORT_ASKED.refuse(why))
}

/// What an owner's paper is asked of: the dwelling, which must be there.
pub(crate) async fn dwelling_of(
    view: &mut impl ledger::books::View,
    compound: &Compound,
    order: &Order,
    today: Day,
) -> Result<property::Dwelling> {
    let room = order.room.as_deref().unwrap_or_default();
    property::dwelling(view, compound.id, room, today).await
}

/// A bug of ours, told in a sentence.
pub(crate) fn bug(why: impl std::fmt::Display) -> Error {
    Error::Storage(Storage::Bug(why.to_string()))
}

/// A sheet that was refused: what the type lacks is told as such.
pub(crate) fn unset(why: reports::Error) -> Error {
    match why {
        reports::Error::MissingGlyph { ch, .. } => {
            problem::NO_GLYPH.refuse(format!("缺字 {ch}（U+{:04X}）", u32::from(ch))).into()
        }
        reports::Error::TooWide(_) => problem::REPORT_ASKED.refuse(TOO_WIDE).into(),
        why => bug(why),
    }
}

/// What is told of a table no paper holds.
pub(crate) const TOO_WIDE: &str = "本单的列多于纸面所能容纳，请取 xlsx 或 csv";

/// Presses a sheet as bytes, at once: for whoever may block.
///
/// # Errors
/// `door.no-glyph`.
pub fn press_now(sheet: &Sheet, device: Device) -> Result<Vec<u8>> {
    match device {
        Device::Pdf => press::pdf::press(sheet).map_err(unset),
        Device::Csv => press::list::tables(sheet).map_err(bug),
        Device::Xlsx => press::book::press(sheet).map_err(bug),
        Device::Text | Device::Json => Ok(press::text::press(sheet).into_bytes()),
    }
}

/// One order for each dwelling or claim that a batch prints.
///
/// # Errors
/// `report.asked`, those of the rooms.
pub async fn orders(
    books: &Books,
    compound: &Compound,
    document: &'static Document,
    asked: &Order,
    now: Instant,
) -> Result<Vec<Order>> {
    if document.each.is_empty() {
        let told = format!("{}（{}）不能批量打印", document.name, document.title);
        return Err(problem::REPORT_ASKED.refuse(told).into());
    }
    let mut view = books.read().await?;
    draw::orders(&mut view, compound, document, asked, now).await
}

/// A volume of a batch: its sheets bound into one PDF, and each of them in `list`.
///
/// # Errors
/// Those of [`draw`]; `door.no-glyph`.
#[expect(
    clippy::too_many_arguments,
    reason = "a volume is all of these, and nothing holds them together but it"
)]
pub async fn volume(
    books: &Books,
    compound: &Compound,
    document: &'static Document,
    orders: &[Order],
    template: Option<&str>,
    now: Instant,
    number: usize,
    list: &mut Manifest,
) -> Result<Vec<u8>> {
    let sheets = draw::every(books, compound, document, orders, template, now).await?;
    for (place, sheet) in sheets.iter().enumerate() {
        list_one(list, number, place + 1, sheet)?;
    }
    let bound = tokio::task::spawn_blocking(move || press::pdf::bind(&sheets)).await;
    bound.map_err(bug)?.map_err(unset)
}

/// What a template is previewed with: every field says its own name.
#[must_use]
pub fn blank(known: &'static template::Known) -> template::Values {
    let mut values =
        template::Values { number: "预览".to_owned(), ..template::Values::default() };
    for (name, says) in known.words {
        values.set(name, format!("〔{says}〕"));
    }
    let line = known.lines.iter().map(|(name, says)| (*name, Cell::Text(format!("〔{says}〕"))));
    values.lines.push(line.collect());
    values.warning = Some(Warning {
        word: "预览".to_owned(),
        meaning: "只看排版，不是单据。".to_owned(),
    });
    values
}

/// The list of what a batch printed.
pub type Manifest = list::Csv<Vec<u8>>;

/// Begins the list.
///
/// # Errors
/// A bug.
pub fn manifest() -> Result<Manifest> {
    let heads = ["册", "册内序号", "单据", "编号", "校验码", "摘要（SHA-256）", "二维码"];
    list::Csv::new(Vec::new(), &heads.map(String::from)).map_err(bug)
}

/// Lists a sheet of a volume.
///
/// # Errors
/// A bug.
fn list_one(to: &mut Manifest, volume: usize, place: usize, sheet: &Sheet) -> Result<()> {
    use list::Sheet as _;
    let Some(proof) = &sheet.proof else { return Ok(()) };
    let count = |n: usize| list::Cell::Count(i64::try_from(n).unwrap_or(i64::MAX));
    let text = |text: String| list::Cell::Text(text.into());
    to.row(&[
        count(volume),
        count(place),
        text(proof.document.clone()),
        text(proof.number.clone()),
        text(sheet.check.clone()),
        text(ledger::journal::text::hex(&proof.digest)),
        text(proof.ticket()),
    ])
    .map_err(bug)
}

/// The list, whole.
///
/// # Errors
/// A bug.
pub fn listed(of: Manifest) -> Result<Vec<u8>> {
    of.finish().map_err(bug)
}
