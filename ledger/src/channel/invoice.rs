//! The register of invoices (数电票): which were issued, which of them took another back, and whose payment each is for.
//!
//! Owns: `invoice`, `invoice_use`, `invoice_red`.
//!
//! Always: a number of 20 digits is in the register once, in whichever compound; an invoice is for one payment, and a payment's
//! invoices are not more than it, less what was taken back; a red one takes back one blue one, and not more than it.
//! Issuing is somebody else's ([`Issuing`]: 乐企, 电子税务局); what it answered is kept by an act of its own.
//! Limits: the register holds what the company issued; what it received is kept with the projects' papers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Actor, Books, Reads, Request, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::fees;
use crate::id::{CompoundId, InvoiceNo, PaymentNo};
use crate::intake::InvoiceRow;
use crate::mask;
use crate::money::Money;

/// Another compound has it.
pub static REGISTERED: Rule = Rule {
    code: "channel.invoice-registered",
    kind: Answer::Refused,
    rule: "同一张数电票只能登记一次、在一个小区使用",
    remedy: "核对发票号码；登记错小区的，请在原小区撤销导入",
};

/// There is no such invoice.
pub static NO_INVOICE: Rule = Rule {
    code: "channel.no-invoice",
    kind: Answer::Missing,
    rule: "发票须已登记",
    remedy: "先导入发票清单，或检查发票编号",
};

/// There is no such payment.
pub static NO_PAYMENT: Rule = Rule {
    code: "channel.invoice-no-payment",
    kind: Answer::Refused,
    rule: "发票须对应未冲销的收据",
    remedy: "检查收据编号；收据已冲销的，请开红字发票",
};

/// It is for a payment already.
pub static USED: Rule = Rule {
    code: "channel.invoice-used",
    kind: Answer::Conflict,
    rule: "一张发票只对应一张收据",
    remedy: "查看已对应的收据；开错的请红冲后重开",
};

/// A red one is for no payment.
pub static IS_RED: Rule = Rule {
    code: "channel.invoice-is-red",
    kind: Answer::Refused,
    rule: "红字发票不对应收据，只对应被红冲的蓝字发票",
    remedy: "请指明蓝字发票",
};

/// It was taken back.
pub static TAKEN_BACK: Rule = Rule {
    code: "channel.invoice-taken-back",
    kind: Answer::Refused,
    rule: "已红冲的发票不得再使用",
    remedy: "使用重开的发票",
};

/// More than there is.
pub static BEYOND: Rule = Rule {
    code: "channel.invoice-beyond",
    kind: Answer::Refused,
    rule: "一张收据的发票合计不得超过收据金额；红冲不得超过蓝字发票金额",
    remedy: "核对金额；多开的请红冲",
};

/// It is not red.
pub static NOT_RED: Rule = Rule {
    code: "channel.invoice-not-red",
    kind: Answer::Refused,
    rule: "红冲须以红字发票对应蓝字发票",
    remedy: "核对两张发票的编号",
};

/// It takes another back already.
pub static LINKED: Rule = Rule {
    code: "channel.invoice-linked",
    kind: Answer::Conflict,
    rule: "一张红字发票只红冲一张蓝字发票",
    remedy: "查看已对应的蓝字发票",
};

/// The issuing platform did not issue.
pub static NOT_ISSUED: Rule = Rule {
    code: "channel.invoice-not-issued",
    kind: Answer::Conflict,
    rule: "开票平台没有开出发票",
    remedy: "按平台所说处理后重试：同一收据重试不会重复开票",
};

static INVOICE: Table = Table {
    name: "invoice",
    rank: 3,
    columns: &[
        ("compound_id", Column::Int),
        ("invoice_no", Column::Int),
        ("number", Column::Text),
        ("issued_on", Column::Day),
        ("seller", Column::Text),
        ("buyer", Column::Text),
        ("goods", Column::Text),
        ("amount_fen", Column::Big),
        ("tax_fen", Column::Big),
        ("total_fen", Column::Big),
        ("blue_number", Column::Text),
        ("state", Column::Text),
        ("remark", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static USE: Table = Table {
    name: "invoice_use",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("invoice_no", Column::Int),
        ("payment_no", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static RED: Table = Table {
    name: "invoice_red",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("invoice_no", Column::Int),
        ("blue_no", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const INVOICES: Reads = Reads(&[&INVOICE, &USE, &RED]);

/// An invoice and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "登记的发票")]
pub struct Invoice {
    /// Its number in the register.
    #[schemars(description = "发票编号：登记簿内连续", example = 1)]
    pub invoice_no: InvoiceNo,
    /// Its 20 digits.
    #[schemars(description = "数电发票号码：20 位", example = &"26310000000000000001")]
    pub number: String,
    /// The day it was issued.
    #[schemars(description = "开票日期")]
    pub issued_on: Day,
    /// Who sold.
    #[schemars(description = "销方名称", example = &"某物业服务有限公司")]
    pub seller: String,
    /// Who bought, masked.
    #[schemars(description = "购买方：只显示首字", example = &"王*")]
    pub buyer: String,
    /// What was sold.
    #[schemars(description = "货物或应税劳务", example = &"*物业管理服务*物业费")]
    pub goods: String,
    /// Without tax.
    #[schemars(description = "金额：分，不含税", example = 9_434)]
    pub amount_fen: Money,
    /// The tax.
    #[schemars(description = "税额：分", example = 566)]
    pub tax_fen: Money,
    /// With tax; negative on a red one.
    #[schemars(description = "价税合计：分；红字为负", example = 10_000)]
    pub total_fen: Money,
    /// 发票状态.
    #[schemars(description = "发票状态", example = &"正常")]
    pub state: String,
    /// The payment it is for.
    #[schemars(description = "收据编号：已对应的")]
    pub payment_no: Option<PaymentNo>,
    /// The blue one it takes back.
    #[schemars(description = "所红冲的发票编号")]
    pub blue_no: Option<InvoiceNo>,
    /// What of it was taken back.
    #[schemars(description = "已红冲：分", example = 0)]
    pub taken_back_fen: Money,
}

/// Which of the numbers are in the register, and where.
pub(crate) async fn where_registered(
    view: &mut impl View,
    number: &str,
) -> Result<Option<CompoundId>> {
    let sql = "SELECT compound_id FROM invoice WHERE number = $1";
    let found = view.rows(INVOICES, sql, vec![number.into()]).await?;
    Ok(match found.first() {
        Some(row) => Some(CompoundId(row.try_get_by_index(0)?)),
        None => None,
    })
}

/// Keeps invoices. A red one is linked to the blue one its remark names, and a blue one to the payment its remark names
/// (`收据 12`), where nothing speaks against it; what cannot be linked waits for a person.
pub(crate) async fn keep(tx: &mut Tx, rows: &[&InvoiceRow]) -> Result<Vec<InvoiceNo>> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    let mut numbers = Vec::with_capacity(rows.len());
    for row in rows {
        let no = InvoiceNo(tx.next_no("invoice"));
        let (remark, goods) = (mask::text(&row.remark), mask::text(&row.goods));
        let buyer = mask::text(&row.buyer);
        let cells = [
            compound.into(),
            no.0.into(),
            (&row.number).into(),
            row.issued_on.into(),
            (&row.seller).into(),
            (&buyer).into(),
            (&goods).into(),
            row.amount.in_fen().into(),
            row.tax.in_fen().into(),
            row.total.in_fen().into(),
            (&row.blue).into(),
            (&row.state).into(),
            (&remark).into(),
            act.into(),
        ];
        tx.put(&INVOICE, &cells);
        numbers.push(no);
        tx.put_is_due().await?;
    }
    for (row, no) in rows.iter().zip(&numbers) {
        let linked = match (row.is_red(), receipt_of(&row.remark)) {
            (true, _) if !row.blue.is_empty() => match numbered(tx, &row.blue).await? {
                Some(blue) => link(tx, &Link { red_no: *no, blue_no: blue }).await.map(drop),
                None => Ok(()),
            },
            (false, Some(payment_no)) => {
                tie(tx, &TieInvoice { invoice_no: *no, payment_no }).await.map(drop)
            }
            _ => Ok(()),
        };
        match linked {
            Err(crate::error::Error::Storage(failure)) => return Err(failure.into()),
            // A list may be wrong about us; the invoice is in the register, and a person says whose it is.
            Err(crate::error::Error::Refused(_)) | Ok(()) => {}
        }
    }
    Ok(numbers)
}

/// `收据 12`, `收据号：12`.
fn receipt_of(remark: &str) -> Option<PaymentNo> {
    let (_, after) = remark.split_once("收据")?;
    let after = after.trim_start_matches(['编', '号', ':', '：', ' ', '#']);
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(PaymentNo)
}

async fn numbered(view: &mut Tx, number: &str) -> Result<Option<InvoiceNo>> {
    let sql = "SELECT invoice_no FROM invoice WHERE compound_id = $1 AND number = $2";
    let values = vec![view.compound().0.into(), number.into()];
    let found = view.rows(INVOICES, sql, values).await?;
    Ok(match found.first() {
        Some(row) => Some(InvoiceNo(row.try_get_by_index(0)?)),
        None => None,
    })
}

/// The first of some invoices that is tied or linked.
pub(crate) async fn first_in_use(tx: &mut Tx, invoices: &[i32]) -> Result<Option<InvoiceNo>> {
    let (list, value) = tx.list_of(invoices, 2);
    let sql = format!(
        "SELECT min(invoice_no) FROM (
           SELECT invoice_no FROM invoice_use WHERE compound_id = $1
           UNION SELECT invoice_no FROM invoice_red WHERE compound_id = $1
           UNION SELECT blue_no FROM invoice_red WHERE compound_id = $1) u WHERE invoice_no {list}"
    );
    let found = tx.rows(INVOICES, &sql, vec![tx.compound().0.into(), value]).await?;
    let first = found.first().map(|row| row.try_get_by_index::<Option<i32>>(0)).transpose()?;
    Ok(first.flatten().map(InvoiceNo))
}

/// Takes invoices away that an import kept by mistake.
pub(crate) async fn drop_invoices(tx: &mut Tx, invoices: &[i32]) -> Result<()> {
    let (list, value) = tx.list_of(invoices, 2);
    let sql = format!("DELETE FROM invoice WHERE compound_id = $1 AND invoice_no {list}");
    tx.exec(&sql, vec![tx.compound().0.into(), value]).await?;
    Ok(())
}

/// Whose payment an invoice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieInvoice {
    /// The invoice.
    pub invoice_no: InvoiceNo,
    /// The payment.
    pub payment_no: PaymentNo,
}

/// Says whose payment an invoice is for.
///
/// # Errors
/// `channel.no-invoice`, `channel.invoice-is-red`, `channel.invoice-used`, `channel.invoice-taken-back`,
/// `channel.invoice-no-payment`, `channel.invoice-beyond`.
pub async fn tie(tx: &mut Tx, asked: &TieInvoice) -> Result<TieInvoice> {
    let compound = tx.compound();
    let invoice = invoice(tx, compound, asked.invoice_no).await?;
    let no = asked.payment_no;
    if let Some(refusal) = unfit(&invoice) {
        return Err(refusal.into());
    }
    let standing = fees::standing_payments(tx, compound, None, Some(no)).await?.pop();
    let missing = || NO_PAYMENT.refuse(format!("收据 {no} 不存在或已冲销"));
    let standing = standing.ok_or_else(missing)?;
    let before = of_payment(tx, compound, no).await?;
    if before + invoice.total_fen > standing.amount {
        let evidence = format!(
            "收据 {no} 为 {} 元，已开 {} 元，本张 {} 元",
            standing.amount.grouped(),
            before.grouped(),
            invoice.total_fen.grouped()
        );
        return Err(BEYOND.refuse(evidence).into());
    }
    let row = [
        compound.0.into(),
        asked.invoice_no.0.into(),
        asked.payment_no.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&USE, &row);
    Ok(*asked)
}

/// Why an invoice can be for no payment any more.
fn unfit(invoice: &Invoice) -> Option<Refusal> {
    let no = invoice.invoice_no;
    match invoice {
        Invoice { total_fen, .. } if total_fen.is_negative() => {
            Some(IS_RED.refuse(format!("发票 {no} 为 {} 元", total_fen.grouped())))
        }
        Invoice { payment_no: Some(payment), .. } => {
            Some(USED.refuse(format!("发票 {no} 已对应收据 {payment}")))
        }
        Invoice { taken_back_fen, .. } if taken_back_fen.is_positive() => {
            Some(TAKEN_BACK.refuse(format!("发票 {no} 已红冲 {} 元", taken_back_fen.grouped())))
        }
        _ => None,
    }
}

/// What was invoiced of a payment, less what was taken back.
async fn of_payment(view: &mut impl View, compound: CompoundId, no: PaymentNo) -> Result<Money> {
    let sql = "SELECT CAST(COALESCE(sum(i.total_fen), 0) + COALESCE(sum((
                 SELECT sum(x.total_fen) FROM invoice_red r
                 JOIN invoice x ON x.compound_id = r.compound_id AND x.invoice_no = r.invoice_no
                 WHERE r.compound_id = i.compound_id AND r.blue_no = i.invoice_no)), 0) AS BIGINT)
               FROM invoice_use u JOIN invoice i ON i.compound_id = u.compound_id AND i.invoice_no = u.invoice_no
               WHERE u.compound_id = $1 AND u.payment_no = $2";
    let found = view.rows(INVOICES, sql, vec![compound.0.into(), no.0.into()]).await?;
    Ok(match found.first() {
        Some(row) => Money::fen(row.try_get_by_index(0)?),
        None => Money::ZERO,
    })
}

/// Which blue invoice a red one takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The red one.
    pub red_no: InvoiceNo,
    /// The blue one.
    pub blue_no: InvoiceNo,
}

/// Says which blue invoice a red one takes back.
///
/// # Errors
/// `channel.no-invoice`, `channel.invoice-not-red`, `channel.invoice-linked`, `channel.invoice-beyond`.
pub async fn link(tx: &mut Tx, asked: &Link) -> Result<Link> {
    let compound = tx.compound();
    let red = invoice(tx, compound, asked.red_no).await?;
    let blue = invoice(tx, compound, asked.blue_no).await?;
    if !red.total_fen.is_negative() || blue.total_fen.is_negative() {
        let evidence = format!(
            "发票 {} 为 {} 元，发票 {} 为 {} 元",
            red.invoice_no,
            red.total_fen.grouped(),
            blue.invoice_no,
            blue.total_fen.grouped()
        );
        return Err(NOT_RED.refuse(evidence).into());
    }
    if let Some(other) = red.blue_no {
        return Err(LINKED.refuse(format!("发票 {} 已红冲发票 {other}", red.invoice_no)).into());
    }
    if blue.taken_back_fen - red.total_fen > blue.total_fen {
        let evidence = format!(
            "发票 {} 为 {} 元，已红冲 {} 元，本张 {} 元",
            blue.invoice_no,
            blue.total_fen.grouped(),
            blue.taken_back_fen.grouped(),
            red.total_fen.grouped()
        );
        return Err(BEYOND.refuse(evidence).into());
    }
    let row = [compound.0.into(), asked.red_no.0.into(), asked.blue_no.0.into(), tx.act().0.into()];
    tx.put(&RED, &row);
    Ok(*asked)
}

/// One invoice.
///
/// # Errors
/// `channel.no-invoice`.
pub async fn invoice(view: &mut impl View, compound: CompoundId, no: InvoiceNo) -> Result<Invoice> {
    let found = listed(view, compound, "AND i.invoice_no = $2", vec![no.0.into()]).await?.pop();
    Ok(found.ok_or_else(|| NO_INVOICE.refuse(format!("发票编号 {no}")))?)
}

/// The invoices of a compound after a number, in order.
///
/// # Errors
/// Storage.
pub async fn invoices(
    view: &mut impl View,
    compound: CompoundId,
    after: InvoiceNo,
    most: i32,
) -> Result<Vec<Invoice>> {
    let condition = "AND i.invoice_no > $2 ORDER BY i.invoice_no LIMIT $3";
    listed(view, compound, condition, vec![after.0.into(), most.clamp(1, 1000).into()]).await
}

async fn listed(
    view: &mut impl View,
    compound: CompoundId,
    condition: &str,
    mut values: Vec<sea_orm::Value>,
) -> Result<Vec<Invoice>> {
    let sql = format!(
        "SELECT i.invoice_no, i.number, i.issued_on, i.seller, i.buyer, i.goods, i.amount_fen, i.tax_fen, i.total_fen,
           i.state, u.payment_no, r.blue_no, CAST(COALESCE((
             SELECT -sum(x.total_fen) FROM invoice_red b
             JOIN invoice x ON x.compound_id = b.compound_id AND x.invoice_no = b.invoice_no
             WHERE b.compound_id = i.compound_id AND b.blue_no = i.invoice_no), 0) AS BIGINT)
         FROM invoice i
           LEFT JOIN invoice_use u ON u.compound_id = i.compound_id AND u.invoice_no = i.invoice_no
           LEFT JOIN invoice_red r ON r.compound_id = i.compound_id AND r.invoice_no = i.invoice_no
         WHERE i.compound_id = $1 {condition}"
    );
    values.insert(0, compound.0.into());
    let mut invoices = Vec::new();
    for row in view.rows(INVOICES, &sql, values).await? {
        let buyer: String = row.try_get_by_index(4)?;
        invoices.push(Invoice {
            invoice_no: InvoiceNo(row.try_get_by_index(0)?),
            number: row.try_get_by_index(1)?,
            issued_on: row.try_get_by_index(2)?,
            seller: row.try_get_by_index(3)?,
            buyer: mask::name(&buyer),
            goods: row.try_get_by_index(5)?,
            amount_fen: Money::fen(row.try_get_by_index(6)?),
            tax_fen: Money::fen(row.try_get_by_index(7)?),
            total_fen: Money::fen(row.try_get_by_index(8)?),
            state: row.try_get_by_index(9)?,
            payment_no: row.try_get_by_index::<Option<i32>>(10)?.map(PaymentNo),
            blue_no: row.try_get_by_index::<Option<i32>>(11)?.map(InvoiceNo),
            taken_back_fen: Money::fen(row.try_get_by_index(12)?),
        });
    }
    Ok(invoices)
}

// ---- issuing ----

/// What is to be invoiced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The same for the same payment, for ever: who is asked twice issues once.
    pub key: String,
    /// Who bought.
    pub buyer: String,
    /// What was sold.
    pub goods: String,
    /// With tax.
    pub total: Money,
}

/// What was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its 20 digits.
    pub number: String,
    /// The day.
    pub issued_on: Day,
    /// Who sold.
    pub seller: String,
    /// Without tax.
    pub amount: Money,
    /// The tax.
    pub tax: Money,
}

/// Whoever issues invoices for the company (乐企, 电子税务局). It is asked outside of any act, and must answer the same to the
/// same key.
pub trait Issuing {
    /// Issues a blue invoice, or says in Chinese why not.
    fn issue(&self, wanted: &Wanted) -> impl Future<Output = Result<Issued, String>> + Send;
}

/// Has what is not yet invoiced of a payment invoiced, and keeps the invoice.
///
/// # Errors
/// `channel.invoice-no-payment`, `channel.invoice-beyond`, `channel.invoice-not-issued`, those of [`tie`].
pub async fn issue(
    books: &Books,
    actor: &Actor,
    compound: CompoundId,
    issuing: &impl Issuing,
    no: PaymentNo,
    (buyer, goods): (&str, &str),
) -> Result<InvoiceNo> {
    let mut view = books.read().await?;
    let standing = fees::standing_payments(&mut view, compound, None, Some(no)).await?.pop();
    let missing = || NO_PAYMENT.refuse(format!("收据 {no} 不存在或已冲销"));
    let standing = standing.ok_or_else(missing)?;
    let before = of_payment(&mut view, compound, no).await?;
    drop(view);
    let total = standing.amount - before;
    if !total.is_positive() {
        let evidence = format!("收据 {no} 的 {} 元已全部开票", standing.amount.grouped());
        return Err(BEYOND.refuse(evidence).into());
    }
    let wanted = Wanted {
        key: format!("{compound}/{no}/{}", before.in_fen()),
        buyer: buyer.to_owned(),
        goods: goods.to_owned(),
        total,
    };
    let failed = |why: String| NOT_ISSUED.refuse(format!("收据 {no}：{why}"));
    let issued = issuing.issue(&wanted).await.map_err(failed)?;
    if !crate::intake::is_invoice_number(&issued.number) || issued.amount + issued.tax != total {
        let evidence = format!("号码 {}，价税合计 {}", issued.number, issued.amount + issued.tax);
        return Err(NOT_ISSUED.refuse(evidence).into());
    }
    let body = serde_json::json!({ "payment_no": no, "number": issued.number, "total_fen": total });
    let given = InvoiceRow {
        at: crate::intake::Address { sheet: "开票".into(), row: 1, column: 0 },
        row_key: String::new(),
        number: issued.number,
        issued_on: issued.issued_on,
        seller: issued.seller,
        buyer: wanted.buyer,
        goods: wanted.goods,
        amount: issued.amount,
        tax: issued.tax,
        total,
        blue: String::new(),
        state: "正常".to_owned(),
        remark: String::new(),
    };
    let request = Request::describing("channel.invoice", (given, no), body);
    let done = books.act(actor, compound, request, |tx, (given, no): &(InvoiceRow, PaymentNo)| {
        Box::pin(async move {
            if where_registered(tx, &given.number).await?.is_some() {
                return Err(REGISTERED.refuse(given.number.clone()).into());
            }
            let kept = keep(tx, &[given]).await?;
            let invoice_no = kept.first().copied().unwrap_or(InvoiceNo(0));
            tie(tx, &TieInvoice { invoice_no, payment_no: *no }).await?;
            Ok(invoice_no)
        })
    });
    Ok(done.await?.answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_may_name_a_receipt() {
        for (remark, no) in
            [("收据 12", Some(12)), ("物业费；收据号：7号楼", Some(7)), ("收据", None), ("", None)]
        {
            assert_eq!(receipt_of(remark), no.map(PaymentNo), "{remark}");
        }
    }
}
