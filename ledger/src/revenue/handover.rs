//! What is handed over (移交) at the end of a term: the account, the contracts, what is owed and promised, how much paper there is.
//!
//! Always: money is handed over only when nothing is left in the operator's hands; the list is kept word for word with its SHA-256;
//! a term is handed over once, and nothing is dated into it afterwards ([`super::entry`]).
//! Limits: a voucher may still be taken back on a day of a term that was handed over; the list that was signed stays as it was.

use chrono::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::{BANK, OPERATOR};
use super::lease::{self, Lease};
use super::pledge;
use super::publication::{late, publications};
use super::rows::{self, HANDOVER, PAPERS};
use super::{
    DAY, HANDOVER_OPEN, HANDOVER_TWICE, may_be_day, may_be_text, may_have_been, pack_at, terms_on,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::Result;
use crate::id::{CompoundId, RevenueHandoverNo};
use crate::journal::text::hex;
use crate::journal::{self, AsOf, Book};
use crate::money::Money;

/// A hand-over at the end of a term.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRevenueHandover", description = "要登记的公共收益移交：合同或任期届满")]
pub struct HandingOver {
    /// The last day of the term.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "合同、任期的最后一日")]
    pub ended_on: Day,
    /// When it was handed over.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "移交之日")]
    pub handed_on: Day,
    /// To whom.
    #[schemars(description = "接收单位", example = &"业主委员会")]
    pub to: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"移交清单签字页")]
    pub evidence: String,
}

/// What is handed over.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueHandoverList", description = "移交清单")]
pub struct HandoverList {
    /// What stands in the account.
    #[schemars(description = "账户余额：分", example = 2_310_000)]
    pub bank_fen: Money,
    /// Of it the owners'.
    #[schemars(description = "公共收益净额：分", example = 2_250_000)]
    pub net_fen: Money,
    /// Of it owed to the tax office.
    #[schemars(description = "应交税费：分", example = 60_000)]
    pub tax_fen: Money,
    /// Contracts that run on: number, document, who, until when.
    #[schemars(description = "在履行的合同", example = &["1 公益-2026-01 某广告公司 至 2026-12-31，欠付 0.00 元"])]
    pub leases: Vec<String>,
    /// Pledges that are not paid.
    #[schemars(description = "未付清的让渡", example = &["1 2026 年老旧小区改造 未付 80,000.00 元"])]
    pub pledges: Vec<String>,
    /// Publications so far.
    #[schemars(description = "公示份数", example = 4)]
    pub publications: usize,
    /// Vouchers of the book.
    #[schemars(description = "凭证张数", example = 120)]
    pub vouchers: i32,
}

/// A hand-over that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueHandover", description = "公共收益移交")]
pub struct Handover {
    /// Its number.
    #[schemars(description = "移交编号", example = 1)]
    pub handover_no: RevenueHandoverNo,
    /// The last day of the term.
    #[schemars(description = "合同、任期的最后一日")]
    pub ended_on: Day,
    /// When.
    #[schemars(description = "移交之日")]
    pub handed_on: Day,
    /// By when it was due.
    #[schemars(description = "移交的期限：没有规定的为空")]
    pub due_on: Option<Day>,
    /// How many days late.
    #[schemars(description = "迟延天数", example = 0)]
    pub late_days: i64,
    /// From whom.
    #[schemars(description = "移交单位", example = &"某物业公司")]
    pub from: String,
    /// To whom.
    #[schemars(description = "接收单位", example = &"业主委员会")]
    pub to: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"移交清单签字页")]
    pub evidence: String,
    /// The list.
    #[schemars(description = "移交清单")]
    pub list: HandoverList,
    /// Its SHA-256.
    #[schemars(description = "清单的 SHA-256", example = &"9f86d081")]
    pub digest: String,
}

/// Hands public revenue over: the account, the contracts, what is owed; nothing may be left with the operator.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.day`, `revenue.handover-twice`, `revenue.no-terms`, `revenue.handover-open`.
pub async fn hand_over(tx: &mut Tx, asked: &HandingOver) -> Result<Handover> {
    may_be_text("接收单位", &asked.to)?;
    may_be_text("凭据", &asked.evidence)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    may_be_day("最后一日", asked.ended_on)?;
    may_have_been("移交之日", asked.handed_on, today)?;
    if asked.handed_on < asked.ended_on {
        let evidence = format!("{} 届满，{} 移交", asked.ended_on, asked.handed_on);
        return Err(DAY.refuse(evidence).into());
    }
    tx.flush().await?;
    if let Some(ended) = rows::handed_to(tx, compound).await?
        && asked.ended_on <= ended
    {
        let evidence = format!("已移交至 {ended}，本次 {}", asked.ended_on);
        return Err(HANDOVER_TWICE.refuse(evidence).into());
    }
    let agreed = terms_on(tx, compound, asked.ended_on).await?;
    let pack = pack_at(tx, compound, asked.ended_on).await?;
    let list = handover_list(tx, compound, today).await?;
    let law = pack.terms.revenue_clocks.hand_over.0;
    let due_on = law.map(|law| asked.ended_on + Days::new(u64::from(law.days)));

    let no = RevenueHandoverNo(tx.next_no("revenue-handover"));
    let kept = rows::kept(&list)?;
    let digest = hex(&Sha256::digest(kept.as_bytes()));
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.ended_on.into(),
        asked.handed_on.into(),
        due_on.into(),
        agreed.operator.as_str().into(),
        asked.to.trim().into(),
        asked.evidence.trim().into(),
        kept.as_str().into(),
        digest.as_str().into(),
        tx.act().0.into(),
    ];
    tx.put(&HANDOVER, &row);
    Ok(Handover {
        handover_no: no,
        ended_on: asked.ended_on,
        handed_on: asked.handed_on,
        due_on,
        late_days: late(due_on, asked.handed_on),
        from: agreed.operator,
        to: asked.to.trim().to_owned(),
        evidence: asked.evidence.trim().to_owned(),
        list,
        digest,
    })
}

async fn handover_list(
    view: &mut impl View,
    compound: CompoundId,
    today: Day,
) -> Result<HandoverList> {
    let trial =
        journal::trial_balance(view, compound, Book::Revenue, AsOf { day: None, known_at: None })
            .await?;
    let of = |is_such: &dyn Fn(i32) -> bool| -> Money {
        let rows = trial.rows.iter().filter(|row| is_such(row.account));
        rows.map(|row| row.credit_balance_fen - row.debit_balance_fen).sum()
    };
    let held = -of(&|code| code == OPERATOR);
    if !held.is_zero() {
        let evidence = format!("经营人往来 {} 元（正为代收，负为垫付）", held.grouped());
        return Err(HANDOVER_OPEN.refuse(evidence).with("operator_fen", held.in_fen()).into());
    }
    let leases = lease::leases(view, compound, today).await?;
    let runs = leases.iter().filter(|l| !l.is_void() && l.last_day() >= today);
    let told = |l: &Lease| {
        let (no, document, lessee, until) = (l.lease_no, &l.document, &l.lessee, l.last_day());
        format!("{no} {document} {lessee} 至 {until}，欠付 {} 元", l.owed_fen.grouped())
    };
    let pledges = pledge::pledges(view, compound).await?;
    let unpaid = pledges.iter().filter(|p| p.left_fen.is_positive());
    let promised = |p: &pledge::Pledge| {
        format!("{} {} 未付 {} 元", p.pledge_no, p.beneficiary, p.left_fen.grouped())
    };
    let (last, _) = journal::latest(view, compound, Book::Revenue).await?;
    Ok(HandoverList {
        bank_fen: -of(&|code| code == BANK),
        net_fen: of(&|code| code >= 3000),
        tax_fen: of(&|code| code == 2221),
        leases: runs.map(told).collect(),
        pledges: unpaid.map(promised).collect(),
        publications: publications(view, compound, today).await?.len(),
        vouchers: last.0,
    })
}

/// Every hand-over, by number.
///
/// # Errors
/// Storage.
pub async fn handovers(view: &mut impl View, compound: CompoundId) -> Result<Vec<Handover>> {
    let sql = "SELECT handover_no, ended_on, handed_on, due_on, from_whom, to_whom, evidence, list, digest
               FROM revenue_handover WHERE compound_id = $1 ORDER BY handover_no";
    let mut found = Vec::new();
    for row in view.rows(PAPERS, sql, vec![compound.0.into()]).await? {
        let (due_on, handed_on): (Option<Day>, Day) =
            (row.try_get("", "due_on")?, row.try_get("", "handed_on")?);
        found.push(Handover {
            handover_no: RevenueHandoverNo(row.try_get("", "handover_no")?),
            ended_on: row.try_get("", "ended_on")?,
            handed_on,
            due_on,
            late_days: late(due_on, handed_on),
            from: row.try_get("", "from_whom")?,
            to: row.try_get("", "to_whom")?,
            evidence: row.try_get("", "evidence")?,
            list: rows::of_kept(&row.try_get::<String>("", "list")?)?,
            digest: row.try_get("", "digest")?,
        });
    }
    Ok(found)
}
