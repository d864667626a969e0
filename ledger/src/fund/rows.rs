//! The tables of the fund, and the words their queries share.

use crate::books::Reads;
use crate::books::sheaf::{Kind as Column, Table};

macro_rules! tables {
    ($($name:ident $table:literal $rank:literal [$($column:literal $kind:ident),* $(,)?];)*) => {$(
        pub(super) static $name: Table = Table {
            name: $table,
            rank: $rank,
            columns: &[
                ("compound_id", Column::Int),
                $(($column, Column::$kind),)*
                ("act_no", Column::Int),
            ],
            on_conflict: "",
        };
    )*};
}

tables! {
    STANDARD "levy_standard" 5 ["standard_no" Int, "levied" Text, "lift" Small, "means" Text, "rate" Text, "share" Text,
        "from_on" Day, "document" Text];
    ASSESSMENT "assessment" 6 ["assessment_no" Int, "dwelling_no" Int, "kind" Text, "month" Int, "unit_no" SomeInt,
        "plan_no" SomeInt, "due_fen" Big, "due_on" Day, "standard" Text, "standard_no" SomeInt, "area_centi_m2" Big,
        "rate" Text, "pack" Text, "replaces_no" SomeInt, "reason" Text];
    INSTALMENT "assessment_instalment" 7 ["assessment_no" Int, "instalment_no" Int, "due_on" Day, "due_fen" Big];
    DEPOSIT "deposit" 7 ["deposit_no" Int, "dwelling_no" SomeInt, "unit_no" SomeInt, "plan_no" SomeInt, "kind" Text, "amount_fen" Big,
        "gains_fen" Big, "received_on" Day, "receipt_no" Text, "line_no" SomeInt, "voucher_seq" Int];
    UNIT "selling_unit" 6 ["unit_no" Int, "name" Text, "matter_no" Int];
    UNIT_END "selling_unit_end" 7 ["unit_no" Int, "ended_on" Day, "successor_no" SomeInt, "evidence" Text];
    RANGE "receipt_range" 6 ["range_no" Int, "prefix" Text, "first_no" Big, "last_no" Big, "digits" Int, "document" Text];
    RECEIPT "receipt" 8 ["receipt_no" Text, "deposit_no" Int, "range_no" SomeInt];
    VOID "receipt_void" 9 ["receipt_no" Text, "voided_on" Day, "reason" Text];
    COPY "receipt_copy" 9 ["receipt_no" Text, "copy_no" Int];
    REFUND "refund" 8 ["refund_no" Int, "cause" Text, "dwelling_no" Int, "unit_no" SomeInt, "deposit_no" SomeInt,
        "payee" Text, "payee_unit_no" SomeInt, "principal_fen" Big, "gains_fen" Big, "due_on" Day, "evidence" Text,
        "pack" Text, "voucher_seq" Int];
    REFUND_PAYMENT "refund_payment" 9 ["refund_no" Int, "payment_no" Int, "amount_fen" Big, "paid_on" Day,
        "evidence" Text, "voucher_seq" Int];
    LEGACY "legacy" 7 ["legacy_no" Int, "unit_no" Int, "amount_fen" Big, "evidence" Text];
    LEGACY_SHARE "legacy_share" 8 ["legacy_no" Int, "dwelling_no" Int, "claimed_fen" Big];
    LEGACY_STEP "legacy_step" 8 ["legacy_no" Int, "step_no" Int, "step" Text, "taken_on" Day, "evidence" Text];
    LEGACY_INCOME "legacy_income" 9 ["legacy_no" Int, "deposit_no" Int];
    CALL "renewal_call" 6 ["call_no" Int, "called_on" Day, "caller" Text, "evidence" Text];
    PLAN "renewal_plan" 7 ["plan_no" Int, "judged_on" Day, "basis" Text, "round_no" SomeInt, "motion_no" SomeInt,
        "digest" Text, "call_no" SomeInt, "target" Text, "total_fen" Big, "counts_gains" Small, "pack" Text];
    NOTICE "renewal_notice" 8 ["plan_no" Int, "notice_no" Int, "dwelling_no" Int, "kind" Text, "sent_on" Day,
        "method" Text, "evidence" Text, "owed_fen" Big];
    POSTING "renewal_posting" 8 ["plan_no" Int, "posting_no" Int, "posted_on" Day, "place" Text];
    WITHDRAWAL "renewal_withdrawal" 8 ["plan_no" Int, "withdrawn_on" Day, "reason" Text];
    ASSIGNMENT "revenue_assignment" 8 ["assignment_no" Int, "plan_no" SomeInt, "housing" Text, "amount_fen" Big,
        "assigned_on" Day, "evidence" Text, "transfer_no" Int, "revenue_seq" Int, "fund_seq" Int];
}

/// What was levied and what came in.
pub(super) const DEPOSITS: Reads =
    Reads(&[&STANDARD, &ASSESSMENT, &INSTALMENT, &DEPOSIT, &REFUND, &LEGACY_INCOME]);
/// What a deposit is judged by.
pub(super) const STANDING: Reads = Reads(&[&ASSESSMENT, &DEPOSIT, &REFUND, &RECEIPT]);
/// Receipts and where their numbers come from.
pub(super) const RECEIPTS: Reads = Reads(&[&RANGE, &RECEIPT, &VOID, &COPY, &DEPOSIT]);
/// Selling units and what they still hold.
pub(super) const UNITS: Reads = Reads(&[
    &UNIT,
    &UNIT_END,
    &LEGACY,
    &LEGACY_SHARE,
    &LEGACY_STEP,
    &LEGACY_INCOME,
    &DEPOSIT,
    &ASSESSMENT,
    &REFUND,
]);
/// What was given back.
pub(super) const REFUNDS: Reads = Reads(&[&REFUND, &REFUND_PAYMENT, &DEPOSIT]);
/// How the fund is filled again.
pub(super) const RENEWALS: Reads =
    Reads(&[&CALL, &PLAN, &NOTICE, &POSTING, &WITHDRAWAL, &ASSIGNMENT, &ASSESSMENT]);

/// Whether the voucher `seq` of the fund still stands: nobody reversed it. `row` names the table in the query.
pub(super) fn stands(row: &str, seq: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = {row}.compound_id AND v.book = 1
           AND v.reverses_seq = {row}.{seq})"
    )
}

/// Whether nothing ended what `row` says of its dwelling: a refund of all it had (destroyed, or its sale undone) ends what was
/// assessed and paid before it; a selling unit's own refund ends what the unit was assessed for it.
pub(super) fn goes_on(row: &str) -> String {
    let stands = stands("w", "voucher_seq");
    format!(
        "NOT EXISTS (SELECT 1 FROM refund w WHERE w.compound_id = {row}.compound_id
           AND w.dwelling_no = {row}.dwelling_no AND w.cause <> 'cancelled'
           AND (w.unit_no IS NULL OR w.unit_no = {row}.unit_no)
           AND w.act_no > {row}.act_no AND {stands})"
    )
}

/// Whether an assessment is the last word: no other replaced it, and its dwelling goes on. It is called `a` in the query.
pub(super) fn current() -> String {
    format!("{LATEST} AND {}", goes_on("a"))
}

/// Whether no other assessment replaced it. It is called `a` in the query.
pub(super) const LATEST: &str =
    "NOT EXISTS (SELECT 1 FROM assessment n WHERE n.compound_id = a.compound_id
           AND n.replaces_no = a.assessment_no)";
