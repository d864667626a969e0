//! From which sources a payment is drawn: plain arithmetic.
//!
//! Always: the parts sum to the payment; sources are taken in the plan's order, each as far as its plan and its money go and only
//! for what it may pay; what labour is worth never pays. A payment no source can bear is refused with the gap, not shortened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SOURCES_SHORT;
use super::step::{Channel, SourceKind};
use crate::error::Refusal;
use crate::id::{SourceNo, TrancheNo};
use crate::money::Money;
use crate::subsidy::Item;

/// A source as it stands (`property.md` D9).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationSource", description = "一项资金来源：计划、到位、已付")]
pub struct Source {
    /// Its number: its place in the plan.
    #[schemars(description = "来源编号：即支取的次序", example = 1)]
    pub source_no: SourceNo,
    /// Which.
    #[schemars(description = "来源")]
    pub kind: SourceKind,
    /// Who gives it.
    #[schemars(description = "出资人：没有写明的为空", example = &"某供水公司")]
    pub who: String,
    /// On which items only.
    #[schemars(description = "只用于这些内容：都可用的为空", example = &["water-supply"])]
    pub items: Vec<String>,
    /// How much was planned.
    #[schemars(description = "计划：分", example = 627_300_000)]
    pub planned_fen: Money,
    /// What came.
    #[schemars(
        description = "到位：分，补助为到账，维修资金为已付，投工投劳为估价",
        example = 400_000_000
    )]
    pub in_place_fen: Money,
    /// What it paid.
    #[schemars(description = "已付：分", example = 100_000_000)]
    pub drawn_fen: Money,
    /// What of it is there to pay.
    #[schemars(description = "可付：分", example = 300_000_000)]
    pub left_fen: Money,
}

/// What a source can give for one content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Purse {
    pub(super) source: SourceNo,
    pub(super) kind: SourceKind,
    pub(super) items: Vec<String>,
    /// Planned and not drawn.
    pub(super) room: Money,
    /// The tranches that may pay this content, in their order, with what is left of each.
    pub(super) tranches: Vec<(TrancheNo, Money)>,
    /// What was paid in and is left.
    pub(super) cash: Money,
}

/// A part of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    pub(super) source: SourceNo,
    pub(super) tranche: Option<TrancheNo>,
    pub(super) is_fund: bool,
    pub(super) amount: Money,
}

/// Whether a source may pay for an item at all.
pub(super) fn may_pay(kind: SourceKind, items: &[String], item: &Item) -> bool {
    let is_listed = items.is_empty() || items.contains(&item.item);
    let is_its = match (&item.only, kind) {
        (Some(only), kind) => only == kind.name(),
        (None, SourceKind::PublicAccount) => false,
        (None, SourceKind::Utility) => item.line,
        (None, _) => true,
    };
    is_listed && is_its
}

/// The parts of a payment: `fund` is what an approved request takes of the fund.
///
/// # Errors
/// `renovation.sources-short`.
pub(super) fn draw(
    purses: &[Purse],
    item: &Item,
    amount: Money,
    fund: Money,
) -> Result<Vec<Draw>, Refusal> {
    let mut left = amount - fund;
    let mut fund_left = fund;
    let mut draws = Vec::new();
    for purse in purses.iter().filter(|purse| may_pay(purse.kind, &purse.items, item)) {
        let mut room = purse.room;
        let mut take = |has: Money, of: &mut Money, tranche: Option<TrancheNo>, is_fund: bool| {
            let part = has.min(room).min(*of);
            if part.is_positive() {
                room -= part;
                *of -= part;
                draws.push(Draw { source: purse.source, tranche, is_fund, amount: part });
            }
        };
        match purse.kind.channel() {
            Channel::Fund => take(fund_left, &mut fund_left, None, true),
            Channel::Tranches(_) => {
                for (tranche, has) in &purse.tranches {
                    take(*has, &mut left, Some(*tranche), false);
                }
            }
            Channel::PaidIn(_) => take(purse.cash, &mut left, None, false),
            Channel::Valued => {}
        }
    }
    if left.is_zero() && fund_left.is_zero() && !amount.is_negative() {
        return Ok(draws);
    }
    let told = format!(
        "“{}”本次 {} 元，各来源可付之外尚差 {} 元",
        item.title,
        amount.grouped(),
        (left + fund_left).grouped()
    );
    Err(SOURCES_SHORT.refuse(told).with("gap_fen", (left + fund_left).in_fen()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subsidy::content;

    fn purse(no: i32, kind: SourceKind, room: i64, cash: i64, tranches: &[(i32, i64)]) -> Purse {
        Purse {
            source: SourceNo(no),
            kind,
            items: vec![],
            room: Money::fen(room),
            tranches: tranches.iter().map(|(t, f)| (TrancheNo(*t), Money::fen(*f))).collect(),
            cash: Money::fen(cash),
        }
    }

    fn told(draws: &[Draw]) -> Vec<(i32, i32, i64)> {
        let one = |d: &Draw| (d.source.0, d.tranche.map_or(0, |t| t.0), d.amount.in_fen());
        draws.iter().map(one).collect()
    }

    #[test]
    fn sources_pay_in_the_plans_order_and_their_parts_are_the_payment() {
        let purses = [
            purse(1, SourceKind::CentralMof, 700, 0, &[(1, 300), (2, 900)]),
            purse(2, SourceKind::Labour, 500, 500, &[]),
            purse(3, SourceKind::Fund, 200, 0, &[]),
            purse(4, SourceKind::OwnerCash, 400, 250, &[]),
        ];
        let roof = content::item("roof").unwrap();
        let of = |amount, fund| draw(&purses, roof, Money::fen(amount), Money::fen(fund));
        assert_eq!(told(&of(500, 0).unwrap()), [(1, 1, 300), (1, 2, 200)]);
        // The first is planned for 700 though its tranches have 1,200.
        assert_eq!(told(&of(900, 0).unwrap()), [(1, 1, 300), (1, 2, 400), (4, 0, 200)]);
        assert_eq!(
            told(&of(1150, 200).unwrap()),
            [(1, 1, 300), (1, 2, 400), (3, 0, 200), (4, 0, 250)]
        );
        for (amount, fund) in [(951, 0), (1151, 200), (900, 201)] {
            assert_eq!(of(amount, fund).unwrap_err().code(), "renovation.sources-short");
        }
    }

    #[test]
    fn each_source_pays_only_what_it_may() {
        let water = content::item("water-supply").unwrap();
        let roof = content::item("roof").unwrap();
        let check = content::item("inspection").unwrap();
        let no: [String; 0] = [];
        assert!(
            may_pay(SourceKind::Utility, &no, water) && !may_pay(SourceKind::Utility, &no, roof)
        );
        assert!(may_pay(SourceKind::PublicAccount, &no, check));
        assert!(!may_pay(SourceKind::PublicAccount, &no, roof));
        assert!(!may_pay(SourceKind::OwnerCash, &no, check));
        assert!(!may_pay(SourceKind::City, &["lift".to_owned()], roof));
    }
}
