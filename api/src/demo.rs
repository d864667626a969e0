//! `xiaoqu demo`: a sample compound in a folder, to look at.
//!
//! Owns: the bundled files of 梧桐里, the accounts and logins of a demo (random, made at the first start, kept where only the
//! owner of the folder reads them), [`run`].
//!
//! Always: the life of the sample goes through the ordinary verbs, each act under a key of its own, so that a first start
//! that was broken off is finished by the next; a later start finds the mark and writes nothing. Never: an account that
//! is the same on two machines.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use chrono::Datelike;
use ledger::books::{Actor, Books, Role};
use ledger::calendar::{Day, Month};
use ledger::error::{Error, Result, Storage};
use ledger::fees::{self, Voiding};
use ledger::id::LineNo;
use ledger::import::{Kind, Terms};
use ledger::journal::{AsOf, Book};
use ledger::measure::Rate;
use ledger::money::{Money, Rounding};
use ledger::people::{self as room, Entrance, NewOrg, OrgKind};
use ledger::property::{self, AreaKind, Compound, Dwelling, NewArea, Usage};
use ledger::{bank, import};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::cli::{Out, put};
use crate::config::{Config, Login};
use crate::fees::{BillingAsked, ChargeAsked, PaymentAsked};
use crate::fund::DepositAsked;
use crate::governance::Seat;
use crate::journal::CloseAsked;
use crate::people::{ContractAsked, MandateAsked, UserAsked};
use crate::wire::IsoDay;
use crate::{counter, fund, imports, journal, people, serve};

/// The sample compound's code.
const CODE: &str = "wutongli";
/// The door's first choice.
const PORT: u16 = 8080;
/// Says that the sample's life is in the books.
const MARK: &str = "梧桐里-1.done";
/// Who may come in, with their tokens.
const LOGINS: &str = "logins.json";

/// The office's files, in the order they are taken in.
const FILES: [(Kind, &str, &[u8]); 4] = [
    (Kind::Register, "房产清册.xlsx", include_bytes!("../demo/wutongli/房产清册.xlsx")),
    (Kind::Deposits, "交存明细.csv", include_bytes!("../demo/wutongli/交存明细.csv")),
    (Kind::Fees, "收费明细.xlsx", include_bytes!("../demo/wutongli/收费明细.xlsx")),
    (
        Kind::Bank,
        "工行维修资金专户_2026上半年.csv",
        include_bytes!("../demo/wutongli/工行维修资金专户_2026上半年.csv"),
    ),
];

/// Who is let in, and the name they act under.
const PEOPLE: [(Role, &str); 7] = [
    (Role::PropertyCompany, "物业-王会计"),
    (Role::PropertyCompany, "物业-周主管"),
    (Role::OwnersCommittee, "业委会-李主任"),
    (Role::StreetOffice, "街道-赵科员"),
    (Role::HousingAuthority, "房管-钱科员"),
    (Role::Auditor, "审计-孙老师"),
    (Role::Administrator, "管理员"),
];

/// A login as it is kept and printed: the account's password, and a token that needs no log-in.
#[derive(Clone, Serialize, Deserialize)]
struct Shown {
    role: Role,
    user: String,
    password: String,
    token: String,
}

/// The areas the sample lies in.
const AREAS: [(AreaKind, &str, &str, Option<&str>); 3] = [
    (AreaKind::City, "99", "样例市", None),
    (AreaKind::District, "9901", "样例区", Some("99")),
    (AreaKind::Street, "990101", "梧桐街道", Some("9901")),
];
/// The company that looks after it.
const COMPANY: &str = "wutong-wuye";

/// Prepares the folder if need be, and serves until told to end.
///
/// # Errors
/// Storage; the refusals of the verbs, if the sample no longer fits them.
pub async fn run(data: &Path, port: Option<u16>, is_json: bool, out: Out<'_>) -> Result<()> {
    // The door first: a port that is taken should be known before anything is made.
    let listener = listen(port).await?;
    let what = format!("建立目录 {}", data.display());
    let mut folder = std::fs::DirBuilder::new();
    // Names, numbers and logins are going to be in it: its owner alone may look.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(data).map_err(|source| Storage::File { what, source })?;
    let books = Books::open(&format!("sqlite:{}", data.join("xiaoqu.sqlite").display())).await?;
    prepare(&books, data).await?;
    let logins = logins(&books, data).await?;

    let address = listener.local_addr();
    let lost = |source| Storage::File { what: "监听地址".to_owned(), source };
    let url = format!("http://{}", address.map_err(lost)?);
    tell(&url, data, &logins, is_json, out)
        .map_err(|source| Storage::File { what: "标准输出".to_owned(), source })?;
    let known = logins.iter().map(|login| Login::new(login.role, &login.user, &login.token));
    let logins = known.collect::<Result<_>>()?;
    // A visitor of a sample has no authenticator at hand.
    let second_factor = Vec::new();
    let config = Config { logins, front_lists_compounds: true, second_factor, ..Config::default() };
    serve::until_told(listener, books, config).await
}

async fn listen(port: Option<u16>) -> Result<TcpListener> {
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    match port {
        Some(port) => serve::listen(at(port)).await,
        None => match serve::listen(at(PORT)).await {
            Ok(listener) => Ok(listener),
            Err(_) => serve::listen(at(0)).await,
        },
    }
}

fn tell(
    url: &str,
    data: &Path,
    logins: &[Shown],
    is_json: bool,
    out: Out<'_>,
) -> std::io::Result<()> {
    if is_json {
        writeln!(out, "{}", serde_json::json!({ "url": url, "logins": logins }))?;
        return out.flush();
    }
    writeln!(out, "小区账本样例已就绪：{url}")?;
    writeln!(out, "数据在 {}；按 Ctrl-C 结束，下次启动数据仍在。", data.display())?;
    writeln!(
        out,
        "\n各角色的登录（Authorization: Bearer 令牌；或用户名与口令，POST /api/v1/sessions）："
    )?;
    for Shown { role, user, password, token } in logins {
        writeln!(out, "  {token}  {user}  {password}（{}）", role.in_chinese())?;
    }
    writeln!(out, "\n例如：")?;
    let token = logins.first().map_or("", |login| login.token.as_str());
    writeln!(
        out,
        "  curl -H 'Authorization: Bearer {token}' {url}/api/v1/compounds/{CODE}/books/fund/trial-balance"
    )?;
    out.flush()
}

/// The logins of the folder; made at the first start.
async fn logins(books: &Books, data: &Path) -> Result<Vec<Shown>> {
    let path = data.join(LOGINS);
    let what = |verb: &str| format!("{verb} {}", path.display());
    match std::fs::read(&path) {
        Ok(kept) => serde_json::from_slice(&kept).map_err(|e| {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidData, e);
            Error::Storage(Storage::File { what: what("读取"), source })
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let made = accounts(books).await?;
            let text = serde_json::to_vec_pretty(&made).unwrap_or_default();
            // Readable by the owner alone: what is put is made so.
            put(&path, &text)?;
            Ok(made)
        }
        Err(source) => Err(Error::Storage(Storage::File { what: what("读取"), source })),
    }
}

/// An account for everybody, with what their role reaches and a random password. What is there already stays, so that a
/// start that was broken off is finished by the next.
async fn accounts(books: &Books) -> Result<Vec<Shown>> {
    let entrance = Entrance::new(books.clone());
    let operator = Actor::operator();
    let key = |what: &str| Some(format!("demo/{what}"));
    for (kind, code, name, parent) in AREAS {
        let (code, name) = (code.to_owned(), name.to_owned());
        let area = NewArea { kind, code: code.clone(), name, parent: parent.map(Into::into) };
        crate::property::draw(books, &operator, key(&code), area).await?;
    }
    let mut view = books.read().await?;
    let compound = property::compound(&mut view, CODE).await?.id;
    drop(view);
    crate::property::settle(books, &operator, None, compound, AREAS[2].1.to_owned()).await?;
    let (kind, code, name) = (OrgKind::PropertyCompany, COMPANY.to_owned(), "梧桐物业".to_owned());
    people::found(&entrance, &operator, key(COMPANY), NewOrg { kind, code, name }).await?;

    let year = books.clock().now().day().year();
    let day = |year: i32, month, day| Day::from_ymd_opt(year, month, day).map(IsoDay);
    let (Some(from_on), Some(until_on)) = (day(year, 1, 1), day(year + 4, 12, 31)) else {
        return Err(Storage::Bug(format!("the year {year}")).into());
    };
    let term = ContractAsked { compound: CODE.to_owned(), from_on, until_on };
    people::engage(&entrance, &operator, key("contract"), COMPANY, term).await?;
    let mut made = Vec::new();
    for (role, user) in PEOPLE {
        let mut view = books.read().await?;
        let is_there = room::everybody(&mut view).await?.iter().any(|person| person.name == user);
        drop(view);
        if !is_there {
            let shown_as = user.rsplit('-').next().unwrap_or(user).to_owned();
            let asked =
                UserAsked { user: user.to_owned(), shown_as, org: None, phone: String::new() };
            people::register(&entrance, &operator, None, asked).await?;
        }
        let (mut area, mut org, mut compound) = (None, None, None);
        match role {
            Role::PropertyCompany => org = Some(COMPANY.to_owned()),
            Role::StreetOffice => area = Some(AREAS[2].1.to_owned()),
            // Over the whole house, as their token is: what no compound owns is theirs to register.
            Role::HousingAuthority | Role::Administrator => {}
            _ => compound = Some(CODE.to_owned()),
        }
        let until_on = Some(until_on);
        let asked = MandateAsked { role, area, org, compound, room: None, from_on, until_on };
        people::entrust(&entrance, &operator, key(user), user, asked).await?;
        let password = entrance.reset_password(&operator, user).await?;
        made.push(Shown { role, user: user.to_owned(), password, token: token()? });
    }
    Ok(made)
}

fn token() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| Storage::Bug(format!("no randomness: {e}")))?;
    Ok(ledger::journal::text::hex(&bytes))
}

/// The files, then the life, then the mark. Nothing if the mark is there.
async fn prepare(books: &Books, data: &Path) -> Result<()> {
    let mark = data.join(MARK);
    let mut view = books.read().await?;
    let has_compound = property::compound_by_code(&mut view, CODE).await?.is_some();
    drop(view);
    if has_compound && mark.exists() {
        return Ok(());
    }
    let clerk = Actor::new(PEOPLE[0].1, PEOPLE[0].0);
    for (kind, name, bytes) in FILES {
        take_in(books, &clerk, kind, name, bytes).await?;
    }
    let mut view = books.read().await?;
    let compound = property::compound(&mut view, CODE).await?;
    drop(view);
    let told = toml::from_str(include_str!("../demo/wutongli/life.toml"));
    let life: Life = told.map_err(|e| Storage::Bug(format!("the sample's life: {e}")))?;
    Counter { books, clerk, compound, today: books.clock().now().day() }.live(&life).await?;
    put(&mark, b"")
}

async fn take_in(books: &Books, clerk: &Actor, kind: Kind, name: &str, bytes: &[u8]) -> Result<()> {
    let terms = Terms { compound: CODE.to_owned(), name: None, good_rows: false, book: Book::Fund };
    let reading =
        imports::read(kind, name.to_owned(), Arc::new(bytes.to_vec()), terms.clone()).await?;
    let report = import::commit(books, clerk, reading, &terms).await?;
    report.refusal().map_or(Ok(()), Err)
}

/// What happens after the files are in: `life.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Life {
    item: String,
    walk_up: Rate,
    lift: Rate,
    shop: Rate,
    history: Vec<Month>,
    since: Vec<Month>,
    closes: Vec<CloseAsked>,
    payment: Vec<LifePayment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LifePayment {
    room: String,
    amount_fen: Money,
    method: fees::Method,
    received_on: IsoDay,
    reference: String,
    /// Why its receipt was made void, if it was.
    voided: Option<String>,
}

/// Whoever sits at the sample's counter.
struct Counter<'a> {
    books: &'a Books,
    clerk: Actor,
    compound: Compound,
    today: Day,
}

impl Counter<'_> {
    async fn live(&self, life: &Life) -> Result<()> {
        let quarters = life.history.iter().chain(&life.since);
        let mut charged = self.charged(life).await?;
        for quarter in quarters.filter(|quarter| quarter.first_day() <= self.today) {
            self.bill(life, *quarter, &mut charged).await?;
        }
        self.claim().await?;
        for (i, payment) in life.payment.iter().enumerate() {
            if payment.received_on.0 <= self.today {
                self.take(i, payment).await?;
            }
        }
        for close in life.closes.iter().filter(|close| close.month.last_day() < self.today) {
            let key = Some(format!("demo/close/{}/{}", close.book, close.month));
            journal::shut(self.books, &self.clerk, &self.compound, key, *close).await?;
        }
        Ok(())
    }

    /// The quarters each dwelling was billed for.
    async fn charged(&self, life: &Life) -> Result<BTreeMap<String, (Dwelling, HashSet<Day>)>> {
        let mut view = self.books.read().await?;
        let mut charged = BTreeMap::new();
        for dwelling in property::roll(&mut view, self.compound.id, self.today).await? {
            let id = self.compound.id;
            let account = fees::account(&mut view, id, dwelling.no, AsOf::default()).await?;
            let bills = account.bills.iter().filter(|bill| bill.item == life.item);
            let quarters = bills.map(|bill| bill.from_on).collect();
            charged.insert(dwelling.code.to_string(), (dwelling, quarters));
        }
        Ok(charged)
    }

    /// Bills whoever was not billed for a quarter.
    async fn bill(
        &self,
        life: &Life,
        quarter: Month,
        charged: &mut BTreeMap<String, (Dwelling, HashSet<Day>)>,
    ) -> Result<()> {
        let mut bills = Vec::new();
        for (room, (dwelling, quarters)) in charged {
            if quarters.insert(quarter.first_day()) {
                bills.push(ChargeAsked { room: room.clone(), amount_fen: price(life, dwelling)? });
            }
        }
        if bills.is_empty() {
            return Ok(());
        }
        let asked = BillingAsked {
            item: life.item.clone(),
            from_on: IsoDay(quarter.first_day()),
            to_on: IsoDay(quarter.next().next().last_day()),
            due_on: None,
            bills,
        };
        crate::fees::publish(self.books, &self.clerk, &self.compound, None, asked).await?;
        Ok(())
    }

    /// Claims the lines whose words name one room as what they say: first deposits.
    async fn claim(&self) -> Result<()> {
        let mut view = self.books.read().await?;
        let (id, unclaimed) = (self.compound.id, bank::Which::Unclaimed);
        let lines = bank::lines(&mut view, id, Book::Fund, unclaimed, LineNo(0), 1000).await?;
        drop(view);
        for line in lines.iter().filter(|line| line.inflow.is_positive() && !line.is_interest()) {
            let rooms = line.rooms();
            let [room] = rooms.as_slice() else { continue };
            let asked = DepositAsked {
                room: room.to_string(),
                kind: fund::initial(),
                line_no: Some(line.no),
                amount_fen: None,
                received_on: None,
                receipt_no: String::new(),
            };
            let key = Some(format!("demo/deposit/{}", line.no));
            fund::record(self.books, &self.clerk, &self.compound, key, asked).await?;
        }
        Ok(())
    }

    async fn take(&self, i: usize, payment: &LifePayment) -> Result<()> {
        let LifePayment { room, amount_fen, method, received_on, reference, voided } = payment;
        let asked = PaymentAsked {
            room: room.clone(),
            amount_fen: *amount_fen,
            method: *method,
            received_on: *received_on,
            reference: reference.clone(),
            payer: String::new(),
            line_no: None,
        };
        let key = Some(format!("demo/payment/{i}"));
        let done = crate::fees::take(self.books, &self.clerk, &self.compound, key, asked).await?;
        let (Some(reason), Some(no)) = (voided, done.answer.receipt) else { return Ok(()) };
        let voiding = Voiding { on: received_on.0, reason: reason.clone() };
        let key = Some(format!("demo/void/{i}"));
        let (books, actor, compound) = (self.books.clone(), self.clerk.clone(), self.compound.id);
        counter::void(&Seat { books, actor, compound, key }, (no, voiding)).await?;
        Ok(())
    }
}

/// What a dwelling is charged for a quarter: three months, each to the fen.
fn price(life: &Life, dwelling: &Dwelling) -> Result<Money> {
    let rate = match (dwelling.usage, dwelling.has_lift) {
        (Usage::Shop, _) => life.shop,
        (_, true) => life.lift,
        (_, false) => life.walk_up,
    };
    let month = rate.over(dwelling.fee_area, 1.into()).round(Rounding::HalfUpFen);
    let month = month.map_err(|e| Storage::Bug(format!("a price of the sample: {e}")))?;
    Ok(month + month + month)
}
