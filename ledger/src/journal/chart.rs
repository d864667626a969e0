//! Charts of accounts: data, one file a book, checked when first read.
//!
//! Owns: [`Book`], [`Account`], [`Chart`]. A compound gets a copy of its charts when it is founded, so that the
//! database can refuse an unknown account by itself.

use std::fmt;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::voucher::Side;

/// A book: one owner of money, one purpose, inside a compound.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    description = "账簿：fund 维修资金，revenue 公共收益，service 物业费，grant 补贴与改造资金"
)]
pub enum Book {
    /// 住宅专项维修资金: the owners' money, 财会〔2020〕7号.
    #[schemars(description = "维修资金")]
    Fund = 1,
    /// 公共收益: the owners' money from common parts.
    #[schemars(description = "公共收益")]
    Revenue = 2,
    /// 物业服务费: the property company's money.
    #[schemars(description = "物业费")]
    Service = 3,
    /// 补贴与改造资金: the government's money.
    #[schemars(description = "补贴与改造资金")]
    Grant = 4,
}

impl Book {
    /// Every book a compound keeps.
    pub const ALL: [Book; 4] = [Book::Fund, Book::Revenue, Book::Service, Book::Grant];

    /// The name in texts, wires and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Book::Fund => "fund",
            Book::Revenue => "revenue",
            Book::Service => "service",
            Book::Grant => "grant",
        }
    }

    /// The book with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Book> {
        Book::ALL.into_iter().find(|book| book.name() == name)
    }

    /// For columns.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    pub(crate) fn numbered(number: i16) -> Option<Book> {
        Book::ALL.into_iter().find(|book| book.number() == number)
    }

    /// The book's chart.
    #[must_use]
    pub fn chart(self) -> &'static Chart {
        &CHARTS[self as usize - 1]
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an account is, in the accounting equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Element {
    /// 资产.
    Asset,
    /// 负债.
    Liability,
    /// 净资产.
    NetAsset,
    /// 收入.
    Income,
    /// 支出.
    Expenditure,
}

impl Element {
    /// The side on which it grows.
    #[must_use]
    pub const fn normal_side(self) -> Side {
        match self {
            Element::Asset | Element::Expenditure => Side::Debit,
            Element::Liability | Element::NetAsset | Element::Income => Side::Credit,
        }
    }

    /// The stable name, in columns and on wires.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Element::Asset => "asset",
            Element::Liability => "liability",
            Element::NetAsset => "net-asset",
            Element::Income => "income",
            Element::Expenditure => "expenditure",
        }
    }
}

/// Which part of a dwelling's fund balance an account bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bearing {
    /// 本金.
    Principal = 1,
    /// 增值收益.
    Gains = 2,
}

/// An account of a chart.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The prescribed code; a sub-account appends two digits.
    pub code: i32,
    /// The prescribed name.
    pub name: String,
    /// Its element.
    pub element: Element,
    /// How well the code and the usage are known (see the chart's file).
    pub evidence: String,
    /// Whether its lines must name a dwelling (or a matter) though it bears no balance of one.
    #[serde(default)]
    by_dwelling: bool,
    /// The part of a dwelling's balance it bears.
    #[serde(default)]
    pub bearing: Option<Bearing>,
    /// Where its balance goes when a month closes.
    #[serde(default, rename = "month")]
    pub month_closes_to: Option<i32>,
    /// Where its balance goes when a year closes.
    #[serde(default, rename = "year")]
    pub year_closes_to: Option<i32>,
}

impl Account {
    /// Whether a line must name a dwelling or a matter (closing entries excepted: they are control-level).
    #[must_use]
    pub fn is_by_dwelling(&self) -> bool {
        self.by_dwelling || self.bearing.is_some()
    }

    /// The side on which it grows.
    #[must_use]
    pub fn normal_side(&self) -> Side {
        self.element.normal_side()
    }
}

/// A chart of accounts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// The chart's own name and version, recorded with the book.
    pub name: String,
    /// What the book is called on paper.
    pub title: String,
    /// `cash` or `accrual`.
    pub basis: String,
    /// Its accounts, by ascending code.
    #[serde(rename = "account")]
    pub accounts: Vec<Account>,
}

impl Chart {
    /// The account with this code.
    #[must_use]
    pub fn account(&self, code: i32) -> Option<&Account> {
        // Codes are compared as people sort them, 1001 < 100101 < 1101, so the list is not sorted by number.
        self.accounts.iter().find(|a| a.code == code)
    }
}

static CHARTS: LazyLock<[Chart; 4]> = LazyLock::new(|| {
    [
        include_str!("charts/fund.toml"),
        include_str!("charts/revenue.toml"),
        include_str!("charts/service.toml"),
        include_str!("charts/grant.toml"),
    ]
    .map(|text| toml::from_str(text).expect("the shipped charts are checked by a test"))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_charts_are_sound() {
        for book in Book::ALL {
            let chart = book.chart();
            for account in &chart.accounts {
                let same = chart.accounts.iter().filter(|a| a.code == account.code).count();
                assert_eq!(same, 1, "{} has {} twice", chart.name, account.code);
                for target in
                    [account.month_closes_to, account.year_closes_to].into_iter().flatten()
                {
                    let target = chart.account(target).expect("closes to an account of the chart");
                    assert_eq!(target.element, Element::NetAsset, "{}", account.name);
                }
                let is_flow = matches!(account.element, Element::Income | Element::Expenditure);
                assert_eq!(is_flow, account.month_closes_to.is_some(), "{}", account.name);
            }
        }
    }

    /// `domain.md` §2.3: the sixteen accounts of 财会〔2020〕7号 are all there, by their first four digits.
    #[test]
    fn the_fund_chart_has_the_prescribed_accounts() {
        let codes = [
            1001, 1101, 1201, 2001, 3001, 3002, 3101, 4001, 4101, 4102, 4201, 4301, 4901, 5001,
            5101, 5901,
        ];
        for code in codes {
            let chart = Book::Fund.chart();
            let is_there = chart.accounts.iter().any(|a| a.code == code || a.code / 100 == code);
            assert!(is_there, "{code}");
        }
    }
}
