//! D12 表决结果: what a notice board says of a round of the owners' votes.
//!
//! Owns: [`set`], and [`slip`], the ballot (表决票) with its stub. The figures come from the ledger's result sheet and nowhere else; a part of a whole is printed beside the
//! figures it is of, cut and never rounded up, so that no 66.67% stands where two thirds were not reached.

use ledger::calendar::Instant;
use ledger::governance::tally::{Count, Figure};
use ledger::governance::{MotionResult, ResultSheet, Round};
use ledger::measure::Area;

use crate::sheet::{Block, Cell, Column, Field, Rank, Sheet, Side, Table, Width};

/// Lays a result sheet out. `digest` is the one stored with it.
#[must_use]
pub fn set(result: &ResultSheet, digest: &str, compound: &str, printed_at: Instant) -> Sheet {
    let mut blocks = vec![frame(result)];
    for motion in &result.motions {
        blocks.extend(one(motion));
    }
    blocks.push(Block::Heading("票数".into()));
    blocks.push(received(result));
    blocks.push(Block::Heading("核对".into()));
    blocks.push(Block::Notes(vec![
        format!("名册摘要（SHA-256）{}", result.roll_digest),
        format!("明细清册末行链值 {}", result.recount_digest),
        format!("本结果摘要（SHA-256）{digest}"),
        "明细清册列出每户、面积、人头、渠道、答复（姓名隐去），任何人可用电子表格重新计票。".into(),
        "以上、不少于包括本数；超过不包括本数（民法典第一千二百五十九条）。占比截去尾数，是否达到以整数交叉相乘判定。".into(),
    ]));
    blocks.push(Block::Signatures(["计票人", "监票人", "召集人"].map(String::from).into()));
    let running = vec![format!("表决编号 {}", result.round_no), result.title.clone()];
    let sheet = Sheet::new(compound, "业主共同决定事项表决结果", printed_at).running(running);
    sheet.saying(blocks).sealed("D12", &result.round_no.to_string(), None)
}

/// Whom a ballot is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// 专有部分座落.
    pub room: String,
    /// The owners, by their first characters.
    pub owners: String,
    /// The area that votes.
    pub area: Area,
    /// The place of the ballot in its round.
    pub number: usize,
}

/// Lays the ballot of one dwelling out, with the stub that stays with whoever hands it out.
#[must_use]
pub fn slip(round: &Round, voter: &Voter, compound: &str, printed_at: Instant) -> Sheet {
    let number = format!("{}-{:04}", round.round_no, voter.number);
    let mut table = Table::new(
        vec![
            Column::new("事项", Side::Centre, Width::Fit),
            Column::words("内容、方案与金额上限", 5),
            Column::words("通过所需（依据）", 4),
            Column::new("赞成", Side::Centre, Width::Fit),
            Column::new("反对", Side::Centre, Width::Fit),
            Column::new("弃权", Side::Centre, Width::Fit),
        ],
        "没有事项",
    );
    for motion in &round.motions {
        let mut said = motion.title.clone();
        if !motion.plan.is_empty() {
            said.push_str(&format!("\n{}", planned(&motion.plan)));
        }
        if motion.amount_cap_fen.is_positive() {
            said.push_str(&format!("\n金额上限 {} 元", motion.amount_cap_fen.grouped()));
        }
        let empty = || Cell::Text("□".into());
        let cells = vec![
            Cell::Text(motion.motion_no.to_string()),
            Cell::Text(said),
            Cell::Text(motion.rule.in_chinese()),
            empty(),
            empty(),
            empty(),
        ];
        table.push(Rank::Line, cells);
    }
    let whose = vec![
        Field::new("专有部分座落", &voter.room),
        Field::new("建筑面积", format!("{} ㎡", voter.area)),
        Field::new("业主", &voter.owners),
        Field::new("召集人", &round.convener),
        Field::new("表决范围", round.scope.in_chinese()),
        Field::new("表决期", format!("{} 至 {}", round.opens_on, round.closes_on)),
    ];
    let stub = vec![
        Field::new("编号", &number),
        Field::new("座落", &voter.room),
        Field::new("面积", format!("{} ㎡", voter.area)),
    ];
    let silent = round.motions.iter().map(|motion| motion.rule.silent.clause().to_owned());
    let silent =
        silent.filter(|clause| !clause.is_empty()).collect::<std::collections::BTreeSet<_>>();
    let silence = if silent.is_empty() {
        "逾期未反馈的，不计入参与表决。".to_owned()
    } else {
        format!(
            "逾期未反馈的，按{}处理，单独列示。",
            silent.into_iter().collect::<Vec<_>>().join("、")
        )
    };
    let blocks = vec![
        Block::Fields { across: 2, fields: whose },
        Block::Table(table),
        Block::Notes(vec![
            "每一事项只在一个方格内打勾；不选或者多选的，该事项无效。".into(),
            silence,
            "委托他人表决的，附授权委托书；受托人按委托事项表决。".into(),
            "送达方式：□ 直接　□ 邮寄　□ 电子　□ 公告".into(),
        ]),
        Block::Signatures(
            ["业主签名", "日期", "受托人签名", "受托人证件号"].map(String::from).into(),
        ),
        Block::Cut("存根".into()),
        Block::Fields { across: 3, fields: stub },
        Block::Signatures(["领票签字", "电话", "时间", "代理人"].map(String::from).into()),
    ];
    let running = vec![format!("编号 {number}"), round.title.clone()];
    let sheet = Sheet::new(compound, "业主共同决定事项表决票", printed_at).running(running);
    sheet.saying(blocks).sealed("D12P", &number, None)
}

fn frame(result: &ResultSheet) -> Block {
    let entitled = result.motions.first().map_or_else(Figure::default, |m| m.count.entitled);
    let fields = vec![
        Field::new("召集人", &result.convener),
        Field::new("表决范围", result.scope.in_chinese()),
        Field::new("名册日", result.roll_on.to_string()),
        Field::new("专有部分", format!("{} 个", result.dwellings)),
        Field::new("应参与", entitled.to_string()).over(2),
        Field::new("公示", format!("{} 起，{}", result.announced_on, result.announced_at)).over(2),
        Field::new("表决期", format!("{} 至 {}", result.opens_on, result.closes_on)),
        Field::new("计票日", result.counted_on.to_string()),
    ];
    Block::Fields { across: 2, fields }
}

/// The plan of a motion by its name; some write the word themselves.
fn planned(plan: &str) -> String {
    let word = if plan.starts_with("方案") { "" } else { "方案 " };
    format!("{word}{plan}")
}

fn one(result: &MotionResult) -> Vec<Block> {
    let (motion, count) = (&result.motion, &result.count);
    let mut notes =
        vec![format!("依据 {}：{}。", result.article, motion.rule.in_chinese()), conclusion(count)];
    if !motion.plan.is_empty() {
        notes.insert(0, planned(&motion.plan));
    }
    if motion.amount_cap_fen.is_positive() {
        notes.insert(0, format!("金额上限 {} 元", motion.amount_cap_fen.grouped()));
    }
    let clause = motion.rule.silent.clause();
    if !clause.is_empty() {
        let by_ballots = if count.is_passed_by_ballots { "也通过" } else { "不通过" };
        notes.push(format!("未表决的按 {clause} 推定，单列如上；仅按实际收到的票，{by_ballots}。"));
    }
    if !motion.rule.pack.is_empty() {
        notes.push(format!("规则 {}", motion.rule.pack));
    }
    vec![
        Block::Heading(format!("事项 {}　{}", motion.motion_no, motion.title)),
        Block::Table(figures(count)),
        Block::Notes(notes),
    ]
}

fn conclusion(count: &Count) -> String {
    let word = |is: bool| if is { "达到" } else { "未达到" };
    let verdict = if count.is_passed { "通过" } else { "未通过" };
    let (attended, agreed) = (word(count.is_attended), word(count.is_agreed));
    format!("参与{attended}法定比例，同意{agreed}法定比例，本事项{verdict}。")
}

fn figures(count: &Count) -> Table {
    let right = |head| Column::new(head, Side::Right, Width::Fit);
    let mut table = Table::new(
        vec![
            Column::words("项目", 1),
            right("人数"),
            right("占全体").under("人数比"),
            right("占参与").under("人数比"),
            right("面积（㎡）"),
            right("占全体").under("面积比"),
            right("占参与").under("面积比"),
        ],
        "",
    );
    let rows = [
        (Rank::Line, "应参与", Some(count.entitled)),
        (Rank::Line, "同意", Some(count.approve)),
        (Rank::Line, "反对", Some(count.oppose)),
        (Rank::Line, "弃权", Some(count.abstain)),
        (Rank::Line, "推定同意", some(count.presumed_approve)),
        (Rank::Line, "推定反对", some(count.presumed_oppose)),
        (Rank::Line, "推定弃权", some(count.presumed_abstain)),
        (Rank::Line, "无效（未参与）", Some(count.spoiled)),
        (Rank::Line, "未表决（未参与）", Some(count.silent)),
        (Rank::Total, "参与表决合计", Some(count.attended)),
        (Rank::Total, "同意合计", Some(count.agreed)),
    ];
    for (rank, name, figure) in rows {
        let Some(figure) = figure else { continue };
        let area = |of: Figure| of.area.in_centi_m2();
        let took_part = !name.ends_with("（未参与）") && name != "应参与";
        let of_attended = |part: i64, whole: i64| match took_part && whole > 0 {
            true => cut(part, whole),
            false => Cell::Blank,
        };
        let cells = vec![
            Cell::Text(name.into()),
            Cell::Count(figure.heads.unsigned_abs()),
            cut(figure.heads, count.entitled.heads),
            of_attended(figure.heads, count.attended.heads),
            Cell::Area(figure.area),
            cut(area(figure), area(count.entitled)),
            of_attended(area(figure), area(count.attended)),
        ];
        table.push(rank, cells);
    }
    table
}

fn some(figure: Figure) -> Option<Figure> {
    (figure != Figure::default()).then_some(figure)
}

/// A part of a whole in hundredths of a percent, what is beyond them cut away: it is held against what the law asks for, and no
/// more stands here than there is.
fn cut(part: i64, whole: i64) -> Cell {
    let points = i128::from(part) * 10_000 / i128::from(whole.max(1));
    Cell::Percent(i64::try_from(points).unwrap_or(i64::MAX))
}

fn received(result: &ResultSheet) -> Block {
    let got = &result.received;
    let mut fields = vec![
        Field::new("纸质计入", format!("{} 张", got.paper)),
        Field::new("线上计入", format!("{} 张", got.online)),
        Field::new("其中委托", format!("{} 张", got.by_agents)),
        Field::new("重复未计", format!("{} 张", got.duplicates)),
        Field::new("更正替换", format!("{} 张", got.corrected)),
        Field::new("重复规则", result.duplicates.in_chinese()),
    ];
    let invalid = got.invalid.iter().map(|i| format!("{} {} 张", i.reason, i.ballots));
    let invalid: Vec<String> = invalid.collect();
    let told = if invalid.is_empty() { "无".to_owned() } else { invalid.join("，") };
    fields.push(Field::new("整票无效", told).over(2));
    Block::Fields { across: 2, fields }
}
