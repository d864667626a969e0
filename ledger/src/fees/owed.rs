//! What stands on bills: charged, open, forgiven, and so paid. Read by whatever takes something back.
//!
//! Always: paid = charged − open − forgiven, of a bill that stands; of one that does not, nothing.

use std::collections::BTreeMap;

use super::rows::{BILLS, bill_stands, stands};
use super::{NO_BILL, PREPAID, RECEIVABLE};
use crate::books::{Tx, View as _};
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{DwellingNo, MatterNo, VoucherSeq};
use crate::journal::{self, Book};
use crate::money::Money;
use crate::tariff::Bearer;

/// A bill, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) dwelling: DwellingNo,
    pub(super) no: MatterNo,
    pub(super) item: String,
    pub(super) from_on: Day,
    pub(super) to_on: Day,
    pub(super) due_on: Day,
    pub(super) amount: Money,
    pub(super) tax: Money,
    pub(super) bearer: Bearer,
    pub(super) voucher: VoucherSeq,
    pub(super) open: Money,
    /// Σ forgiven.
    pub(super) remitted: Money,
    /// The tax within what was forgiven.
    pub(super) remitted_tax: Money,
    pub(super) is_standing: bool,
    /// Whether it is itself a penalty.
    pub(super) is_penalty: bool,
}

impl State {
    /// What is paid of it, and not given back.
    pub(super) fn paid(&self) -> Money {
        if self.is_standing { self.amount - self.open - self.remitted } else { Money::ZERO }
    }
}

/// The bills of some dwellings, oldest first, and what the dwellings have prepaid.
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    pub(super) bills: Vec<State>,
    prepaid: BTreeMap<DwellingNo, Money>,
}

impl States {
    pub(super) fn bill(&self, dwelling: DwellingNo, no: MatterNo) -> Option<&State> {
        self.bills.iter().find(|bill| (bill.dwelling, bill.no) == (dwelling, no))
    }

    /// A bill that stands.
    pub(super) fn standing(&self, dwelling: DwellingNo, no: MatterNo) -> Result<&State> {
        let found = self.bill(dwelling, no).filter(|bill| bill.is_standing);
        Ok(found.ok_or_else(|| NO_BILL.refuse(format!("账单 {no}")))?)
    }

    pub(super) fn prepaid(&self, dwelling: DwellingNo) -> Money {
        self.prepaid.get(&dwelling).copied().unwrap_or_default()
    }
}

/// What stands on the bills of some dwellings, as an act sees it. What waits is written first.
pub(super) async fn states(tx: &mut Tx, dwellings: &[DwellingNo]) -> Result<States> {
    tx.flush().await?;
    let mut open: BTreeMap<(DwellingNo, MatterNo), Money> = BTreeMap::new();
    let mut states = States::default();
    for (dwelling, balance) in journal::balances_of_all(tx, Book::Service, dwellings).await? {
        match (balance.account, balance.matter) {
            (RECEIVABLE, Some(bill)) => {
                open.insert((dwelling, bill), balance.debit_balance());
            }
            (PREPAID, _) => {
                *states.prepaid.entry(dwelling).or_default() -= balance.debit_balance();
            }
            _ => {}
        }
    }
    let numbers: Vec<i32> = dwellings.iter().map(|no| no.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    let (is_standing, counts) = (bill_stands(), stands("m"));
    let remitted = |column: &str| {
        format!(
            "COALESCE((SELECT CAST(sum(m.{column}) AS BIGINT) FROM bill_remission m
               WHERE m.compound_id = b.compound_id AND m.dwelling_no = b.dwelling_no
                 AND m.matter_no = b.matter_no AND {counts}), 0)"
        )
    };
    let (forgiven, forgiven_tax) = (remitted("amount_fen"), remitted("tax_fen"));
    let sql = format!(
        "SELECT b.dwelling_no, b.matter_no, b.item, b.from_on, b.to_on, b.due_on, b.amount_fen, b.tax_fen, b.bearer,
           b.voucher_seq, {forgiven} AS remitted_fen, {forgiven_tax} AS remitted_tax_fen,
           CASE WHEN {is_standing} THEN 1 ELSE 0 END AS is_standing,
           CASE WHEN EXISTS (SELECT 1 FROM bill_penalty n WHERE n.compound_id = b.compound_id
                               AND n.dwelling_no = b.dwelling_no AND n.matter_no = b.matter_no)
                THEN 1 ELSE 0 END AS is_penalty
         FROM bill b WHERE b.compound_id = $1 AND b.dwelling_no {list}
         ORDER BY b.from_on, b.due_on, b.matter_no"
    );
    for row in tx.rows(BILLS, &sql, vec![tx.compound().0.into(), value]).await? {
        let dwelling = DwellingNo(row.try_get("", "dwelling_no")?);
        let no = MatterNo(row.try_get("", "matter_no")?);
        states.bills.push(State {
            dwelling,
            no,
            item: row.try_get("", "item")?,
            from_on: row.try_get("", "from_on")?,
            to_on: row.try_get("", "to_on")?,
            due_on: row.try_get("", "due_on")?,
            amount: Money::fen(row.try_get("", "amount_fen")?),
            tax: Money::fen(row.try_get("", "tax_fen")?),
            bearer: Bearer::named(&row.try_get::<String>("", "bearer")?),
            voucher: VoucherSeq(row.try_get("", "voucher_seq")?),
            open: open.get(&(dwelling, no)).copied().unwrap_or_default(),
            remitted: Money::fen(row.try_get("", "remitted_fen")?),
            remitted_tax: Money::fen(row.try_get("", "remitted_tax_fen")?),
            is_standing: row.try_get::<i32>("", "is_standing")? == 1,
            is_penalty: row.try_get::<i32>("", "is_penalty")? == 1,
        });
    }
    Ok(states)
}
