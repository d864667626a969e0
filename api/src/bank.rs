//! The door of the bank room: the lines of statements, and the rooms their words name.
//!
//! Payers are shown by the first character of their names, and a long number in the bank's words was masked when it was kept.

use ledger::bank::{self, BankLine, Which};
use ledger::books::Snapshot;
use ledger::id::LineNo;
use ledger::journal::Book;
use ledger::mask;
use ledger::money::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::Visit;
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::IsoDay;

/// Which lines to list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineQuery {
    #[serde(default = "fund")]
    #[schemars(description = "账簿：流水所属的账户；不写则为 fund")]
    book: Book,
    #[serde(default)]
    #[schemars(description = "范围：all 全部，unclaimed 未认领的；不写则全部")]
    which: Which,
}

fn fund() -> Book {
    Book::Fund
}

/// A line as it is shown, over the wire and at the counter.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "银行流水的一笔；付款人只显示姓，长号码只留末四位")]
pub struct LineView {
    #[schemars(description = "流水编号", example = 1)]
    pub(crate) line_no: i32,
    #[schemars(description = "账簿")]
    book: Book,
    #[schemars(description = "日期")]
    pub(crate) occurred_on: IsoDay,
    #[schemars(description = "时间：可能为空", example = &"17:07:09")]
    occurred_time: String,
    #[schemars(description = "收入：分", example = 800_000)]
    pub(crate) in_fen: Money,
    #[schemars(description = "支出：分", example = 0)]
    pub(crate) out_fen: Money,
    #[schemars(description = "对方户名：只显示姓", example = &"王*")]
    pub(crate) counterparty: String,
    #[schemars(description = "摘要", example = &"维修资金 1-1-101")]
    pub(crate) wording: String,
    #[schemars(description = "流水号：银行的", example = &"20260104000001")]
    serial: String,
    #[schemars(description = "认领凭证：在本账簿中的序号，未认领则空")]
    pub(crate) voucher_seq: Option<i32>,
    /// The rooms its words name: proposals for a person.
    #[schemars(description = "摘要中的房号：供人核对，不自动认领", example = ["1-1-101"])]
    pub(crate) proposed_rooms: Vec<String>,
    #[schemars(description = "是否利息", example = false)]
    is_interest: bool,
}

impl From<BankLine> for LineView {
    fn from(line: BankLine) -> LineView {
        LineView {
            line_no: line.no.0,
            book: line.book,
            occurred_on: IsoDay(line.occurred_on),
            proposed_rooms: line.rooms().iter().map(ToString::to_string).collect(),
            is_interest: line.is_interest(),
            in_fen: line.inflow,
            out_fen: line.outflow,
            counterparty: mask::name(&line.counterparty),
            wording: line.wording.clone(),
            occurred_time: line.occurred_time,
            serial: line.serial,
            voucher_seq: line.voucher_seq.map(|seq| seq.0),
        }
    }
}

/// `GET /compounds/{compound}/bank-lines`.
///
/// # Errors
/// Those of a list.
pub async fn lines(visit: Visit, list: Sought<LineQuery>) -> Result<Listed<LineView>, Problem> {
    let (compound, LineQuery { book, which }) = (visit.compound.id, list.query);
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<LineNo>, most: u16| {
        Box::pin(async move {
            let after = after.unwrap_or(LineNo(0));
            let lines = bank::lines(view, compound, book, which, after, i32::from(most)).await?;
            Ok(lines.into_iter().map(|line| (line.no, LineView::from(line))).collect())
        })
    })
    .await
}
