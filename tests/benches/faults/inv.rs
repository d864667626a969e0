//! The invariant of `perf-reliability.md` E.3, (a) to (h), by SQL of the suite's own on a connection of its own.
//!
//! Nothing of the ledger is used but SHA-256: the canonical text is printed here a second time, from what its module
//! says it is. One unchanging picture is judged, so it may be taken under load. The house's own `verify` is asked too.

use std::collections::HashMap;
use std::fmt::Write as _;

use ledger::books::Books;
use ledger::journal::text;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseTransaction, DbBackend,
    IsolationLevel, QueryResult, Statement, TransactionTrait,
};

use crate::Fail;
use crate::load::{State, Tally};

/// What the invariant came to.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Answered and not there, or not where the answer said.
    pub(crate) lost: usize,
    /// There though never answered; rightly, if it was under way or unknown.
    pub(crate) unanswered: usize,
    pub(crate) vouchers: usize,
    pub(crate) wrong: Vec<String>,
}

struct Looker {
    tx: DatabaseTransaction,
    backend: DbBackend,
}

impl Looker {
    async fn rows(&self, sql: &str) -> Result<Vec<QueryResult>, Fail> {
        Ok(self.tx.query_all_raw(Statement::from_string(self.backend, sql)).await?)
    }

    /// Every row of the query is one thing that should not be.
    async fn none(&self, law: &str, sql: &str, wrong: &mut Vec<String>) -> Result<(), Fail> {
        let found = self.rows(sql).await?;
        if let Some(first) = found.first() {
            let what: String = first.try_get_by_index(0)?;
            wrong.push(format!("{law}: {} found, first {what}", found.len()));
        }
        Ok(())
    }
}

/// A connection past the ledger, as an auditor would open one.
pub(crate) async fn back_door(url: &str) -> Result<sea_orm::DatabaseConnection, Fail> {
    let url = if url.starts_with("sqlite:") { format!("{url}?mode=rw") } else { url.to_owned() };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

/// A single number.
pub(crate) async fn count(url: &str, sql: &str) -> Result<i64, Fail> {
    let db = back_door(url).await?;
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let number = row.ok_or("no row")?.try_get_by_index::<i64>(0)?;
    db.close().await?;
    Ok(number)
}

/// Judges the books at an address, and what the clients were told against them.
pub(crate) async fn check(url: &str, tally: &Tally) -> Result<Findings, Fail> {
    let db = back_door(url).await?;
    let backend = db.get_database_backend();
    let tx = match backend {
        DbBackend::Postgres => {
            db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
                .await?
        }
        _ => db.begin().await?,
    };
    let looker = Looker { tx, backend };
    let mut findings = Findings::default();
    laws(&looker, &mut findings.wrong).await?;
    chains(&looker, &mut findings).await?;
    acknowledged(&looker, tally, &mut findings).await?;
    looker.tx.rollback().await?;
    db.close().await?;
    Ok(findings)
}

/// (a), (b), (c), (g), (h), and that a thing and its voucher come together or not at all.
async fn laws(db: &Looker, wrong: &mut Vec<String>) -> Result<(), Fail> {
    let name = |t: &str| {
        format!(
            "CAST({t}.compound_id AS TEXT) || '/' || CAST({t}.book AS TEXT) || '/' || CAST({t}.seq AS TEXT)"
        )
    };
    let sql = format!(
        "SELECT {} FROM voucher v LEFT JOIN
           (SELECT compound_id, book, seq, count(*) AS n, sum(side * amount_fen) AS gap FROM posting
            GROUP BY compound_id, book, seq) p
           ON p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
         WHERE p.n IS NULL OR p.n < 2 OR p.n <> v.line_count OR p.gap <> 0
         ORDER BY v.compound_id, v.book, v.seq",
        name("v")
    );
    db.none("(a) an entry is not whole and balanced", &sql, wrong).await?;
    let sql = format!(
        "SELECT {} FROM posting p WHERE NOT EXISTS (SELECT 1 FROM voucher v
         WHERE v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq) LIMIT 5",
        name("p")
    );
    db.none("(a) a posting has no voucher", &sql, wrong).await?;
    let sql = "SELECT CAST(sum(side * amount_fen) AS TEXT) FROM posting HAVING sum(side * amount_fen) <> 0";
    db.none("(b) the postings do not sum to nothing", sql, wrong).await?;
    let sql = "SELECT CAST(compound_id AS TEXT) || '/' || CAST(book AS TEXT) || '/' || CAST(account AS TEXT) ||
                 ' of ' || CAST(dwelling_no AS TEXT)
               FROM (SELECT compound_id, book, account, dwelling_no, matter_no, debit_fen AS d, credit_fen AS c
                     FROM balance
                     UNION ALL
                     SELECT compound_id, book, account, dwelling_no, matter_no,
                            CASE WHEN side = 1 THEN -amount_fen ELSE 0 END,
                            CASE WHEN side = -1 THEN -amount_fen ELSE 0 END FROM posting) x
               GROUP BY compound_id, book, account, dwelling_no, matter_no
               HAVING sum(d) <> 0 OR sum(c) <> 0 ORDER BY 1";
    db.none("(c) a balance is not the sum of its postings", sql, wrong).await?;
    for (law, sql) in [
        (
            "(g) a gap in the numbers of a year",
            "SELECT CAST(compound_id AS TEXT) || '/' || CAST(book AS TEXT) || '/' || CAST(year AS TEXT)
             FROM voucher GROUP BY compound_id, book, year
             HAVING min(number) <> 1 OR max(number) <> count(*)",
        ),
        (
            "(g) a gap in the places of a book",
            "SELECT CAST(compound_id AS TEXT) || '/' || CAST(book AS TEXT) FROM voucher
             GROUP BY compound_id, book HAVING min(seq) <> 1 OR max(seq) <> count(*)",
        ),
        (
            "(g) a gap in the acts",
            "SELECT CAST(compound_id AS TEXT) FROM act GROUP BY compound_id
             HAVING min(act_no) <> 1 OR max(act_no) <> count(*)",
        ),
        (
            "(g) a counter is not at its last number",
            "SELECT CAST(c.compound_id AS TEXT) || ' ' || c.name FROM counter c WHERE c.last_no <>
               CASE c.name
                 WHEN 'act' THEN (SELECT count(*) FROM act x WHERE x.compound_id = c.compound_id)
                 WHEN 'deposit' THEN (SELECT count(*) FROM deposit x WHERE x.compound_id = c.compound_id)
                 WHEN 'payment' THEN (SELECT count(*) FROM payment x WHERE x.compound_id = c.compound_id)
                 WHEN 'matter' THEN (SELECT count(*) FROM matter x WHERE x.compound_id = c.compound_id)
                 ELSE c.last_no END",
        ),
        (
            "(e) a voucher has no act",
            "SELECT CAST(v.compound_id AS TEXT) || ' act ' || CAST(v.act_no AS TEXT) FROM voucher v
             WHERE NOT EXISTS (SELECT 1 FROM act a WHERE a.compound_id = v.compound_id AND a.act_no = v.act_no)",
        ),
        (
            "(e) a key has no act",
            "SELECT o.key FROM once o
             WHERE NOT EXISTS (SELECT 1 FROM act a WHERE a.compound_id = o.compound_id AND a.act_no = o.act_no)",
        ),
        (
            "(e) an act of money has no voucher",
            "SELECT CAST(a.compound_id AS TEXT) || ' act ' || CAST(a.act_no AS TEXT) FROM act a
             WHERE a.verb IN ('fund.deposit', 'fees.pay', 'journal.post', 'fees.bill') AND NOT EXISTS
               (SELECT 1 FROM voucher v WHERE v.compound_id = a.compound_id AND v.act_no = a.act_no)",
        ),
        (
            "(e) a deposit and its voucher differ",
            "SELECT CAST(d.compound_id AS TEXT) || ' deposit ' || CAST(d.deposit_no AS TEXT) FROM deposit d
             LEFT JOIN posting p ON p.compound_id = d.compound_id AND p.book = 1 AND p.seq = d.voucher_seq
               AND p.side = -1 AND p.dwelling_no = d.dwelling_no
             WHERE p.amount_fen IS NULL OR p.amount_fen <> d.amount_fen",
        ),
        (
            "(e) a payment and its voucher differ",
            "SELECT CAST(d.compound_id AS TEXT) || ' payment ' || CAST(d.payment_no AS TEXT) FROM payment d
             LEFT JOIN posting p ON p.compound_id = d.compound_id AND p.book = 3 AND p.seq = d.voucher_seq
               AND p.side = 1
             WHERE p.amount_fen IS NULL OR p.amount_fen <> d.amount_fen",
        ),
        (
            "(h) the bank is not dwellings and undistributed together",
            "SELECT CAST(compound_id AS TEXT) FROM
               (SELECT compound_id,
                  sum(CASE WHEN account IN (1001, 1101, 1201) THEN debit_fen - credit_fen ELSE 0 END) AS money,
                  sum(CASE WHEN dwelling_no > 0 THEN credit_fen - debit_fen ELSE 0 END) AS dwellings,
                  sum(CASE WHEN dwelling_no = 0 AND account NOT IN (1001, 1101, 1201)
                      THEN credit_fen - debit_fen ELSE 0 END) AS others
                FROM balance WHERE book = 1 GROUP BY compound_id) x
             WHERE money <> dwellings + others",
        ),
    ] {
        db.none(law, sql, wrong).await?;
    }
    Ok(())
}

const BOOKS: [&str; 4] = ["fund", "revenue", "service", "grant"];

/// (f): every voucher hashes to what it says, and names the one before it. Compound by compound, to bound memory.
async fn chains(db: &Looker, findings: &mut Findings) -> Result<(), Fail> {
    for row in db.rows("SELECT compound_id FROM compound ORDER BY compound_id").await? {
        let compound: i32 = row.try_get_by_index(0)?;
        let sql = format!(
            "SELECT book, seq, year, number, period, CAST(effective_on AS TEXT) AS effective_on, recorded_at, act_no,
               is_red, reverses_seq, transfer_no, kind, memo, source, evidence, prev_hash, hash
             FROM voucher WHERE compound_id = {compound} ORDER BY book, seq"
        );
        let heads = db.rows(&sql).await?;
        let sql = format!(
            "SELECT book, seq, account, side, amount_fen, dwelling_no, matter_no FROM posting
             WHERE compound_id = {compound} ORDER BY book, seq, line"
        );
        let mut lines = db.rows(&sql).await?.into_iter().peekable();
        let mut before = (0_i16, vec![0_u8; 32]);
        for head in heads {
            findings.vouchers += 1;
            let (book, seq): (i16, i32) = (head.try_get("", "book")?, head.try_get("", "seq")?);
            let mut own = Vec::new();
            while let Some(line) = lines.peek() {
                let at: (i16, i32) = (line.try_get("", "book")?, line.try_get("", "seq")?);
                if at > (book, seq) {
                    break;
                }
                if at == (book, seq) {
                    own.push(lines.next().ok_or("a peeked line is there")?);
                } else {
                    lines.next();
                }
            }
            let printed = canonical(&head, &own)?;
            let (prev, hash): (Vec<u8>, Vec<u8>) =
                (head.try_get("", "prev_hash")?, head.try_get("", "hash")?);
            if before.0 != book {
                before = (book, vec![0; 32]);
            }
            let place = format!("{compound}/{book}/{seq}");
            if prev != before.1 {
                findings.wrong.push(format!("(f) {place} does not name the one before it"));
            }
            if hash != text::hash(&printed) {
                findings.wrong.push(format!("(f) {place} is not what was hashed"));
            }
            before.1 = hash;
        }
    }
    Ok(())
}

/// The canonical text, printed from the rows as the head of `ledger::journal::text` describes it.
fn canonical(head: &QueryResult, lines: &[QueryResult]) -> Result<String, Fail> {
    let number = |name: &str| head.try_get::<i32>("", name);
    let word = |name: &str| head.try_get::<String>("", name);
    let book: i16 = head.try_get("", "book")?;
    let book = BOOKS[usize::try_from(book)? - 1];
    let year: i16 = head.try_get("", "year")?;
    let recorded: i64 = head.try_get("", "recorded_at")?;
    let recorded = chrono::DateTime::from_timestamp(recorded, 0).ok_or("no instant")?;
    let period = number("period")?;
    let mut out = format!(
        "{} * ({book}/{year}-{:04}) {}\n",
        word("effective_on")?,
        number("number")?,
        plain(&word("memo")?)
    );
    write!(
        out,
        "    ; seq:{}, period:{:04}-{:02}, recorded:{}, act:{}, kind:{}",
        number("seq")?,
        period / 100,
        period % 100,
        recorded.format("%Y-%m-%dT%H:%M:%SZ"),
        number("act_no")?,
        word("kind")?
    )?;
    if let Some(seq) = head.try_get::<Option<i32>>("", "reverses_seq")? {
        let is_red: i16 = head.try_get("", "is_red")?;
        write!(out, ", {}:{seq}", if is_red == 1 { "red" } else { "reverses" })?;
    }
    if let Some(no) = head.try_get::<Option<i32>>("", "transfer_no")? {
        write!(out, ", transfer:{no}")?;
    }
    out.push('\n');
    for tag in ["source", "evidence"] {
        let value = word(tag)?;
        if !value.is_empty() {
            writeln!(out, "    ; {tag}:{}", plain(&value))?;
        }
    }
    let prev: Vec<u8> = head.try_get("", "prev_hash")?;
    let prev: String = prev.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(out, "    ; prev:{prev}")?;
    for line in lines {
        let number = |name: &str| line.try_get::<i32>("", name);
        let (side, fen): (i16, i64) = (line.try_get("", "side")?, line.try_get("", "amount_fen")?);
        let fen = i128::from(side) * i128::from(fen);
        write!(out, "    {book}:{}", number("account")?)?;
        let (dwelling, matter) = (number("dwelling_no")?, number("matter_no")?);
        if dwelling != 0 || matter != 0 {
            write!(out, ":{dwelling}")?;
        }
        if matter != 0 {
            write!(out, ":{matter}")?;
        }
        let sign = if fen < 0 { "-" } else { "" };
        let (yuan, cents) = (fen.abs() / 100, fen.abs() % 100);
        writeln!(out, "  {sign}{yuan}.{cents:02} CNY  ; {}", if side == 1 { "Dr" } else { "Cr" })?;
    }
    Ok(out)
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_control() || "%;|".contains(c) {
            let mut bytes = [0; 4];
            out.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// (d) and (e): what was answered is there once, where the answer said; what is there was asked for, and not told no.
async fn acknowledged(db: &Looker, tally: &Tally, findings: &mut Findings) -> Result<(), Fail> {
    let mut once: HashMap<String, Vec<(i32, i32)>> = HashMap::new();
    for row in db.rows("SELECT key, act_no, compound_id FROM once").await? {
        let place = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        once.entry(row.try_get_by_index(0)?).or_default().push(place);
    }
    // What an act did, found by the mark it carries and not by its key.
    let mut effects: HashMap<String, Vec<(i32, i32, i16, i32)>> = HashMap::new();
    let sql = "SELECT evidence, act_no, compound_id, book, seq FROM voucher WHERE evidence <> ''";
    for row in db.rows(sql).await? {
        let place = (
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
            row.try_get_by_index(3)?,
            row.try_get_by_index(4)?,
        );
        effects.entry(row.try_get_by_index(0)?).or_default().push(place);
    }
    for (key, state) in &tally.keys {
        let keyed = once.get(key).map_or(&[][..], Vec::as_slice);
        let done = effects.get(key).map_or(&[][..], Vec::as_slice);
        judge_key(key, state, keyed, done, findings);
    }
    Ok(())
}

fn judge_key(
    key: &str,
    state: &State,
    keyed: &[(i32, i32)],
    done: &[(i32, i32, i16, i32)],
    findings: &mut Findings,
) {
    if keyed.len() > 1 || done.len() > 1 {
        findings.wrong.push(format!("(d) {key} happened {} times: {done:?}", done.len()));
    }
    if keyed.len() != done.len() {
        findings.wrong.push(format!("(e) {key} is half there: keys {keyed:?}, vouchers {done:?}"));
    }
    for told in &state.answers {
        // A liar's answer (the control) names no place.
        if done.is_empty() || (told.0 != 0 && (done[0] != *told || keyed != [(told.0, told.1)])) {
            findings.lost += 1;
        }
    }
    if state.answers.is_empty() && !done.is_empty() {
        findings.unanswered += 1;
        if !state.is_under_way && !state.is_unknown {
            findings.wrong.push(format!("(e) {key} was told no and happened: {done:?}"));
        }
    }
}

/// A law of the house's own `verify`.
#[derive(Clone, Debug)]
pub(crate) struct Law {
    pub(crate) name: String,
    pub(crate) checked: u64,
    pub(crate) failed: u64,
    pub(crate) first: String,
}

/// The house's own verdict. The one place that calls it.
pub(crate) async fn verify(books: &Books) -> Result<Vec<Law>, Fail> {
    let laws = ledger::journal::verify::verify(books, None).await?;
    let law = |law: ledger::journal::verify::Law| Law {
        name: law.name.to_owned(),
        checked: law.checked,
        failed: law.failed,
        first: law.first.unwrap_or_default(),
    };
    Ok(laws.into_iter().map(law).collect())
}

/// The house's verdict on books at an address: nothing failed.
pub(crate) async fn verified(url: &str, wrong: &mut Vec<String>) -> Result<(), Fail> {
    let books = Books::open(url).await?;
    for law in verify(&books).await? {
        if law.failed > 0 {
            wrong.push(format!(
                "verify: {} failed {} of {}: {}",
                law.name, law.failed, law.checked, law.first
            ));
        }
    }
    Ok(books.close().await?)
}
