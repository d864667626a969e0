//! D2 收据: of service fees, and of the fund; by templates.
//!
//! Owns: [`FEE`], [`FUND`] (what their templates may name), [`fee`], [`fund()`]. The receipts are the ledger's: a number is used once
//! and never again. A void receipt says so with its reason and its day, a copy says which one it is, a red one names the receipt it
//! takes from; one that was issued on another day than the money came says both. Never: a whole name or number of a person. Limits:
//! of a fund receipt the books tell the day of the deposit alone, neither that of the paper nor that it was made void on.

use ledger::calendar::Day;
use ledger::fees::{self, FeeReceipt, Method, ReceiptRow};
use ledger::fund;
use ledger::mask;
use ledger::money::Money;
use ledger::property::{Compound, Contact, Dwelling};

use crate::sheet::{Cell, Field, Seal, Warning};
use crate::template::{Known, Values};

/// What a template of a fee receipt may name.
pub static FEE: Known = Known {
    name: "receipt",
    code: "D2",
    title: "物业费收据",
    words: &[
        ("compound", "小区"),
        ("no", "收据编号"),
        ("issued_on", "日期"),
        ("payer", "缴款人"),
        ("rooms", "房号，多户的以顿号隔开"),
        ("method", "缴款方式"),
        ("reference", "交易单号"),
        ("of", "原收据号：红字、换开的"),
        ("cashier", "收银员"),
        ("given", "实收：现金的"),
        ("change", "找零：有找零的"),
        ("prepaid", "预存：其中预存的金额"),
        ("reason", "作废原因"),
    ],
    lines: &[
        ("room", "房号"),
        ("item", "收费项目"),
        ("period", "计费期间"),
        ("worked", "单价、数量"),
        ("billed", "应收"),
        ("reduced", "优惠"),
        ("before", "此前已收，含预存抵扣"),
        ("amount", "金额"),
        ("remark", "备注：部分缴纳的"),
    ],
    amounts: &["billed", "reduced", "before", "amount"],
    sums: &[("amount", "合计")],
    shipped: include_str!("../template/receipt.toml"),
};

/// What a template of a fund receipt may name.
pub static FUND: Known = Known {
    name: "fund-receipt",
    code: "D2W",
    title: "维修资金交存专用收据",
    words: &[
        ("compound", "小区"),
        ("no", "票据号"),
        ("received_on", "交存日期"),
        ("deposit_no", "交存编号"),
        ("owners", "产权人，只显示姓"),
        ("id_nos", "证件号，遮盖；未登记的为空"),
        ("address", "房屋住址"),
        ("room", "房屋编号"),
        ("area", "建筑面积"),
        ("housing", "房屋性质"),
        ("standard", "交存标准"),
        ("kind", "交款性质"),
        ("reason", "作废原因"),
    ],
    lines: &[],
    amounts: &[],
    sums: &[("amount", "交款金额")],
    shipped: include_str!("../template/fund-receipt.toml"),
};

/// What the vouchers know of a fee receipt's days.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// The day the money came; of one in red, the day it went back.
    pub moved_on: Day,
    /// The day on which somebody made it void or reversed its voucher, if anybody did.
    pub undone_on: Option<Day>,
}

/// What a fee receipt fills its template with.
#[must_use]
pub fn fee(
    of: &FeeReceipt,
    rows: &[ReceiptRow],
    days: Days,
    compound: &str,
    seal: Option<Seal>,
) -> Values {
    let mut values = Values { number: of.receipt_no.to_string(), seal, ..Values::default() };
    let undone = undone(days.undone_on);
    values.warning = match of.state {
        fees::ReceiptState::Void => warn("作废", &format!("本收据{undone}作废，号码不再使用。")),
        fees::ReceiptState::Reversed => warn("已冲销", &format!("本收据所记的款项{undone}冲销。")),
        fees::ReceiptState::Red => warn("红字", "本收据冲减原收据所记的款项。"),
        fees::ReceiptState::Valid => copied(of.copies),
    };
    let some =
        |fen: Money| if fen.is_zero() { String::new() } else { format!("{} 元", fen.grouped()) };
    values.set("compound", compound);
    values.set("no", of.receipt_no.to_string());
    values.set("issued_on", of.issued_on.to_string());
    if days.moved_on != of.issued_on {
        let label = if of.amount_fen.is_negative() { "退款日期" } else { "收款日期" };
        values.fields.push(Field::new(label, days.moved_on.to_string()));
    }
    values.set("payer", if of.payer.is_empty() { "产权人" } else { &of.payer });
    let mut rooms: Vec<&str> = rows.iter().map(|row| row.room.as_str()).collect();
    rooms.dedup();
    values.set("rooms", rooms.join("、"));
    let method = Method::named(&of.method).map(Method::in_chinese);
    values.set("method", method.unwrap_or(&of.method));
    values.set("reference", &of.reference);
    values.set("of", of.of.map_or_else(String::new, |no| no.to_string()));
    values.set("cashier", &of.cashier);
    values.set("given", some(of.given_fen));
    values.set("change", some(of.change_fen));
    let ahead = rows.iter().filter(|row| row.from_on.is_none()).map(|row| row.amount_fen).sum();
    values.set("prepaid", some(ahead));
    let reason =
        if of.reason.is_empty() { String::new() } else { format!("作废原因：{}", of.reason) };
    values.set("reason", reason);
    for row in rows {
        let period = match (row.from_on, row.to_on) {
            (Some(from), Some(to)) => format!("{from} 至 {to}"),
            _ => String::new(),
        };
        let cells = [
            ("room", Cell::Text(row.room.clone())),
            ("item", Cell::Text(row.item.clone())),
            ("period", Cell::Text(period)),
            ("worked", Cell::Text(row.worked.clone())),
            ("billed", Cell::money_if_any(row.billed_fen)),
            ("reduced", Cell::money_if_any(row.reduced_fen)),
            ("before", Cell::money_if_any(row.before_fen)),
            ("amount", Cell::Money(row.amount_fen)),
            ("remark", Cell::Text(remark(row))),
        ];
        values.lines.push(cells.into());
    }
    values.sums = [("amount", of.amount_fen)].into();
    values
}

/// What a receipt of the fund fills its template with.
#[must_use]
pub fn fund(
    of: &fund::Receipt,
    kind: fund::DepositKind,
    dwelling: &Dwelling,
    contacts: &[Contact],
    standard: &str,
    compound: &Compound,
    seal: Option<Seal>,
) -> Values {
    let mut values = Values { number: of.receipt_no.clone(), seal, ..Values::default() };
    let undone = undone(of.undone_on);
    values.warning = match of.state {
        fund::ReceiptState::Void => warn("作废", &format!("本票据{undone}作废，号码不再使用。")),
        fund::ReceiptState::Reversed => warn("已冲销", &format!("本票据所记的交存{undone}冲销。")),
        fund::ReceiptState::Valid => copied(of.copies),
    };
    let owners: Vec<String> = dwelling.owners.iter().map(|o| mask::name(&o.name)).collect();
    values.set("compound", &compound.name);
    values.set("no", &of.receipt_no);
    values.set("received_on", of.received_on.to_string());
    values.set("deposit_no", of.deposit_no.to_string());
    values.set("owners", if owners.is_empty() { "（未登记）".into() } else { owners.join("、") });
    let known = contacts.iter().filter(|contact| !contact.id_no.is_empty());
    let id_nos: Vec<String> = known.map(|one| mask::identity(one.id_no.in_clear())).collect();
    values.set("id_nos", id_nos.join("、"));
    values.set("address", format!("{} {}", compound.address, dwelling.code).trim().to_owned());
    values.set("room", dwelling.code.to_string());
    values.set("area", dwelling.fund_area.to_string());
    values.set("housing", dwelling.housing.in_chinese());
    values.set("standard", if standard.is_empty() { "未核定" } else { standard });
    values.set("kind", kind.in_chinese());
    let reason =
        if of.reason.is_empty() { String::new() } else { format!("作废原因：{}", of.reason) };
    values.set("reason", reason);
    values.sums = [("amount", of.amount_fen)].into();
    values
}

/// When something was undone, before the verb.
fn undone(on: Option<Day>) -> String {
    on.map_or_else(|| "已".to_owned(), |on| format!("已于 {on} "))
}

/// What of the bill stays open.
fn remark(row: &ReceiptRow) -> String {
    let open = row.billed_fen - row.reduced_fen - row.before_fen - row.amount_fen;
    match row.amount_fen.is_positive() && open.is_positive() {
        true => format!("尚欠 {}", open.grouped()),
        false => String::new(),
    }
}

fn warn(word: &str, meaning: &str) -> Option<Warning> {
    Some(Warning { word: word.into(), meaning: meaning.into() })
}

/// A copy says that it is one, and which.
fn copied(copies: i64) -> Option<Warning> {
    let meaning = format!("本件为补打的第 {copies} 张副本，与原件同号，只记一次款。");
    (copies > 0).then(|| Warning { word: format!("副本 {copies}"), meaning })
}
