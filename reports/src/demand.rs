//! D1 催缴通知单, by a template; and the list of what is owed as it may hang where anybody passes.
//!
//! Owns: [`KNOWN`], [`values`], [`posted`]. The figures are the ledger's ([`ledger::arrears`]); a notice keeps the bills and the
//! sums it was made with, whatever was paid since. Penalties are bills of their own and stand as such. Never: a whole name; in the
//! posted list no name and no whole room ([`masked_room`]).

use ledger::arrears::{Ageing, NoticePaper};
use ledger::calendar::Instant;
use ledger::fees::PENALTY_ITEM;
use ledger::money::Money;

use crate::sheet::{
    Block, Cell, Chart, Column, Plot, Rank, Seal, Sheet, Side, Table, Unit, Warning, Width,
};
use crate::template::{Known, Values};

/// What a template of this document may name.
pub static KNOWN: Known = Known {
    name: "demand",
    code: "D1",
    title: "催缴通知单",
    words: &[
        ("compound", "小区"),
        ("no", "通知编号"),
        ("title", "名称：催缴提醒、催缴通知书、律师函"),
        ("room", "房号"),
        ("owners", "业主，只显示姓"),
        ("area", "计费面积"),
        ("made_on", "开具日期"),
        ("pay_by", "截止日期"),
        ("pay_code", "缴费编号"),
        ("last_paid_on", "上次缴费日期"),
        ("account", "收款账户：物业费账户的账号，流水中有的"),
        ("penalty_rule", "违约金的约定"),
        ("says", "正文"),
        ("remark", "附言"),
    ],
    lines: &[
        ("item", "收费项目"),
        ("period", "计费期间"),
        ("worked", "单价、数量"),
        ("due_on", "缴费期限"),
        ("billed", "应收"),
        ("reduced", "减免"),
        ("received", "已收"),
        ("open", "欠费"),
        ("penalty", "违约金"),
    ],
    amounts: &["billed", "reduced", "received", "open", "penalty"],
    sums: &[("open", "欠费小计"), ("penalty", "违约金合计"), ("payable", "应缴合计")],
    shipped: include_str!("../template/demand.toml"),
};

/// What a notice fills its template with.
#[must_use]
pub fn values(
    of: &NoticePaper,
    compound_code: &str,
    accounts: &[String],
    seal: Option<Seal>,
) -> Values {
    let mut values = Values {
        number: format!("{compound_code}-{} {}", of.claim_no, of.room),
        seal,
        ..Values::default()
    };
    values.set("compound", &of.compound);
    values.set("no", of.claim_no.to_string());
    values.set("title", &of.title);
    values.set("room", &of.room);
    values.set("owners", of.owners.join("、"));
    values.set("area", of.area_centi_m2.to_string());
    values.set("made_on", of.made_on.to_string());
    values.set("pay_by", of.pay_by.to_string());
    values.set("pay_code", format!("{compound_code}-{}", of.room));
    let paid = of.last_paid_on.map_or_else(|| "没有记录".to_owned(), |on| on.to_string());
    values.set("last_paid_on", paid);
    values.set("account", accounts.join("、"));
    values.set("penalty_rule", &of.penalty);
    values.set("says", &of.says);
    values.set("remark", &of.remark);
    let (mut open, mut penalty) = (Money::ZERO, Money::ZERO);
    for line in &of.lines {
        let is_penalty = line.item == PENALTY_ITEM;
        *(if is_penalty { &mut penalty } else { &mut open }) += line.open_fen;
        let owed = |meant: bool| if meant { Cell::Money(line.open_fen) } else { Cell::Blank };
        let cells = [
            ("item", Cell::Text(line.item.clone())),
            ("period", Cell::Text(format!("{} 至 {}", line.from_on, line.to_on))),
            ("worked", Cell::Text(line.worked.clone())),
            ("due_on", Cell::Day(line.due_on)),
            ("billed", Cell::Money(line.billed_fen)),
            ("reduced", Cell::money_if_any(line.reduced_fen)),
            ("received", Cell::money_if_any(line.received_fen)),
            ("open", owed(!is_penalty)),
            ("penalty", owed(is_penalty)),
        ];
        values.lines.push(cells.into());
    }
    values.sums = [("open", open), ("penalty", penalty), ("payable", open + penalty)].into();
    values
}

/// A room as the board shows it: `1-1-101` is `1**1`. Two characters are always left, and never more than half.
#[must_use]
pub fn masked_room(room: &str) -> String {
    let plain: Vec<char> = room.chars().filter(|c| *c != '-').collect();
    match (plain.first(), plain.last()) {
        (Some(first), Some(last)) if plain.len() >= 4 => format!("{first}**{last}"),
        _ => "**".to_owned(),
    }
}

/// What is owed, as it may be posted: masked rooms, sorted by what they owe, so that no place in the list says which room it is.
#[must_use]
pub fn posted(
    of: &Ageing,
    compound: &str,
    printed_at: Instant,
    seal: Option<Seal>,
    open: Option<Warning>,
) -> Sheet {
    let mut rows: Vec<_> = of
        .rows
        .iter()
        .filter(|row| row.overdue_fen.is_positive())
        .map(|row| (masked_room(&row.of), row))
        .collect();
    rows.sort_by_key(|(room, row)| (-row.overdue_fen.in_fen(), room.clone()));
    let columns = vec![
        Column::new("序号", Side::Right, Width::Fit),
        Column::words("房号（遮盖）", 1),
        Column::new("最早的缴费期限", Side::Left, Width::Fit),
        Column::amounts("逾期欠费（元）"),
    ];
    let mut table = Table::new(columns, "没有逾期欠费");
    table.page_total = Some("本页小计".into());
    for (number, (room, row)) in (1_u64..).zip(&rows) {
        let oldest = row.oldest_due_on.map_or(Cell::Blank, Cell::Day);
        let room = Cell::Text(room.clone());
        table.push(
            Rank::Line,
            vec![Cell::Count(number), room, oldest, Cell::Money(row.overdue_fen)],
        );
    }
    if !rows.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    let blocks = vec![
        Block::Chart(ages(of)),
        Block::Table(table),
        Block::Heading("说明".into()),
        Block::Notes(vec![
            "本表不列业主姓名，房号遮盖，按欠费金额排列；业主可持证件查询本户明细。".into(),
            "催交应当给予合理期限；不得以停止供电、供水、供热、供燃气等方式催交物业费（民法典第九百四十四条）。".into(),
        ]),
        Block::Signatures(["物业服务人（盖章）", "制表", "复核"].map(String::from).into()),
    ];
    let running = vec![format!("截至 {}", of.on), format!("{} 户", rows.len()), "单位：元".into()];
    let sheet = Sheet::new(compound, "物业费催缴公示表", printed_at).running(running);
    sheet.warning(open).saying(blocks).sealed("D1G", &of.on.to_string(), seal)
}

/// What is owed by its age.
#[must_use]
pub fn ages(of: &Ageing) -> Chart {
    let total = &of.total;
    let bars = [
        ("未到期", total.not_due_fen),
        ("逾期 1 至 30 天", total.class_1_fen),
        ("31 至 90 天", total.class_2_fen),
        ("91 至 365 天", total.class_3_fen),
        ("一年以上", total.class_4_fen),
    ];
    let bars = bars.map(|(name, fen)| (name.to_owned(), fen.in_fen())).into();
    Chart {
        title: "欠费账龄（元）".into(),
        plot: Plot::Bars { bars, unit: Unit::Fen, level: None },
    }
}

#[cfg(test)]
mod tests {
    use super::masked_room;

    #[test]
    fn a_posted_room_is_not_recognised() {
        assert_eq!(masked_room("1-1-101"), "1**1");
        assert_eq!(masked_room("12-3-1204"), "1**4");
        assert_eq!(masked_room("7"), "**");
        assert_eq!(masked_room(""), "**");
    }
}
