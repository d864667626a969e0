//! A list of fully digital invoices (数电票), as the tax bureau exports it.
//!
//! Owns: [`invoices`], [`InvoiceRow`].
//!
//! Always: an invoice is named by its 20 digits and comes once, however many lines of goods the list spends on it; a red one
//! is less than nothing and names the blue one it takes back where its remark does. Never: a paper invoice.

use std::collections::HashMap;

use serde::Serialize;

use super::layout::{self, Column};
use super::table::{self, Keys, Line};
use super::{Address, File, INVOICE_NUMBER, INVOICE_SUM, Reading};
use crate::calendar::Day;
use crate::error::Refusal;
use crate::money::Money;

/// One invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceRow {
    /// Where its first line stands.
    pub at: Address,
    /// Its number.
    pub row_key: String,
    /// Its 20 digits.
    pub number: String,
    /// The day it was issued.
    pub issued_on: Day,
    /// Who sold.
    pub seller: String,
    /// Who bought.
    pub buyer: String,
    /// What was sold, the first line of it.
    pub goods: String,
    /// Without tax; negative on a red one.
    pub amount: Money,
    /// The tax.
    pub tax: Money,
    /// With tax.
    pub total: Money,
    /// The blue invoice a red one takes back, where the remark names it.
    pub blue: String,
    /// 发票状态, as written.
    pub state: String,
    /// The remark.
    pub remark: String,
}

impl InvoiceRow {
    /// Whether it takes another back.
    #[must_use]
    pub fn is_red(&self) -> bool {
        self.total.is_negative()
    }
}

/// Reads a list of invoices.
///
/// # Errors
/// Any refusal of a file; see [`super::RULES`].
pub fn invoices(file: File<'_>) -> Result<Reading<InvoiceRow>, Refusal> {
    let table = table::read(file, layout::invoices(), &mut read_row)?;
    let mut reading = table.reading;
    reading.rows = whole(std::mem::take(&mut reading.rows));
    Ok(reading)
}

fn read_row(line: &mut Line<'_>) -> Option<InvoiceRow> {
    let number = line.identifier(Column::Invoice);
    let number = line.needed(Column::Invoice, number);
    if let Some(wrong) = number.as_ref().filter(|number| !is_number(number)) {
        line.fault(Column::Invoice, &INVOICE_NUMBER, format!("{} 位", wrong.chars().count()));
    }
    let day = line.day(Column::Day);
    let issued_on = line.needed(Column::Day, day);
    let total = line.money(Column::Total);
    let total = line.needed(Column::Total, total);
    let (amount, tax) = (line.money(Column::Amount), line.money(Column::Tax));
    let is_blue = line.text(Column::IsBlue);
    let mut text = |column| line.text(column);
    let (seller, buyer) = (text(Column::Seller), text(Column::Buyer));
    let (goods, state, remark) =
        (text(Column::Goods), text(Column::OrderState), text(Column::Remark));
    let (number, issued_on, total) = (number?, issued_on?, total?);
    let (amount, tax) = match (amount, tax) {
        (Some(amount), tax) => (amount, tax.unwrap_or(total - amount)),
        (None, tax) => (total - tax.unwrap_or(Money::ZERO), tax.unwrap_or(Money::ZERO)),
    };
    let says_red = is_blue == "否";
    if amount + tax != total || (says_red && !total.is_negative()) {
        line.fault(Column::Total, &INVOICE_SUM, format!("{amount} ＋ {tax}，{total}"));
        return None;
    }
    let blue = if total.is_negative() { blue_of(&remark) } else { String::new() };
    let (row_key, _) = Keys::default().key("invoice", &[&number]);
    let at = line.at();
    Some(InvoiceRow {
        at,
        row_key,
        number,
        issued_on,
        seller,
        buyer,
        goods,
        amount,
        tax,
        total,
        blue,
        state,
        remark,
    })
}

/// Whether a text is the number of a fully digital invoice.
pub(crate) fn is_number(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The number of the blue invoice that a red one's remark names: `被红冲蓝字数电票号码：…`.
fn blue_of(remark: &str) -> String {
    let Some((_, after)) = remark.split_once("被红冲蓝字") else { return String::new() };
    let run = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let digits = after.find(|c: char| c.is_ascii_digit()).and_then(|at| after.get(at..));
    digits.map(run).filter(|number| is_number(number)).unwrap_or_default()
}

/// One invoice of its lines, in the order of the file.
fn whole(lines: Vec<InvoiceRow>) -> Vec<InvoiceRow> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut whole: Vec<InvoiceRow> = Vec::new();
    for line in lines {
        if let Some(known) = places.get(&line.number).and_then(|at| whole.get_mut(*at)) {
            known.amount += line.amount;
            known.tax += line.tax;
            known.total += line.total;
            continue;
        }
        places.insert(line.number.clone(), whole.len());
        whole.push(line);
    }
    whole
}
