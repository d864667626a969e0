//! An office's file becomes typed rows that know where they stood, and refusals a clerk can act on.
//!
//! Owns: [`File`], [`Reading`], [`Reject`], [`Address`], the row types of the families (register,
//! deposits, fees, bank, the channels' orders, invoices) and every [`Rule`] by which a file or a row is refused. Pure: bytes in, rows out; no
//! database, no clock.
//!
//! **Always**
//! - the bytes say what a file is: its container, its encoding and its delimiter are found, never asked;
//! - columns are found by name, so their order, their number and the lines before them may change;
//! - a row is read whole or rejected whole, with the cell, the rule and the remedy;
//! - a total in the file agrees with the rows, or the file is refused;
//! - what was skipped is counted, and a file that gives nothing is refused.
//!
//! **Never**: a formula evaluated, a macro opened, a digit repaired, a fen rounded, a room guessed.
//!
//! **Limits**: see [`MAX_BYTES`] and its neighbours. Memory is bounded by the rows kept, not by what a
//! file claims.
//!
//! Start at [`register()`]; the walk is `container` (what is it) ▸ `sheet` (its rows) ▸ `layout` (its columns) ▸
//! `table` (header, totals, rejects) ▸ `value` (one cell) ▸ one reader a family.

mod bank;
mod channel;
mod container;
mod deposits;
mod fees;
mod identity;
mod invoice;
mod layout;
mod page;
mod register;
mod rejects;
mod room;
#[cfg(test)]
mod sample;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::error::{Kind, Refusal, Rule};

pub use bank::{BankReading, BankRow, Order, bank};
pub use channel::{Channel, ChannelReading, Form, OrderKind, OrderRow, channel};
pub use deposits::{DepositKind, DepositReading, DepositRow, deposits};
pub use fees::{FeeRow, fees};
pub use identity::name_matches;
pub(crate) use invoice::is_number as is_invoice_number;
pub use invoice::{InvoiceRow, invoices};
pub use register::{
    Control, IdKind, OwnerCell, RegisterReading, RegisterRow, Tenure, Usage, register,
};
pub use rejects::rejects_file;

/// What kind of file it is, for [`rows_as_written`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 房产清册.
    Register,
    /// 交存明细.
    Deposits,
    /// 收费明细.
    Fees,
    /// 银行流水.
    Bank,
    /// 微信支付账单.
    Wechat,
    /// 支付宝账单.
    Alipay,
    /// 数电票清单.
    Invoices,
}

/// Rows of a file as they are written, by sheet and row: for rows that were read well and that the books rejected.
///
/// # Errors
/// Any refusal of a file; see [`RULES`].
pub fn rows_as_written(
    family: Family,
    file: File<'_>,
    wanted: &BTreeSet<(&str, usize)>,
) -> Result<Vec<RejectedRow>, Refusal> {
    let layout = match family {
        Family::Register => layout::register(),
        Family::Deposits => layout::deposits(),
        Family::Fees => layout::fees(),
        Family::Bank => layout::bank(),
        Family::Wechat => layout::wechat(),
        Family::Alipay => layout::alipay(),
        Family::Invoices => layout::invoices(),
    };
    rejects::rows_as_written(file, layout, wanted)
}

/// The refusal of a file of so many bytes.
#[must_use]
pub fn too_large(bytes: u64) -> Refusal {
    beyond(bytes, MAX_BYTES as u64)
}

fn beyond(bytes: u64, limit: u64) -> Refusal {
    let evidence = format!("文件 {}，上限 {}", megabytes(bytes), megabytes(limit));
    TOO_LARGE.refuse(evidence).with("bytes", bytes).with("limit_bytes", limit)
}

/// So many bytes for people, rounded up, so that what is too much never looks like the limit: `64.1 MB`.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10).div_ceil(1 << 20);
    match tenths % 10 {
        0 => format!("{} MB", tenths / 10),
        rest => format!("{}.{rest} MB", tenths / 10),
    }
}

/// The largest file, 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;
/// The largest page of HTML that calls itself a workbook, 16 MiB: its whole tree is built in memory.
pub const MAX_HTML_BYTES: usize = 16 << 20;
/// What a workbook or a zip may unpack to, 512 MiB over all its parts.
pub const MAX_UNPACKED_BYTES: u64 = 512 << 20;
/// What a zip's one text, or a part of a workbook that is not a sheet, may unpack to, 128 MiB.
pub const MAX_PART_BYTES: u64 = 128 << 20;
/// Parts in a zip.
pub const MAX_PARTS: usize = 2_000;
/// Rows below the header.
pub const MAX_ROWS: usize = 200_000;
/// Columns of a sheet.
pub const MAX_COLUMNS: usize = 256;
/// Characters of one cell.
pub const MAX_CELL_CHARS: usize = 4_096;
/// Rows searched for the header.
pub const HEADER_WITHIN: u32 = 60;

/// A file as it was handed in.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name, for addresses; nothing is concluded from it.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What the caller will do with rejected rows; it decides how a broken running balance is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// All or nothing: a broken running balance refuses the file.
    WholeFile,
    /// The good rows only: a broken running balance is a note.
    GoodRows,
}

/// A place in a file: `收费明细!F37`. A text file counts as one sheet of its own name: `收费明细.csv!F37`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// The sheet's name.
    pub sheet: Arc<str>,
    /// The row, from 1, as a spreadsheet counts.
    pub row: u32,
    /// The column, from 0.
    pub column: u16,
}

/// What a cell says of its row, for whoever finds fault with it after the file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Which room.
    Room,
    /// Its area.
    Area,
    /// What kind of housing.
    Housing,
    /// Who owns it.
    Owner,
    /// When it happened; of a payment without a day, the payment.
    Day,
    /// How much.
    Amount,
    /// How much was due.
    Due,
    /// The receipt's number.
    Receipt,
    /// What was left.
    Balance,
}

/// Where each row of a reading says what: all its sheets have one header.
#[derive(Clone, Debug, Default)]
pub struct Places(layout::Columns);

impl Places {
    /// The cell of a row that says this; the row's first known cell if the file has no column for it.
    #[must_use]
    pub fn cell(&self, row: &Address, said: Said) -> Address {
        use layout::Column as C;
        let columns: &[C] = match said {
            Said::Room => &[C::Room, C::Code],
            Said::Area => &[C::Area],
            Said::Housing => &[C::Tenure, C::Class, C::Usage],
            Said::Owner => &[C::Owner],
            Said::Day => &[C::Day, C::Clock, C::Booked, C::Paid],
            Said::Amount => &[C::Amount, C::Principal, C::Gains],
            Said::Due => &[C::Due],
            Said::Receipt => &[C::Receipt, C::Invoice],
            Said::Balance => &[C::Balance],
        };
        let place = columns.iter().find_map(|column| self.0.place(*column));
        let column = place.and_then(|place| u16::try_from(place).ok()).unwrap_or(row.column);
        Address { sheet: Arc::clone(&row.sheet), row: row.row, column }
    }
}

/// What was read of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Reading<T> {
    /// The file's name.
    pub file: String,
    /// The file's SHA-256, in hex.
    pub sha256: String,
    /// `UTF-8`, `GB18030`, `UTF-16LE`, …; for a workbook what it is: `xlsx`, `xls`.
    pub encoding: &'static str,
    /// The (first) sheet read.
    pub sheet: String,
    /// The row its header stands in; the lower one of a header of two rows.
    pub header_row: u32,
    /// The header as it is written, column by column.
    pub headers: Vec<String>,
    /// Where its rows say what.
    #[serde(skip)]
    pub places: Places,
    /// The rows, in the order of the file.
    pub rows: Vec<T>,
    /// What is wrong, cell by cell.
    pub rejects: Vec<Reject>,
    /// The rejected rows as they are written, for [`rejects_file`].
    pub rejected: Vec<RejectedRow>,
    /// Rows that were passed over.
    pub skipped: Skipped,
    /// What a person should know before agreeing, in Chinese.
    pub notes: Vec<String>,
}

/// One fault in one cell. A row may have several; it is not among the rows.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一处不合格")]
pub struct Reject {
    /// The file's name.
    #[serde(serialize_with = "as_text")]
    #[schemars(description = "文件名", example = &"交存.csv")]
    pub file: Arc<str>,
    /// The sheet's name.
    #[serde(serialize_with = "as_text")]
    #[schemars(description = "工作表", example = &"Sheet1")]
    pub sheet: Arc<str>,
    /// The cell, `F37`.
    #[schemars(description = "单元格", example = &"F37")]
    pub cell: String,
    /// What the cell holds.
    #[schemars(description = "单元格的内容：长号码只留末四位", example = &"1.005")]
    pub value: String,
    /// The rule's code.
    #[schemars(description = "规则代码", example = &"intake.money-decimals")]
    pub code: &'static str,
    /// The rule, in Chinese, with what was found.
    #[schemars(description = "规则", example = &"金额超过两位小数，系统不四舍五入")]
    pub rule: Cow<'static, str>,
    /// What to do, in Chinese.
    #[schemars(description = "办法", example = &"请改成到分的金额")]
    pub remedy: &'static str,
    /// The row, from 1.
    #[schemars(description = "行号", example = 37)]
    pub row: usize,
}

impl Reject {
    /// The cell with its file and, where there are sheets, its sheet: `一月.xlsx!收费明细!F37`, `一月.csv!F37`.
    #[must_use]
    pub fn place(&self) -> String {
        let Reject { file, sheet, cell, .. } = self;
        if file == sheet { format!("{file}!{cell}") } else { format!("{file}!{sheet}!{cell}") }
    }
}

/// A rejected row, every cell as text under the headers of its [`Reading`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectedRow {
    /// The sheet's name.
    #[serde(serialize_with = "as_text")]
    pub sheet: Arc<str>,
    /// The row, from 1.
    pub row: usize,
    /// Its cells.
    pub cells: Vec<String>,
}

/// How many rows were passed over, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "略过的行数，按原因")]
pub struct Skipped {
    /// Nothing in any known column.
    #[schemars(description = "空行", example = 0)]
    pub empty: usize,
    /// 合计, 小计, 总计: compared with the rows.
    #[schemars(description = "合计行：已与各行核对", example = 1)]
    pub totals: usize,
    /// The header again, or a line of the preamble again.
    #[schemars(description = "重复的表头", example = 0)]
    pub repeated_headers: usize,
    /// `#…`, 人民币合计, 制表人.
    #[schemars(description = "制表人等尾行", example = 0)]
    pub trailers: usize,
}

fn as_text<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

impl Address {
    /// The cell without its sheet: `F37`.
    #[must_use]
    pub fn cell(&self) -> String {
        let mut letters = Vec::new();
        let mut rest = u32::from(self.column) + 1;
        while rest > 0 {
            letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
            rest = (rest - 1) / 26;
        }
        letters.iter().rev().collect::<String>() + &self.row.to_string()
    }
}

/// `收费明细!F37`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!{}", self.sheet, self.cell())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A rule by which a whole file is refused, or a row rejected.
macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Kind::$kind, rule: $rule, remedy: $remedy };)*
        /// Every rule of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// Nothing in it.
    EMPTY_FILE = Shape, "intake.empty-file",
        "文件是空的", "请确认导出成功，重新导出后再上传";
    /// Beyond [`MAX_BYTES`] or [`MAX_HTML_BYTES`].
    TOO_LARGE = Shape, "intake.too-large",
        "文件不得超过系统能读的大小", "请按楼栋或月份拆成几个文件，或另存为 .xlsx";
    /// Neither a workbook, nor a page, nor a text.
    UNKNOWN_FORMAT = Shape, "intake.unknown-format",
        "只接受 .xlsx、.xls、网页格式的 .xls、CSV/TXT 文本，或只装一个这类文件的 ZIP",
        "请在 Excel 或 WPS 中打开，另存为 .xlsx 后再上传";
    /// Bytes that are no text in any encoding we know.
    UNKNOWN_ENCODING = Shape, "intake.unknown-encoding",
        "文本文件应为 UTF-8、UTF-16 或 GBK/GB18030 编码", "请在 Excel 中打开，另存为“CSV UTF-8（逗号分隔）”";
    /// Encrypted.
    PASSWORD_FILE = Shape, "intake.password-file",
        "文件有打开密码，系统不读取加密文件", "请用密码打开（解压），另存为不带密码的文件后再上传";
    /// A macro, or a sheet that a macro virus left behind.
    MACRO_FILE = Refused, "intake.macro-file",
        "含有宏或宏病毒工作表的文件一律不读", "请先杀毒，把数据复制到新建的工作簿，另存为 .xlsx";
    /// Unpacks to more than it may.
    UNPACKS_TOO_LARGE = Refused, "intake.unpacks-too-large",
        "压缩内容展开后不得超过 512 MB、2000 个部分", "请拆成几个文件，或把数据复制到新建的工作簿后另存";
    /// A zip that does not hold exactly one file.
    NOT_ONE_FILE = Shape, "intake.not-one-file",
        "ZIP 里必须只有一个表格文件", "请解压后逐个上传";
    /// A workbook that cannot be read.
    DAMAGED_FILE = Shape, "intake.damaged-file",
        "文件已损坏，无法读取", "请在 Excel 或 WPS 中打开，另存为新的 .xlsx 后再上传";
    /// Beyond [`MAX_ROWS`].
    TOO_MANY_ROWS = Refused, "intake.too-many-rows",
        "一个文件不得超过 200,000 行", "请按楼栋或月份拆成几个文件";
    /// Beyond [`MAX_COLUMNS`].
    TOO_WIDE = Refused, "intake.too-wide",
        "工作表不得超过 256 列", "请删除远处单元格里的内容（Ctrl+End 可以找到），保存后再上传";
    /// No row within the first [`HEADER_WITHIN`] is a header.
    NO_HEADER = Refused, "intake.no-header",
        "前 60 行内应有表头行", "请保留表头行，或按模板的列名改写表头";
    /// The header lacks a column that is needed.
    MISSING_COLUMNS = Refused, "intake.missing-columns",
        "表头缺少必需的列", "请补上所缺的列，或把列名改为模板中的名称";
    /// The header is another kind of file's.
    OTHER_KIND = Refused, "intake.other-kind",
        "文件须是所选的种类", "按现状所示换用命令；确是所选种类的，请把列名改为模板中的名称";
    /// Money in a unit other than the yuan.
    NOT_IN_YUAN = Refused, "intake.not-in-yuan",
        "金额列的单位必须是元", "请把金额换算成元，并改正列名";
    /// Two sheets with different headers both answer.
    SEVERAL_TABLES = Refused, "intake.several-tables",
        "几个工作表的表头不同，不知道读哪一个", "请只保留要导入的工作表，其余删除或另存";
    /// A header and nothing below it.
    NO_ROWS = Refused, "intake.no-rows",
        "文件有表头但没有一行数据", "请确认导出条件（日期、楼栋）是否选对，重新导出";
    /// A total that is not the sum of its rows.
    TOTALS_DISAGREE = Refused, "intake.totals-disagree",
        "文件里的合计必须等于各行之和", "请核对是否漏行、重行或改过数字，改正后重新导出";
    /// A running balance that does not run.
    BALANCE_BROKEN = Refused, "intake.balance-broken",
        "银行流水的余额必须逐笔连续：余额＝上笔余额＋收入－支出", "请从网银重新导出完整的一段，不要删行、排序或筛选";
    /// A merchant's bill without its trailer.
    TRAILER_MISSING = Refused, "intake.trailer-missing",
        "商户账单的末尾须有汇总行，没有汇总行的账单可能不完整", "请重新下载完整的账单，不要删去末尾的汇总行";
    /// Deposits of more than one compound.
    SEVERAL_COMPOUNDS = Refused, "intake.several-compounds",
        "一个文件只能有一个小区", "请按小区拆成几个文件";

    /// More fields than the header has.
    RAGGED_ROW = Refused, "intake.ragged-row",
        "本行的列数多于表头，可能有未加引号的逗号，各列已错位", "请给含逗号的内容加上双引号，或改成全角逗号";
    /// Fewer fields than the header has, in a file that a program wrote.
    SHORT_ROW = Refused, "intake.short-row",
        "本行的列数少于表头，内容可能被截断", "请重新下载账单，不要手工删改";
    /// Beyond [`MAX_CELL_CHARS`].
    CELL_TOO_LONG = Refused, "intake.cell-too-long",
        "一个单元格不得超过 4,096 个字", "请删去多余内容；若整段都在一格里，可能是双引号没有成对";
    /// A character that was lost in a conversion.
    LOST_CHARACTER = Refused, "intake.lost-character",
        "单元格里有无法识别的字符", "请对照原件改正这一格";
    /// `#REF!`, `#N/A`.
    FORMULA_ERROR = Refused, "intake.formula-error",
        "单元格是公式错误", "请改正公式，或填写数值";
    /// A formula whose value was never stored.
    FORMULA_WITHOUT_VALUE = Refused, "intake.formula-without-value",
        "单元格是没有结果的公式，系统不计算公式", "请在 Excel 中打开并保存一次，或复制后选择性粘贴为数值";
    /// A needed cell is empty.
    VALUE_MISSING = Refused, "intake.value-missing",
        "必填的单元格为空", "请填写这一格";
    /// An identity number kept as a number.
    IDENTITY_DIGITS_LOST = Refused, "intake.identity-digits-lost",
        "身份证号在 Excel 中已丢失末位，请改为文本格式", "请把该列设为文本格式，对照原件重新填写号码";
    /// Another number kept as a number too long for one.
    DIGITS_LOST = Refused, "intake.digits-lost",
        "号码在 Excel 中已变成数值并丢失数字", "请把该列设为文本格式，对照原件重新填写号码";
    /// A room or a number that a spreadsheet took for a day.
    IDENTIFIER_BECAME_DAY = Refused, "intake.identifier-became-day",
        "号码被 Excel 自动改成了日期", "请把该列设为文本格式，重新填写";
    /// Not the shape of an identity number.
    IDENTITY_SHAPE = Refused, "intake.identity-shape",
        "证件号不符合格式：身份证为 18 位或 15 位，其他证件须在“证件类型”列注明", "请核对证件号，或补填证件类型";
    /// The check digit of GB 11643 does not hold.
    IDENTITY_CHECK_DIGIT = Refused, "intake.identity-check-digit",
        "身份证号校验位不符（GB 11643）", "请对照身份证逐位核对";
    /// Not a telephone number.
    PHONE_SHAPE = Refused, "intake.phone-shape",
        "电话应为 7 至 20 位数字", "请填写完整号码，或留空";
    /// [`crate::property::room_code::NotRoom`], but not ambiguous.
    ROOM_UNREADABLE = Refused, "intake.room-unreadable",
        "房号无法识别", "请写成“楼-单元-房号”，例如 1-1-101，没有单元的写 0";
    /// It could be two rooms.
    ROOM_AMBIGUOUS = Refused, "intake.room-ambiguous",
        "房号有歧义，系统不猜测", "请写成“楼-单元-房号”，例如 1-1-101，没有单元的写 0";
    /// The code and the columns name two rooms.
    ROOM_CONTRADICTION = Refused, "intake.room-contradiction",
        "房屋编码与楼栋、单元、房号列不一致", "请改正其中一处";
    /// The same room a second time.
    ROOM_TWICE = Refused, "intake.room-twice",
        "同一房屋在清册中出现两次", "请删去重复的一行；多名产权人写在同一格，用分号隔开";
    /// No owner, and not said to be unsold.
    OWNER_MISSING = Refused, "intake.owner-missing",
        "没有产权人，也没有注明未售", "请填写产权人，或在状态、备注中写“未售”";
    /// Names, identity numbers and telephones differ in number.
    OWNERS_MISMATCH = Refused, "intake.owners-mismatch",
        "产权人、证件号、电话、份额的个数不一致", "请用分号隔开并逐一对应，缺少的留空但保留分号";
    /// Shares that cannot be read, or exceed the whole.
    SHARES = Refused, "intake.shares",
        "产权份额应写成 1/2 或 50%，合计不得超过 1", "请改正份额，共同共有的留空";
    /// Not an amount.
    MONEY_SHAPE = Refused, "intake.money-shape",
        "不是金额", "请填写数字，单位为元";
    /// Three decimals.
    MONEY_DECIMALS = Refused, "intake.money-decimals",
        "金额超过两位小数，系统不四舍五入", "请改成到分的金额";
    /// Beyond [`crate::money::Money::LIMIT`].
    MONEY_LIMIT = Refused, "intake.money-limit",
        "金额超过上限 100,000,000,000.00 元", "请核对金额和单位";
    /// Less than nothing, where that means nothing.
    MONEY_NEGATIVE = Refused, "intake.money-negative",
        "此处金额不得为负", "退款、冲销请在系统内登记，不要以负数导入";
    /// Not an area.
    AREA_SHAPE = Refused, "intake.area-shape",
        "面积应为正数，至多两位小数", "请填写平方米数，例如 88.45";
    /// Not a day.
    DAY_SHAPE = Refused, "intake.day-shape",
        "不是日期", "请写成 2026-06-05 的样子，年份写四位";
    /// Not a time of day.
    TIME_SHAPE = Refused, "intake.time-shape",
        "不是时间", "请写成 17:07:09 的样子";
    /// Not a period.
    PERIOD_SHAPE = Refused, "intake.period-shape",
        "看不出计费期间的起止日期", "请写成 2026-01~2026-03、2026年一季度，或填写开始、结束两列";
    /// It ends before it begins.
    PERIOD_REVERSED = Refused, "intake.period-reversed",
        "计费期间的结束早于开始", "请改正起止日期";
    /// A summary that says neither what came nor what went.
    DEPOSIT_KIND = Refused, "intake.deposit-kind",
        "摘要应说明是开户、缴存、分红、支用还是退款", "请在摘要中写明其中一种";
    /// Principal and gains are not the amount.
    DEPOSIT_SUM = Refused, "intake.deposit-sum",
        "本金与利息之和不等于交易金额", "请核对这一行的金额";
    /// Neither in nor out.
    DIRECTION = Refused, "intake.direction",
        "看不出这一笔是收入还是支出", "请保留银行导出的借贷标志列，或按收入、支出两列填写";
    /// Both in and out.
    BOTH_SIDES = Refused, "intake.both-sides",
        "同一笔既有收入又有支出", "请对照回单，只保留一边";
    /// The same order a second time.
    ORDER_TWICE = Refused, "intake.order-twice",
        "同一单号在账单中出现两次", "请重新下载账单；确为两笔的，核对单号";
    /// Neither paid nor returned.
    ORDER_KIND = Refused, "intake.order-kind",
        "看不出这一笔是收款、退款还是手续费", "请保留账单导出的交易类型、交易状态与收支列";
    /// Not the number of a fully digital invoice.
    INVOICE_NUMBER = Refused, "intake.invoice-number",
        "数电发票号码须为 20 位数字", "请核对号码；纸质与旧版电子发票不在数电票清单中登记";
    /// An invoice whose figures contradict each other.
    INVOICE_SUM = Refused, "intake.invoice-sum",
        "价税合计须等于金额与税额之和，红字发票须为负数", "请重新导出发票清单";
    /// Not in yuan.
    CURRENCY = Refused, "intake.currency",
        "只接受人民币账户的流水", "请导出人民币账户的流水";
}
