//! D4 维修资金使用审批表 and D5 分摊清册: what the offices sign, and who bears it.
//!
//! Owns: [`form`], [`roster`], [`transfer`] (划款通知书), [`emergency`] (应急使用确认单). The list of conditions is the ledger's own, word for word as the office and the owner see it; the
//! shares are the ledger's preview and nothing is added up here but to foot the columns.

use ledger::calendar::Instant;
use ledger::id::StepNo;
use ledger::measure::Area;
use ledger::policy::Path;
use ledger::works::step::HeldBy;
use ledger::works::{Facts, Finding, Preview};

use crate::sheet::{
    Block, Cell, Chart, Column, Copies, Field, Opinion, Paper, Plot, Rank, Sheet, Side, Sum, Table,
    Width,
};

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
    if let Some(plan) = plan {
        let basis = if plan.agreement.is_empty() { "依规定" } else { &plan.agreement };
        fields.push(Field::new("分摊依据", basis).over(2));
    }
    if let Some(check) = facts.check.as_ref().map(|check| &check.is) {
        let part =
            if check.common_part.is_empty() { "不属于共用部位" } else { &check.common_part };
        fields.push(Field::new("共用部位", part));
        fields.push(Field::new("保修期满", check.warranty_until_on.to_string()));
    }
    if let Some(carried) = &facts.carried {
        let (round, motion) = carried.number;
        let told =
            format!("表决 {round} 事项 {motion}，{} 通过，{}", carried.passed_on, carried.article);
        fields.push(Field::new("表决结果", told).over(2));
    }
    for notice in &facts.notices {
        let until = notice.is.until_on.map_or_else(String::new, |until| format!(" 至 {until}"));
        let told = format!("{}{until}，{}", notice.is.posted_on, notice.is.place);
        fields.push(Field::new("公示", told).over(2));
    }
    for witness in &facts.witnesses {
        let told = format!("{}，{}", witness.is.on, witness.is.evidence);
        fields.push(Field::new("应急依据", told).over(2));
    }
    if let Some(contract) = facts.contract.as_ref().map(|contract| &contract.is) {
        let price = format!("{}，{} 元", contract.evidence, contract.price_fen.grouped());
        fields.push(Field::new("施工合同", price).over(2));
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
    let running = vec![format!("项目编号 {}", facts.no()), facts.stage().in_chinese().to_owned()];
    let offices = ["物业服务企业", "业主委员会", "街道办事处", "房管部门"];
    let sheet =
        Sheet::new(compound, "维修资金使用审批表", printed_at).running(running).saying(vec![
        Block::Fields { across: 2, fields },
        Block::Heading("支取条件".into()),
        Block::Table(table),
        Block::Notes(notes),
        Block::Text(
            "申请人声明：上列费用不在物业服务费中列支；所附预算、方案、合同、表决材料真实有效。"
                .into(),
        ),
        Block::Signatures(["经办人", "业委会主任", "日期"].map(String::from).into()),
        Block::Opinions(offices.map(|office| Opinion::sealed(office, "")).into()),
    ]);
    let judged = ledger::works::gate::digest(facts, findings);
    let judged: String = judged.chars().take(16).collect();
    sheet.copies(Copies::Alike(4)).sealed("D4", &format!("{} {judged}", facts.no()), None)
}

/// The request to the bank's keeper to pay (划款通知书), three alike. `request` is its step; none where there is no such request.
#[must_use]
pub fn transfer(
    facts: &Facts,
    request: StepNo,
    compound: &str,
    printed_at: Instant,
) -> Option<Sheet> {
    let asked = facts.requests.iter().find(|asked| asked.no == request)?;
    let plan = facts.plan.as_ref().map(|plan| &plan.is);
    let amount = asked.is.amount_fen;
    let fields = vec![
        Field::new("小区", compound),
        Field::new("项目", &facts.project.proposal.title),
        Field::new("维修内容", plan.map_or("", |plan| plan.content.as_str())).over(2),
        Field::new("使用分摊范围", plan.map_or_else(String::new, |plan| plan.scope.in_chinese()))
            .over(2),
        Field::new("收款单位", &asked.is.payee),
        // The bank needs the whole number; a paper that is handed in is not posted.
        Field::new("账号", &asked.is.account_no),
        Field::new("凭据", &asked.is.evidence),
        Field::new("申请日期", asked.on.to_string()),
        Field::new("此前已付", format!("{} 元", facts.paid_so_far().grouped())),
        Field::new("开户银行", "　"),
    ];
    let digest: String = asked.digest.chars().take(16).collect();
    let running = vec![format!("编号 {}-{request}", facts.no()), format!("付款申请摘要 {digest}")];
    let sheet = Sheet::new(compound, "住宅专项维修资金划款通知书", printed_at).running(running);
    let sheet = sheet.saying(vec![
        Block::Fields { across: 2, fields },
        Block::Sum(Sum { label: "划款金额".into(), amount }),
        Block::Signatures(["经办人", "业委会负责人"].map(String::from).into()),
        Block::Opinions(
            ["代管单位初审", "代管单位复核", "分管领导"].map(|who| Opinion::sealed(who, "")).into(),
        ),
    ]);
    let number = format!("{}-{request}", facts.no());
    Some(sheet.copies(Copies::Alike(3)).sealed("HK", &number, None))
}

/// What offices confirm of an emergency (应急使用确认单).
#[must_use]
pub fn emergency(facts: &Facts, compound: &str, printed_at: Instant) -> Option<Sheet> {
    let kind = facts.project.proposal.emergency?;
    let plan = facts.plan.as_ref().map(|plan| &plan.is);
    let mut fields = vec![
        Field::new("项目", &facts.project.proposal.title).over(2),
        Field::new("应急情形", kind.in_chinese()).over(2),
        Field::new("提出日期", facts.project.proposed_on.to_string()),
        Field::new("项目编号", facts.no().to_string()),
    ];
    if let Some(plan) = plan {
        fields.extend([
            Field::new("抢修内容", &plan.content).over(2),
            Field::new("列支范围", plan.scope.in_chinese()),
            Field::new("预算金额", format!("{} 元（以决算为准）", plan.budget_fen.grouped())),
        ]);
    }
    for witness in &facts.witnesses {
        let told = format!("{}，{}", witness.is.on, witness.is.evidence);
        fields.push(Field::new("已登记的确认、证明", told).over(2));
    }
    let offices = ["物业服务企业", "业主委员会（居民委员会）", "街道办事处（乡镇人民政府）"];
    let sheet = Sheet::new(compound, "维修资金应急使用确认单", printed_at).running(vec![
        format!("项目编号 {}", facts.no()),
        format!("{}", facts.project.proposed_on),
    ]);
    let sheet = sheet.saying(vec![
        Block::Fields { across: 2, fields },
        Block::Text("经现场查看，上列情形危及房屋安全或者人身财产安全，须立即维修。".into()),
        Block::Opinions(offices.map(|office| Opinion::sealed(office, "")).into()),
        Block::Notes(vec![
            "应急使用的情形、由谁确认、先修还是先确认，依当地规定；维修后应当公示费用和分摊情况（民法典第二百八十一条）。".into(),
        ]),
    ]);
    Some(sheet.copies(Copies::Alike(3)).sealed("YJQ", &facts.no().to_string(), None))
}

/// Who bears it (分摊清册): every dwelling of the scope, with its balance afterwards.
#[must_use]
pub fn roster(facts: &Facts, shared: &Preview, compound: &str, printed_at: Instant) -> Sheet {
    let mut table = Table::new(
        vec![
            Column::new("序号", Side::Right, Width::Fit),
            Column::words("房号", 2),
            Column::new("建筑面积（㎡）", Side::Right, Width::Fit),
            Column::amounts("分摊金额"),
            Column::amounts("本金").under("支取"),
            Column::amounts("收益").under("支取"),
            Column::amounts("自筹"),
            Column::amounts("本金").under("分摊前可用"),
            Column::amounts("收益").under("分摊前可用"),
            Column::amounts("本金").under("分摊后余额"),
            Column::amounts("收益").under("分摊后余额"),
            Column::words("备注", 2),
        ],
        "",
    );
    table.page_total = Some("本页小计".into());
    for (number, row) in (1_u64..).zip(&shared.rows) {
        let is_fund = row.paid_by == "维修资金";
        let remark = match (row.left_out.is_empty(), is_fund) {
            (false, _) => format!("不分摊：{}", row.left_out),
            (true, true) => String::new(),
            (true, false) => format!("由{}支付", row.paid_by),
        };
        let cells = vec![
            Cell::Count(number),
            Cell::Text(row.room.clone()),
            Cell::Area(row.area_centi_m2),
            Cell::Money(row.share_fen),
            Cell::money_if_any(row.principal_fen),
            Cell::money_if_any(row.gains_fen),
            Cell::money_if_any(row.owner_owes_fen),
            Cell::Money(row.principal_left_fen + row.principal_fen),
            Cell::Money(row.gains_left_fen + row.gains_fen),
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
    let running = vec![format!("项目编号 {}", facts.no()), facts.project.proposal.title.clone()];
    let sheet = Sheet::new(compound, "维修资金分摊清册", printed_at).on(Paper::A4Landscape);
    let taking_part = || shared.rows.iter().filter(|row| row.left_out.is_empty());
    let area: i64 = taking_part().map(|row| row.area_centi_m2.in_centi_m2()).sum();
    let fields = vec![
        Field::new("分摊日期", printed_at.day().to_string()),
        Field::new("分摊总额", format!("{} 元", shared.to_share_fen.grouped())),
        Field::new("由维修资金列支", format!("{} 元", shared.from_fund_fen.grouped())),
        Field::new("参与户数", format!("{} 户", taking_part().count())),
        Field::new("参与面积", format!("{} ㎡", Area::centi_m2(area))),
        Field::new("业主自筹", format!("{} 元", shared.owed_fen.grouped())),
        Field::new("分摊方式", &shared.basis),
        Field::new("舍入", "逐户取整到分，尾差按最大余数法，相同的归房屋编号小者").over(2),
    ];
    let mut notes = vec![proof, format!("政策包 {}", shared.pack)];
    let left_out: Vec<String> = shared
        .rows
        .iter()
        .filter(|row| !row.left_out.is_empty())
        .map(|row| format!("{}（{}）", row.room, row.left_out))
        .collect();
    if !left_out.is_empty() {
        notes.push(format!("不参与分摊的：{}", left_out.join("、")));
    }
    let sheet = sheet.running(running).saying(vec![
        Block::Fields { across: 3, fields },
        Block::Chart(sources(shared)),
        Block::Table(table),
        Block::Notes(notes),
        Block::Signatures(["制表", "复核", "负责人"].map(String::from).into()),
    ]);
    sheet.sealed("D5", &facts.no().to_string(), None)
}

/// Who pays the cost that is shared.
fn sources(of: &Preview) -> Chart {
    let parts = [
        ("维修资金", of.from_fund_fen),
        ("业主自筹", of.owed_fen),
        ("建设单位", of.by_developers_fen),
        ("售房单位等", of.unshared_fen),
    ];
    let parts = parts.into_iter().filter(|(_, fen)| fen.is_positive());
    let plot = Plot::Parts(parts.map(|(name, fen)| (name.to_owned(), fen)).collect());
    Chart { title: "资金来源（元）".into(), plot }
}
