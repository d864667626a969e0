//! The papers of a dwelling's life: the certificate for a sale, and the list of a fund handed over.
//!
//! Owns: [`certificate`], [`list`]. The figures are the ledger's ([`ledger::life`]); a certificate drawn again says the same and
//! has the same check code. Never: a whole name.

use ledger::calendar::Instant;
use ledger::life::{Certificate, CertificateKind, Handed};
use ledger::money::Money;
use ledger::property::{Custody, Fate, Step};

use crate::sheet::{Block, Cell, Column, Copies, Field, Rank, Sheet, Side, Sum, Table, Width};

/// Lays a certificate out. `history` is what the dwelling came of.
#[must_use]
pub fn certificate(
    of: &Certificate,
    compound: &str,
    history: &[Step],
    printed_at: Instant,
) -> Sheet {
    let yuan = |amount: Money| format!("{} 元", amount.grouped());
    let total = of.principal_fen + of.gains_fen;
    let fields = vec![
        Field::new("房号", &of.room),
        Field::new("产权人", &of.owners),
        Field::new("出具日期", of.issued_on.to_string()),
        Field::new("首期应交", yuan(of.due_fen)),
        Field::new("首期已交", yuan(of.paid_fen)),
        Field::new("首期欠交", yuan(of.owed_fen())),
        Field::new("本金结存", yuan(of.principal_fen)),
        Field::new("增值收益结存", yuan(of.gains_fen)),
        Field::new("已承诺未付", yuan(of.held_fen)),
    ];
    let mut notes = vec![
        "房屋所有权转让时，结余的维修资金随房屋所有权同时过户（165号令第二十八条）；不退还转让人，由受让人继受。".to_owned(),
        "转让人应当向受让人说明维修资金交存和结余情况并出具有效证明；受让人持本证明等办理分户账更名。".to_owned(),
    ];
    if of.kind == CertificateKind::Clearance {
        notes.push("经核，该户首期维修资金已交清。".to_owned());
    } else if of.owed_fen().is_positive() {
        notes.push(format!("该户首期尚欠交 {}，买卖双方应当约定由何方补交。", yuan(of.owed_fen())));
    }
    if of.held_fen.is_positive() {
        notes.push(format!(
            "结存中有 {} 已承诺用于经批准的维修项目，支付时从该户列支。",
            yuan(of.held_fen)
        ));
    }
    for step in history {
        let (from, to) = (step.from.join("、"), step.to.join("、"));
        let arrow =
            if step.kind == Fate::Demolition { String::new() } else { format!(" → {to}") };
        notes.push(format!(
            "{} {} {from}{arrow}（{}）",
            step.taken_on,
            step.kind.in_chinese(),
            step.evidence
        ));
    }
    notes.push("结存为出具之日的数字，此后变动以分户对账单为准；涂改无效。".to_owned());
    let title = format!("住宅专项维修资金{}", of.kind.in_chinese());
    let running = vec![format!("证明编号 {}", of.certificate_no), format!("房号 {}", of.room)];
    let sheet = Sheet::new(compound, &title, printed_at).running(running).saying(vec![
        Block::Fields { across: 3, fields },
        Block::Sum(Sum { label: "结存合计".into(), amount: total }),
        Block::Heading("说明".into()),
        Block::Notes(notes),
        Block::Fields { across: 1, fields: vec![Field::new("摘要（SHA-256）", &of.digest)] },
        Block::Signatures(["经办", "复核", "出具单位（盖章）"].map(String::from).into()),
    ]);
    sheet.sealed("ZM", &format!("{}", of.certificate_no), None)
}

/// Lays the list of a fund handed over, or taken back, out.
#[must_use]
pub fn list(of: &Handed, custody: &Custody, compound: &str, printed_at: Instant) -> Sheet {
    let word = if custody.is_away { "移交" } else { "划回" };
    let columns = vec![
        Column::new("序号", Side::Right, Width::Fit),
        Column::words("房号", 1),
        Column::amounts("本金"),
        Column::amounts("增值收益"),
        Column::amounts("合计"),
    ];
    let mut table = Table::new(columns, "没有余额");
    table.page_total = Some("本页小计".into());
    for (n, row) in (1_u64..).zip(&of.list) {
        let (principal, gains) = (row.principal_fen, row.gains_fen);
        let sum = Cell::Money(principal + gains);
        let cells = [
            Cell::Count(n),
            Cell::Text(row.room.clone()),
            Cell::Money(principal),
            Cell::Money(gains),
            sum,
        ];
        table.push(Rank::Line, cells.into());
    }
    let sum = of.principal_fen + of.gains_fen;
    let total = [
        Cell::Text("各户合计".into()),
        Cell::Blank,
        Cell::Money(of.principal_fen),
        Cell::Money(of.gains_fen),
        Cell::Money(sum),
    ];
    table.push(Rank::Total, total.into());
    let fields = vec![
        Field::new("划转日期", custody.taken_on.to_string()),
        Field::new("此后代管", &custody.keeper),
        Field::new("依据", &custody.evidence),
        Field::new("凭证", &of.voucher),
        Field::new("户数", format!("{} 户", of.list.len())),
        Field::new(
            "未落户",
            format!("{} 元（待分配收益、应付返还、售房单位等）", of.others_fen.grouped()),
        ),
    ];
    let notes = vec![
        format!("清册摘要（SHA-256，逐行 房号|本金|增值，单位分）{}", of.digest),
        format!(
            "校验：各户合计 {} + 未落户 {} = 总额 {}",
            sum.grouped(),
            of.others_fen.grouped(),
            of.total_fen.grouped()
        ),
        "移交方、接收方各执一份，账目同时移交（165号令第十五条、第十六条）。".to_owned(),
    ];
    let title = format!("住宅专项维修资金{word}清册");
    let running = vec![format!("划转编号 {}", of.custody_no), "单位：元".into()];
    let sheet = Sheet::new(compound, &title, printed_at).running(running).saying(vec![
        Block::Fields { across: 2, fields },
        Block::Table(table),
        Block::Sum(Sum { label: "划转总额".into(), amount: of.total_fen }),
        Block::Heading("说明".into()),
        Block::Notes(notes),
        Block::Signatures(["移交方", "接收方", "监交"].map(String::from).into()),
    ]);
    sheet.copies(Copies::Alike(2)).sealed("YJ", &format!("{}", of.custody_no), None)
}
