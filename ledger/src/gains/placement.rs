//! Idle money: term deposits, treasury bonds of the primary market, what the bank credits and charges.
//!
//! Owns: `placement`, `placement_end`.
//!
//! Always: a placement is of a kind the compound's pack lists on its first day (165号令 art. 26); bonds are bought at issue and
//! held to maturity; Σ open bonds at cost = 1101, Σ open term deposits ≤ 1001. A term deposit is bank money and moves no
//! account; what it earned does. What the bank credits is divided between commodity and sold public housing by what each has,
//! through the one way to divide. Never: a sale, a repo, a pledge, an entrusted product.
//! Limits: what a placement should have earned is reckoned by 30/360 for comparison, and never posted: the bank's figure is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rates::{e8, percent};
use super::{AMOUNT, BANK, CHARGE, RESIDUAL, STRANDS, Strand};
use crate::bank;
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::{CompoundId, LineNo, PlacementNo};
use crate::journal::{self, AsOf, Book, Entry, Kind, Line, Posted};
use crate::money::{Money, Rounding, Unrounded, split};
use crate::policy::terms::{DayCount, IdleMoney, Interest, Residual};
use crate::policy::{self, Pack};
use crate::property;
use crate::seal::may_stand_in_clear;

/// The pack does not list this kind.
pub static NOT_LISTED: Rule = Rule {
    code: "gains.not-listed",
    kind: Answer::Refused,
    rule: "闲置资金除存款外，只可在一级市场购买国债并持有到期；不得回购、委托理财、质押或抵押（165号令第二十六条）",
    remedy: "改存定期存款，或购买一级市场国债",
};

/// A placement that cannot be.
pub static SHAPE: Rule = Rule {
    code: "gains.placement-shape",
    kind: Answer::Shape,
    rule: "存放须写明存放处或债券名称（100 字以内）、大于零的金额、起存日与其后的到期日、年利率",
    remedy: "对照存单或国债凭证填写；债券的成本为实际支付的价款",
};

/// There is not so much in the bank.
pub static NOT_THERE: Rule = Rule {
    code: "gains.not-there",
    kind: Answer::Refused,
    rule: "存放的金额不得超过银行存款中尚未定存的部分",
    remedy: "核对专户余额与未到期的定期存款",
};

/// There is no such placement.
pub static NO_PLACEMENT: Rule = Rule {
    code: "gains.no-placement",
    kind: Answer::Missing,
    rule: "存放须已登记",
    remedy: "查看存放清单",
};

/// It has ended.
pub static ENDED: Rule = Rule {
    code: "gains.placement-ended",
    kind: Answer::Conflict,
    rule: "一笔存放只结束一次",
    remedy: "查看已登记的支取或转存",
};

/// It is not due, or the day does not fit how it ends.
pub static NOT_DUE: Rule = Rule {
    code: "gains.not-due",
    kind: Answer::Refused,
    rule: "到期支取、转存在到期日或之后，提前支取在起存日与到期日之间",
    remedy: "核对日期与方式",
};

/// A bond before its maturity.
pub static HELD: Rule = Rule {
    code: "gains.held-to-maturity",
    kind: Answer::Refused,
    rule: "国债须持有到期，不得提前卖出或转存（165号令第二十六条）",
    remedy: "到期后登记兑付",
};

static PLACEMENT: Table = Table {
    name: "placement",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("placement_no", Column::Int),
        ("kind", Column::Text),
        ("name", Column::Text),
        ("nominal_fen", Column::Big),
        ("cost_fen", Column::Big),
        ("rate_e8", Column::Big),
        ("early_rate_e8", Column::Big),
        ("starts_on", Column::Day),
        ("matures_on", Column::Day),
        ("renews_no", Column::SomeInt),
        ("voucher_seq", Column::SomeInt),
        ("evidence", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static PLACEMENT_END: Table = Table {
    name: "placement_end",
    rank: 9,
    columns: &[
        ("compound_id", Column::Int),
        ("placement_no", Column::Int),
        ("how", Column::Text),
        ("ended_on", Column::Day),
        ("interest_fen", Column::Big),
        ("expected_fen", Column::Big),
        ("voucher_seq", Column::SomeInt),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const PLACEMENTS: Reads = Reads(&[&PLACEMENT, &PLACEMENT_END]);

/// What people ask to place money in. The pack says which of it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    description = "存放种类：term-deposit 定期存款，primary-bond-to-maturity 一级市场国债持有到期；secondary-bond 二级市场债券、repo 回购、entrusted 委托理财、pledge 质押，均被拒绝"
)]
pub enum Holding {
    /// 定期存款.
    #[schemars(description = "定期存款")]
    TermDeposit,
    /// 一级市场国债, held to maturity.
    #[schemars(description = "一级市场国债，持有到期")]
    PrimaryBondToMaturity,
    /// 二级市场债券.
    #[schemars(description = "二级市场债券：被拒绝")]
    SecondaryBond,
    /// 国债回购.
    #[schemars(description = "回购：被拒绝")]
    Repo,
    /// 委托理财.
    #[schemars(description = "委托理财：被拒绝")]
    Entrusted,
    /// 质押、抵押.
    #[schemars(description = "质押、抵押：被拒绝")]
    Pledge,
}

impl Holding {
    /// Every one.
    pub const ALL: [Holding; 6] = [
        Holding::TermDeposit,
        Holding::PrimaryBondToMaturity,
        Holding::SecondaryBond,
        Holding::Repo,
        Holding::Entrusted,
        Holding::Pledge,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Holding::TermDeposit => "term-deposit",
            Holding::PrimaryBondToMaturity => "primary-bond-to-maturity",
            Holding::SecondaryBond => "secondary-bond",
            Holding::Repo => "repo",
            Holding::Entrusted => "entrusted",
            Holding::Pledge => "pledge",
        }
    }

    /// In Chinese.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Holding::TermDeposit => "定期存款",
            Holding::PrimaryBondToMaturity => "一级市场国债",
            Holding::SecondaryBond => "二级市场债券",
            Holding::Repo => "国债回购",
            Holding::Entrusted => "委托理财",
            Holding::Pledge => "质押、抵押",
        }
    }

    /// What it is in a pack's list; none of what no pack can list.
    const fn in_law(self) -> Option<IdleMoney> {
        match self {
            Holding::TermDeposit => Some(IdleMoney::TermDeposit),
            Holding::PrimaryBondToMaturity => Some(IdleMoney::PrimaryBondToMaturity),
            _ => None,
        }
    }
}

/// Money to place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlacement {
    /// In what.
    pub kind: Holding,
    /// The bank and its slip, or the bond's issue.
    pub name: String,
    /// The slip's amount, or the bond's face value.
    #[serde(rename = "nominal_fen")]
    pub nominal: Money,
    /// What was paid for a bond; a deposit costs its amount.
    #[serde(rename = "cost_fen")]
    pub cost: Money,
    /// Percent a year, as agreed.
    pub percent: String,
    /// Percent a year if it is taken out before its time.
    pub early_percent: String,
    /// From which day.
    pub starts_on: Day,
    /// When it is due.
    pub matures_on: Day,
    /// The slip's number.
    pub evidence: String,
}

/// Money that was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Its number.
    pub placement_no: PlacementNo,
    /// A bond's voucher; a deposit has none, it is bank money as before.
    pub voucher: Option<Posted>,
}

/// Places money: a term deposit by a row, a bond by Dr 1101 / Cr 1001 at what was paid.
///
/// # Errors
/// `gains.not-listed`, `gains.placement-shape`, `gains.rate-shape`, `seal.person-in-text`, `gains.not-there`, those of
/// [`journal::post`].
pub async fn place(tx: &mut Tx, new: &NewPlacement) -> Result<Placed> {
    let pack = law(tx, new.starts_on).await?;
    let free = free_money(tx).await?;
    may_place(new, &pack, free)?;
    put(tx, new, None).await
}

fn may_place(new: &NewPlacement, pack: &Pack, free: Money) -> Result<(), Refusal> {
    let listed = &pack.terms.idle_money;
    if !new.kind.in_law().is_some_and(|kind| listed.value.contains(&kind)) {
        let evidence = format!("{}；{}（{}）", new.kind.in_chinese(), listed.says, listed.article);
        let refusal = NOT_LISTED.refuse(evidence).with("article", listed.article.clone());
        return Err(refusal.with("pack", pack.provenance.to_string()));
    }
    let cost = new.cost;
    for text in [&new.name, &new.evidence] {
        if text.chars().count() > 100 || text.chars().any(char::is_control) {
            return Err(SHAPE.refuse(format!("文字 {} 个", text.chars().count())));
        }
        may_stand_in_clear("存放说明", text)?;
    }
    let is_amount = |fen: Money| fen.is_positive() && fen.is_within_limit();
    let is_whole = new.kind != Holding::TermDeposit || cost == new.nominal;
    if new.name.trim().is_empty()
        || !is_amount(new.nominal)
        || !is_amount(cost)
        || !is_whole
        || new.matures_on <= new.starts_on
    {
        let (from, to) = (new.starts_on, new.matures_on);
        let evidence =
            format!("金额 {}，成本 {}，{from} 至 {to}", new.nominal.grouped(), cost.grouped());
        return Err(SHAPE.refuse(evidence));
    }
    e8(&new.percent)?;
    e8(&new.early_percent)?;
    if cost > free {
        let evidence = format!("尚未定存 {} 元，存放 {} 元", free.grouped(), cost.grouped());
        let refusal = NOT_THERE.refuse(evidence).with("free_fen", free.in_fen());
        return Err(refusal.with("asked_fen", cost.in_fen()));
    }
    Ok(())
}

/// Writes a placement that was judged.
async fn put(tx: &mut Tx, new: &NewPlacement, renews: Option<PlacementNo>) -> Result<Placed> {
    let no = PlacementNo(tx.next_no("placement"));
    let mut voucher = None;
    if new.kind == Holding::PrimaryBondToMaturity {
        let entry = Entry {
            book: Book::Fund,
            effective_on: new.starts_on,
            kind: Kind::Other,
            memo: format!("购入国债 {}", new.name.trim()),
            source: "柜台".to_owned(),
            evidence: new.evidence.trim().to_owned(),
            lines: vec![Line::debit(BONDS, new.cost), Line::credit(BANK, new.cost)],
        };
        voucher = Some(journal::post(tx, entry).await?);
    }
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        new.kind.name().into(),
        new.name.trim().into(),
        new.nominal.in_fen().into(),
        new.cost.in_fen().into(),
        e8(&new.percent)?.into(),
        e8(&new.early_percent)?.into(),
        new.starts_on.into(),
        new.matures_on.into(),
        renews.map(|no| no.0).into(),
        voucher.map(|posted| posted.seq.0).into(),
        new.evidence.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&PLACEMENT, &row);
    Ok(Placed { placement_no: no, voucher })
}

/// 1101 国债投资.
const BONDS: i32 = 1101;

async fn law(tx: &mut Tx, day: Day) -> Result<Pack> {
    let compound = tx.compound();
    let jurisdiction = property::jurisdiction(tx, compound).await?;
    policy::at(tx, &jurisdiction, day).await
}

/// What lies in the bank and is not placed for a term.
async fn free_money(tx: &mut Tx) -> Result<Money> {
    let compound = tx.compound();
    let balances = journal::control_balances(tx, compound, Book::Fund).await?;
    let bank = balances.get(&BANK).map_or(Money::ZERO, |credit| -*credit);
    let open = placements(tx, compound).await?;
    let is_term = |p: &&Placement| p.ended.is_none() && p.kind == Holding::TermDeposit;
    Ok(bank - open.iter().filter(is_term).map(|p| p.nominal).sum())
}

/// How a placement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "结束方式：paid-out 到期支取，renewed 转存，early 提前支取")]
pub enum How {
    /// 到期支取、兑付.
    #[schemars(description = "到期支取、兑付")]
    PaidOut,
    /// 转存.
    #[schemars(description = "转存")]
    Renewed,
    /// 提前支取.
    #[schemars(description = "提前支取")]
    Early,
    /// 随划转移交: the fund came back in money, and what lay elsewhere stayed where it had gone. Nobody asks for it.
    #[schemars(description = "随划转移交：由划回登记")]
    HandedOver,
}

impl How {
    const fn name(self) -> &'static str {
        match self {
            How::PaidOut => "paid-out",
            How::Renewed => "renewed",
            How::Early => "early",
            How::HandedOver => "handed-over",
        }
    }

    /// In Chinese.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            How::PaidOut => "到期支取",
            How::Renewed => "转存",
            How::Early => "提前支取",
            How::HandedOver => "随划转移交",
        }
    }

    fn named(name: &str) -> How {
        match name {
            "renewed" => How::Renewed,
            "early" => How::Early,
            "handed-over" => How::HandedOver,
            _ => How::PaidOut,
        }
    }
}

/// The end of a placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Which.
    pub placement_no: PlacementNo,
    /// How.
    pub how: How,
    /// When.
    pub on: Day,
    /// What it earned, as the bank paid it.
    #[serde(rename = "interest_fen")]
    pub interest: Money,
    /// The line it was seen on: of a bond principal and interest, of a deposit the interest alone.
    pub line_no: Option<LineNo>,
    /// Of a renewal: the new slip.
    pub renewal: Option<Renewal>,
}

/// The slip that follows another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// Whether what was earned is placed with the rest.
    pub with_interest: bool,
    /// Percent a year.
    pub percent: String,
    /// Percent a year before its time.
    pub early_percent: String,
    /// When it is due.
    pub matures_on: Day,
    /// The slip's number.
    pub evidence: String,
}

/// An ended placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its voucher, if anything was earned.
    pub voucher: Option<Posted>,
    /// What it should have earned by its rate, for comparison.
    pub expected_fen: Money,
    /// The slip that follows it.
    pub renewed_as: Option<PlacementNo>,
}

/// Ends a placement: a deposit's interest Dr 1001 / Cr 4101; a bond's return Dr 1001 / Cr 1101 and 4102.
///
/// # Errors
/// `gains.no-placement`, `gains.placement-ended`, `gains.held-to-maturity`, `gains.not-due`, `gains.amount`, those of a renewed
/// placement, of `bank::incoming` and of [`journal::post`].
pub async fn end(tx: &mut Tx, ending: &Ending) -> Result<Ended> {
    let compound = tx.compound();
    let found = placements(tx, compound).await?;
    let found = found.into_iter().find(|p| p.no == ending.placement_no);
    let missing = || NO_PLACEMENT.refuse(format!("存放 {}", ending.placement_no));
    let placement = found.ok_or_else(missing)?;
    may_end(&placement, ending)?;
    let renewal = renewal(&placement, ending)?;
    if let Some(new) = &renewal {
        // The old slip's money is free again, and what it earned is in the bank.
        let free = free_money(tx).await? + placement.nominal + ending.interest;
        may_place(new, &law(tx, new.starts_on).await?, free)?;
    }

    let is_bond = placement.kind == Holding::PrimaryBondToMaturity;
    let back = if is_bond { placement.cost } else { Money::ZERO };
    let what = if is_bond { Earned::Bond } else { Earned::Deposit };
    let memo = if is_bond { "国债兑付" } else { "定期存款利息" };
    let received = Received {
        amount: back + ending.interest,
        on: ending.on,
        memo: format!("{memo} {}", placement.name),
        evidence: placement.evidence.clone(),
        line_no: ending.line_no,
    };
    let voucher = receive(tx, received, back, what).await?;
    let expected = placement.expected(ending.on, ending.how);
    let row = [
        compound.0.into(),
        placement.no.0.into(),
        ending.how.name().into(),
        ending.on.into(),
        ending.interest.in_fen().into(),
        expected.in_fen().into(),
        voucher.map(|posted| posted.seq.0).into(),
        tx.act().0.into(),
    ];
    tx.put(&PLACEMENT_END, &row);
    let renewed_as = match &renewal {
        Some(new) => Some(put(tx, new, Some(placement.no)).await?.placement_no),
        None => None,
    };
    Ok(Ended { voucher, expected_fen: expected, renewed_as })
}

/// Ends every open placement of a fund that came back in money: what had been placed stayed with whom it was handed to.
///
/// # Errors
/// Storage.
pub(crate) async fn leave(tx: &mut Tx, on: Day) -> Result<()> {
    let compound = tx.compound();
    let open = placements(tx, compound).await?;
    for placement in open.into_iter().filter(|placement| placement.ended.is_none()) {
        let row = [
            compound.0.into(),
            placement.no.0.into(),
            How::HandedOver.name().into(),
            on.into(),
            0_i64.into(),
            0_i64.into(),
            None::<i32>.into(),
            tx.act().0.into(),
        ];
        tx.put(&PLACEMENT_END, &row);
    }
    Ok(())
}

fn may_end(placement: &Placement, ending: &Ending) -> Result<(), Refusal> {
    if let Some((how, on)) = placement.ended {
        let evidence = format!("存放 {} 已于 {on} {}", placement.no, how.in_chinese());
        return Err(ENDED.refuse(evidence));
    }
    let is_bond = placement.kind == Holding::PrimaryBondToMaturity;
    if is_bond && (ending.how != How::PaidOut || ending.on < placement.matures_on) {
        let evidence =
            format!("{} 到期日 {}，办理日 {}", placement.name, placement.matures_on, ending.on);
        return Err(HELD.refuse(evidence));
    }
    let is_fit = match ending.how {
        How::Early => (placement.starts_on..placement.matures_on).contains(&ending.on),
        How::PaidOut | How::Renewed => ending.on >= placement.matures_on,
        How::HandedOver => false,
    };
    if !is_fit || (ending.how == How::Renewed) != ending.renewal.is_some() {
        let evidence = format!(
            "{} 至 {}，办理日 {}，{}",
            placement.starts_on,
            placement.matures_on,
            ending.on,
            ending.how.in_chinese()
        );
        return Err(NOT_DUE.refuse(evidence));
    }
    if ending.interest.is_negative() || !ending.interest.is_within_limit() {
        return Err(AMOUNT.refuse(format!("利息 {} 元", ending.interest.grouped())));
    }
    Ok(())
}

fn renewal(placement: &Placement, ending: &Ending) -> Result<Option<NewPlacement>, Refusal> {
    let Some(renewal) = &ending.renewal else { return Ok(None) };
    let more = if renewal.with_interest { ending.interest } else { Money::ZERO };
    Ok(Some(NewPlacement {
        kind: placement.kind,
        name: placement.name.clone(),
        nominal: placement.nominal + more,
        cost: placement.nominal + more,
        percent: renewal.percent.clone(),
        early_percent: renewal.early_percent.clone(),
        starts_on: ending.on,
        matures_on: renewal.matures_on,
        evidence: renewal.evidence.clone(),
    }))
}

/// A placement as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its number.
    pub no: PlacementNo,
    /// In what.
    pub kind: Holding,
    /// The bank and its slip, or the bond's issue.
    pub name: String,
    /// The slip's amount, or the bond's face value.
    pub nominal: Money,
    /// What was paid.
    pub cost: Money,
    /// The agreed rate, ×10⁻⁸.
    pub rate_e8: i64,
    /// The rate before its time, ×10⁻⁸.
    pub early_rate_e8: i64,
    /// From which day.
    pub starts_on: Day,
    /// When it is due.
    pub matures_on: Day,
    /// The slip it follows.
    pub renews: Option<PlacementNo>,
    /// The slip's number.
    pub evidence: String,
    /// How and when it ended.
    pub ended: Option<(How, Day)>,
    /// What it earned.
    pub interest: Money,
}

impl Placement {
    /// What it should have earned by a day: the agreed rate to its maturity, the demand rate after it left too early; 30/360.
    #[must_use]
    pub fn expected(&self, on: Day, how: How) -> Money {
        let (rate, until) = match how {
            How::Early | How::HandedOver => (self.early_rate_e8, on),
            How::PaidOut | How::Renewed => (self.rate_e8, self.matures_on),
        };
        let days = rust_decimal::Decimal::from(DayCount::Thirty360.days(self.starts_on, until));
        let yuan = rust_decimal::Decimal::new(self.nominal.in_fen(), 2);
        let exact = yuan * rust_decimal::Decimal::new(rate, 8) * days;
        let exact =
            Unrounded::yuan(exact / rust_decimal::Decimal::from(DayCount::Thirty360.year()));
        exact.round(Rounding::HalfUpFen).unwrap_or(Money::ZERO)
    }

    /// Days until it is due on a day; negative if it is overdue.
    #[must_use]
    pub fn days_left(&self, on: Day) -> i64 {
        (self.matures_on - on).num_days()
    }

    /// Its rate in percent.
    #[must_use]
    pub fn percent(&self) -> String {
        percent(self.rate_e8)
    }
}

/// Every placement of a compound, the first due first.
///
/// # Errors
/// Storage.
pub async fn placements(view: &mut impl View, compound: CompoundId) -> Result<Vec<Placement>> {
    // What was posted by mistake and reversed never was: a bond not bought, a slip not ended.
    let sql = "SELECT p.placement_no, p.kind, p.name, p.nominal_fen, p.cost_fen, p.rate_e8, p.early_rate_e8, p.starts_on,
                 p.matures_on, p.renews_no, p.evidence, e.how, e.ended_on, e.interest_fen
               FROM placement p LEFT JOIN placement_end e
                 ON e.compound_id = p.compound_id AND e.placement_no = p.placement_no AND NOT EXISTS (
                   SELECT 1 FROM voucher v WHERE v.compound_id = e.compound_id AND v.book = 1
                     AND v.reverses_seq = e.voucher_seq)
               WHERE p.compound_id = $1 AND NOT EXISTS (
                 SELECT 1 FROM voucher v WHERE v.compound_id = p.compound_id AND v.book = 1
                   AND v.reverses_seq = p.voucher_seq)
               ORDER BY p.matures_on, p.placement_no";
    let mut placements = Vec::new();
    for row in view.rows(PLACEMENTS, sql, vec![compound.0.into()]).await? {
        let kind: String = row.try_get("", "kind")?;
        let how: Option<String> = row.try_get("", "how")?;
        let ended_on: Option<Day> = row.try_get("", "ended_on")?;
        let interest: Option<i64> = row.try_get("", "interest_fen")?;
        let kind = Holding::ALL.into_iter().find(|holding| holding.name() == kind);
        placements.push(Placement {
            no: PlacementNo(row.try_get("", "placement_no")?),
            kind: kind.unwrap_or(Holding::TermDeposit),
            name: row.try_get("", "name")?,
            nominal: Money::fen(row.try_get("", "nominal_fen")?),
            cost: Money::fen(row.try_get("", "cost_fen")?),
            rate_e8: row.try_get("", "rate_e8")?,
            early_rate_e8: row.try_get("", "early_rate_e8")?,
            starts_on: row.try_get("", "starts_on")?,
            matures_on: row.try_get("", "matures_on")?,
            renews: row.try_get::<Option<i32>>("", "renews_no")?.map(PlacementNo),
            evidence: row.try_get("", "evidence")?,
            ended: how.zip(ended_on).map(|(how, on)| (How::named(&how), on)),
            interest: Money::fen(interest.unwrap_or(0)),
        });
    }
    Ok(placements)
}

/// Where the fund's money lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "资金存放")]
pub struct Lying {
    /// 活期.
    #[schemars(description = "活期存款：分", example = 500_000)]
    pub demand_fen: Money,
    /// 定期.
    #[schemars(description = "定期存款：分", example = 1_000_000)]
    pub term_fen: Money,
    /// 国债, at cost.
    #[schemars(description = "国债成本：分", example = 0)]
    pub bonds_fen: Money,
    /// Commodity housing's 3101.
    #[schemars(description = "待分配累计收益（商品住宅）：分", example = 0)]
    pub commodity_gains_fen: Money,
    /// Sold public housing's.
    #[schemars(description = "待分配累计收益（已售公有住房）：分", example = 0)]
    pub sold_public_gains_fen: Money,
}

/// Where the fund's money lies now, and what of its gains is not distributed.
///
/// # Errors
/// Storage.
pub async fn lying(view: &mut impl View, compound: CompoundId) -> Result<Lying> {
    let balances = journal::control_balances(view, compound, Book::Fund).await?;
    let credit = |account| balances.get(&account).copied().unwrap_or(Money::ZERO);
    let open = placements(view, compound).await?;
    let is_term = |p: &&Placement| p.ended.is_none() && p.kind == Holding::TermDeposit;
    let term_fen = open.iter().filter(is_term).map(|p| p.nominal).sum();
    Ok(Lying {
        demand_fen: -credit(BANK) - term_fen,
        term_fen,
        bonds_fen: -credit(BONDS),
        commodity_gains_fen: credit(STRANDS[0].pool),
        sold_public_gains_fen: credit(STRANDS[1].pool),
    })
}

/// What was earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "收益种类：deposit 存款利息，residual 共用设施残值")]
pub enum Income {
    /// 存款利息.
    #[schemars(description = "存款利息")]
    Deposit,
    /// 共用设施处置收入.
    #[schemars(description = "共用设施残值")]
    Residual,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Earned {
    Deposit,
    Bond,
    Residual,
}

/// A gain the bank's account received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Of what.
    pub income: Income,
    /// The line it was seen on, which says amount and day.
    pub line_no: Option<LineNo>,
    /// How much, by hand.
    #[serde(rename = "amount_fen")]
    pub amount: Money,
    /// When, by hand.
    pub received_on: Day,
    /// What proves it.
    pub evidence: String,
}

/// Records what the bank credited: Dr 1001 / Cr 4101, or 4301 where the pack sends residual value into the fund.
///
/// # Errors
/// `gains.residual-elsewhere`, `gains.amount`, those of `bank::incoming` and [`journal::post`].
pub async fn credit(tx: &mut Tx, credit: &Credit) -> Result<Posted> {
    let (mut amount, mut on) = (credit.amount, credit.received_on);
    if let Some(no) = credit.line_no {
        let line = bank::incoming(tx, Book::Fund, no).await?;
        (amount, on) = (line.inflow, line.occurred_on);
    }
    let earned = match credit.income {
        Income::Deposit => Earned::Deposit,
        Income::Residual => {
            let residual = law(tx, on).await?.terms.residual_value;
            if residual.value != Residual::Fund {
                let evidence = format!("{}（{}）", residual.says, residual.article);
                return Err(RESIDUAL.refuse(evidence).into());
            }
            Earned::Residual
        }
    };
    if !amount.is_positive() || !amount.is_within_limit() {
        return Err(AMOUNT.refuse(format!("{} 元", amount.grouped())).into());
    }
    let memo = match earned {
        Earned::Residual => "共用设施残值收入",
        Earned::Deposit | Earned::Bond => "存款利息",
    };
    let received = Received {
        amount,
        on,
        memo: memo.to_owned(),
        evidence: credit.evidence.trim().to_owned(),
        line_no: credit.line_no,
    };
    let posted = receive(tx, received, Money::ZERO, earned).await?;
    Ok(posted.ok_or_else(|| AMOUNT.refuse("0.00 元"))?)
}

struct Received {
    amount: Money,
    on: Day,
    memo: String,
    evidence: String,
    line_no: Option<LineNo>,
}

/// Dr 1001 / Cr 1101 for what comes back, Cr the income's account of each strand for the rest. Nothing for nothing.
async fn receive(
    tx: &mut Tx,
    received: Received,
    back: Money,
    earned: Earned,
) -> Result<Option<Posted>> {
    if received.amount.is_zero() {
        return Ok(None);
    }
    let line = match received.line_no {
        Some(no) => Some(bank::incoming(tx, Book::Fund, no).await?),
        None => None,
    };
    if let Some(line) = line.as_ref().filter(|line| line.inflow != received.amount) {
        let (seen, asked) = (line.inflow.grouped(), received.amount.grouped());
        return Err(AMOUNT
            .refuse(format!("流水 {} 为 {seen} 元，登记 {asked} 元", line.no))
            .into());
    }
    let account = |strand: Strand| match earned {
        Earned::Deposit => strand.interest,
        Earned::Bond => strand.bond,
        Earned::Residual => strand.residual,
    };
    let mut lines = vec![Line::debit(BANK, received.amount)];
    if back.is_positive() {
        lines.push(Line::credit(BONDS, back));
    }
    let parts = by_strand(tx, received.amount - back).await?;
    for (strand, part) in STRANDS.into_iter().zip(parts).filter(|(_, part)| part.is_positive()) {
        lines.push(Line::credit(account(strand), part));
    }
    let entry = Entry {
        book: Book::Fund,
        effective_on: received.on,
        kind: Kind::Other,
        memo: received.memo,
        source: line.as_ref().map_or("柜台".to_owned(), |line| format!("银行流水 {}", line.no)),
        evidence: received.evidence,
        lines,
    };
    let posted = journal::post(tx, entry).await?;
    if let Some(line) = &line {
        bank::claim(tx, line, posted.seq);
    }
    Ok(Some(posted))
}

/// An amount divided between the strands by what each of them has.
async fn by_strand(tx: &mut Tx, amount: Money) -> Result<[Money; 2]> {
    let compound = tx.compound();
    let trial = journal::trial_balance(tx, compound, Book::Fund, AsOf::default()).await?;
    let mut has = [Money::ZERO; 2];
    for row in &trial.rows {
        let is_money = Book::Fund.chart().account(row.account).is_some_and(|a| a.bearing.is_some());
        if is_money || STRANDS.iter().any(|strand| strand.pool == row.account) {
            has[strand_by_code(row.account)] += row.credit_fen - row.debit_fen;
        }
    }
    let weights = has.map(|fen| u64::try_from(fen.in_fen()).unwrap_or(0));
    // Where nobody has anything yet it is commodity housing's: most compounds have nothing else.
    let parts = split(amount, &weights).unwrap_or_else(|| vec![amount, Money::ZERO]);
    Ok([parts[0], parts[1]])
}

/// 3001, 310101, 400101, 500101 … are commodity housing's; 3002.., 310102, 400102, 400103 … sold public housing's.
const fn strand_by_code(account: i32) -> usize {
    match account {
        3001 => 0,
        300_201 | 300_202 => 1,
        _ if account % 100 == 1 => 0,
        _ => 1,
    }
}

/// What the bank charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "费用：bank-fee 银行手续费，messages 短信费")]
pub enum Charged {
    /// 银行手续费.
    #[schemars(description = "银行手续费")]
    BankFee,
    /// 短信费.
    #[schemars(description = "短信费")]
    Messages,
}

impl Charged {
    /// The word in packs and vouchers.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Charged::BankFee => "银行手续费",
            Charged::Messages => "短信费",
        }
    }
}

/// A charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// For what.
    pub what: Charged,
    /// How much.
    #[serde(rename = "amount_fen")]
    pub amount: Money,
    /// When.
    pub on: Day,
    /// What proves it.
    pub evidence: String,
}

/// Records a charge that reduces the pool: Dr 5901 / Cr 1001. Only where the pack's model of interest takes it off.
///
/// # Errors
/// `gains.charge-not-listed`, `gains.amount`, those of [`journal::post`].
pub async fn charge(tx: &mut Tx, charge: &Charge) -> Result<Posted> {
    let pack = law(tx, charge.on).await?;
    let word = charge.what.in_chinese();
    let is_listed = match pack.interest() {
        Some(Interest::Pool { less, .. }) => less.iter().any(|listed| listed == word),
        _ => false,
    };
    if !is_listed {
        let evidence = format!("{word}；{}（{}）", pack.title, pack.terms.interest.article);
        return Err(CHARGE.refuse(evidence).into());
    }
    if !charge.amount.is_positive() || !charge.amount.is_within_limit() {
        return Err(AMOUNT.refuse(format!("{} 元", charge.amount.grouped())).into());
    }
    let parts = by_strand(tx, charge.amount).await?;
    let mut lines: Vec<Line> = STRANDS
        .into_iter()
        .zip(parts)
        .filter(|(_, part)| part.is_positive())
        .map(|(strand, part)| Line::debit(strand.charge, part))
        .collect();
    lines.push(Line::credit(BANK, charge.amount));
    let entry = Entry {
        book: Book::Fund,
        effective_on: charge.on,
        kind: Kind::Other,
        memo: word.to_owned(),
        source: "柜台".to_owned(),
        evidence: charge.evidence.trim().to_owned(),
        lines,
    };
    journal::post(tx, entry).await
}
