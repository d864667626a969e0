//! The life of a dwelling's fund: split, merged, ended, certified; and the whole fund handed to another keeper and back.
//!
//! Owns: `certificate`.
//!
//! Always: what a dwelling has goes with it, principal and gains apart, to the fen (165号令 art. 28; `domain.md` §3.4: by area,
//! the one way to divide); a split or a merger moves nothing across the fund's control accounts; after a hand-over every
//! dwelling stands at nought and the book takes no deposit until it comes back; the list handed over has a digest. Never: a
//! payment to a person (refunds are the fund's). Limits: a dwelling promised to a project or with service fees open is settled
//! first; a destroyed dwelling's balance is given back by the fund's refund.
//! Start at [`split`], [`merge`], [`demolish`], [`certify`], [`hand_over`], [`take_back`].

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Result, Rule, Storage};
use crate::fund::{self, Assessment, FundBalance};
use crate::id::{CertificateNo, CompoundId, CustodyNo, DwellingNo, SuccessionNo, VoucherSeq};
use crate::journal::{self, AsOf, Bearing, Book, Element, Entry, Kind, Line, Posted, text};
use crate::mask;
use crate::money::{self, Money};
use crate::property::{self, Dwelling, Housing, NewCustody, NewPart, RoomCode};
use crate::seal::may_stand_in_clear;

/// Money of the dwelling is promised.
pub static HELD: Rule = Rule {
    code: "life.held",
    kind: Answer::Refused,
    rule: "已承诺给维修项目、尚未支付的资金，结清之前房屋不得分户、并户，资金不得划转",
    remedy: "先办结项目，或解除预留",
};

/// Service fees are open.
pub static FEES_OPEN: Rule = Rule {
    code: "life.fees-open",
    kind: Answer::Refused,
    rule: "分户、并户之前，原房屋的物业费欠费与预存须结清",
    remedy: "先收清欠费，退还或用完预存",
};

/// Something moved after the day.
pub static LATER: Rule = Rule {
    code: "life.later-movement",
    kind: Answer::Refused,
    rule: "分户、并户、划转之日不得早于分户账的最后一笔",
    remedy: "改用最后一笔之后的日期",
};

/// A clearance is asked for and something is owed.
pub static ARREARS: Rule = Rule {
    code: "life.arrears",
    kind: Answer::Refused,
    rule: "首期维修资金交清之后方可出具结清证明",
    remedy: "先补交；或改出结存证明，其中列明欠交金额",
};

/// There is no such certificate.
pub static NO_CERTIFICATE: Rule = Rule {
    code: "life.no-certificate",
    kind: Answer::Missing,
    rule: "证明须已出具",
    remedy: "核对证明编号",
};

/// The fund is not away.
pub static NOT_AWAY: Rule = Rule {
    code: "life.not-handed-over",
    kind: Answer::Refused,
    rule: "划转业主大会之后方可划回",
    remedy: "核对划转记录",
};

/// There is no such hand-over.
pub static NO_CUSTODY: Rule = Rule {
    code: "life.no-custody",
    kind: Answer::Missing,
    rule: "划转须已登记",
    remedy: "核对划转编号",
};

/// There is nothing to hand over.
pub static NOTHING: Rule = Rule {
    code: "life.nothing",
    kind: Answer::Refused,
    rule: "账上有资金方可划转；清册须有金额，每户一行",
    remedy: "核对账面余额与清册",
};

/// Who keeps the fund is not named.
pub static KEEPER: Rule = Rule {
    code: "life.keeper",
    kind: Answer::Shape,
    rule: "代管机构名称为 1 至 60 个字，依据为 1 至 200 个字，均无控制字符",
    remedy: "例如 梧桐里小区业主大会；划转通知 2026 年第 1 号",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &KEEPER,
    &HELD,
    &FEES_OPEN,
    &LATER,
    &ARREARS,
    &NO_CERTIFICATE,
    &NO_CUSTODY,
    &NOT_AWAY,
    &NOTHING,
];

static CERTIFICATE: Table = Table {
    name: "certificate",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("certificate_no", Column::Int),
        ("kind", Column::Text),
        ("dwelling_no", Column::Int),
        ("issued_on", Column::Day),
        ("principal_fen", Column::Big),
        ("gains_fen", Column::Big),
        ("due_fen", Column::Big),
        ("paid_fen", Column::Big),
        ("held_fen", Column::Big),
        ("owners", Column::Text),
        ("digest", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const CERTIFICATES: Reads = Reads(&[&CERTIFICATE]);

/// A dwelling to part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parting {
    /// As its code is written.
    pub room: String,
    /// The day the parts begin.
    pub on: Day,
    /// What it is parted into.
    pub parts: Vec<NewPart>,
    /// What proves it.
    pub evidence: String,
}

/// Dwellings to make one of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joining {
    /// As their codes are written.
    pub rooms: Vec<String>,
    /// The day the one begins.
    pub on: Day,
    /// Its code.
    pub code: RoomCode,
    /// What proves it.
    pub evidence: String,
}

/// A dwelling that is no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// As its code is written.
    pub room: String,
    /// The first day without it.
    pub on: Day,
    /// What proves it.
    pub evidence: String,
}

/// What a dwelling got, or gave.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "一户的本金与增值收益")]
pub struct Carried {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 13)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101A")]
    pub room: String,
    /// 本金.
    #[schemars(description = "本金：分", example = 400_000)]
    pub principal_fen: Money,
    /// 增值收益.
    #[schemars(description = "增值收益：分", example = 0)]
    pub gains_fen: Money,
}

/// What became of dwellings, and of what they had.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "已办的房屋变动")]
pub struct Succeeded {
    /// Its number.
    #[schemars(description = "变动编号", example = 1)]
    pub succession_no: SuccessionNo,
    /// Its voucher, if there was money.
    #[schemars(description = "凭证号：没有余额的则空", example = &"fund/2026-0003")]
    pub voucher: Option<String>,
    /// Those that came of it, with what they have.
    #[schemars(description = "承接的房屋及其余额")]
    pub into: Vec<Carried>,
}

/// Parts a dwelling into several. Principal and gains go by area; what was to be paid in at first, too.
///
/// # Errors
/// `property.no-dwelling`, `life.held`, `life.fees-open`, `life.later-movement`, those of the register's parting,
/// `property.handed-over`, those of [`journal::post`].
pub async fn split(tx: &mut Tx, parting: &Parting) -> Result<Succeeded> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, &parting.room, today).await?;
    property::must_stand(tx, dwelling.no, parting.on).await?;
    property::may_keep(tx).await?;
    let from = vec![dwelling];
    let had = may_carry(tx, &from, parting.on).await?;
    let (no, born) =
        property::part(tx, &from[0], parting.on, &parting.parts, &parting.evidence).await?;
    let parts: Vec<&NewPart> = parting.parts.iter().collect();
    carry(tx, no, "分户", (&from, &had), (&born, &parts), parting.on, &parting.evidence).await
}

/// Makes one dwelling of several.
///
/// # Errors
/// As [`split`].
pub async fn merge(tx: &mut Tx, joining: &Joining) -> Result<Succeeded> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let mut from = Vec::with_capacity(joining.rooms.len());
    for room in &joining.rooms {
        let dwelling = property::dwelling(tx, compound, room, today).await?;
        property::must_stand(tx, dwelling.no, joining.on).await?;
        from.push(dwelling);
    }
    property::may_keep(tx).await?;
    let had = may_carry(tx, &from, joining.on).await?;
    let (no, born) =
        property::join(tx, &from, joining.on, &joining.code, &joining.evidence).await?;
    let area = from.iter().map(|d| d.fund_area.in_centi_m2()).sum();
    let whole = NewPart { code: joining.code.clone(), area: crate::measure::Area::centi_m2(area) };
    carry(tx, no, "并户", (&from, &had), (&born, &[&whole]), joining.on, &joining.evidence).await
}

/// A dwelling is no more from a day on. What it has in the fund waits for the refund of a destroyed dwelling.
///
/// # Errors
/// `property.no-dwelling`, `property.ended`, `property.ended-early`.
pub async fn demolish(tx: &mut Tx, ending: &Ending) -> Result<SuccessionNo> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, &ending.room, today).await?;
    property::end(tx, &dwelling, ending.on, &ending.evidence).await
}

/// What a dwelling has, as its accounts say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Had {
    /// On 4001: paid in, same-year refunds taken off.
    deposited: Money,
    principal: Money,
    gains: Money,
}

/// What dwellings have, if it may be carried over.
async fn may_carry(tx: &mut Tx, from: &[Dwelling], on: Day) -> Result<Vec<Had>> {
    let compound = tx.compound();
    let held = journal::held(tx, compound, Book::Fund).await?;
    let mut had = Vec::with_capacity(from.len());
    for dwelling in from {
        if let Some(amount) = held.get(&dwelling.no).filter(|amount| !amount.is_zero()) {
            let evidence = format!("{} 已承诺 {} 元", dwelling.code, amount.grouped());
            return Err(HELD.refuse(evidence).into());
        }
        let mut open: BTreeMap<i32, Money> = BTreeMap::new();
        for balance in journal::balances_of(tx, Book::Service, dwelling.no).await? {
            *open.entry(balance.account).or_default() += balance.debit_balance();
        }
        let chart = Book::Service.chart();
        let is_standing = |code: i32| {
            let element = chart.account(code).map(|account| account.element);
            matches!(element, Some(Element::Asset | Element::Liability))
        };
        if let Some((code, amount)) =
            open.iter().find(|(code, m)| is_standing(**code) && !m.is_zero())
        {
            let name = chart.account(*code).map_or("", |account| account.name.as_str());
            let evidence = format!("{} {name} {} 元", dwelling.code, amount.abs().grouped());
            return Err(FEES_OPEN.refuse(evidence).into());
        }
        let moved =
            journal::statement(tx, compound, Book::Fund, dwelling.no, AsOf::default()).await?;
        if let Some(last) = moved.last().filter(|last| last.effective_on > on) {
            let evidence = format!("{} 最后一笔在 {}，登记 {on}", dwelling.code, last.effective_on);
            return Err(LATER.refuse(evidence).into());
        }
        let mut sum = Had::default();
        for balance in journal::balances_of(tx, Book::Fund, dwelling.no).await? {
            let credit = -balance.debit_balance();
            match Book::Fund.chart().account(balance.account).and_then(|a| a.bearing) {
                Some(Bearing::Principal) => sum.principal += credit,
                Some(Bearing::Gains) => sum.gains += credit,
                None => {}
            }
            if balance.account / 100 == 4001 {
                sum.deposited += credit;
            }
        }
        had.push(sum);
    }
    Ok(had)
}

/// The accounts that carry a dwelling's money without being income or expenditure: what was paid in, other principal, gains.
const fn carriers(housing: Housing) -> [i32; 3] {
    match housing {
        Housing::Commodity => [400_101, 300_101, 3001],
        Housing::SoldPublic => [400_102, 300_203, 300_201],
    }
}

/// Carries what dwellings had to those that came of them, with what they were to pay in.
async fn carry(
    tx: &mut Tx,
    no: SuccessionNo,
    word: &str,
    (from, had): (&[Dwelling], &[Had]),
    (born, parts): (&[DwellingNo], &[&NewPart]),
    on: Day,
    evidence: &str,
) -> Result<Succeeded> {
    let weights: Vec<u64> =
        parts.iter().map(|part| part.area.in_centi_m2().unsigned_abs()).collect();
    let shared = |of: fn(&Had) -> Money| divided(had.iter().map(of).sum(), &weights);
    let (deposited, principal, gains) =
        (shared(|h| h.deposited), shared(|h| h.principal), shared(|h| h.gains));
    let housing = from.first().map_or(Housing::Commodity, |dwelling| dwelling.housing);
    let [income, other, profit] = carriers(housing);

    let mut lines = Vec::new();
    for (dwelling, had) in from.iter().zip(had) {
        put(&mut lines, income, dwelling.no, -had.deposited);
        put(&mut lines, other, dwelling.no, had.deposited - had.principal);
        put(&mut lines, profit, dwelling.no, -had.gains);
    }
    let mut into = Vec::with_capacity(born.len());
    for (place, (dwelling_no, part)) in born.iter().zip(parts).enumerate() {
        put(&mut lines, income, *dwelling_no, deposited[place]);
        put(&mut lines, other, *dwelling_no, principal[place] - deposited[place]);
        put(&mut lines, profit, *dwelling_no, gains[place]);
        into.push(Carried {
            dwelling_no: *dwelling_no,
            room: part.code.to_string(),
            principal_fen: principal[place],
            gains_fen: gains[place],
        });
    }
    let rooms = |codes: Vec<String>| codes.join("、");
    let memo = format!(
        "{word} {} → {}",
        rooms(from.iter().map(|d| d.code.to_string()).take(3).collect()),
        rooms(parts.iter().map(|p| p.code.to_string()).take(3).collect())
    );
    let voucher = match lines.is_empty() {
        true => None,
        false => Some(post(tx, on, memo, evidence, lines).await?),
    };
    reassess(tx, from, born, &weights).await?;
    Ok(Succeeded { succession_no: no, voucher: voucher.map(|v| v.to_string()), into })
}

async fn post(
    tx: &mut Tx,
    on: Day,
    memo: String,
    evidence: &str,
    lines: Vec<Line>,
) -> Result<Posted> {
    let entry = Entry {
        book: Book::Fund,
        effective_on: on,
        kind: Kind::Transfer,
        memo,
        source: String::new(),
        evidence: evidence.trim().to_owned(),
        lines,
    };
    journal::post(tx, entry).await
}

/// A line that adds to a dwelling, or takes from it; none for nothing.
fn put(lines: &mut Vec<Line>, account: i32, dwelling: DwellingNo, credit: Money) {
    lines.extend(line(account, credit).map(|line| line.of(dwelling)));
}

fn line(account: i32, credit: Money) -> Option<Line> {
    match credit {
        credit if credit.is_positive() => Some(Line::credit(account, credit)),
        credit if credit.is_negative() => Some(Line::debit(account, -credit)),
        _ => None,
    }
}

/// A total over weights, the one way to divide, whichever sign it has.
fn divided(total: Money, weights: &[u64]) -> Vec<Money> {
    let shares =
        money::split(total.abs(), weights).unwrap_or_else(|| vec![Money::ZERO; weights.len()]);
    let signed = |share: Money| if total.is_negative() { -share } else { share };
    shares.into_iter().map(signed).collect()
}

/// What was to be paid in at first goes over by area too.
async fn reassess(
    tx: &mut Tx,
    from: &[Dwelling],
    born: &[DwellingNo],
    weights: &[u64],
) -> Result<()> {
    let compound = tx.compound();
    let mut old: Vec<Assessment> = Vec::new();
    for dwelling in from {
        old.extend(fund::assessments(tx, compound, Some(dwelling.no)).await?);
    }
    let Some(first) = old.first() else { return Ok(()) };
    let due: Money = old.iter().map(|assessment| assessment.due).sum();
    let standard = format!("承自 {}：{}", from[0].code, first.standard);
    let standard: String = standard.chars().take(200).collect();
    let new: Vec<Assessment> = born
        .iter()
        .zip(divided(due, weights))
        .map(|(no, due)| Assessment {
            dwelling_no: *no,
            due,
            standard: standard.clone(),
            ..first.clone()
        })
        .collect();
    let numbers: Vec<DwellingNo> = from.iter().map(|dwelling| dwelling.no).collect();
    fund::withdraw_assessments(tx, &numbers).await?;
    fund::assess(tx, &new).await
}

/// What kind of certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "证明种类：balance 结存证明，clearance 结清证明")]
pub enum CertificateKind {
    /// 结存证明.
    #[schemars(description = "结存证明：余额、欠交、已承诺")]
    Balance,
    /// 结清证明.
    #[schemars(description = "结清证明：首期已交清")]
    Clearance,
}

impl CertificateKind {
    const fn name(self) -> &'static str {
        match self {
            CertificateKind::Balance => "balance",
            CertificateKind::Clearance => "clearance",
        }
    }

    /// The title on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            CertificateKind::Balance => "结存证明",
            CertificateKind::Clearance => "结清证明",
        }
    }
}

/// A certificate to give.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Certifying {
    /// As its code is written.
    pub room: String,
    /// What kind.
    pub kind: CertificateKind,
}

/// A certificate of what a dwelling has in the fund, for its sale (165号令 art. 28).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "维修资金证明：过户时随房屋交付")]
pub struct Certificate {
    /// Its number.
    #[schemars(description = "证明编号", example = 1)]
    pub certificate_no: CertificateNo,
    /// What kind.
    #[schemars(description = "证明种类")]
    pub kind: CertificateKind,
    /// The dwelling.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// Its owners on the day, masked.
    #[schemars(description = "产权人：只显示姓", example = &"王*")]
    pub owners: String,
    /// The day.
    #[schemars(description = "出具日期", with = "String", extend("format" = "date"), example = &"2026-01-05")]
    pub issued_on: Day,
    /// 本金.
    #[schemars(description = "本金：分", example = 800_000)]
    pub principal_fen: Money,
    /// 增值收益.
    #[schemars(description = "增值收益：分", example = 0)]
    pub gains_fen: Money,
    /// 首期应交.
    #[schemars(description = "首期应交：分", example = 800_000)]
    pub due_fen: Money,
    /// 已交.
    #[schemars(description = "累计已交：分", example = 800_000)]
    pub paid_fen: Money,
    /// Promised to projects and not yet paid.
    #[schemars(description = "已承诺给维修项目而未付：分", example = 0)]
    pub held_fen: Money,
    /// SHA-256 over all of it, in hexadecimal.
    #[schemars(description = "摘要：SHA-256", example = &"e3b0c442")]
    pub digest: String,
}

impl Certificate {
    /// What is owed of the first deposit.
    #[must_use]
    pub fn owed_fen(&self) -> Money {
        let owed = self.due_fen - self.paid_fen;
        if owed.is_negative() { Money::ZERO } else { owed }
    }

    fn told(&self, compound: CompoundId) -> String {
        let mut told = format!("{compound}|{}|{}", self.certificate_no, self.kind.name());
        for amount in
            [self.principal_fen, self.gains_fen, self.due_fen, self.paid_fen, self.held_fen]
        {
            // Writing to a String cannot fail.
            let _ = write!(told, "|{}", amount.in_fen());
        }
        format!("{told}|{}|{}|{}", self.room, self.owners, self.issued_on)
    }
}

/// Gives a certificate of what a dwelling has, as of today. The balance goes with the dwelling when it is sold.
///
/// # Errors
/// `property.no-dwelling`, `property.ended`, `life.arrears`.
pub async fn certify(tx: &mut Tx, asked: &Certifying) -> Result<Certificate> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, &asked.room, today).await?;
    property::must_stand(tx, dwelling.no, today).await?;
    let account = fund::account(tx, compound, dwelling.no, None, AsOf::default()).await?;
    let held = journal::held(tx, compound, Book::Fund).await?;
    let due_fen = account.assessment.as_ref().map_or(Money::ZERO, |assessment| assessment.due);

    let mut certificate = Certificate {
        certificate_no: CertificateNo(0),
        kind: asked.kind,
        room: dwelling.code.to_string(),
        owners: owners(&dwelling),
        issued_on: today,
        principal_fen: account.closing.principal,
        gains_fen: account.closing.gains,
        due_fen,
        paid_fen: account.deposited,
        held_fen: held.get(&dwelling.no).copied().unwrap_or_default(),
        digest: String::new(),
    };
    if asked.kind == CertificateKind::Clearance && certificate.owed_fen().is_positive() {
        let owed = certificate.owed_fen().grouped();
        return Err(ARREARS.refuse(format!("{} 首期欠交 {owed} 元", dwelling.code)).into());
    }
    certificate.certificate_no = CertificateNo(tx.next_no("certificate"));
    certificate.digest = text::hex(&text::hash(&certificate.told(compound)));
    let row = [
        compound.0.into(),
        certificate.certificate_no.0.into(),
        certificate.kind.name().into(),
        dwelling.no.0.into(),
        today.into(),
        certificate.principal_fen.in_fen().into(),
        certificate.gains_fen.in_fen().into(),
        certificate.due_fen.in_fen().into(),
        certificate.paid_fen.in_fen().into(),
        certificate.held_fen.in_fen().into(),
        (&certificate.owners).into(),
        (&certificate.digest).into(),
        tx.act().0.into(),
    ];
    tx.put(&CERTIFICATE, &row);
    Ok(certificate)
}

fn owners(dwelling: &Dwelling) -> String {
    let names: Vec<String> = dwelling.owners.iter().map(|owner| mask::name(&owner.name)).collect();
    match names.is_empty() {
        true if dwelling.is_unsold => "（未售）".to_owned(),
        true => "（未登记）".to_owned(),
        false => names.join("、"),
    }
}

/// A certificate that was given, and whether its digest is still that of what it says.
///
/// # Errors
/// `life.no-certificate`.
pub async fn certificate(
    view: &mut impl View,
    compound: CompoundId,
    no: CertificateNo,
) -> Result<Certificate> {
    let sql = "SELECT c.*, d.code FROM certificate c
               JOIN dwelling d ON d.compound_id = c.compound_id AND d.dwelling_no = c.dwelling_no
               WHERE c.compound_id = $1 AND c.certificate_no = $2";
    let found = view.rows(CERTIFICATES, sql, vec![compound.0.into(), no.0.into()]).await?;
    let row = found.first().ok_or_else(|| NO_CERTIFICATE.refuse(format!("证明编号 {no}")))?;
    let kind: String = row.try_get("", "kind")?;
    let fen = |column| row.try_get::<i64>("", column).map(Money::fen);
    let certificate = Certificate {
        certificate_no: no,
        kind: match kind.as_str() {
            "clearance" => CertificateKind::Clearance,
            _ => CertificateKind::Balance,
        },
        room: row.try_get("", "code")?,
        owners: row.try_get("", "owners")?,
        issued_on: row.try_get("", "issued_on")?,
        principal_fen: fen("principal_fen")?,
        gains_fen: fen("gains_fen")?,
        due_fen: fen("due_fen")?,
        paid_fen: fen("paid_fen")?,
        held_fen: fen("held_fen")?,
        digest: row.try_get("", "digest")?,
    };
    if text::hex(&text::hash(&certificate.told(compound))) != certificate.digest {
        let bug = Storage::Bug(format!("certificate {no} of compound {compound} was changed"));
        return Err(bug.into());
    }
    Ok(certificate)
}

/// The fund goes to another keeper.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handing {
    /// Who keeps it from then on.
    pub to: String,
    /// The day.
    pub on: Day,
    /// What proves it: the owners' resolution, the notice.
    pub evidence: String,
}

/// The fund comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakingBack {
    /// Who keeps it here.
    pub keeper: String,
    /// The day.
    pub on: Day,
    /// What proves it.
    pub evidence: String,
    /// What comes back, dwelling by dwelling; none for exactly what went.
    pub list: Option<Vec<Returned>>,
    /// Gains not distributed that come back with a list, of commodity housing.
    pub undistributed: Money,
}

/// What comes back of a dwelling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Returned {
    /// As its code is written.
    pub room: String,
    /// 本金.
    pub principal: Money,
    /// 增值收益.
    pub gains: Money,
}

/// A fund that was handed over, or came back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "已办的划转及其清册")]
pub struct Handed {
    /// Its number.
    #[schemars(description = "划转编号", example = 1)]
    pub custody_no: CustodyNo,
    /// Its voucher.
    #[schemars(description = "凭证号", example = &"fund/2026-0009")]
    pub voucher: String,
    /// What was handed over, dwelling by dwelling.
    #[schemars(description = "清册：各户")]
    pub list: Vec<Carried>,
    /// Σ principal.
    #[schemars(description = "本金合计：分", example = 800_000)]
    pub principal_fen: Money,
    /// Σ gains.
    #[schemars(description = "增值收益合计：分", example = 0)]
    pub gains_fen: Money,
    /// What goes with it and is no dwelling's: gains not distributed, refunds due, selling units' and unshared.
    #[schemars(description = "未落户的合计：待分配收益、应付返还、售房单位等，分", example = 0)]
    pub others_fen: Money,
    /// The whole.
    #[schemars(description = "总额：分", example = 800_000)]
    pub total_fen: Money,
    /// The digest of the list, SHA-256 in hexadecimal.
    #[schemars(description = "清册摘要：SHA-256", example = &"e3b0c442")]
    pub digest: String,
}

/// Hands the whole fund over (划转): every account of the book to nought, dwelling by dwelling.
///
/// # Errors
/// `life.keeper`, `seal.person-in-text`, `property.handed-over`, `life.held`, `life.nothing`, `life.later-movement`, those of
/// [`journal::post`].
pub async fn hand_over(tx: &mut Tx, handing: &Handing) -> Result<Handed> {
    let (compound, today) = (tx.compound(), tx.at().day());
    named(&handing.to, &handing.evidence)?;
    property::may_keep(tx).await?;
    if let Some((dwelling, amount)) =
        journal::held(tx, compound, Book::Fund).await?.into_iter().find(|(_, m)| !m.is_zero())
    {
        let code = property::code_of(tx, compound, dwelling).await?.unwrap_or_default();
        return Err(HELD.refuse(format!("{code} 已承诺 {} 元", amount.grouped())).into());
    }
    let codes: Vec<i32> = Book::Fund.chart().accounts.iter().map(|a| a.code).collect();
    let until = Day::from_ymd_opt(2999, 12, 31).unwrap_or(today);
    let moved =
        journal::moved_on(tx, compound, Book::Fund, (&codes, journal::Whose::Anybody), until)
            .await?;
    if let Some(last) = moved.last().filter(|last| last.on > handing.on) {
        return Err(LATER.refuse(format!("最后一笔在 {}，划转 {}", last.on, handing.on)).into());
    }
    let every = property::every(tx, compound, today).await?;
    let balances = journal::dwelling_balances(tx, compound, Book::Fund, AsOf::default()).await?;
    let bare = journal::balances_of(tx, Book::Fund, DwellingNo(0)).await?;
    let (mut lines, list) = emptied(&every, &balances);
    lines.extend(emptied_bare(&bare));
    if lines.len() < 2 {
        return Err(NOTHING.refuse("账上没有资金").into());
    }
    record(tx, (true, &handing.to), handing.on, &handing.evidence, lines, list).await
}

fn named(keeper: &str, evidence: &str) -> Result<()> {
    let fits = |text: &str, most: usize| {
        (1..=most).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
    };
    if !fits(keeper, 60) || !fits(evidence, 200) {
        let shown: String = keeper.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(KEEPER.refuse(format!("代管机构 {shown:?}")).into());
    }
    may_stand_in_clear("代管机构", keeper)?;
    Ok(may_stand_in_clear("依据", evidence)?)
}

/// The lines that bring every dwelling to nought, and the list of what each had.
fn emptied(every: &[Dwelling], balances: &[(DwellingNo, i32, Money)]) -> (Vec<Line>, Vec<Carried>) {
    let housing: HashMap<DwellingNo, Housing> = every.iter().map(|d| (d.no, d.housing)).collect();
    let chart = Book::Fund.chart();
    let mut sums: BTreeMap<DwellingNo, FundBalance> = BTreeMap::new();
    let mut lines = Vec::new();
    for (dwelling, account, debit) in balances {
        match chart.account(*account).and_then(|a| a.bearing) {
            Some(Bearing::Principal) => sums.entry(*dwelling).or_default().principal -= *debit,
            Some(Bearing::Gains) => sums.entry(*dwelling).or_default().gains -= *debit,
            // What names a dwelling and bears no balance of it: a refund due.
            None => put(&mut lines, *account, *dwelling, *debit),
        }
    }
    let mut list = Vec::with_capacity(sums.len());
    for dwelling in every {
        let Some(had) = sums.get(&dwelling.no).filter(|had| **had != FundBalance::default()) else {
            continue;
        };
        let of = housing.get(&dwelling.no).copied().unwrap_or(Housing::Commodity);
        let [_, other, profit] = carriers(of);
        put(&mut lines, other, dwelling.no, -had.principal);
        put(&mut lines, profit, dwelling.no, -had.gains);
        list.push(Carried {
            dwelling_no: dwelling.no,
            room: dwelling.code.to_string(),
            principal_fen: had.principal,
            gains_fen: had.gains,
        });
    }
    (lines, list)
}

/// The lines that bring to nought what names no dwelling. Income not yet closed is taken where it closes to, so that the
/// month's close meets it there.
fn emptied_bare(bare: &[journal::Balance]) -> Vec<Line> {
    let chart = Book::Fund.chart();
    let mut sums: BTreeMap<(i32, Option<crate::id::MatterNo>), Money> = BTreeMap::new();
    for balance in bare {
        let Some(account) = chart.account(balance.account) else { continue };
        let to = account.month_closes_to.unwrap_or(account.code);
        *sums.entry((to, balance.matter)).or_default() += balance.debit_balance();
    }
    let line = |((account, matter), debit)| {
        let line = line(account, debit)?;
        Some(match matter {
            Some(matter) => line.about(matter),
            None => line,
        })
    };
    sums.into_iter().filter_map(line).collect()
}

async fn record(
    tx: &mut Tx,
    (is_away, keeper): (bool, &str),
    on: Day,
    evidence: &str,
    lines: Vec<Line>,
    list: Vec<Carried>,
) -> Result<Handed> {
    let digest = digest(&list);
    let memo = if is_away { format!("划转至 {}", keeper.trim()) } else { "划回".to_owned() };
    let voucher = post(tx, on, memo, evidence, lines.clone()).await?;
    let custody = NewCustody {
        is_away,
        keeper: keeper.trim(),
        taken_on: on,
        evidence: evidence.trim(),
        digest: &digest,
        voucher: voucher.seq,
    };
    let custody_no = property::record_custody(tx, &custody);
    Ok(summed(custody_no, voucher.to_string(), list, &lines, digest))
}

/// SHA-256 over the list's text: a line a dwelling, `room|principal|gains` in fen, in the order of the list.
#[must_use]
pub fn digest(list: &[Carried]) -> String {
    let mut told = String::new();
    for Carried { room, principal_fen, gains_fen, .. } in list {
        // Writing to a String cannot fail.
        let _ = writeln!(told, "{room}|{}|{}", principal_fen.in_fen(), gains_fen.in_fen());
    }
    text::hex(&text::hash(&told))
}

/// Takes the fund back: exactly what went, or what a list says.
///
/// # Errors
/// `life.keeper`, `life.not-handed-over`, `life.later-movement`, `life.nothing`, `property.no-dwelling`, those of
/// [`journal::post`].
pub async fn take_back(tx: &mut Tx, taking: &TakingBack) -> Result<Handed> {
    let (compound, today) = (tx.compound(), tx.at().day());
    named(&taking.keeper, &taking.evidence)?;
    let custodies = property::custodies(tx, compound).await?;
    let Some(away) = custodies.last().filter(|custody| custody.is_away) else {
        return Err(NOT_AWAY.refuse("维修资金就在本账簿").into());
    };
    if taking.on < away.taken_on {
        return Err(LATER.refuse(format!("划转在 {}，划回 {}", away.taken_on, taking.on)).into());
    }
    let every = property::every(tx, compound, today).await?;
    let (lines, list) = match &taking.list {
        None => mirrored(tx, away.voucher_seq, &every).await?,
        Some(rows) => listed(&every, rows, taking.undistributed)?,
    };
    record(tx, (false, &taking.keeper), taking.on, &taking.evidence, lines, list).await
}

/// The lines of a voucher on the other sides.
async fn mirrored(
    tx: &mut Tx,
    seq: VoucherSeq,
    every: &[Dwelling],
) -> Result<(Vec<Line>, Vec<Carried>)> {
    let turn = |line: &Line| Line { side: line.side.other(), ..*line };
    let lines: Vec<Line> = lines_of(tx, tx.compound(), seq).await?.iter().map(turn).collect();
    let list = list_of(&lines, every, false);
    Ok((lines, list))
}

async fn lines_of(
    view: &mut impl View,
    compound: CompoundId,
    seq: VoucherSeq,
) -> Result<Vec<Line>> {
    let before = VoucherSeq(seq.0 - 1);
    let found = journal::vouchers(view, compound, Book::Fund, before, 1).await?.pop();
    let bug = || Storage::Bug(format!("the custody of compound {compound} names no voucher {seq}"));
    Ok(found.ok_or_else(bug)?.voucher.lines)
}

/// What a voucher takes from each dwelling, or brings it, in the natural order of rooms.
fn list_of(lines: &[Line], every: &[Dwelling], is_away: bool) -> Vec<Carried> {
    let mut sums: BTreeMap<DwellingNo, FundBalance> = BTreeMap::new();
    for line in lines {
        let bearing = Book::Fund.chart().account(line.account).and_then(|a| a.bearing);
        let (Some(dwelling), Some(bearing)) = (line.dwelling, bearing) else { continue };
        let amount = if is_away { line.signed() } else { -line.signed() };
        let sum = sums.entry(dwelling).or_default();
        match bearing {
            Bearing::Principal => sum.principal += amount,
            Bearing::Gains => sum.gains += amount,
        }
    }
    let carried = |d: &Dwelling| {
        let had = sums.get(&d.no)?;
        let (room, dwelling_no) = (d.code.to_string(), d.no);
        Some(Carried { dwelling_no, room, principal_fen: had.principal, gains_fen: had.gains })
    };
    every.iter().filter_map(carried).collect()
}

/// A hand-over or a return by its number, with its list, as its voucher says.
///
/// # Errors
/// `life.no-custody`.
pub async fn handed(
    view: &mut impl View,
    compound: CompoundId,
    no: CustodyNo,
) -> Result<(property::Custody, Handed)> {
    let custodies = property::custodies(view, compound).await?;
    let found = custodies.into_iter().find(|custody| custody.custody_no == no);
    let custody = found.ok_or_else(|| NO_CUSTODY.refuse(format!("划转编号 {no}")))?;
    let every = property::every(view, compound, custody.taken_on).await?;
    let before = VoucherSeq(custody.voucher_seq.0 - 1);
    let row = journal::vouchers(view, compound, Book::Fund, before, 1).await?.pop();
    let bug = |what: &str| Storage::Bug(format!("custody {no} of compound {compound}: {what}"));
    let voucher = row.ok_or_else(|| bug("no voucher"))?.voucher;
    let list = list_of(&voucher.lines, &every, custody.is_away);
    if digest(&list) != custody.digest {
        return Err(bug("the list is not the one handed over").into());
    }
    let handed =
        summed(no, voucher.posted.to_string(), list, &voucher.lines, custody.digest.clone());
    Ok((custody, handed))
}

fn summed(
    custody_no: CustodyNo,
    voucher: String,
    list: Vec<Carried>,
    lines: &[Line],
    digest: String,
) -> Handed {
    let is_asset = |line: &&Line| {
        Book::Fund.chart().account(line.account).is_some_and(|a| a.element == Element::Asset)
    };
    let total_fen = lines.iter().filter(is_asset).map(Line::signed).sum::<Money>().abs();
    let principal_fen: Money = list.iter().map(|carried| carried.principal_fen).sum();
    let gains_fen: Money = list.iter().map(|carried| carried.gains_fen).sum();
    let others_fen = total_fen - principal_fen - gains_fen;
    Handed { custody_no, voucher, list, principal_fen, gains_fen, others_fen, total_fen, digest }
}

/// The lines of a list that comes back: all of it to the bank.
fn listed(
    every: &[Dwelling],
    rows: &[Returned],
    undistributed: Money,
) -> Result<(Vec<Line>, Vec<Carried>)> {
    let mut wanted: HashMap<String, &Returned> = HashMap::with_capacity(rows.len());
    for row in rows {
        let code = RoomCode::parse(&row.room).map(|code| code.to_string()).unwrap_or_default();
        if !every.iter().any(|dwelling| dwelling.code.to_string() == code) {
            return Err(property::NO_DWELLING.refuse(format!("房号 {:?}", row.room)).into());
        }
        let is_twice = wanted.insert(code.clone(), row).is_some();
        if row.principal.is_negative() || row.gains.is_negative() || is_twice {
            return Err(NOTHING.refuse(format!("清册 {code}")).into());
        }
    }
    let mut lines = Vec::new();
    for dwelling in every {
        let Some(row) = wanted.get(&dwelling.code.to_string()) else { continue };
        let [_, other, profit] = carriers(dwelling.housing);
        put(&mut lines, other, dwelling.no, row.principal);
        put(&mut lines, profit, dwelling.no, row.gains);
    }
    let list = list_of(&lines, every, false);
    let of_rows: Money = rows.iter().map(|row| row.principal + row.gains).sum();
    let total = of_rows + undistributed;
    if !total.is_positive() || undistributed.is_negative() {
        return Err(NOTHING.refuse(format!("合计 {} 元", total.grouped())).into());
    }
    lines.extend(line(310_101, undistributed));
    lines.push(Line::debit(1001, total));
    Ok((lines, list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_divided_sums_up_whichever_its_sign() {
        for total in [0, 1, 100, 99_999, -100, -7] {
            let shares = divided(Money::fen(total), &[3333, 3333, 3334]);
            assert_eq!(shares.iter().copied().sum::<Money>(), Money::fen(total));
        }
        let shares: Vec<i64> =
            divided(Money::fen(100), &[1, 1, 1]).iter().map(|m| m.in_fen()).collect();
        assert_eq!(shares, [34, 33, 33], "the missing fen goes to the first new dwelling");
    }

    #[test]
    fn the_digest_of_a_list_is_of_every_figure_in_it() {
        let one = Carried {
            dwelling_no: DwellingNo(1),
            room: "1-1-101".to_owned(),
            principal_fen: Money::fen(5),
            gains_fen: Money::fen(6),
        };
        let other = Carried { gains_fen: Money::fen(7), ..one.clone() };
        assert_ne!(digest(&[one.clone()]), digest(&[other]));
        assert_ne!(digest(&[one.clone()]), digest(&[one.clone(), one]));
    }
}
