//! `journal::verify`: green over a busy year, and over whatever the database's owner changes behind everybody's back it
//! names the law and the first row that breaks it.
//!
//! Each harm is done with every trigger out of the way, then looked for, then mended, after which all is green again: so
//! a harm is found for its own sake. `perf-reliability.md` E.3, row 25.

use ledger::books::{Actor, Request, Role};
use ledger::calendar::{Instant, Month};
use ledger::id::{CompoundId, DwellingNo, MatterNo, VoucherSeq};
use ledger::journal::verify::{LAWS, Law, verify};
use ledger::journal::{self, Book, Entry, Kind, Line, Posted, Style};
use ledger::money::Money;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::on_both;
use crate::world::{Backend, World, day};

fn fen(fen: i64) -> Money {
    Money::fen(fen)
}

async fn post(
    world: &World,
    book: Book,
    kind: Kind,
    on: &str,
    memo: &str,
    lines: Vec<Line>,
) -> Posted {
    let entry = Entry {
        book,
        effective_on: day(on),
        kind,
        memo: memo.to_owned(),
        source: "柜台;A2|%".to_owned(),
        evidence: String::new(),
        lines,
    };
    world.post(entry).await.unwrap()
}

async fn close(world: &World, book: Book, month: &str) {
    let month = Month::parse(month).unwrap();
    let done = world.act("journal.close", (book, month), |tx, (book, month)| {
        Box::pin(journal::close(tx, *book, *month))
    });
    done.await.unwrap();
}

async fn reverse(world: &World, posted: Posted, on: &str, style: Style) -> Vec<Posted> {
    let done = world.act("journal.reverse", (posted, day(on), style), |tx, (posted, on, style)| {
        Box::pin(journal::reverse(tx, posted.book, posted.seq, *on, *style, "金额录错；见 % 批注"))
    });
    done.await.unwrap().answer
}

/// From the public revenue into the fund: two vouchers.
async fn transfer(world: &World, on: &str, amount: i64) -> Posted {
    let entry = |book, lines| Entry {
        book,
        effective_on: day(on),
        kind: Kind::Transfer,
        memo: "(公共收益) 划入".to_owned(),
        source: String::new(),
        evidence: "决议 3".to_owned(),
        lines,
    };
    let out = vec![Line::debit(5101, fen(amount)), Line::credit(1002, fen(amount))];
    let into = vec![Line::debit(1001, fen(amount)), Line::credit(420_101, fen(amount))];
    let given = (entry(Book::Revenue, out), entry(Book::Fund, into));
    let request = Request::describing("journal.transfer", given, serde_json::Value::Null);
    let clerk = Actor::new("王会计", Role::PropertyCompany);
    let done =
        world.books.act(&clerk, world.compound, request, |tx, (out, into): &(Entry, Entry)| {
            Box::pin(async move {
                journal::transfer(tx, out.clone(), into.clone()).await.map(|(_, _, into)| into)
            })
        });
    done.await.unwrap().answer
}

async fn project(world: &World, name: &str) -> MatterNo {
    let done = world.act("journal.project", name.to_owned(), |tx, name| {
        Box::pin(journal::open_project(tx, name))
    });
    done.await.unwrap().answer
}

/// What a compound goes through: deposits, interest, a repair, a refund, reversals in both styles, transfers and one
/// reversed, closes of months and of the year, late facts, a reserve partly released, and memos nobody would wish for.
pub(crate) async fn busy_year(world: &World) {
    let homes: Vec<DwellingNo> = [
        world.dwelling("1-1-101").await,
        world.dwelling("1-1-102").await,
        world.dwelling("1-2-201").await,
    ]
    .into();
    let roof = project(world, "屋面防水").await;
    let all = |amount: i64| {
        let lines = homes.iter().map(|home| Line::credit(400_101, fen(amount)).of(*home));
        lines.chain([Line::debit(1001, fen(amount * 3))]).collect::<Vec<_>>()
    };
    let pair = |debit: Line, credit: Line| vec![debit, credit];

    post(world, Book::Fund, Kind::Deposit, "2025-10-20", "首期交存", all(120_000)).await;
    post(
        world,
        Book::Fund,
        Kind::Gains,
        "2025-10-31",
        "结息 ; 活期 | 0.3%",
        pair(Line::debit(1001, fen(2_503)), Line::credit(410_101, fen(2_503))),
    )
    .await;
    close(world, Book::Fund, "2025-10").await;
    post(
        world,
        Book::Service,
        Kind::Bill,
        "2025-11-01",
        "十一月物业费",
        vec![
            Line::debit(1122, fen(30_000)).of(homes[0]).about(roof),
            Line::debit(1122, fen(31_000)).of(homes[1]).about(roof),
            Line::credit(6001, fen(61_000)),
        ],
    )
    .await;
    post(
        world,
        Book::Service,
        Kind::Payment,
        "2025-11-09",
        "(微信) 缴费 🏠",
        pair(
            Line::debit(101_201, fen(30_000)),
            Line::credit(1122, fen(30_000)).of(homes[0]).about(roof),
        ),
    )
    .await;
    let wrong = post(world, Book::Fund, Kind::Deposit, "2025-11-11", "", all(7)).await;
    close(world, Book::Fund, "2025-11").await;
    reverse(world, wrong, "2025-12-01", Style::Red).await;
    post(world, Book::Fund, Kind::Deposit, "2025-11-30", "迟到的交存 100%", all(11)).await;
    post(
        world,
        Book::Fund,
        Kind::Repair,
        "2025-12-05",
        "屋面防水  首付款",
        vec![
            Line::debit(500_101, fen(40_000)).of(homes[0]).about(roof),
            Line::debit(500_101, fen(20_001)).about(roof),
            Line::credit(1001, fen(60_001)),
        ],
    )
    .await;
    for (book, month) in
        [(Book::Fund, "2025-12"), (Book::Service, "2025-12"), (Book::Revenue, "2025-12")]
    {
        if book == Book::Revenue {
            post(
                world,
                book,
                Kind::Other,
                "2025-12-31",
                "=SUM(A1) 广告位",
                pair(Line::debit(1002, fen(50_000)), Line::credit(4001, fen(50_000))),
            )
            .await;
        }
        close(world, book, month).await;
    }
    post(
        world,
        Book::Fund,
        Kind::Refund,
        "2026-01-02",
        "退还 \"多交\", 首户",
        pair(Line::debit(510_101, fen(5)).of(homes[0]), Line::credit(1001, fen(5))),
    )
    .await;
    let other =
        post(world, Book::Fund, Kind::Deposit, "2026-01-02", "交存; 一笔 | 两份", all(13)).await;
    reverse(world, other, "2026-01-03", Style::Opposite).await;
    transfer(world, "2026-01-03", 8_000).await;
    let back = transfer(world, "2026-01-04", 500).await;
    reverse(world, back, "2026-01-04", Style::Red).await;
    let held = world.act("journal.reserve", (roof, homes[1]), |tx, (roof, home)| {
        Box::pin(
            async move { journal::reserve(tx, Book::Fund, *roof, &[(*home, fen(9_000))]).await },
        )
    });
    let held = held.await.unwrap().answer.reserve;
    let released = world
        .act("journal.release", held, |tx, held| Box::pin(journal::release(tx, *held, fen(4_000))));
    released.await.unwrap();
    let later = world.clock.now().seconds() + 3_600;
    world.clock.set(Instant::from_seconds(later));
    post(world, Book::Fund, Kind::Deposit, "2026-01-05", "末笔", all(17)).await;
}

async fn broken(world: &World) -> Vec<Law> {
    let laws = verify(&world.books, None).await.unwrap();
    assert_eq!(laws.iter().map(|law| law.name).collect::<Vec<_>>(), LAWS);
    laws.into_iter().filter(|law| law.failed > 0).collect()
}

/// A harm, how it is mended, the law that finds it, and what it says first.
struct Harm(&'static str, &'static str, &'static str, &'static str, &'static str);

/// `{c}` is the compound, `{f}` "of the fund". In the fund 1, 2 and 3 (closing) are of 2025-10, 4 and 5 (closing) of 11,
/// 6 is the red reversal of 4, 7 late, 8 the repair, 9 closing; of 2026: 10 refund, 11 reversed by 12, 13 and 14
/// transfers, 15 the reversal of 14, 16 the last.
const HARMS: &[Harm] = &[
    Harm("one amount", "UPDATE posting SET amount_fen = amount_fen + 1 WHERE {f} AND seq = 7 AND line = 1",
        "UPDATE posting SET amount_fen = amount_fen - 1 WHERE {f} AND seq = 7 AND line = 1",
        "voucher-balances", "fund/2025-0007（第 7 张）：借方合计 0.33 元，贷方合计 0.34 元"),
    Harm("two amounts, evenly", "UPDATE posting SET amount_fen = amount_fen * 2 WHERE {f} AND seq = 13",
        "UPDATE posting SET amount_fen = amount_fen / 2 WHERE {f} AND seq = 13",
        "chain", "fund/2026-0004（第 13 张）：内容的指纹"),
    Harm("two amounts, evenly", "UPDATE posting SET amount_fen = amount_fen * 2 WHERE {f} AND seq = 13",
        "UPDATE posting SET amount_fen = amount_fen / 2 WHERE {f} AND seq = 13",
        "balances-equal-postings", "fund 科目 1001：所记余额借"),
    Harm("an amount too small for anybody to miss", "UPDATE posting SET amount_fen = 0 WHERE {f} AND seq = 7 AND line = 2",
        "UPDATE posting SET amount_fen = 11 WHERE {f} AND seq = 7 AND line = 2",
        "voucher-balances", "fund/2025-0007（第 7 张）：第 2 条分录金额 0.00 元不在允许范围内"),
    Harm("a voucher and its lines", "CREATE TABLE v0 AS SELECT * FROM voucher WHERE {f} AND seq = 7;
        CREATE TABLE p0 AS SELECT * FROM posting WHERE {f} AND seq = 7;
        DELETE FROM voucher WHERE {f} AND seq = 7; DELETE FROM posting WHERE {f} AND seq = 7",
        "INSERT INTO posting SELECT * FROM p0; INSERT INTO voucher SELECT * FROM v0; DROP TABLE v0; DROP TABLE p0",
        "numbers-without-gaps", "fund/2025-0008（第 8 张）：第 6 张之后应为第 7 张"),
    Harm("a voucher without its lines", "CREATE TABLE v0 AS SELECT * FROM voucher WHERE {f} AND seq = 16; DELETE FROM voucher WHERE {f} AND seq = 16",
        "INSERT INTO voucher SELECT * FROM v0; DROP TABLE v0",
        "voucher-balances", "fund 第 16 张：有 4 条以上分录而没有凭证"),
    Harm("the last voucher, cut off", "CREATE TABLE v0 AS SELECT * FROM voucher WHERE {f} AND seq = 16;
        CREATE TABLE p0 AS SELECT * FROM posting WHERE {f} AND seq = 16;
        DELETE FROM voucher WHERE {f} AND seq = 16; DELETE FROM posting WHERE {f} AND seq = 16",
        "INSERT INTO posting SELECT * FROM p0; INSERT INTO voucher SELECT * FROM v0; DROP TABLE v0; DROP TABLE p0",
        "counters-true", "序列 fund/2026 计至 7，实用至 6"),
    Harm("the lines without their voucher", "CREATE TABLE p0 AS SELECT * FROM posting WHERE {f} AND seq = 8; DELETE FROM posting WHERE {f} AND seq = 8",
        "INSERT INTO posting SELECT * FROM p0; DROP TABLE p0",
        "voucher-balances", "fund/2025-0008（第 8 张）：应有 3 条分录，实有 0 条"),
    Harm("two lines swapped", "UPDATE posting SET line = 99 WHERE {f} AND seq = 7 AND line = 1;
        UPDATE posting SET line = 1 WHERE {f} AND seq = 7 AND line = 2; UPDATE posting SET line = 2 WHERE {f} AND seq = 7 AND line = 99",
        "UPDATE posting SET line = 99 WHERE {f} AND seq = 7 AND line = 1;
        UPDATE posting SET line = 1 WHERE {f} AND seq = 7 AND line = 2; UPDATE posting SET line = 2 WHERE {f} AND seq = 7 AND line = 99",
        "chain", "fund/2025-0007（第 7 张）：内容的指纹"),
    Harm("a line's number", "UPDATE posting SET line = 9 WHERE {f} AND seq = 7 AND line = 4",
        "UPDATE posting SET line = 4 WHERE {f} AND seq = 7 AND line = 9",
        "voucher-balances", "fund/2025-0007（第 7 张）：分录行号不连续，见到第 9 行"),
    Harm("two vouchers swapped", "UPDATE voucher SET seq = 99 WHERE {f} AND seq = 1; UPDATE voucher SET seq = 1 WHERE {f} AND seq = 2;
        UPDATE voucher SET seq = 2 WHERE {f} AND seq = 99",
        "UPDATE voucher SET seq = 99 WHERE {f} AND seq = 1; UPDATE voucher SET seq = 1 WHERE {f} AND seq = 2;
        UPDATE voucher SET seq = 2 WHERE {f} AND seq = 99",
        "chain", "fund/2025-0002（第 1 张）：所记前一张的指纹"),
    Harm("a memo", "UPDATE voucher SET memo = memo || '。' WHERE {f} AND seq = 8",
        "UPDATE voucher SET memo = substr(memo, 1, length(memo) - 1) WHERE {f} AND seq = 8",
        "chain", "fund/2025-0008（第 8 张）：内容的指纹"),
    Harm("a hash", "UPDATE voucher SET hash = prev_hash WHERE {f} AND seq = 1",
        "UPDATE voucher SET hash = (SELECT n.prev_hash FROM voucher n WHERE n.compound_id = {c} AND n.book = 1 AND n.seq = 2) WHERE {f} AND seq = 1",
        "chain", "fund/2025-0001（第 1 张）：内容的指纹"),
    Harm("a link", "UPDATE voucher SET prev_hash = hash WHERE {f} AND seq = 2",
        "UPDATE voucher SET prev_hash = (SELECT n.hash FROM voucher n WHERE n.compound_id = {c} AND n.book = 1 AND n.seq = 1) WHERE {f} AND seq = 2",
        "chain", "fund/2025-0002（第 2 张）：所记前一张的指纹"),
    Harm("a number", "UPDATE voucher SET number = 70 WHERE {f} AND seq = 16", "UPDATE voucher SET number = 7 WHERE {f} AND seq = 16",
        "numbers-without-gaps", "fund/2026-0070（第 16 张）：2026 年 6 号之后应为 7 号"),
    Harm("an account nobody knows", "UPDATE posting SET account = 1999 WHERE {f} AND seq = 7 AND account = 1001",
        "UPDATE posting SET account = 1001 WHERE {f} AND seq = 7 AND account = 1999",
        "accounts-known", "fund/2025-0007（第 7 张）：第 4 条分录的科目 1999 不在科目表内"),
    Harm("an account struck off the chart",
        "CREATE TABLE a0 AS SELECT * FROM account WHERE {f} AND account = 410101; DELETE FROM account WHERE {f} AND account = 410101",
        "INSERT INTO account SELECT * FROM a0; DROP TABLE a0",
        "accounts-known", "fund/2025-0002（第 2 张）：第 2 条分录的科目 410101"),
    Harm("a kept balance", "UPDATE balance SET credit_fen = credit_fen + 100 WHERE {f} AND account = 400101 AND dwelling_no = 2",
        "UPDATE balance SET credit_fen = credit_fen - 100 WHERE {f} AND account = 400101 AND dwelling_no = 2",
        "balances-equal-postings", "fund 科目 400101 房屋 2：所记余额借 0.13 元、贷 1201.41 元，分录合计借 0.13 元、贷 1200.41 元"),
    Harm("a kept balance less", "CREATE TABLE b0 AS SELECT * FROM balance WHERE {f} AND account = 500101 AND dwelling_no = 1;
        DELETE FROM balance WHERE {f} AND account = 500101 AND dwelling_no = 1",
        "INSERT INTO balance SELECT * FROM b0; DROP TABLE b0",
        "balances-equal-postings", "fund 科目 500101 房屋 1 项目 1：没有余额记录，分录合计借 400.00 元、贷 0.00 元"),
    Harm("a kept balance more", "INSERT INTO balance (compound_id, book, account, dwelling_no, matter_no, debit_fen, credit_fen) VALUES ({c}, 4, 4001, 0, 0, 0, 0)",
        "DELETE FROM balance WHERE compound_id = {c} AND book = 4",
        "balances-equal-postings", "grant 科目 4001：所记余额借 0.00 元、贷 0.00 元"),
    Harm("whose money it is", "UPDATE posting SET dwelling_no = 2 WHERE {f} AND seq = 7 AND line = 1",
        "UPDATE posting SET dwelling_no = 1 WHERE {f} AND seq = 7 AND line = 1",
        "balances-equal-postings", "fund 科目 400101 房屋 1：所记余额"),
    Harm("nobody's money", "UPDATE posting SET dwelling_no = 0 WHERE {f} AND seq = 7 AND line = 1",
        "UPDATE posting SET dwelling_no = 1 WHERE {f} AND seq = 7 AND line = 1",
        "dwellings-equal-control", "fund/2025-0007（第 7 张）：第 1 条分录的科目 400101 按户核算，却未指明房屋或项目"),
    Harm("a closing that feeds on the dwellings", "UPDATE posting SET account = 1001 WHERE {f} AND seq = 5 AND account = 3001",
        "UPDATE posting SET account = 3001 WHERE {f} AND seq = 5 AND account = 1001",
        "dwellings-equal-control", "fund：各户与项目合计"),
    Harm("a frozen balance", "UPDATE period_balance SET credit_fen = credit_fen + 1 WHERE {f} AND period = 202511 AND account = 400101 AND dwelling_no = 2",
        "UPDATE period_balance SET credit_fen = credit_fen - 1 WHERE {f} AND period = 202511 AND account = 400101 AND dwelling_no = 2",
        "closed-periods-frozen", "fund 202511 冻结余额：科目 400101 房屋 2：冻结借 0.00 元、贷 1200.08 元，分录合计借 0.00 元、贷 1200.07 元"),
    Harm("a frozen balance less", "CREATE TABLE f0 AS SELECT * FROM period_balance WHERE {f} AND period = 202512 AND account = 500101;
        DELETE FROM period_balance WHERE {f} AND period = 202512 AND account = 500101",
        "INSERT INTO period_balance SELECT * FROM f0; DROP TABLE f0",
        "closed-periods-frozen", "fund 202512 冻结余额：科目 500101：冻结无记录"),
    Harm("a frozen balance more", "INSERT INTO period_balance (compound_id, book, period, dwelling_no, account, matter_no, debit_fen, credit_fen)
        VALUES ({c}, 1, 202509, 1, 1001, 0, 5, 0)", "DELETE FROM period_balance WHERE {f} AND period = 202509",
        "closed-periods-frozen", "fund 202509 冻结余额：该月没有结账"),
    Harm("a sealed head", "UPDATE period_close SET head_seq = 8 WHERE {f} AND period = 202512", "UPDATE period_close SET head_seq = 9 WHERE {f} AND period = 202512",
        "closed-periods-frozen", "fund 202512 结账封存的是第 8 张"),
    Harm("a month closed and forgotten", "CREATE TABLE k0 AS SELECT * FROM period_close WHERE {f} AND period = 202511;
        DELETE FROM period_close WHERE {f} AND period = 202511", "INSERT INTO period_close SELECT * FROM k0; DROP TABLE k0",
        "closed-periods-frozen", "fund/2025-0007（第 7 张）：业务日期 20251130 应记入 202511 期间"),
    Harm("a voucher moved into a closed month", "UPDATE voucher SET period = 202510 WHERE {f} AND seq = 7", "UPDATE voucher SET period = 202512 WHERE {f} AND seq = 7",
        "closed-periods-frozen", "fund/2025-0007（第 7 张）：已结账至 202511 之后记入 202510 期间"),
    Harm("a voucher's day", "UPDATE voucher SET effective_on = '2025-12-04' WHERE {f} AND seq = 8", "UPDATE voucher SET effective_on = '2025-12-05' WHERE {f} AND seq = 8",
        "voucher-balances", "fund/2025-0008（第 8 张）：第 1 条分录的日期 20251205 不是凭证的 20251204"),
    Harm("a voucher's day and its lines'", "UPDATE voucher SET effective_on = '2026-01-31' WHERE {f} AND seq = 8; UPDATE posting SET effective_on = '2026-01-31' WHERE {f} AND seq = 8",
        "UPDATE voucher SET effective_on = '2025-12-05' WHERE {f} AND seq = 8; UPDATE posting SET effective_on = '2025-12-05' WHERE {f} AND seq = 8",
        "closed-periods-frozen", "fund/2025-0008（第 8 张）：业务日期 20260131 应记入 202601 期间，却记入 202512"),
    Harm("what a reversal reverses", "UPDATE voucher SET reverses_seq = 10 WHERE {f} AND seq = 12", "UPDATE voucher SET reverses_seq = 11 WHERE {f} AND seq = 12",
        "reversals-mirror", "fund/2026-0003：分录条数与原凭证不同"),
    Harm("a reversal's style", "UPDATE voucher SET is_red = 1 WHERE {f} AND seq = 12", "UPDATE voucher SET is_red = 0 WHERE {f} AND seq = 12",
        "reversals-mirror", "fund/2026-0003：分录不是原凭证的镜像"),
    Harm("a reversal of nothing", "UPDATE voucher SET reverses_seq = 99 WHERE {f} AND seq = 6", "UPDATE voucher SET reverses_seq = 4 WHERE {f} AND seq = 6",
        "reversals-mirror", "fund/2025-0006：被冲销的第 99 张凭证不存在"),
    Harm("half a transfer", "UPDATE voucher SET transfer_no = NULL WHERE {f} AND transfer_no = 1", "UPDATE voucher SET transfer_no = 1 WHERE {f} AND seq = 13",
        "transfers-in-pairs", "划转 1 号：应有两张凭证，实有 1 张"),
    Harm("a transfer by two acts", "UPDATE voucher SET act_no = act_no - 1 WHERE {f} AND seq = 13", "UPDATE voucher SET act_no = act_no + 1 WHERE {f} AND seq = 13",
        "transfers-in-pairs", "划转 1 号：两张凭证分属操作"),
    Harm("more held than there is", "UPDATE reserve_line SET amount_fen = 99999999 WHERE amount_fen > 0", "UPDATE reserve_line SET amount_fen = 9000 WHERE amount_fen > 0",
        "reserves-covered", "fund：房屋 2 预留 99995999 分，多于其余额"),
    Harm("an act", "CREATE TABLE t0 AS SELECT * FROM act WHERE compound_id = {c} AND act_no = 3; DELETE FROM act WHERE compound_id = {c} AND act_no = 3",
        "INSERT INTO act SELECT * FROM t0; DROP TABLE t0", "acts-recorded", "fund/2025-0001（第 1 张）：操作 3 没有记录"),
    Harm("an act that made no voucher", "CREATE TABLE t0 AS SELECT * FROM act WHERE compound_id = {c} AND act_no = 2; DELETE FROM act WHERE compound_id = {c} AND act_no = 2",
        "INSERT INTO act SELECT * FROM t0; DROP TABLE t0", "acts-recorded", "：操作 2 缺失"),
    Harm("an act's hour", "UPDATE act SET recorded_at = recorded_at - 60 WHERE compound_id = {c} AND act_no = 3", "UPDATE act SET recorded_at = recorded_at + 60 WHERE compound_id = {c} AND act_no = 3",
        "acts-recorded", "fund/2025-0001（第 1 张）：记账时刻"),
    Harm("a counter", "UPDATE counter SET last_no = last_no + 1 WHERE compound_id = {c} AND name = 'transfer'", "UPDATE counter SET last_no = last_no - 1 WHERE compound_id = {c} AND name = 'transfer'",
        "counters-true", "序列 transfer 计至 4，实用至 3"),
    Harm("a voucher of a compound that was never founded",
        "INSERT INTO posting SELECT 4711, book, side, seq, line, account, dwelling_no, matter_no, effective_on, amount_fen FROM posting WHERE {f} AND seq = 1",
        "DELETE FROM posting WHERE compound_id = 4711", "voucher-balances", "未登记的小区 4711 fund 第 1 张：有 4 条以上分录而没有凭证"),
    Harm("lines of a book that is none", "UPDATE posting SET book = 7 WHERE compound_id = {c} AND book = 2 AND seq = 1",
        "UPDATE posting SET book = 2 WHERE compound_id = {c} AND book = 7", "voucher-balances", "revenue/2025-0001（第 1 张）：应有 2 条分录，实有 0 条"),
];

/// Runs statements with every trigger out of the way, on one connection.
pub(crate) async fn behind(world: &World, db: &DatabaseConnection, sql: &str) {
    let sql = sql.replace("{c}", &world.compound.0.to_string());
    let sql = sql.replace("{f}", &format!("compound_id = {} AND book = 1", world.compound.0));
    let head = match world.backend {
        Backend::Sqlite => "PRAGMA foreign_keys = OFF",
        Backend::Postgres => "SET session_replication_role = replica",
    };
    db.execute_unprepared(&format!("{head}; {sql}")).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

pub(crate) async fn without_triggers(world: &World) -> DatabaseConnection {
    let db = world.back_door().await;
    if world.backend == Backend::Sqlite {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
        let statement = Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
        for row in db.query_all_raw(statement).await.unwrap() {
            let name: String = row.try_get_by_index(0).unwrap();
            db.execute_unprepared(&format!("DROP TRIGGER {name}")).await.unwrap();
        }
        db.execute_unprepared("PRAGMA ignore_check_constraints = ON").await.unwrap();
    } else {
        // The owner of the tables drops what stands in the way.
        let sql = "ALTER TABLE posting DROP CONSTRAINT posting_amount_fen_check; DROP INDEX voucher_reversed_once";
        db.execute_unprepared(sql).await.unwrap();
    }
    db
}

on_both! {
    async fn a_busy_year_is_green_and_counted(world: World) {
        busy_year(&world).await;
        let laws = verify(&world.books, None).await.unwrap();
        assert_eq!(laws.iter().map(|law| law.name).collect::<Vec<_>>(), LAWS);
        for law in &laws {
            assert_eq!((law.failed, &law.first), (0, &None), "{law:?}");
            assert!(law.checked > 0, "{law:?} was held against nothing");
        }
        let checked = |name: &str| laws.iter().find(|law| law.name == name).unwrap().checked;
        assert_eq!(checked("voucher-balances"), 16 + 4 + 5, "fund, service, revenue");
        assert_eq!((checked("reversals-mirror"), checked("transfers-in-pairs")), (4, 3));
        let one = verify(&world.books, Some(world.compound)).await.unwrap();
        let office = verify(&world.books, Some(CompoundId::OFFICE)).await.unwrap();
        for ((all, one), office) in laws.iter().zip(&one).zip(&office) {
            assert_eq!(all.checked, one.checked + office.checked, "{}", all.name);
        }
    }

    async fn whatever_is_tampered_with_is_named(world: World) {
        busy_year(&world).await;
        let db = without_triggers(&world).await;
        let mut wrong = Vec::new();
        for Harm(name, harm, mend, law, says) in HARMS {
            behind(&world, &db, harm).await;
            let found = broken(&world).await;
            let first = found.iter().find(|found| found.name == *law).and_then(|found| found.first.clone());
            let is_named = first.as_ref().is_some_and(|first| {
                first.contains(says) && (first.starts_with("小河里小区（xiaohe）") || says.starts_with("未登记"))
            });
            if !is_named {
                wrong.push(format!("{name}: wanted {law}: {says}\n  got {found:#?}"));
            }
            behind(&world, &db, mend).await;
            let left = broken(&world).await;
            assert!(left.is_empty(), "{name} was mended, and yet {left:#?}");
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Who can write anything can also make the hash fit. Then the next voucher does not name it, and if all after it are
    /// made anew, the seal of a close, which was published, is another.
    async fn a_hash_made_to_fit_is_missed_by_the_next(world: World) {
        busy_year(&world).await;
        let db = without_triggers(&world).await;
        let mut view = world.books.read().await.unwrap();
        let mut voucher = journal::find(&mut view, world.compound, Book::Fund, 2025, 7).await.unwrap().unwrap();
        drop(view);
        voucher.memo = "改过".to_owned();
        let hash = journal::text::hex(&journal::text::hash(&journal::text::print(&voucher)));
        let bytes = match world.backend {
            Backend::Sqlite => format!("x'{hash}'"),
            Backend::Postgres => format!("decode('{hash}', 'hex')"),
        };
        behind(&world, &db, &format!("UPDATE voucher SET memo = '改过', hash = {bytes} WHERE {{f}} AND seq = 7")).await;
        let found = broken(&world).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name, found[0].failed), ("chain", 1));
        assert!(found[0].first.as_ref().unwrap().contains("fund/2025-0008（第 8 张）：所记前一张的指纹"), "{found:?}");
        behind(&world, &db, &format!("UPDATE voucher SET prev_hash = {bytes} WHERE {{f}} AND seq = 8")).await;
        assert!(broken(&world).await[0].first.as_ref().unwrap().contains("fund/2025-0008（第 8 张）：内容的指纹"));
    }

    /// Pages hold 16,384 lines and 4,096 vouchers: neither ends where a voucher does.
    async fn a_page_may_end_anywhere(world: World) {
        let home = world.dwelling("1-1-101").await;
        let request = Request::describing("journal.post", home, serde_json::Value::Null);
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let done = world.books.act(&clerk, world.compound, request, |tx, home| Box::pin(async move {
            for (lines, count) in [(4_999_i64, 4), (1, 4_200), (6_999, 2)] {
                for _ in 0..count {
                    let mut entry = crate::world::deposit_entry(*home, 1, "2026-01-05");
                    entry.lines = (0..lines).map(|_| Line::credit(400_101, fen(1)).of(*home)).collect();
                    entry.lines.push(Line::debit(1001, fen(lines)));
                    journal::post(tx, entry).await?;
                }
            }
            Ok(())
        }));
        done.await.unwrap();
        let laws = verify(&world.books, None).await.unwrap();
        assert!(laws.iter().all(|law| law.failed == 0), "{laws:#?}");
        let checked = |name: &str| laws.iter().find(|law| law.name == name).unwrap().checked;
        assert_eq!((checked("chain"), checked("accounts-known")), (4_206, 5_000 * 4 + 8_400 + 7_000 * 2));

        let db = without_triggers(&world).await;
        behind(&world, &db, "UPDATE posting SET amount_fen = 2 WHERE {f} AND seq = 4206 AND line = 6999").await;
        let found = broken(&world).await;
        assert!(found[0].first.as_ref().unwrap().contains("fund/2026-4206"), "{found:#?}");
        assert_eq!(found.len(), 3, "it does not balance, has another hash, and another balance: {found:#?}");
        let last = VoucherSeq(4_206);
        behind(&world, &db, &format!("DELETE FROM voucher WHERE {{f}} AND seq = {last}")).await;
        let found = broken(&world).await;
        assert!(found[0].first.as_ref().unwrap().contains("fund 第 4206 张：有"), "{found:#?}");
        assert_eq!(found[0].failed, 1, "one voucher's lines are one finding, wherever a page ends");
    }
}
