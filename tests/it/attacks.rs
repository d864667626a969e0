//! Direct SQL against the journal: whoever reaches the tables past the rooms is refused by the database itself.
//!
//! Each attack is a well-formed voucher with one thing wrong, or a plain statement, run in a transaction of its own on
//! both databases. It must fail, at the statement or at the commit, with a text that names the rule it ran into; the same
//! voucher with nothing wrong is accepted, so an attack fails for its own reason. Afterwards `verify` finds nothing.
//!
//! Out of scope: whoever may drop a trigger, disable one or set `session_replication_role` owns the database and can write
//! what they like. What they wrote is found afterwards (`verify.rs`), not refused. So is, on SQLite, a line left without
//! its voucher by a connection that has switched `foreign_keys` off.

use ledger::books::record::Record;
use ledger::books::{Actor, Request, Role};
use ledger::calendar::Month;
use ledger::id::VoucherSeq;
use ledger::journal::{self, Book, Kind, Line, Style, Voucher};
use ledger::money::Money;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait};

use crate::on_both;
use crate::world::{Backend, World, day, deposit_entry};

/// A line as an attacker writes it: every value a piece of SQL.
#[derive(Clone, Debug)]
struct Row {
    book: String,
    seq: String,
    line: String,
    side: String,
    account: String,
    dwelling: String,
    day: String,
    amount: String,
}

/// A voucher as an attacker writes it.
#[derive(Clone, Debug)]
struct Forged {
    backend: Backend,
    compound: i32,
    book: i32,
    seq: i32,
    year: i32,
    number: i32,
    period: i32,
    day: String,
    line_count: i32,
    is_red: i32,
    reverses: String,
    kind: String,
    prev: [u8; 32],
    hash: [u8; 32],
    lines: Vec<Row>,
    /// Another voucher in the same statement.
    also: Option<Box<Forged>>,
}

impl Forged {
    /// The next voucher of the fund, with nothing wrong: 5 fen paid in for dwelling 1.
    fn next(world: &World, head: &Voucher) -> Forged {
        let seq = head.posted.seq.0 + 1;
        let mut forged = Forged {
            backend: world.backend,
            compound: world.compound.0,
            book: 1,
            seq,
            year: 2026,
            number: head.posted.number + 1,
            period: 202_601,
            day: "'2026-01-05'".to_owned(),
            line_count: 2,
            is_red: 0,
            reverses: "NULL".to_owned(),
            kind: "deposit".to_owned(),
            prev: journal::text::hash(&journal::text::print(head)),
            hash: [7; 32],
            lines: vec![],
            also: None,
        };
        forged.line(1, 1001, 0, "5");
        forged.line(-1, 400_101, 1, "5");
        forged
    }

    fn line(&mut self, side: i32, account: i32, dwelling: i32, amount: &str) {
        self.lines.push(Row {
            book: self.book.to_string(),
            seq: self.seq.to_string(),
            line: (self.lines.len() + 1).to_string(),
            side: side.to_string(),
            account: account.to_string(),
            dwelling: dwelling.to_string(),
            day: self.day.clone(),
            amount: amount.to_owned(),
        });
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex = journal::text::hex(bytes);
        match self.backend {
            Backend::Sqlite => format!("x'{hex}'"),
            Backend::Postgres => format!("decode('{hex}', 'hex')"),
        }
    }

    fn voucher_row(&self) -> String {
        let Forged { compound, book, seq, year, number, period, day, line_count, is_red, .. } =
            self;
        let Forged { reverses, kind, .. } = self;
        let (prev, hash) = (self.bytes(&self.prev), self.bytes(&self.hash));
        format!(
            "({compound}, {book}, {seq}, {year}, {number}, {period}, {day}, 1767574800, 1, {line_count}, {is_red}, \
             {reverses}, NULL, '{kind}', '首期交存', '柜台', '', {prev}, {hash})"
        )
    }

    fn line_rows(&self) -> Vec<String> {
        let row = |l: &Row| {
            let Row { book, seq, line, side, account, dwelling, day, amount } = l;
            let compound = self.compound;
            format!(
                "({compound}, {book}, {side}, {seq}, {line}, {account}, {dwelling}, 0, {day}, {amount})"
            )
        };
        self.lines.iter().map(row).collect()
    }

    /// As the program does it: in one statement on PostgreSQL, lines first on SQLite.
    fn sql(&self) -> Vec<String> {
        let all: Vec<&Forged> = std::iter::once(self).chain(self.also.as_deref()).collect();
        let lines = all.iter().flat_map(|f| f.line_rows()).collect::<Vec<_>>().join(", ");
        let vouchers = all.iter().map(|f| f.voucher_row()).collect::<Vec<_>>().join(", ");
        let (lines, vouchers) =
            (format!("{POSTING} VALUES {lines}"), format!("{VOUCHER} VALUES {vouchers}"));
        match self.backend {
            Backend::Sqlite => vec![lines, vouchers],
            Backend::Postgres => vec![format!("WITH p AS ({lines}) {vouchers}")],
        }
    }
}

const VOUCHER: &str = "INSERT INTO voucher (compound_id, book, seq, year, number, period, effective_on, recorded_at, \
    act_no, line_count, is_red, reverses_seq, transfer_no, kind, memo, source, evidence, prev_hash, hash)";
const POSTING: &str = "INSERT INTO posting (compound_id, book, side, seq, line, account, dwelling_no, matter_no, \
    effective_on, amount_fen)";

/// How an attack is made.
enum How {
    /// The next voucher with something wrong.
    Forge(fn(&mut Forged)),
    /// The next voucher, and one statement more, with `{c}` for the compound and `{n}` for the voucher's place.
    Then(fn(&mut Forged), &'static str),
    /// Statements on what is there, `;` between them.
    Plain(&'static str),
    /// Statements that only one of the databases knows.
    Only(Backend, &'static str),
}
use How::{Forge, Only, Plain, Then};

/// An attack: what it tries, how, and a word of the refusal (SQLite's, PostgreSQL's).
struct Attack(&'static str, How, &'static str, &'static str);

/// The fund has vouchers 1 (2025-11, closed), 2, 3 (reversed by 4), all of 2026-01; 4 is the reversal; 5 is the last.
const ATTACKS: &[Attack] = &[
    // ---- whole, balanced, on its day ----
    Attack("debits and credits differ", Forge(|f| f.lines[0].amount = "6".into()), "L01", "L01"),
    Attack("no lines at all", Forge(|f| f.lines.clear()), "L03", "L03"),
    Attack("one line only", Forge(|f| { f.lines.pop(); }), "L01", "L01"),
    Attack("one line, and the count says so", Forge(|f| { f.lines.pop(); f.line_count = 1; }), "L01", "line_count"),
    Attack("the line count lies", Forge(|f| f.line_count = 3), "L01", "L01"),
    Attack("lines that leave a number out", Forge(|f| f.lines[1].line = "3".into()), "L01", "L01"),
    Attack("a line more for a sealed voucher",
        Then(|_| {}, "INSERT INTO posting VALUES ({c}, 1, 1, {n}, 3, 1001, 0, 0, '2026-01-05', 1)"), "L01", "L01"),
    Attack("two balanced lines more for a sealed voucher",
        Then(|_| {}, "INSERT INTO posting VALUES ({c}, 1, 1, {n}, 3, 1001, 0, 0, '2026-01-05', 1), ({c}, 1, -1, {n}, 4, 1001, 0, 0, '2026-01-05', 1)"),
        "L01", "L01"),
    Attack("lines that never get a voucher",
        Plain("INSERT INTO posting VALUES ({c}, 1, 1, 99, 1, 1001, 0, 0, '2026-01-05', 1), ({c}, 1, -1, 99, 2, 1001, 0, 0, '2026-01-05', 1)"),
        "FOREIGN KEY", "L01"),
    Attack("lines of a book nobody opened",
        Plain("INSERT INTO posting VALUES ({c}, 9, 1, 1, 1, 1001, 0, 0, '2026-01-05', 1), ({c}, 9, -1, 1, 2, 1001, 0, 0, '2026-01-05', 1)"),
        "FOREIGN KEY", "L01"),
    Attack("the second line comes in a second statement",
        Then(|f| { f.lines.pop(); }, "INSERT INTO posting VALUES ({c}, 1, -1, {n}, 2, 400101, 1, 0, '2026-01-05', 5)"), "L01", "L01"),
    Attack("a line of another day", Forge(|f| f.lines[1].day = "'2026-01-04'".into()), "L01", "L01"),
    // ---- accounts ----
    Attack("an account nobody knows", Forge(|f| f.lines[0].account = "9999".into()), "L02", "L02"),
    Attack("an account of another book", Forge(|f| f.lines[0].account = "6001".into()), "L02", "L02"),
    Attack("a dwelling's account without a dwelling", Forge(|f| f.lines[1].dwelling = "0".into()), "L02", "L02"),
    Attack("a compound that was never founded",
        Forge(|f| { f.compound = 77; f.seq = 1; f.number = 1; f.prev = [0; 32]; f.lines.iter_mut().for_each(|l| l.seq = "1".into()); }),
        "L02", "L02"),
    // ---- the chain ----
    Attack("the hash before it is another", Forge(|f| f.prev = [9; 32]), "L04", "L04"),
    Attack("the hash before it is the one before that", Forge(|f| f.prev = [0; 32]), "L04", "L04"),
    Attack("an update that changes nothing", Plain("UPDATE voucher SET seq = seq"), "append-only", "append-only"),
    Attack("the first of a book names another before it",
        Forge(|f| { f.book = 2; f.seq = 1; f.number = 1; f.lines = vec![]; f.line(1, 1002, 0, "5"); f.line(-1, 4001, 0, "5"); }),
        "L04", "L04"),
    Attack("a place is skipped",
        Forge(|f| { f.seq += 1; f.lines.iter_mut().for_each(|l| l.seq = f.seq.to_string()); }), "L04", "L04"),
    Attack("a place is taken again", Forge(|f| { f.seq -= 1; f.lines.clear(); }), "L0", "voucher_pkey"),
    Attack("place nought",
        Forge(|f| { f.seq = 0; f.lines.iter_mut().for_each(|l| l.seq = "0".into()); }), "L04", "seq"),
    // ---- numbers ----
    Attack("a number is left out", Forge(|f| f.number += 1), "L05", "L05"),
    Attack("a number is used twice", Forge(|f| f.number -= 1), "L05", "voucher_compound_id_book_year_number_key"),
    Attack("two at once, their numbers crosswise",
        Forge(|f| {
            let mut second = f.clone();
            second.seq += 1;
            (second.prev, second.hash) = (f.hash, [8; 32]);
            second.lines.iter_mut().for_each(|l| l.seq = second.seq.to_string());
            f.number += 1;
            f.also = Some(Box::new(second));
        }), "L05", "L05"),
    Attack("a number of a year that is not its period's", Forge(|f| { f.year = 2027; f.number = 1; }), "period", "voucher_check"),
    Attack("a month that does not exist", Forge(|f| f.period = 202_613), "period", "voucher_check"),
    // ---- periods ----
    Attack("into a closed month",
        Forge(|f| { f.year = 2025; f.number = 3; f.period = 202_512; f.day = "'2025-12-30'".into(); f.lines.iter_mut().for_each(|l| l.day = f.day.clone()); }),
        "L06", "L06"),
    Attack("later than its month",
        Forge(|f| { f.day = "'2026-02-01'".into(); f.lines.iter_mut().for_each(|l| l.day = f.day.clone()); }), "L06", "L06"),
    Attack("into a month beyond the open one",
        Forge(|f| { f.year = 2030; f.number = 1; f.period = 203_001; }), "L06", "L06"),
    Attack("a day that does not exist",
        Forge(|f| { f.day = "'2026-01-32'".into(); f.lines.iter_mut().for_each(|l| l.day = f.day.clone()); }),
        "effective_on", "out of range"),
    Attack("one frozen balance more",
        Plain("INSERT INTO period_balance VALUES ({c}, 1, 202511, 12, 400101, 0, 0, 100)"), "L06", "L06"),
    // ---- reversals ----
    Attack("a second reversal", Forge(|f| { f.reverses = "3".into(); f.kind = "reversal".into(); }), "L07", "voucher_reversed_once"),
    Attack("a reversal of a reversal", Forge(|f| { f.reverses = "4".into(); f.kind = "reversal".into(); }), "L07", "L07"),
    Attack("a reversal of itself", Forge(|f| f.reverses = f.seq.to_string()), "L07", "L07"),
    Attack("a reversal of what is yet to come", Forge(|f| f.reverses = (f.seq + 1).to_string()), "L07", "L07"),
    Attack("a reversal of nothing", Forge(|f| f.reverses = "99".into()), "L07", "L07"),
    // ---- amounts ----
    Attack("negative and no reversal",
        Forge(|f| f.lines.iter_mut().for_each(|l| l.amount = "-5".into())), "L08", "L08"),
    Attack("negative in a reversal by the other side",
        Forge(|f| { f.reverses = "2".into(); f.lines.iter_mut().for_each(|l| l.amount = "-5".into()); }), "L08", "L08"),
    Attack("red and no reversal", Forge(|f| f.is_red = 1), "is_red", "voucher_check"),
    Attack("an amount of nothing",
        Forge(|f| f.lines.iter_mut().for_each(|l| l.amount = "0".into())), "amount_fen", "amount_fen"),
    Attack("an amount beyond the limit",
        Forge(|f| f.lines.iter_mut().for_each(|l| l.amount = "10000000000001".into())), "amount_fen", "amount_fen"),
    // PostgreSQL rounds a literal to the column's whole fen: 2 + 2 against 3. No fraction is ever stored on either.
    Attack("a fraction of a fen",
        Forge(|f| {
            f.lines[0].amount = "3".into();
            f.lines[1].amount = "1.5".into();
            f.line(-1, 400_101, 1, "1.5");
            f.line_count = 3;
        }), "REAL value in INTEGER", "L01"),
    Attack("an amount in words",
        Forge(|f| f.lines[0].amount = "'五分'".into()), "TEXT value in INTEGER", "invalid input syntax"),
    Attack("a side that is none", Forge(|f| f.lines.iter_mut().for_each(|l| l.side = "0".into())), "side", "side"),
    Attack("a side twice as heavy",
        Forge(|f| { f.lines[0].side = "2".into(); f.lines[1].amount = "10".into(); }), "side", "side"),
    Attack("a kind that is none", Forge(|f| f.kind = "gift".into()), "kind", "kind"),
    // ---- what stands, stands ----
    Attack("another amount", Plain("UPDATE posting SET amount_fen = 1 WHERE seq = 2"), "append-only", "append-only"),
    Attack("another account, both sides", Plain("UPDATE posting SET dwelling_no = 2 WHERE dwelling_no = 1"), "append-only", "append-only"),
    Attack("another memo", Plain("UPDATE voucher SET memo = '' WHERE seq = 2"), "append-only", "append-only"),
    Attack("another hash", Plain("UPDATE voucher SET hash = prev_hash WHERE seq = 2"), "append-only", "append-only"),
    Attack("another period", Plain("UPDATE voucher SET period = 202512 WHERE seq = 2"), "append-only", "append-only"),
    Attack("lines deleted", Plain("DELETE FROM posting WHERE seq = 5"), "append-only", "append-only"),
    Attack("a voucher deleted", Plain("DELETE FROM voucher WHERE seq = 5"), "append-only", "append-only"),
    Attack("everything deleted", Plain("DELETE FROM posting; DELETE FROM voucher"), "append-only", "append-only"),
    Attack("an act by somebody else", Plain("UPDATE act SET actor = '李四' WHERE act_no = 2"), "append-only", "append-only"),
    Attack("an act deleted", Plain("DELETE FROM act WHERE act_no = 2"), "append-only", "append-only"),
    Attack("a key forgotten", Plain("DELETE FROM once"), "append-only", "append-only"),
    Attack("a key for another act", Plain("UPDATE once SET act_no = 1"), "append-only", "append-only"),
    Attack("a month reopened", Plain("DELETE FROM period_close"), "append-only", "append-only"),
    Attack("a month closed elsewhere", Plain("UPDATE period_close SET head_seq = 1"), "append-only", "append-only"),
    Attack("another frozen balance", Plain("UPDATE period_balance SET debit_fen = 0"), "append-only", "append-only"),
    Attack("a frozen balance thawed", Plain("DELETE FROM period_balance"), "append-only", "append-only"),
    Attack("a project renamed", Plain("UPDATE matter SET name = '别墅'"), "append-only", "append-only"),
    Attack("a reserve taken back", Plain("DELETE FROM reserve"), "append-only", "append-only"),
    Attack("less held", Plain("UPDATE reserve_line SET amount_fen = 1"), "append-only", "append-only"),
    Attack("nothing held", Plain("DELETE FROM reserve_line"), "append-only", "append-only"),
    // ---- keys that are not there ----
    Attack("a matter of no compound", Plain("INSERT INTO matter VALUES (777, 1, 'bill', '', 1)"), "FOREIGN KEY", "matter names no compound: (777)"),
    Attack("a bill of no dwelling", Plain("INSERT INTO bill (compound_id, matter_no, dwelling_no, item, from_on, to_on, due_on, amount_fen, tax_fen, bearer, worked, voucher_seq, act_no)
           VALUES ({c}, 1, 999, '物业费', '2026-01-01', '2026-01-31', '2026-01-31', 1, 0, 'owner', '', 1, 1)"), "FOREIGN KEY", "bill names no dwelling"),
    Attack("a bill of no matter", Plain("INSERT INTO bill (compound_id, matter_no, dwelling_no, item, from_on, to_on, due_on, amount_fen, tax_fen, bearer, worked, voucher_seq, act_no)
           VALUES ({c}, 999, 1, '物业费', '2026-01-01', '2026-01-31', '2026-01-31', 1, 0, 'owner', '', 1, 1)"), "FOREIGN KEY", "bill names no matter"),
    Attack("a bill's dwelling struck off", Plain(
        "INSERT INTO dwelling SELECT compound_id, 99, building_no, unit_no, floor, '1-1-9901', written_as, kind, housing, has_lift, 0, NULL,
           vote_area_centi_m2, fee_area_centi_m2, fund_area_centi_m2, handed_over_on, began_on, ended_on, NULL, remark_sealed, act_no
           FROM dwelling WHERE compound_id = {c} AND dwelling_no = 1;
         INSERT INTO bill (compound_id, matter_no, dwelling_no, item, from_on, to_on, due_on, amount_fen, tax_fen, bearer, worked, voucher_seq, act_no)
           VALUES ({c}, 1, 99, '物业费', '2026-01-01', '2026-01-31', '2026-01-31', 1, 0, 'owner', '', 1, 1); DELETE FROM dwelling WHERE dwelling_no = 99"), "FOREIGN KEY", "dwelling is named by a bill"),
    Attack("a dwelling's number changed", Plain("UPDATE dwelling SET dwelling_no = 77 WHERE dwelling_no = 1"), "FOREIGN KEY",
        "a key of dwelling may be named by a bill"),
    // ---- by the back stairs ----
    Attack("a voucher over the last one",
        Forge(|f| { f.seq -= 1; f.lines.iter_mut().for_each(|l| l.seq = f.seq.to_string()); }), "L01", "voucher_pkey"),
    Attack("REPLACE a voucher, its memo changed", Only(Backend::Sqlite,
        "REPLACE INTO voucher SELECT compound_id, book, seq, year, number, period, effective_on, recorded_at, act_no, line_count,
         is_red, reverses_seq, transfer_no, kind, '改过', source, evidence, prev_hash, hash FROM voucher WHERE seq = 5"), "L04", ""),
    Attack("REPLACE a voucher by way of its number", Only(Backend::Sqlite,
        "INSERT INTO posting SELECT compound_id, book, side, 6, line, account, dwelling_no, matter_no, effective_on, amount_fen
           FROM posting WHERE seq = 5;
         REPLACE INTO voucher SELECT compound_id, book, 6, year, number, period, effective_on, recorded_at, act_no, line_count,
         is_red, reverses_seq, transfer_no, kind, '改过', source, evidence, hash, hash FROM voucher WHERE seq = 5"), "L05", ""),
    Attack("REPLACE a reversal by way of what it reverses", Only(Backend::Sqlite,
        "INSERT INTO posting SELECT compound_id, book, side, 6, line, account, dwelling_no, matter_no, effective_on, amount_fen
           FROM posting WHERE seq = 5;
         REPLACE INTO voucher SELECT compound_id, book, 6, year, number + 1, period, effective_on, recorded_at, act_no, line_count,
         is_red, 3, transfer_no, 'reversal', '改过', source, evidence, hash, hash FROM voucher WHERE seq = 5"), "L07", ""),
    Attack("REPLACE a line", Only(Backend::Sqlite,
        "REPLACE INTO posting SELECT compound_id, book, side, seq, line, account, 2, matter_no, effective_on, amount_fen
         FROM posting WHERE seq = 5 AND line = 2"), "L01", ""),
    Attack("REPLACE an act", Only(Backend::Sqlite,
        "REPLACE INTO act SELECT compound_id, act_no, verb, '李四', role, second, recorded_at, came_from, request_id, pack, request, answer,
           prev_hash, hash FROM act WHERE act_no = 2"),
        "L09", ""),
    Attack("REPLACE a key", Only(Backend::Sqlite, "REPLACE INTO once SELECT compound_id, key, 1 FROM once"), "L09", ""),
    Attack("REPLACE a close", Only(Backend::Sqlite,
        "REPLACE INTO period_close SELECT compound_id, book, period, act_no, 1, head_hash FROM period_close"), "L09", ""),
    Attack("REPLACE a frozen balance", Only(Backend::Sqlite,
        "REPLACE INTO period_balance SELECT compound_id, book, period, dwelling_no, account, matter_no, 0, 0 FROM period_balance"),
        "L06", ""),
    Attack("REPLACE a project", Only(Backend::Sqlite,
        "REPLACE INTO matter SELECT compound_id, matter_no, kind, '别墅', act_no FROM matter"), "L09", ""),
    Attack("REPLACE what is held", Only(Backend::Sqlite,
        "REPLACE INTO reserve_line SELECT compound_id, reserve_no, dwelling_no, act_no, 1 FROM reserve_line"), "L09", ""),
    Attack("REPLACE a reserve", Only(Backend::Sqlite,
        "REPLACE INTO reserve SELECT compound_id, reserve_no, 2, matter_no, act_no FROM reserve"), "L09", ""),
    Attack("insert, or else update", Plain(
        "INSERT INTO voucher SELECT * FROM voucher WHERE seq = 5 ON CONFLICT (compound_id, book, seq) DO UPDATE SET memo = '改过'"),
        "L04", "append-only"),
    Attack("insert an act, or else update", Plain(
        "INSERT INTO act SELECT * FROM act WHERE act_no = 2 ON CONFLICT (compound_id, act_no) DO UPDATE SET actor = '李四'"),
        "L09", "append-only"),
    Attack("an act that names another before it", Plain(
        "INSERT INTO act SELECT compound_id, act_no + 1, verb, actor, role, second, recorded_at, came_from, request_id, pack, request,
           answer, prev_hash, hash FROM act
         WHERE compound_id = {c} AND act_no = (SELECT max(act_no) FROM act WHERE compound_id = {c})"), "L10", "L10"),
    Attack("an act after a gap", Plain(
        "INSERT INTO act SELECT compound_id, act_no + 2, verb, actor, role, second, recorded_at, came_from, request_id, pack, request,
           answer, hash, hash FROM act
         WHERE compound_id = {c} AND act_no = (SELECT max(act_no) FROM act WHERE compound_id = {c})"), "L10", "L10"),
    Attack("an act in the middle", Plain(
        "INSERT INTO act SELECT compound_id, act_no - 1, verb, '李四', role, second, recorded_at, came_from, request_id, pack, request,
           answer, prev_hash, hash FROM act WHERE compound_id = {c} AND act_no = 3"), "L09", "act_pkey"),
    Attack("a first act with another before it", Plain(
        "INSERT INTO act SELECT 77, 1, verb, actor, role, second, recorded_at, came_from, request_id, pack, request, answer, hash, hash
         FROM act WHERE compound_id = {c} AND act_no = 1"), "L10", "L10"),
    Attack("an act before the first", Plain(
        "INSERT INTO act SELECT compound_id, 0, verb, actor, role, second, recorded_at, came_from, request_id, pack, request, answer,
           prev_hash, hash FROM act WHERE compound_id = {c} AND act_no = 1"), "L10", "act_act_no_check"),
    Attack("acts forgotten", Only(Backend::Postgres, "TRUNCATE act"), "", "append-only"),
    Attack("TRUNCATE vouchers", Only(Backend::Postgres, "TRUNCATE voucher"), "", "append-only"),
    Attack("TRUNCATE lines", Only(Backend::Postgres, "TRUNCATE posting"), "", "append-only"),
    Attack("TRUNCATE acts", Only(Backend::Postgres, "TRUNCATE act, once"), "", "append-only"),
    Attack("TRUNCATE closes", Only(Backend::Postgres, "TRUNCATE period_close"), "", "append-only"),
    Attack("TRUNCATE frozen balances", Only(Backend::Postgres, "TRUNCATE period_balance"), "", "append-only"),
    Attack("MERGE", Only(Backend::Postgres,
        "MERGE INTO voucher v USING (SELECT 5 AS seq) s ON v.seq = s.seq AND v.book = 1 WHEN MATCHED THEN UPDATE SET memo = '改过'"),
        "", "append-only"),
    Attack("a voucher in one statement, its lines in the next", Only(Backend::Postgres,
        "INSERT INTO voucher SELECT compound_id, book, 6, year, number + 1, period, effective_on, recorded_at, act_no, line_count,
           is_red, reverses_seq, transfer_no, kind, memo, source, evidence, hash, hash FROM voucher WHERE seq = 5;
         INSERT INTO posting SELECT compound_id, book, side, 6, line, account, dwelling_no, matter_no, effective_on, amount_fen
           FROM posting WHERE seq = 5"), "", "L03"),
];

/// Vouchers as [`ATTACKS`] wants them, a project and a reserve. Answers the last voucher.
async fn prepare(world: &World) -> Voucher {
    let home = world.dwelling("1-1-101").await;
    world.post(deposit_entry(home, 120_000, "2025-11-20")).await.unwrap();
    for month in ["2025-11", "2025-12"] {
        let month = Month::parse(month).unwrap();
        let closed = world.act("journal.close", month, |tx, month| {
            Box::pin(journal::close(tx, Book::Fund, *month))
        });
        closed.await.unwrap();
    }
    // The close made voucher 2 of 2025; what follows is numbered in 2026.
    world.post(deposit_entry(home, 10_000, "2026-01-02")).await.unwrap();
    let reversal = world.act("journal.reverse", (), |tx, ()| {
        Box::pin(journal::reverse(
            tx,
            Book::Fund,
            VoucherSeq(3),
            day("2026-01-05"),
            Style::Red,
            "录错",
        ))
    });
    reversal.await.unwrap();
    let held = world.act("journal.reserve", home, |tx, home| {
        Box::pin(async move {
            let matter = journal::open_project(tx, "屋面防水").await?;
            journal::reserve(tx, Book::Fund, matter, &[(*home, Money::fen(100))]).await
        })
    });
    held.await.unwrap();
    let clerk = Actor::new("王会计", Role::PropertyCompany);
    let entry = deposit_entry(home, 700, "2026-01-04");
    let request = Request::describing("journal.post", entry, serde_json::Value::Null).once("k-1");
    let posted = world.books.act(&clerk, world.compound, request, |tx, entry| {
        Box::pin(journal::post(tx, entry.clone()))
    });
    let posted = posted.await.unwrap().answer;
    let mut view = world.books.read().await.unwrap();
    journal::find(&mut view, world.compound, Book::Fund, posted.year, posted.number)
        .await
        .unwrap()
        .unwrap()
}

/// Runs statements in one transaction, and commits.
async fn commit(db: &DatabaseConnection, statements: &[String]) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    for statement in statements {
        tx.execute_unprepared(statement).await?;
    }
    tx.commit().await
}

async fn is_green(world: &World) {
    let laws = ledger::verify::verify(&world.books, None).await.unwrap();
    let broken: Vec<_> = laws.iter().filter(|law| law.failed > 0).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

on_both! {
    async fn an_attack_is_refused_by_the_rule_it_breaks(world: World) {
        let head = prepare(&world).await;
        let db = world.back_door().await;
        let mut wrong = Vec::new();
        for Attack(name, how, sqlite, postgres) in ATTACKS {
            let wanted = if world.backend == Backend::Sqlite { sqlite } else { postgres };
            let filled = |sql: &str, f: &Forged| {
                sql.replace("{c}", &world.compound.0.to_string()).replace("{n}", &f.seq.to_string())
            };
            let mut forged = Forged::next(&world, &head);
            let statements: Vec<String> = match how {
                Forge(spoil) => {
                    spoil(&mut forged);
                    if forged.lines.is_empty() {
                        vec![format!("{VOUCHER} VALUES {}", forged.voucher_row())]
                    } else {
                        forged.sql()
                    }
                }
                Then(spoil, more) => {
                    spoil(&mut forged);
                    forged.sql().into_iter().chain([filled(more, &forged)]).collect()
                }
                Plain(sql) => sql.split(';').map(|s| filled(s, &forged)).collect(),
                Only(backend, _) if *backend != world.backend => continue,
                Only(_, sql) => sql.split(';').map(|s| filled(s, &forged)).collect(),
            };
            match commit(&db, &statements).await {
                Ok(()) => {
                    wrong.push(format!("{name}: SUCCEEDED, and what follows is not tried"));
                    break;
                }
                Err(error) if !error.to_string().contains(wanted) => {
                    wrong.push(format!("{name}: wanted {wanted}, got {error}"));
                }
                Err(_) => {}
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        is_green(&world).await;
    }

    /// The control: with nothing wrong it is accepted; and if its hash is the text's, and what is kept beside it says so
    /// too, even `verify` has no objection. The rules bind the rows, not the program that writes them.
    async fn what_keeps_every_rule_is_accepted_from_anybody(world: World) {
        let head = prepare(&world).await;
        let mut forged = Forged::next(&world, &head);
        let act = head.act.0 + 1;
        let written = Voucher {
            posted: journal::Posted { seq: VoucherSeq(forged.seq), number: forged.number, ..head.posted },
            period: Month::parse("2026-01").unwrap(),
            effective_on: day("2026-01-05"),
            act: ledger::id::ActNo(act),
            kind: Kind::Deposit,
            memo: "首期交存".to_owned(),
            source: "柜台".to_owned(),
            evidence: String::new(),
            lines: vec![
                Line::debit(1001, Money::fen(5)),
                Line::credit(400_101, Money::fen(5)).of(ledger::id::DwellingNo(1)),
            ],
            prev_hash: forged.prev,
            ..head.clone()
        };
        forged.hash = journal::text::hash(&journal::text::print(&written));
        let seconds = head.recorded_at.seconds();
        let c = world.compound.0;
        let voucher = forged.sql().iter().map(|s| s.replace("1767574800, 1,", &format!("{seconds}, {act},"))).collect::<Vec<_>>();
        let db = world.back_door().await;
        let sql = format!("SELECT hash FROM act WHERE compound_id = {c} AND act_no = {}", head.act.0);
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
        let prev: Vec<u8> = row.try_get_by_index(0).unwrap();
        let record = Record {
            compound: c, act, verb: "journal.post", actor: "手工", role: "auditor", second: "", at: head.recorded_at,
            came_from: "", request_id: "", pack: "", request: "{}", answer: "{}", prev: &prev,
        };
        let (prev_bytes, hash_bytes) = (forged.bytes(&prev), forged.bytes(&record.hash()));
        let beside = [
            format!("INSERT INTO act VALUES ({c}, {act}, 'journal.post', '手工', 'auditor', '', {seconds}, '', '', '',
                     '{{}}', '{{}}', {prev_bytes}, {hash_bytes})"),
            format!("UPDATE counter SET last_no = {act} WHERE compound_id = {c} AND name = 'act'"),
            format!("UPDATE counter SET last_no = {} WHERE compound_id = {c} AND name = 'fund/2026'", forged.number),
            format!("UPDATE balance SET debit_fen = debit_fen + 5 WHERE compound_id = {c} AND book = 1 AND account = 1001"),
            format!("UPDATE balance SET credit_fen = credit_fen + 5 WHERE compound_id = {c} AND book = 1
                     AND account = 400101 AND dwelling_no = 1"),
        ];
        let statements: Vec<String> = voucher.into_iter().chain(beside).collect();
        commit(&db, &statements).await.expect("nothing is wrong with it");
        is_green(&world).await;
    }
}
