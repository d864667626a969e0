//! Whether a project may be proposed, and a step recorded, on what the steps before it say.
//!
//! Plain decisions: facts in, a refusal out. What needs the database (rooms, votes, balances) is asked by the verbs.

use super::facts::{By, Facts};
use super::step::*;
use super::{CONTRACT, DAY, NO_OBJECTION, POWER, RETENTION, SHAPE, STEP};
use crate::books::Role;
use crate::calendar::Day;
use crate::error::Refusal;
use crate::money::Money;
use crate::policy::terms::{Power, Witness};
use crate::policy::{Pack, Path};
use crate::seal::may_stand_in_clear;

pub(super) fn may_be_proposed(proposal: &Proposal, role: Role) -> Result<(), Refusal> {
    is_text("名称", &proposal.title)?;
    let is_emergency = proposal.path == Path::Emergency;
    if is_emergency != proposal.emergency.is_some() || (proposal.is_on_behalf && !is_emergency) {
        return Err(SHAPE.refuse("应急程序须写明应急情形，一般程序不写；代修属应急程序"));
    }
    if proposal.is_on_behalf && !is_authority(role) {
        return Err(POWER.refuse(format!("代修由街道或房管部门立项，不由{}", role.in_chinese())));
    }
    Ok(())
}

pub(super) const fn is_authority(role: Role) -> bool {
    matches!(role, Role::StreetOffice | Role::HousingAuthority)
}

/// A short text that names nobody.
pub(super) fn is_text(what: &str, text: &str) -> Result<(), Refusal> {
    let plain = text.trim();
    let is_fit =
        !plain.is_empty() && plain.chars().count() <= 400 && !plain.chars().any(char::is_control);
    if !is_fit {
        let shown: String = plain.chars().filter(|c| !c.is_control()).take(20).collect();
        return Err(SHAPE.refuse(format!("{what} {shown:?}，{} 字", plain.chars().count())));
    }
    may_stand_in_clear(what, plain)
}

pub(super) fn at(facts: &Facts, is_fit: bool, needed: &str) -> Result<(), Refusal> {
    if is_fit {
        return Ok(());
    }
    let evidence = format!("项目 {} {}；{needed}", facts.no(), facts.stage().in_chinese());
    Err(STEP.refuse(evidence))
}

pub(super) fn not_after(what: &str, on: Day, today: Day) -> Result<(), Refusal> {
    if on > today {
        return Err(DAY.refuse(format!("{what} {on}，今天 {today}")));
    }
    Ok(())
}

pub(super) fn is_amount(what: &str, amount: Money) -> Result<(), Refusal> {
    if !amount.is_positive() || !amount.is_within_limit() {
        return Err(SHAPE.refuse(format!("{what} {} 元", amount.grouped())));
    }
    Ok(())
}

/// Whether a step may follow on the facts. What needs the database is asked by [`record`].
pub(super) fn may_be_recorded(
    facts: &Facts,
    step: &Step,
    by: &By,
    pack: &Pack,
    today: Day,
) -> Result<(), Refusal> {
    let is_live = facts.withdrawn.is_none() && facts.archived.is_none();
    at(facts, is_live && !matches!(step, Step::Archived(_)), "不再办理")?;
    let has_plan = facts.plan.is_some();
    let proposal = &facts.project.proposal;
    match step {
        Step::Plan(plan) => plan_shape(plan),
        Step::Check(check) => {
            at(facts, has_plan, "先登记方案")?;
            is_text("凭据", &check.evidence)?;
            if !check.common_part.is_empty() {
                is_text("共用部位", &check.common_part)?;
            }
            check.found.iter().try_for_each(|found| {
                is_text("内容", &found.what)?;
                is_amount("金额", found.amount_fen)
            })?;
            not_after("核查", check.on, today)
        }
        Step::Notice(notice) => {
            let is_due = match notice.of {
                NoticeOf::Plan => has_plan,
                NoticeOf::Result => facts.vote.is_some(),
                NoticeOf::Order => facts.order.is_some(),
                NoticeOf::Settlement => facts.account.is_some(),
                NoticeOf::Outcome => facts.acceptance.is_some(),
            };
            at(facts, is_due, "尚无可公示的内容")?;
            is_text("公示地点", &notice.place)?;
            is_text("凭据", &notice.evidence)?;
            not_after("公示", notice.posted_on, today)?;
            if notice.until_on.is_some_and(|until| until < notice.posted_on) {
                return Err(SHAPE.refuse("撤下之日早于公示之日"));
            }
            notice.until_on.map_or(Ok(()), |until| not_after("撤下", until, today))
        }
        Step::Objection(objection) => {
            at(facts, !facts.notices.is_empty(), "尚无公示")?;
            is_text("异议", &objection.words)
        }
        Step::Answer(answer) => {
            is_text("答复", &answer.words)?;
            if facts.open_objections().any(|o| o.no == answer.objection) {
                return Ok(());
            }
            Err(NO_OBJECTION.refuse(format!("步骤 {}", answer.objection)))
        }
        Step::Vote(_) => {
            at(facts, has_plan && proposal.path == Path::Ordinary, "先登记一般程序的方案")
        }
        Step::Witnessing(w) => {
            at(facts, has_plan && proposal.path == Path::Emergency, "先登记应急方案")?;
            is_text("凭据", &w.evidence)?;
            not_after("确认", w.on, today)?;
            let speaks = match w.by {
                Witness::Committee => by.role == Role::OwnersCommittee,
                Witness::ResidentsCommittee | Witness::StreetOffice => {
                    by.role == Role::StreetOffice
                }
                Witness::Authority => by.role == Role::HousingAuthority,
                Witness::PropertyCompany => by.role == Role::PropertyCompany,
                Witness::Owners => {
                    matches!(by.role, Role::OwnersCommittee | Role::PropertyCompany)
                }
            };
            if speaks && matches!(w.power, Power::Confirmation | Power::Certification) {
                return Ok(());
            }
            let (role, who) = (by.role.in_chinese(), w.by.in_chinese());
            Err(POWER.refuse(format!("{role}不能以{who}的名义{}应急", w.power.in_chinese())))
        }
        Step::Application(application) => {
            let is_resolved = match proposal.path {
                Path::Ordinary => facts.vote.is_some(),
                Path::Emergency => !facts.witnesses.is_empty() || facts.order.is_some(),
            };
            let is_ready = has_plan && facts.check.is_some() && is_resolved;
            at(facts, is_ready, "申请前须有方案、核查，并已表决（应急的已确认）")?;
            if application.note.is_empty() { Ok(()) } else { is_text("说明", &application.note) }
        }
        Step::Decision(decision) => is_text("意见", &decision.opinion),
        Step::Contract(contract) => contract_shape(facts, contract, pack, today),
        Step::Progress(progress) => {
            at(facts, has_plan, "先登记方案")?;
            is_text("凭据", &progress.evidence)?;
            not_after("进度", progress.on, today)
        }
        Step::Acceptance(acceptance) => {
            at(facts, facts.finished_on.is_some(), "尚未竣工")?;
            is_text("签字各方", &acceptance.signed_by)?;
            is_text("凭据", &acceptance.evidence)?;
            not_after("验收", acceptance.on, today)
        }
        Step::Review(review) => {
            at(facts, facts.acceptance.is_some(), "尚未验收")?;
            is_text("审价机构", &review.reviewer)?;
            is_text("凭据", &review.evidence)?;
            is_amount("审定价", review.amount_fen)?;
            not_after("审价", review.on, today)
        }
        Step::FinalAccount(account) => {
            at(facts, facts.acceptance.is_some(), "尚未验收")?;
            is_text("凭据", &account.evidence)?;
            is_amount("决算价", account.amount_fen)?;
            not_after("决算", account.on, today)
        }
        Step::WarrantyEnd(end) => {
            at(facts, facts.acceptance.is_some(), "尚未验收")?;
            is_text("出具人", &end.signed_by)?;
            is_text("凭据", &end.evidence)?;
            not_after("期满", end.on, today)
        }
        Step::Interest(interest) => {
            is_text("施工单位", &interest.contractor)?;
            is_text("说明", &interest.words)?;
            interest.recused.iter().try_for_each(|name| is_text("回避的人", name))
        }
        Step::Raised(raised) => {
            at(facts, has_plan, "先登记方案")?;
            is_text("凭据", &raised.evidence)?;
            is_amount("自筹", raised.amount_fen)?;
            not_after("自筹", raised.on, today)
        }
        Step::Request(request) => {
            at(facts, facts.is_approved(), "使用申请尚未批准，或批准后方案已改动")?;
            is_text("收款人", &request.payee)?;
            is_text("账号", &request.account_no)?;
            is_text("凭据", &request.evidence)?;
            is_amount("付款", request.amount_fen)
        }
        Step::Order(order) => {
            at(facts, proposal.is_on_behalf && has_plan, "不是代修项目，或尚无方案")?;
            if !is_authority(by.role) {
                return Err(
                    POWER.refuse(format!("代修由街道或房管部门决定，不由{}", by.role.in_chinese()))
                );
            }
            for (what, text) in [
                ("理由", &order.reason),
                ("收款人", &order.payee),
                ("账号", &order.account_no),
                ("凭据", &order.evidence),
            ] {
                is_text(what, text)?;
            }
            not_after("责令维修", order.asked_on, today)?;
            not_after("决定代修", order.on, today)
        }
        Step::Withdrawal(withdrawal) => {
            at(facts, facts.paid_so_far().is_zero(), "已有付款的不得撤回")?;
            is_text("原因", &withdrawal.reason)
        }
        Step::Archived(_) => Ok(()),
    }
}

fn plan_shape(plan: &Plan) -> Result<(), Refusal> {
    is_text("维修内容", &plan.content)?;
    is_amount("预算", plan.budget_fen)?;
    for removed in &plan.removed {
        is_text("由他人承担的内容", &removed.what)?;
        is_amount("由他人承担的金额", removed.amount_fen)?;
    }
    for excused in &plan.left_out {
        is_text("不分摊的原因", &excused.why)?;
    }
    for unit in &plan.selling_units {
        is_text("售房单位", &unit.name)?;
    }
    if plan.shared_by != SharedBy::default() || !plan.agreement.is_empty() {
        is_text("约定的依据", &plan.agreement)?;
    }
    is_amount("应分摊", plan.to_share())
}

fn contract_shape(
    facts: &Facts,
    contract: &Contract,
    pack: &Pack,
    today: Day,
) -> Result<(), Refusal> {
    let is_theirs = facts.plan.is_some() && !facts.project.proposal.is_on_behalf;
    at(facts, is_theirs, "先登记方案；代修不另签合同")?;
    let by_others = facts.plan.as_ref().map_or(Money::ZERO, |plan| plan.is.by_others());
    is_text("施工单位", &contract.contractor)?;
    is_text("账号", &contract.account_no)?;
    is_text("凭据", &contract.evidence)?;
    is_amount("合同价", contract.price_fen)?;
    is_amount("列支范围承担的合同价", contract.price_fen - by_others)?;
    not_after("签订合同", contract.signed_on, today)?;
    may_be_contracted(facts, contract)?;
    let needs_certificate = pack.terms.retention.needs_warranty_end;
    match (contract.retention, contract.retained_until_on) {
        (None, None) => {}
        (Some(_), Some(until)) if until > contract.signed_on => {}
        (Some(_), None) if needs_certificate => {}
        (keep, until) => {
            let keep = keep.map_or("未写比例".to_owned(), |keep| keep.to_string());
            let until =
                until.map_or("未写留至何日".to_owned(), |until| format!("留至 {until}"));
            let evidence = format!("质量保证金 {keep}，{until}，合同 {}", contract.signed_on);
            return Err(RETENTION.refuse(evidence));
        }
    }
    if let (Some(keep), Some(bar)) = (contract.retention, *pack.terms.retention.keep) {
        let (part, whole) = keep.terms();
        if !bar.holds(i64::from(part), i64::from(whole)) {
            let ruled = &pack.terms.retention;
            return Err(RETENTION.refuse(format!("合同 {keep}，规定 {bar}（{}）", ruled.article)));
        }
    }
    Ok(())
}

/// Whether a contract is within what was planned, and the only one.
fn may_be_contracted(facts: &Facts, contract: &Contract) -> Result<(), Refusal> {
    let budget = facts.plan.as_ref().map_or(Money::ZERO, |plan| plan.is.budget_fen);
    if contract.price_fen > budget {
        let (price, budget) = (contract.price_fen.grouped(), budget.grouped());
        return Err(CONTRACT.refuse(format!("方案预算 {budget} 元，合同价 {price} 元")));
    }
    let before = facts.contract.as_ref().map(|contract| contract.no);
    if contract.replaces != before {
        let told = |no: Option<crate::id::StepNo>| {
            no.map_or("没有合同".to_owned(), |no| format!("步骤 {no} 的合同"))
        };
        let evidence = format!("现有：{}；所写替代：{}", told(before), told(contract.replaces));
        return Err(CONTRACT.refuse(evidence));
    }
    Ok(())
}
