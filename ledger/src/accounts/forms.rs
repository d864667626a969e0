//! The forms of the statements as data (`forms.toml`), and how a form is filled.
//!
//! Always: checked when first read; a line is an amount of accounts, a sum of lines, a row of 03, or a caption.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Code, Filled, Year};
use crate::journal::{Kind, Side as Posted};
use crate::money::Money;

/// What kinds of figures a column of 01 or 02 shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Of {
    Opening,
    Closing,
    Month,
    ToDate,
}

/// What a row of 03 is of, and what a voucher that posts net assets directly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Figure {
    Opening,
    Adjusted,
    Surplus,
    Distributed,
    Moved,
}

/// A column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormColumn {
    /// Its head on paper.
    pub head: String,
    #[serde(default)]
    of: Option<Of>,
    #[serde(default)]
    accounts: Vec<i32>,
    #[serde(default)]
    is_sum: bool,
}

/// On which half of a form of two halves a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The left, or the only one.
    #[default]
    Left,
    /// The right.
    Right,
}

/// How a line is set off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// A line.
    #[default]
    Line,
    /// The sum of a part.
    Subtotal,
    /// The sum of the whole.
    Total,
}

/// A line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormLine {
    /// Its stable name in the form.
    pub key: String,
    /// Its caption on paper.
    pub name: String,
    /// How far it is set in.
    #[serde(default)]
    pub indent: usize,
    /// Its half of the form.
    #[serde(default)]
    pub side: Side,
    /// How it is set off.
    #[serde(default)]
    pub rank: Rank,
    #[serde(default)]
    accounts: Vec<i32>,
    #[serde(default)]
    grows: Option<Posted>,
    #[serde(default)]
    sum: Vec<String>,
    #[serde(default)]
    less: Vec<String>,
    #[serde(default)]
    figure: Option<Figure>,
}

/// A form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// `01`, `02`, `03`.
    pub code: String,
    /// 会住维NN表.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Whether it is printed for a month too.
    pub is_monthly: bool,
    /// Its columns.
    #[serde(rename = "column")]
    pub columns: Vec<FormColumn>,
    /// Its lines, in order.
    #[serde(rename = "line")]
    pub lines: Vec<FormLine>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spent {
    kind: Kind,
    accounts: i32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Movement {
    kind: Kind,
    figure: Figure,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forms {
    spent: Vec<Spent>,
    movement: Vec<Movement>,
    form: Vec<Form>,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    toml::from_str(include_str!("forms.toml")).expect("the shipped forms are checked by a test")
});

/// The form with this code.
#[must_use]
pub fn form(code: Code) -> &'static Form {
    let place = Code::ALL.iter().position(|c| *c == code).unwrap_or(0);
    &FORMS.form[place]
}

/// The expenditure that a voucher of a kind is shown as where it debits net assets directly.
pub(super) fn spent_as(kind: Kind) -> Option<i32> {
    FORMS.spent.iter().find(|spent| spent.kind == kind).map(|spent| spent.accounts)
}

/// What a voucher of a kind is where it posts net assets directly.
pub(super) fn figure_of(kind: Kind) -> Figure {
    let known = FORMS.movement.iter().find(|movement| movement.kind == kind);
    known.map_or(Figure::Adjusted, |movement| movement.figure)
}

/// Fills a form.
pub(super) fn fill(form: &Form, year: &Year) -> Vec<Filled> {
    let mut known: HashMap<&str, Vec<Money>> = HashMap::new();
    // A sum may stand above its lines on paper: first what is of accounts, then what is of lines, until all is known.
    for line in &form.lines {
        if line.sum.is_empty() {
            known.insert(&line.key, plain(form, line, year));
        }
    }
    for _ in &form.lines {
        for line in form.lines.iter().filter(|line| !line.sum.is_empty()) {
            if let Some(amounts) = summed(line, &known) {
                known.insert(&line.key, amounts);
            }
        }
    }
    let filled = |line: &FormLine| Filled {
        key: line.key.clone(),
        name: line.name.clone(),
        amounts_fen: known.get(line.key.as_str()).cloned().unwrap_or_default(),
    };
    form.lines.iter().map(filled).collect()
}

/// A line of accounts, or a row of 03; nothing for a caption.
fn plain(form: &Form, line: &FormLine, year: &Year) -> Vec<Money> {
    if line.accounts.is_empty() && line.figure.is_none() {
        return Vec::new();
    }
    let mut amounts: Vec<Money> = Vec::with_capacity(form.columns.len());
    for column in &form.columns {
        let amount = if column.is_sum {
            amounts.iter().copied().sum()
        } else if let Some(figure) = line.figure {
            year.credit(figure, &column.accounts)
        } else {
            let debit = column.of.map_or(Money::ZERO, |of| year.debit(of, &line.accounts));
            if line.grows == Some(Posted::Credit) { -debit } else { debit }
        };
        amounts.push(amount);
    }
    amounts
}

/// A sum of lines, once they are all known.
fn summed(line: &FormLine, known: &HashMap<&str, Vec<Money>>) -> Option<Vec<Money>> {
    let mut amounts: Vec<Money> = Vec::new();
    for (keys, is_less) in [(&line.sum, false), (&line.less, true)] {
        for key in keys {
            let of = known.get(key.as_str())?;
            amounts.resize(of.len(), Money::ZERO);
            for (amount, part) in amounts.iter_mut().zip(of) {
                *amount += if is_less { -*part } else { *part };
            }
        }
    }
    Some(amounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Book;

    #[test]
    fn the_shipped_forms_are_sound() {
        for code in Code::ALL {
            let form = form(code);
            assert_eq!(form.code, code.name());
            for line in &form.lines {
                let same = form.lines.iter().filter(|l| l.key == line.key).count();
                assert_eq!(same, 1, "{} {}", form.number, line.key);
                assert_eq!(line.accounts.is_empty(), line.grows.is_none(), "{}", line.key);
                for key in line.sum.iter().chain(&line.less) {
                    assert!(form.lines.iter().any(|l| l.key == *key), "{key}");
                }
            }
            // Every sum is filled, however the lines stand.
            let filled = fill(form, &Year::default());
            for (line, filled) in form.lines.iter().zip(filled) {
                let wanted = if line.key.ends_with("caption") { 0 } else { form.columns.len() };
                assert_eq!(filled.amounts_fen.len(), wanted, "{}", line.key);
            }
        }
    }

    /// Every account of the chart is on exactly one line of 01 or 02.
    #[test]
    fn no_account_is_left_out_or_shown_twice() {
        for account in &Book::Fund.chart().accounts {
            let lines = [Code::BalanceSheet, Code::IncomeAndExpenditure].map(form);
            let shown = lines.iter().flat_map(|form| &form.lines).filter(|line| {
                line.accounts.iter().any(|code| super::super::is_under(account.code, *code))
            });
            assert_eq!(shown.count(), 1, "{} {}", account.code, account.name);
        }
    }
}
