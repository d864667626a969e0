//! A payment: judged, drawn from its sources, posted, kept; and taken back whole.
//!
//! Always: one voucher in the grant book for every part it bears, one in the fund's by the project of repair; the parts are the
//! payment. What does not fit undoes the act, the fund's part included.

use super::facts::{self, Asked, Facts, Stage};
use super::funding::{self, Draw, Purse};
use super::rows::{self, PaymentRow};
use super::step::{Channel, Paying};
use super::told::{Payment, Reversing};
use super::{
    BANK, DAY, FUND_REQUEST, Funded, NO_PAYMENT, OVER_AUDIT, OVER_CONTENT, OVER_CONTRACT, PAYEE,
    REVERSED, STEP, entry, facts_of, funded, law, line_of, may_be_amount, may_be_text, scene_of,
};
use crate::bank;
use crate::books::Tx;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{PaidNo, ProgrammeNo, RenovationNo, VoucherSeq};
use crate::journal::{self, Book, Line, Style};
use crate::money::Money;
use crate::policy::Pack;
use crate::subsidy::{self, Content, content};
use crate::works;

/// What a payment is for, and whether it may be.
async fn may_be_paid(
    tx: &mut Tx,
    facts: &Facts,
    asked: &Paying,
) -> Result<(Content, &'static subsidy::Item)> {
    let (compound, amount) = (tx.compound(), asked.amount_fen);
    let payee = asked.payee.trim();
    if !facts.contracts.iter().any(|contract| contract.is.contractor.trim() == payee) {
        return Err(PAYEE.refuse(format!("收款人 {payee}")).into());
    }
    let contents = subsidy::contents(tx, compound, Some(facts.matter)).await?;
    let content = contents.into_iter().find(|content| content.content_no == asked.content_no);
    let missing = || subsidy::NO_CONTENT.refuse(format!("内容编号 {}", asked.content_no));
    let content = content.ok_or_else(missing)?;
    let payments = rows::payments(tx, compound, facts.no).await?;
    let (mut all, mut on_content, mut to_payee) = (Money::ZERO, Money::ZERO, Money::ZERO);
    for payment in &payments {
        let stands = payment.stands();
        all += stands;
        if payment.content == asked.content_no {
            on_content += stands;
        }
        if payment.payee == payee {
            to_payee += stands;
        }
    }
    if on_content + amount > content.budget_fen {
        let told = format!(
            "批准 {} 元，已付 {} 元，本次 {} 元",
            content.budget_fen.grouped(),
            on_content.grouped(),
            amount.grouped()
        );
        return Err(OVER_CONTENT.refuse(told).into());
    }
    // Until the final account is audited, what was agreed is the most.
    let own = facts.contracts.iter().filter(|contract| contract.is.contractor.trim() == payee);
    let agreed: Money = own.map(|contract| contract.is.price_fen).sum();
    if facts.audit.is_none() && to_payee + amount > agreed {
        let told = format!(
            "{payee}：合同 {} 元，已付 {} 元，本次 {} 元",
            agreed.grouped(),
            to_payee.grouped(),
            amount.grouped()
        );
        return Err(OVER_CONTRACT.refuse(told).into());
    }
    if let Some(audit) = &facts.audit
        && all + amount > audit.is.amount_fen
    {
        let told = format!(
            "审定 {} 元，已付 {} 元，本次 {} 元",
            audit.is.amount_fen.grouped(),
            all.grouped(),
            amount.grouped()
        );
        return Err(OVER_AUDIT.refuse(told).into());
    }
    let item = content::item(&content.item);
    Ok((content, item.ok_or_else(missing)?))
}

/// What an approved request takes of the fund: it is paid by its own project of repair, through its gate. What of the request
/// is the developer's or the owners' to pay outside the fund is not this payment's.
async fn fund_part(tx: &mut Tx, asked: &Paying) -> Result<Option<FundPaid>> {
    let Some(fund) = asked.fund else { return Ok(None) };
    let compound = tx.compound();
    let (project, _) = works::project(tx, compound, fund.project_no).await?;
    if project.open_request().is_none_or(|request| request.no != fund.request) {
        let told = format!("维修项目 {} 没有待付的申请 {}", fund.project_no, fund.request);
        return Err(FUND_REQUEST.refuse(told).into());
    }
    let payment =
        works::Payment { request: fund.request, paid_on: asked.paid_on, line_no: fund.line_no };
    let moved = works::pay(tx, fund.project_no, &payment).await?;
    let amount = moved.fund_fen;
    if !amount.is_positive() || amount > asked.amount_fen {
        let told = format!(
            "维修资金列支 {} 元，本次付款 {} 元",
            amount.grouped(),
            asked.amount_fen.grouped()
        );
        return Err(FUND_REQUEST.refuse(told).into());
    }
    tx.flush().await?;
    let (project, _) = works::project(tx, compound, fund.project_no).await?;
    let paid = project.paid.iter().find(|paid| paid.no == moved.payment_no);
    let voucher = paid.and_then(|paid| paid.voucher).map(|seq| seq.0);
    Ok(Some(FundPaid { project: (fund.project_no.0, moved.payment_no.0), amount, voucher }))
}

/// What the fund paid of a payment.
struct FundPaid {
    project: (i32, i32),
    amount: Money,
    voucher: Option<i32>,
}

async fn purses(tx: &mut Tx, facts: &Facts, item: &subsidy::Item, on: Day) -> Result<Vec<Purse>> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let tranches = subsidy::tranches(tx, compound, today).await?;
    let purse = |Funded { row, .. }: Funded| {
        let own = match row.is.kind.channel() {
            Channel::Tranches(level) => tranches
                .iter()
                .filter(|t| t.level == level && t.project_matter_no == Some(facts.matter))
                .filter(|t| t.uses.contains(&item.item) && t.granted_on <= on && on <= t.spend_by)
                .map(|t| (t.tranche_no, t.left_fen))
                .collect(),
            _ => Vec::new(),
        };
        Purse {
            source: row.no,
            kind: row.is.kind,
            items: row.is.items.clone(),
            room: row.is.planned_fen - row.drawn,
            tranches: own,
            cash: row.paid_in - row.drawn,
        }
    };
    Ok(funded(tx, compound, facts, today).await?.into_iter().map(purse).collect())
}

/// Pays for a content, drawn from the plan's sources in their order: one voucher of the grant book (Dr 5001 by class about the
/// project / Cr 1002 about each tranche and source), and what the fund bears by its own project of repair, through its gate.
///
/// # Errors
/// `renovation.shape`, `seal.person-in-text`, `renovation.day`, `renovation.no-renovation`, the gate's (`renovation.not-old` …
/// `renovation.not-started`), `renovation.step`, `renovation.payee`, `subsidy.no-content`, `renovation.over-content`,
/// `renovation.over-contract`, `renovation.over-audit`, `renovation.fund-request`, `renovation.sources-short`; those of [`subsidy::spend`] and
/// [`works::pay`]; `bank.*`; those of the journal.
pub async fn pay(tx: &mut Tx, no: RenovationNo, asked: &Paying) -> Result<Payment> {
    may_be_text("收款人", &asked.payee)?;
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let facts = facts_of(tx, compound, no).await?;
    let pack = law(tx, compound, today).await?;
    let begun = facts.start.as_ref().map(|start| start.is.on);
    if asked.paid_on > today || begun.is_some_and(|begun| asked.paid_on < begun) {
        return Err(DAY.refuse(format!("{}，今天 {today}", asked.paid_on)).into());
    }
    if matches!(facts.stage(), Stage::Withdrawn | Stage::HandedOver) {
        return Err(STEP.refuse(format!("现为“{}”", facts.stage().in_chinese())).into());
    }
    let scene = scene_of(tx, compound, &facts, today).await?;
    facts::pass(&facts::gate(&pack, &facts, &scene, Asked::Pay))?;
    let (content, item) = may_be_paid(tx, &facts, asked).await?;
    let purses = purses(tx, &facts, item, asked.paid_on).await?;
    let fund = fund_part(tx, asked).await?;
    let by_fund = fund.as_ref().map_or(Money::ZERO, |fund| fund.amount);
    let draws = funding::draw(&purses, item, asked.amount_fen, by_fund)?;

    let payment_no = PaidNo(tx.next_no(&format!("renovation-payment/{no}")));
    let mut parts = granted_parts(tx, &facts, asked, payment_no, &content, item, &draws).await?;
    if let (Some(fund), Some(draw)) = (fund, draws.iter().find(|draw| draw.is_fund)) {
        parts.push(rows::PartRow {
            source: draw.source,
            amount: draw.amount,
            recovered: Money::ZERO,
            tranche_move: None,
            project: Some(fund.project),
            book: Book::Fund.number(),
            voucher: fund.voucher,
        });
    }
    keep(tx, no, payment_no, asked, &parts, &pack).await
}

/// The parts the grant book pays, on one voucher.
async fn granted_parts(
    tx: &mut Tx,
    facts: &Facts,
    asked: &Paying,
    payment_no: PaidNo,
    content: &Content,
    item: &subsidy::Item,
    draws: &[Draw],
) -> Result<Vec<rows::PartRow>> {
    let compound = tx.compound();
    let sources = rows::sources(tx, compound, facts.no).await?;
    let mut judged = Vec::new();
    let mut earlier: Vec<(ProgrammeNo, Money)> = Vec::new();
    let mut lines = Vec::new();
    let mut sum = Money::ZERO;
    for draw in draws.iter().filter(|draw| !draw.is_fund) {
        sum += draw.amount;
        let Some(tranche_no) = draw.tranche else {
            let matter = sources.iter().find(|s| s.no == draw.source).map(|s| s.matter);
            let matter = matter.unwrap_or(facts.matter);
            lines.push(Line::credit(BANK, draw.amount).about(matter));
            judged.push((draw, None));
            continue;
        };
        let spending = subsidy::Spending {
            tranche_no,
            content_no: Some(content.content_no),
            item: String::new(),
            payee: asked.payee.clone(),
            amount_fen: draw.amount,
            paid_on: asked.paid_on,
            line_no: asked.line_no,
            evidence: asked.evidence.clone(),
        };
        let good = subsidy::judge(tx, &spending, &earlier).await?;
        earlier.push((good.programme(), draw.amount));
        lines.push(good.money(draw.amount));
        judged.push((draw, Some((good, spending))));
    }
    if sum.is_zero() {
        return Ok(Vec::new());
    }
    lines.insert(0, Line::debit(item.class.account(), sum).about(facts.matter));
    let line = line_of(tx, asked.line_no, -sum, asked.paid_on).await?;
    let memo = format!("改造 {} 第 {payment_no} 笔 {}", facts.no, item.title);
    let entry = entry(Book::Grant, asked.paid_on, memo, &asked.evidence, lines);
    let voucher = journal::post(tx, entry).await?;
    if let Some(line) = &line {
        bank::claim(tx, line, voucher.seq);
    }
    let mut parts = Vec::with_capacity(judged.len());
    for (draw, good) in judged {
        let moved = good.map(|(good, spending)| {
            subsidy::keep_spending(tx, &good, &spending, voucher).move_no.0
        });
        parts.push(rows::PartRow {
            source: draw.source,
            amount: draw.amount,
            recovered: Money::ZERO,
            tranche_move: moved,
            project: None,
            book: Book::Grant.number(),
            voucher: Some(voucher.seq.0),
        });
    }
    Ok(parts)
}

async fn keep(
    tx: &mut Tx,
    no: RenovationNo,
    payment_no: PaidNo,
    asked: &Paying,
    parts: &[rows::PartRow],
    pack: &Pack,
) -> Result<Payment> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    for (part_no, part) in (1_i32..).zip(parts) {
        let row = [
            compound.into(),
            no.0.into(),
            payment_no.0.into(),
            part_no.into(),
            part.source.0.into(),
            part.amount.in_fen().into(),
            part.tranche_move.into(),
            part.project.map(|(project, _)| project).into(),
            part.project.map(|(_, paid)| paid).into(),
            i32::from(part.book).into(),
            part.voucher.into(),
            act.into(),
        ];
        tx.put(&rows::PART, &row);
    }
    let count = i32::try_from(parts.len()).unwrap_or(i32::MAX);
    let provenance = pack.provenance.to_string();
    let row = [
        compound.into(),
        no.0.into(),
        payment_no.0.into(),
        asked.content_no.0.into(),
        asked.amount_fen.in_fen().into(),
        count.into(),
        asked.payee.trim().into(),
        asked.paid_on.into(),
        asked.evidence.trim().into(),
        (&provenance).into(),
        act.into(),
    ];
    tx.put(&rows::PAYMENT, &row);
    Ok(Payment::from(PaymentRow {
        no: payment_no,
        content: asked.content_no,
        amount: asked.amount_fen,
        payee: asked.payee.trim().to_owned(),
        on: asked.paid_on,
        evidence: asked.evidence.trim().to_owned(),
        is_reversed: false,
        parts: parts.to_vec(),
    }))
}

/// Takes a payment back in red, all of its vouchers in one act.
///
/// # Errors
/// `renovation.shape`, `seal.person-in-text`, `renovation.no-renovation`, `renovation.no-payment`, `renovation.reversed`;
/// those of [`journal::reverse`] (a later payment is taken back first).
pub async fn reverse(tx: &mut Tx, no: RenovationNo, asked: &Reversing) -> Result<Payment> {
    may_be_text("原因", &asked.reason)?;
    tx.flush().await?;
    let compound = tx.compound();
    let facts = facts_of(tx, compound, no).await?;
    if facts.stage() == Stage::HandedOver {
        return Err(STEP.refuse("已移交").into());
    }
    let payments = rows::payments(tx, compound, no).await?;
    let payment = payments.into_iter().find(|payment| payment.no == asked.payment_no);
    let mut payment =
        payment.ok_or_else(|| NO_PAYMENT.refuse(format!("付款编号 {}", asked.payment_no)))?;
    if payment.is_reversed {
        return Err(REVERSED.refuse(format!("付款 {} 已冲销", payment.no)).into());
    }
    // Written before its vouchers go, so that none of them goes by itself.
    let row = [
        compound.0.into(),
        no.0.into(),
        payment.no.0.into(),
        asked.on.into(),
        asked.reason.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::REVERSAL, &row);
    tx.flush().await?;
    let mut vouchers: Vec<(i16, i32)> =
        payment.parts.iter().filter_map(|part| Some((part.book, part.voucher?))).collect();
    vouchers.sort_unstable();
    vouchers.dedup();
    for (book, seq) in vouchers {
        let book = if book == Book::Fund.number() { Book::Fund } else { Book::Grant };
        bank::reverse(tx, book, VoucherSeq(seq), asked.on, Style::Red, asked.reason.trim()).await?;
    }
    payment.is_reversed = true;
    Ok(payment.into())
}
