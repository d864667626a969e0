//! D4 维修资金使用审批表 and D5 分摊清册: what the offices sign, and who bears it.
//!
//! Owns: [`form`], [`roster`]. The list of conditions is the ledger's own, word for word as the office and the owner see it; the
//! shares are the ledger's preview and nothing is added up here but to foot the columns.

use ledger::calendar::Instant;
use ledger::policy::Path;
use ledger::works::step::HeldBy;
use ledger::works::{Facts, Finding, Preview};

use crate::sheet::{Block, Cell, Column, Field, Paper, Rank, Sheet, Side, Table, Width};

/// The form an office signs (使用审批表), with every condition of the gate.
#[must_use]
pub fn form(facts: &Facts, findings: &[Finding], compound: &str, printed_at: Instant) -> Sheet {
    let proposal = &facts.project.proposal;
    let plan = facts.plan.as_ref().map(|plan| &plan.is);
    let path = match (proposal.path, proposal.is_on_behalf) {
        (Path::Ordinary, _) => "一般程序",
        (Path::Emergency, false) => "应急程序",
        (Path::Emergency, true) => "应急程序（代修）",
    };
    let held_by = match proposal.held_by {
        HeldBy::Authority => "主管部门代管",
        HeldBy::Assembly => "业主大会自管",
    };
    let mut fields = vec![
        Field::new("项目", &proposal.title).over(2),
        Field::new("程序", path),
        Field::new("资金管理", held_by),
    ];
    if let Some(kind) = proposal.emergency {
        fields.push(Field::new("应急情形", kind.in_chinese()).over(2));
    }
    if let Some(plan) = plan {
        let budget = plan.budget_fen;
        fields.extend([
            Field::new("列支范围", plan.scope.in_chinese()),
            Field::new("维修内容", &plan.content),
            Field::new("预算金额", format!("{} 元（以决算为准）", budget.grouped())),
            Field::new("大写", budget.in_capitals()),
            Field::new("由他人承担", format!("{} 元", plan.by_others().grouped())),
            Field::new("应分摊", format!("{} 元", plan.to_share().grouped())),
        ]);
    }
    if let Some((payee, account)) = facts.payee() {
        fields.push(Field::new("收款单位", payee));
        fields.push(Field::new("收款账号", ledger::mask::account(account)));
    }
    let paid = format!(
        "{} 元，其中维修资金 {} 元",
        facts.paid_so_far().grouped(),
        facts.paid_by_fund().grouped()
    );
    fields.push(Field::new("已付", paid).over(2));

    let mut table = Table::new(
        vec![
            Column::words("条件", 2),
            Column::new("状态", Side::Left, Width::Fit),
            Column::words("现状", 4),
            Column::words("条文", 3),
        ],
        "",
    );
    for finding in findings {
        let cells =
            [&finding.title, finding.state.in_chinese(), &finding.evidence, &finding.article]
                .map(|word| Cell::Text(word.to_owned()));
        table.push(Rank::Line, cells.into());
    }
    let mut notes: Vec<String> = findings
        .iter()
        .filter(|finding| finding.state != ledger::works::State::Holds)
        .map(|finding| format!("{}：{}", finding.title, finding.remedy))
        .collect();
    notes.extend(facts.plan_name().map(|name| format!("方案名 {name}")));
    let digest = facts.application.as_ref().map(|application| application.digest.clone());
    notes.extend(digest.iter().map(|digest| format!("申请摘要（SHA-256）{digest}")));
    Sheet {
        paper: Paper::A4,
        issuer: compound.to_owned(),
        title: "维修资金使用审批表".into(),
        running: vec![format!("项目编号 {}", facts.no()), facts.stage().in_chinese().to_owned()],
        warning: None,
        blocks: vec![
            Block::Fields { across: 2, fields },
            Block::Heading("支取条件".into()),
            Block::Table(table),
            Block::Notes(notes),
            Block::Signatures(
                ["物业服务企业", "业主委员会", "街道办事处", "房管部门"].map(String::from).into(),
            ),
        ],
        printed_at,
        check: ledger::works::gate::digest(facts, findings).chars().take(16).collect(),
    }
}

/// Who bears it (分摊清册): every dwelling of the scope, with its balance afterwards.
#[must_use]
pub fn roster(facts: &Facts, shared: &Preview, compound: &str, printed_at: Instant) -> Sheet {
    let mut table = Table::new(
        vec![
            Column::words("房号", 2),
            Column::new("建筑面积（㎡）", Side::Right, Width::Fit),
            Column::amounts("分摊金额"),
            Column::amounts("支取本金"),
            Column::amounts("支取收益"),
            Column::amounts("自筹"),
            Column::amounts("本金余额"),
            Column::amounts("收益余额"),
            Column::words("备注", 2),
        ],
        "",
    );
    for row in &shared.rows {
        let is_fund = row.paid_by == "维修资金";
        let remark = match (row.left_out.is_empty(), is_fund) {
            (false, _) => format!("不分摊：{}", row.left_out),
            (true, true) => String::new(),
            (true, false) => format!("由{}支付", row.paid_by),
        };
        let cells = vec![
            Cell::Text(row.room.clone()),
            Cell::Area(row.area_centi_m2),
            Cell::Money(row.share_fen),
            Cell::money_if_any(row.principal_fen),
            Cell::money_if_any(row.gains_fen),
            Cell::money_if_any(row.owner_owes_fen),
            Cell::Money(row.principal_left_fen),
            Cell::Money(row.gains_left_fen),
            Cell::Text(remark),
        ];
        table.push(Rank::Line, cells);
    }
    let total = table.total_of("合计", table.rows());
    table.push(Rank::Total, total.cells);
    let sum: ledger::money::Money = shared.rows.iter().map(|row| row.share_fen).sum();
    let proof = if sum + shared.unshared_fen == shared.to_share_fen {
        format!("Σ 分摊 = {} 元，校验通过", sum.grouped())
    } else {
        format!("Σ 分摊 {} 元，另由售房单位等承担", sum.grouped())
    };
    Sheet {
        paper: Paper::A4Landscape,
        issuer: compound.to_owned(),
        title: "维修资金分摊清册".into(),
        running: vec![format!("项目编号 {}", facts.no()), facts.project.proposal.title.clone()],
        warning: None,
        blocks: vec![
            Block::Table(table),
            Block::Notes(vec![
                proof,
                format!("分摊方式 {}；尾差按最大余数法，相同的归房屋编号小者", shared.basis),
                format!("政策包 {}", shared.pack),
            ]),
            Block::Signatures(["制表", "复核", "负责人"].map(String::from).into()),
        ],
        printed_at,
        check: facts
            .plan
            .as_ref()
            .map_or_else(String::new, |p| p.digest.chars().take(16).collect()),
    }
}
