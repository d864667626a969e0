//! 考核: the score of a period, and the earnest money (考核奖惩保证金) that rewards and deductions go by.
//!
//! Always: a period is scored once, by somebody who is not the manager, after it is over; a score is rewarded or costs once; the
//! earnest money is never below nothing, and does not go back while a deduction that was scored waits to be settled; what was
//! deducted is handed back to whoever gave the subsidy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{self, AppraisalRow, GRANTS};
use super::terms::{Period, Terms};
use super::{
    APPRAISED, EARNEST_OWED, EARNEST_SHORT, Moved, NO_EARNEST, NO_PERIOD, NOT_APPRAISED,
    OWN_APPRAISAL, PERIOD_OPEN, SETTLED, SHAPE, Spending, book_spending, content, grant, judge,
    may_be_amount, may_be_day, may_be_text, posted, programme,
};
use crate::bank;
use crate::books::{Role, Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, EarnestNo, LineNo, MatterNo, ProgrammeNo, TrancheNo};
use crate::journal::{self, Book, Line};
use crate::money::Money;

/// 1002 银行存款.
const BANK: i32 = 1002;
/// 2242 考核奖惩保证金.
const HELD: i32 = 2242;
/// 4901 考核扣款.
const DEDUCTED: i32 = 4901;
/// 5101 上缴结余.
const SURRENDERED: i32 = 5101;

/// A period to score.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewAppraisal", description = "要登记的考核")]
pub struct Appraising {
    /// Under which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// Which period.
    #[schemars(description = "期间：2026、2026-H1 或 2026-Q1", example = &"2026-Q1")]
    pub period: String,
    /// The score.
    #[schemars(description = "得分：乘以 100", range(min = 0, max = 10_000), example = 9150)]
    pub score_e2: i32,
    /// What was found.
    #[schemars(description = "考核情况", example = &"制度落实，投诉 2 件已办结")]
    pub findings: String,
    /// The paper.
    #[schemars(description = "凭据", example = &"考核表 2026-Q1")]
    pub evidence: String,
}

/// A period that was scored.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "Appraised", description = "已登记的考核")]
pub struct Appraised {
    /// Which period.
    #[schemars(description = "期间", example = &"2026-Q1")]
    pub period: String,
    /// The score.
    #[schemars(description = "得分：乘以 100", example = 9150)]
    pub score_e2: i32,
    /// What it earns.
    #[schemars(description = "奖励：分", example = 100_000)]
    pub reward_fen: Money,
    /// What it costs.
    #[schemars(description = "扣款：分", example = 0)]
    pub deduct_fen: Money,
}

/// A period that was scored, as the list tells it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "Appraisal", description = "一个期间的考核")]
pub struct Appraisal {
    /// Under which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// Which period.
    #[schemars(description = "期间", example = &"2026-Q1")]
    pub period: String,
    /// The score.
    #[schemars(description = "得分：乘以 100", example = 9150)]
    pub score_e2: i32,
    /// What it earns.
    #[schemars(description = "奖励：分", example = 100_000)]
    pub reward_fen: Money,
    /// What it costs.
    #[schemars(description = "扣款：分", example = 0)]
    pub deduct_fen: Money,
    /// Whether that was settled.
    #[schemars(description = "奖惩是否已兑现", example = false)]
    pub is_settled: bool,
    /// When.
    #[schemars(description = "登记日期")]
    pub appraised_on: Day,
    /// What was found.
    #[schemars(description = "考核情况", example = &"制度落实，投诉 2 件已办结")]
    pub findings: String,
    /// The paper.
    #[schemars(description = "凭据", example = &"考核表 2026-Q1")]
    pub evidence: String,
    /// Who scored it.
    #[schemars(description = "登记人", example = &"某街道")]
    pub by: String,
    /// As what.
    #[schemars(description = "登记人的身份", example = &"street-office")]
    pub role: String,
}

/// The periods that were scored in a compound, by programme and period.
///
/// # Errors
/// Storage.
pub async fn appraisals(view: &mut impl View, compound: CompoundId) -> Result<Vec<Appraisal>> {
    let programmes = rows::programmes(view, None).await?;
    let told = rows::appraisals(view, compound, None).await?.into_iter().map(|row| {
        let programme = programmes.iter().find(|programme| programme.no == row.programme);
        let mark = programme.and_then(|programme| programme.terms.mark(row.score_e2));
        Appraisal {
            programme_no: row.programme,
            period: row.period,
            score_e2: row.score_e2,
            reward_fen: mark.map_or(Money::ZERO, |mark| mark.reward_fen),
            deduct_fen: mark.map_or(Money::ZERO, |mark| mark.deduct_fen),
            is_settled: row.is_settled,
            appraised_on: row.on,
            findings: row.findings,
            evidence: row.evidence,
            by: row.by_name,
            role: row.by_role,
        }
    });
    Ok(told.collect())
}

/// That no month of a period was scored already.
fn may_be_scored(known: &[AppraisalRow], written: &str, period: Period) -> Result<(), Refusal> {
    let meets = |row: &&AppraisalRow| {
        Period::parse(&row.period).is_some_and(|known| known.overlaps(period))
    };
    let Some(same) = known.iter().find(meets) else { return Ok(()) };
    let score = format!("{}.{:02} 分", same.score_e2 / 100, same.score_e2 % 100);
    let evidence = if same.period == written {
        format!("{written} 已考核，{score}")
    } else {
        format!("{written} 与已考核的 {}（{score}）重叠", same.period)
    };
    Err(APPRAISED.refuse(evidence).with("period", same.period.as_str()))
}

/// What scores cost that was not settled yet.
fn owed(terms: &Terms, known: &[AppraisalRow]) -> Money {
    let open = known.iter().filter(|row| !row.is_settled);
    open.filter_map(|row| terms.mark(row.score_e2)).map(|mark| mark.deduct_fen).sum()
}

/// Scores a period.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.no-programme`, `subsidy.no-period`, `subsidy.outside-period`,
/// `subsidy.period-open`, `subsidy.own-appraisal`, `subsidy.appraised`.
pub async fn appraise(tx: &mut Tx, asked: &Appraising) -> Result<Appraised> {
    may_be_text("考核情况", &asked.findings)?;
    may_be_text("凭据", &asked.evidence)?;
    if !(0..=10_000).contains(&asked.score_e2) {
        return Err(SHAPE.refuse("得分须在 0 至 100 分之间").into());
    }
    tx.flush().await?;
    let (compound, today, actor) = (tx.compound(), tx.at().day(), tx.actor().clone());
    let programme = programme(tx, asked.programme_no).await?;
    let Some(period) = Period::parse(&asked.period) else {
        return Err(NO_PERIOD.refuse("期间须写作 2026、2026-H1 或 2026-Q1").into());
    };
    grant::may_be_within(&programme, &asked.period, period)?;
    if period.last_day().is_none_or(|last| last >= today) {
        return Err(PERIOD_OPEN.refuse(format!("{} 尚未结束，今天 {today}", asked.period)).into());
    }
    if actor.role == Role::PropertyCompany {
        return Err(OWN_APPRAISAL.refuse("物业公司不能考核自己").into());
    }
    let known = rows::appraisals(tx, compound, Some(asked.programme_no)).await?;
    may_be_scored(&known, &asked.period, period)?;
    let row = [
        compound.0.into(),
        asked.programme_no.0.into(),
        (&asked.period).into(),
        asked.score_e2.into(),
        today.into(),
        asked.findings.trim().into(),
        asked.evidence.trim().into(),
        (&actor.name).into(),
        actor.role.name().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::APPRAISAL, &row);
    let mark = programme.terms.mark(asked.score_e2);
    Ok(Appraised {
        period: asked.period.clone(),
        score_e2: asked.score_e2,
        reward_fen: mark.map_or(Money::ZERO, |mark| mark.reward_fen),
        deduct_fen: mark.map_or(Money::ZERO, |mark| mark.deduct_fen),
    })
}

/// Earnest money that moves: paid in, returned, or its deductions handed back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewEarnestMove", description = "考核奖惩保证金的收取、退还或扣款上缴")]
pub struct EarnestMoving {
    /// Under which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// Which way.
    #[schemars(description = "种类")]
    pub kind: EarnestKind,
    /// Who pays it in; their name stands from the first time on.
    #[serde(default)]
    #[schemars(description = "缴纳单位：第一次收取时写", example = &"某物业公司")]
    pub payer: String,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 500_000
    )]
    pub amount_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期：不得晚于今天")]
    pub on: Day,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<LineNo>,
    /// The paper.
    #[schemars(description = "凭据", example = &"保证金收据 1")]
    pub evidence: String,
}

/// Which way earnest money moves through the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    rename = "EarnestMoveKind",
    description = "保证金的变动：paid 收取，returned 退还，surrendered 扣款上缴"
)]
pub enum EarnestKind {
    /// 收取.
    #[schemars(description = "收取")]
    Paid,
    /// 退还.
    #[schemars(description = "退还")]
    Returned,
    /// 扣款上缴.
    #[schemars(description = "扣款上缴")]
    Surrendered,
}

/// Earnest money that moved.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "EarnestMoved", description = "已登记的保证金变动")]
pub struct EarnestMoved {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub earnest_no: EarnestNo,
    /// Its voucher.
    #[schemars(description = "凭证号", example = &"grant/2026-0001")]
    pub voucher: String,
    /// What is held now.
    #[schemars(description = "尚存保证金：分", example = 500_000)]
    pub held_fen: Money,
}

/// What is held and what waits to be handed back.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "EarnestStanding", description = "考核奖惩保证金的状况")]
pub struct Earnest {
    /// Under which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: i32,
    /// Who paid it.
    #[schemars(description = "缴纳单位", example = &"某物业公司")]
    pub payer: String,
    /// Paid in.
    #[schemars(description = "收取：分", example = 500_000)]
    pub paid_fen: Money,
    /// Deducted.
    #[schemars(description = "扣款：分", example = 50_000)]
    pub deducted_fen: Money,
    /// Rewarded, from a tranche.
    #[schemars(description = "奖励：分，由补贴资金支付", example = 100_000)]
    pub rewarded_fen: Money,
    /// Returned.
    #[schemars(description = "退还：分", example = 0)]
    pub returned_fen: Money,
    /// Handed back.
    #[schemars(description = "扣款已上缴：分", example = 0)]
    pub surrendered_fen: Money,
    #[serde(skip)]
    #[schemars(skip)]
    matter: Option<MatterNo>,
}

impl Earnest {
    /// What is held of the manager.
    #[must_use]
    pub fn held(&self) -> Money {
        self.paid_fen - self.deducted_fen - self.returned_fen
    }

    /// What was deducted and lies there still.
    #[must_use]
    pub fn to_surrender(&self) -> Money {
        self.deducted_fen - self.surrendered_fen
    }
}

/// The earnest money of a compound, by programme.
///
/// # Errors
/// Storage.
pub async fn earnests(view: &mut impl View, compound: CompoundId) -> Result<Vec<Earnest>> {
    let sql = "SELECT e.programme_no, e.matter_no, e.payer, COALESCE(m.kind, '') AS kind,
                 CAST(COALESCE(sum(m.amount_fen), 0) AS BIGINT) AS fen
               FROM earnest e LEFT JOIN earnest_move m ON m.compound_id = e.compound_id
                 AND m.programme_no = e.programme_no AND NOT EXISTS (
                   SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                     AND v.reverses_seq = m.voucher_seq)
               WHERE e.compound_id = $1 GROUP BY e.programme_no, e.matter_no, e.payer, m.kind
               ORDER BY e.programme_no, m.kind";
    let mut found: Vec<Earnest> = Vec::new();
    for row in view.rows(GRANTS, sql, vec![compound.0.into()]).await? {
        let programme_no: i32 = row.try_get("", "programme_no")?;
        if found.last().is_none_or(|last| last.programme_no != programme_no) {
            found.push(Earnest {
                programme_no,
                payer: row.try_get("", "payer")?,
                matter: Some(MatterNo(row.try_get("", "matter_no")?)),
                ..Earnest::default()
            });
        }
        let kind: String = row.try_get("", "kind")?;
        let fen = Money::fen(row.try_get("", "fen")?);
        let Some(last) = found.last_mut() else { continue };
        match kind.as_str() {
            "paid" => last.paid_fen = fen,
            "deducted" => last.deducted_fen = fen,
            "rewarded" => last.rewarded_fen = fen,
            "returned" => last.returned_fen = fen,
            "surrendered" => last.surrendered_fen = fen,
            _ => {}
        }
    }
    Ok(found)
}

async fn earnest_of(tx: &mut Tx, no: ProgrammeNo) -> Result<Option<Earnest>> {
    let compound = tx.compound();
    let found = earnests(tx, compound).await?;
    Ok(found.into_iter().find(|earnest| earnest.programme_no == no.0))
}

/// Whether there is so much.
fn may_be_taken(has: Money, wanted: Money, of: &str) -> Result<(), Refusal> {
    if wanted <= has {
        return Ok(());
    }
    let evidence = format!("{of} {} 元，本次 {} 元", has.grouped(), wanted.grouped());
    Err(EARNEST_SHORT.refuse(evidence).with("available_fen", has.in_fen()))
}

/// Whether so much may go back: there is so much, and what is left covers what scores cost.
fn may_be_returned(held: Money, amount: Money, owed: Money) -> Result<(), Refusal> {
    may_be_taken(held, amount, "尚存保证金")?;
    if held - amount >= owed {
        return Ok(());
    }
    let evidence = format!(
        "尚存保证金 {} 元，考核应扣而尚未兑现 {} 元，本次退还 {} 元",
        held.grouped(),
        owed.grouped(),
        amount.grouped()
    );
    let free = if held > owed { held - owed } else { Money::ZERO };
    Err(EARNEST_OWED.refuse(evidence).with("available_fen", free.in_fen()))
}

/// Moves earnest money: Dr 1002 / Cr 2242 when it is paid in, Dr 2242 / Cr 1002 when it is returned, Dr 5101 / Cr 1002 when
/// what was deducted is handed back.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.amount`, `subsidy.day`, `subsidy.no-programme`, `subsidy.no-earnest`,
/// `subsidy.earnest-short`, `subsidy.earnest-owed`, `bank.*`; those of the journal.
pub async fn move_earnest(tx: &mut Tx, asked: &EarnestMoving) -> Result<EarnestMoved> {
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    may_be_day(tx, asked.on)?;
    tx.flush().await?;
    let (compound, amount) = (tx.compound(), asked.amount_fen);
    let programme = programme(tx, asked.programme_no).await?;
    let earnest = match (earnest_of(tx, asked.programme_no).await?, asked.kind) {
        (Some(earnest), _) => earnest,
        (None, EarnestKind::Paid) => {
            may_be_text("缴纳单位", &asked.payer)?;
            let matter = journal::open_matter(tx, "grant", &format!("{} 保证金", programme.title));
            let row = [
                compound.0.into(),
                asked.programme_no.0.into(),
                matter.0.into(),
                asked.payer.trim().into(),
                tx.act().0.into(),
            ];
            tx.put(&rows::EARNEST, &row);
            tx.flush().await?;
            Earnest { matter: Some(matter), ..Earnest::default() }
        }
        (None, _) => {
            return Err(NO_EARNEST.refuse(format!("补贴项目 {}", asked.programme_no)).into());
        }
    };
    let (kind, memo, lines, moved) = match asked.kind {
        EarnestKind::Paid => {
            let lines = vec![Line::debit(BANK, amount), Line::credit(HELD, amount)];
            ("paid", "收取考核奖惩保证金", lines, amount)
        }
        EarnestKind::Returned => {
            let scored = rows::appraisals(tx, compound, Some(asked.programme_no)).await?;
            may_be_returned(earnest.held(), amount, owed(&programme.terms, &scored))?;
            let lines = vec![Line::debit(HELD, amount), Line::credit(BANK, amount)];
            ("returned", "退还考核奖惩保证金", lines, -amount)
        }
        EarnestKind::Surrendered => {
            may_be_taken(earnest.to_surrender(), amount, "待上缴的扣款")?;
            let lines = vec![Line::debit(SURRENDERED, amount), Line::credit(BANK, amount)];
            ("surrendered", "上缴考核扣款", lines, -amount)
        }
    };
    let line = match asked.line_no {
        Some(no) => Some(bank::moving(tx, Book::Grant, no, moved, asked.on).await?),
        None => None,
    };
    let matter = earnest.matter.unwrap_or(MatterNo(0));
    let lines = lines.into_iter().map(|line| line.about(matter)).collect();
    let voucher =
        posted(tx, asked.on, memo.to_owned(), &asked.evidence, lines, line.as_ref()).await?;
    let earnest_no = keep(tx, asked.programme_no, (kind, ""), amount, asked, voucher.seq.0);
    tx.flush().await?;
    let held = earnest_of(tx, asked.programme_no).await?.map_or(Money::ZERO, |e| e.held());
    Ok(EarnestMoved { earnest_no, voucher: voucher.to_string(), held_fen: held })
}

fn keep(
    tx: &mut Tx,
    programme: ProgrammeNo,
    (kind, period): (&str, &str),
    amount: Money,
    asked: &EarnestMoving,
    voucher_seq: i32,
) -> EarnestNo {
    let no = EarnestNo(tx.next_no("earnest"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        programme.0.into(),
        kind.into(),
        period.into(),
        amount.in_fen().into(),
        asked.on.into(),
        asked.evidence.trim().into(),
        asked.line_no.map(|line| line.0).into(),
        voucher_seq.into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::EARNEST_MOVE, &row);
    no
}

/// A score to settle.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AppraisalSettling", description = "按考核得分兑现奖惩")]
pub struct Settling {
    /// Under which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// Which period.
    #[schemars(description = "期间", example = &"2026-Q1")]
    pub period: String,
    /// From which tranche a reward is paid.
    #[serde(default)]
    #[schemars(description = "支付奖励的一笔补贴：扣款的不写", example = 1)]
    pub tranche_no: Option<TrancheNo>,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期：不得晚于今天")]
    pub on: Day,
    /// The bank's line of a reward.
    #[serde(default)]
    #[schemars(description = "银行流水编号：扣款不经银行，不写", example = 3)]
    pub line_no: Option<LineNo>,
}

/// Rewards a score from a tranche, or deducts from the earnest money (Dr 2242 / Cr 4901), as the programme's marks say. Once.
///
/// # Errors
/// `subsidy.day`, `subsidy.no-programme`, `subsidy.not-appraised`, `subsidy.no-earnest`, `subsidy.settled`,
/// `subsidy.earnest-short`, `subsidy.no-tranche`; those of [`super::spend`] for a reward.
pub async fn settle(tx: &mut Tx, asked: &Settling) -> Result<EarnestMoved> {
    may_be_day(tx, asked.on)?;
    tx.flush().await?;
    let compound = tx.compound();
    let programme = programme(tx, asked.programme_no).await?;
    let score = rows::score(tx, compound, asked.programme_no, &asked.period).await?;
    let Some(score) = score else {
        let shown: String = asked.period.chars().take(20).collect();
        return Err(NOT_APPRAISED.refuse(format!("{shown:?} 尚无考核")).into());
    };
    let Some(mark) = programme.terms.mark(score) else {
        let evidence = format!("得分 {}.{:02}，没有奖惩", score / 100, score % 100);
        return Err(NOT_APPRAISED.refuse(evidence).into());
    };
    let Some(earnest) = earnest_of(tx, asked.programme_no).await? else {
        return Err(NO_EARNEST.refuse(format!("补贴项目 {}", asked.programme_no)).into());
    };
    if is_settled(tx, asked).await? {
        return Err(SETTLED.refuse(format!("{} 已兑现", asked.period)).into());
    }
    let moving = EarnestMoving {
        programme_no: asked.programme_no,
        kind: EarnestKind::Paid,
        payer: earnest.payer.clone(),
        amount_fen: mark.reward_fen + mark.deduct_fen,
        on: asked.on,
        line_no: asked.line_no,
        evidence: format!("{} 考核得分 {}.{:02}", asked.period, score / 100, score % 100),
    };
    may_be_amount(moving.amount_fen)?;
    if mark.deduct_fen.is_positive() {
        may_be_taken(earnest.held(), mark.deduct_fen, "尚存保证金")?;
        let matter = earnest.matter.unwrap_or(MatterNo(0));
        let lines = vec![
            Line::debit(HELD, mark.deduct_fen).about(matter),
            Line::credit(DEDUCTED, mark.deduct_fen).about(matter),
        ];
        let memo = format!("考核扣款 {}", asked.period);
        let voucher = posted(tx, asked.on, memo, &moving.evidence, lines, None).await?;
        let moving = EarnestMoving { line_no: None, ..moving };
        let period = ("deducted", asked.period.as_str());
        let no = keep(tx, asked.programme_no, period, mark.deduct_fen, &moving, voucher.seq.0);
        let held_fen = earnest.held() - mark.deduct_fen;
        return Ok(EarnestMoved { earnest_no: no, voucher: voucher.to_string(), held_fen });
    }
    let spending = Spending {
        tranche_no: asked.tranche_no.unwrap_or(TrancheNo(0)),
        content_no: None,
        item: content::REWARD.to_owned(),
        payee: earnest.payer.clone(),
        amount_fen: mark.reward_fen,
        paid_on: asked.on,
        line_no: asked.line_no,
        evidence: moving.evidence.clone(),
    };
    let judged = judge(tx, &spending, &[]).await?;
    let Moved { voucher, voucher_seq, .. } = book_spending(tx, &judged, &spending).await?;
    let period = ("rewarded", asked.period.as_str());
    let no = keep(tx, asked.programme_no, period, mark.reward_fen, &moving, voucher_seq);
    Ok(EarnestMoved { earnest_no: no, voucher, held_fen: earnest.held() })
}

async fn is_settled(tx: &mut Tx, asked: &Settling) -> Result<bool> {
    let sql = "SELECT 1 FROM earnest_move m WHERE m.compound_id = $1 AND m.programme_no = $2 AND m.period = $3
                 AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                                   AND v.reverses_seq = m.voucher_seq)";
    let values =
        vec![tx.compound().0.into(), asked.programme_no.0.into(), asked.period.as_str().into()];
    Ok(!tx.rows(GRANTS, sql, values).await?.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(period: &str, score_e2: i32, is_settled: bool) -> AppraisalRow {
        AppraisalRow {
            programme: ProgrammeNo(1),
            period: period.into(),
            score_e2,
            on: Day::default(),
            findings: String::new(),
            evidence: String::new(),
            by_name: String::new(),
            by_role: String::new(),
            is_settled,
        }
    }

    #[test]
    fn a_period_is_scored_once_by_its_months() {
        let known = [scored("2026-Q1", 9_150, true), scored("2027", 8_000, false)];
        let says = |text: &str| {
            let period = Period::parse(text).unwrap();
            may_be_scored(&known, text, period)
                .map_or_else(|refusal| refusal.evidence, |()| String::new())
        };
        assert_eq!(says("2026-Q1"), "2026-Q1 已考核，91.50 分");
        assert_eq!(says("2026-H1"), "2026-H1 与已考核的 2026-Q1（91.50 分）重叠");
        assert_eq!(says("2027-Q4"), "2027-Q4 与已考核的 2027（80.00 分）重叠");
        assert_eq!(says("2026-Q2"), "");
    }

    #[test]
    fn earnest_money_that_is_owed_does_not_go_back() {
        let says = |held, amount, owed| {
            let fen = Money::fen;
            may_be_returned(fen(held), fen(amount), fen(owed))
                .map_or_else(|refusal| refusal.code(), |()| "")
        };
        assert_eq!(says(3_000_000, 3_000_000, 3_000_000), "subsidy.earnest-owed");
        assert_eq!(says(3_000_000, 1, 3_000_000), "subsidy.earnest-owed");
        assert_eq!(says(3_000_000, 1, 2_999_999), "");
        assert_eq!(says(3_000_000, 3_000_001, 0), "subsidy.earnest-short");
        assert_eq!(says(3_000_000, 3_000_000, 0), "");
    }
}
