//! What the common parts earn (公共收益): let, received, its cost, and where the owners' part of it goes.
//!
//! Owns: `revenue_terms`, `revenue_lease`, `revenue_due`, `revenue_lease_end`, `revenue_pledge`, `revenue_entry`,
//! `revenue_share`, `revenue_publication`, `revenue_take_down`, `revenue_handover`.
//!
//! Always: a common part is let only on the owners' resolution to do business with it (民法典 278 (8), [`lease`]); income is
//! the owners' after tax and reasonable cost, and every cost has its voucher (282; [`entry`]); what is left goes first to the
//! fund as far as the pack or the owners' own rules say, and elsewhere only on a resolution ([`distribution`]); a deficit is
//! carried and made good by later income; what was given away of a period stays earned in it, whatever is taken back or dated
//! into it; no payment is dated before its money was there; what is published stands as it was, with its digest, and says when the
//! books have moved on ([`publication`]); what was handed over is closed to entries of its time ([`handover`]).
//! Never: the fund's money for a deficit; a use nobody decided on; two scopes of owners in one pool (沪房规范〔2025〕8号 第十条).
//! Limits: figures are summed from the entries each time, some thousands a compound. Who reverses an entry's voucher takes the
//! entry out of the figures from the day of the reversal.

pub mod distribution;
pub mod entry;
pub mod handover;
pub mod lease;
pub mod pledge;
pub mod publication;
pub mod reckon;
mod rows;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Kind as Answer, Refusal, Result, Rule, Storage};
use crate::governance::{Matter, Resolution, Scope};
use crate::id::{CompoundId, MotionNo, RevenueTermsNo, RoundNo};
use crate::money::Money;
use crate::policy::terms::{CostsBefore, Fraction};
use crate::policy::{self, Pack};
use crate::property;
use crate::seal::may_stand_in_clear;
use crate::tariff::{Taxpayer, vat};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Answer::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// A text is missing or too long.
    TEXT = Shape, "revenue.text",
        "名称、单位、凭据、地点、原因须写明，至多 200 字，无控制字符", "补上或缩短";
    /// A day or a span is not fit.
    DAY = Shape, "revenue.day",
        "日期须在 1949 年至 2999 年之间，止日不早于起日；收付、签订、公示、移交的日期不得晚于今天", "核对日期";
    /// The account is told whole.
    ACCOUNT = Shape, "revenue.account",
        "账户写开户行与末四位，不写完整账号", "只留末四位，例如：某银行 尾号 0481";
    /// An amount that cannot be.
    AMOUNT = Shape, "revenue.amount",
        "金额须大于零且不超过 100,000,000,000.00 元；比例为 0 至 10000 个万分点", "核对金额或比例";
    /// A scope that shares no revenue.
    SCOPE = Shape, "revenue.scope",
        "公共收益归全体、本幢或本单元的业主；范围内须有房屋", "核对范围；不同范围的收益分别登记";
    /// Terms of that first day are there.
    TERMS_TAKEN = Conflict, "revenue.terms-taken",
        "同一起日只有一份经营约定，登记后不改动", "变更的自新的起日另登一份";
    /// The operator's share is beyond the law.
    OPERATOR_CAP = Refused, "revenue.operator-cap",
        "经营人的分成不得超过当地规定的上限；业主大会成立前只能扣除税费的，不得约定分成", "降低分成比例，或待业主大会成立后约定";
    /// Less is agreed for the fund than the law wants.
    FUND_SHARE = Refused, "revenue.fund-share",
        "约定的补充维修资金比例须符合当地规定", "按当地规定的比例约定；高于与不低于不同，以条文为准";
    /// The day lies in what was handed over.
    HANDED_OVER = Refused, "revenue.handed-over",
        "移交后不再登记日期在移交所截止之日及以前的收支", "写移交之后的日期，并在凭据中注明原属的日期";
    /// Nothing was agreed for that day.
    NO_TERMS = Missing, "revenue.no-terms",
        "收取、支出公共收益前须登记经营约定：经营人、纳税人身份、单独的账户", "先登记经营约定";
    /// It is no letting.
    NOT_LET = Shape, "revenue.not-let",
        "赔偿、孳息、残值不是经营，不订合同；租金按期的须写首期应付的宽限天数，至多 600 期", "不订合同的直接登记收入";
    /// The resolution is not for this.
    RESOLUTION = Refused, "revenue.resolution",
        "利用共有部分经营须有“改变用途、经营”的决议（民法典第二百七十八条第八项，四分之三）；公共收益用于其他用途须有业主共同决定；决议的范围须与收益相同，且先有决议",
        "先由该范围的业主表决；核对表决编号与事项";
    /// The resolution allows less.
    OVER_CAP = Refused, "revenue.over-cap",
        "依同一决议支出、让渡的累计金额不得超过决议载明的上限；没有载明上限的决议不支出", "核对累计金额；确需增加的，另行表决并写明上限";
    /// The contract is there.
    LEASE_TWICE = Conflict, "revenue.lease-twice",
        "同一合同号在同一时间只登记一次", "使用已登记的合同编号；其登记有误的，以起日终止后重新登记；一份合同有几项共有部分的，合同号后加分项号";
    /// There is no such lease.
    NO_LEASE = Missing, "revenue.no-lease",
        "经营收入须写明所依据的经营合同，合同须已登记、未以起日终止，且种类、范围相符", "先登记经营合同，或核对编号";
    /// The lease has ended.
    LEASE_ENDED = Conflict, "revenue.lease-ended",
        "经营合同只终止一次，终止日须在合同期内；以起日终止的是从未履行的合同，须没有收款", "查看已登记的终止；有收款的先冲销收入，或写实际的最后一日";
    /// More than the lease asks.
    OVER_DUE = Refused, "revenue.over-due",
        "一份合同的收款累计不得超过其应收", "核对金额；多收的退还，变更租金的另登合同";
    /// Income does not go straight in.
    STRAIGHT_IN = Refused, "revenue.straight-in",
        "当地规定公共收益须直接进入监管账户，不得由经营人代收", "请付款人直接转入账户；已代收的，如数转入后按转入登记";
    /// The pack sends residual value to the fund.
    RESIDUAL = Refused, "revenue.residual-elsewhere",
        "共用设施残值的去向由当地规定，归维修资金的不得记入公共收益", "记入维修资金：xiaoqu gains residual";
    /// Costs may not be deducted yet.
    BEFORE_ASSEMBLY = Refused, "revenue.before-assembly",
        "业主大会成立前，当地只许扣除税费，或成本不得超过收入的上限", "管理成本由前期物业服务费承担；超过上限的由经营人承担";
    /// It would lower what was given away already.
    GIVEN_AWAY = Refused, "revenue.given-away",
        "已分配的期间，净收益不得因补记的成本、分成低于已分配的金额", "日期写在当前期间，由当期及以后的收益弥补；确属原期间的，先冲销其后的分配";
    /// There is less in the account.
    SHORT = Refused, "revenue.short",
        "支付不得超过账户余额，自付款之日起每日如此；不足的结转以后的收益弥补，不得动用维修资金", "核对付款日期，待收入到账；经营人已垫付的，登记为垫付";
    /// Nothing of this is owed.
    NOT_OWED = Refused, "revenue.not-owed",
        "缴税、转入、归还垫付不得超过账上所欠", "核对应交税费与经营人往来的余额";
    /// The period is none, or not over.
    PERIOD = Shape, "revenue.period",
        "期间须是当地规定的完整期间，写其末月，且在办理日期之前已经结束", "待期间结束，办理日期写在其后；按季的写 3、6、9、12 月";
    /// The share was taken.
    SHARE_TAKEN = Conflict, "revenue.share-taken",
        "一个期间、一个范围的经营人分成只提取一次，须已约定分成且有经营收入", "查看已提取的记录；有误的先冲销";
    /// There is nothing to distribute.
    DEFICIT = Refused, "revenue.deficit",
        "可分配的公共收益为累计净收益减已分配；亏损结转，由以后的收益弥补，不得以维修资金弥补", "减少金额，或待有收益后分配";
    /// The fund comes first.
    FUND_FIRST = Refused, "revenue.fund-first",
        "净收益须先按规定或约定的比例补充维修资金，方可另作他用", "先划入维修资金，再办理其他分配";
    /// Works of the fund.
    FUND_WORKS = Refused, "revenue.fund-works",
        "当地规定属于维修资金范围的工程不得用公共收益支付；新增共用设施达到限额的须审价", "先补充维修资金，再由维修资金支付；新增设施写明审价报告";
    /// There is no such project.
    NO_PROJECT = Missing, "revenue.no-project",
        "维修项目须已立项，受让的改造项目须已列入储备库", "先立项，或核对项目编号、事项编号";
    /// There is no such pledge.
    NO_PLEDGE = Missing, "revenue.no-pledge",
        "让渡须已登记给本改造项目，付款的收益须在让渡期间", "核对让渡编号、改造项目与期间";
    /// More than was pledged.
    OVER_PLEDGE = Refused, "revenue.over-pledge",
        "让渡的付款累计不得超过让渡金额；款项须进入补贴与改造账簿", "核对金额";
    /// The income was given away since.
    REVERSED_GIVEN = Refused, "revenue.reversal-distributed",
        "已分配的公共收益不得冲销：冲销后已分配的不得超过净收益；收益另作他用的，维修资金应得的部分不得少于规定",
        "先冲销其后的分配，再冲销收入、划转";
    /// The period was published.
    PUBLISHED = Conflict, "revenue.published",
        "同一期间的公示不重复登记；数字有变的，登记为更正", "查看已登记的公示";
    /// There is no such publication.
    NO_PUBLICATION = Missing, "revenue.no-publication",
        "公示须已登记且尚未撤下，撤下不早于公示之日", "核对公示编号";
    /// It hangs too shortly.
    TOO_SHORT = Refused, "revenue.too-short",
        "公示须满当地规定的天数方可撤下；当日不计", "待满期后撤下；已毁损的，重新张贴";
    /// That term was handed over.
    HANDOVER_TWICE = Conflict, "revenue.handover-twice",
        "一个任期只移交一次，后一次的最后一日须晚于前一次", "查看已登记的移交：xiaoqu revenue handovers";
    /// Something is still in the operator's hands.
    HANDOVER_OPEN = Refused, "revenue.handover-open",
        "移交时经营人代收的须全部转入，其垫付的须全部归还，截至移交日的收支须已登记", "先结清与经营人的往来";
}

/// Where income comes from (`domain.md` §5.1).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RevenueIncome", description = "公共收益的来源")]
pub enum Income {
    /// 停车位.
    #[schemars(description = "停车位")]
    Parking,
    /// 电梯、楼道广告.
    #[schemars(description = "电梯、楼道广告")]
    LiftAdvertising,
    /// 外墙、大门广告.
    #[schemars(description = "外墙、大门广告")]
    WallAdvertising,
    /// 快递柜.
    #[schemars(description = "快递柜、售货机")]
    Locker,
    /// 售货亭.
    #[schemars(description = "售货亭")]
    Kiosk,
    /// 通信基站.
    #[schemars(description = "通信设施占地")]
    BaseStation,
    /// 充电设施.
    #[schemars(description = "充电设施")]
    Charging,
    /// 经营用房.
    #[schemars(description = "共有用房出租")]
    Premises,
    /// 摊位.
    #[schemars(description = "摊位、促销场地")]
    Stall,
    /// 其他经营.
    #[schemars(description = "其他经营")]
    Other,
    /// 损坏赔偿.
    #[schemars(description = "侵占、损坏赔偿")]
    Damages,
    /// 孳息.
    #[schemars(description = "孳息")]
    Interest,
    /// 共用设施残值.
    #[schemars(description = "共用设施残值")]
    Residual,
}

impl Income {
    /// Every source, in the order of a publication.
    pub const ALL: [Income; 13] = [
        Income::Parking,
        Income::LiftAdvertising,
        Income::WallAdvertising,
        Income::Locker,
        Income::Kiosk,
        Income::BaseStation,
        Income::Charging,
        Income::Premises,
        Income::Stall,
        Income::Other,
        Income::Damages,
        Income::Interest,
        Income::Residual,
    ];

    /// The stable name, in columns and on wires.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Income::Parking => "parking",
            Income::LiftAdvertising => "lift-advertising",
            Income::WallAdvertising => "wall-advertising",
            Income::Locker => "locker",
            Income::Kiosk => "kiosk",
            Income::BaseStation => "base-station",
            Income::Charging => "charging",
            Income::Premises => "premises",
            Income::Stall => "stall",
            Income::Other => "other",
            Income::Damages => "damages",
            Income::Interest => "interest",
            Income::Residual => "residual",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Income> {
        Income::ALL.into_iter().find(|income| income.name() == name)
    }

    /// The word on a publication.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Income::Parking => "停车位",
            Income::LiftAdvertising => "电梯、楼道广告",
            Income::WallAdvertising => "外墙、大门广告",
            Income::Locker => "快递柜、售货机",
            Income::Kiosk => "售货亭",
            Income::BaseStation => "通信设施占地",
            Income::Charging => "充电设施",
            Income::Premises => "共有用房出租",
            Income::Stall => "摊位、促销场地",
            Income::Other => "其他经营",
            Income::Damages => "侵占、损坏赔偿",
            Income::Interest => "孳息",
            Income::Residual => "共用设施残值",
        }
    }

    /// Whether somebody does business with a common part: that takes a contract and a resolution.
    #[must_use]
    pub const fn is_business(self) -> bool {
        !matches!(self, Income::Damages | Income::Interest | Income::Residual)
    }

    /// What it is to the tax office; compensation and a bank's interest on deposits are no sale.
    #[must_use]
    pub const fn taxed_as(self) -> vat::Kind {
        match self {
            Income::Parking => vat::Kind::Parking,
            Income::Damages | Income::Interest | Income::Residual => vat::Kind::PassedOn,
            _ => vat::Kind::Letting,
        }
    }
}

/// How public revenue is run from a day on.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "RevenueTerms",
    description = "公共收益经营约定：登记后不改动，变更的自新的起日另登一份"
)]
pub struct Terms {
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// Who runs it.
    #[schemars(description = "经营人：物业公司或业主委员会的名称", example = &"某物业公司")]
    pub operator: String,
    /// What they are to the tax office.
    #[schemars(description = "纳税人身份")]
    pub taxpayer: Taxpayer,
    /// Whether there is an owners' assembly.
    #[schemars(description = "业主大会是否已成立", example = true)]
    pub has_assembly: bool,
    /// The operator's share of operating income without tax.
    #[serde(default)]
    #[schemars(
        description = "经营人分成：占不含税经营收入的万分点；没有约定的为 0",
        range(max = 10_000),
        example = 2_000
    )]
    pub operator_bp: u16,
    /// What the owners' own rules give to the fund, of the net.
    #[serde(default)]
    #[schemars(
        description = "专项规约约定补充维修资金的比例：占净收益的万分点；没有约定的为 0",
        range(max = 10_000),
        example = 5_500
    )]
    pub fund_bp: u16,
    /// The separate account: the bank and the last four figures.
    #[schemars(description = "单独的账户：开户行与末四位", example = &"某银行 尾号 0481")]
    pub account: String,
    /// What it rests on.
    #[schemars(description = "依据：合同、专项规约", example = &"专项规约 2026-1")]
    pub document: String,
}

/// Agrees how public revenue is run from a day on.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.day`, `revenue.account`, `revenue.amount`, `revenue.operator-cap`,
/// `revenue.fund-share`, `revenue.terms-taken`; those of [`policy::at`].
pub async fn arrange(tx: &mut Tx, asked: &Terms) -> Result<RevenueTermsNo> {
    let texts = [("经营人", &asked.operator), ("账户", &asked.account), ("依据", &asked.document)];
    for (what, text) in texts {
        may_be_text(what, text)?;
    }
    may_be_day("起日", asked.from_on)?;
    may_be_told(&asked.account)?;
    let compound = tx.compound();
    let pack = pack_at(tx, compound, asked.from_on).await?;
    may_be_agreed(asked, &pack)?;
    let known = terms(tx, compound).await?;
    if let Some((no, _)) = known.iter().find(|(_, terms)| terms.from_on == asked.from_on) {
        return Err(TERMS_TAKEN.refuse(format!("约定 {no} 自 {} 起", asked.from_on)).into());
    }

    let no = RevenueTermsNo(tx.next_no("revenue-terms"));
    let (taxpayer, provenance) = (rows::word(asked.taxpayer)?, pack.provenance.to_string());
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.from_on.into(),
        asked.operator.trim().into(),
        taxpayer.as_str().into(),
        asked.has_assembly.into(),
        i32::from(asked.operator_bp).into(),
        i32::from(asked.fund_bp).into(),
        asked.account.trim().into(),
        asked.document.trim().into(),
        provenance.as_str().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::TERMS, &row);
    Ok(no)
}

/// Whether the law lets it be agreed so.
fn may_be_agreed(asked: &Terms, pack: &Pack) -> Result<(), Refusal> {
    let (operator, fund) = (i64::from(asked.operator_bp), i64::from(asked.fund_bp));
    if operator > 10_000 || fund > 10_000 {
        return Err(AMOUNT.refuse(format!("分成 {operator}，补充 {fund}")));
    }
    let costs = &pack.terms.revenue_cost;
    let is_early = !asked.has_assembly && costs.before_assembly == CostsBefore::TaxesOnly;
    let is_over = costs.operator_share.is_some_and(|cap| !cap.holds(operator, 10_000));
    if operator > 0 && (is_early || is_over) {
        let evidence = format!("分成 {}（{}）", percent(operator), costs.article);
        return Err(OPERATOR_CAP.refuse(evidence));
    }
    let rule = &pack.terms.revenue_to_fund;
    if fund > 0
        && let Some(law) = rule.value.0
        && !law.share.holds(fund, 10_000)
    {
        let evidence = format!("约定 {}，规定 {}（{}）", percent(fund), law.share, rule.article);
        return Err(FUND_SHARE.refuse(evidence));
    }
    Ok(())
}

fn percent(bp: i64) -> String {
    format!("{}.{:02}%", bp / 100, bp % 100)
}

/// What was agreed, by its first day.
///
/// # Errors
/// Storage.
pub async fn terms(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<Vec<(RevenueTermsNo, Terms)>> {
    rows::terms(view, compound).await
}

/// What holds on a day.
async fn terms_on(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Terms> {
    let known = terms(view, compound).await?;
    let live = known.into_iter().rev().find(|(_, terms)| terms.from_on <= on);
    Ok(live.ok_or_else(|| NO_TERMS.refuse(format!("{on} 没有经营约定")))?.1)
}

/// The law of a compound on a day.
async fn pack_at(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Pack> {
    let jurisdiction = property::jurisdiction(view, compound).await?;
    policy::at(view, &jurisdiction, on).await
}

/// Whether a text is there, not too long, and names nobody by a number.
fn may_be_text(what: &str, text: &str) -> Result<(), Refusal> {
    let length = text.trim().chars().count();
    if !(1..=200).contains(&length) || text.chars().any(char::is_control) {
        return Err(TEXT.refuse(format!("{what} {length} 个字")));
    }
    may_stand_in_clear(what, text)
}

/// Whether an account is told by its last figures: no more than 8 digits on end, whatever stands between groups of them.
fn may_be_told(account: &str) -> Result<(), Refusal> {
    let mut run = 0;
    for sign in account.chars() {
        match sign {
            '0'..='9' | '０'..='９' => run += 1,
            ' ' | '\u{3000}' | '-' | '－' => {}
            _ => run = 0,
        }
        if run > 8 {
            let shown = crate::mask::account(account);
            return Err(ACCOUNT.refuse(format!("连续的数字超过 8 位：{shown}")));
        }
    }
    Ok(())
}

fn may_be_day(what: &str, day: Day) -> Result<(), Refusal> {
    if (1949..=2999).contains(&chrono::Datelike::year(&day)) {
        return Ok(());
    }
    Err(DAY.refuse(format!("{what} {day}")))
}

/// Whether a day is one that has come.
fn may_have_been(what: &str, day: Day, today: Day) -> Result<(), Refusal> {
    may_be_day(what, day)?;
    if day > today {
        return Err(DAY.refuse(format!("{what} {day}，今天 {today}")));
    }
    Ok(())
}

fn may_be_amount(amount: Money) -> Result<(), Refusal> {
    if amount.is_positive() && amount.is_within_limit() {
        return Ok(());
    }
    Err(AMOUNT.refuse(format!("{} 元", amount.grouped())))
}

/// A scope as a column keeps it, if it is one that shares revenue and has dwellings.
async fn may_be_scope(view: &mut impl View, compound: CompoundId, scope: &Scope) -> Result<String> {
    if matches!(scope, Scope::Dwellings { .. }) {
        return Err(SCOPE.refuse(scope.in_chinese()).into());
    }
    if !property::codes(view, compound).await?.keys().any(|room| scope.holds(room)) {
        return Err(SCOPE.refuse(format!("{} 没有房屋", scope.in_chinese())).into());
    }
    rows::kept(scope)
}

/// How whose revenue it is is said on a wire: three of the scopes of a vote share revenue.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "RevenueScope", description = "公共收益归谁", transform = crate::governance::matter::with_tag_told)]
pub enum Whose {
    /// 全体.
    #[schemars(description = "全体业主")]
    Compound {},
    /// 本幢.
    #[schemars(description = "本幢业主")]
    Building {
        /// The building's code.
        #[schemars(description = "楼栋：有分期的写 2-1", example = &"1")]
        building: String,
    },
    /// 本单元.
    #[schemars(description = "本单元业主")]
    Unit {
        /// The building's code.
        #[schemars(description = "楼栋：有分期的写 2-1", example = &"1")]
        building: String,
        /// The unit's code.
        #[schemars(description = "单元", example = &"2")]
        unit: String,
    },
}

/// A scope as it is told: in words.
fn in_words<S: serde::Serializer>(scope: &Scope, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&scope.in_chinese())
}

/// What a use of revenue rests on: a resolution of exactly these owners, passed by that day, on such a matter. Answers it.
async fn resolved(
    view: &mut impl View,
    compound: CompoundId,
    (round, motion): (RoundNo, MotionNo),
    scope: &Scope,
    on: Day,
    matters: &[Matter],
) -> Result<Resolution> {
    let resolution = Resolution::of(view, compound, round, motion).await?;
    let is_such = matters.contains(&resolution.matter());
    if is_such && resolution.scope() == scope && resolution.passed_on() <= on {
        return Ok(resolution);
    }
    let evidence = format!(
        "表决 {round} 事项 {motion}“{}”：{}，{}，{} 通过；本业务 {}，{on}",
        resolution.title(),
        resolution.matter().article(),
        resolution.scope().in_chinese(),
        resolution.passed_on(),
        scope.in_chinese()
    );
    Err(RESOLUTION.refuse(evidence).into())
}

/// Whether a sum is within what a resolution allows; one that names no cap allows no money.
fn is_within(resolution: &Resolution, sum: Money) -> Result<(), Refusal> {
    let cap = resolution.amount_cap();
    if sum <= cap {
        return Ok(());
    }
    let sum = sum.grouped();
    let evidence = if cap.is_zero() {
        format!("决议没有写明金额上限，累计 {sum} 元")
    } else {
        format!("决议上限 {} 元，累计 {sum} 元", cap.grouped())
    };
    Err(OVER_CAP.refuse(evidence).with("cap_fen", cap.in_fen()))
}

/// A part of an amount in ten-thousandths, half up to the fen.
fn part_of(whole: Money, bp: u16) -> Result<Money> {
    let part = Fraction::new(bp.into(), 10_000).map(|part| part.of_yuan(whole));
    let rounded = part.and_then(|part| part.round(crate::money::Rounding::HalfUpFen).ok());
    Ok(rounded.ok_or_else(|| Storage::Bug(format!("{bp} of {whole} is no amount")))?)
}
