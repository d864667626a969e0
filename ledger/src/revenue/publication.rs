//! What is published (公示), by when, for how long.
//!
//! Always: a publication keeps the sheet it showed, word for word, with its SHA-256; figures that changed since are published
//! anew and name the one they correct. A publication whose period moved in the books since says so, and is a duty until it is
//! published anew. What is due and was not done is listed with its day and the days since.
//! Limits: where the law names no day nothing is overdue, and what is not done is listed without one; working days of a year whose
//! arrangement is unknown are not counted. Money that moved makes a publication stale; what is due, what is owed to the fund and the
//! notes go on changing with what happens after the period, and do not.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::distribution::{owed, scopes};
use super::entry::{BANK, OPERATOR, said};
use super::lease::{self, Lease};
use super::reckon::{self, Move, Sort, period_of};
use super::rows::{self, PAPERS, PUBLICATION, TAKE_DOWN};
use super::{
    DAY, NO_PUBLICATION, PERIOD, PUBLISHED, TOO_SHORT, may_be_text, may_have_been, pack_at, terms,
    terms_on,
};
use crate::books::{Reads, Tx, View};
use crate::calendar::{Day, Month, is_working, iso_day};
use crate::error::{Result, Storage};
use crate::governance::Scope;
use crate::id::{CompoundId, MotionNo, PublicationNo, RevenueLeaseNo, RoundNo};
use crate::journal::text::hex;
use crate::journal::{self, AsOf, Book};
use crate::money::Money;
use crate::policy::terms::{Clocks, Covers, Days as Counted, Notice};

/// Which stretch a publication covers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RevenueCovers", description = "公示的期间")]
pub enum Stretch {
    /// 月.
    #[schemars(description = "月")]
    Month,
    /// 季.
    #[schemars(description = "季")]
    Quarter,
    /// 半年.
    #[schemars(description = "半年")]
    HalfYear,
    /// 年.
    #[schemars(description = "年")]
    Year,
}

impl Stretch {
    const fn covers(self) -> Covers {
        match self {
            Stretch::Month => Covers::Month,
            Stretch::Quarter => Covers::Quarter,
            Stretch::HalfYear => Covers::HalfYear,
            Stretch::Year => Covers::Year,
        }
    }

    /// The word on a list.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Stretch::Month => "月",
            Stretch::Quarter => "季",
            Stretch::HalfYear => "半年",
            Stretch::Year => "年",
        }
    }

    const fn of(covers: Covers) -> Option<Stretch> {
        match covers {
            Covers::Month => Some(Stretch::Month),
            Covers::Quarter => Some(Stretch::Quarter),
            Covers::HalfYear => Some(Stretch::HalfYear),
            Covers::Year => Some(Stretch::Year),
            Covers::Unstated => None,
        }
    }
}

/// One source of income on a sheet.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueIncomeLine", description = "一项收入")]
pub struct IncomeLine {
    /// Where from.
    #[schemars(description = "项目", example = &"停车位")]
    pub item: String,
    /// The contract's number.
    #[schemars(description = "经营合同编号：没有则空")]
    pub lease_no: Option<RevenueLeaseNo>,
    /// The contract and who has it.
    #[schemars(description = "合同号与相对方", example = &"公益-2026-01 某广告公司")]
    pub contract: String,
    /// What was due in the period.
    #[schemars(description = "本期应收：分", example = 360_000)]
    pub due_fen: Money,
    /// What came in.
    #[schemars(description = "实收：分", example = 240_000)]
    pub received_fen: Money,
    /// Its tax.
    #[schemars(description = "税额：分", example = 19_817)]
    pub tax_fen: Money,
}

/// A sum by what it is.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueItem", description = "一项支出")]
pub struct Item {
    /// What.
    #[schemars(description = "事项", example = &"能耗")]
    pub item: String,
    /// What it rests on.
    #[schemars(description = "依据：表决与事项，没有则空", example = &"表决 1 事项 1")]
    pub by: String,
    /// How much.
    #[schemars(description = "金额：分", example = 30_000)]
    pub amount_fen: Money,
}

/// The sheet of one scope.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueScopeSheet", description = "一个范围的公共收益")]
pub struct ScopeSheet {
    /// Whose.
    #[schemars(description = "归谁", example = &"全体业主")]
    pub scope: String,
    /// Part 1.
    #[schemars(description = "收入")]
    pub income: Vec<IncomeLine>,
    /// Reasonable cost.
    #[schemars(description = "合理成本与经营人分成")]
    pub costs: Vec<Item>,
    /// Part 2: where it went.
    #[schemars(description = "支出与分配")]
    pub spent: Vec<Item>,
    /// Part 3.
    #[schemars(description = "期初结余：分", example = 0)]
    pub opening_fen: Money,
    /// Income, tax included.
    #[schemars(description = "收入合计：分，含税", example = 6_000_000)]
    pub income_fen: Money,
    /// Tax.
    #[schemars(description = "税额合计：分", example = 60_000)]
    pub tax_fen: Money,
    /// Cost.
    #[schemars(description = "成本合计：分", example = 940_000)]
    pub cost_fen: Money,
    /// What is left.
    #[schemars(description = "净收入：分", example = 5_000_000)]
    pub net_fen: Money,
    /// What went anywhere.
    #[schemars(description = "支出与分配合计：分", example = 2_750_000)]
    pub spent_fen: Money,
    /// Of it into the fund.
    #[schemars(description = "其中划入维修资金：分", example = 2_750_000)]
    pub fund_fen: Money,
    /// What is still owed to the fund, of all periods so far.
    #[schemars(description = "应划未划：分，至本期末各期合计", example = 0)]
    pub owed_fen: Money,
    /// What is left of all.
    #[schemars(description = "期末结余：分", example = 2_250_000)]
    pub closing_fen: Money,
}

/// The sheet of public revenue (公共收益公示表, `property.md` §4.6 D7).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueSheet", description = "公共收益公示表：各数与账上相符")]
pub struct Sheet {
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last.
    #[schemars(description = "止日")]
    pub to_on: Day,
    /// Who runs it.
    #[schemars(description = "经营人", example = &"某物业公司")]
    pub operator: String,
    /// The account.
    #[schemars(description = "账户", example = &"某银行 尾号 0481")]
    pub account: String,
    /// Scope by scope.
    #[schemars(description = "各范围")]
    pub scopes: Vec<ScopeSheet>,
    /// Σ.
    #[schemars(description = "期末结余合计：分", example = 2_250_000)]
    pub closing_fen: Money,
    /// The ledger's net assets of the book.
    #[schemars(description = "账上公共收益净额：分", example = 2_250_000)]
    pub ledger_fen: Money,
    /// Whether they agree.
    #[schemars(description = "核对：合计 = 账上", example = true)]
    pub agrees: bool,
    /// What stands in the account.
    #[schemars(description = "账户余额：分", example = 2_310_000)]
    pub bank_fen: Money,
    /// What the operator holds; negative what they laid out.
    #[schemars(description = "经营人代收未转入：分；为负的是垫付", example = 0)]
    pub operator_fen: Money,
    /// Part 4: who owes, which contracts end soon.
    #[schemars(description = "说明：欠付与合同到期")]
    pub notes: Vec<String>,
}

impl Sheet {
    /// SHA-256, in hexadecimal, of the sheet as JSON.
    ///
    /// # Errors
    /// Storage, if it is no JSON.
    pub fn digest(&self) -> Result<String> {
        Ok(hex(&Sha256::digest(rows::kept(self)?.as_bytes())))
    }

    /// What of it moved money by the last day of its period: nothing that happens later changes that, unless it is dated into it.
    fn moved(&self) -> Sheet {
        let mut sheet = self.clone();
        for of in &mut sheet.scopes {
            of.owed_fen = Money::ZERO;
            of.income.retain(|line| !(line.received_fen.is_zero() && line.tax_fen.is_zero()));
            for line in &mut of.income {
                line.due_fen = Money::ZERO;
            }
        }
        // A scope that got its first revenue later stands with nothing but noughts.
        sheet.scopes.retain(|of| {
            let is_listed = !(of.income.is_empty() && of.costs.is_empty() && of.spent.is_empty());
            is_listed || !of.opening_fen.is_zero()
        });
        sheet.operator.clear();
        sheet.account.clear();
        sheet.notes.clear();
        sheet
    }

    /// The sheet as it is posted up, as plain text.
    #[must_use]
    pub fn in_text(&self, compound: &str) -> String {
        let mut text = format!(
            "{compound}  公共收益公示表  {} 至 {}  单位：元\n经营人 {}  账户 {}\n",
            self.from_on, self.to_on, self.operator, self.account
        );
        for of in &self.scopes {
            text += &format!("\n{}\n一、收入\n", of.scope);
            for line in &of.income {
                let sums = [line.due_fen, line.received_fen, line.tax_fen].map(Money::grouped);
                let [due, received, tax] = sums;
                text += &format!(
                    "  {}  {}  应收 {due}  实收 {received}  税额 {tax}\n",
                    line.item, line.contract
                );
            }
            text += "二、支出\n";
            for line in of.costs.iter().chain(&of.spent) {
                text += &format!("  {}  {}  {}\n", line.item, line.amount_fen.grouped(), line.by);
            }
            text += &format!(
                "三、结转\n  期初结余 {} + 净收入 {} − 支出与分配 {} = 期末结余 {}\n  划入维修资金 {}，应划未划 {}\n",
                of.opening_fen.grouped(),
                of.net_fen.grouped(),
                of.spent_fen.grouped(),
                of.closing_fen.grouped(),
                of.fund_fen.grouped(),
                of.owed_fen.grouped()
            );
        }
        text += "\n四、说明\n";
        for note in &self.notes {
            text += &format!("  {note}\n");
        }
        let told = if self.agrees { "相符" } else { "不符" };
        text += &format!("核对：账上净额 {}，{told}\n", self.ledger_fen.grouped());
        text
    }
}

/// The sheet of a period as it would be published now.
///
/// # Errors
/// `revenue.period`, `revenue.no-terms`, storage.
pub async fn sheet(
    view: &mut impl View,
    compound: CompoundId,
    covers: Stretch,
    through: Month,
    today: Day,
) -> Result<Sheet> {
    let (first, last) = period_of(covers.covers(), through);
    let (from_on, to_on) = (first.first_day(), last.last_day());
    if last != through || to_on >= today {
        return Err(PERIOD.refuse(format!("{first} 至 {last}，今天 {today}")).into());
    }
    let agreed = terms_on(view, compound, to_on).await?;
    let moves = rows::moves(view, compound).await?;
    let mut debts = BTreeMap::new();
    for scope in scopes(&moves)? {
        let owed = owed(view, compound, &moves, &scope, through, to_on).await?;
        let debt: Money = owed.iter().map(|standing| standing.owed_fen).sum();
        debts.insert(scope, debt);
    }
    let run = (agreed.operator, agreed.account);
    told(view, compound, &moves, (from_on, to_on), run, &debts).await
}

/// The sheet of a stretch by what moved, by whom it is run with which account, and what each scope owes the fund.
async fn told(
    view: &mut impl View,
    compound: CompoundId,
    moves: &[Move],
    (from_on, to_on): (Day, Day),
    (operator, account): (String, String),
    debts: &BTreeMap<String, Money>,
) -> Result<Sheet> {
    let leases = lease::standing(view, compound, moves, to_on).await?;
    let mut sheets = Vec::new();
    for scope in scopes(moves)? {
        let debt = debts.get(&scope).copied().unwrap_or_default();
        sheets.push(scope_sheet(moves, &leases, &scope, (from_on, to_on), debt)?);
    }
    let as_of = AsOf { day: Some(to_on), known_at: None };
    let trial = journal::trial_balance(view, compound, Book::Revenue, as_of).await?;
    let credit = |row: &journal::TrialRow| row.credit_balance_fen - row.debit_balance_fen;
    let of = |code: i32| -> Money {
        trial.rows.iter().filter(|row| row.account == code).map(credit).sum()
    };
    // 3101 and the flows that close into it.
    let ledger_fen = trial.rows.iter().filter(|row| row.account >= 3000).map(credit).sum();
    let closing_fen: Money = sheets.iter().map(|sheet| sheet.closing_fen).sum();
    Ok(Sheet {
        from_on,
        to_on,
        operator,
        account,
        scopes: sheets,
        closing_fen,
        ledger_fen,
        agrees: closing_fen == ledger_fen,
        bank_fen: -of(BANK),
        operator_fen: -of(OPERATOR),
        notes: notes(&leases, to_on),
    })
}

/// Who owes what, and which contracts end within 90 days.
fn notes(leases: &[Lease], on: Day) -> Vec<String> {
    let mut told = Vec::new();
    for lease in leases.iter().filter(|lease| !lease.is_void()) {
        if lease.owed_fen.is_positive() {
            told.push(format!(
                "{} {}欠付 {} 元，最早一笔逾期 {} 天",
                lease.document,
                lease.lessee,
                lease.owed_fen.grouped(),
                lease.overdue_days
            ));
        }
        let ends = lease.last_day();
        let left = (ends - on).num_days();
        if (0..=90).contains(&left) {
            told.push(format!("{} {}将于 {ends} 到期", lease.document, lease.lessee));
        }
    }
    told
}

/// Which sort, on what, by which resolution.
type SpentOn = (Sort, String, Option<(RoundNo, MotionNo)>);

fn scope_sheet(
    moves: &[Move],
    leases: &[Lease],
    scope: &str,
    (from, to): (Day, Day),
    owed_fen: Money,
) -> Result<ScopeSheet> {
    let of: Scope = rows::of_kept(scope)?;
    let within: Vec<&Move> =
        moves.iter().filter(|m| m.scope == scope && from <= m.on && m.on <= to).collect();
    let income = income_lines(&within, leases, &of, (from, to));
    let mut costs: BTreeMap<(Sort, String), Money> = BTreeMap::new();
    let mut spent: BTreeMap<SpentOn, Money> = BTreeMap::new();
    for m in &within {
        let item = said(m.sort, &m.what);
        if m.sort.is_cost() {
            *costs.entry((m.sort, item)).or_default() += m.amount;
        } else if m.sort.distributes() {
            *spent.entry((m.sort, item, m.by)).or_default() += m.amount;
        }
    }
    let given = |from: Day, to: Day, only: Option<Sort>| -> Money {
        let such = moves.iter().filter(|m| {
            m.scope == scope
                && m.sort.distributes()
                && (from..=to).contains(&m.on)
                && only.is_none_or(|sort| sort == m.sort)
        });
        such.map(|m| m.amount).sum()
    };
    let before = from.pred_opt().unwrap_or(Day::MIN);
    let opening_fen =
        reckon::net(moves, scope, Day::MIN, before).net() - given(Day::MIN, before, None);
    let net = reckon::net(moves, scope, from, to);
    let spent_fen = given(from, to, None);
    let by_vote = |by: Option<(RoundNo, MotionNo)>| {
        by.map_or(String::new(), |(round, motion)| format!("表决 {round} 事项 {motion}"))
    };
    let cost = |((_, item), amount_fen)| Item { item, by: String::new(), amount_fen };
    let use_of =
        |((_, item, by), amount_fen): (SpentOn, Money)| Item { item, by: by_vote(by), amount_fen };
    Ok(ScopeSheet {
        scope: of.in_chinese(),
        income,
        costs: costs.into_iter().map(cost).collect(),
        spent: spent.into_iter().map(use_of).collect(),
        opening_fen,
        income_fen: net.income,
        tax_fen: net.tax,
        cost_fen: net.cost,
        net_fen: net.net(),
        spent_fen,
        fund_fen: given(from, to, Some(Sort::Fund)),
        owed_fen,
        closing_fen: opening_fen + net.net() - spent_fen,
    })
}

/// What each contract brought, and what came without one.
fn income_lines(
    within: &[&Move],
    leases: &[Lease],
    of: &Scope,
    (from, to): (Day, Day),
) -> Vec<IncomeLine> {
    let mut came: BTreeMap<(Option<RevenueLeaseNo>, String), (Money, Money)> = BTreeMap::new();
    for m in within.iter().filter(|m| m.sort == Sort::Income) {
        let sum = came.entry((m.lease, said(m.sort, &m.what))).or_default();
        *sum = (sum.0 + m.amount, sum.1 + m.tax);
    }
    let mut lines = Vec::new();
    for lease in leases.iter().filter(|lease| lease.scope == *of) {
        let dues = lease.dues.iter().filter(|due| (from..=to).contains(&due.due_on));
        let due_fen: Money = dues.map(|due| due.amount_fen).sum();
        let item = lease.income.in_chinese().to_owned();
        let sum = came.remove(&(Some(lease.lease_no), item.clone())).unwrap_or_default();
        if due_fen.is_zero() && sum == (Money::ZERO, Money::ZERO) {
            continue;
        }
        lines.push(IncomeLine {
            item,
            lease_no: Some(lease.lease_no),
            contract: format!("{} {}", lease.document, lease.lessee),
            due_fen,
            received_fen: sum.0,
            tax_fen: sum.1,
        });
    }
    let loose = came.into_iter().map(|((lease_no, item), (received_fen, tax_fen))| IncomeLine {
        item,
        lease_no,
        contract: String::new(),
        due_fen: received_fen,
        received_fen,
        tax_fen,
    });
    lines.extend(loose);
    lines
}

/// A publication to record.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRevenuePublication", description = "要登记的公示：公示表随即固定")]
pub struct Publishing {
    /// Which stretch.
    #[schemars(description = "期间的长短")]
    pub covers: Stretch,
    /// Its last month.
    #[schemars(description = "期间的末月")]
    pub through: Month,
    /// Since when it hangs.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "公示之日：当日不计")]
    pub posted_on: Day,
    /// Where.
    #[schemars(description = "公示地点", example = &"公告栏与各出入口")]
    pub place: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"照片 3 张")]
    pub evidence: String,
}

/// What a publication became.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenuePublished", description = "已登记的公示")]
pub struct Published {
    /// Its number.
    #[schemars(description = "公示编号", example = 1)]
    pub publication_no: PublicationNo,
    /// What it showed.
    #[schemars(description = "公示表的 SHA-256", example = &"9f86d081")]
    pub digest: String,
    /// By when it was due.
    #[schemars(description = "应公示之日：当地没有规定的为空")]
    pub due_on: Option<Day>,
    /// How many days late.
    #[schemars(description = "迟延天数", example = 0)]
    pub late_days: i64,
    /// Which one it corrects.
    #[schemars(description = "所更正的公示编号：没有则空")]
    pub corrects_no: Option<PublicationNo>,
}

/// A publication, and how long it has hung.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RevenuePublication", description = "公共收益公示")]
pub struct Publication {
    /// Its number.
    #[schemars(description = "公示编号", example = 1)]
    pub publication_no: PublicationNo,
    /// Which stretch.
    #[schemars(description = "期间的长短")]
    pub covers: Stretch,
    /// Its last month.
    #[schemars(description = "期间的末月")]
    pub through: Month,
    /// Since when.
    #[schemars(description = "公示之日")]
    pub posted_on: Day,
    /// The last day, if it was taken down.
    #[schemars(description = "撤下之日：仍在公示的为空")]
    pub until_on: Option<Day>,
    /// By when it was due.
    #[schemars(description = "应公示之日：没有规定的为空")]
    pub due_on: Option<Day>,
    /// How many days late.
    #[schemars(description = "迟延天数", example = 0)]
    pub late_days: i64,
    /// How many whole days it has hung.
    #[schemars(description = "已公示天数：当日不计", example = 12)]
    pub hung_days: i64,
    /// Where.
    #[schemars(description = "公示地点", example = &"公告栏与各出入口")]
    pub place: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"照片 3 张")]
    pub evidence: String,
    /// Which one it corrects.
    #[schemars(description = "所更正的公示编号：没有则空")]
    pub corrects_no: Option<PublicationNo>,
    /// Which one corrects it.
    #[schemars(description = "更正本公示的公示编号：没有则空，即最近的一份")]
    pub corrected_by_no: Option<PublicationNo>,
    /// Whether its period moved in the books since.
    #[schemars(
        description = "账面已变，须重新公示：登记公示后，账上又有日期在本期间的收支或冲销",
        example = false
    )]
    pub is_stale: bool,
    /// What it showed.
    #[schemars(description = "公示表的 SHA-256", example = &"9f86d081")]
    pub digest: String,
    /// The sheet as it was shown.
    #[schemars(description = "公示表")]
    pub sheet: Sheet,
}

/// Publishes the sheet of a period.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.day`, those of [`sheet`], `revenue.published`.
pub async fn publish(tx: &mut Tx, asked: &Publishing) -> Result<Published> {
    may_be_text("公示地点", &asked.place)?;
    may_be_text("凭据", &asked.evidence)?;
    let (compound, today, through) = (tx.compound(), tx.at().day(), asked.through);
    may_have_been("公示之日", asked.posted_on, today)?;
    tx.flush().await?;
    let told = sheet(tx, compound, asked.covers, through, today).await?;
    if asked.posted_on <= told.to_on {
        return Err(DAY
            .refuse(format!("{} 公示，期间止于 {}", asked.posted_on, told.to_on))
            .into());
    }
    let known = publications(tx, compound, today).await?;
    let same = |p: &&Publication| p.covers == asked.covers && p.through == through;
    let last = known.iter().rev().find(same);
    let digest = told.digest()?;
    if let Some(last) = last.filter(|last| last.digest == digest) {
        let evidence =
            format!("{through} 已于 {} 公示，编号 {}", last.posted_on, last.publication_no);
        return Err(PUBLISHED.refuse(evidence).into());
    }
    let pack = pack_at(tx, compound, told.to_on).await?;
    let is_lawful = Stretch::of(pack.terms.disclosure_revenue.covers) == Some(asked.covers);
    let by_law = pack.terms.revenue_clocks.publish_by.0.filter(|_| is_lawful);
    let due_on = by_law.map(|after| after.following(through));

    let no = PublicationNo(tx.next_no("revenue-publication"));
    let corrects_no = last.map(|last| last.publication_no);
    let (word, kept) = (rows::word(asked.covers)?, rows::kept(&told)?);
    let provenance = pack.provenance.to_string();
    let row = [
        compound.0.into(),
        no.0.into(),
        word.as_str().into(),
        through.number().into(),
        asked.posted_on.into(),
        due_on.into(),
        asked.place.trim().into(),
        asked.evidence.trim().into(),
        corrects_no.map(|no| no.0).into(),
        kept.as_str().into(),
        digest.as_str().into(),
        provenance.as_str().into(),
        tx.act().0.into(),
    ];
    tx.put(&PUBLICATION, &row);
    let late_days = late(due_on, asked.posted_on);
    Ok(Published { publication_no: no, digest, due_on, late_days, corrects_no })
}

pub(super) fn late(due_on: Option<Day>, done_on: Day) -> i64 {
    due_on.map_or(0, |due| (done_on - due).num_days().max(0))
}

/// A publication to take down.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TakeDownRevenue", description = "撤下公示")]
pub struct TakingDown {
    /// The last day it hung.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "公示的最后一日")]
    pub until_on: Day,
    /// Why.
    #[schemars(description = "原因", example = &"下一季度已公示")]
    pub reason: String,
}

/// Takes a publication down when it has hung as long as the law wants.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.day`, `revenue.no-publication`, `revenue.too-short`.
pub async fn take_down(tx: &mut Tx, no: PublicationNo, asked: &TakingDown) -> Result<()> {
    may_be_text("原因", &asked.reason)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    may_have_been("公示的最后一日", asked.until_on, today)?;
    let known = publications(tx, compound, today).await?;
    let live = |p: &Publication| {
        p.publication_no == no && p.until_on.is_none() && p.posted_on <= asked.until_on
    };
    let found = known.into_iter().find(live);
    let one = found.ok_or_else(|| NO_PUBLICATION.refuse(format!("公示编号 {no}")))?;
    let pack = pack_at(tx, compound, one.posted_on).await?;
    if let Some(law) = pack.terms.revenue_clocks.stays.0
        && law.is == Clocks::AtLeast
    {
        let hung = hung(law, one.posted_on, asked.until_on);
        if hung.is_none_or(|days| days < i64::from(law.days)) {
            let days = hung.map_or("无从计算".to_owned(), |days| format!("{days} 天"));
            let article = &pack.terms.revenue_clocks.article;
            let evidence = format!("已公示{days}，规定 {} 天（{article}）", law.days);
            return Err(TOO_SHORT.refuse(evidence).into());
        }
    }
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.until_on.into(),
        asked.reason.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&TAKE_DOWN, &row);
    Ok(())
}

/// The days of the kind a clock counts, from the day after posting to the last day it hung; none where a year is unknown.
fn hung(law: Notice, posted_on: Day, until_on: Day) -> Option<i64> {
    let mut days = posted_on.iter_days().skip(1).take_while(|day| *day <= until_on);
    match law.counted {
        Counted::Calendar => Some((until_on - posted_on).num_days()),
        Counted::Working => {
            days.try_fold(0, |sum, day| is_working(day).map(|works| sum + i64::from(works)))
        }
    }
}

/// Every publication, by number, as of a day.
///
/// # Errors
/// Storage.
pub async fn publications(
    view: &mut impl View,
    compound: CompoundId,
    today: Day,
) -> Result<Vec<Publication>> {
    let sql = "SELECT p.publication_no, p.covers, p.through, p.posted_on, p.due_on, p.place, p.evidence, p.corrects_no,
                 p.sheet, p.digest, t.until_on
               FROM revenue_publication p LEFT JOIN revenue_take_down t
                 ON t.compound_id = p.compound_id AND t.publication_no = p.publication_no
               WHERE p.compound_id = $1 ORDER BY p.publication_no";
    let mut found = Vec::new();
    for row in view.rows(PAPERS, sql, vec![compound.0.into()]).await? {
        let through: i32 = row.try_get("", "through")?;
        let bad = || Storage::Bug(format!("a publication is through {through}"));
        let (posted_on, until_on): (Day, Option<Day>) =
            (row.try_get("", "posted_on")?, row.try_get("", "until_on")?);
        let due_on: Option<Day> = row.try_get("", "due_on")?;
        found.push(Publication {
            publication_no: PublicationNo(row.try_get("", "publication_no")?),
            covers: rows::of_word(row.try_get("", "covers")?)?,
            through: Month::from_number(through).ok_or_else(bad)?,
            posted_on,
            until_on,
            due_on,
            late_days: late(due_on, posted_on),
            hung_days: (until_on.unwrap_or(today) - posted_on).num_days().max(0),
            place: row.try_get("", "place")?,
            evidence: row.try_get("", "evidence")?,
            corrects_no: row.try_get::<Option<i32>>("", "corrects_no")?.map(PublicationNo),
            corrected_by_no: None,
            is_stale: false,
            digest: row.try_get("", "digest")?,
            sheet: rows::of_kept(&row.try_get::<String>("", "sheet")?)?,
        });
    }
    let corrections: BTreeMap<PublicationNo, PublicationNo> =
        found.iter().filter_map(|p| Some((p.corrects_no?, p.publication_no))).collect();
    let stale = stale(view, compound, &found).await?;
    for publication in &mut found {
        publication.corrected_by_no = corrections.get(&publication.publication_no).copied();
        publication.is_stale = stale.contains(&publication.publication_no);
    }
    Ok(found)
}

/// Publications whose sheet would show other money now: of those after which something was dated into their time or before, the
/// ones it changed.
async fn stale(
    view: &mut impl View,
    compound: CompoundId,
    known: &[Publication],
) -> Result<BTreeSet<PublicationNo>> {
    let sql = "SELECT p.publication_no, min(v.effective_on) AS earliest
               FROM revenue_publication p
               JOIN voucher v ON v.compound_id = p.compound_id AND v.book = $2 AND v.act_no > p.act_no
               WHERE p.compound_id = $1 GROUP BY p.publication_no";
    let values = vec![compound.0.into(), Book::Revenue.number().into()];
    let mut earliest: BTreeMap<PublicationNo, Day> = BTreeMap::new();
    for row in view.rows(PAPERS, sql, values).await? {
        let no = PublicationNo(row.try_get("", "publication_no")?);
        earliest.insert(no, row.try_get("", "earliest")?);
    }
    let moved_since = |p: &&Publication| {
        earliest.get(&p.publication_no).is_some_and(|earliest| *earliest <= p.sheet.to_on)
    };
    let asked: Vec<&Publication> = known.iter().filter(moved_since).collect();
    let mut stale = BTreeSet::new();
    if asked.is_empty() {
        return Ok(stale);
    }
    let moves = rows::moves(view, compound).await?;
    for one in asked {
        let stretch = (one.sheet.from_on, one.sheet.to_on);
        let run = (one.sheet.operator.clone(), one.sheet.account.clone());
        let now = told(view, compound, &moves, stretch, run, &BTreeMap::new()).await?;
        if now.moved() != one.sheet.moved() {
            stale.insert(one.publication_no);
        }
    }
    Ok(stale)
}

/// What is due of public revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RevenueDutyKind", description = "应办的事")]
pub enum Duty {
    /// 公示.
    #[schemars(description = "公示")]
    Publish,
    /// 重新公示.
    #[schemars(description = "重新公示：公示后账面已变")]
    Republish,
    /// 划入维修资金.
    #[schemars(description = "划入维修资金")]
    ToFund,
}

impl Duty {
    /// The word on a list.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Duty::Publish => "公示",
            Duty::Republish => "重新公示",
            Duty::ToFund => "划入维修资金",
        }
    }
}

/// A duty that is not done.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RevenueDuty", description = "尚未办理的公示、划转及其逾期天数")]
pub struct Open {
    /// Which.
    #[schemars(description = "应办的事")]
    pub duty: Duty,
    /// Whose revenue; empty for all.
    #[schemars(description = "归谁：公示的为空", example = &"全体业主")]
    pub scope: String,
    /// The period, by its last month.
    #[schemars(description = "期间的末月")]
    pub through: Month,
    /// By when, where the law names a day.
    #[schemars(description = "期限：当地没有规定期限的为空；重新公示的为空，即应随时办理")]
    pub due_on: Option<Day>,
    /// How many days since; negative before; none without a day.
    #[schemars(description = "逾期天数：为负的是尚余天数；没有期限的为空", example = 12)]
    pub overdue_days: Option<i64>,
    /// How much, where it is money.
    #[schemars(description = "应划未划：分，公示的为 0", example = 2_750_000)]
    pub amount_fen: Money,
    /// What says so.
    #[schemars(description = "依据", example = &"沪房规范〔2025〕8号")]
    pub article: String,
}

/// The compounds that have public revenue, or terms of it.
///
/// # Errors
/// Storage.
pub(crate) async fn having(view: &mut impl View) -> Result<BTreeSet<CompoundId>> {
    let sql = "SELECT DISTINCT compound_id FROM revenue_entry UNION SELECT compound_id FROM revenue_terms";
    let found = view.rows(Reads::SETTLED, sql, vec![]).await?;
    found.iter().map(|row| Ok(CompoundId(row.try_get_by_index(0)?))).collect()
}

/// What the law wanted of the periods that ended and was not done, oldest first; what has no day comes last. Where no rhythm is
/// stated, what is published to the end of a year will do for it.
///
/// # Errors
/// Those of [`crate::policy::at`].
pub async fn duties(view: &mut impl View, compound: CompoundId, today: Day) -> Result<Vec<Open>> {
    let moves = rows::moves(view, compound).await?;
    let agreed = terms(view, compound).await?;
    let first = moves.first().map(|m| m.on);
    let begun = agreed.first().map(|(_, terms)| terms.from_on).into_iter().chain(first).min();
    let Some(begun) = begun else { return Ok(Vec::new()) };
    let published = publications(view, compound, today).await?;
    let upto = Month::of(today).previous();
    let mut open = Vec::new();
    let mut month = Month::of(begun);
    while month <= upto {
        let pack = pack_at(view, compound, month.last_day()).await?;
        let rule = &pack.terms.disclosure_revenue;
        let last = period_of(rule.covers, month).1;
        let covers = Stretch::of(rule.covers);
        let is_it = |p: &Publication| p.through == last && covers.is_none_or(|c| c == p.covers);
        if last <= upto && !published.iter().any(is_it) {
            let due_on = pack.terms.revenue_clocks.publish_by.0.map(|by| by.following(last));
            open.push(Open {
                duty: Duty::Publish,
                scope: String::new(),
                through: last,
                due_on,
                overdue_days: due_on.map(|due| (today - due).num_days()),
                amount_fen: Money::ZERO,
                article: rule.article.clone(),
            });
        }
        month = last.next();
    }
    // The last edition of a period is the one that hangs for it.
    for one in published.iter().filter(|p| p.is_stale && p.corrected_by_no.is_none()) {
        let pack = pack_at(view, compound, one.sheet.to_on).await?;
        open.push(Open {
            duty: Duty::Republish,
            scope: String::new(),
            through: one.through,
            due_on: None,
            overdue_days: None,
            amount_fen: Money::ZERO,
            article: pack.terms.disclosure_revenue.article.clone(),
        });
    }
    for scope in scopes(&moves)? {
        for debt in owed(view, compound, &moves, &scope, upto, today).await? {
            let pack = pack_at(view, compound, debt.through.last_day()).await?;
            let by = pack.terms.revenue_clocks.transfer_by.0;
            let due_on = by.map(|by| by.following(debt.through));
            open.push(Open {
                duty: Duty::ToFund,
                scope: debt.scope.in_chinese(),
                through: debt.through,
                due_on,
                overdue_days: due_on.map(|due| (today - due).num_days()),
                amount_fen: debt.owed_fen,
                article: debt.article,
            });
        }
    }
    let place = |of: &Open| (of.due_on.is_none(), of.due_on, of.through, of.duty);
    open.sort_by(|a, b| (place(a), &a.scope).cmp(&(place(b), &b.scope)));
    Ok(open)
}

/// Publications and hand-over lists whose stored text is not what its digest says, named in Chinese; and how many there are.
///
/// # Errors
/// Storage.
pub(crate) async fn altered(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<(usize, Vec<String>)> {
    let sql =
        "SELECT publication_no AS no, sheet AS told, digest, 0 AS sort FROM revenue_publication
               WHERE compound_id = $1
               UNION ALL
               SELECT handover_no, list, digest, 1 FROM revenue_handover WHERE compound_id = $1
               ORDER BY sort, no";
    let found = view.rows(PAPERS, sql, vec![compound.0.into()]).await?;
    let mut altered = Vec::new();
    for row in &found {
        let (no, sort): (i32, i32) = (row.try_get("", "no")?, row.try_get("", "sort")?);
        let (told, digest): (String, String) =
            (row.try_get("", "told")?, row.try_get("", "digest")?);
        if hex(&Sha256::digest(told.as_bytes())) != digest {
            altered.push(format!("{} {no}", if sort == 0 { "公示" } else { "移交" }));
        }
    }
    Ok((found.len(), altered))
}
