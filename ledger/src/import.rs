//! Files of an office taken into the books: looked at first, then all or the good rows, once, and undone if wrong.
//!
//! Owns: `import`, `import_row`.
//!
//! Always: what [`preview`] shows is what [`commit`] does, or the commit says what changed in between; a file is taken in
//! one act, whole, or its good rows, or not at all; a row is taken once, however often and in however many files it
//! comes, known by a digest that only the books can make; what an import made can be undone by [`undo`]: vouchers are reversed, never removed.
//! Never: a row repaired, a room guessed, a difference hidden.

mod bank_lines;
mod channel_orders;
mod deposits;
mod fee_history;
mod invoice_list;
mod register;
mod rows;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::{Actor, Books, Request, Tx, View};
use crate::error::{Error, Kind as Answer, Result, Rule, Storage};
use crate::id::{CompoundId, ImportNo};
use crate::intake::{self, File, Places, Reject, Said, Skipped};
use crate::journal::Book;
use crate::mask;
use crate::measure::Area;
use crate::money::Money;
use crate::property;

/// Rows were rejected, and all or nothing was asked.
pub static REJECTED: Rule = Rule {
    code: "import.rejected-rows",
    kind: Answer::Refused,
    rule: "默认整份导入：有一行不合格则一行也不导入",
    remedy: "按退回清单改正后重新导入；只导入合格的行请写 good_rows=true（命令行 --good-rows）",
};

/// Something changed between looking and taking.
pub static CHANGED: Rule = Rule {
    code: "import.changed-meanwhile",
    kind: Answer::Conflict,
    rule: "导入以预览时的账册为准",
    remedy: "账册在预览之后有变动，请重新预览再导入",
};

/// The file is another compound's.
pub static OTHER_COMPOUND: Rule = Rule {
    code: "import.other-compound",
    kind: Answer::Refused,
    rule: "文件中的小区须与导入的小区一致",
    remedy: "核对小区代码与文件；小区改名的，请先变更小区名称",
};

/// The file names no compound, and neither did the caller.
pub static NO_NAME: Rule = Rule {
    code: "import.no-name",
    kind: Answer::Shape,
    rule: "建立新小区须有小区名称",
    remedy: "写明小区名称（接口 compound_name，命令行 --name），或在清册标题、“小区名称：”处写明",
};

/// There is no such import.
pub static NO_IMPORT: Rule = Rule {
    code: "import.no-import",
    kind: Answer::Missing,
    rule: "撤销的须是本小区的一次导入",
    remedy: "检查导入编号",
};

/// It was undone already.
pub static UNDONE: Rule = Rule {
    code: "import.undone",
    kind: Answer::Conflict,
    rule: "一次导入只能撤销一次",
    remedy: "如需再导入，直接重新导入文件",
};

/// Something has been built on what it made.
pub static IN_USE: Rule = Rule {
    code: "import.in-use",
    kind: Answer::Refused,
    rule: "已有业务依据的导入不得撤销",
    remedy: "先冲销依据它的业务，或逐笔更正",
};

/// The room of a row is not in the register.
pub static ROOM_UNKNOWN: Rule = Rule {
    code: "import.room-unknown",
    kind: Answer::Refused,
    rule: "房屋须在房产清册内",
    remedy: "核对房号；确为新增房屋的，先补入房产清册",
};

/// The room is in the register, and differs.
pub static ROOM_DIFFERS: Rule = Rule {
    code: "import.room-differs",
    kind: Answer::Refused,
    rule: "已建档的房屋不以再次导入清册来变更",
    remedy: "面积、性质有误的请办理变更；产权人变动请办理过户",
};

/// The day of a row is yet to come.
pub static FUTURE: Rule = Rule {
    code: "import.future-day",
    kind: Answer::Refused,
    rule: "业务日期不得晚于今天",
    remedy: "核对日期的年份",
};

/// A receipt's number comes twice.
pub static RECEIPT_USED: Rule = Rule {
    code: "import.receipt-used",
    kind: Answer::Refused,
    rule: "专用票据号不得重复使用",
    remedy: "核对票据号；确为同一笔的，删去重复的一行",
};

/// A row takes more than its dwelling has.
pub static SHORT: Rule = Rule {
    code: "import.short",
    kind: Answer::Refused,
    rule: "分户账余额不得为负",
    remedy: "核对金额与日期；缺少的交存请一并导入",
};

/// A payment without its day.
pub static NO_DAY: Rule = Rule {
    code: "import.no-payment-day",
    kind: Answer::Refused,
    rule: "有实缴金额的须有缴费时间",
    remedy: "补填缴费时间",
};

/// Two rows of one bill charge differently.
pub static DUE_DIFFERS: Rule = Rule {
    code: "import.due-differs",
    kind: Answer::Refused,
    rule: "同一房屋、同一项目、同一期间的应缴金额须一致",
    remedy: "核对应缴金额；分次缴费的，各行填相同的应缴金额",
};

/// The rules of this room.
pub static RULES: &[&Rule] = &[
    &NO_NAME,
    &OTHER_COMPOUND,
    &ROOM_UNKNOWN,
    &ROOM_DIFFERS,
    &FUTURE,
    &RECEIPT_USED,
    &SHORT,
    &NO_DAY,
    &DUE_DIFFERS,
    &REJECTED,
    &CHANGED,
    &NO_IMPORT,
    &UNDONE,
    &IN_USE,
];

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    description = "文件种类：register 房产清册，deposits 交存明细，fees 收费明细，bank 银行流水，wechat 微信支付账单，alipay 支付宝账单，invoices 数电票清单"
)]
pub enum Kind {
    /// 房产清册.
    #[schemars(description = "房产清册")]
    Register,
    /// 交存明细.
    #[schemars(description = "交存明细")]
    Deposits,
    /// 收费明细.
    #[schemars(description = "收费明细")]
    Fees,
    /// 银行流水.
    #[schemars(description = "银行流水")]
    Bank,
    /// 微信支付账单.
    #[schemars(description = "微信支付账单")]
    Wechat,
    /// 支付宝账单.
    #[schemars(description = "支付宝账单")]
    Alipay,
    /// 数电票清单.
    #[schemars(description = "数电票清单")]
    Invoices,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] = [
        Kind::Register,
        Kind::Deposits,
        Kind::Fees,
        Kind::Bank,
        Kind::Wechat,
        Kind::Alipay,
        Kind::Invoices,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Register => "register",
            Kind::Deposits => "deposits",
            Kind::Fees => "fees",
            Kind::Bank => "bank",
            Kind::Wechat => "wechat",
            Kind::Alipay => "alipay",
            Kind::Invoices => "invoices",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Kind::Register => "房产清册",
            Kind::Deposits => "交存明细",
            Kind::Fees => "收费明细",
            Kind::Bank => "银行流水",
            Kind::Wechat => "微信支付账单",
            Kind::Alipay => "支付宝账单",
            Kind::Invoices => "数电票清单",
        }
    }

    const fn family(self) -> intake::Family {
        match self {
            Kind::Register => intake::Family::Register,
            Kind::Deposits => intake::Family::Deposits,
            Kind::Fees => intake::Family::Fees,
            Kind::Bank => intake::Family::Bank,
            Kind::Wechat => intake::Family::Wechat,
            Kind::Alipay => intake::Family::Alipay,
            Kind::Invoices => intake::Family::Invoices,
        }
    }

    const fn verb(self) -> &'static str {
        match self {
            Kind::Register => "import.register",
            Kind::Deposits => "import.deposits",
            Kind::Fees => "import.fees",
            Kind::Bank => "import.bank",
            Kind::Wechat => "import.wechat",
            Kind::Alipay => "import.alipay",
            Kind::Invoices => "import.invoices",
        }
    }
}

/// How a file is to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The compound's code.
    pub compound: String,
    /// The compound's name, if it is to be founded by the register and the file does not say.
    pub name: Option<String>,
    /// Take the good rows though others were rejected.
    pub good_rows: bool,
    /// The book whose account a bank statement is of.
    pub book: Book,
}

/// A difference between the file and the register, which refuses nothing.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "文件与账册的差异：不影响导入")]
pub struct Difference {
    /// What differs: `area`, `owner`, `over-assessment`, ….
    #[schemars(description = "差异项", example = &"area")]
    pub what: String,
    /// Where in the file.
    #[schemars(description = "单元格", example = &"F3")]
    pub cell: String,
    /// The room.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// What the file says.
    #[schemars(description = "文件中的值", example = &"88.45")]
    pub in_file: String,
    /// What the books say.
    #[schemars(description = "账册中的值", example = &"88.00")]
    pub in_books: String,
}

/// How many differences a report names; all are counted.
const DIFFERENCES_NAMED: usize = 200;

/// What a file holds and what became of it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(description = "导入报告：文件里有什么，办成了什么")]
pub struct Report {
    /// What kind of file.
    #[schemars(description = "文件种类")]
    pub kind: Kind,
    /// The compound's code.
    #[schemars(description = "小区代码", example = &"wutongli")]
    pub compound: String,
    /// The compound's name, as the books or the file say.
    #[schemars(description = "小区名称", example = &"梧桐里小区")]
    pub compound_name: String,
    /// The file's name.
    #[schemars(description = "文件名", example = &"清册.xlsx")]
    pub file: String,
    /// The file's SHA-256.
    #[schemars(
        description = "文件的 SHA-256",
        example = &"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )]
    pub sha256: String,
    /// What it was read as.
    #[schemars(description = "编码", example = &"utf-8")]
    pub encoding: String,
    /// The sheet that was read.
    #[schemars(description = "工作表", example = &"Sheet1")]
    pub sheet: String,
    /// The row of its header.
    #[schemars(description = "表头所在行", example = 1)]
    pub header_row: u32,
    /// Rows of data found.
    #[schemars(description = "数据行数", example = 12)]
    pub rows: usize,
    /// Rows without fault that the books do not have yet.
    #[schemars(description = "合格且账册没有的行数", example = 12)]
    pub good: usize,
    /// Rows the books have already.
    #[schemars(description = "账册已有的行数", example = 0)]
    pub known: usize,
    /// Rows taken into the books by this run; in a preview, rows that would be.
    #[schemars(description = "已导入行数：预览时为可导入行数", example = 12)]
    pub accepted: usize,
    /// What is wrong, cell by cell.
    #[schemars(description = "不合格之处：逐个单元格")]
    pub rejected: Vec<Reject>,
    /// Rows passed over, by reason.
    #[schemars(description = "略过的行")]
    pub skipped: Skipped,
    /// What a person should know.
    #[schemars(description = "提示", example = Vec::<String>::new())]
    pub notes: Vec<String>,
    /// Differences to the register that refuse nothing.
    #[schemars(description = "差异：至多列 200 处")]
    pub differences: Vec<Difference>,
    /// How many there are in all.
    #[schemars(description = "差异总数", example = 0)]
    pub difference_count: usize,
    /// The control total: deposits less what was taken out; payments received; bank lines in less out; deposits due.
    #[schemars(description = "控制总额：分", example = 800000)]
    pub sum_fen: Money,
    /// The kind's own figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Whether something was written.
    #[schemars(description = "是否已入账", example = true)]
    pub committed: bool,
    /// The import's number, if something was.
    #[schemars(description = "导入编号：入账了才有", example = 1)]
    pub import_no: Option<ImportNo>,
}

/// The figures of one kind of file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "各类文件自己的数字")]
pub struct Figures {
    /// Dwellings in a register.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "房屋套数", example = 12)]
    pub dwellings: Option<usize>,
    /// Σ area of a register.
    #[serde(rename = "area_centi_m2", skip_serializing_if = "Option::is_none")]
    #[schemars(description = "建筑面积合计：0.01 平方米", example = 98000)]
    pub area: Option<Area>,
    /// Dwellings the developer still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "未售套数", example = 1)]
    pub unsold: Option<usize>,
    /// Distinct owners by identity number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "产权人数", example = 12)]
    pub owners: Option<usize>,
    /// Σ charged, of a fee history.
    #[serde(rename = "due_fen", skip_serializing_if = "Option::is_none")]
    #[schemars(description = "应收合计：分", example = 10000)]
    pub due: Option<Money>,
    /// Σ in, of a bank statement.
    #[serde(rename = "in_fen", skip_serializing_if = "Option::is_none")]
    #[schemars(description = "收入合计：分", example = 10000)]
    pub inflow: Option<Money>,
    /// Σ out, of a bank statement.
    #[serde(rename = "out_fen", skip_serializing_if = "Option::is_none")]
    #[schemars(description = "支出合计：分", example = 0)]
    pub outflow: Option<Money>,
    /// Σ charged by a channel, in hundred-thousandths of a yuan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "手续费合计：十万分之一元", example = 7_028_000)]
    pub fee_e5: Option<i64>,
    /// The balance a bank statement ends with.
    #[serde(rename = "closing_fen", skip_serializing_if = "Option::is_none")]
    #[schemars(description = "期末余额：分", example = 10000)]
    pub closing: Option<Money>,
    /// Incoming lines whose words name exactly one room of the register.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "能认出房号的收款笔数", example = 3)]
    pub matchable: Option<usize>,
    /// Incoming lines that name none and are not interest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "待查明的收款笔数", example = 1)]
    pub unidentified: Option<usize>,
}

/// A file read, before the books were asked about it.
pub struct Reading {
    kind: Kind,
    rows: Rows,
    meta: Meta,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("kind", &self.kind).field("meta", &self.meta).finish()
    }
}

enum Rows {
    Register(intake::RegisterReading),
    Deposits(intake::DepositReading),
    Fees(intake::Reading<intake::FeeRow>),
    Bank(intake::BankReading, Book),
    Channel(intake::ChannelReading),
    Invoices(intake::Reading<intake::InvoiceRow>),
}

/// What every reading says of its file.
#[derive(Debug)]
struct Meta {
    file: String,
    sha256: String,
    encoding: &'static str,
    sheet: String,
    header_row: u32,
    headers: Vec<String>,
    places: Places,
    skipped: Skipped,
    notes: Vec<String>,
    rejects: Vec<Reject>,
}

impl Meta {
    fn of<T>(reading: &intake::Reading<T>) -> Meta {
        Meta {
            file: reading.file.clone(),
            sha256: reading.sha256.clone(),
            encoding: reading.encoding,
            sheet: reading.sheet.clone(),
            header_row: reading.header_row,
            headers: reading.headers.clone(),
            places: reading.places.clone(),
            skipped: reading.skipped,
            notes: reading.notes.clone(),
            rejects: reading.rejects.clone(),
        }
    }
}

/// Reads a file, without the books. It may take a while: call it where blocking is allowed.
///
/// # Errors
/// The refusals of a whole file, `intake.…`.
pub fn read(kind: Kind, file: File<'_>, terms: &Terms) -> Result<Reading> {
    // The name is kept in clear and stands in every address of a cell.
    let name = mask::text(file.name);
    let file = File { name: &name, bytes: file.bytes };
    let running = if terms.good_rows { intake::Terms::GoodRows } else { intake::Terms::WholeFile };
    let (rows, meta) = match kind {
        Kind::Register => {
            let reading = intake::register(file)?;
            let meta = Meta::of(&reading.reading);
            (Rows::Register(reading), meta)
        }
        Kind::Deposits => {
            let reading = intake::deposits(file)?;
            let meta = Meta::of(&reading.reading);
            (Rows::Deposits(reading), meta)
        }
        Kind::Fees => {
            let reading = intake::fees(file)?;
            let meta = Meta::of(&reading);
            (Rows::Fees(reading), meta)
        }
        Kind::Bank => {
            let reading = intake::bank(file, running)?;
            let meta = Meta::of(&reading.reading);
            (Rows::Bank(reading, terms.book), meta)
        }
        Kind::Wechat | Kind::Alipay => {
            let channel = match kind {
                Kind::Alipay => intake::Channel::Alipay,
                _ => intake::Channel::Wechat,
            };
            let reading = intake::channel(file, channel)?;
            let meta = Meta::of(&reading.reading);
            (Rows::Channel(reading), meta)
        }
        Kind::Invoices => {
            let reading = intake::invoices(file)?;
            let meta = Meta::of(&reading);
            (Rows::Invoices(reading), meta)
        }
    };
    Ok(Reading { kind, rows, meta })
}

impl Reading {
    /// The rejected rows in the file's own layout, with the reason beside each; `None` if there are none. `report` knows
    /// those the books rejected too, whose texts are looked up in the file once more.
    ///
    /// # Errors
    /// The refusals of a whole file, if it is another than was read.
    pub fn rejects_file(&self, report: &Report, file: File<'_>) -> Result<Option<Vec<u8>>> {
        if report.rejected.is_empty() {
            return Ok(None);
        }
        let name = mask::text(file.name);
        let file = File { name: &name, bytes: file.bytes };
        let wanted = report.rejected.iter().map(|r| (&*r.sheet, r.row)).collect();
        let rejected = intake::rows_as_written(self.kind.family(), file, &wanted)?;
        let mut rejects = report.rejected.clone();
        rejects.sort_by(|a, b| (&a.sheet, a.row).cmp(&(&b.sheet, b.row)));
        Ok(Some(intake::rejects_file(&self.meta.headers, &rejected, &rejects)))
    }

    /// The compound's name the file says.
    #[must_use]
    pub fn compound_name(&self) -> Option<&str> {
        match &self.rows {
            Rows::Register(r) => r.compound.as_deref(),
            Rows::Deposits(r) => r.compound.as_deref(),
            Rows::Fees(_) | Rows::Bank(..) | Rows::Channel(_) | Rows::Invoices(_) => None,
        }
    }
}

/// What the books say of a reading's rows: which are good, which known, which not.
struct Judged<T> {
    good: Vec<T>,
    known: usize,
    rejects: Vec<Reject>,
    differences: Vec<Difference>,
    sum: Money,
    figures: Figures,
    notes: Vec<String>,
}

impl<T> Judged<T> {
    fn new() -> Judged<T> {
        Judged {
            good: Vec::new(),
            known: 0,
            rejects: Vec::new(),
            differences: Vec::new(),
            sum: Money::ZERO,
            figures: Figures::default(),
            notes: Vec::new(),
        }
    }
}

/// A reading judged against the books: what to write, and the report so far.
enum Plan {
    Register(Judged<register::Enrolment>),
    Deposits(Judged<deposits::Movement>),
    Fees(Judged<fee_history::Fee>),
    Bank(Judged<bank_lines::Arrival>),
    Channel(Judged<channel_orders::Place>),
    Invoices(Judged<usize>),
}

/// Looks at a reading without writing anything.
///
/// # Errors
/// `import.no-name`, `import.other-compound`, `property.no-compound`, storage. Faults of rows are in the report.
pub async fn preview(books: &Books, reading: &Reading, terms: &Terms) -> Result<Report> {
    let mut view = books.read().await?;
    let compound = property::compound_by_code(&mut view, &terms.compound).await?;
    let name = name_of(reading, terms, compound.as_ref())?;
    let id = compound.as_ref().map(|c| c.id);
    let today = books.clock().now().day();
    let plan = judge(&mut view, id, reading, today).await?;
    let mut report = report(reading, terms, name, &plan);
    report.accepted = report.good;
    Ok(report)
}

/// Takes a reading into the books, founding the compound first if a register brings a new one. If rows were rejected and
/// [`Terms::good_rows`] was not asked, or the books have every row already, nothing is written and the report says so.
///
/// # Errors
/// As [`preview`]; `import.changed-meanwhile`; those of the verbs that write.
pub async fn commit(
    books: &Books,
    actor: &Actor,
    reading: std::sync::Arc<Reading>,
    terms: &Terms,
) -> Result<Report> {
    let mut report = preview(books, &reading, terms).await?;
    report.accepted = 0;
    if report.good == 0 || (!report.rejected.is_empty() && !terms.good_rows) {
        return Ok(report);
    }
    let compound = home(books, actor, &report).await?;
    let body = serde_json::json!({
        "file": report.file, "sha256": report.sha256, "good": report.good, "good_rows": terms.good_rows,
    });
    let given = Given { reading: reading.clone(), good: report.good };
    let request = Request::describing(reading.kind.verb(), given, body).alone();
    let done =
        books.act(actor, compound, request, |tx, given: &Given| Box::pin(take(tx, given))).await?;
    report.import_no = Some(done.answer);
    report.accepted = report.good;
    report.committed = true;
    Ok(report)
}

struct Given {
    reading: std::sync::Arc<Reading>,
    good: usize,
}

/// The compound the file goes to.
async fn home(books: &Books, actor: &Actor, report: &Report) -> Result<CompoundId> {
    let mut view = books.read().await?;
    if let Some(compound) = property::compound_by_code(&mut view, &report.compound).await? {
        return Ok(compound.id);
    }
    drop(view);
    let founding = founding(&report.compound, &report.compound_name);
    let request = Request::new("property.found", founding);
    let done = books
        .act(actor, CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        })
        .await?;
    Ok(done.answer)
}

fn founding(code: &str, name: &str) -> property::Founding {
    let (code, name) = (code.to_owned(), name.to_owned());
    property::Founding { code, name, address: String::new(), area: None }
}

/// The act of an import: judges again under the lock, then writes what is good.
async fn take(tx: &mut Tx, given: &Given) -> Result<ImportNo> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let reading = &*given.reading;
    let plan = judge(tx, Some(compound), reading, today).await?;
    let good = plan.good();
    if good != given.good {
        let evidence = format!("预览时可导入 {} 行，现在 {good} 行", given.good);
        return Err(CHANGED.refuse(evidence).into());
    }

    let no = ImportNo(tx.next_no("import"));
    rows::keep(tx, no, reading.kind, &reading.meta, good);
    match (plan, &reading.rows) {
        (Plan::Register(judged), _) => register::write(tx, no, judged.good).await?,
        (Plan::Deposits(judged), _) => deposits::write(tx, no, judged.good).await?,
        (Plan::Fees(judged), _) => fee_history::write(tx, no, judged.good).await?,
        (Plan::Bank(judged), _) => bank_lines::write(tx, no, judged.good).await?,
        (Plan::Channel(judged), Rows::Channel(read)) => {
            channel_orders::write(tx, no, read, &judged.good).await?;
        }
        (Plan::Invoices(judged), Rows::Invoices(read)) => {
            invoice_list::write(tx, no, read, &judged.good).await?;
        }
        _ => return Err(Storage::Bug("a plan of another reading".to_owned()).into()),
    }
    Ok(no)
}

async fn judge(
    view: &mut impl View,
    compound: Option<CompoundId>,
    reading: &Reading,
    today: crate::calendar::Day,
) -> Result<Plan> {
    let known = match compound {
        Some(compound) => rows::known(view, compound, reading.kind).await?,
        None => rows::Known::none(view),
    };
    Ok(match &reading.rows {
        Rows::Register(r) => Plan::Register(register::judge(view, compound, r, today).await?),
        Rows::Deposits(r) => {
            Plan::Deposits(deposits::judge(view, existing(compound)?, r, &known, today).await?)
        }
        Rows::Fees(r) => {
            Plan::Fees(fee_history::judge(view, existing(compound)?, r, &known, today).await?)
        }
        Rows::Bank(r, book) => {
            Plan::Bank(bank_lines::judge(view, existing(compound)?, r, *book, &known, today).await?)
        }
        Rows::Channel(r) => {
            Plan::Channel(channel_orders::judge(view, existing(compound)?, r, &known, today).await?)
        }
        Rows::Invoices(r) => {
            Plan::Invoices(invoice_list::judge(view, existing(compound)?, r, &known, today).await?)
        }
    })
}

/// Only a register may bring a compound; the others go to one that is there, which the name check has seen to.
fn existing(compound: Option<CompoundId>) -> Result<CompoundId> {
    let bug = || Storage::Bug("a file without a register was judged without its compound".into());
    Ok(compound.ok_or_else(bug)?)
}

impl Plan {
    fn good(&self) -> usize {
        match self {
            Plan::Register(j) => j.good.len(),
            Plan::Deposits(j) => j.good.len(),
            Plan::Fees(j) => j.good.len(),
            Plan::Bank(j) => j.good.len(),
            Plan::Channel(j) | Plan::Invoices(j) => j.good.len(),
        }
    }
}

/// The compound's name, and whether the file may go there.
fn name_of(
    reading: &Reading,
    terms: &Terms,
    compound: Option<&property::Compound>,
) -> Result<String> {
    let in_file = reading.compound_name();
    let same = |a: &str, b: &str| {
        let plain = |s: &str| s.trim().trim_end_matches("小区").to_owned();
        plain(a) == plain(b)
    };
    match (compound, in_file) {
        (Some(compound), Some(in_file)) if !same(&compound.name, in_file) => {
            let evidence = format!("文件为 {in_file}，{} 为 {}", compound.code, compound.name);
            Err(OTHER_COMPOUND.refuse(evidence).into())
        }
        (Some(compound), _) => Ok(compound.name.clone()),
        (None, _) if reading.kind != Kind::Register => {
            Err(property::NO_COMPOUND.refuse(format!("小区代码 {:?}", terms.compound)).into())
        }
        (None, in_file) => {
            let name = terms.name.clone().or_else(|| in_file.map(str::to_owned));
            let name = name.ok_or_else(|| NO_NAME.refuse(format!("文件 {}", reading.meta.file)))?;
            // What a commit would refuse, a look refuses too.
            property::may_be_named(&founding(&terms.compound, &name))?;
            Ok(name)
        }
    }
}

fn report(reading: &Reading, terms: &Terms, compound_name: String, plan: &Plan) -> Report {
    match plan {
        Plan::Register(j) => report_of(reading, terms, compound_name, j),
        Plan::Deposits(j) => report_of(reading, terms, compound_name, j),
        Plan::Fees(j) => report_of(reading, terms, compound_name, j),
        Plan::Bank(j) => report_of(reading, terms, compound_name, j),
        Plan::Channel(j) | Plan::Invoices(j) => report_of(reading, terms, compound_name, j),
    }
}

fn report_of<T>(
    reading: &Reading,
    terms: &Terms,
    compound_name: String,
    judged: &Judged<T>,
) -> Report {
    let meta = &reading.meta;
    let mut rejected = meta.rejects.clone();
    rejected.extend(judged.rejects.iter().cloned());
    let mut bad: Vec<(&str, usize)> = rejected.iter().map(|r| (&*r.sheet, r.row)).collect();
    bad.sort_unstable();
    bad.dedup();
    let rows = judged.good.len() + judged.known + bad.len();
    let mut notes = meta.notes.clone();
    notes.extend(judged.notes.iter().cloned());
    Report {
        kind: reading.kind,
        compound: terms.compound.clone(),
        compound_name,
        file: meta.file.clone(),
        sha256: meta.sha256.clone(),
        encoding: meta.encoding.to_owned(),
        sheet: meta.sheet.clone(),
        header_row: meta.header_row,
        rows,
        good: judged.good.len(),
        known: judged.known,
        accepted: 0,
        rejected,
        skipped: meta.skipped,
        notes,
        differences: judged.differences.iter().take(DIFFERENCES_NAMED).cloned().collect(),
        difference_count: judged.differences.len(),
        sum_fen: judged.sum,
        figures: judged.figures,
        committed: false,
        import_no: None,
    }
}

/// A fault the books found in a row: the cell that says it, and its value.
fn reject(
    meta: &Meta,
    row: &intake::Address,
    (said, value): (Said, String),
    rule: &'static Rule,
    why: &str,
) -> Reject {
    let at = meta.places.cell(row, said);
    let told =
        if why.is_empty() { rule.rule.into() } else { format!("{}：{why}", rule.rule).into() };
    Reject {
        file: meta.file.as_str().into(),
        sheet: at.sheet.clone(),
        cell: at.cell(),
        value,
        code: rule.code,
        rule: told,
        remedy: rule.remedy,
        row: at.row as usize,
    }
}

/// Takes back what an import did. Vouchers are reversed in red as of today; dwellings and lines on which nothing else
/// stands are taken away; its rows may come again.
///
/// # Errors
/// `import.no-import`, `import.undone`, `import.in-use`, those of [`crate::journal::reverse`].
pub async fn undo(tx: &mut Tx, no: ImportNo) -> Result<Undone> {
    let (kind, undone) = rows::import(tx, no).await?;
    if let Some(act) = undone {
        return Err(UNDONE.refuse(format!("导入 {no} 已由第 {act} 次操作撤销")).into());
    }
    let subjects = rows::subjects(tx, no).await?;
    let reversed = match kind {
        Kind::Register => register::undo(tx, &subjects).await?,
        Kind::Deposits => deposits::undo(tx, &subjects).await?,
        Kind::Fees => fee_history::undo(tx, &subjects).await?,
        Kind::Bank => bank_lines::undo(tx, &subjects).await?,
        Kind::Wechat | Kind::Alipay => channel_orders::undo(tx, &subjects).await?,
        Kind::Invoices => invoice_list::undo(tx, &subjects).await?,
    };
    rows::mark_undone(tx, no).await?;
    Ok(Undone { import_no: no, rows: subjects.len(), reversed })
}

/// An import taken back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "已撤销的导入")]
pub struct Undone {
    /// The import.
    #[schemars(description = "导入编号", example = 1)]
    pub import_no: ImportNo,
    /// How many rows it had.
    #[schemars(description = "行数", example = 12)]
    pub rows: usize,
    /// How many vouchers were reversed.
    #[schemars(description = "冲销凭证张数", example = 12)]
    pub reversed: usize,
}

pub use rows::{Imported, imports};

impl Report {
    /// Whether every row is in the books now, by this run or an earlier one.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rejected.is_empty() && (self.committed || self.good == 0)
    }

    /// The refusal that says why nothing was taken, if that is so.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        if self.committed || self.rejected.is_empty() {
            return None;
        }
        let first = &self.rejected[0];
        let evidence =
            format!("{} 处不合格，第一处 {}：{}", self.rejected.len(), first.place(), first.rule);
        Some(REJECTED.refuse(evidence).with("rejected", self.rejected.len()).into())
    }
}
