//! The door of the journal: trial balance, vouchers, reversals, closes, the laws, and the books as a file.

use std::io::{Seek, SeekFrom, Write};

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ledger::audit::{self, Reading};
use ledger::books::{Actor, Books, Done, Request, Snapshot, View};
use ledger::calendar::{Instant, Month};
use ledger::error::Result;
use ledger::fees;
use ledger::id::{CompoundId, VoucherSeq};
use ledger::journal::export;
use ledger::journal::verify::Law;
use ledger::journal::{
    self, Book, Closed, ClosedMonth, Line, Posted, Style, TrialBalance, Voucher,
};
use ledger::property::Compound;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Caller, Nothing, Told, Visit};
use crate::list::{Listed, Sought, chunks, torn};
use crate::problem::Problem;
use crate::wire::{
    Acted, Described, Files, IsoDay, Paper, Shown, Sketch, When, essence, file_schema, kept,
};

/// A book's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct InBook {
    #[schemars(
        description = "账簿：fund 维修资金，revenue 公共收益，service 物业费，grant 补贴与改造资金"
    )]
    book: Book,
}

/// A voucher's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtVoucher {
    #[schemars(
        description = "账簿：fund 维修资金，revenue 公共收益，service 物业费，grant 补贴与改造资金"
    )]
    book: Book,
    #[schemars(description = "会计年度", example = 2026)]
    year: i32,
    #[schemars(description = "凭证编号：年度内连续", example = 1)]
    number: i32,
}

/// `GET /compounds/{compound}/books/{book}/trial-balance`.
///
/// # Errors
/// Storage.
pub async fn trial_balance(
    visit: Visit<InBook>,
    Asked(when): Asked<When>,
) -> Result<Shown<TrialBalance>, Problem> {
    let (compound, book) = (visit.compound.id, visit.at.book);
    let mut view = visit.read().await?;
    Ok(Shown(journal::trial_balance(&mut view, compound, book, when.bounds()).await?))
}

/// An account of a chart as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "科目")]
pub struct AccountView {
    #[schemars(description = "科目代码", example = 1001)]
    account: i32,
    #[schemars(description = "科目名称", example = &"银行存款")]
    name: String,
    #[schemars(description = "要素：asset 资产，liability 负债，net-asset 净资产，income 收入，expenditure 支出", example = &"asset")]
    element: &'static str,
    #[schemars(description = "是否按户核算", example = false)]
    is_by_dwelling: bool,
}

/// `GET /compounds/{compound}/books/{book}/accounts`.
///
/// # Errors
/// Those of a list.
pub async fn accounts(
    visit: Visit<InBook>,
    list: Sought<Nothing>,
) -> Result<Listed<AccountView>, Problem> {
    let row = |account: &journal::Account| {
        let view = AccountView {
            account: account.code,
            name: account.name.clone(),
            element: account.element.name(),
            is_by_dwelling: account.is_by_dwelling(),
        };
        (account.code, view)
    };
    list.answer_from(visit.at.book.chart().accounts.iter().map(row).collect())
}

/// A voucher as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "凭证")]
pub struct VoucherView {
    #[schemars(description = "凭证号", example = &"fund/2026-0001")]
    voucher: String,
    #[schemars(description = "账簿内序号", example = 1)]
    seq: i32,
    #[schemars(description = "会计期间")]
    period: Month,
    #[schemars(description = "业务日期")]
    effective_on: IsoDay,
    #[schemars(description = "记账时刻")]
    recorded_at: Instant,
    #[schemars(description = "操作编号", example = 42)]
    act_no: i32,
    #[schemars(description = "凭证种类")]
    kind: journal::Kind,
    #[schemars(description = "是否红字", example = false)]
    is_red: bool,
    #[schemars(description = "是否迟到凭证：补记已结账月份的事", example = false)]
    is_late: bool,
    #[schemars(description = "冲销的凭证：序号，不是冲销则空")]
    reverses_seq: Option<i32>,
    #[schemars(description = "被何凭证冲销：序号，没有则空")]
    reversed_by_seq: Option<i32>,
    #[schemars(description = "划转编号：跨账簿划转才有")]
    transfer_no: Option<i32>,
    #[schemars(description = "摘要", example = &"首期交存 1-1-101")]
    memo: String,
    #[schemars(description = "来源", example = &"柜台")]
    source: String,
    #[schemars(description = "依据", example = &"专用票据 001")]
    evidence: String,
    #[schemars(description = "分录")]
    lines: Vec<Line>,
    #[schemars(description = "上一张凭证的印记：SHA-256", example = &"0000000000000000000000000000000000000000000000000000000000000000")]
    prev_hash: String,
}

impl VoucherView {
    fn new(voucher: Voucher, reversed_by: Option<VoucherSeq>) -> VoucherView {
        VoucherView {
            voucher: voucher.posted.to_string(),
            seq: voucher.posted.seq.0,
            period: voucher.period,
            effective_on: IsoDay(voucher.effective_on),
            recorded_at: voucher.recorded_at,
            act_no: voucher.act.0,
            kind: voucher.kind,
            is_red: voucher.is_red,
            is_late: voucher.is_late(),
            reverses_seq: voucher.reverses.map(|seq| seq.0),
            reversed_by_seq: reversed_by.map(|seq| seq.0),
            transfer_no: voucher.transfer.map(|no| no.0),
            memo: voucher.memo,
            source: voucher.source,
            evidence: voucher.evidence,
            lines: voucher.lines,
            prev_hash: journal::text::hex(&voucher.prev_hash),
        }
    }
}

/// `GET /compounds/{compound}/books/{book}/vouchers`.
///
/// # Errors
/// Those of a list.
pub async fn vouchers(
    visit: Visit<InBook>,
    list: Sought<Nothing>,
) -> Result<Listed<VoucherView>, Problem> {
    let (compound, book) = (visit.compound.id, visit.at.book);
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<VoucherSeq>, most: u16| {
        Box::pin(async move {
            let after = after.unwrap_or(VoucherSeq(0));
            let rows = journal::vouchers(view, compound, book, after, i32::from(most)).await?;
            let row = |row: journal::VoucherRow| {
                (row.voucher.posted.seq, VoucherView::new(row.voucher, row.reversed_by))
            };
            Ok(rows.into_iter().map(row).collect())
        })
    })
    .await
}

/// How a voucher is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormQuery {
    #[serde(default)]
    #[schemars(description = "形式：json，或 text 规范文本；不写则 json")]
    format: Form,
}

/// The wire's form, or the canonical text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline, description = "形式：json，或 text 规范文本")]
enum Form {
    #[default]
    #[schemars(description = "JSON")]
    Json,
    #[schemars(description = "规范文本")]
    Text,
}

/// A voucher's files.
#[derive(Debug)]
pub struct VoucherFiles;

impl Files for VoucherFiles {
    const KINDS: &'static [&'static str] = &["text/plain; charset=utf-8"];
}

/// `GET /compounds/{compound}/books/{book}/vouchers/{year}/{number}`.
///
/// # Errors
/// `journal.no-voucher`.
pub async fn voucher(
    visit: Visit<AtVoucher>,
    Asked(query): Asked<FormQuery>,
) -> Result<Paper<VoucherView, VoucherFiles>, Problem> {
    let AtVoucher { book, year, number } = visit.at;
    let mut view = visit.read().await?;
    let found = journal::find(&mut view, visit.compound.id, book, year, number).await?;
    let name = format!("{book}/{year}-{number:04}");
    let found = found.ok_or_else(|| journal::NO_VOUCHER.refuse(name.clone()))?;
    Ok(match query.format {
        Form::Json => {
            let after = VoucherSeq(found.posted.seq.0 - 1);
            let row = journal::vouchers(&mut view, visit.compound.id, book, after, 1).await?.pop();
            Paper::Shown(VoucherView::new(found, row.and_then(|row| row.reversed_by)))
        }
        Form::Text => {
            let text = journal::text::print(&found).into_bytes();
            Paper::file(VoucherFiles::KINDS[0], format!("{}.txt", name.replace('/', "-")), text)
        }
    })
}

/// A voucher's name on paper: `fund/2026-0007`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VoucherName {
    /// The book.
    pub book: Book,
    /// The year of the accounting period.
    pub year: i32,
    /// The number within book and year.
    pub number: i32,
}

impl std::str::FromStr for VoucherName {
    type Err = String;

    fn from_str(text: &str) -> Result<VoucherName, String> {
        let read = || {
            let (book, rest) = text.split_once('/')?;
            let (year, number) = rest.split_once('-')?;
            let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
            let (year, number) =
                (Some(year).filter(|y| digits(y))?, Some(number).filter(|n| digits(n))?);
            let book = Book::named(book)?;
            Some(VoucherName { book, year: year.parse().ok()?, number: number.parse().ok()? })
        };
        read().ok_or_else(|| "凭证号须写作 fund/2026-0007".to_owned())
    }
}

impl TryFrom<String> for VoucherName {
    type Error = String;
    fn try_from(text: String) -> Result<VoucherName, String> {
        text.parse()
    }
}

impl JsonSchema for VoucherName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "VoucherName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(fund|revenue|service|grant)/[0-9]{4}-[0-9]{4,9}$",
            "examples": ["fund/2026-0007"],
        })
    }
}

impl From<Posted> for VoucherName {
    fn from(Posted { book, year, number, .. }: Posted) -> VoucherName {
        VoucherName { book, year, number }
    }
}

impl From<VoucherName> for String {
    fn from(name: VoucherName) -> String {
        format!("{}/{}-{:04}", name.book, name.year, name.number)
    }
}

/// A reversal as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要办的冲销")]
pub struct ReversalAsked {
    /// Which voucher.
    #[schemars(description = "凭证号：要冲销的")]
    pub voucher: VoucherName,
    /// The day of the reversal.
    #[schemars(description = "冲销日期：不早于原凭证，不晚于今天")]
    pub on: IsoDay,
    /// Red letters, or the opposite sides.
    #[schemars(description = "冲销方式")]
    pub style: Style,
    /// Why.
    #[schemars(description = "原因：不能是空白", example = &"重复记账", length(min = 1))]
    pub reason: String,
}

/// Reverses a voucher for whoever asks.
///
/// # Errors
/// Those of [`fees::reverse`]: the bank line the voucher had claimed is free again.
pub async fn turn(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: ReversalAsked,
) -> Result<Done<Vec<Posted>>> {
    let request = Request::new("journal.reverse", asked).maybe_once(key);
    books
        .act(actor, compound.id, request, |tx, asked: &ReversalAsked| {
            Box::pin(async move {
                let (compound, VoucherName { book, year, number }) = (tx.compound(), asked.voucher);
                let found = journal::find(tx, compound, book, year, number).await?;
                let name = || journal::NO_VOUCHER.refuse(String::from(asked.voucher));
                let seq = found.ok_or_else(name)?.posted.seq;
                fees::reverse(tx, book, seq, asked.on.0, asked.style, &asked.reason).await
            })
        })
        .await
}

/// Reversals that were recorded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已办的冲销")]
pub struct Reversed {
    #[schemars(description = "冲销凭证号：跨账簿划转为两张", example = ["fund/2026-0002"])]
    vouchers: Vec<String>,
}

/// `POST /compounds/{compound}/reversals`.
///
/// # Errors
/// Those of [`turn`].
pub async fn reverse(
    visit: Visit,
    Told(asked): Told<ReversalAsked>,
) -> Result<Acted<Reversed>, Problem> {
    let key = visit.key.clone();
    let done = turn(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    let names = |posted: Vec<Posted>| posted.iter().map(Posted::to_string).collect();
    Ok(Acted::new(done, |posted| Reversed { vouchers: names(posted) }))
}

/// A close as it is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要结账的月份")]
pub struct CloseAsked {
    /// Which book.
    #[schemars(description = "账簿")]
    pub book: Book,
    /// Which month.
    #[schemars(description = "月份：须已结束，依次结账")]
    pub month: Month,
}

/// Closes a month for whoever asks.
///
/// # Errors
/// Those of [`journal::close`].
pub async fn shut(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: CloseAsked,
) -> Result<Done<Closed>> {
    let request = Request::new("journal.close", asked).maybe_once(key).alone();
    books
        .act(actor, compound.id, request, |tx, asked: &CloseAsked| {
            Box::pin(journal::close(tx, asked.book, asked.month))
        })
        .await
}

/// A month that was just closed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已办的结账")]
pub struct ClosedView {
    #[schemars(description = "账簿")]
    book: Book,
    #[schemars(description = "月份")]
    month: Month,
    #[schemars(description = "结转凭证号：没有要结转的则空", example = ["fund/2025-0004"])]
    vouchers: Vec<String>,
    #[schemars(description = "末张凭证序号", example = 4)]
    head_seq: i32,
    #[schemars(description = "印记：供公示，SHA-256", example = &"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    seal: String,
    #[schemars(description = "冻结的余额个数", example = 12)]
    frozen: u64,
}

/// `POST /compounds/{compound}/closes`.
///
/// # Errors
/// Those of [`shut`].
pub async fn close(
    visit: Visit,
    Told(asked): Told<CloseAsked>,
) -> Result<Acted<ClosedView>, Problem> {
    let key = visit.key.clone();
    let done = shut(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |closed| ClosedView {
        book: closed.book,
        month: closed.month,
        vouchers: closed.vouchers.iter().map(Posted::to_string).collect(),
        head_seq: closed.head_seq.0,
        seal: closed.seal,
        frozen: closed.frozen,
    }))
}

/// A closed month in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一个已结账的月份")]
pub struct ClosedMonthView {
    #[schemars(description = "月份：首次结账的，之前各月一并结清")]
    month: Month,
    #[schemars(description = "操作编号", example = 42)]
    act_no: i32,
    #[schemars(description = "结账时刻")]
    closed_at: Instant,
    #[schemars(description = "末张凭证序号", example = 4)]
    head_seq: i32,
    #[schemars(description = "印记：供公示，SHA-256", example = &"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    seal: String,
}

/// `GET /compounds/{compound}/books/{book}/closes`.
///
/// # Errors
/// Those of a list.
pub async fn closes(
    visit: Visit<InBook>,
    list: Sought<Nothing>,
) -> Result<Listed<ClosedMonthView>, Problem> {
    let mut view = visit.read().await?;
    let closes = journal::closes(&mut view, visit.compound.id, visit.at.book, None).await?;
    let row = |closed: ClosedMonth| {
        let view = ClosedMonthView {
            month: closed.month,
            act_no: closed.act.0,
            closed_at: closed.closed_at,
            head_seq: closed.head_seq.0,
            seal: closed.seal,
        };
        (closed.month.number(), view)
    };
    list.answer_from(closes.into_iter().map(row).collect())
}

/// What the laws say.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "核验结果")]
pub struct Verdict {
    /// Whether none was broken.
    #[schemars(description = "账册是否无误", example = true)]
    pub ok: bool,
    /// Each law.
    #[schemars(description = "各条规律")]
    pub laws: Vec<Law>,
}

/// Checks the laws, of one compound or all.
///
/// # Errors
/// Storage.
pub async fn check(books: &Books, only: Option<CompoundId>) -> Result<Verdict> {
    let laws = ledger::verify::verify(books, only).await?;
    Ok(Verdict { ok: laws.iter().all(|law| law.failed == 0), laws })
}

/// `GET /compounds/{compound}/verify`.
///
/// # Errors
/// Storage.
pub async fn verify(
    visit: Visit,
    Asked(Nothing {}): Asked<Nothing>,
) -> Result<Shown<Verdict>, Problem> {
    Ok(Shown(check(&visit.books, Some(visit.compound.id)).await?))
}

/// `GET /verify`: every compound.
///
/// # Errors
/// Storage.
pub async fn verify_all(
    caller: Caller,
    Asked(Nothing {}): Asked<Nothing>,
) -> Result<Shown<Verdict>, Problem> {
    Ok(Shown(check(&caller.books, None).await?))
}

/// How a book is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline, description = "格式：hledger、csv、json")]
pub enum ExportFormat {
    /// A journal that hledger reads.
    #[schemars(description = "hledger 可读的规范文本")]
    #[value(help = "hledger 能读的日记账")]
    Hledger,
    /// One line a posting.
    #[schemars(description = "CSV，每条分录一行")]
    #[value(help = "每条分录一行")]
    Csv,
    /// One object a voucher.
    #[schemars(description = "JSON，每张凭证一个对象，每行一个")]
    #[value(help = "每张凭证一个对象")]
    Json,
}

impl ExportFormat {
    const fn media(self) -> &'static str {
        match self {
            ExportFormat::Hledger => "text/plain; charset=utf-8",
            ExportFormat::Csv => "text/csv; charset=utf-8",
            ExportFormat::Json => "application/x-ndjson",
        }
    }
}

/// Writes a book out.
///
/// # Errors
/// Storage; the writer's own failure.
pub async fn write_out<V: View, W: Write + Send>(
    view: &mut V,
    compound: CompoundId,
    book: Book,
    format: ExportFormat,
    to: &mut W,
) -> Result<()> {
    match format {
        ExportFormat::Hledger => export::hledger(view, compound, book, to).await,
        ExportFormat::Csv => export::csv(view, compound, book, to).await,
        ExportFormat::Json => export::json(view, compound, book, to).await,
    }
}

/// In which format.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    #[schemars(description = "格式：hledger 规范文本，csv 每条分录一行，json 每张凭证一行")]
    format: ExportFormat,
}

/// A book as a file.
#[derive(Debug)]
pub struct Exported(ExportFormat, std::fs::File);

impl Described for Exported {
    fn draw(on: &mut Sketch<'_>) {
        let formats = [ExportFormat::Hledger, ExportFormat::Csv, ExportFormat::Json];
        let kinds = formats.map(|f| (essence(f.media()), file_schema(f.media())));
        on.answers.push((StatusCode::OK, "整本账簿", kinds.to_vec()));
    }
}

impl IntoResponse for Exported {
    fn into_response(self) -> Response {
        let Exported(format, file) = self;
        let ending = match format {
            ExportFormat::Hledger => "journal",
            ExportFormat::Csv => "csv",
            ExportFormat::Json => "jsonl",
        };
        kept(format.media(), &format!("book.{ending}"), Body::from_stream(chunks(file)))
    }
}

/// `GET /compounds/{compound}/books/{book}/export`: written whole to a file without a name first, so that memory stays flat
/// and a failure is a problem and not a torn answer.
///
/// # Errors
/// Storage.
pub async fn export(
    visit: Visit<InBook>,
    Asked(query): Asked<ExportQuery>,
) -> Result<Exported, Problem> {
    let mut written = std::io::BufWriter::new(tempfile::tempfile().map_err(torn)?);
    let mut view = visit.read().await?;
    let (compound, book) = (visit.compound.id, visit.at.book);
    write_out(&mut view, compound, book, query.format, &mut written).await?;
    drop(view);
    let what = format!("book {book} as {:?}", query.format);
    let reading = Reading { reason: String::new(), what, whose: Vec::new(), count: 1 };
    audit::record_reading(&visit.books, &visit.actor, compound, "read.export", reading).await?;
    let mut file = written.into_inner().map_err(|e| torn(e.into_error()))?;
    file.seek(SeekFrom::Start(0)).map_err(torn)?;
    Ok(Exported(query.format, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voucher_is_named_as_on_paper_and_no_other_way() {
        let name: VoucherName = "fund/2026-0007".parse().unwrap();
        assert_eq!(String::from(name), "fund/2026-0007");
        for text in
            ["", "fund", "fund/2026", "cash/2026-0007", "fund/2026--7", "fund/2026-99999999999"]
        {
            assert!(text.parse::<VoucherName>().is_err(), "{text}");
        }
    }
}
