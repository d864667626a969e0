//! How every table stood when the acts had come so far.
//!
//! Owns: [`views`], which writes for each table the view that takes its place in a reading of the past.
//!
//! Always: a row is there if the act that wrote it had happened; what a later act changed in it reads as it did before; a running
//! figure is added up anew from what it runs over. A table that names no act says here how it stood, or that it has no past
//! (`RULES`); one that says neither fails the test below, so that nobody adds a table and forgets it. Of other compounds than
//! those that are asked for there is nothing.
//! Limits: what the taking back of an import deleted is not there again; a contract or a mandate whose last day was brought
//! forward reads as it does now.

use crate::STEPS;

/// How far the acts had come: of the head office, of each compound, and the last voucher of each of its books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The head office's last act.
    pub office_act: i32,
    /// The compounds that are looked at, with the last act of each.
    pub acts: Vec<(i32, i32)>,
    /// Compound, book, and its last voucher.
    pub vouchers: Vec<(i32, i16, i32)>,
}

/// What bounds the rows of a table.
#[derive(Clone, Copy)]
enum Bound {
    /// The act that wrote the row, of the row's compound (compound 0 is the head office).
    Act,
    /// The act that wrote the row, of the head office.
    Office,
    /// The row it belongs to: another table, and the columns of its key besides the compound.
    Of(&'static str, &'static [&'static str]),
    /// Its voucher.
    Voucher,
    /// It is the running sum of the lines.
    Sum,
    /// Nothing: it is as it is.
    Now,
}

/// How a table stood that does not say so by its columns alone.
struct Rule {
    table: &'static str,
    bound: Bound,
    /// Columns that a later act changes.
    mended: &'static [Mended],
}

/// A column that a later act changes, the column that names that act, and what stands in it before.
type Mended = (&'static str, &'static str, &'static str);

const fn rule(table: &'static str, bound: Bound) -> Rule {
    Rule { table, bound, mended: &[] }
}

const fn mended(table: &'static str, bound: Bound, mended: &'static [Mended]) -> Rule {
    Rule { table, bound, mended }
}

const ENDED: Mended = ("ended_by_act", "ended_by_act", "NULL");
const UNDONE: &[Mended] = &[("undone_by_act", "undone_by_act", "NULL")];

/// The tables whose past their columns do not tell: every other has an `act_no`, and never changes.
static RULES: &[Rule] = &[
    // Who is in the house and what it sends out are no part of any account.
    rule("compound", Bound::Now),
    rule("counter", Bound::Now),
    rule("seal_key", Bound::Now),
    rule("area", Bound::Now),
    rule("building", Bound::Now),
    rule("stair_unit", Bound::Now),
    rule("book", Bound::Now),
    rule("account", Bound::Now),
    rule("person", Bound::Now),
    rule("password", Bound::Now),
    rule("totp", Bound::Now),
    rule("recovery_code", Bound::Now),
    rule("attempt", Bound::Now),
    rule("session", Bound::Now),
    rule("token", Bound::Now),
    rule("token_mandate", Bound::Now),
    rule("hook", Bound::Now),
    rule("hook_cursor", Bound::Now),
    rule("hook_delivery", Bound::Now),
    rule("hook_lease", Bound::Now),
    rule("portal_identity", Bound::Now),
    rule("portal_errand", Bound::Now),
    rule("district_figure", Bound::Now),
    mended(
        "dwelling",
        Bound::Act,
        &[
            ("is_unsold", "sold_by_act", "CAST(1 AS SMALLINT)"),
            ("sold_by_act", "sold_by_act", "NULL"),
            ("ended_on", "ended_by_act", "NULL"),
            ENDED,
        ],
    ),
    mended("tenure", Bound::Act, &[("until_on", "ended_by_act", "NULL"), ENDED]),
    rule("posting", Bound::Voucher),
    rule("balance", Bound::Sum),
    rule("period_balance", Bound::Of("period_close", &["book", "period"])),
    mended("import", Bound::Act, UNDONE),
    rule("import_row", Bound::Of("import", &["import_no"])),
    mended("bank_claim", Bound::Act, &[("released_by_act", "released_by_act", "NULL")]),
    mended("service_contract", Bound::Office, &[ENDED]),
    mended("mandate", Bound::Office, &[ENDED]),
    mended(
        "countersign",
        Bound::Act,
        &[
            ("state", "decided_by_act", "'waiting'"),
            ("decided_by", "decided_by_act", "NULL"),
            ("decider_no", "decided_by_act", "NULL"),
            ("decided_role", "decided_by_act", "NULL"),
            ("decided_at", "decided_by_act", "NULL"),
            ("reason", "decided_by_act", "NULL"),
            ("decided_by_act", "decided_by_act", "NULL"),
        ],
    ),
    rule("gain_share", Bound::Of("gain_settlement", &["settlement_no"])),
    rule("succession_line", Bound::Of("succession", &["succession_no"])),
    mended("channel_statement", Bound::Act, UNDONE),
    rule("channel_payout_order", Bound::Of("channel_payout", &["payout_no"])),
    rule("day_sheet_line", Bound::Of("day_sheet", &["sheet_no"])),
    rule("arrears_claim_bill", Bound::Of("arrears_claim", &["claim_no"])),
    rule("arrears_instalment", Bound::Of("arrears_claim", &["claim_no"])),
    rule("revenue_due", Bound::Of("revenue_lease", &["lease_no"])),
    rule("revenue_share", Bound::Of("revenue_entry", &["entry_no"])),
    // Allotted by the head office, though it names the compound.
    rule("allotment", Bound::Office),
];

/// A table as its step made it.
struct Made {
    name: &'static str,
    columns: Vec<&'static str>,
}

/// Every table, in the order in which they were made.
fn tables() -> Vec<Made> {
    let texts = STEPS.iter().flat_map(|step| step.tables.split(';'));
    texts
        .filter_map(|text| {
            let (name, rest) = text.split_once("CREATE TABLE ")?.1.split_once(" (")?;
            let is_column = |line: &&str| {
                line.starts_with("  ") && line.trim_start().starts_with(|c: char| c.is_lowercase())
            };
            let lines = rest.lines().filter(is_column);
            let columns = lines.filter_map(|line| line.split_whitespace().next()).collect();
            Some(Made { name, columns })
        })
        .collect()
}

/// How a table stood; none if nobody said.
fn rule_of(table: &Made) -> Option<(Bound, &'static [Mended])> {
    if let Some(rule) = RULES.iter().find(|rule| rule.table == table.name) {
        return Some((rule.bound, rule.mended));
    }
    let has = |column: &str| table.columns.contains(&column);
    match (has("act_no"), has("compound_id")) {
        (true, true) => Some((Bound::Act, &[])),
        (true, false) => Some((Bound::Office, &[])),
        (false, _) => None,
    }
}

/// The statements that put a view before every table that has a past, so that a question which names the table is asked of the
/// view. `own` is what the tables themselves are called by where a view of the same name stands before them (`main.` on
/// SQLite, nothing on PostgreSQL, where a view is bound to what it names when it is made).
#[must_use]
pub fn views(moment: &Moment, own: &str) -> Vec<String> {
    tables().iter().filter_map(|table| view(table, moment, own)).collect()
}

fn view(table: &Made, moment: &Moment, own: &str) -> Option<String> {
    let (bound, mended) = rule_of(table)?;
    let name = table.name;
    let last = match bound {
        Bound::Office => moment.office_act.to_string(),
        _ => last_act(moment),
    };
    let which = match bound {
        Bound::Now => return None,
        Bound::Act | Bound::Office => format!("t.act_no <= {last}"),
        Bound::Voucher => format!("t.seq <= {}", last_voucher(moment)),
        Bound::Of(parent, keys) => {
            let of_compound =
                if table.columns.contains(&"compound_id") { &["compound_id"][..] } else { &[] };
            let same: Vec<String> =
                of_compound.iter().chain(keys).map(|key| format!("p.{key} = t.{key}")).collect();
            format!("EXISTS (SELECT 1 FROM {parent} p WHERE {})", same.join(" AND "))
        }
        Bound::Sum => {
            let (key, kept) = table.columns.split_at(table.columns.len() - 2);
            let (key, debit, credit) = (key.join(", "), kept[0], kept[1]);
            return Some(format!(
                "CREATE TEMPORARY VIEW {name} AS SELECT {key},
                   CAST(sum(CASE side WHEN 1 THEN amount_fen ELSE 0 END) AS BIGINT) AS {debit},
                   CAST(sum(CASE side WHEN 1 THEN 0 ELSE amount_fen END) AS BIGINT) AS {credit}
                 FROM posting GROUP BY {key}"
            ));
        }
    };
    let read = |column: &&str| match mended.iter().find(|(mended, ..)| mended == column) {
        Some((_, by, before)) => {
            format!("CASE WHEN t.{by} > {last} THEN {before} ELSE t.{column} END AS {column}")
        }
        None => format!("t.{column}"),
    };
    let columns: Vec<String> = table.columns.iter().map(read).collect();
    let columns = columns.join(", ");
    Some(format!(
        "CREATE TEMPORARY VIEW {name} AS SELECT {columns} FROM {own}{name} t WHERE {which}"
    ))
}

/// The last act of the compound of a row; before every act where it is none of those that are looked at.
fn last_act(moment: &Moment) -> String {
    let told = moment.acts.iter().map(|(compound, act)| format!("WHEN {compound} THEN {act} "));
    format!(
        "CASE t.compound_id WHEN 0 THEN {} {}ELSE -1 END",
        moment.office_act,
        told.collect::<String>()
    )
}

/// The last voucher of the book of a row.
fn last_voucher(moment: &Moment) -> String {
    let of = |compound: i32| -> String {
        let books = moment.vouchers.iter().filter(|(of, ..)| *of == compound);
        books.map(|(_, book, seq)| format!("WHEN {book} THEN {seq} ")).collect()
    };
    let told = moment.acts.iter().map(|(compound, _)| (compound, of(*compound)));
    let told = told.filter(|(_, books)| !books.is_empty());
    let told: String = told
        .map(|(compound, books)| format!("WHEN {compound} THEN CASE t.book {books}ELSE -1 END "))
        .collect();
    match told.is_empty() {
        true => "-1".to_owned(),
        false => format!("CASE t.compound_id {told}ELSE -1 END"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_says_how_it_stood() {
        let tables = tables();
        let made = STEPS.iter().map(|step| step.tables.matches("CREATE TABLE ").count());
        assert_eq!(tables.len(), made.sum::<usize>(), "every table was read");
        let untold: Vec<&str> = tables
            .iter()
            .filter(|table| rule_of(table).is_none())
            .map(|table| table.name)
            .collect();
        assert!(untold.is_empty(), "say in RULES how these stood: {untold:?}");

        let changing: BTreeSet<&str> =
            STEPS.iter().flat_map(|step| step.append_only).copied().collect();
        let named: BTreeSet<&str> = RULES.iter().map(|rule| rule.table).collect();
        let names: BTreeSet<&str> = tables.iter().map(|table| table.name).collect();
        let gone: Vec<&&str> = named.difference(&names).collect();
        assert!(gone.is_empty(), "{gone:?} are no tables");
        // A row that may be changed says which of its columns; these are only ever written and deleted whole.
        let whole = ["owner", "bank_line", "assessment", "assessment_instalment", "channel_order"];
        let whole =
            whole.into_iter().chain(["invoice", "invoice_use", "invoice_red", "organisation"]);
        let whole: BTreeSet<&str> = whole.collect();
        for table in names.difference(&changing) {
            let is_told = named.contains(table) || whole.contains(table);
            assert!(is_told, "{table} may be changed: what did it say before?");
        }
        for rule in RULES {
            let made = tables.iter().find(|table| table.name == rule.table);
            let columns = made.map(|table| table.columns.clone()).unwrap_or_default();
            for (column, by, _) in rule.mended {
                assert!(
                    columns.contains(column) && columns.contains(by),
                    "{} {column}",
                    rule.table
                );
            }
        }
    }

    #[test]
    fn a_view_is_bound_by_the_acts_of_its_compound() {
        let moment = Moment {
            office_act: 5,
            acts: vec![(3, 41), (4, 0)],
            vouchers: vec![(3, 1, 12), (3, 2, 0)],
        };
        let views = views(&moment, "main.");
        let of = |name: &str| {
            let head = format!("CREATE TEMPORARY VIEW {name} AS ");
            let view = views.iter().find_map(|view| view.strip_prefix(&head));
            view.unwrap_or("-").split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("compound"), "-");
        let last = "CASE t.compound_id WHEN 0 THEN 5 WHEN 3 THEN 41 WHEN 4 THEN 0 ELSE -1 END";
        assert!(
            of("bill").ends_with(&format!("FROM main.bill t WHERE t.act_no <= {last}")),
            "{}",
            of("bill")
        );
        assert!(of("programme").ends_with("FROM main.programme t WHERE t.act_no <= 5"));
        let seq = "CASE t.compound_id WHEN 3 THEN CASE t.book WHEN 1 THEN 12 WHEN 2 THEN 0 ELSE -1 END ELSE -1 END";
        assert!(of("posting").ends_with(&format!("WHERE t.seq <= {seq}")), "{}", of("posting"));
        let before =
            format!("CASE WHEN t.ended_by_act > {last} THEN NULL ELSE t.until_on END AS until_on");
        assert!(of("tenure").contains(&before), "{}", of("tenure"));
        assert!(of("period_balance").ends_with(
            "WHERE EXISTS (SELECT 1 FROM period_close p WHERE p.compound_id = t.compound_id AND p.book = t.book AND p.period = t.period)"
        ));
    }
}
