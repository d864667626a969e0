//! A book written out: hledger, a program that is none of ours, accepts it and finds the balances that we keep.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use ledger::calendar::Instant;
use ledger::id::{DwellingNo, MatterNo, VoucherSeq};
use ledger::journal::{self, Book, Entry, Kind, Line, Posted, export, text};
use ledger::money::Money;
use sea_orm::{ConnectionTrait, Statement};

use crate::world::{Backend, World, day, deposit_entry};
use crate::{cluster, on_both, verify};

/// Runs hledger over a journal; its standard output. `None`, said aloud, if there is none and need not be.
pub(crate) fn hledger(journal: &[u8], arguments: &[&str]) -> Option<String> {
    let child = Command::new("hledger")
        .args(["-f", "-"])
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(!cluster::is_required(), "hledger is not installed, and this run says it must be");
        let note = "\n*** SKIPPED: the comparison with hledger, which is not installed. ***\n";
        // Past the capture of the test harness, which shows only what a failing test prints.
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let bytes = journal.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let out = child.wait_with_output().unwrap();
    let is_written = writer.join().unwrap().is_ok();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && is_written, "hledger {arguments:?}: {said}");
    Some(String::from_utf8(out.stdout).unwrap())
}

pub(crate) async fn written(world: &World, book: Book) -> Vec<u8> {
    let mut out = Vec::new();
    let mut view = world.books.read().await.unwrap();
    export::hledger(&mut view, world.compound, book, &mut out).await.unwrap();
    out
}

/// Every row of the balances, by its name in the text, in fen of debit.
async fn kept(world: &World, book: Book) -> BTreeMap<String, i64> {
    let db = world.back_door().await;
    let backend = match world.backend {
        Backend::Sqlite => sea_orm::DbBackend::Sqlite,
        Backend::Postgres => sea_orm::DbBackend::Postgres,
    };
    let sql = "SELECT account, dwelling_no, matter_no, debit_fen - credit_fen FROM balance
               WHERE compound_id = $1 AND book = $2";
    let values = [world.compound.0.into(), book.number().into()];
    let rows =
        db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
    let key = |row: &sea_orm::QueryResult| {
        let n = |at| row.try_get_by_index::<i32>(at).unwrap();
        let some = |n: i32| (n != 0).then_some(n);
        text::account_name(book, n(0), some(n(1)).map(DwellingNo), some(n(2)).map(MatterNo))
    };
    rows.iter().map(|row| (key(row), row.try_get_by_index(3).unwrap())).collect()
}

/// hledger's balances, in fen.
fn counted(csv: &str) -> BTreeMap<String, i64> {
    let mut counted = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let (name, amount) = line.trim_matches('"').split_once("\",\"").unwrap();
        let amount = amount.trim_end_matches(" CNY");
        counted.insert(name.to_owned(), Money::parse(amount).unwrap().in_fen());
    }
    counted
}

/// Memos nobody would wish for, in every place that takes a text.
async fn odd_texts(world: &World) {
    let home = world.dwelling("1-1-101").await;
    for odd in [
        "",
        "a;b",
        "a | b",
        "100%",
        "%3B",
        "%",
        "(x) y",
        "! 未过账",
        "* 已过账",
        "* (fund/9999-0001) 仿",
        "首期  两个空格",
        "🏠👨‍👩‍👧 全家",
        "𠮷野家",
        "date:2026-13-99",
        "[2026-99-99]",
        "a:b, c:d",
        "= 1",
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "＝1+1",
        "\u{a0}=1",
        "\"引号\"，逗号,",
        "include /etc/passwd",
        "account x",
        "; seq:1, period:2026-01",
        "P 2026-01-01 CNY 1",
        "~ monthly",
        "1001  5.00 CNY",
        "\u{200f}右到左\u{202e}",
        "零\u{200b}宽",
    ] {
        let mut entry = deposit_entry(home, 101, "2026-01-05");
        let odd = odd.trim();
        (entry.memo, entry.source, entry.evidence) =
            (odd.to_owned(), odd.to_owned(), odd.to_owned());
        world.post(entry).await.unwrap();
    }
}

on_both! {
    async fn hledger_accepts_the_text_and_finds_our_balances(world: World) {
        verify::busy_year(&world).await;
        odd_texts(&world).await;
        for book in Book::ALL {
            let journal = written(&world, book).await;
            if hledger(&journal, &["check", "-s"]).is_none() {
                return;
            }
            let csv = hledger(&journal, &["bal", "--flat", "-N", "-E", "-O", "csv"]).unwrap();
            let (counted, kept) = (counted(&csv), kept(&world, book).await);
            assert_eq!(kept.is_empty(), book == Book::Grant);
            for (name, fen) in &kept {
                assert_eq!(counted.get(name), Some(fen), "{name}");
            }
            // -E names every account that was declared; what we do not keep, nothing has moved.
            for (name, fen) in counted.iter().filter(|(name, _)| !kept.contains_key(*name)) {
                assert_eq!(*fen, 0, "{name}");
            }
            let register = hledger(&journal, &["reg", "-O", "csv"]).unwrap();
            let lines = register.lines().count().saturating_sub(1);
            let mut view = world.books.read().await.unwrap();
            let all = journal::vouchers(&mut view, world.compound, book, VoucherSeq(0), 1000).await.unwrap();
            assert_eq!(lines, all.iter().map(|v| v.voucher.lines.len()).sum::<usize>(), "{book}");
        }
    }

    async fn the_text_is_every_voucher_as_it_was_hashed(world: World) {
        verify::busy_year(&world).await;
        odd_texts(&world).await;
        for book in Book::ALL {
            let journal = String::from_utf8(written(&world, book).await).unwrap();
            let mut view = world.books.read().await.unwrap();
            let all = journal::vouchers(&mut view, world.compound, book, VoucherSeq(0), 1000).await.unwrap();
            let mut parts = journal.split("\n\n").skip(2);
            let mut prev = [0; 32];
            for row in &all {
                let part = format!("{}\n", parts.next().unwrap().trim_end_matches('\n'));
                assert_eq!(part, text::print(&row.voucher));
                let parsed = text::parse(&part).unwrap();
                assert_eq!((&parsed, parsed.prev_hash), (&row.voucher, prev));
                prev = text::hash(&part);
            }
            assert_eq!((parts.next(), journal::latest(&mut view, world.compound, book).await.unwrap().1), (None, prev));
        }
    }

    async fn names_stand_beside_the_numbers_and_cannot_be_taken_for_more(world: World) {
        let home = world.dwelling("1-1-101").await;
        let project = world.act("journal.project", (), |tx, ()| {
            Box::pin(journal::open_project(tx, "屋面 type:A; date:2026-99-99\nP 2026-01-01 CNY 1"))
        });
        let project = project.await.unwrap().answer;
        let lines = vec![Line::debit(500_101, Money::fen(5)).of(home).about(project), Line::credit(1001, Money::fen(5))];
        world.post(Entry { kind: Kind::Repair, lines, ..deposit_entry(home, 5, "2026-01-02") }).await.unwrap();
        let journal = String::from_utf8(written(&world, Book::Fund).await).unwrap();
        assert!(journal.contains("\ncommodity 1000.00 CNY\n"), "{journal}");
        assert!(journal.contains("\naccount fund:1001  ; 银行存款\n"), "{journal}");
        let named = "\naccount fund:500101:1:1  ; 维修支出-商品住宅 1-1-101 屋面 type：A; date：2026-99-99P 2026-01-01 CNY 1\n";
        assert!(journal.contains(named), "{journal}");
        hledger(journal.as_bytes(), &["check", "-s"]);
    }

    async fn a_spreadsheet_gets_every_line_and_nothing_that_runs(world: World) {
        verify::busy_year(&world).await;
        odd_texts(&world).await;
        let mut out = Vec::new();
        let mut view = world.books.read().await.unwrap();
        export::csv(&mut view, world.compound, Book::Fund, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        let text = text.strip_prefix('\u{feff}').expect("a spreadsheet sees UTF-8 by its mark");
        assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
        let rows: Vec<Vec<String>> = text.split("\r\n").filter(|row| !row.is_empty()).map(cells).collect();
        let column = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
        let (debit, credit, memo) = (column("借方"), column("贷方"), column("摘要"));
        let all = journal::vouchers(&mut view, world.compound, Book::Fund, VoucherSeq(0), 1000).await.unwrap();
        assert_eq!(rows.len() - 1, all.iter().map(|v| v.voucher.lines.len()).sum::<usize>());
        let mut sums = [0; 2];
        for row in &rows[1..] {
            assert_eq!(row.len(), rows[0].len());
            for (at, cell) in row.iter().enumerate() {
                let is_amount = at == debit || at == credit;
                let shown = cell.trim_start_matches([' ', '\u{a0}']);
                let is_live = shown.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r']);
                assert!(is_amount || !is_live, "{cell:?}");
            }
            for (sum, at) in sums.iter_mut().zip([debit, credit]) {
                *sum += if row[at].is_empty() { 0 } else { Money::parse(&row[at]).unwrap().in_fen() };
            }
        }
        let trial = journal::trial_balance(&mut view, world.compound, Book::Fund, journal::AsOf::default()).await.unwrap();
        assert_eq!(sums, [trial.debit_fen.in_fen(), trial.credit_fen.in_fen()]);
        assert!(rows.iter().any(|row| row[memo] == "'=1+1") && rows.iter().any(|row| row[memo] == "a;b"));
        assert!(rows.iter().any(|row| row[debit].starts_with("-")), "a red letter stays a number");
    }

    async fn a_program_gets_a_voucher_a_line_in_whole_fen(world: World) {
        verify::busy_year(&world).await;
        odd_texts(&world).await;
        let mut out = Vec::new();
        let mut view = world.books.read().await.unwrap();
        export::json(&mut view, world.compound, Book::Fund, &mut out).await.unwrap();
        let all = journal::vouchers(&mut view, world.compound, Book::Fund, VoucherSeq(0), 1000).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), all.len());
        for (line, row) in text.lines().zip(&all) {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            let v = &row.voucher;
            assert_eq!(json["voucher"], v.posted.to_string());
            assert_eq!((&json["memo"], &json["kind"]), (&v.memo.as_str().into(), &v.kind.name().into()));
            assert_eq!(json["effective_on"], v.effective_on.to_string());
            assert_eq!(json["recorded_at"], v.recorded_at.to_string());
            assert_eq!(json["hash"], text::hex(&text::hash(&text::print(v))));
            for (line, kept) in json["lines"].as_array().unwrap().iter().zip(&v.lines) {
                assert_eq!(line["amount_fen"].as_i64(), Some(kept.amount.in_fen()));
                assert_eq!(line["account"].as_i64(), Some(kept.account.into()));
                assert_eq!(line["dwelling_no"].as_i64(), kept.dwelling.map(|d| d.0.into()));
            }
        }
        assert!(text.contains("\"room\":\"1-1-101\""));
    }

    async fn what_cannot_be_written_is_an_error_and_no_gap(world: World) {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                if self.0 < bytes.len() {
                    return Err(std::io::Error::other("no room"));
                }
                self.0 -= bytes.len();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        verify::busy_year(&world).await;
        let mut view = world.books.read().await.unwrap();
        for room in [0, 100, 5_000] {
            let error = export::hledger(&mut view, world.compound, Book::Fund, &mut Full(room)).await.unwrap_err();
            assert_eq!(error.code(), "storage.file");
        }
    }
}

/// The cells of a row of CSV.
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

/// What the text prints by hand is what the calendar displays.
#[test]
fn days_and_instants_print_as_they_display() {
    let mut voucher = journal::Voucher {
        posted: Posted { book: Book::Fund, seq: VoucherSeq(1), year: 2026, number: 1 },
        period: ledger::calendar::Month::parse("2026-01").unwrap(),
        effective_on: day("2026-01-05"),
        recorded_at: Instant::from_seconds(0),
        act: ledger::id::ActNo(1),
        kind: Kind::Other,
        is_red: false,
        reverses: None,
        transfer: None,
        memo: String::new(),
        source: String::new(),
        evidence: String::new(),
        lines: vec![],
        prev_hash: [0; 32],
    };
    let instants = [
        0,
        1,
        59,
        -1,
        951_782_399,
        1_767_574_800,
        253_402_300_799,
        253_402_300_800,
        -62_135_596_801,
        i64::MAX,
        i64::MIN,
    ];
    for (seconds, on) in instants
        .into_iter()
        .zip(["1949-10-01", "2000-02-29", "2999-12-31", "0999-01-01"].into_iter().cycle())
    {
        voucher.recorded_at = Instant::from_seconds(seconds);
        voucher.effective_on = day(on);
        let printed = text::print(&voucher);
        assert!(printed.starts_with(&format!("{} * (", voucher.effective_on)), "{printed}");
        assert!(
            printed.contains(&format!(", recorded:{}, act:1", voucher.recorded_at)),
            "{printed}"
        );
    }
}
