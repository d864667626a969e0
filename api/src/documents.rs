//! The door of the documents: everything that can be printed, by its name.
//!
//! Owns: [`DOCUMENTS`] (name, title, what each is asked for: the one table that the command line, REST and the list share),
//! [`Order`] (what is asked), [`draw()`]; beside it whether a printed paper still agrees with the books ([`check()`]), many at once
//! ([`Batch`]), and what an office words itself (`templates`).
//!
//! Always: a document is drawn from one snapshot; its QR holds the order that draws it again, the version of its template with
//! it. Over the wire it leaves as it is written (`flow`). Never: a figure made here.

pub(crate) mod batch;
pub(crate) mod check;
mod draw;
pub(crate) mod flow;
pub mod templates;
pub(crate) mod ticket;

use ledger::accounts::Code;
use ledger::books::Books;
use ledger::calendar::{Day, Instant, Month};
use ledger::error::{Error, Refusal, Result, Storage};
use ledger::property::{self, Compound};
use ledger::works;
use reports::press;
use reports::sheet::Sheet;
use reports::statutory;
use reports::template::{self, PaperWord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::batch::{Batch, Manifest, listed, manifest, orders, report_batch, volume};
pub use self::check::{
    Change, Checked, Place, Reprint, again, area_report_check, check, dwelling_report_check,
    report_check,
};
pub use self::draw::{draw, drawn_in};
use self::flow::pressed;
pub use self::flow::{Device, ReportFiles};
pub use self::ticket::{Ticket, Typed};
use crate::accounts::drawn_up;
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
    /// In which forms it comes, as a request says them.
    pub formats: &'static [&'static str],
}

impl Document {
    /// Its title without what the list says of it besides.
    #[must_use]
    pub fn plain_title(&self) -> &'static str {
        self.title.split(['（', '：']).next().unwrap_or(self.title)
    }
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
        formats: &["pdf", "xlsx", "csv", "text"],
    }
}

/// Every document of the house.
pub static DOCUMENTS: &[Document] = &[
    Document {
        needs: &["no"],
        takes: &["paper", "edition"],
        each: "催缴",
        ..document("demand", "D1", "催缴通知单")
    },
    Document {
        takes: &["on"], ..document("arrears-posted", "D1G", "物业费催缴公示表（遮盖）")
    },
    Document {
        needs: &["no"],
        takes: &["paper", "edition"],
        ..document("receipt", "D2", "物业费收据（三联、半页、小票）")
    },
    Document {
        needs: &["no"],
        takes: &["paper", "edition"],
        ..document("fund-receipt", "D2W", "维修资金交存专用收据")
    },
    Document {
        takes: &["from", "to", "on"], ..document("collection", "D3", "物业费收缴率报表")
    },
    Document {
        takes: &["from", "to", "on"],
        // Its 26 columns stand on no paper.
        formats: &["xlsx", "csv"],
        ..document("collection-detail", "D3X", "物业费收缴明细：逐户逐项，xlsx、csv")
    },
    Document {
        needs: &["no"],
        takes: &["asked"],
        ..document("approval", "D4", "维修资金使用审批表")
    },
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
        takes: &["paper", "on", "edition"],
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
    #[schemars(description = "模板版本：own 本小区的，office 总册的，shipped 自带的；不写则现行的", example = &"own.2")]
    pub(crate) edition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "审批表问的是什么：不写则可否批准")]
    pub(crate) asked: Option<works::Asked>,
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
        let missing = self.missing(document);
        if !missing.is_empty() {
            let told =
                format!("{}（{}）还须写 {}", document.name, document.title, missing.join("、"));
            return Err(problem::REPORT_ASKED.refuse(told));
        }
        let strange = given
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !document.needs.contains(name) && !document.takes.contains(name));
        if let Some(name) = strange {
            let told = format!("{}（{}）不收 {name}", document.name, document.title);
            return Err(problem::REPORT_ASKED.refuse(told));
        }
        match self.year.filter(|year| !(1_000..10_000).contains(year)) {
            // It would be told as a year that is not closed yet, and waited for.
            Some(year) => Err(problem::REPORT_ASKED.refuse(format!("年度 {year} 不是四位数字"))),
            None => Ok(()),
        }
    }

    /// Whether it asks for nothing that is still to come when it is printed. A period may end with its month, its figures are up
    /// to that day.
    ///
    /// # Errors
    /// `report.asked`.
    fn is_not_ahead(&self, document: &Document, printed_at: Instant) -> Result<(), Refusal> {
        let today = printed_at.day();
        if let Some(known_at) = self.known_at.filter(|known_at| *known_at > printed_at) {
            let told = format!("{} 在打印的时刻之后：单据只说已有的账", known_at.for_people());
            return Err(problem::REPORT_ASKED.refuse(told));
        }
        // A statement's room judges its own first day against its last.
        let to = self.to.filter(|_| document.is_of_knowledge);
        let from = self.from.filter(|_| !document.is_of_knowledge);
        match [from, self.on, to].into_iter().flatten().find(|day| day.0 > today) {
            Some(day) => {
                let told = format!("{} 在打印之日 {today} 之后：单据只说已有的账", day.0);
                Err(problem::REPORT_ASKED.refuse(told))
            }
            None => Ok(()),
        }
    }

    /// What a document needs and is not here.
    pub(crate) fn missing(&self, document: &Document) -> Vec<&'static str> {
        let given = self.given();
        let is_given = |name: &&&str| given.iter().any(|(given, _)| given == *name);
        document.needs.iter().filter(|name| !is_given(name)).copied().collect()
    }

    /// The same, and what it does not say as another says it.
    fn over(self, other: Order) -> Order {
        Order {
            room: self.room.or(other.room),
            no: self.no.or(other.no),
            from: self.from.or(other.from),
            to: self.to.or(other.to),
            on: self.on.or(other.on),
            period: self.period.or(other.period),
            year: self.year.or(other.year),
            form: self.form.or(other.form),
            by: self.by.or(other.by),
            public: self.public.or(other.public),
            paper: self.paper.or(other.paper),
            edition: self.edition.or(other.edition),
            asked: self.asked.or(other.asked),
            known_at: self.known_at.or(other.known_at),
            format: self.format.or(other.format),
        }
    }

    /// The version it names, for a sentence.
    fn edition_word(&self) -> &str {
        self.edition.as_deref().unwrap_or("现行的")
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

    pub(crate) fn day(day: Option<IsoDay>, today: Day) -> Day {
        day.map_or(today, |day| day.0)
    }
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
            formats: of.formats,
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
/// Those of [`sent`].
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
/// Those of [`sent`].
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
    if device != Device::Json {
        return Ok(sent(books, compound, document.name, order, device).await?);
    }
    let now = books.clock().now();
    let sheet = draw(books, compound, document, &order, None, now).await?;
    // What it says, and how it is drawn again.
    let ticket = sheet.proof.as_ref().map_or_else(String::new, |proof| proof.ticket());
    let ticket = Ticket::read(&ticket)?;
    Ok(Paper::Shown(check(books, Place::Of(compound), &ticket, None).await?))
}

/// A document on its way, also for the doors that tell its figures at an address of their own.
///
/// # Errors
/// Those of [`draw()`]; `door.no-glyph`, `report.no-space`, `door.busy`.
pub async fn sent<T>(
    books: &Books,
    compound: &Compound,
    name: &str,
    order: Order,
    device: Device,
) -> Result<Paper<T, ReportFiles>> {
    let document = known(name)?;
    let file = batch::file_name(document, &compound.code, &order.given());
    let now = books.clock().now();
    let sheet = draw(books, compound, document, &order, None, now).await?;
    Ok(device.kept(&file, flow::flowing(sheet, device).await?))
}

/// A statement of several compounds summed up, whose QR says so.
///
/// # Errors
/// `report.asked`, `accounts.yearly`, those of [`drawn_up`].
pub async fn of_area(
    view: &mut impl ledger::books::View,
    (area, name): (&str, &str),
    compounds: &[Compound],
    order: &Order,
    now: Instant,
) -> Result<Sheet> {
    let (Some(code), Some(period)) = (order.form, order.period) else {
        return Err(problem::REPORT_ASKED.refuse("须写报表与期间").into());
    };
    ledger::accounts::may_print(code, period)?;
    let by = order.by.clone().unwrap_or_default();
    let (statements, head) = drawn_up(view, name, compounds, period, by, now).await?;
    let sheet = statutory::set(&statements, code, &head).map_err(unset)?;
    Ok(sheet.ordered_as(&order.area_ticket(area, now)))
}

/// A document drawn and pressed whole, to be put into a file.
///
/// # Errors
/// Those of [`sent`].
pub async fn on_paper(
    books: &Books,
    compound: &Compound,
    name: &str,
    order: Order,
    device: Device,
) -> Result<Vec<u8>> {
    let now = books.clock().now();
    let sheet = draw(books, compound, known(name)?, &order, None, now).await?;
    pressed(sheet, device).await
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
            problem::NO_GLYPH.refuse(format!("缺字 U+{:04X}", u32::from(ch))).into()
        }
        reports::Error::TooWide(what) => {
            problem::NO_SPACE.refuse(format!("表格“{what}”比纸宽：请取 xlsx 或 csv")).into()
        }
        reports::Error::TooTall(what) => {
            problem::NO_SPACE.refuse(format!("“{what}”比一页高")).into()
        }
        why => bug(why),
    }
}

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
