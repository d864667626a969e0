//! The load: acts as a server sends them, by a child process that tells every one on a pipe.
//!
//! What an act does follows from its key alone, so the parent can send it again word for word. The child says
//! `> key` when it sends, `= key act compound book seq` when it is answered, `! key code` when it is told no, and sends
//! again under the same key, as a client should, except every fourth act, which it gives up: what was told no for certain
//! must then never turn up.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant as Moment};

use futures_util::StreamExt;
use ledger::books::{Actor, Books, Request, Role};
use ledger::calendar::{Clock, Day, Instant};
use ledger::error::Error;
use ledger::fees::{self, Billing, Charge, Method, Payment};
use ledger::fund::{self, Deposit, DepositKind, Seen};
use ledger::id::{CompoundId, DwellingNo, MatterNo};
use ledger::journal::{self, Book, Entry, Kind, Line, Posted};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::{self, Founding, Housing, NewDwelling, NewOwner, RoomCode, Usage};

use crate::Fail;
use crate::cluster::Cluster;
use crate::stage::{Stage, mix};

pub(crate) const COMPOUNDS: i32 = 8;
pub(crate) const DWELLINGS: i32 = 30;
pub(crate) const DAY: &str = "2026-01-05";
const DAWN: &str = "2026-01-05T09:00:00+08:00";

pub(crate) fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

pub(crate) fn clerk() -> &'static Actor {
    static CLERK: LazyLock<Actor> = LazyLock::new(|| Actor::new("王会计", Role::PropertyCompany));
    &CLERK
}

// ---- The world, made once ----------------------------------------------------------------------------------------

/// Founded books on both databases, closed, to be copied.
pub(crate) struct Base {
    /// The data of a stopped cluster with a database `books`.
    pub(crate) pg_data: Option<PathBuf>,
    pub(crate) sqlite: PathBuf,
}

pub(crate) async fn base(stage: &Stage) -> Result<&Base, Fail> {
    let made = stage.base.get_or_try_init(|| async {
        let sqlite = stage.folder("base")?.join("books.sqlite");
        // On a clock that stands, so that the two databases begin with the same text, to the second.
        let clock = Clock::standing_at(Instant::parse(DAWN).ok_or("an instant")?);
        let books =
            Books::open_with(&format!("sqlite:{}", sqlite.display()), clock.clone()).await?;
        found(&books, COMPOUNDS).await?;
        books.close().await?;
        let mut pg_data = None;
        if stage.pg_bin.is_some() && stage.wants_pg() {
            let cluster = Cluster::init(stage)?;
            cluster.start().await?;
            cluster.run("postgres", "CREATE DATABASE books").await?;
            let books = Books::open_with(&cluster.url("books"), clock).await?;
            found(&books, COMPOUNDS).await?;
            books.close().await?;
            cluster.stop("fast")?;
            let kept = stage.folder("base")?.join("data");
            std::fs::rename(&cluster.data, &kept)?;
            pg_data = Some(kept);
        }
        Ok::<Base, Fail>(Base { pg_data, sqlite })
    });
    made.await
}

/// A copy of the founded books in a file; answers its address.
pub(crate) async fn sqlite_copy(stage: &Stage, folder: &Path) -> Result<String, Fail> {
    let path = folder.join(format!("{}.sqlite", stage.fresh("books")));
    let base = base(stage).await?;
    std::fs::copy(&base.sqlite, &path)?;
    let wal = base.sqlite.with_extension("sqlite-wal");
    if wal.exists() {
        std::fs::copy(wal, path.with_extension("sqlite-wal"))?;
    }
    Ok(format!("sqlite:{}", path.display()))
}

/// Compounds of thirty dwellings, each with a bill to pay.
pub(crate) async fn found(books: &Books, compounds: i32) -> Result<Vec<CompoundId>, Fail> {
    let mut ids = Vec::new();
    for i in 1..=compounds {
        let founding = Founding {
            code: format!("c{i}"),
            name: format!("小区{i}"),
            address: String::new(),
            area: None,
        };
        let request = Request::new("property.found", founding);
        let operator = Actor::operator();
        let found = books.act(&operator, CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        });
        let id = found.await?.answer;
        let request = Request::describing("property.enrol", roll(), serde_json::Value::Null);
        let enrolled = books.act(clerk(), id, request, |tx, roll: &Vec<NewDwelling>| {
            Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
        });
        enrolled.await?;
        bill(books, id, "物业费", 200_000).await?;
        ids.push(id);
    }
    Ok(ids)
}

pub(crate) async fn bill(
    books: &Books,
    compound: CompoundId,
    item: &str,
    fen: i64,
) -> Result<Vec<MatterNo>, Error> {
    let charge = |no| Charge { dwelling_no: DwellingNo(no), amount: Money::fen(fen) };
    let billing = Billing {
        item: item.to_owned(),
        from_on: day("2026-01-01"),
        to_on: day("2026-01-31"),
        due_on: None,
        bills: (1..=DWELLINGS).map(charge).collect(),
    };
    let request = Request::new("fees.bill", billing);
    let billed =
        books.act(clerk(), compound, request, |tx, billing| Box::pin(fees::bill(tx, billing)));
    Ok(billed.await?.answer.bills)
}

fn roll() -> Vec<NewDwelling> {
    let dwelling = |i: i32| {
        let code = format!("1-{}-{}0{}", 1 + (i - 1) / 10, 1 + (i - 1) % 10 / 2, 1 + (i - 1) % 2);
        let owner = NewOwner {
            name: format!("业主{i}"),
            id_no: format!("99999919700101{i:04}").into(),
            phone: format!("1990000{i:04}").into(),
            share: None,
        };
        NewDwelling {
            code: RoomCode::parse(&code).expect("a code"),
            written_as: code,
            floor: None,
            usage: Usage::Residence,
            housing: if i % 7 == 0 { Housing::SoldPublic } else { Housing::Commodity },
            has_lift: false,
            is_unsold: false,
            area: Area::centi_m2(8000 + i64::from(i)),
            handed_over_on: None,
            owners: vec![owner],
            remark: "".into(),
            owned_from: day("2010-01-01"),
        }
    };
    (1..=DWELLINGS).map(dwelling).collect()
}

// ---- One act -----------------------------------------------------------------------------------------------------

/// What a key stands for.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) key: String,
    pub(crate) compound: CompoundId,
    draw: u64,
}

/// Where an act ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) act: i32,
    pub(crate) compound: i32,
    pub(crate) posted: Posted,
    pub(crate) is_repeated: bool,
}

impl Op {
    /// Half of the acts fall on one compound, the others are spread over all.
    pub(crate) fn of(key: &str) -> Op {
        let text = key.bytes().fold(0_u64, |sum, byte| mix(sum ^ u64::from(byte)));
        let spread = i32::try_from((text >> 8) % 8).expect("below eight");
        let compound = if text % 2 == 0 { 1 } else { 1 + spread };
        Op { key: key.to_owned(), compound: CompoundId(compound), draw: mix(text) }
    }

    /// Whether it is a deposit, whose receipt refuses a second by itself.
    pub(crate) fn is_deposit(&self) -> bool {
        (self.draw >> 8) % 10 < 5
    }

    pub(crate) fn gives_up(&self) -> bool {
        self.draw.is_multiple_of(4)
    }

    /// Sends it, under its key or (the control of a row) under another.
    pub(crate) async fn send(&self, books: &Books, key: Option<&str>) -> Result<Answer, Error> {
        let number = i32::try_from((self.draw >> 16) % 30).expect("below thirty");
        let dwelling = DwellingNo(1 + number);
        let amount = Money::fen(1 + i64::try_from((self.draw >> 32) % 100_000).expect("small"));
        let evidence = self.key.clone();
        let actor = clerk();
        let key = key.map(str::to_owned);
        let (act, posted, is_repeated) = match (self.draw >> 8) % 10 {
            0..5 => {
                let deposit = Deposit {
                    dwelling_no: dwelling,
                    kind: DepositKind::TopUp,
                    seen: Seen::Hand { amount, received_on: day(DAY) },
                    receipt_no: evidence,
                };
                let request = Request::new("fund.deposit", deposit).maybe_once(key);
                let done = books
                    .act(actor, self.compound, request, |tx, d| Box::pin(fund::deposit(tx, d)))
                    .await?;
                (done.act, done.answer.voucher, done.is_repeated)
            }
            5..8 => {
                let payment = Payment {
                    dwelling_no: dwelling,
                    amount,
                    method: Method::Wechat,
                    received_on: day(DAY),
                    reference: evidence,
                    payer: String::new(),
                    line_no: None,
                };
                let request = Request::new("fees.pay", payment).maybe_once(key);
                let done = books
                    .act(actor, self.compound, request, |tx, p| Box::pin(fees::pay(tx, p)))
                    .await?;
                (done.act, done.answer.voucher, done.is_repeated)
            }
            _ => {
                let lines = (1..=DWELLINGS)
                    .map(|no| Line::credit(400_101, amount).of(DwellingNo(no)))
                    .chain([Line::debit(1001, Money::fen(amount.in_fen() * i64::from(DWELLINGS)))]);
                let entry = Entry {
                    book: Book::Fund,
                    effective_on: day(DAY),
                    kind: Kind::Deposit,
                    memo: "整批交存".to_owned(),
                    source: "fault suite".to_owned(),
                    evidence,
                    lines: lines.collect(),
                };
                let body = serde_json::json!({"amount_fen": amount, "evidence": self.key});
                let request = Request::describing("journal.post", entry, body).maybe_once(key);
                let done = books
                    .act(actor, self.compound, request, |tx, entry: &Entry| {
                        Box::pin(journal::post(tx, entry.clone()))
                    })
                    .await?;
                (done.act, done.answer, done.is_repeated)
            }
        };
        Ok(Answer { act: act.0, compound: self.compound.0, posted, is_repeated })
    }
}

// ---- The child ---------------------------------------------------------------------------------------------------

/// How a child behaves; all but the first are controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Honest,
    /// Says it is done before it has asked: what a server does that answers before its commit.
    Early,
}

/// The entry of a child process.
pub(crate) fn child(mode: &str, args: &[String]) -> ExitCode {
    if mode == "janitor" {
        crate::stage::janitor(Path::new(&args[0]));
        return ExitCode::SUCCESS;
    }
    // Whoever started us is gone when the pipe closes; so are we then. `g` means go, `s` means: finish what is under way.
    let (go, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (going, stopping) = (go.clone(), stop.clone());
    std::thread::spawn(move || {
        let mut byte = [0_u8; 1];
        while std::io::stdin().read(&mut byte).unwrap_or(0) > 0 {
            let heard = if byte == *b"g" { &going } else { &stopping };
            heard.store(true, Ordering::SeqCst);
        }
        std::process::exit(3);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        match (mode, args) {
            ("load", [url, label, tasks, most, manner]) => {
                let manner = if manner == "early" { Manner::Early } else { Manner::Honest };
                let most = most.parse().expect("a number");
                load(url, label, tasks.parse().expect("a number"), most, manner, [go, stop]).await
            }
            // For a hand that wants to try something: founded books at an address.
            ("found", [url]) => {
                let books = Books::open(url).await.expect("the books open");
                found(&books, COMPOUNDS).await.expect("the compounds are founded");
                books.close().await.expect("the books close");
                ExitCode::SUCCESS
            }
            ("same", [url, key, times]) => {
                same(url, key, times.parse().expect("a number")).await;
                ExitCode::SUCCESS
            }
            _ => ExitCode::FAILURE,
        }
    })
}

fn tell(line: std::fmt::Arguments<'_>) {
    let mut text = line.to_string();
    text.push('\n');
    let mut out = std::io::stdout().lock();
    // The parent is gone if this fails, and then nobody asks.
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn tell_answer(key: &str, answer: Answer) {
    let Answer { act, compound, posted, .. } = answer;
    tell(format_args!("= {key} {act} {compound} {} {}", posted.book.number(), posted.seq));
}

async fn load(
    url: &str,
    label: &str,
    tasks: u64,
    most: u64,
    manner: Manner,
    [go, stop]: [Arc<AtomicBool>; 2],
) -> ExitCode {
    let books = match Books::open(url).await {
        Ok(books) => books,
        Err(error) => {
            tell(format_args!("* {} {error:?}", error.code()));
            return ExitCode::FAILURE;
        }
    };
    tell(format_args!("* ready"));
    while !go.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let next = Arc::new(AtomicU64::new(0));
    let clients = (0..tasks).map(|_| {
        let (books, next, stop, label) =
            (books.clone(), next.clone(), stop.clone(), label.to_owned());
        tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let n = next.fetch_add(1, Ordering::SeqCst);
                if most > 0 && n >= most {
                    break;
                }
                let op = Op::of(&format!("{label}-{n:06}"));
                client(&books, &op, manner, &stop).await;
            }
        })
    });
    futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
    tell(format_args!("* done"));
    ExitCode::SUCCESS
}

async fn client(books: &Books, op: &Op, manner: Manner, stop: &AtomicBool) {
    loop {
        tell(format_args!("> {}", op.key));
        if manner == Manner::Early {
            tell(format_args!("= {} 0 {} 0 0", op.key, op.compound));
            drop(op.send(books, Some(&op.key)).await);
            return;
        }
        match op.send(books, Some(&op.key)).await {
            Ok(answer) => return tell_answer(&op.key, answer),
            Err(error) => {
                tell(format_args!("! {} {} {error:?}", op.key, error.code()));
                if error.refusal().is_some() || op.gives_up() || stop.load(Ordering::SeqCst) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// The same key many times at once; says every answer.
async fn same(url: &str, key: &str, times: usize) {
    let books = Books::open(url).await.expect("the books open");
    tell(format_args!("* ready"));
    let op = Op::of(key);
    let sends = (0..times).map(|_| {
        let (books, op) = (books.clone(), op.clone());
        tokio::spawn(async move { op.send(&books, Some(&op.key)).await })
    });
    for sent in futures_util::future::join_all(sends.collect::<Vec<_>>()).await {
        match sent.expect("no act panics") {
            Ok(answer) => tell_answer(key, answer),
            Err(error) => tell(format_args!("! {key} {} {error:?}", error.code())),
        }
    }
    tell(format_args!("* done"));
}

// ---- The parent's side -------------------------------------------------------------------------------------------

/// What is known of one key.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// `(act, compound, book, seq)`; every answer, so that two that differ are seen.
    pub(crate) answers: Vec<(i32, i32, i16, i32)>,
    pub(crate) is_under_way: bool,
    /// Some error said that nobody knows.
    pub(crate) is_unknown: bool,
}

/// What a child has told so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) keys: HashMap<String, State>,
    pub(crate) codes: HashMap<String, u64>,
    /// The first error of each code, in full.
    pub(crate) samples: HashMap<String, String>,
    pub(crate) acks: u64,
    pub(crate) last_ack: Option<Moment>,
    pub(crate) last_error: Option<Moment>,
    pub(crate) ready: Option<Moment>,
    pub(crate) is_done: bool,
    pub(crate) told: Vec<String>,
}

impl Tally {
    fn hear(&mut self, line: &str) {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = rest.split(' ');
        let key = words.next().unwrap_or("").to_owned();
        match sign {
            ">" => self.keys.entry(key).or_default().is_under_way = true,
            "=" => {
                let mut number = || words.next().and_then(|w| w.parse::<i32>().ok()).unwrap_or(0);
                let (act, compound, book, seq) = (number(), number(), number(), number());
                let state = self.keys.entry(key).or_default();
                state.is_under_way = false;
                state.answers.push((act, compound, i16::try_from(book).unwrap_or(0), seq));
                self.acks += 1;
                self.last_ack = Some(Moment::now());
            }
            "!" => {
                let code = words.next().unwrap_or("").to_owned();
                let state = self.keys.entry(key).or_default();
                state.is_under_way = false;
                state.is_unknown |= code == "storage.unknown-outcome";
                self.samples.entry(code.clone()).or_insert_with(|| line.to_owned());
                *self.codes.entry(code).or_default() += 1;
                self.last_error = Some(Moment::now());
            }
            _ => {
                self.is_done |= rest == "done";
                if rest == "ready" {
                    self.ready = Some(Moment::now());
                } else {
                    self.told.push(rest.to_owned());
                }
            }
        }
    }

    pub(crate) fn acked(&self) -> impl Iterator<Item = (&String, &State)> {
        self.keys.iter().filter(|(_, state)| !state.answers.is_empty())
    }

    /// The errors, by code.
    pub(crate) fn errors(&self) -> String {
        let mut codes: Vec<_> = self.codes.iter().collect();
        codes.sort();
        let told = codes.iter().map(|(code, n)| format!("{code} ×{n}")).collect::<Vec<_>>();
        if told.is_empty() { "none".to_owned() } else { told.join(", ") }
    }

    /// Adds what another child told.
    pub(crate) fn add(&mut self, other: Tally) {
        self.acks += other.acks;
        self.keys.extend(other.keys);
        for (code, n) in other.codes {
            *self.codes.entry(code).or_default() += n;
        }
        for (code, sample) in other.samples {
            self.samples.entry(code).or_insert(sample);
        }
    }
}

/// A child process under load, and what it has told.
pub(crate) struct Load {
    child: Child,
    heard: Arc<Mutex<Tally>>,
    reader: Option<std::thread::JoinHandle<()>>,
    pub(crate) started: Moment,
}

impl Load {
    /// Starts one; `wrap` is a command to run it under (strace, faketime).
    pub(crate) fn start(wrap: &[String], args: &[&str]) -> Result<Load, Fail> {
        let me = std::env::current_exe()?;
        let mut command = match wrap {
            [] => Command::new(me),
            [program, rest @ ..] => {
                let mut command = Command::new(program);
                command.args(rest).arg(me);
                command
            }
        };
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn()?;
        let out = child.stdout.take().ok_or("a child without a pipe")?;
        let heard = Arc::new(Mutex::new(Tally::default()));
        let hearing = heard.clone();
        let reader = std::thread::spawn(move || {
            let mut lines = BufReader::new(out);
            let mut line = String::new();
            // A last line that a kill cut short was never told.
            while lines.read_line(&mut line).is_ok_and(|n| n > 0) && line.ends_with('\n') {
                hearing.lock().expect("nobody panics here").hear(line.trim_end());
                line.clear();
            }
        });
        Ok(Load { child, heard, reader: Some(reader), started: Moment::now() })
    }

    /// The usual load.
    pub(crate) fn of(url: &str, label: &str, tasks: u32, manner: Manner) -> Result<Load, Fail> {
        Load::under(&[], url, label, tasks, 0, manner)
    }

    pub(crate) fn under(
        wrap: &[String],
        url: &str,
        label: &str,
        tasks: u32,
        most: u32,
        manner: Manner,
    ) -> Result<Load, Fail> {
        let mut load = Load::held(wrap, url, label, tasks, most, manner)?;
        load.go()?;
        Ok(load)
    }

    /// One that has opened the books and waits.
    pub(crate) fn held(
        wrap: &[String],
        url: &str,
        label: &str,
        tasks: u32,
        most: u32,
        manner: Manner,
    ) -> Result<Load, Fail> {
        let (tasks, most) = (tasks.to_string(), most.to_string());
        let manner = if manner == Manner::Early { "early" } else { "honest" };
        Load::start(wrap, &["mode=load", url, label, &tasks, &most, manner])
    }

    pub(crate) fn go(&mut self) -> Result<(), Fail> {
        let stdin = self.child.stdin.as_mut().ok_or("a child without a pipe")?;
        Ok(stdin.write_all(b"g")?)
    }

    pub(crate) fn look<T>(&self, at: impl FnOnce(&Tally) -> T) -> T {
        at(&self.heard.lock().expect("nobody panics here"))
    }

    /// Waits until so many acts more than now are answered.
    pub(crate) async fn wait_for(&mut self, acks: u64, patience: Duration) -> Result<(), Fail> {
        let target = self.look(|t| t.acks) + acks;
        let end = Moment::now() + patience;
        while self.look(|t| t.acks) < target {
            if let Some(status) = self.child.try_wait()? {
                let told = self.look(|t| format!("{:?} {:?}", t.told, t.samples));
                return Err(format!("the load ended by itself: {status}; {told}").into());
            }
            if Moment::now() > end {
                let told = self.look(|t| format!("{} {:?}", t.errors(), t.samples));
                return Err(format!("no {acks} acts in {patience:?}; errors: {told}").into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// kill -9, and what it had told by then.
    pub(crate) fn kill(mut self) -> Result<Tally, Fail> {
        self.child.kill()?;
        self.child.wait()?;
        self.heard_all()
    }

    /// Lets it finish what is under way, and answers what it told.
    pub(crate) async fn stop(mut self, patience: Duration) -> Result<Tally, Fail> {
        if let Some(stdin) = &mut self.child.stdin {
            // It may have ended already.
            drop(stdin.write_all(b"s"));
        }
        self.ended(patience).await
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(mut self, patience: Duration) -> Result<Tally, Fail> {
        let end = Moment::now() + patience;
        while self.child.try_wait()?.is_none() {
            if Moment::now() > end {
                let told = self.look(|t| format!("{} {:?}", t.errors(), t.samples));
                return Err(format!("the load does not end in {patience:?}; {told}").into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.heard_all()
    }

    fn heard_all(&mut self) -> Result<Tally, Fail> {
        if let Some(reader) = self.reader.take() {
            reader.join().map_err(|_| "the reader of a child panicked")?;
        }
        Ok(self.look(Tally::clone))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What sending everything again came to.
#[derive(Debug, Default)]
pub(crate) struct Resent {
    pub(crate) same: usize,
    /// Not answered before, and found to have happened.
    pub(crate) happened: usize,
    /// Not answered before, and done now.
    pub(crate) done_now: usize,
    pub(crate) wrong: Vec<String>,
}

/// Sends every key again, as its client would after a restart.
pub(crate) async fn resend(books: &Books, tally: &Tally) -> Resent {
    let mut resent = Resent::default();
    let keys: Vec<(String, State)> =
        tally.keys.iter().map(|(k, s)| (k.clone(), s.clone())).collect();
    let sends = futures_util::stream::iter(keys).map(|(key, state)| {
        let books = books.clone();
        async move { (Op::of(&key).send(&books, Some(&key)).await, key, state) }
    });
    let mut sends = sends.buffer_unordered(128);
    while let Some((result, key, state)) = sends.next().await {
        match result {
            Err(error) => resent.wrong.push(format!("{key} sent again: {error:?}")),
            Ok(answer) => {
                let now =
                    (answer.act, answer.compound, answer.posted.book.number(), answer.posted.seq.0);
                if state.answers.is_empty() {
                    if answer.is_repeated { resent.happened += 1 } else { resent.done_now += 1 }
                } else if answer.is_repeated && state.answers.iter().all(|told| *told == now) {
                    resent.same += 1;
                } else {
                    let told = &state.answers;
                    resent.wrong.push(format!("{key} was answered {told:?}, sent again {now:?}"));
                }
            }
        }
    }
    resent
}
