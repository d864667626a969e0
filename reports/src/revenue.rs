//! D7 公共收益公示表: what the common parts earned in a period, what that cost, where it went and what is left, for the notice board.
//!
//! Owns: [`Told`], [`set`]. The figures are the ledger's sheet ([`ledger::revenue::publication`]), as it would be posted now or as it
//! was posted; who was paid, on which paper and when comes from the movements, which are held against the sheet's sums.
//!
//! Always: opening + net − spent is the closing balance of every scope, or nothing is printed; a sheet that does not agree with the
//! ledger says so across its head. It hangs where anybody passes: no account, telephone or identity number is to be read on it; the
//! ledger takes organisations whole and of a person the surname only. Limits: of a sheet that was posted and whose movements
//! changed since, only the sums that were posted are told, not who was paid.

use ledger::calendar::Instant;
use ledger::mask;
use ledger::money::Money;
use ledger::revenue::Terms;
use ledger::revenue::entry::Turned;
use ledger::revenue::lease::Lease;
use ledger::revenue::publication::{IncomeLine, Item, Publication, ScopeSheet, Sheet as Posted};
use ledger::revenue::reckon::Sort;

use crate::sheet::{
    Block, Cell, Chart, Column, Field, Plot, Rank, Seal, Sheet, Side, Table, Warning, Width,
    percent,
};
use crate::{Error, Result};

/// Everything the sheet rests on.
#[derive(Debug)]
pub struct Told<'a> {
    /// The compound's name.
    pub compound: &'a str,
    /// The sheet of the period.
    pub sheet: &'a Posted,
    /// The posting it hung by, and the number of the one that corrected it; none of a draft.
    pub posted: Option<(&'a Publication, Option<i32>)>,
    /// What moved in the period.
    pub moves: &'a [Turned],
    /// The contracts.
    pub leases: &'a [Lease],
    /// What was agreed of it.
    pub terms: &'a Terms,
    /// What the law gives to the fund and its article; none where no law says.
    pub law: Option<String>,
    /// How long it has to hang; none where no law says.
    pub hangs: Option<String>,
    /// 打印时间.
    pub printed_at: Instant,
    /// The book.
    pub seal: Option<Seal>,
}

/// Lays the sheet out.
///
/// # Errors
/// [`Error::CheckFailed`] if a scope does not foot, or if the movements do not come to a draft's sums.
pub fn set(of: &Told<'_>) -> Result<Sheet> {
    let sheet = of.sheet;
    let mut blocks = vec![Block::Fields { across: 2, fields: head(of) }];
    let mut is_told_whole = true;
    for scope in &sheet.scopes {
        foots(scope)?;
        let lines: Vec<&Turned> =
            of.moves.iter().filter(|moved| moved.entry.scope == scope.scope).collect();
        let is_whole = comes_to(&lines, scope);
        if !is_whole && of.posted.is_none() {
            let told = format!("{}：逐笔收支与公示表的合计不符", scope.scope);
            return Err(Error::CheckFailed(told));
        }
        is_told_whole &= is_whole;
        let lines = if is_whole { lines } else { Vec::new() };
        blocks.push(Block::Heading(format!("{}　一、收入（元）", scope.scope)));
        blocks.push(Block::Table(income(scope, of.leases)));
        if scope.income.len() > 1 {
            blocks.push(Block::Chart(earned(scope)));
        }
        blocks.push(Block::Heading("合理成本与经营人分成（元）".into()));
        blocks.push(Block::Table(spent(&lines, &scope.costs, Sort::is_cost, "没有成本")));
        blocks.push(Block::Heading("二、支出与分配（元）".into()));
        blocks.push(Block::Table(spent(&lines, &scope.spent, Sort::distributes, "没有支出")));
        blocks.push(Block::Heading("三、结转（元）".into()));
        blocks.push(Block::Table(carried(scope)));
        blocks.push(Block::Fields { across: 2, fields: to_fund(scope, of) });
    }
    if sheet.scopes.is_empty() {
        blocks.push(Block::Text("本期没有公共收益的收支。".into()));
    }
    blocks.push(Block::Heading("四、说明".into()));
    blocks.push(Block::Notes(notes(of, is_told_whole)));
    let names = ["制表（经营人）", "审核（业主委员会）", "负责人（盖章）"];
    blocks.push(Block::Signatures(names.map(String::from).into()));

    let period = format!("{} 至 {}", sheet.from_on, sheet.to_on);
    let mut running = vec![format!("期间 {period}"), "单位：元".into()];
    let number = match of.posted {
        Some((posted, _)) => {
            running.push(format!("公示编号 {}", posted.publication_no));
            format!("{period} 公示 {}", posted.publication_no)
        }
        None => period,
    };
    let title = "公共收益公示表";
    let paper = Sheet::new(of.compound, title, of.printed_at).running(running).warning(warning(of));
    Ok(paper.saying(blocks).sealed("D7", &number, of.seal.clone()))
}

fn warning(of: &Told<'_>) -> Option<Warning> {
    let (word, meaning) = match of.posted {
        _ if !of.sheet.agrees => {
            ("不符", "各范围结余合计与账上净额不符，须查明后公示。".to_owned())
        }
        Some((_, Some(later))) => {
            ("已更正", format!("本期已另行公示，以公示编号 {later} 的为准。"))
        }
        None => ("未公示", "本件为公示前的稿，审核、登记公示后方为公示件。".to_owned()),
        Some((_, None)) => return None,
    };
    Some(Warning { word: word.into(), meaning })
}

fn head(of: &Told<'_>) -> Vec<Field> {
    let sheet = of.sheet;
    let yuan = |fen: Money| format!("{} 元", fen.grouped());
    let operator = match sheet.operator_fen {
        fen if fen.is_negative() => format!("经营人垫付 {}", yuan(-fen)),
        fen => format!("经营人代收未转入 {}", yuan(fen)),
    };
    let mut fields = vec![
        Field::new("经营人", mask::text(&sheet.operator)),
        Field::new("账户", mask::text(&sheet.account)),
        Field::new("账户余额", yuan(sheet.bank_fen)),
        Field::new("往来", operator),
    ];
    if let Some((posted, _)) = of.posted {
        fields.push(Field::new("公示之日", posted.posted_on.to_string()));
        fields.push(Field::new("公示地点", mask::text(&posted.place)));
    }
    fields
}

fn foots(of: &ScopeSheet) -> Result<()> {
    if of.opening_fen + of.net_fen - of.spent_fen == of.closing_fen
        && of.income_fen - of.tax_fen - of.cost_fen == of.net_fen
    {
        return Ok(());
    }
    Err(Error::DoesNotFoot {
        what: "公共收益",
        opening: of.opening_fen,
        increase: of.net_fen,
        decrease: of.spent_fen,
        closing: of.closing_fen,
    })
}

/// Whether the movements are what the sheet sums up.
fn comes_to(lines: &[&Turned], of: &ScopeSheet) -> bool {
    let sum = |is_such: fn(Sort) -> bool| -> Money {
        let such = lines.iter().filter(|moved| is_such(moved.entry.sort));
        such.map(|moved| moved.amount_fen).sum()
    };
    sum(Sort::is_cost) == of.cost_fen && sum(Sort::distributes) == of.spent_fen
}

fn income(of: &ScopeSheet, leases: &[Lease]) -> Table {
    let columns = vec![
        Column::words("项目", 3),
        Column::words("合同号、相对方", 4),
        Column::words("合同期", 3),
        Column::amounts("应收"),
        Column::amounts("实收"),
        Column::amounts("税金"),
        Column::amounts("税后收入"),
        Column::words("备注", 3),
    ];
    let mut table = Table::new(columns, "本期没有收入");
    for line in &of.income {
        let lease = leases.iter().find(|lease| Some(lease.lease_no) == line.lease_no);
        let term = lease.map_or_else(String::new, |lease| {
            format!("{} 至 {}", lease.from_on, lease.ended_on.unwrap_or(lease.until_on))
        });
        let cells = vec![
            Cell::Text(line.item.clone()),
            Cell::Text(mask::text(&line.contract)),
            Cell::Text(term),
            Cell::Money(line.due_fen),
            Cell::Money(line.received_fen),
            Cell::Money(line.tax_fen),
            Cell::Money(line.received_fen - line.tax_fen),
            Cell::Text(remark(line, lease)),
        ];
        table.push(Rank::Line, cells);
    }
    if !of.income.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

fn remark(line: &IncomeLine, lease: Option<&Lease>) -> String {
    let open = line.due_fen - line.received_fen;
    let mut told = Vec::new();
    if open.is_positive() {
        told.push(format!("本期未收 {}", open.grouped()));
    }
    if let Some(ended) = lease.and_then(|lease| lease.ended_on) {
        told.push(format!("{ended} 提前终止"));
    }
    told.join("；")
}

/// What each source brought.
fn earned(of: &ScopeSheet) -> Chart {
    let mut parts: Vec<(String, Money)> = Vec::new();
    for line in of.income.iter().filter(|line| line.received_fen.is_positive()) {
        match parts.iter_mut().find(|(name, _)| *name == line.item) {
            Some((_, sum)) => *sum += line.received_fen,
            None => parts.push((line.item.clone(), line.received_fen)),
        }
    }
    Chart { title: "收入来源（元，含税）".into(), plot: Plot::Parts(parts) }
}

/// Movement by movement; where these are not those of the sheet, its own sums.
fn spent(lines: &[&Turned], sums: &[Item], is_such: fn(Sort) -> bool, nothing: &str) -> Table {
    let columns = vec![
        Column::words("事项", 3),
        Column::words("决定依据", 2),
        Column::words("收款人", 3),
        Column::words("合同、发票号", 3),
        Column::new("日期", Side::Left, Width::Fit),
        Column::amounts("金额"),
    ];
    let mut table = Table::new(columns, nothing);
    for moved in lines.iter().filter(|moved| is_such(moved.entry.sort)) {
        let entry = &moved.entry;
        let by = match (entry.round_no, entry.motion_no) {
            (Some(round), Some(motion)) => format!("表决 {round} 事项 {motion}"),
            _ => String::new(),
        };
        let item = match moved.amount_fen.is_negative() {
            true => format!("{}（冲销）", entry.what),
            false => entry.what.clone(),
        };
        let cells = vec![
            Cell::Text(item),
            Cell::Text(by),
            Cell::Text(mask::text(&entry.party)),
            Cell::Text(mask::text(&entry.evidence)),
            Cell::Day(moved.on),
            Cell::Money(moved.amount_fen),
        ];
        table.push(Rank::Line, cells);
    }
    if lines.is_empty() {
        for item in sums {
            let mut cells = vec![Cell::Text(item.item.clone()), Cell::Text(item.by.clone())];
            cells.extend([const { Cell::Blank }; 3]);
            cells.push(Cell::Money(item.amount_fen));
            table.push(Rank::Line, cells);
        }
    }
    if !table.rows().is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

fn carried(of: &ScopeSheet) -> Table {
    let columns = vec![Column::words("项目", 1), Column::amounts("金额").standing()];
    let mut table = Table::new(columns, "");
    let rows = [
        (Rank::Line, "期初结余", of.opening_fen),
        (Rank::Line, "　收入合计（含税）", of.income_fen),
        (Rank::Line, "　减：税金", of.tax_fen),
        (Rank::Line, "　减：合理成本与经营人分成", of.cost_fen),
        (Rank::Line, "加：净收入（归业主）", of.net_fen),
        (Rank::Line, "减：支出与分配", of.spent_fen),
        (Rank::Line, "　其中划入维修资金", of.fund_fen),
        (Rank::Total, "期末结余", of.closing_fen),
    ];
    for (rank, name, fen) in rows {
        table.push(rank, vec![Cell::Text(name.into()), Cell::Money(fen)]);
    }
    table
}

/// How much of it goes to the fund, by what, and what is still to go.
fn to_fund(scope: &ScopeSheet, of: &Told<'_>) -> Vec<Field> {
    let yuan = |fen: Money| format!("{} 元", fen.grouped());
    let part = match scope.net_fen.is_positive() {
        // Cut and never rounded up: no 50.00 % stands where a fen is missing.
        true => {
            let points =
                i128::from(scope.fund_fen.in_fen()) * 10_000 / i128::from(scope.net_fen.in_fen());
            percent(i64::try_from(points).unwrap_or(i64::MAX))
        }
        false => "—".to_owned(),
    };
    let agreed = match of.terms.fund_bp {
        0 => "没有约定".to_owned(),
        points => format!("{}（{}）", percent(points.into()), of.terms.document),
    };
    vec![
        Field::new("划入维修资金", yuan(scope.fund_fen)),
        Field::new("占本期净收入", part),
        Field::new("约定比例", agreed),
        Field::new("规定比例", of.law.as_deref().unwrap_or("当地没有规定")),
        Field::new("应划未划（至本期末各期合计）", yuan(scope.owed_fen)).over(2),
    ]
}

fn notes(of: &Told<'_>, is_told_whole: bool) -> Vec<String> {
    let sheet = of.sheet;
    let mut notes: Vec<String> = sheet.notes.iter().map(|note| mask::text(note)).collect();
    let told = if sheet.agrees { "相符" } else { "不符" };
    notes.push(format!(
        "各范围期末结余合计 {}，账上公共收益净额 {}，{told}。",
        sheet.closing_fen.grouped(),
        sheet.ledger_fen.grouped()
    ));
    notes.push("利用共有部分产生的收入，扣除合理成本之后属于业主共有（民法典第二百八十二条）；本账户与经营人自有资金分开。".into());
    if !is_told_whole {
        notes.push("公示后账上另有变动，本件只列公示时的合计；逐笔见更正后的公示表。".into());
    }
    let hangs = of.hangs.as_ref().map_or_else(String::new, |hangs| format!("公示{hangs}；"));
    notes.push(format!(
        "{hangs}对本表有异议的，请在公示期内凭房号向业主委员会或街道办事处书面提出，联系人：＿＿＿＿＿＿。"
    ));
    notes.push("审计结论（如有）：＿＿＿＿＿＿。".into());
    if let Some((posted, _)) = of.posted {
        notes.push(format!("公示表摘要（SHA-256）{}", posted.digest));
    }
    notes
}
