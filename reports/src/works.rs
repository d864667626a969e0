//! D4 维修资金使用审批表 and D5 分摊清册: what the offices sign, and who bears it.
//!
//! Owns: [`form`], [`roster`], [`transfer`] (划款通知书), [`emergency`] (应急使用确认单). The list of conditions is the ledger's own, word for word as the office and the owner see it; the
//! shares are the ledger's preview and nothing is added up here but to foot the columns.

use ledger::calendar::Instant;
use ledger::governance::MotionResult;
use ledger::governance::tally::Figure;
use ledger::id::StepNo;
use ledger::mask;
use ledger::measure::Area;
use ledger::money::Money;
use ledger::policy::Path;
use ledger::property::{Compound, Dwelling};
use ledger::works::step::{DecidedOn, HeldBy};
use ledger::works::{Facts, Finding, Paper, PaperKind, Preview, PreviewRow};

use crate::demand::masked_room;
use crate::notice::Public;
use crate::sheet::{
    self, Block, Cell, Chart, Column, Copies, Field, Opinion, Plot, Rank, Sheet, Side, Sum, Table,
    Width,
};

/// What the form an office signs rests on.
#[derive(Debug)]
pub struct Form<'a> {
    /// What the steps say.
    pub facts: &'a Facts,
    /// Every condition of the gate.
    pub findings: &'a [Finding],
    /// What was handed in.
    pub papers: &'a [Paper],
    /// How the plan is shared, if it can be shared already.
    pub shared: Option<&'a Preview>,
    /// What the owners' vote that carries it came to.
    pub result: Option<&'a MotionResult>,
    /// The compound.
    pub compound: &'a Compound,
    /// The property company by contract.
    pub company: Option<&'a str>,
    /// 打印时间.
    pub printed_at: Instant,
}

/// The form an office signs (使用审批表), with every condition of the gate. Names and numbers of who is called are written in
/// by hand: the books keep telephones sealed, and paper is not.
#[must_use]
pub fn form(of: &Form<'_>) -> Sheet {
    let Form { facts, findings, printed_at, .. } = *of;
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
    let place = format!("{} {}", of.compound.name, of.compound.address);
    let blank = "＿＿＿＿＿＿＿＿";
    let mut fields = vec![
        Field::new("项目", &proposal.title).over(2),
        Field::new("物业名称及座落", place.trim()).over(2),
        Field::new("程序", path),
        Field::new("资金管理", held_by),
        Field::new("物业服务企业", of.company.unwrap_or("（账簿未登记合同）")),
        Field::new("企业联系人、电话", blank),
        Field::new("业委会联系人、电话", blank),
        Field::new("经办人、身份证号", blank),
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
        fields.push(Field::new("收款账号", mask::account(account)));
        fields.push(Field::new("开户银行", blank));
        let days = [("开工", facts.started_on), ("竣工", facts.finished_on)];
        let told = days.iter().filter_map(|(word, on)| on.map(|on| format!("{on} {word}")));
        let told: Vec<String> = told.collect();
        let told = if told.is_empty() { "尚未开工".to_owned() } else { told.join("，") };
        fields.push(Field::new("工期", told));
    }
    if let Some(shared) = of.shared {
        let rows = || shared.rows.iter().filter(|row| row.left_out.is_empty());
        let area: i64 = rows().map(|row| row.area_centi_m2.in_centi_m2()).sum();
        let told = format!("{} 户，{} ㎡", rows().count(), Area::centi_m2(area));
        fields.push(Field::new("涉及户数、面积", told));
        fields.push(Field::new("分摊方式", &shared.basis));
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
    if let Some(result) = of.result {
        let count = &result.count;
        let told = |figure: Figure| format!("{} 人 {} ㎡", figure.heads, figure.area);
        let says = format!(
            "应参与 {}；实参与 {}；同意 {}",
            told(count.entitled),
            told(count.attended),
            told(count.agreed)
        );
        fields.push(Field::new("计票", says).over(2));
    }
    for notice in &facts.notices {
        let until = notice.is.until_on.map_or_else(String::new, |until| format!(" 至 {until}"));
        let what = notice.is.of.in_chinese();
        let told = format!("{what}，{}{until}，{}", notice.is.posted_on, notice.is.place);
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
    fields.push(Field::new("已付", paid));
    if let Some(plan) = plan {
        let left = plan.to_share() - facts.paid_so_far();
        fields.push(Field::new("待付", format!("{} 元（以决算为准）", left.grouped())));
    }
    for decision in &facts.decisions {
        let is = &decision.is;
        let word = match is.on {
            DecidedOn::Application {} => "使用申请".to_owned(),
            DecidedOn::Request { step_no } => format!("付款申请 {step_no}"),
        };
        let agrees = if is.agrees { "同意" } else { "退回" };
        let by = decision.by.role.in_chinese();
        let told = format!("{}，{by}，{word}，{agrees}：{}", decision.on, mask::text(&is.opinion));
        fields.push(Field::new("已作的决定", told).over(2));
    }

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
    let sheet = Sheet::new(&of.compound.name, "维修资金使用审批表", printed_at)
        .running(running)
        .saying(vec![
        Block::Fields { across: 2, fields },
        Block::Heading("支取条件".into()),
        Block::Table(table),
        Block::Notes(notes),
        Block::Heading("附件".into()),
        Block::Table(attached(of.papers)),
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

/// What was handed in with it, by its digest.
fn attached(papers: &[Paper]) -> Table {
    let columns = vec![
        Column::new("编号", Side::Right, Width::Fit),
        Column::new("种类", Side::Left, Width::Fit),
        Column::words("名称", 3),
        Column::words("摘要（SHA-256，前 16 位）", 2),
    ];
    let mut table = Table::new(columns, "没有留存的附件");
    for paper in papers {
        let digest: String = paper.digest.chars().take(16).collect();
        let cells = [
            paper.paper_no.to_string(),
            PaperKind::told(&paper.kind).to_owned(),
            mask::text(&paper.name),
            digest,
        ];
        table.push(Rank::Line, cells.map(Cell::Text).into());
    }
    table
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
            Field::new("费用", "以决算为准"),
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
    let budget = plan.map(|plan| Sum { label: "预算金额".into(), amount: plan.budget_fen });
    let mut blocks = vec![Block::Fields { across: 2, fields }];
    blocks.extend(budget.map(Block::Sum));
    blocks.extend([
        Block::Text("经现场查看，上列情形危及房屋安全或者人身财产安全，须立即维修。".into()),
        Block::Opinions(offices.map(|office| Opinion::sealed(office, "")).into()),
        Block::Notes(vec![
            "应急使用的情形、由谁确认、先修还是先确认，依当地规定；维修后应当公示费用和分摊情况（民法典第二百八十一条）。".into(),
        ]),
    ]);
    let sheet = sheet.saying(blocks);
    Some(sheet.copies(Copies::Alike(3)).sealed("YJQ", &facts.no().to_string(), None))
}

/// Who bears it (分摊清册): every dwelling of the scope, with its balance afterwards. `dwellings` are those the compound has or
/// had. Where anybody may pass, rooms are masked and the rows sorted by shares; owners, areas, weights and balances, by which a
/// row would be known for a dwelling's, are left out: their sums stand over the list.
#[must_use]
pub fn roster(
    facts: &Facts,
    shared: &Preview,
    dwellings: &[Dwelling],
    public: Public,
    compound: &str,
    printed_at: Instant,
) -> Sheet {
    let is_public = public == Public::Yes;
    let mut columns = vec![
        Column::new("序号", Side::Right, Width::Fit),
        Column::words(if is_public { "房号（遮盖）" } else { "房号" }, 3),
    ];
    if !is_public {
        let floor = Column::new("层", Side::Right, Width::Fit);
        columns.extend([floor, Column::words("业主", 2)]);
    }
    if !is_public {
        let area = Column::new("建筑面积（㎡）", Side::Right, Width::Fit);
        columns.extend([area, Column::words("权重", 3)]);
    }
    columns.extend([
        Column::amounts("分摊金额"),
        Column::amounts("本金").under("支取"),
        Column::amounts("收益").under("支取"),
        Column::amounts("自筹"),
    ]);
    if !is_public {
        columns.extend([
            Column::amounts("本金").under("分摊前可用"),
            Column::amounts("收益").under("分摊前可用"),
            Column::amounts("本金").under("分摊后余额"),
            Column::amounts("收益").under("分摊后余额"),
        ]);
    }
    columns.push(Column::words("备注", 2));
    let mut table = Table::new(columns, "");
    let mut rows: Vec<&PreviewRow> = shared.rows.iter().collect();
    if is_public {
        rows.sort_by_key(|row| (-row.share_fen.in_fen(), masked_room(&row.room)));
    }
    table.page_total = Some("本页小计".into());
    for (number, row) in (1_u64..).zip(rows) {
        let is_fund = row.paid_by == "维修资金";
        let remark = match (row.left_out.is_empty(), is_fund) {
            (false, _) => format!("不分摊：{}", row.left_out),
            (true, true) => String::new(),
            (true, false) => format!("由{}支付", row.paid_by),
        };
        let dwelling = dwellings.iter().find(|one| one.code.to_string() == row.room);
        let owners = dwelling.map_or_else(String::new, |one| {
            let names: Vec<String> = one.owners.iter().map(|o| mask::name(&o.name)).collect();
            if names.is_empty() && one.is_unsold {
                "（未售）".to_owned()
            } else {
                names.join("、")
            }
        });
        let room = if is_public { masked_room(&row.room) } else { row.room.clone() };
        let mut cells = vec![Cell::Count(number), Cell::Text(room)];
        if !is_public {
            let floor = dwelling.and_then(|one| one.floor);
            let floor = floor.map_or_else(String::new, |floor| floor.to_string());
            cells.extend([Cell::Text(floor), Cell::Text(owners)]);
        }
        if !is_public {
            cells.extend([Cell::Area(row.area_centi_m2), Cell::Text(row.weight.clone())]);
        }
        cells.extend([
            Cell::Money(row.share_fen),
            Cell::money_if_any(row.principal_fen),
            Cell::money_if_any(row.gains_fen),
            Cell::money_if_any(row.owner_owes_fen),
        ]);
        if !is_public {
            cells.extend([
                Cell::Money(row.principal_left_fen + row.principal_fen),
                Cell::Money(row.gains_left_fen + row.gains_fen),
                Cell::Money(row.principal_left_fen),
                Cell::Money(row.gains_left_fen),
            ]);
        }
        cells.push(Cell::Text(remark));
        table.push(Rank::Line, cells);
    }
    let number = (1_u64..).skip(shared.rows.len());
    for (number, unit) in number.zip(&shared.units) {
        let mut cells = vec![Cell::Count(number), Cell::Text(unit.name.clone())];
        let blank = vec![Cell::Blank; if is_public { 0 } else { 4 }];
        cells.extend(blank.clone());
        cells.extend([
            Cell::Money(unit.share_fen),
            Cell::money_if_any(unit.from_deposit_fen),
            Cell::Blank,
            Cell::money_if_any(unit.owes_fen),
        ]);
        cells.extend(blank);
        cells.push(Cell::Text("售房单位，由其支付".into()));
        table.push(Rank::Line, cells);
    }
    let total = table.total_of("合计", table.rows());
    table.push(Rank::Total, total.cells);
    let by_units: Money = shared.units.iter().map(|unit| unit.share_fen).sum();
    let by_dwellings: Money = shared.rows.iter().map(|row| row.share_fen).sum();
    let sum = by_dwellings + by_units;
    let proof = match shared.unshared_fen {
        Money::ZERO => format!("Σ 分摊 = {} 元，校验通过", sum.grouped()),
        left => format!("Σ 分摊 {} 元，另有 {} 元无人承担", sum.grouped(), left.grouped()),
    };
    let running = vec![format!("项目编号 {}", facts.no()), facts.project.proposal.title.clone()];
    let sheet = Sheet::new(compound, "维修资金分摊清册", printed_at).on(sheet::Paper::A4Landscape);
    let taking_part = || shared.rows.iter().filter(|row| row.left_out.is_empty());
    let area: i64 = taking_part().map(|row| row.area_centi_m2.in_centi_m2()).sum();
    let mut fields = vec![
        Field::new("分摊日期", printed_at.day().to_string()),
        Field::new("分摊总额", format!("{} 元", shared.to_share_fen.grouped())),
        Field::new("由维修资金列支", format!("{} 元", shared.from_fund_fen.grouped())),
        Field::new("参与户数", format!("{} 户", taking_part().count())),
        Field::new("参与面积", format!("{} ㎡", Area::centi_m2(area))),
        Field::new("业主自筹", format!("{} 元", shared.owed_fen.grouped())),
        Field::new("分摊方式", &shared.basis),
        Field::new("舍入", "逐户取整到分，尾差按最大余数法，相同的归房屋编号小者").over(2),
    ];
    if !shared.units.is_empty() {
        fields.push(Field::new("售房单位承担", format!("{} 元", by_units.grouped())));
    }
    if is_public {
        let left = |row: &PreviewRow| row.principal_left_fen + row.gains_left_fen;
        let taken = |row: &PreviewRow| row.principal_fen + row.gains_fen;
        let after: Money = shared.rows.iter().map(left).sum();
        let before: Money = after + shared.rows.iter().map(taken).sum::<Money>();
        fields.extend([
            Field::new("分摊前可用合计", format!("{} 元", before.grouped())),
            Field::new("分摊后余额合计", format!("{} 元", after.grouped())),
        ]);
    }
    let mut notes = vec![proof, format!("政策包 {}", shared.pack)];
    let left_out: Vec<String> = shared
        .rows
        .iter()
        .filter(|row| !row.left_out.is_empty())
        .map(|row| match is_public {
            true => row.left_out.clone(),
            false => format!("{}（{}）", row.room, row.left_out),
        })
        .collect();
    if !left_out.is_empty() {
        notes.push(format!("不参与分摊的 {} 户：{}", left_out.len(), left_out.join("、")));
    }
    notes.push(
        "权重：本户占全部参与房屋的份额，分摊金额 = 分摊总额 × 权重，逐户取整到分。".to_owned(),
    );
    if is_public {
        notes.push(
            "公示件房号遮盖，按分摊金额排列，不列各户的业主、面积、权重和余额；业主凭房号到业主委员会或代管机构查询本户的面积、余额和明细。"
                .to_owned(),
        );
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
        ("售房单位", of.units.iter().map(|unit| unit.share_fen).sum()),
        ("无人承担", of.unshared_fen),
    ];
    let parts = parts.into_iter().filter(|(_, fen)| fen.is_positive());
    let plot = Plot::Parts(parts.map(|(name, fen)| (name.to_owned(), fen)).collect());
    Chart { title: "资金来源（元）".into(), plot }
}
