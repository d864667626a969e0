//! 补贴: what governments grant a compound, what each tranche may be spent on, and what became of it.
//!
//! Owns: `programme`, `allotment`, `allotment_withdrawal`, `content`, `tranche`, `tranche_withdrawal`, `tranche_use`,
//! `tranche_spend`, `tranche_move`, `appraisal`, `earnest`, `earnest_move`, `grant_roster`.
//!
//! 专款专用, as law and not as a label: a tranche's money reaches only what its programme is for, of its own project, in its own
//! time; it is never below nothing and never lends; the same content takes central money once, across years and programmes;
//! what is not spent is handed back. The bank's line in the grant book names the tranche, so its balance *is* what is left; the
//! database refuses what it can know of this by itself (`migrations`, `m0025_subsidy`: S01–S08 and foreign keys).
//!
//! Always: a programme's document is registered once; Σ allotted ≤ its budget, Σ granted ≤ what was allotted to the compound,
//! Σ received ≤ granted; an advance and its rest come of one amount; interest stays with its tranche; on no day is a tranche
//! below nothing. Never: a loan, a balance taken over from another programme, an amount for a month twice or for a month outside
//! the programme; a reward without its score, aid to households without their roster. What was entered by mistake is withdrawn
//! while nothing stands on it, and stays on record.
//!
//! The course: [`found_programme`] ▸ [`allot`] (both acts of the head office) ▸ [`grant`] ▸ [`receive`] ▸ [`spend`] ▸
//! [`claw_back`], [`credit_interest`] ▸ [`hand_back`]. By score: [`appraise`], [`settle`], [`move_earnest`]. By mistake:
//! [`withdraw_allotment`], [`withdraw_tranche`].
//! Questions: [`programmes`], [`allotments`], [`tranches`], [`moves`], [`contents`], [`appraisals`], [`earnests`].
//! Limits: a content that was clawed back in full still counts as having taken central money; the score is given, not
//! gathered, and is not withdrawn; a roster names dwellings and numbers of persons, nobody's name.

pub mod content;
mod earnest;
mod grant;
mod rows;
pub mod terms;
#[cfg(test)]
mod tests;
mod told;
mod withdrawal;

pub use self::content::{Class, Content, Item, NewContent, catalogue};
pub use self::earnest::{
    Appraisal, Appraised, Appraising, Earnest, EarnestKind, EarnestMoved, EarnestMoving, Settling,
    appraisals, appraise, earnests, move_earnest, settle,
};
pub use self::grant::{
    Allotment, Allotting, Enrolled, Granted, Granting, NewProgramme, Programme, RosterEntry,
    Rostering, Share, allot, enrol, found_programme, grant, list_contents, programmes,
};
pub use self::told::{
    ClawingBack, Moved, Movement, Moving, Spending, Tranche, contents, moves, tranches,
};
pub use self::withdrawal::{
    AllotmentWithdrawing, AllotmentWithdrawn, Allotted, TrancheWithdrawing, TrancheWithdrawn,
    allotments, withdraw_allotment, withdraw_tranche,
};

use self::rows::{ProgrammeRow, TrancheRow};
use self::terms::Level;
use crate::bank::{self, BankLine};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::{CompoundId, ContentNo, LineNo, MatterNo, ProgrammeNo, TrancheMoveNo, TrancheNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::policy::terms::Fraction;
use crate::seal::may_stand_in_clear;

/// 1002 银行存款.
const BANK: i32 = 1002;
/// 4101 利息收入.
const INTEREST: i32 = 4101;
/// 5101 上缴结余.
const HANDED_BACK: i32 = 5101;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Answer::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// A figure or a text is not fit.
    SHAPE = Shape, "subsidy.shape",
        "文号、名称、凭据、收款人须为 1 至 200 个字的文字；补贴的条件须完整、合理", "按所指之处补齐或更正";
    /// An amount that cannot be.
    AMOUNT = Shape, "subsidy.amount",
        "金额须大于零且不超过 100,000,000,000.00 元；按公式计算的不另写金额", "核对金额";
    /// A day that cannot be.
    DAY = Refused, "subsidy.day",
        "所记事实的日期不得晚于今天，支付不得早于下达", "核对日期";
    /// There is no such programme.
    NO_PROGRAMME = Missing, "subsidy.no-programme",
        "补贴项目须已登记", "检查补贴项目编号，或先登记";
    /// The document is registered.
    DOCUMENT_TAKEN = Conflict, "subsidy.document-taken",
        "一个文号只登记一次", "查看已登记的补贴项目";
    /// More is allotted than there is.
    OVER_BUDGET = Refused, "subsidy.over-budget",
        "分配给各小区的合计不得超过补贴项目的总额", "减少分配，或另行登记追加的文件";
    /// The compound lies elsewhere.
    OUTSIDE = Refused, "subsidy.outside-area",
        "补贴只用于其区划之内的小区", "核对小区所在的区划";
    /// The document gave its share already.
    ALLOTTED_ONCE = Conflict, "subsidy.allotted-once",
        "同一补贴项目的一个分配文件只登记一次，一个小区在其中只列一次",
        "查看已登记的分配（GET /api/v1/allotments，或 xiaoqu subsidy allotments）；误登记的先撤回，再依原文件登记";
    /// There is no such allotment.
    NO_ALLOTMENT = Missing, "subsidy.no-allotment",
        "撤回的须是分配给本小区的一笔", "查看已登记的分配，核对分配编号与小区";
    /// It was withdrawn.
    WITHDRAWN = Conflict, "subsidy.withdrawn",
        "已撤回的分配、补贴资金不再使用", "依文件另行登记";
    /// What was granted stands on it.
    ALLOTMENT_GRANTED = Refused, "subsidy.allotment-granted",
        "已据以下达补贴资金的分配不得撤回：撤回后的分配不得少于已下达的", "先撤回误下达、未到账的补贴资金，再撤回分配";
    /// Its time is over, or not yet.
    PERIOD_OVER = Refused, "subsidy.programme-over",
        "补贴须在其期限之内分配、下达，使用期限不得晚于项目的截止日", "核对分配、下达的日期与使用期限";
    /// There is no such project.
    NO_PROJECT = Missing, "subsidy.no-project",
        "补贴所属的项目须已立项", "检查项目的事项编号";
    /// More is granted than was allotted.
    OVER_ALLOTMENT = Refused, "subsidy.over-allotment",
        "下达各笔的合计不得超过分配给本小区的金额", "先分配，再下达";
    /// The period cannot be read, or is wanted.
    NO_PERIOD = Shape, "subsidy.no-period",
        "按公式计算、分期拨付的补贴须写明期间：2026、2026-H1 或 2026-Q1", "写明期间";
    /// Months of the period are not the programme's.
    OUTSIDE_PERIOD = Refused, "subsidy.outside-period",
        "期间的各月须在补贴项目的起日与截止日之内", "核对期间，只写补贴项目期限之内的年、半年或季度（期限见 xiaoqu subsidy programmes --json）";
    /// The mode of management has no rate.
    NO_MODE = Refused, "subsidy.no-mode",
        "按面积计算的补贴须写明管理方式，且该方式须有单价", "写明管理方式，或核对补贴的条件";
    /// Nothing comes of it.
    NO_BASE = Refused, "subsidy.no-base",
        "按公式计算的补贴须有计入的面积、户数或人数", "先登记房屋、名册，或核对期间";
    /// The rest of nothing.
    NO_ADVANCE = Refused, "subsidy.no-advance",
        "余款须在同一项目、同一期间的预拨之后", "先下达预拨";
    /// The period was not scored, or the score pays nothing.
    NOT_APPRAISED = Refused, "subsidy.not-appraised",
        "余款、奖惩依该期的考核得分；未考核或得分不足的不付", "先登记考核";
    /// Granted already.
    GRANTED_ONCE = Conflict, "subsidy.granted-once",
        "同一补贴项目、同一期间的同一笔只下达一次，各笔的期间不得重叠", "查看已下达的一笔；误下达而未到账的，先撤回";
    /// There is no such tranche.
    NO_TRANCHE = Missing, "subsidy.no-tranche",
        "补贴资金须已下达", "检查补贴资金编号";
    /// Something moved in it.
    TRANCHE_MOVED = Refused, "subsidy.tranche-moved",
        "只能撤回没有到账、支付，也没有余款依其下达的补贴资金", "已到账的，上缴结余；误记的到账先冲销";
    /// More comes than was granted.
    OVER_GRANTED = Refused, "subsidy.over-granted",
        "到账合计不得超过下达的金额", "核对到账；多到的款项另行登记下达文件";
    /// What it is spent on is not said, or not there.
    NO_CONTENT = Missing, "subsidy.no-content",
        "项目的补贴须用于该项目已列明的改造内容", "检查内容编号，或先在方案中列明";
    /// It is another project's.
    ANOTHER_PROJECT = Refused, "subsidy.another-project",
        "专款专用：补贴只用于所下达的项目，不得挪用于其他项目", "由该内容所属项目的资金支付";
    /// The class is not eligible.
    CLASS = Refused, "subsidy.class",
        "专款专用：内容的类别须在补贴的使用范围之内", "改由可用于该类别的资金支付";
    /// The item is not eligible.
    ITEM = Refused, "subsidy.item",
        "专款专用：内容须在补贴列明的各项之内", "改由可用于该项内容的资金支付";
    /// The use is not eligible.
    USE = Refused, "subsidy.use",
        "专款专用：物业管理补贴只用于其规定的用途", "核对用途，或改由其他资金支付";
    /// Its day is over.
    EXPIRED = Refused, "subsidy.expired",
        "补贴须在使用期限之内支付，逾期未用的上缴", "上缴结余，或由原下达部门另行批准";
    /// Central money twice.
    CENTRAL_TWICE = Refused, "subsidy.central-twice",
        "同一改造内容不得重复使用中央补助资金（国办发〔2020〕23号）：不论年度、项目与批次", "改由地方资金或居民出资支付";
    /// More than the content may cost.
    OVER_CONTENT = Refused, "subsidy.over-content",
        "补贴对一项内容的支付合计不得超过该内容批准的金额", "核对批准的金额，超出的由其他资金承担";
    /// More than its share of the project.
    COST_SHARE = Refused, "subsidy.cost-share",
        "补贴不得超过项目批准投资的规定比例（中央预算内投资不超过批准的建安投资）", "超出的由其他资金承担";
    /// It would be below nothing.
    SHORT = Refused, "subsidy.short",
        "一笔补贴自支付之日起，任何一日的结余都不得为负；各补贴之间不得拆借", "等候到账，核对支付日期，或减少金额";
    /// A reward is not an ordinary spending.
    REWARD_BY_SCORE = Refused, "subsidy.reward-by-score",
        "考核奖励只依考核得分兑现，一个期间一次，不得作为普通支付",
        "先登记该期考核，再兑现奖惩（POST …/appraisal-settlements，或 xiaoqu subsidy act settle）";
    /// Aid to households is not an ordinary spending.
    AID_BY_ROSTER = Refused, "subsidy.aid-by-roster",
        "补助到户只依名册支付：补贴资金须写明期间，该期间的名册须已登记",
        "先登记该期名册（POST …/grant-rosters，或 xiaoqu subsidy act roster）；没有写明期间的，另行下达写明期间的一笔";
    /// There is no such spending.
    NO_SPENDING = Missing, "subsidy.no-spending",
        "追回须指明一笔未冲销的支付", "检查支付的编号";
    /// More comes back than went.
    OVER_CLAWED = Refused, "subsidy.over-clawed-back",
        "追回的合计不得超过该笔支付", "核对金额";
    /// The period is not over.
    PERIOD_OPEN = Refused, "subsidy.period-open",
        "考核在期间结束之后登记", "待期间结束";
    /// Nobody scores themselves.
    OWN_APPRAISAL = Forbidden, "subsidy.own-appraisal",
        "受考核的物业公司不得登记考核", "由街道办事处或房管部门登记";
    /// Scored already.
    APPRAISED = Conflict, "subsidy.appraised",
        "一个期间只考核一次，考核的期间不得重叠", "查看已登记的考核（GET …/appraisals，或 xiaoqu subsidy appraisals）";
    /// No earnest money was paid in.
    NO_EARNEST = Missing, "subsidy.no-earnest",
        "奖惩、退还、上缴须先有考核奖惩保证金", "先收取保证金";
    /// Settled already.
    SETTLED = Conflict, "subsidy.settled",
        "一个期间的奖惩只兑现一次", "查看已兑现的奖惩";
    /// There is not so much of it.
    EARNEST_SHORT = Refused, "subsidy.earnest-short",
        "扣款、退还不得超过尚存的保证金，上缴不得超过扣款", "核对保证金的余额";
    /// What is deducted by score must stay.
    EARNEST_OWED = Refused, "subsidy.earnest-owed",
        "考核应扣而尚未兑现的，保证金须留足：退还后尚存的不得少于应扣之数",
        "先兑现考核奖惩（POST …/appraisal-settlements，或 xiaoqu subsidy act settle），或减少退还";
    /// The roster is not fit.
    ROSTER = Shape, "subsidy.roster",
        "名册每户一行，人数大于零；一个期间的名册登记后不再改动", "核对名册；有变动的自下一期间起登记";
}

/// A text that is kept in clear.
pub(crate) fn may_be_text(what: &str, text: &str) -> Result<(), Refusal> {
    let length = text.trim().chars().count();
    if !(1..=200).contains(&length) || text.chars().any(char::is_control) {
        return Err(SHAPE.refuse(format!("{what} {length} 个字")));
    }
    may_stand_in_clear(what, text)
}

fn may_be_amount(amount: Money) -> Result<(), Refusal> {
    if amount.is_positive() && amount.is_within_limit() {
        return Ok(());
    }
    Err(AMOUNT.refuse(format!("{} 元", amount.grouped())))
}

fn may_be_day(tx: &Tx, on: Day) -> Result<(), Refusal> {
    let today = tx.at().day();
    if on <= today { Ok(()) } else { Err(DAY.refuse(format!("{on}，今天 {today}"))) }
}

/// A programme.
async fn programme(view: &mut impl View, no: ProgrammeNo) -> Result<ProgrammeRow> {
    let found = rows::programmes(view, Some(no)).await?.pop();
    Ok(found.ok_or_else(|| NO_PROGRAMME.refuse(format!("补贴项目编号 {no}")))?)
}

async fn tranche(view: &mut impl View, compound: CompoundId, no: TrancheNo) -> Result<TrancheRow> {
    let found = rows::tranches(view, compound, Some(no)).await?.pop();
    let found = found.ok_or_else(|| NO_TRANCHE.refuse(format!("补贴资金编号 {no}")))?;
    if let Some((on, reason)) = &found.withdrawn {
        let evidence = format!("补贴资金 {no} 已于 {on} 撤回：{reason}");
        return Err(WITHDRAWN.refuse(evidence).into());
    }
    Ok(found)
}

async fn posted(
    tx: &mut Tx,
    on: Day,
    memo: String,
    evidence: &str,
    lines: Vec<Line>,
    line: Option<&BankLine>,
) -> Result<Posted> {
    let entry = Entry {
        book: Book::Grant,
        effective_on: on,
        kind: Kind::Other,
        memo,
        source: line.map_or("付款凭证".to_owned(), |line| format!("银行流水 {}", line.no)),
        evidence: evidence.trim().to_owned(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    if let Some(line) = line {
        bank::claim(tx, line, voucher.seq);
    }
    Ok(voucher)
}

/// A movement as it is kept.
struct Kept<'a> {
    kind: &'a str,
    amount: Money,
    on: Day,
    payee: &'a str,
    evidence: &'a str,
    of: Option<TrancheMoveNo>,
    line: Option<LineNo>,
}

fn keep(tx: &mut Tx, no: TrancheMoveNo, tranche: TrancheNo, kept: &Kept<'_>, voucher: Posted) {
    let sign = if matches!(kept.kind, "spend" | "hand-back") { -1 } else { 1 };
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        tranche.0.into(),
        kept.kind.into(),
        sign.into(),
        kept.amount.in_fen().into(),
        kept.on.into(),
        kept.payee.trim().into(),
        kept.evidence.trim().into(),
        kept.of.map(|no| no.0).into(),
        kept.line.map(|no| no.0).into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::MOVE, &row);
}

/// The bank's line of a movement.
async fn line_of(
    tx: &mut Tx,
    no: Option<LineNo>,
    moved: Money,
    on: Day,
) -> Result<Option<BankLine>> {
    match no {
        Some(no) => Ok(Some(bank::moving(tx, Book::Grant, no, moved, on).await?)),
        None => Ok(None),
    }
}

fn next(tx: &mut Tx) -> TrancheMoveNo {
    TrancheMoveNo(tx.next_no("tranche-move"))
}

fn moved(no: TrancheMoveNo, voucher: Posted, left_fen: Money) -> Moved {
    Moved { move_no: no, voucher: voucher.to_string(), voucher_seq: voucher.seq.0, left_fen }
}

fn may_be_moving(tx: &Tx, asked: &Moving) -> Result<(), Refusal> {
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    may_be_day(tx, asked.on)
}

/// Whether a tranche's money may have come on this day.
fn may_be_received(tranche: &TrancheRow, amount: Money, on: Day) -> Result<(), Refusal> {
    if on < tranche.granted_on {
        return Err(DAY.refuse(format!("{} 下达，{on} 到账", tranche.granted_on)));
    }
    let received = tranche.sums.received;
    if received + amount > tranche.granted {
        let evidence = format!(
            "下达 {} 元，已到 {} 元，本次 {} 元",
            tranche.granted.grouped(),
            received.grouped(),
            amount.grouped()
        );
        return Err(OVER_GRANTED.refuse(evidence).with("granted_fen", tranche.granted.in_fen()));
    }
    Ok(())
}

/// Receives a tranche's money: Dr 1002 / Cr 4001 by level, both about the tranche.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.amount`, `subsidy.day`, `subsidy.no-tranche`, `subsidy.over-granted`,
/// `bank.*`; those of the journal.
pub async fn receive(tx: &mut Tx, asked: &Moving) -> Result<Moved> {
    may_be_moving(tx, asked)?;
    tx.flush().await?;
    let (compound, amount) = (tx.compound(), asked.amount_fen);
    let tranche = tranche(tx, compound, asked.tranche_no).await?;
    let programme = programme(tx, tranche.programme).await?;

    may_be_received(&tranche, amount, asked.on)?;
    let line = line_of(tx, asked.line_no, amount, asked.on).await?;

    let lines = vec![
        Line::debit(BANK, amount).about(tranche.matter),
        Line::credit(programme.level.account(), amount).about(tranche.matter),
    ];
    let memo = format!("{}到账", programme.level.in_chinese());
    let voucher = posted(tx, asked.on, memo, &asked.evidence, lines, line.as_ref()).await?;
    let no = next(tx);
    keep(tx, no, tranche.no, &kept("receipt", asked), voucher);
    Ok(moved(no, voucher, tranche.sums.left() + amount))
}

fn kept<'a>(kind: &'a str, asked: &'a Moving) -> Kept<'a> {
    let Moving { amount_fen, on, line_no, evidence, .. } = asked;
    Kept { kind, amount: *amount_fen, on: *on, payee: "", evidence, of: None, line: *line_no }
}

/// Credits a tranche's interest: Dr 1002 / Cr 4101. It is the tranche's: spent as it may be, or handed back with it.
///
/// # Errors
/// As [`receive`], without `subsidy.over-granted`.
pub async fn credit_interest(tx: &mut Tx, asked: &Moving) -> Result<Moved> {
    may_be_moving(tx, asked)?;
    tx.flush().await?;
    let (compound, amount) = (tx.compound(), asked.amount_fen);
    let tranche = tranche(tx, compound, asked.tranche_no).await?;
    let line = line_of(tx, asked.line_no, amount, asked.on).await?;
    let lines = vec![
        Line::debit(BANK, amount).about(tranche.matter),
        Line::credit(INTEREST, amount).about(tranche.matter),
    ];
    let memo = "补贴资金利息".to_owned();
    let voucher = posted(tx, asked.on, memo, &asked.evidence, lines, line.as_ref()).await?;
    let no = next(tx);
    keep(tx, no, tranche.no, &kept("interest", asked), voucher);
    Ok(moved(no, voucher, tranche.sums.left() + amount))
}

/// That a tranche has so much, from a day on.
fn has(tranche: &TrancheRow, amount: Money, on: Day) -> Result<(), Refusal> {
    let (left, free) = (tranche.sums.left(), tranche.free_from(on));
    if amount <= free {
        return Ok(());
    }
    let (no, asked) = (tranche.no, amount.grouped());
    let evidence = if amount <= left {
        format!(
            "补贴资金 {no} 结余 {} 元，其中自 {on} 起可用的 {} 元，本次 {asked} 元",
            left.grouped(),
            free.grouped()
        )
    } else {
        format!("补贴资金 {no} 结余 {} 元，本次 {asked} 元", left.grouped())
    };
    Err(SHORT.refuse(evidence).with("available_fen", free.in_fen()))
}

/// Hands the unspent of a tranche back: Dr 5101 / Cr 1002.
///
/// # Errors
/// As [`receive`], with `subsidy.short`.
pub async fn hand_back(tx: &mut Tx, asked: &Moving) -> Result<Moved> {
    may_be_moving(tx, asked)?;
    tx.flush().await?;
    let (compound, amount) = (tx.compound(), asked.amount_fen);
    let tranche = tranche(tx, compound, asked.tranche_no).await?;

    has(&tranche, amount, asked.on)?;
    let line = line_of(tx, asked.line_no, -amount, asked.on).await?;

    let lines = vec![
        Line::debit(HANDED_BACK, amount).about(tranche.matter),
        Line::credit(BANK, amount).about(tranche.matter),
    ];
    let memo = "上缴补贴结余".to_owned();
    let voucher = posted(tx, asked.on, memo, &asked.evidence, lines, line.as_ref()).await?;
    let no = next(tx);
    keep(tx, no, tranche.no, &kept("hand-back", asked), voucher);
    Ok(moved(no, voucher, tranche.sums.left() - amount))
}

/// Where central money went already.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CentralUse {
    programme: ProgrammeNo,
    project: MatterNo,
    content: ContentNo,
    building: String,
}

/// Where central money went already, to this part of the compound or to one that overlaps it, and not as the asker's own.
fn used_before<'a>(
    central: &'a [CentralUse],
    building: &str,
    is_own: impl Fn(&CentralUse) -> bool,
) -> Option<&'a CentralUse> {
    central.iter().find(|used| content::overlap(&used.building, building) && !is_own(used))
}

/// Whether central money would come a second time to any of these contents of a project: asked when a plan means to pay them
/// by it, before the first payment. What went to the project itself is its own.
///
/// # Errors
/// `subsidy.central-twice`.
pub(crate) async fn central_before(
    view: &mut impl View,
    compound: CompoundId,
    project: MatterNo,
    contents: &[&NewContent],
) -> Result<()> {
    for content in contents {
        let central = rows::central_uses(view, compound, &content.item).await?;
        let is_own = |used: &CentralUse| used.project == project;
        if let Some(used) = used_before(&central, content.building.trim(), is_own) {
            let evidence = format!(
                "“{}”已由补贴项目 {} 的中央资金支付（内容 {}）",
                content.name, used.programme, used.content
            );
            let refusal = CENTRAL_TWICE.refuse(evidence).with("programme_no", used.programme.0);
            return Err(refusal.into());
        }
    }
    Ok(())
}

/// What a spending is judged by.
struct Scene<'a> {
    tranche: &'a TrancheRow,
    level: Level,
    cost_share: Option<Fraction>,
    content: Option<&'a Content>,
    central: &'a [CentralUse],
    /// The approved cost of the tranche's project.
    project_budget: Money,
    /// What the programme paid for it.
    paid_by_programme: Money,
}

/// Whether a tranche may be spent so; the item it is spent on. Every no is a rule of its own.
fn may_be_spent(scene: &Scene<'_>, asked: &Spending) -> Result<&'static Item, Refusal> {
    let Scene { tranche, content, .. } = scene;
    let item = match (tranche.project, content) {
        (Some(_), None) => {
            return Err(NO_CONTENT.refuse(format!("补贴资金 {} 属于项目", tranche.no)));
        }
        (project, Some(content)) => {
            if project != Some(content.project_matter_no) {
                let evidence = format!(
                    "补贴资金 {} 属于{}，内容 {} 属于事项 {} 的项目",
                    tranche.no,
                    project.map_or("物业管理".to_owned(), |m| format!("事项 {m} 的项目")),
                    content.content_no,
                    content.project_matter_no
                );
                return Err(ANOTHER_PROJECT.refuse(evidence));
            }
            content::item(&content.item)
        }
        (None, None) => content::item(&asked.item),
    };
    is_eligible(tranche, item, &asked.item)?;
    let Some(item) = item else { return Err(USE.refuse("没有写明用途")) };
    if asked.paid_on < tranche.granted_on {
        let evidence = format!("{} 下达，{} 支付", tranche.granted_on, asked.paid_on);
        return Err(DAY.refuse(evidence));
    }
    if asked.paid_on > tranche.spend_by {
        let evidence = format!("使用截止 {}，{} 支付", tranche.spend_by, asked.paid_on);
        return Err(EXPIRED.refuse(evidence).with("spend_by", tranche.spend_by.to_string()));
    }
    if let Some(content) = content {
        may_take_more(scene, content, asked.amount_fen)?;
    }
    has(tranche, asked.amount_fen, asked.paid_on)?;
    Ok(item)
}

fn is_eligible(
    tranche: &TrancheRow,
    item: Option<&'static Item>,
    said: &str,
) -> Result<(), Refusal> {
    let shown: String = said.chars().take(40).collect();
    let Some(item) = item else {
        let refusal = USE.refuse(format!("用途 {shown:?}，内容目录没有"));
        return Err(refusal.remedied(content::SEE_CATALOGUE));
    };
    if tranche.uses.contains(&item.item) {
        return Ok(());
    }
    if tranche.project.is_none() {
        return Err(USE.refuse(format!("用途“{}”", item.title)));
    }
    let classes: Vec<Class> =
        tranche.uses.iter().filter_map(|name| content::item(name)).map(|i| i.class).collect();
    let evidence = format!("内容“{}”属{}", item.title, item.class.in_chinese());
    if classes.contains(&item.class) {
        return Err(ITEM.refuse(evidence));
    }
    Err(CLASS.refuse(evidence))
}

/// Whether a content may take so much more of this money.
fn may_take_more(scene: &Scene<'_>, content: &Content, amount: Money) -> Result<(), Refusal> {
    let is_own = |used: &CentralUse| {
        used.programme == scene.tranche.programme && used.content == content.content_no
    };
    if scene.level.is_central()
        && let Some(used) = used_before(scene.central, &content.building, is_own)
    {
        let evidence = format!(
            "内容 {} 已由补贴项目 {} 的中央资金支付（内容 {}）",
            content.content_no, used.programme, used.content
        );
        return Err(CENTRAL_TWICE.refuse(evidence).with("programme_no", used.programme.0));
    }
    if content.granted_spent_fen + amount > content.budget_fen {
        let evidence = format!(
            "批准 {} 元，补贴已付 {} 元，本次 {} 元",
            content.budget_fen.grouped(),
            content.granted_spent_fen.grouped(),
            amount.grouped()
        );
        return Err(OVER_CONTENT.refuse(evidence));
    }
    if let Some(share) = scene.cost_share {
        let most = share.of_money(scene.project_budget);
        let paid = scene.paid_by_programme;
        if paid + amount > most {
            let evidence = format!(
                "项目批准投资 {} 元的 {share} 为 {} 元，已付 {} 元，本次 {} 元",
                scene.project_budget.grouped(),
                most.grouped(),
                paid.grouped(),
                amount.grouped()
            );
            return Err(COST_SHARE.refuse(evidence).with("most_fen", most.in_fen()));
        }
    }
    Ok(())
}

/// A spending that was judged good, and not booked yet. Only [`judge`] makes one.
#[derive(Debug)]
pub(crate) struct Judged {
    tranche: TrancheRow,
    item: &'static Item,
    content: Option<Content>,
    level: Level,
}

impl Judged {
    /// Of which programme.
    pub(crate) fn programme(&self) -> ProgrammeNo {
        self.tranche.programme
    }

    /// Where its cost goes: Dr 5001 by class, about the project.
    pub(crate) fn cost(&self, amount: Money) -> Line {
        let about = self.tranche.project.unwrap_or(self.tranche.matter);
        Line::debit(self.item.class.account(), amount).about(about)
    }

    /// Where its money comes from: Cr 1002 about the tranche.
    pub(crate) fn money(&self, amount: Money) -> Line {
        Line::credit(BANK, amount).about(self.tranche.matter)
    }
}

/// Judges a spending by every condition of its tranche. `earlier` is what the same payment takes of tranches before this one,
/// by programme, and is not booked yet.
///
/// # Errors
/// Those of [`spend`], but for `bank.*`.
pub(crate) async fn judge(
    tx: &mut Tx,
    asked: &Spending,
    earlier: &[(ProgrammeNo, Money)],
) -> Result<Judged> {
    may_be_text("收款人", &asked.payee)?;
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    may_be_day(tx, asked.paid_on)?;
    tx.flush().await?;
    let compound = tx.compound();
    let tranche = tranche(tx, compound, asked.tranche_no).await?;
    let programme = programme(tx, tranche.programme).await?;
    let mut content = match asked.content_no {
        Some(no) => {
            let found = rows::contents(tx, compound, None, Some(no)).await?.pop();
            Some(found.ok_or_else(|| NO_CONTENT.refuse(format!("内容编号 {no}")))?)
        }
        None => None,
    };
    if let Some(content) = &mut content {
        content.granted_spent_fen += earlier.iter().map(|(_, fen)| *fen).sum();
    }
    let central = match &content {
        Some(content) => rows::central_uses(tx, compound, &content.item).await?,
        None => Vec::new(),
    };
    let (project_budget, paid_by_programme) = match tranche.project {
        Some(project) => {
            let contents = rows::contents(tx, compound, Some(project), None).await?;
            let paid = rows::spent_on_project(tx, compound, tranche.programme, project).await?;
            let same = earlier.iter().filter(|(no, _)| *no == tranche.programme);
            let same: Money = same.map(|(_, fen)| *fen).sum();
            (contents.iter().map(|content| content.budget_fen).sum(), paid + same)
        }
        None => (Money::ZERO, Money::ZERO),
    };

    let scene = Scene {
        tranche: &tranche,
        level: programme.level,
        cost_share: programme.terms.cost_share,
        content: content.as_ref(),
        central: &central,
        project_budget,
        paid_by_programme,
    };
    let item = may_be_spent(&scene, asked)?;
    Ok(Judged { tranche, item, content, level: programme.level })
}

/// Keeps a spending whose voucher is posted.
pub(crate) fn keep_spending(
    tx: &mut Tx,
    judged: &Judged,
    asked: &Spending,
    voucher: Posted,
) -> Moved {
    let Judged { tranche, item, content, level } = judged;
    let no = next(tx);
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        tranche.no.0.into(),
        tranche.programme.0.into(),
        level.is_central().into(),
        tranche.project.map_or(0, |project| project.0).into(),
        content.as_ref().map(|content| content.content_no.0).into(),
        (&item.item).into(),
        content.as_ref().map_or("", |content| content.building.as_str()).into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::SPEND, &row);
    let kept = Kept {
        kind: "spend",
        amount: asked.amount_fen,
        on: asked.paid_on,
        payee: &asked.payee,
        evidence: &asked.evidence,
        of: None,
        line: asked.line_no,
    };
    keep(tx, no, tranche.no, &kept, voucher);
    moved(no, voucher, tranche.sums.left() - asked.amount_fen)
}

/// Whether an item is spent on by itself: a reward goes by its score, aid to households by their roster.
fn may_be_by_itself(item: &Item, tranche: &TrancheRow, households: i64) -> Result<(), Refusal> {
    let no = tranche.no;
    match item.item.as_str() {
        content::REWARD => {
            Err(REWARD_BY_SCORE.refuse(format!("补贴资金 {no}，用途“{}”", item.title)))
        }
        content::HOUSEHOLD_AID if households == 0 && tranche.period.is_empty() => {
            Err(AID_BY_ROSTER.refuse(format!("补贴资金 {no} 没有写明期间")))
        }
        content::HOUSEHOLD_AID if households == 0 => {
            Err(AID_BY_ROSTER.refuse(format!("补贴资金 {no}，{} 的名册没有登记", tranche.period)))
        }
        _ => Ok(()),
    }
}

/// Spends a tranche's money on what it is for: Dr 5001 by class, about the project / Cr 1002 about the tranche. What a room
/// above keeps for its own payments (a renovation's tranche) it says itself.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.amount`, `subsidy.day`, `subsidy.no-tranche`, `subsidy.withdrawn`,
/// `subsidy.no-content`, `subsidy.another-project`, `subsidy.class`, `subsidy.item`, `subsidy.use`, `subsidy.expired`,
/// `subsidy.central-twice`, `subsidy.over-content`, `subsidy.cost-share`, `subsidy.short`; what the rooms above say
/// (`renovation.pays-itself`); `subsidy.reward-by-score`, `subsidy.aid-by-roster`, `bank.*`; those of the journal.
pub async fn spend(tx: &mut Tx, asked: &Spending) -> Result<Moved> {
    let judged = judge(tx, asked, &[]).await?;
    crate::may_be_spent(tx, asked.tranche_no).await?;
    let (compound, tranche) = (tx.compound(), &judged.tranche);
    let households = if judged.item.item == content::HOUSEHOLD_AID {
        grant::roster(tx, compound, tranche.programme, &tranche.period).await?.0
    } else {
        0
    };
    may_be_by_itself(judged.item, tranche, households)?;
    book_spending(tx, &judged, asked).await
}

/// Posts a spending that was judged good, and keeps it.
async fn book_spending(tx: &mut Tx, judged: &Judged, asked: &Spending) -> Result<Moved> {
    let amount = asked.amount_fen;
    let line = line_of(tx, asked.line_no, -amount, asked.paid_on).await?;
    let lines = vec![judged.cost(amount), judged.money(amount)];
    let memo = format!("{}支付 {}", judged.level.in_chinese(), judged.item.title);
    let voucher = posted(tx, asked.paid_on, memo, &asked.evidence, lines, line.as_ref()).await?;
    Ok(keep_spending(tx, judged, asked, voucher))
}

/// Takes back what was spent against its purpose, or too much: Dr 1002 / Cr 5001. It is the tranche's again.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.amount`, `subsidy.day`, `subsidy.no-spending`,
/// `subsidy.over-clawed-back`, `bank.*`; those of the journal.
pub async fn claw_back(tx: &mut Tx, asked: &ClawingBack) -> Result<Moved> {
    may_be_text("原因", &asked.reason)?;
    may_be_amount(asked.amount_fen)?;
    may_be_day(tx, asked.on)?;
    tx.flush().await?;
    let (compound, amount) = (tx.compound(), asked.amount_fen);
    let found = rows::moves(tx, compound, Some(asked.move_no)).await?.pop();
    let spent = found.filter(|row| row.kind == "spend" && !row.is_reversed);
    let spent = spent.ok_or_else(|| NO_SPENDING.refuse(format!("编号 {}", asked.move_no)))?;
    let back = rows::clawed_back(tx, compound, spent.no).await?;
    if back + amount > spent.amount {
        let evidence = format!(
            "支付 {} 元，已追回 {} 元，本次 {} 元",
            spent.amount.grouped(),
            back.grouped(),
            amount.grouped()
        );
        return Err(OVER_CLAWED.refuse(evidence).into());
    }
    if asked.on < spent.on {
        return Err(DAY.refuse(format!("{} 支付，{} 追回", spent.on, asked.on)).into());
    }
    let tranche = tranche(tx, compound, spent.tranche).await?;
    let line = line_of(tx, asked.line_no, amount, asked.on).await?;
    let class = content::item(&spent.item).map_or(Class::Management, |item| item.class);
    let lines = vec![
        Line::debit(BANK, amount).about(tranche.matter),
        Line::credit(class.account(), amount).about(tranche.project.unwrap_or(tranche.matter)),
    ];
    let memo = format!("追回补贴支付 {}", spent.no);
    let voucher = posted(tx, asked.on, memo, &asked.reason, lines, line.as_ref()).await?;
    let no = next(tx);
    let kept = Kept {
        kind: "claw-back",
        amount,
        on: asked.on,
        payee: &spent.payee,
        evidence: &asked.reason,
        of: Some(spent.no),
        line: asked.line_no,
    };
    keep(tx, no, tranche.no, &kept, voucher);
    Ok(moved(no, voucher, tranche.sums.left() + amount))
}
