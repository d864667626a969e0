//! Commands about gains: rates, the run of interest, placements, what the bank credited and charged.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use ledger::books::Books;
use ledger::gains::placement::{self, Charged, Holding, How, Income};
use ledger::gains::run::{self, Asked, Outcome, Part};
use ledger::gains::{self, Term};
use ledger::id::{CompoundId, LineNo, PlacementNo, RunNo};
use ledger::journal::Posted;
use ledger::money::Money;
use ledger::policy::terms::RateRef;
use ledger::property;
use serde_json::json;

use super::{
    ActArgs, CompoundArg, DONE, JsonArgs, Out, REFUSED, Ran, compound, if_none, money, number,
    operator, say, word,
};
use crate::gains::{
    DistributionAsked, PartView, RateAsked, RateView, RunView, ShareView, enter, is_skipped,
    part_view, parts_of, reckoned, share_out,
};
use crate::placements::{
    ChargeAsked, CreditAsked, EndingAsked, PlacementAsked, PlacementView, RenewalAsked, finish,
    put, take_charge, take_credit,
};
use crate::wire::IsoDay;

#[derive(Debug, Args)]
pub(super) struct InterestArgs {
    /// 年度：结息日所在的年
    #[arg(long)]
    year: i32,
    /// 季度 1 至 4：按季结息时写
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=4))]
    quarter: Option<u8>,
    /// 只办一个小区
    #[arg(long, value_name = "CODE")]
    compound: Option<String>,
    /// 只计算，不入账
    #[arg(long)]
    dry_run: bool,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Gains {
    /// 登记公布的利率（写明依据的文件）
    Rate(RateArgs),
    /// 列出利率
    Rates(JsonArgs),
    /// 列出结息批次
    Runs(JsonArgs),
    /// 一个批次各小区的结果与原因
    Parts {
        /// 批次编号
        #[arg(value_parser = number)]
        no: i32,
        /// 只列未结的
        #[arg(long)]
        skipped: bool,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 一户的利息与算式
    Explain {
        #[command(flatten)]
        compound: CompoundArg,
        /// 房号
        #[arg(long, value_name = "CODE")]
        room: String,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 分配其他收益（国债、经营、残值）
    Distribute(DistributeArgs),
    /// 登记存款利息或残值：手工，或认领银行流水
    Credit(CreditArgs),
    /// 登记从收益中扣除的银行费用
    Charge(ChargeArgs),
    /// 登记定期存款或国债
    Place(PlaceArgs),
    /// 登记支取、兑付、转存
    End(EndArgs),
    /// 列出存放：先到期的在前
    Placements {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct RateArgs {
    /// 地区代码（六位；全国 100000）
    #[arg(long, value_name = "CODE")]
    jurisdiction: String,
    /// 种类：demand、three-months、six-months、one-year、custodian、pool-yield
    #[arg(long, value_parser = word::<RateRef>)]
    kind: RateRef,
    /// 起始日
    #[arg(long, value_name = "DAY")]
    from: IsoDay,
    /// 年利率（百分数），例如 2.85
    #[arg(long)]
    percent: String,
    /// 依据：公布利率的文件
    #[arg(long)]
    source: String,
    /// 更正说明：同一起始日再登记时写
    #[arg(long, default_value = "")]
    corrects: String,
    /// 幂等键：同一键只办一次
    #[arg(long)]
    key: Option<String>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DistributeArgs {
    #[command(flatten)]
    act: ActArgs,
    /// 商品住宅部分（元）
    #[arg(long, value_parser = money, default_value = "0")]
    commodity: Money,
    /// 已售公有住房部分（元）
    #[arg(long, value_parser = money, default_value = "0")]
    sold_public: Money,
    /// 分配日
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 说明：分配的是什么收益
    #[arg(long)]
    memo: String,
}

#[derive(Debug, Args)]
pub(super) struct CreditArgs {
    #[command(flatten)]
    act: ActArgs,
    /// 种类：deposit 存款利息，residual 残值
    #[arg(long, value_parser = word::<Income>, default_value = "deposit")]
    income: Income,
    /// 金额（元）
    #[arg(long, value_parser = money, required_unless_present = "line", requires = "on")]
    amount: Option<Money>,
    /// 收款日期
    #[arg(long, value_name = "DAY", requires = "amount")]
    on: Option<IsoDay>,
    /// 认领的银行流水编号
    #[arg(long, value_name = "NO", value_parser = number, conflicts_with_all = ["amount", "on"])]
    line: Option<i32>,
    /// 凭据
    #[arg(long, default_value = "")]
    evidence: String,
}

#[derive(Debug, Args)]
pub(super) struct ChargeArgs {
    #[command(flatten)]
    act: ActArgs,
    /// 费用：bank-fee 银行手续费，messages 短信费
    #[arg(long, value_parser = word::<Charged>)]
    what: Charged,
    /// 金额（元）
    #[arg(long, value_parser = money)]
    amount: Money,
    /// 日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 凭据
    #[arg(long, default_value = "")]
    evidence: String,
}

#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    #[command(flatten)]
    act: ActArgs,
    /// 种类：term-deposit、primary-bond-to-maturity
    #[arg(long, value_parser = word::<Holding>)]
    kind: Holding,
    /// 存放处或债券名称
    #[arg(long)]
    name: String,
    /// 金额或面值（元）
    #[arg(long, value_parser = money)]
    nominal: Money,
    /// 国债的实际价款（元）
    #[arg(long, value_parser = money)]
    cost: Option<Money>,
    /// 年利率（百分数）
    #[arg(long)]
    percent: String,
    /// 提前支取利率（百分数）
    #[arg(long, default_value = "0")]
    early_percent: String,
    /// 起存日或购入日
    #[arg(long, value_name = "DAY")]
    from: IsoDay,
    /// 到期日
    #[arg(long, value_name = "DAY")]
    to: IsoDay,
    /// 凭据
    #[arg(long, default_value = "")]
    evidence: String,
}

#[derive(Debug, Args)]
pub(super) struct EndArgs {
    #[command(flatten)]
    act: ActArgs,
    /// 存放编号
    #[arg(long, value_parser = number)]
    no: i32,
    /// 方式：paid-out 到期支取，renewed 转存，early 提前支取
    #[arg(long, value_parser = word::<How>)]
    how: How,
    /// 办理日
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 实得利息（元）
    #[arg(long, value_parser = money)]
    interest: Money,
    /// 银行流水编号
    #[arg(long, value_name = "NO", value_parser = number)]
    line: Option<i32>,
    /// 转存：新存单到期日
    #[arg(long, value_name = "DAY", requires = "percent")]
    to: Option<IsoDay>,
    /// 转存：年利率（百分数）
    #[arg(long)]
    percent: Option<String>,
    /// 转存：利息一并转存
    #[arg(long)]
    with_interest: bool,
}

impl Gains {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Gains::Rate(args) => args.json,
            Gains::Rates(json) | Gains::Runs(json) => json.json,
            Gains::Parts { json, .. }
            | Gains::Explain { json, .. }
            | Gains::Placements { json, .. } => json.json,
            Gains::Distribute(args) => args.act.json,
            Gains::Credit(args) => args.act.json,
            Gains::Charge(args) => args.act.json,
            Gains::Place(args) => args.act.json,
            Gains::End(args) => args.act.json,
        }
    }
}

/// How many skipped compounds an answer names; the rest are in the run's list.
const NAMED_MOST: usize = 50;

pub(super) async fn interest(books: &Books, args: InterestArgs, out: Out<'_>) -> Ran {
    let asked =
        Asked { term: Term { year: args.year, quarter: args.quarter }, only: args.compound };
    let mut named: Vec<Part> = Vec::new();
    let told = |part: &Part| {
        if part.outcome == Outcome::Skipped && named.len() < NAMED_MOST {
            named.push(part.clone());
        }
    };
    let shown = match args.dry_run {
        true => reckoned(books, asked, told).await?,
        false => RunView::from(run::interest(books, &operator(), asked, told).await?),
    };
    named.sort_by_key(|part| part.compound);
    let mut view = books.read().await?;
    let mut reasons = Vec::with_capacity(named.len());
    for part in &named {
        let code = property::compound_code(&mut view, part.compound).await?;
        reasons.push(part_view(code, part));
    }
    let code = if shown.skipped.unwrap_or(0) > 0 { REFUSED } else { DONE };
    if args.json {
        say(out, &json!({ "run": shown, "skipped": reasons }))?;
        return Ok(code);
    }
    tell(&shown, args.dry_run, out)?;
    // A rule is told once, after the first compound it keeps.
    let mut rules = BTreeSet::new();
    for part in &reasons {
        let PartView { compound, code, reason, rule, remedy, .. } = part;
        writeln!(out, "  未结 {compound} [{code}] {reason}")?;
        if rules.insert(code) {
            writeln!(out, "    规则 {rule}\n    办法 {remedy}")?;
        }
    }
    Ok(code)
}

fn tell(run: &RunView, is_dry: bool, out: Out<'_>) -> Result<(), super::Stop> {
    let term = Term { year: run.year, quarter: run.quarter }.in_chinese();
    let of = run.compound.as_ref().map_or(term.clone(), |code| format!("{term}，只办 {code}"));
    let word = match run.run_no {
        0 if is_dry => format!("预览（未入账，{of}）"),
        0 => format!("没有可结的小区，未登记批次（{of}）"),
        no => format!("结息批次 {no}（{of}）"),
    };
    let count = |n: Option<i32>| n.unwrap_or(0);
    writeln!(
        out,
        "{word}：应办 {} 个小区，已结 {}，此前已结 {}，未结 {}",
        run.expected,
        count(run.posted),
        count(run.earlier),
        count(run.skipped)
    )?;
    let yuan = |fen: Option<Money>| fen.unwrap_or(Money::ZERO).grouped();
    let households = run.households.unwrap_or(0);
    writeln!(
        out,
        "  {households} 户，{} 元；留存 3101 {} 元",
        yuan(run.sum_fen),
        yuan(run.left_fen)
    )?;
    if let Some(digest) = run.digest.as_ref().filter(|_| run.run_no > 0) {
        writeln!(out, "  清单指纹 {digest}")?;
    }
    Ok(())
}

pub(super) async fn run(books: &Books, asked: Gains, out: Out<'_>) -> Ran {
    match asked {
        Gains::Rate(args) => rate(books, args, out).await,
        Gains::Rates(args) => {
            let all = gains::rates::rates(&mut books.read().await?).await?;
            let all: Vec<RateView> = all.into_iter().map(RateView::from).collect();
            if args.json {
                say(out, &json!({ "items": all }))?;
                return Ok(DONE);
            }
            if_none(out, all.len(), "利率")?;
            for rate in &all {
                let (place, kind, from) =
                    (&rate.jurisdiction, rate.kind.in_chinese(), rate.effective_from.0);
                writeln!(out, "{place}  {from}  {}  {kind}  {}", rate.percent, rate.source)?;
            }
            Ok(DONE)
        }
        Gains::Runs(args) => runs(books, args.json, out).await,
        Gains::Parts { no, skipped, json } => {
            parts(books, RunNo(no), skipped, json.json, out).await
        }
        Gains::Explain { compound, room, json } => {
            explain(books, &compound.compound, &room, json.json, out).await
        }
        Gains::Distribute(args) => distribute(books, args, out).await,
        Gains::Credit(args) => credit(books, args, out).await,
        Gains::Charge(args) => charge(books, args, out).await,
        Gains::Place(args) => place(books, args, out).await,
        Gains::End(args) => end(books, args, out).await,
        Gains::Placements { compound, json } => {
            placements(books, &compound.compound, json.json, out).await
        }
    }
}

async fn rate(books: &Books, args: RateArgs, out: Out<'_>) -> Ran {
    let asked = RateAsked {
        jurisdiction: args.jurisdiction,
        kind: args.kind,
        effective_from: args.from,
        percent: args.percent,
        source: args.source,
        corrects: args.corrects,
    };
    let done = enter(books, &operator(), args.key, asked).await?;
    let rate = RateView::from(done.answer);
    if args.json {
        say(out, &rate)?;
    } else {
        let (place, kind) = (&rate.jurisdiction, rate.kind.in_chinese());
        writeln!(out, "{place} 自 {} 起{kind}利率 {}", rate.effective_from.0, rate.percent)?;
    }
    Ok(DONE)
}

async fn runs(books: &Books, is_json: bool, out: Out<'_>) -> Ran {
    let mut view = books.read().await?;
    let mut all: Vec<RunView> = Vec::new();
    let mut after = RunNo(0);
    loop {
        let page = run::runs(&mut view, after, 1000).await?;
        let Some(last) = page.last() else { break };
        after = last.run_no;
        all.extend(page.into_iter().map(RunView::from));
    }
    if is_json {
        say(out, &json!({ "items": all }))?;
        return Ok(DONE);
    }
    if_none(out, all.len(), "结息批次")?;
    for run in &all {
        tell(run, false, out)?;
    }
    Ok(DONE)
}

/// Every part, a page at a time: a run may have thousands.
async fn parts(books: &Books, no: RunNo, only_skipped: bool, is_json: bool, out: Out<'_>) -> Ran {
    let mut view = books.read().await?;
    run::run_by_no(&mut view, no).await?;
    let (mut after, mut all) = (CompoundId(0), Vec::new());
    loop {
        let page = parts_of(&mut view, no, after, 1000).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        let shown = page.into_iter().map(|(_, part)| part);
        for part in shown.filter(|part| !only_skipped || is_skipped(part)) {
            if is_json {
                all.push(part);
                continue;
            }
            let (code, amount) = (&part.compound, part.sum_fen.grouped());
            let why =
                if part.code.is_empty() { String::new() } else { format!("[{}] ", part.code) };
            let outcome = part.outcome;
            writeln!(
                out,
                "{code}  {outcome}  {} 户  {amount}  {why}{}",
                part.households, part.reason
            )?;
            if is_skipped(&part) {
                writeln!(out, "    办法 {}", part.remedy)?;
            }
        }
    }
    if is_json {
        say(out, &json!({ "items": all }))?;
    }
    Ok(DONE)
}

async fn explain(books: &Books, code: &str, room: &str, is_json: bool, out: Out<'_>) -> Ran {
    let compound = compound(books, code).await?;
    let today = books.clock().now().day();
    let mut view = books.read().await?;
    let dwelling = property::dwelling(&mut view, compound.id, room, today).await?;
    let shares = gains::explain(&mut view, compound.id, dwelling.no).await?;
    let shares: Vec<ShareView> = shares.into_iter().map(ShareView::from).collect();
    if is_json {
        say(out, &json!({ "items": shares }))?;
        return Ok(DONE);
    }
    if_none(out, shares.len(), "利息与分配")?;
    for share in &shares {
        let gone = if share.is_reversed { "（已冲销）" } else { "" };
        writeln!(out, "{}  {} 元{gone}", share.settle_on.0, share.amount_fen.grouped())?;
        for line in &share.lines {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(DONE)
}

/// Tells a voucher.
fn posted(posted: Posted, is_json: bool, out: Out<'_>) -> Ran {
    if is_json {
        say(out, &json!({ "voucher": posted.to_string() }))?;
    } else {
        writeln!(out, "凭证 {posted}")?;
    }
    Ok(DONE)
}

async fn distribute(books: &Books, args: DistributeArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let asked = DistributionAsked {
        commodity_fen: args.commodity,
        sold_public_fen: args.sold_public,
        on: args.on,
        memo: args.memo,
    };
    let done = share_out(books, &operator(), &compound, args.act.key, asked).await?;
    let settled = done.answer;
    if args.act.json {
        say(out, &settled)?;
        return Ok(DONE);
    }
    let (sum, left) = (settled.sum_fen.grouped(), settled.left_fen.grouped());
    let vouchers: Vec<String> = settled.vouchers.iter().map(Posted::to_string).collect();
    writeln!(
        out,
        "分配 {}：{} 户，{sum} 元，留存 3101 {left} 元，凭证 {}",
        settled.settlement_no,
        settled.households,
        vouchers.join("、")
    )?;
    Ok(DONE)
}

async fn credit(books: &Books, args: CreditArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let asked = CreditAsked {
        income: args.income,
        line_no: args.line.map(LineNo),
        amount_fen: args.amount,
        received_on: args.on,
        evidence: args.evidence,
    };
    let done = take_credit(books, &operator(), &compound, args.act.key, asked).await?;
    posted(done.answer, args.act.json, out)
}

async fn charge(books: &Books, args: ChargeArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let (what, amount_fen, on, evidence) = (args.what, args.amount, args.on, args.evidence);
    let asked = ChargeAsked { what, amount_fen, on, evidence };
    let done = take_charge(books, &operator(), &compound, args.act.key, asked).await?;
    posted(done.answer, args.act.json, out)
}

async fn place(books: &Books, args: PlaceArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let asked = PlacementAsked {
        kind: args.kind,
        name: args.name,
        nominal_fen: args.nominal,
        cost_fen: args.cost,
        percent: args.percent,
        early_percent: args.early_percent,
        starts_on: args.from,
        matures_on: args.to,
        evidence: args.evidence,
    };
    let done = put(books, &operator(), &compound, args.act.key, asked).await?;
    if args.act.json {
        say(out, &done.answer)?;
        return Ok(DONE);
    }
    let voucher = done.answer.voucher.map_or(String::new(), |posted| format!("，凭证 {posted}"));
    writeln!(out, "存放 {}{voucher}", done.answer.placement_no)?;
    Ok(DONE)
}

async fn end(books: &Books, args: EndArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let renewal = args.to.zip(args.percent).map(|(matures_on, percent)| RenewalAsked {
        with_interest: args.with_interest,
        percent,
        early_percent: "0".to_owned(),
        matures_on,
        evidence: String::new(),
    });
    let asked = EndingAsked {
        how: args.how,
        on: args.on,
        interest_fen: args.interest,
        line_no: args.line.map(LineNo),
        renewal,
    };
    let no = PlacementNo(args.no);
    let done = finish(books, &operator(), &compound, args.act.key, no, asked).await?;
    if args.act.json {
        say(out, &done.answer)?;
        return Ok(DONE);
    }
    let ended = done.answer;
    let voucher = ended.voucher.map_or(String::new(), |posted| format!("，凭证 {posted}"));
    writeln!(out, "存放 {no} 已办理{voucher}；按约定应得 {} 元", ended.expected_fen.grouped())?;
    if let Some(renewed) = ended.renewed_as {
        writeln!(out, "  转存为 {renewed}")?;
    }
    Ok(DONE)
}

async fn placements(books: &Books, code: &str, is_json: bool, out: Out<'_>) -> Ran {
    let compound = compound(books, code).await?;
    let today = books.clock().now().day();
    let mut view = books.read().await?;
    let lying = placement::lying(&mut view, compound.id).await?;
    let all = placement::placements(&mut view, compound.id).await?;
    let all: Vec<PlacementView> = all.into_iter().map(|of| PlacementView::new(of, today)).collect();
    if is_json {
        say(out, &json!({ "lying": lying, "items": all }))?;
        return Ok(DONE);
    }
    let (demand, term) = (lying.demand_fen.grouped(), lying.term_fen.grouped());
    writeln!(out, "活期 {demand} 元，定期 {term} 元，国债 {} 元", lying.bonds_fen.grouped())?;
    if_none(out, all.len(), "定期存款与国债")?;
    for of in &all {
        let age = match (of.days_left, of.ended_how.zip(of.ended_on)) {
            (Some(days), _) if days < 0 => format!("逾期 {} 天", -days),
            (Some(days), _) => format!("还有 {days} 天"),
            (None, Some((how, on))) => format!("{} {}", on.0, how.in_chinese()),
            (None, None) => String::new(),
        };
        writeln!(
            out,
            "{:>4}  {}  {}  {}  {age}  {}",
            of.placement_no,
            of.matures_on.0,
            of.nominal_fen.grouped(),
            of.percent,
            of.name
        )?;
    }
    Ok(DONE)
}
