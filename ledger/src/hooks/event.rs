//! What may leave the house: which acts, in which words, and nothing about a person.
//!
//! Owns: [`EVENTS`], the body of an event. Always: an answer's members leave by name; one that is not listed stays at
//! home, so a verb that learns to answer more tells no stranger. Amounts are fen, vouchers are written as on paper.

use serde_json::{Map, Value as Json, json};

use crate::calendar::Instant;
use crate::error::{Result, Storage};
use crate::id::ActNo;
use crate::journal::Posted;

/// How a verb's answer becomes the event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// An object of which these members leave.
    Members(&'static [&'static str]),
    /// A number or a list, under this name.
    Named(&'static str),
}

/// An act others may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The act's verb.
    pub verb: &'static str,
    /// What happened, in Chinese.
    pub told: &'static str,
    answer: Shape,
}

impl Event {
    /// The members of its answer.
    #[must_use]
    pub fn members(&'static self) -> &'static [&'static str] {
        match &self.answer {
            Shape::Members(names) => names,
            Shape::Named(name) => std::slice::from_ref(name),
        }
    }
}

const fn event(verb: &'static str, told: &'static str, answer: Shape) -> Event {
    Event { verb, told, answer }
}

/// Every act others may be told of.
pub static EVENTS: &[Event] = &[
    event(
        "fund.deposit",
        "维修资金交存已入账",
        Shape::Members(&["deposit_no", "voucher", "amount_fen", "received_on"]),
    ),
    event(
        "fund.levy",
        "维修资金应交已核定",
        Shape::Members(&["new", "changed", "same", "total_fen"]),
    ),
    event(
        "fund.refund",
        "维修资金返还已登记",
        Shape::Members(&["refund_no", "voucher", "payee", "principal_fen", "gains_fen"]),
    ),
    event("fund.pay-refund", "维修资金返还已支付", Shape::Members(&["voucher", "left_fen"])),
    event("fund.renew", "续筹方案已登记", Shape::Named("plan_no")),
    event(
        "revenue.distribute",
        "公共收益已分配",
        Shape::Members(&["entry_no", "voucher", "amount_fen"]),
    ),
    event(
        "fees.bill",
        "账单已发布",
        Shape::Members(&["voucher", "prepaid_voucher", "bills", "total_fen", "prepaid_fen"]),
    ),
    event(
        "fees.pay",
        "缴费已入账",
        Shape::Members(&["payment_no", "voucher", "settled", "prepaid_fen"]),
    ),
    event("countersign.ask", "有申请待第二人复核", Shape::Named("countersign_no")),
    event("works.propose", "维修项目已立项", Shape::Members(&["project_no"])),
    event("works.apply", "已申请使用维修资金", Shape::Members(&["step_no", "digest", "stage"])),
    event("works.decide", "已审批或备案", Shape::Members(&["step_no", "digest", "stage"])),
    event(
        "works.pay",
        "维修资金已付款",
        Shape::Members(&["payment_no", "voucher", "amount_fen", "fund_fen", "dwellings"]),
    ),
    event(
        "works.claim-back",
        "多付的款项已追回",
        Shape::Members(&["payment_no", "voucher", "amount_fen", "fund_fen", "dwellings"]),
    ),
    event("works.archive", "维修项目已归档", Shape::Members(&["step_no", "digest", "stage"])),
    event("journal.reverse", "凭证已冲销", Shape::Named("vouchers")),
    event(
        "journal.close",
        "月份已结账",
        Shape::Members(&["book", "month", "vouchers", "head_seq", "seal", "frozen"]),
    ),
    event("import.register", "房产清册已导入", Shape::Named("import_no")),
    event("import.deposits", "交存明细已导入", Shape::Named("import_no")),
    event("import.fees", "收费明细已导入", Shape::Named("import_no")),
    event("import.bank", "银行流水已导入", Shape::Named("import_no")),
    event("import.wechat", "微信支付账单已导入", Shape::Named("import_no")),
    event("import.alipay", "支付宝账单已导入", Shape::Named("import_no")),
    event("import.invoices", "数电票清单已导入", Shape::Named("import_no")),
    event(
        "channel.apply",
        "渠道订单已自动入账",
        Shape::Members(&["applied", "tied", "amount_fen", "waiting"]),
    ),
    event(
        "channel.accept",
        "渠道订单已入账",
        Shape::Members(&["order_no", "payment_no", "amount_fen", "settled", "prepaid_fen"]),
    ),
    event(
        "channel.settle",
        "渠道到账已核销",
        Shape::Members(&["payout_no", "voucher", "net_fen", "difference_fen"]),
    ),
    event("import.undo", "导入已撤销", Shape::Members(&["import_no", "rows", "reversed"])),
];

/// The event of a verb, if others may be told of it.
#[must_use]
pub fn event_of(verb: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.verb == verb)
}

/// An event's name for ever: `xiaohe/17`, the compound's code and the number of the act.
#[must_use]
pub fn event_id(compound: &str, act: ActNo) -> String {
    format!("{compound}/{act}")
}

/// What is sent of an act.
///
/// # Errors
/// A stored answer is not JSON.
pub(super) fn body(
    event: &Event,
    compound: &str,
    act: ActNo,
    recorded_at: Instant,
    answer: &str,
) -> Result<String> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("act {act} of {compound}: {e}"));
    let answer: Json = serde_json::from_str(answer).map_err(bug)?;
    let leaving = match (event.answer, answer) {
        (Shape::Named(name), answer) => Map::from_iter([(name.to_owned(), as_on_paper(answer))]),
        (Shape::Members(names), Json::Object(mut all)) => {
            let kept =
                names.iter().filter_map(|name| Some(((*name).to_owned(), all.remove(*name)?)));
            kept.map(|(name, value)| (name, as_on_paper(value))).collect()
        }
        (Shape::Members(_), _) => Map::new(),
    };
    let told = json!({
        "id": event_id(compound, act),
        "verb": event.verb,
        "recorded_at": recorded_at,
        "compound": compound,
        "act_no": act,
        "answer": leaving,
    });
    Ok(told.to_string())
}

/// Vouchers as `fund/2026-0007`, wherever they stand in an answer.
fn as_on_paper(value: Json) -> Json {
    match value {
        Json::Array(items) => items.into_iter().map(as_on_paper).collect(),
        Json::Object(members) => {
            let object = Json::Object(members);
            match serde_json::from_value::<Posted>(object.clone()) {
                Ok(posted) => Json::String(posted.to_string()),
                Err(_) => object,
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_members_leave_and_vouchers_are_written_as_on_paper() {
        let event = event_of("fund.deposit").unwrap();
        let answer = r#"{"deposit_no":3,"voucher":{"book":"fund","seq":9,"year":2026,"number":7},
            "amount_fen":800000,"received_on":"2026-01-04","owner":"王某","phone":"19900000000"}"#;
        let at = Instant::parse("2026-01-05T09:00:00+08:00").unwrap();
        let told = body(event, "xiaohe", ActNo(17), at, answer).unwrap();
        assert_eq!(
            told,
            "{\"id\":\"xiaohe/17\",\"verb\":\"fund.deposit\",\"recorded_at\":\"2026-01-05T01:00:00Z\",\
             \"compound\":\"xiaohe\",\"act_no\":17,\"answer\":{\"deposit_no\":3,\"voucher\":\"fund/2026-0007\",\
             \"amount_fen\":800000,\"received_on\":\"2026-01-04\"}}"
        );
        let event = event_of("import.bank").unwrap();
        assert!(
            body(event, "x", ActNo(1), at, "5").unwrap().ends_with("\"answer\":{\"import_no\":5}}")
        );
        assert!(body(event, "x", ActNo(1), at, "{").is_err());
        assert_eq!(event_of("hooks.subscribe"), None);
    }
}
