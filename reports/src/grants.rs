//! D8 补贴资金使用台账: every tranche of government money of a compound, what it was granted for, and each fen that moved.
//!
//! Owns: [`Told`], [`set`]. The figures are the ledger's ([`ledger::subsidy`]); the balance after each movement is counted here and held
//! against the tranche's own.
//!
//! Always: received + interest + clawed back − spent − handed back is what is left, of every tranche, or nothing is printed. A
//! reversed movement is not told: it moved nothing. It is of organisations only, so that it may be posted as it is. Limits: the
//! books keep no target of performance: it is a place to be filled in by hand; contract and invoice stand in one column, as they
//! were recorded.

use ledger::calendar::Instant;
use ledger::mask;
use ledger::money::Money;
use ledger::renovation::Row as Renovation;
use ledger::subsidy::content::item;
use ledger::subsidy::terms::Part;
use ledger::subsidy::{Content, Movement, Tranche};

use crate::sheet::{
    Block, Cell, Chart, Column, Field, Paper, Plot, Rank, Seal, Sheet, Side, Table, Width, percent,
};
use crate::{Error, Result};

/// Everything the ledger of subsidies rests on.
#[derive(Debug)]
pub struct Told<'a> {
    /// The compound's name.
    pub compound: &'a str,
    /// The tranches to print.
    pub tranches: &'a [Tranche],
    /// Every movement.
    pub moves: &'a [Movement],
    /// Every content.
    pub contents: &'a [Content],
    /// The projects.
    pub renovations: &'a [Renovation],
    /// The separate accounts, masked; none where no statement was read yet.
    pub accounts: Vec<String>,
    /// 打印时间.
    pub printed_at: Instant,
    /// The book.
    pub seal: Option<Seal>,
    /// Which one it is: the compound's, or a tranche's number.
    pub number: String,
}

/// Lays it out.
///
/// # Errors
/// [`Error::DoesNotFoot`], [`Error::DoesNotRun`].
pub fn set(of: &Told<'_>) -> Result<Sheet> {
    let accounts = if of.accounts.is_empty() {
        "尚未导入流水".to_owned()
    } else {
        of.accounts.join("、")
    };
    let fields = vec![
        Field::new("补贴笔数", format!("{} 笔", of.tranches.len())),
        Field::new("专户", accounts),
        Field::new("截至", of.printed_at.day().to_string()),
    ];
    let mut blocks = vec![
        Block::Fields { across: 3, fields },
        Block::Heading("一、各笔补贴资金（元）".into()),
        Block::Table(every(of)),
        Block::Chart(compared(of)),
        Block::Heading("二、逐笔收支（元）".into()),
    ];
    if of.tranches.is_empty() {
        blocks.push(Block::Text("没有补贴资金，没有收支。".into()));
    }
    for tranche in of.tranches {
        let (fields, table) = (about(of, tranche), ledger_of(of, tranche)?);
        blocks.push(Block::Heading(format!("补贴资金 {}　{}", tranche.tranche_no, tranche.title)));
        blocks.push(Block::Fields { across: 3, fields });
        blocks.push(Block::Table(table));
    }
    let mut notes = vec![
        "结余 = 到账 + 利息 + 追回 − 支付 − 上缴；已冲销的收付不列。".to_owned(),
        "不重复列支声明：上列支出只用于所列项目的所列内容，同一改造内容未重复使用中央补助资金，未与其他资金来源重复列支。".to_owned(),
        "是否超范围：支付的用途不在下达文件可用的内容之内的为“是”。".to_owned(),
    ];
    if of.tranches.iter().any(|tranche| tranche.is_overdue) {
        notes.push("注明“逾期”的已过使用截止日而有结余，应当上缴。".to_owned());
    }
    blocks.push(Block::Heading("三、说明".into()));
    blocks.push(Block::Notes(notes));
    blocks.push(Block::Signatures(["制表", "复核", "负责人（盖章）"].map(String::from).into()));
    let sheet = Sheet::new(of.compound, "补贴资金使用台账", of.printed_at).on(Paper::A4Landscape);
    let sheet = sheet.running(vec![format!("截至 {}", of.printed_at.day()), "单位：元".into()]);
    let sheet = sheet.saying(blocks);
    Ok(sheet.sealed("D8", &of.number, of.seal.clone()))
}

/// What a tranche is for: the project, or the management of the compound.
fn project<'a>(of: &'a Told<'_>, tranche: &Tranche) -> Option<&'a Renovation> {
    let matter = tranche.project_matter_no?;
    of.renovations.iter().find(|renovation| renovation.project_matter_no == matter)
}

fn project_name(of: &Told<'_>, tranche: &Tranche) -> String {
    match (project(of, tranche), tranche.project_matter_no) {
        (Some(renovation), _) => {
            format!("{} {}", renovation.renovation_no, renovation.title)
        }
        (None, Some(matter)) => format!("事项 {matter}"),
        (None, None) => "物业管理补贴".to_owned(),
    }
}

fn every(of: &Told<'_>) -> Table {
    let columns = vec![
        Column::new("编号", Side::Right, Width::Fit),
        Column::words("项目", 3),
        Column::words("文号", 3),
        Column::words("资金性质", 2),
        Column::new("使用截止日", Side::Left, Width::Fit),
        Column::amounts("下达"),
        Column::amounts("到账"),
        Column::amounts("利息"),
        Column::amounts("支付"),
        Column::amounts("追回"),
        Column::amounts("上缴"),
        Column::amounts("结余"),
        Column::words("状态", 1),
    ];
    let mut table = Table::new(columns, "没有补贴资金");
    table.page_total = Some("本页小计".into());
    for (number, tranche) in (1_u64..).zip(of.tranches) {
        let number = u64::try_from(tranche.tranche_no.0).unwrap_or(number);
        let state = match (tranche.is_overdue, tranche.left_fen.is_zero()) {
            (true, _) => "逾期",
            (false, true) if tranche.received_fen.is_positive() => "用完",
            (false, _) => "使用中",
        };
        let cells = vec![
            Cell::Count(number),
            Cell::Text(project_name(of, tranche)),
            Cell::Text(tranche.document.clone()),
            Cell::Text(tranche.level.in_chinese().to_owned()),
            Cell::Day(tranche.spend_by),
            Cell::Money(tranche.granted_fen),
            Cell::Money(tranche.received_fen),
            Cell::money_if_any(tranche.interest_fen),
            Cell::Money(tranche.spent_fen),
            Cell::money_if_any(tranche.clawed_back_fen),
            Cell::money_if_any(tranche.handed_back_fen),
            Cell::Money(tranche.left_fen),
            Cell::Text(state.to_owned()),
        ];
        table.push(Rank::Line, cells);
    }
    if !of.tranches.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

/// What came of each tranche, and what of it went.
fn compared(of: &Told<'_>) -> Chart {
    let group = |tranche: &Tranche| {
        let amounts = [tranche.granted_fen, tranche.received_fen, tranche.spent_fen];
        (format!("补贴 {}", tranche.tranche_no), amounts.into())
    };
    let series = ["下达", "到账", "支付"].map(String::from).into();
    let groups = of.tranches.iter().map(group).collect();
    Chart {
        title: "下达、到账与支付（元）".into(), plot: Plot::Columns { series, groups }
    }
}

fn about(of: &Told<'_>, tranche: &Tranche) -> Vec<Field> {
    let yuan = |fen: Money| format!("{} 元", fen.grouped());
    let part = match tranche.part {
        Part::Whole => "全额",
        Part::Advance => "预拨",
        Part::Rest => "余款",
    };
    let uses: Vec<&str> = tranche.uses.iter().map(|name| titled(name)).collect();
    let reckoned = match tranche.base.mode {
        Some(mode) => format!("，按{}计算", mode.in_chinese()),
        None => String::new(),
    };
    let share = project(of, tranche).filter(|project| project.planned_fen.is_positive());
    let share = share.map_or_else(
        || "没有改造方案的总投资".to_owned(),
        |project| {
            let points = i128::from(tranche.granted_fen.in_fen()) * 10_000
                / i128::from(project.planned_fen.in_fen());
            let points = i64::try_from(points).unwrap_or(i64::MAX);
            format!("{}（总投资 {}）", percent(points), yuan(project.planned_fen))
        },
    );
    let mut fields = vec![
        Field::new("项目", project_name(of, tranche)),
        Field::new("资金性质", tranche.level.in_chinese()),
        Field::new("文号", &tranche.document),
        Field::new("下达", format!("{}，{}", tranche.granted_on, yuan(tranche.granted_fen))),
        Field::new("笔别", format!("{part}（全额 {}{reckoned}）", yuan(tranche.gross_fen))),
        Field::new("下达凭据", mask::text(&tranche.evidence)),
        Field::new("使用截止日", tranche.spend_by.to_string()),
        Field::new("占总投资", share),
        Field::new("绩效目标", "＿＿＿＿＿＿（账簿不载）"),
        Field::new("可用于", uses.join("、")).over(3),
    ];
    if !tranche.period.is_empty() {
        fields.push(Field::new("期间", &tranche.period).over(3));
    }
    fields
}

/// An item of the catalogue as it is read.
fn titled(name: &str) -> &str {
    item(name).map_or(name, |item| item.title.as_str())
}

/// Every movement of a tranche, with what is left after it.
fn ledger_of(of: &Told<'_>, tranche: &Tranche) -> Result<Table> {
    let columns = vec![
        Column::new("日期", Side::Left, Width::Fit),
        Column::words("事项", 1),
        Column::words("用途", 3),
        Column::words("收款人", 3),
        Column::words("合同号、发票号（凭据）", 4),
        Column::new("凭证序号", Side::Right, Width::Fit),
        Column::amounts("收入"),
        Column::amounts("支出"),
        Column::amounts("累计支出").standing(),
        Column::amounts("结余").standing(),
        Column::words("超范围", 1),
        Column::words("备注", 2),
    ];
    let mut table = Table::new(columns, "尚无收支");
    let uses: Vec<&str> = tranche.uses.iter().map(|name| titled(name)).collect();
    let (mut came, mut went, mut spent, mut left) =
        (Money::ZERO, Money::ZERO, Money::ZERO, Money::ZERO);
    let is_mine = |moved: &&Movement| moved.tranche_no == tranche.tranche_no && !moved.is_reversed;
    let mine = of.moves.iter().filter(is_mine);
    for moved in mine {
        let amount = moved.amount_fen;
        let (word, is_in) = match moved.kind.as_str() {
            "receipt" => ("到账", true),
            "interest" => ("利息", true),
            "claw-back" => ("追回", true),
            "hand-back" => ("上缴", false),
            _ => ("支付", false),
        };
        if is_in {
            came += amount;
            left += amount;
        } else {
            went += amount;
            left -= amount;
        }
        match word {
            "支付" => spent += amount,
            "追回" => spent -= amount,
            _ => {}
        }
        let content =
            of.contents.iter().find(|content| Some(content.content_no) == moved.content_no);
        let used_for = match content {
            Some(content) if !content.name.is_empty() => {
                format!("{}（{}）", content.name, moved.used_for)
            }
            _ => moved.used_for.clone(),
        };
        let is_beyond = match (word, moved.used_for.is_empty()) {
            ("支付", false) if uses.contains(&moved.used_for.as_str()) => "否",
            ("支付", _) => "是",
            _ => "",
        };
        let remark = match (word, moved.of_move_no) {
            ("追回", Some(no)) => format!("追回第 {no} 笔"),
            _ => format!("第 {} 笔", moved.move_no),
        };
        let cells = vec![
            Cell::Day(moved.moved_on),
            Cell::Text(word.to_owned()),
            Cell::Text(used_for),
            Cell::Text(mask::text(&moved.payee)),
            Cell::Text(mask::text(&moved.evidence)),
            Cell::Count(u64::from(moved.voucher_seq.unsigned_abs())),
            if is_in { Cell::Money(amount) } else { Cell::Blank },
            if is_in { Cell::Blank } else { Cell::Money(amount) },
            Cell::Money(spent),
            Cell::Money(left),
            Cell::Text(is_beyond.to_owned()),
            Cell::Text(remark),
        ];
        table.push(Rank::Line, cells);
    }
    if left != tranche.left_fen {
        return Err(Error::DoesNotFoot {
            what: "补贴资金",
            opening: Money::ZERO,
            increase: came,
            decrease: went,
            closing: tranche.left_fen,
        });
    }
    if !table.rows().is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No heading stands over nothing.
    #[test]
    fn where_there_are_no_grants_it_says_so() {
        let of = Told {
            compound: "梧桐里小区",
            tranches: &[],
            moves: &[],
            contents: &[],
            renovations: &[],
            accounts: Vec::new(),
            printed_at: Instant::from_seconds(0),
            seal: None,
            number: "wutongli".into(),
        };
        let sheet = set(&of).unwrap();
        let heads = sheet.blocks.windows(2).filter(|two| matches!(two[0], Block::Heading(_)));
        for two in heads {
            assert!(!matches!(two[1], Block::Heading(_)), "{two:?}");
        }
        let text = crate::press::text::press(&sheet);
        assert!(text.contains("没有补贴资金，没有收支。"), "{text}");
    }
}
