//! The journal's year: vouchers, reversals in both styles, transfers, late facts, closes, reserves, and what is refused.

use ledger::books::{Actor, Request, Role};
use ledger::calendar::{Instant, Month};
use ledger::error::Result;
use ledger::id::{DwellingNo, MatterNo, VoucherSeq};
use ledger::journal::{
    self, AsOf, Book, Closed, Entry, Kind, Line, Posted, Reserved, Style, TrialBalance,
};
use ledger::money::Money;

use crate::on_both;
use crate::world::{World, day, deposit_entry};

async fn close(world: &World, book: Book, month: &str) -> Result<Closed> {
    let month = Month::parse(month).unwrap();
    let done = world.act("journal.close", (book, month), |tx, (book, month)| {
        Box::pin(journal::close(tx, *book, *month))
    });
    done.await.map(|done| done.answer)
}

async fn reverse(world: &World, seq: VoucherSeq, on: &str, style: Style) -> Result<Vec<Posted>> {
    let given = (seq, day(on), style);
    let done = world.act("journal.reverse", given, |tx, (seq, on, style)| {
        Box::pin(journal::reverse(tx, Book::Fund, *seq, *on, *style, "金额录错"))
    });
    done.await.map(|done| done.answer)
}

async fn trial(world: &World, book: Book, as_of: AsOf) -> TrialBalance {
    let mut view = world.books.read().await.unwrap();
    journal::trial_balance(&mut view, world.compound, book, as_of).await.unwrap()
}

fn balance(trial: &TrialBalance, account: i32) -> i64 {
    let row = trial.rows.iter().find(|r| r.account == account);
    row.map_or(0, |r| (r.debit_fen - r.credit_fen).in_fen())
}

fn entry(book: Book, on: &str, lines: Vec<Line>) -> Entry {
    Entry {
        book,
        effective_on: day(on),
        kind: Kind::Other,
        memo: "调整".to_owned(),
        source: String::new(),
        evidence: String::new(),
        lines,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code()
}

on_both! {
    async fn a_voucher_is_reversed_once_in_red_or_on_the_other_side(world: World) {
        let home = world.dwelling("1-1-101").await;
        let first = world.post(deposit_entry(home, 120_000, "2026-01-02")).await.unwrap();
        let second = world.post(deposit_entry(home, 30_000, "2026-01-03")).await.unwrap();

        let red = reverse(&world, first.seq, "2026-01-05", Style::Red).await.unwrap()[0];
        let after = trial(&world, Book::Fund, AsOf::default()).await;
        assert_eq!(after.debit_fen.in_fen(), 30_000, "a red letter takes the turnover back");
        let other = reverse(&world, second.seq, "2026-01-05", Style::Opposite).await.unwrap()[0];
        let after = trial(&world, Book::Fund, AsOf::default()).await;
        assert_eq!((after.debit_fen.in_fen(), balance(&after, 1001)), (60_000, 0));

        assert_eq!(code(reverse(&world, first.seq, "2026-01-05", Style::Red).await), "journal.reversed");
        assert_eq!(code(reverse(&world, red.seq, "2026-01-05", Style::Red).await), "journal.reverses-reversal");
        assert_eq!(code(reverse(&world, other.seq, "2026-01-05", Style::Red).await), "journal.reverses-reversal");
        assert_eq!(code(reverse(&world, VoucherSeq(99), "2026-01-05", Style::Red).await), "journal.no-voucher");
        let third = world.post(deposit_entry(home, 100, "2026-01-04")).await.unwrap();
        assert_eq!(code(reverse(&world, third.seq, "2026-01-03", Style::Red).await), "journal.reversal-before-original");
    }

    async fn a_late_fact_is_posted_in_the_open_period_with_its_true_day(world: World) {
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 120_000, "2025-11-20")).await.unwrap();
        close(&world, Book::Fund, "2025-11").await.unwrap();
        close(&world, Book::Fund, "2025-12").await.unwrap();

        let late = world.post(deposit_entry(home, 5_000, "2025-11-25")).await.unwrap();
        assert_eq!(late.year, 2026, "numbered in the open year");
        let mut view = world.books.read().await.unwrap();
        let found = journal::find(&mut view, world.compound, Book::Fund, 2026, late.number).await.unwrap().unwrap();
        assert!(found.is_late());
        assert_eq!((found.effective_on, found.period.to_string()), (day("2025-11-25"), "2026-01".to_owned()));
    }

    async fn a_close_empties_the_flows_freezes_the_balances_and_keeps_its_order(world: World) {
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 120_000, "2025-10-20")).await.unwrap();
        world.post(entry(Book::Fund, "2025-10-31", vec![
            Line::debit(1001, Money::fen(2_500)),
            Line::credit(410_101, Money::fen(2_500)),
        ])).await.unwrap();

        assert_eq!(code(close(&world, Book::Fund, "2026-01").await), "journal.month-not-ended");
        let closed = close(&world, Book::Fund, "2025-10").await.unwrap();
        assert_eq!(closed.vouchers.len(), 1);
        let after = trial(&world, Book::Fund, AsOf::default()).await;
        assert_eq!((balance(&after, 400_101), balance(&after, 3001), balance(&after, 310_101)), (0, -120_000, -2_500));
        assert_eq!(code(close(&world, Book::Fund, "2025-10").await), "journal.month-closed");
        assert_eq!(code(close(&world, Book::Fund, "2025-12").await), "journal.close-out-of-order");
        let empty = close(&world, Book::Fund, "2025-11").await.unwrap();
        assert_eq!((empty.vouchers.len(), empty.frozen), (0, 0));
        let closing = closed.vouchers[0];
        assert_eq!(code(reverse(&world, closing.seq, "2026-01-05", Style::Red).await), "journal.reverses-closing");

        // Control-level closing entries do not disturb a dwelling's balance.
        let mut view = world.books.read().await.unwrap();
        let account = ledger::fund::account(&mut view, world.compound, home, None, AsOf::default()).await.unwrap();
        assert_eq!(account.closing.total().in_fen(), 120_000);
    }

    async fn the_year_ends_with_the_profit_carried_to_its_distribution(world: World) {
        world.post(entry(Book::Service, "2025-12-10", vec![
            Line::debit(1002, Money::fen(90_000)),
            Line::credit(6001, Money::fen(90_000)),
        ])).await.unwrap();
        world.post(entry(Book::Service, "2025-12-20", vec![
            Line::debit(6401, Money::fen(70_000)),
            Line::credit(1002, Money::fen(70_000)),
        ])).await.unwrap();
        let closed = close(&world, Book::Service, "2025-12").await.unwrap();
        assert_eq!(closed.vouchers.len(), 2, "the month's and the year's");
        let after = trial(&world, Book::Service, AsOf::default()).await;
        assert_eq!((balance(&after, 4103), balance(&after, 4104)), (0, -20_000));
    }

    async fn money_between_books_is_two_vouchers_of_one_transfer(world: World) {
        let out = entry(Book::Revenue, "2026-01-04", vec![
            Line::debit(5101, Money::fen(8_000)),
            Line::credit(1002, Money::fen(8_000)),
        ]);
        let into = entry(Book::Fund, "2026-01-04", vec![
            Line::debit(1001, Money::fen(8_000)),
            Line::credit(420_101, Money::fen(8_000)),
        ]);
        let request = Request::describing("journal.transfer", (out, into), serde_json::Value::Null);
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let done = world.books.act(&clerk, world.compound, request, |tx, (out, into): &(Entry, Entry)| {
            Box::pin(async move {
                journal::transfer(tx, out.clone(), into.clone()).await.map(|(no, a, b)| (no.0, a, b))
            })
        });
        let (_, revenue, fund) = done.await.unwrap().answer;
        assert_eq!((revenue.book, fund.book), (Book::Revenue, Book::Fund));

        let reversed = reverse(&world, fund.seq, "2026-01-05", Style::Red).await.unwrap();
        assert_eq!(reversed.len(), 2, "both halves go");
        for book in [Book::Revenue, Book::Fund] {
            assert_eq!(trial(&world, book, AsOf::default()).await.debit_fen.in_fen(), 0);
        }
    }

    async fn a_trial_balance_is_read_as_of_any_day_as_known_at_any_time(world: World) {
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 100_000, "2025-12-01")).await.unwrap();
        let before = world.clock.now();
        world.clock.set(Instant::from_seconds(before.seconds() + 3600));
        world.post(deposit_entry(home, 20_000, "2025-12-15")).await.unwrap();

        let on = |day_: Option<&str>, known: Option<Instant>| AsOf { day: day_.map(day), known_at: known };
        let bank = async |as_of| balance(&trial(&world, Book::Fund, as_of).await, 1001);
        assert_eq!(bank(on(None, None)).await, 120_000);
        assert_eq!(bank(on(Some("2025-12-10"), None)).await, 100_000);
        assert_eq!(bank(on(Some("2025-12-31"), Some(before))).await, 100_000, "the second was not known yet");
        assert_eq!(bank(on(Some("2025-11-30"), None)).await, 0);
    }

    async fn a_promised_fen_cannot_be_promised_twice(world: World) {
        let (a, b) = (world.dwelling("1-1-101").await, world.dwelling("1-1-102").await);
        let first = world.post(deposit_entry(a, 10_000, "2026-01-02")).await.unwrap();
        let other = world.post(deposit_entry(b, 5_000, "2026-01-02")).await.unwrap();
        let hold = async |fen: [(DwellingNo, i64); 2]| -> Result<Reserved> {
            let shares: Vec<(DwellingNo, Money)> = fen.iter().map(|(d, f)| (*d, Money::fen(*f))).collect();
            let done = world.act("journal.reserve", shares, |tx, shares| Box::pin(async move {
                let matter: MatterNo = journal::open_project(tx, "屋面防水").await?;
                journal::reserve(tx, Book::Fund, matter, shares).await
            }));
            done.await.map(|d| d.answer)
        };
        let held = hold([(a, 6_000), (b, 3_000)]).await.unwrap();
        assert_eq!(code(hold([(a, 4_001), (b, 1)]).await), "journal.reserve-short");
        // What was promised cannot be taken back with the deposit it came from, whichever way the reversal is written.
        for style in [Style::Red, Style::Opposite] {
            let back = reverse(&world, first.seq, "2026-01-05", style).await;
            assert_eq!(code(back), "journal.reversal-held");
        }
        let again = world.post(deposit_entry(b, 3_000, "2026-01-02")).await.unwrap();
        reverse(&world, again.seq, "2026-01-05", Style::Red).await.unwrap();
        assert_eq!(code(reverse(&world, other.seq, "2026-01-05", Style::Red).await), "journal.reversal-held");
        hold([(a, 4_000), (b, 1)]).await.unwrap();

        let given = (held.reserve, Money::fen(3_001));
        let left = world.act("journal.release", given, |tx, (no, amount)| {
            Box::pin(journal::release(tx, *no, *amount))
        }).await.unwrap().answer;
        let left: Vec<i64> = left.held.iter().map(|(_, m)| m.in_fen()).collect();
        assert_eq!(left, [3_999, 2_000], "in proportion, to the fen");
        let given = (held.reserve, Money::fen(6_000));
        let more = world.act("journal.release", given, |tx, (no, amount)| {
            Box::pin(journal::release(tx, *no, *amount))
        }).await;
        assert_eq!(code(more), "journal.release-too-much");
    }

    async fn what_is_not_sound_is_refused_by_name_and_leaves_nothing(world: World) {
        let home = world.dwelling("1-1-101").await;
        let fen = Money::fen;
        let good = || vec![Line::debit(1001, fen(5)), Line::credit(400_101, fen(5)).of(home)];
        let on = |lines| entry(Book::Fund, "2026-01-02", lines);
        let long = "长".repeat(401);
        let cases: Vec<(&str, Entry)> = vec![
            ("journal.lines", on(vec![Line::debit(1001, fen(5))])),
            ("journal.text", Entry { memo: "换\n行".to_owned(), ..on(good()) }),
            ("journal.text", Entry { evidence: long, ..on(good()) }),
            ("journal.ancient-day", Entry { effective_on: day("1900-01-01"), ..on(good()) }),
            ("journal.future-day", Entry { effective_on: day("2026-01-06"), ..on(good()) }),
            ("journal.amount", on(vec![Line::debit(1001, fen(0)), Line::credit(400_101, fen(0)).of(home)])),
            ("journal.amount", on(vec![Line::debit(1001, fen(-5)), Line::credit(400_101, fen(-5)).of(home)])),
            ("journal.amount", on(vec![Line::debit(1001, fen(10_000_000_000_001)), Line::credit(400_101, fen(5)).of(home)])),
            ("journal.account", on(vec![Line::debit(9999, fen(5)), Line::credit(400_101, fen(5)).of(home)])),
            ("journal.number", on(vec![Line::debit(1001, fen(5)), Line::credit(400_101, fen(5)).of(DwellingNo(-1))])),
            ("journal.number", on(vec![Line::debit(1001, fen(5)), Line::credit(400_101, fen(5)).of(DwellingNo(0))])),
            ("journal.number", on(vec![Line::debit(1001, fen(5)), Line::credit(400_101, fen(5)).about(MatterNo(0))])),
            ("journal.analysis", on(vec![Line::debit(1001, fen(5)), Line::credit(400_101, fen(5))])),
            ("journal.unbalanced", on(vec![Line::debit(1001, fen(5)), Line::credit(400_101, fen(6)).of(home)])),
        ];
        for (wanted, entry) in cases {
            assert_eq!(code(world.post(entry).await), wanted);
        }
        assert!(trial(&world, Book::Fund, AsOf::default()).await.rows.is_empty());
        let first = world.post(on(good())).await.unwrap();
        assert_eq!(first.to_string(), "fund/2026-0001", "a refused voucher takes no number");
    }

    async fn a_refused_act_harms_none_of_its_batch(world: World) {
        let home = world.dwelling("1-1-101").await;
        let mut tasks = tokio::task::JoinSet::new();
        for i in 0..60_i64 {
            let (books, compound) = (world.books.clone(), world.compound);
            tasks.spawn(async move {
                let mut entry = deposit_entry(home, 100, "2026-01-05");
                if i % 3 == 0 {
                    entry.lines[0].amount = Money::fen(101);
                }
                let clerk = Actor::new("王会计", Role::PropertyCompany);
                let request = Request::describing("journal.post", (i, entry), serde_json::json!(i));
                books.act(&clerk, compound, request, |tx, (i, entry): &(i64, Entry)| {
                    // Every other act writes its matter first, so that its refusal must go back to a savepoint.
                    let is_deep = i % 2 == 0;
                    Box::pin(async move {
                        if is_deep {
                            journal::open_project(tx, "深水").await?;
                        }
                        journal::post(tx, entry.clone()).await
                    })
                }).await
            });
        }
        let done = tasks.join_all().await;
        let mut numbers: Vec<i32> = done.iter().filter_map(|d| Some(d.as_ref().ok()?.answer.number)).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<i32>>());
        let trial = trial(&world, Book::Fund, AsOf::default()).await;
        assert_eq!(trial.debit_fen.in_fen(), 4_000);
    }
}

on_both! {
    async fn a_first_close_does_not_pass_the_end_of_a_year(world: World) {
        world.post(entry(Book::Service, "2024-11-10", vec![
            Line::debit(1002, Money::fen(90_000)),
            Line::credit(6001, Money::fen(90_000)),
        ])).await.unwrap();
        assert_eq!(code(close(&world, Book::Service, "2025-12").await), "journal.close-out-of-order");
        let closed = close(&world, Book::Service, "2024-12").await.unwrap();
        assert_eq!(closed.vouchers.len(), 2, "last year's income is last year's profit");
    }
}
