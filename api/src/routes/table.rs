//! The table: who there is to ask, what may be refused, and a row for each address.
//!
//! Owns: [`ROUTES`], the groups of roles and of rules its rows name. Always: a row says the method, how long it may take, the path,
//! who may where, the function, whether it moves money and is a deed, what it does in Chinese, and the rules of its verb. Never:
//! what a function takes and answers, which it says itself. Limits: rows of one kind stand together, in the order of the page.

use axum::routing::MethodFilter;
use ledger::accounts as account_rules;
use ledger::arrears as arrears_rules;
use ledger::books::Role::{
    self, Administrator, Auditor, HousingAuthority, Owner, OwnersCommittee, PropertyCompany,
    StreetOffice,
};
use ledger::channel::{
    claim as claim_rules, collection as collection_rules, day as day_rules,
    invoice as invoice_rules, payout as payout_rules,
};
use ledger::countersign as countersign_rules;
use ledger::error::Rule;
use ledger::gains::placement as placement_rules;
use ledger::governance as vote_rules;
use ledger::journal as journal_rules;
use ledger::journal::voucher;
use ledger::life as life_rules;
use ledger::people as people_rules;
use ledger::policy as policy_rules;
use ledger::policy::terms::Deed;
use ledger::property as property_rules;
use ledger::renovation as renovation_rules;
use ledger::revenue as revenue_rules;
use ledger::subsidy as subsidy_rules;
use ledger::tariff as tariff_rules;
use ledger::template as template_rules;
use ledger::trust as trust_rules;
use ledger::works as work_rules;
use ledger::{
    bank as bank_rules, channel as channel_rules, fees as fee_rules, fund as fund_rules,
    gains as gain_rules, hooks as hook_rules, import as import_rules,
};

use super::{Route, Scope, Time};
use crate::documents::templates;
use crate::wire::{Endpoint, Sketch};
use crate::{
    accounts, arrears, audit, bank, channels, counter, countersign, district, documents, fees,
    fund, gains, governance, hooks, imports, journal, levy, life, people, placements, policy,
    portal, problem, proof, property, refunds, renewal, renovation, revenue, subsidy, tariffs,
    trust, works,
};

/// Whoever may read the books of a compound.
pub const READERS: &[Role] =
    &[PropertyCompany, OwnersCommittee, StreetOffice, HousingAuthority, Auditor];
/// Whoever looks at compounds side by side.
pub const OVERSEERS: &[Role] = &[StreetOffice, HousingAuthority, Auditor];
/// Whoever keeps them.
const KEEPERS: &[Role] = &[PropertyCompany];
/// Whoever hands a fund to its owners, or takes it back.
const CUSTODIANS: &[Role] = &[PropertyCompany, HousingAuthority];
/// Whoever settles interest for all: the authority that holds the money.
const AUTHORITY: &[Role] = &[HousingAuthority];
/// Whoever runs the common parts: the company, or the owners by themselves.
const STEWARDS: &[Role] = &[PropertyCompany, OwnersCommittee];
/// Whoever convenes the owners.
const CONVENERS: &[Role] = &[OwnersCommittee];
/// Whoever handles slips; the company only where it is appointed, which the room checks.
pub(crate) const COUNTERS: &[Role] = &[OwnersCommittee, PropertyCompany];
/// Whoever words papers; whose money stands on them, the room asks.
const WORDERS: &[Role] = &[PropertyCompany, OwnersCommittee, HousingAuthority];
/// Whoever calls for the fund to be filled again.
const CALLERS: &[Role] = &[StreetOffice, HousingAuthority, OwnersCommittee];
/// Whoever sees single slips that wait.
const SLIP_READERS: &[Role] = &[OwnersCommittee, PropertyCompany, StreetOffice];
/// Whoever votes.
const VOTERS: &[Role] = &[Owner];
/// Whoever may read one dwelling of it.
const RESIDENTS: &[Role] =
    &[PropertyCompany, OwnersCommittee, StreetOffice, HousingAuthority, Auditor, Owner];
/// Whoever founds them.
const FOUNDERS: &[Role] = &[PropertyCompany, Administrator];
/// Whoever keeps the accounts of people.
const ADMIN: &[Role] = &[Administrator];
/// Nobody has come in yet.
const NOBODY: &[Role] = &[];
/// Whoever has come in.
const ANYBODY: &[Role] = &[
    PropertyCompany,
    OwnersCommittee,
    StreetOffice,
    HousingAuthority,
    Auditor,
    Owner,
    Administrator,
];
/// Whoever registers what no compound owns.
const OFFICES: &[Role] = &[StreetOffice, HousingAuthority, Administrator];
/// Whoever looks at all books at once.
const EXAMINERS: &[Role] = &[HousingAuthority, Auditor];

/// Whoever may read the log of a compound.
const WATCHERS: &[Role] = &[OwnersCommittee, StreetOffice, HousingAuthority, Auditor];
/// Whoever may read the log of the house.
const GUARDS: &[Role] = &[Administrator, Auditor];
/// Whoever may sign as a second person, or take a request back; each request is narrowed to the roles of its own address.
const SIGNERS: &[Role] = &[PropertyCompany, OwnersCommittee, StreetOffice, HousingAuthority];
/// Whoever may see an owner's numbers, for a reason.
const TRUSTED: &[Role] = &[PropertyCompany, StreetOffice];

/// Whoever asks for the fund's money.
const PROPOSERS: &[Role] = &[PropertyCompany, OwnersCommittee];
/// Whoever asks for it, or repairs in the owners' stead.
const RECORDERS: &[Role] = &[PropertyCompany, OwnersCommittee, StreetOffice, HousingAuthority];
/// Whoever decides on the fund's money: which of them, and by which power, the pack says.
const DECIDERS: &[Role] = &[OwnersCommittee, StreetOffice, HousingAuthority];
/// Whoever grants government money, and scores what it is for.
const GRANTORS: &[Role] = &[StreetOffice, HousingAuthority];
/// Whoever keeps its account in the compound.
const GRANT_KEEPERS: &[Role] = &[PropertyCompany, StreetOffice];
/// Whoever repairs in the owners' stead.
const AUTHORITIES: &[Role] = &[StreetOffice, HousingAuthority];

/// What is written beside a route that moves money.
const MONEY: bool = true;

macro_rules! deed {
    () => {
        None
    };
    ($deed:ident) => {
        Some(Deed::$deed)
    };
}

macro_rules! routes {
    ($($method:ident $time:ident $path:literal $roles:ident $scope:ident $([$money:ident])? $function:path $(=> $deed:ident)?:
       $summary:literal $about:literal [$($rules:expr),*];)*) => {
        /// The whole table.
        pub static ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: concat!("/api/v1", $path),
            roles: $roles,
            scope: Scope::$scope,
            deed: deed!($($deed)?),
            time: Time::$time,
            is_money: false $(|| $money)?,
            id: stringify!($function),
            summary: $summary,
            about: $about,
            rules: &[$($rules),*],
            make: || $function.behind(MethodFilter::$method),
            draw: |schemas| {
                let mut sketch = Sketch::new(schemas);
                $function.draw(&mut sketch);
                sketch
            },
        }),*];
    };
}

/// A room is looked up by its code.
static ROOM: &[&Rule] = &[&property_rules::ROOM, &property_rules::NO_DWELLING];
/// A voucher is made.
static POST: &[&Rule] =
    &[&voucher::TEXT, &ledger::seal::IN_TEXT, &voucher::ANCIENT, &voucher::FUTURE];
/// A dwelling's money is carried over.
static CARRY: &[&Rule] = &[
    &ledger::seal::IN_TEXT,
    &voucher::TEXT,
    &voucher::ANCIENT,
    &voucher::FUTURE,
    &property_rules::HANDED_OVER,
    &life_rules::HELD,
    &life_rules::FEES_OPEN,
    &life_rules::LATER,
    &property_rules::ENDED,
    &property_rules::ENDED_EARLY,
    &property_rules::PARTS,
    &property_rules::AREA_SIZE,
    &property_rules::OWNERS_DIFFER,
    &property_rules::ENROLLED,
];
/// The whole fund goes or comes.
static CUSTODY: &[&Rule] = &[
    &life_rules::KEEPER,
    &property_rules::HANDED_OVER,
    &life_rules::HELD,
    &life_rules::LATER,
    &life_rules::NOTHING,
    &life_rules::NOT_AWAY,
    &voucher::LINES,
];
/// Statements are drawn up.
static ACCOUNTS: &[&Rule] =
    &[&account_rules::YEARLY, &account_rules::NOT_CLOSED, &account_rules::CHECK_FAILED];
/// A document is printed: each may refuse what its rooms refuse.
static REPORTS: &[&Rule] = &[
    &problem::NO_DOCUMENT,
    &problem::REPORT_ASKED,
    &problem::REPORT_CODE,
    &problem::NO_GLYPH,
    &problem::NO_SPACE,
    &problem::TEMPLATE,
    &template_rules::NO_VERSION,
    &property_rules::ROOM,
    &property_rules::NO_DWELLING,
    &fund_rules::PERIOD,
    &fund_rules::NO_RECEIPT,
    &fee_rules::NO_RECEIPT,
    &arrears_rules::NO_CLAIM,
    &arrears_rules::PERIOD,
    &account_rules::YEARLY,
    &account_rules::NOT_CLOSED,
    &account_rules::CHECK_FAILED,
    &fund_rules::NO_PLAN,
    &fund_rules::NOT_IN_PLAN,
    &revenue_rules::NO_PUBLICATION,
    &subsidy_rules::NO_TRANCHE,
    &work_rules::NO_PROJECT,
    &work_rules::NO_REQUEST,
    &life_rules::NO_CERTIFICATE,
    &life_rules::NO_CUSTODY,
    &vote_rules::NO_ROUND,
    &vote_rules::STAGE,
    &policy_rules::NOT_IN_FORCE,
    &policy_rules::INCOMPLETE,
];
/// A paper is laid out by a template.
static TEMPLATE: &[&Rule] = &[
    &problem::NO_DOCUMENT,
    &problem::REPORT_ASKED,
    &problem::TEMPLATE,
    &problem::NO_GLYPH,
    &problem::NO_SPACE,
    &template_rules::NO_VERSION,
];
/// The wording of a paper is kept or taken back.
static WORDING: &[&Rule] = &[
    &problem::NO_DOCUMENT,
    &problem::REPORT_ASKED,
    &problem::TEMPLATE,
    &template_rules::SIZE,
    &template_rules::WHOSE,
    &template_rules::SAME,
    &template_rules::NONE,
];
/// A bank line is claimed.
static CLAIM: &[&Rule] = bank_rules::RULES;
/// An order of a channel is said to be something.
static ORDER: &[&Rule] = &[
    &channel_rules::NO_ORDER,
    &claim_rules::DECIDED,
    &claim_rules::NOT_MONEY_IN,
    &claim_rules::NO_CANDIDATE,
    &claim_rules::NOT_THIS_PAYMENT,
    &claim_rules::NOT_HELD,
    &claim_rules::NOT_THIS_REFUND,
    &claim_rules::REASON,
];
/// A file is read and judged.
static FILE: &[&Rule] = ledger::intake::RULES;

/// A text of a round is kept in clear.
static CLEAR: &[&Rule] = &[&ledger::seal::IN_TEXT];
/// A request that waits is decided on.
static JUDGED: &[&Rule] =
    &[&countersign_rules::NONE, &countersign_rules::DECIDED, &countersign_rules::LAPSED];
/// Dwellings are assessed.
static LEVY: &[&Rule] = &[
    &ledger::seal::IN_TEXT,
    &property_rules::ROOM,
    &property_rules::NO_DWELLING,
    &fund_rules::PAPERS,
    &fund_rules::LEVY_SHAPE,
    &fund_rules::NOT_LEVIED,
    &fund_rules::NO_STANDARD,
    &fund_rules::STANDARD_SHARE,
];
/// Something is given back.
static REFUND: &[&Rule] = &[
    &fund_rules::PAPERS,
    &fund_rules::AMOUNT,
    &fund_rules::NO_DEPOSIT,
    &fund_rules::REFUNDED,
    &fund_rules::NOT_DESTROYED,
    &fund_rules::NOT_PUBLIC,
    &fund_rules::NO_UNIT,
    &fund_rules::UNIT_ENDED,
    &fund_rules::NOTHING_LEFT,
    &fund_rules::OVER_BALANCE,
    &fund_rules::HELD,
];
/// A plan to fill the fund again is made.
static RENEWAL: &[&Rule] = &[
    &fund_rules::PAPERS,
    &fund_rules::NO_PLAN,
    &fund_rules::PLAN_SHAPE,
    &fund_rules::INSTALMENTS,
    &fund_rules::NOT_RAISING,
    &fund_rules::RESOLUTION_USED,
    &fund_rules::NO_DEFAULT,
    &fund_rules::NO_CALL,
    &fund_rules::TOO_EARLY,
    &fund_rules::DECIDED,
    &fund_rules::DUE_DAY,
    &fund_rules::NOBODY_UNDER,
    &fund_rules::PLAN_OPEN,
    &fund_rules::PLAN_WITHDRAWN,
    &fund_rules::OVER_CAP,
    &fund_rules::NO_STANDARD,
];
/// A step of a project is recorded.
static WORKS: &[&Rule] = work_rules::RULES;
/// The gate is asked.
static GATE: &[&Rule] = work_rules::gate::RULES;
/// A project is looked up.
static PROJECT: &[&Rule] = &[&work_rules::NO_PROJECT];
/// A cost is shared.
static SHARED: &[&Rule] = ledger::allocation::RULES;
/// Government money moves.
static GRANT: &[&Rule] = &[
    &subsidy_rules::SHAPE,
    &subsidy_rules::AMOUNT,
    &subsidy_rules::DAY,
    &subsidy_rules::NO_PROGRAMME,
    &subsidy_rules::NO_TRANCHE,
    &subsidy_rules::WITHDRAWN,
];
/// A tranche is spent: every condition of what it is for.
static EARMARK: &[&Rule] = &[
    &subsidy_rules::NO_CONTENT,
    &subsidy_rules::ANOTHER_PROJECT,
    &subsidy_rules::CLASS,
    &subsidy_rules::ITEM,
    &subsidy_rules::USE,
    &subsidy_rules::EXPIRED,
    &subsidy_rules::CENTRAL_TWICE,
    &subsidy_rules::OVER_CONTENT,
    &subsidy_rules::COST_SHARE,
    &subsidy_rules::SHORT,
];
/// A renovation.
static RENOVATION: &[&Rule] = renovation_rules::RULES;
/// A renovation is looked up.
static RENOVATION_NO: &[&Rule] = &[&renovation_rules::NO_RENOVATION];
/// The law of the day is looked up.
static LAW: &[&Rule] =
    &[&policy_rules::NOT_IN_FORCE, &policy_rules::INCOMPLETE, &vote_rules::UNFIT_PACK];
/// A round is looked up.
static ROUND: &[&Rule] = &[&vote_rules::NO_ROUND, &vote_rules::STAGE];

/// Public revenue is run.
static REVENUE: &[&Rule] = revenue_rules::RULES;

/// Bills of known amounts are published.
static BILLS: &[&Rule] = &[
    &fee_rules::ITEM,
    &fee_rules::PERIOD,
    &fee_rules::NO_BILLS,
    &fee_rules::AMOUNT,
    &fee_rules::BILLED,
];

/// A subscription is made or changed.
static HOOK: &[&Rule] = &[
    &hook_rules::NAME,
    &hook_rules::URL,
    &hook_rules::PRIVATE,
    &hook_rules::VERBS,
    &hook_rules::NO_HOOK,
];
/// A subscription is looked up by its number.
static NO_HOOK: &[&Rule] = &[&hook_rules::NO_HOOK];

routes! {
    GET Quick "/areas" ANYBODY Own property::areas:
        "列出区划" "市、区、街道、社区，依代码。" [];
    POST Quick "/areas" OFFICES House property::draw_area:
        "登记区划" "自上而下逐级登记。"
        [&[&property_rules::AREA_SHAPE, &property_rules::AREA_TAKEN, &property_rules::NO_AREA, &property_rules::AREA_ORDER]];
    GET Quick "/compounds" ANYBODY Own property::list:
        "列出小区" "依代码。" [];
    POST Quick "/compounds" FOUNDERS House property::found:
        "建立小区" "为新小区开立四本账簿。房屋由房产清册导入，见 /registers。"
        [&[&property_rules::COMPOUND_SHAPE, &ledger::seal::IN_TEXT, &property_rules::CODE_TAKEN, &property_rules::NO_AREA]];
    POST Long "/registers" FOUNDERS House imports::take_register:
        "导入房产清册" "小区代码是新的则先建立小区。请求体就是文件，或表单里唯一的文件。先用 dry_run=true 预览。"
        [FILE, import_rules::RULES, property_rules::RULES, ledger::seal::RULES];
    GET Quick "/compounds/{compound}" READERS Compound property::one:
        "查看小区" "" [];
    GET Quick "/compounds/{compound}/dwellings" READERS Compound property::dwellings:
        "列出房屋" "依房号的自然顺序；产权人只显示姓。" [];
    GET Quick "/compounds/{compound}/dwellings/{room}" RESIDENTS Dwelling property::dwelling:
        "查看房屋" "产权人只显示姓，证件号、电话遮盖。" [ROOM, ledger::seal::RULES];
    POST Quick "/compounds/{compound}/dwellings/{room}/conveyances" KEEPERS Compound property::convey:
        "办理过户" "产权人变更；维修资金余额随房屋走（165号令第二十八条）。"
        [ROOM, ledger::seal::RULES, &[&property_rules::OWNER_SHAPE, &property_rules::SHARES, &property_rules::CONVEYED_EARLY, &property_rules::ENDED]];
    GET Quick "/compounds/{compound}/dwellings/{room}/fund-statement" RESIDENTS Dwelling fund::statement:
        "维修资金对账单" "一户的分户账：期初、逐笔、期末。format=pdf 可打印。" [ROOM, &[&fund_rules::PERIOD]];
    GET Quick "/compounds/{compound}/dwellings/{room}/fees" RESIDENTS Dwelling fees::account:
        "一户的物业费" "账单、已缴、尚欠、预存。" [ROOM];
    POST Quick "/compounds/{compound}/dwellings/{room}/splits" KEEPERS Compound life::split:
        "办理分户" "面积之和等于原面积；本金、增值收益按面积分；原房屋余额归零，沿革可查。" [ROOM, CARRY];
    POST Quick "/compounds/{compound}/merges" KEEPERS Compound life::merge:
        "办理并户" "同幢、同性质、同产权人；余额并入新房屋。" [ROOM, CARRY];
    POST Quick "/compounds/{compound}/dwellings/{room}/demolition" KEEPERS Compound life::demolish:
        "登记灭失" "自该日起不计入名册、不出账单；结存另以房屋灭失返还办理（165号令第二十九条）。"
        [ROOM, &[&ledger::seal::IN_TEXT, &property_rules::ENDED, &property_rules::ENDED_EARLY]];
    GET Quick "/compounds/{compound}/dwellings/{room}/history" RESIDENTS Dwelling life::history:
        "房屋沿革" "分户、并户、灭失：所承自与所分出的。" [ROOM];
    POST Quick "/compounds/{compound}/dwellings/{room}/certificates" KEEPERS Compound life::certify:
        "出具证明" "结存证明或结清证明，编号连续；过户时随房屋交付（165号令第二十八条）。"
        [ROOM, &[&property_rules::ENDED, &life_rules::ARREARS]];
    GET Quick "/compounds/{compound}/certificates/{no}" READERS Compound life::certificate:
        "查看证明" "format=pdf 可打印；重印的内容与校验码相同。" [ROOM, &[&life_rules::NO_CERTIFICATE]];
    POST Long "/compounds/{compound}/hand-overs" CUSTODIANS Compound [MONEY] life::hand_over => Handover:
        "划转业主大会" "全部资金移交，各户归零；此后本账簿不收交存，直至划回（165号令第十五条、第十六条）。" [POST, CUSTODY];
    POST Long "/compounds/{compound}/take-backs" CUSTODIANS Compound [MONEY] life::take_back => Handover:
        "划回" "与移交时逐户相同，或依所附清册。" [POST, ROOM, CUSTODY];
    GET Quick "/compounds/{compound}/custody/{no}" READERS Compound life::custody:
        "划转清册" "移交或划回的各户金额及摘要。format=pdf 可打印。" [&[&life_rules::NO_CUSTODY]];
    GET Long "/compounds/{compound}/statutory/{form}" READERS Compound accounts::statutory:
        "会计报表" "会住维01/02/03表（财会〔2020〕7号）：已结账月份的；json 给出三张表与七项校验，format=pdf 可打印。" [ACCOUNTS];
    GET Long "/statutory/{form}" ANYBODY Own accounts::statutory_of_area:
        "汇总会计报表" "一个区划内、来者可查看的全部小区之和。" [ACCOUNTS, &[&account_rules::NOBODY, &property_rules::NO_AREA]];
    GET Long "/district" ANYBODY Own district::overview:
        "区、街道总览" "街道、房管、审计可查看的小区：管理方式、收缴率、每平方米维修资金、低于首期 30% 的户数、维修与改造的阶段、补贴的下达支付上缴、租金逾期、超期未公示；连同可疑之处的提示。"
        [LAW, &[&property_rules::NO_AREA]];
    POST Long "/district-figures" AUTHORITY House district::keep:
        "留存小区数字" "须逐户计算的数字（户数、面积、低于首期 30% 的、应收与已清）连同其所依据的凭证留存，总览只补计其后的变动。服务每刻钟自行留存；一次办理一页，left 不为零的再办。"
        [];
    GET Long "/district-compounds" ANYBODY Own district::district_compounds:
        "列出区、街道的小区" "与总览同样的各行，可整份下载。" [LAW, &[&property_rules::NO_AREA]];
    GET Long "/district-duties" ANYBODY Own district::district_duties:
        "各小区公共收益的到期事项" "未公示、须重新公示、应划未划维修资金的，逾期最久的在前。" [LAW, &[&property_rules::NO_AREA]];
    GET Long "/district-findings" ANYBODY Own district::district_findings:
        "列出提示" "规则是数据，各附出处与事实：请核查，不是结论。" [LAW, &[&property_rules::NO_AREA]];
    GET Long "/compounds/{compound}/annual-notice" READERS Compound accounts::annual_notice:
        "年度公示" "165号令第三十条：总额、使用项目及分摊、各户交存使用增值结存。format=pdf 可张贴。" [ACCOUNTS];
    GET Long "/compounds/{compound}/reconciliation" READERS Compound accounts::reconciliation:
        "三方对账" "银行余额 = 账面 = 各户合计；列出每项差异的种类与账龄。format=pdf 为对账差异表。" [];
    GET Quick "/compounds/{compound}/reports" READERS Compound documents::documents:
        "单据一览" "名称、标题、参数、形式；一户的单据业主可取。" [];
    GET Live "/compounds/{compound}/reports/{name}" READERS Compound documents::report:
        "打印单据" "format=pdf（默认）、xlsx、csv、text；json 给出全文与校验。每件单据有二维码，凭之校验、重印。" [REPORTS];
    GET Live "/compounds/{compound}/dwellings/{room}/reports/{name}" RESIDENTS Dwelling documents::dwelling_report:
        "打印一户的单据" "对账单、续筹通知、表决票；format 同上。" [REPORTS];
    GET Live "/compounds/{compound}/report-batches/{name}" READERS Compound documents::report_batch:
        "批量打印" "一户一页：json 说明共几件几册；format=pdf 全部为一个文件，边印边传，写 volume 则取一册；csv 为清单。" [REPORTS];
    GET Long "/compounds/{compound}/report-check" READERS Compound documents::report_check:
        "校验单据" "纸上的二维码，或校验码与编号，是否仍与账簿相符；此后的变动逐行列出，不能重印当时的列出此后所记。" [REPORTS];
    GET Long "/compounds/{compound}/dwellings/{room}/report-check" RESIDENTS Dwelling documents::dwelling_report_check:
        "业主校验单据" "业主手中的收据、通知，公示栏上的报表：校验码相符的给出全文与现况；不符的不给账簿内容，自己一户的对账单、续筹通知、表决票除外。" [REPORTS];
    GET Long "/report-check" ANYBODY Own documents::area_report_check:
        "校验汇总报表" "区划汇总的会计报表：依可查看的小区重印后核对。" [REPORTS, &[&property_rules::NO_AREA]];
    GET Quick "/compounds/{compound}/report-templates" READERS Compound templates::templates:
        "列出模板" "依模板排版的单据及现行的版本：本小区的，没有则总册的，再没有则自带的。" [];
    GET Long "/compounds/{compound}/report-templates/{name}" READERS Compound templates::template_of:
        "查看模板" "原文、可用的字段、各版本；format=pdf 为预览。" [TEMPLATE];
    POST Long "/compounds/{compound}/report-templates/{name}/preview" WORDERS Compound templates::preview:
        "预览未留存的模板" "请求体就是模板文件，或表单里唯一的文件：试印一次，不留存。" [TEMPLATE, &[&template_rules::SIZE]];
    POST Long "/compounds/{compound}/report-templates/{name}" WORDERS Compound templates::keep_template:
        "留存模板" "试印可行的方留存，编为新的一版，此后打印依这一版。物业费单据由物业公司修改；维修资金单据由房管部门修改，已划转的由业主委员会修改。"
        [WORDING, CLEAR];
    POST Quick "/compounds/{compound}/report-templates/{name}/take-back" WORDERS Compound templates::take_template_back:
        "改回模板" "不再用本小区的，依总册的，没有则依自带的。" [WORDING];
    GET Quick "/report-templates" ANYBODY Own templates::office_templates:
        "列出总册的模板" "对没有自己模板的全部小区。" [];
    GET Long "/report-templates/{name}" ANYBODY Own templates::office_template:
        "查看总册的模板" "原文、可用的字段、各版本；format=pdf 为预览。" [TEMPLATE];
    POST Long "/report-templates/{name}" OFFICES House templates::keep_office_template:
        "留存总册的模板" "物业费单据由房管部门、管理员修改，维修资金单据由房管部门修改。" [WORDING, CLEAR];
    POST Quick "/report-templates/{name}/take-back" OFFICES House templates::take_office_template_back:
        "改回总册的模板" "依自带的。" [WORDING];
    GET Quick "/compounds/{compound}/fund-balances" READERS Compound fund::balances:
        "各户维修资金余额" "有过变动的各户；可查往日，也可查那时所知。" [];
    GET Quick "/compounds/{compound}/fee-standings" READERS Compound fees::standings:
        "各户欠费与预存" "出过账单的各户；可查往日，也可查那时所知。" [];
    GET Quick "/compounds/{compound}/books/{book}/accounts" READERS Compound journal::accounts:
        "科目表" "" [];
    GET Quick "/compounds/{compound}/books/{book}/trial-balance" READERS Compound journal::trial_balance:
        "试算平衡表" "可查往日，也可查那时所知。" [];
    GET Quick "/compounds/{compound}/books/{book}/vouchers" READERS Compound journal::vouchers:
        "列出凭证" "依记账顺序。" [];
    GET Quick "/compounds/{compound}/books/{book}/vouchers/{year}/{number}" READERS Compound journal::voucher:
        "查看凭证" "format=text 为规范文本：印记就是对它计算的。" [&[&journal_rules::NO_VOUCHER]];
    GET Quick "/compounds/{compound}/books/{book}/closes" READERS Compound journal::closes:
        "列出结账" "各月的印记，供与公示的核对。" [];
    GET Live "/compounds/{compound}/books/{book}/export" READERS Compound journal::export:
        "导出账簿" "整本账簿，可用 hledger 独立核对。" [];
    POST Quick "/compounds/{compound}/reversals" KEEPERS Compound [MONEY] journal::reverse => Reversal:
        "冲销凭证" "每张凭证只能冲销一次；认领的银行流水随之放开。"
        [POST, &[&journal_rules::REASON, &journal_rules::NO_VOUCHER, &journal_rules::REVERSES_REVERSAL, &journal_rules::REVERSES_CLOSING,
            &journal_rules::REVERSED, &journal_rules::REVERSES_LATER, &journal_rules::REVERSES_FIRST,
            &journal_rules::REVERSES_HELD, &journal_rules::REVERSES_PAID, &journal_rules::REVERSES_SHARED,
            &revenue_rules::REVERSED_GIVEN, &renovation_rules::REVERSED_WHOLE]];
    POST Long "/compounds/{compound}/closes" KEEPERS Compound [MONEY] journal::close => Close:
        "结账" "月份结束后依次结账；结账后不得再改，差错记迟到凭证。"
        [&[&journal_rules::NOT_ENDED, &journal_rules::OUT_OF_ORDER, &journal_rules::CLOSED]];
    POST Quick "/compounds/{compound}/deposits" KEEPERS Compound [MONEY] fund::deposit:
        "登记交存" "认领银行流水，或手工登记金额与日期。"
        [ROOM, POST, CLAIM, fund_rules::RULES, &[&property_rules::HANDED_OVER, &property_rules::ENDED]];
    GET Quick "/compounds/{compound}/levy-standards" READERS Compound levy::standards:
        "列出交存标准" "本小区登记的；政策包已载明的见 /policies。" [];
    POST Quick "/compounds/{compound}/levy-standards" KEEPERS Compound levy::new_standard:
        "登记交存标准" "当地公布而政策包未载明数额的，须有文号；登记后不得改动。"
        [CLEAR, &[&fund_rules::PAPERS, &fund_rules::STANDARD_SHAPE, &fund_rules::STANDARD_GIVEN, &fund_rules::STANDARD_SHARE,
            &fund_rules::STANDARD_TAKEN], policy_rules::RULES];
    GET Long "/compounds/{compound}/assessment-preview" READERS Compound levy::levy_preview:
        "预览应交核定" "逐户列出标准、面积、应交与变化；不写入。" [LEVY, policy_rules::RULES];
    POST Long "/compounds/{compound}/assessments" KEEPERS Compound levy::assess:
        "核定应交金额" "一户或全小区一次办理；重复办理不改变。已交款的重新核定须说明原因。"
        [LEVY, &[&fund_rules::ASSESSMENT_PAID], policy_rules::RULES];
    GET Quick "/compounds/{compound}/fund-dues" READERS Compound levy::dues:
        "列出应交与欠交" "依房号的自然顺序；可按种类、楼栋筛选，附欠交天数。" [];
    GET Quick "/compounds/{compound}/fund-arrears" READERS Compound levy::arrears:
        "各幢欠交" "按账龄。" [];
    GET Quick "/compounds/{compound}/dwellings/{room}/fund-dues" RESIDENTS Dwelling levy::own_dues:
        "一户的应交与欠交" "" [ROOM];
    POST Quick "/compounds/{compound}/deposits/{no}/receipts" KEEPERS Compound levy::new_receipt:
        "开具专用票据" "号码由开票单位给定，或取号段的下一号；一号只用一次。"
        [CLEAR, &[&fund_rules::NO_DEPOSIT, &fund_rules::RECEIPTED, &fund_rules::PAPERS, &fund_rules::RECEIPT_USED, &fund_rules::RECEIPT_RANGE, &fund_rules::NO_RECEIPT_LEFT]];
    GET Quick "/compounds/{compound}/receipt-ranges" READERS Compound levy::ranges:
        "列出票据号段" "已用、作废、未用。" [];
    POST Quick "/compounds/{compound}/receipt-ranges" KEEPERS Compound levy::new_range:
        "登记票据号段" "" [CLEAR, &[&fund_rules::PAPERS, &fund_rules::RECEIPT_RANGE]];
    GET Quick "/compounds/{compound}/fund-receipts" READERS Compound levy::receipts:
        "列出专用票据" "有效、作废及原因、副本张数。" [];
    POST Quick "/compounds/{compound}/fund-receipts/{no}/void" KEEPERS Compound levy::void_receipt:
        "作废票据" "号码保留，说明原因。"
        [CLEAR, &[&fund_rules::PAPERS, &fund_rules::NO_RECEIPT, &fund_rules::RECEIPT_VOIDED]];
    POST Quick "/compounds/{compound}/fund-receipts/{no}/copies" KEEPERS Compound levy::copy_receipt:
        "登记票据副本" "补打之前登记；答复是第几张副本。" [&[&fund_rules::NO_RECEIPT, &fund_rules::RECEIPT_VOIDED]];
    GET Quick "/compounds/{compound}/refunds" READERS Compound refunds::list:
        "列出返还" "依登记次序；灭失返还附尚未支付的金额。" [];
    POST Quick "/compounds/{compound}/refunds" KEEPERS Compound [MONEY] refunds::new => Refund:
        "登记返还（业主部分）" "当年交存冲减交存收入，以前年度的列返还支出；房屋灭失先应付后支付；已预留的不得退。"
        [ROOM, POST, REFUND, policy_rules::RULES];
    POST Quick "/compounds/{compound}/refunds/{no}/payments" KEEPERS Compound [MONEY] refunds::new_payment => Refund:
        "支付返还" "" [POST, &[&fund_rules::PAPERS, &fund_rules::AMOUNT, &fund_rules::NO_REFUND, &fund_rules::OVER_REFUND]];
    GET Quick "/compounds/{compound}/selling-units" READERS Compound refunds::units:
        "列出售房单位" "应提取、已提取、余额；终止与承继。" [];
    POST Quick "/compounds/{compound}/selling-units" KEEPERS Compound refunds::new_unit:
        "登记售房单位" "" [CLEAR, &[&fund_rules::PAPERS, &fund_rules::UNIT_TAKEN]];
    POST Quick "/compounds/{compound}/selling-units/{no}/end" KEEPERS Compound refunds::end_unit:
        "登记售房单位终止" "有承继单位的写明；没有的，其资金依当地规定。"
        [CLEAR, &[&fund_rules::PAPERS, &fund_rules::NO_UNIT, &fund_rules::UNIT_ENDED]];
    POST Long "/compounds/{compound}/selling-units/{no}/levies" KEEPERS Compound refunds::new_unit_levy:
        "核定售房单位的提取" "按售房款的比例（165号令第八条），收到售房款之日起 30 日内存入（第十二条）。"
        [ROOM, LEVY, &[&fund_rules::NO_UNIT, &fund_rules::UNIT_ENDED, &fund_rules::NOT_PUBLIC, &fund_rules::AMOUNT, &fund_rules::DUE_DAY], policy_rules::RULES];
    POST Quick "/compounds/{compound}/selling-units/{no}/deposits" KEEPERS Compound [MONEY] refunds::new_unit_deposit:
        "登记售房单位存入" "属售房单位，不入任何一户。"
        [POST, CLAIM, &[&fund_rules::SEEN, &fund_rules::NO_UNIT, &fund_rules::UNIT_ENDED, &fund_rules::AMOUNT, &fund_rules::RECEIPT_USED, &fund_rules::OVER_ASSESSMENT]];
    POST Quick "/compounds/{compound}/selling-units/{no}/refunds" KEEPERS Compound [MONEY] refunds::new_unit_refund => Refund:
        "登记返还（售房单位部分）" "返还本单位或承继单位；都没有的，依当地规定上缴国库或留存。"
        [ROOM, POST, REFUND, &[&fund_rules::STAYS], policy_rules::RULES];
    GET Quick "/compounds/{compound}/legacy-money" READERS Compound refunds::legacies:
        "列出原售房单位代管资金" "主张、划入、差额，逐户与经过。" [];
    POST Long "/compounds/{compound}/legacy-money" KEEPERS Compound refunds::new_legacy:
        "登记原售房单位代管资金" "一个总额，或附分户明细。"
        [ROOM, CLEAR, &[&fund_rules::PAPERS, &fund_rules::AMOUNT, &fund_rules::NO_UNIT, &fund_rules::SPREAD]];
    POST Quick "/compounds/{compound}/legacy-money/{no}/steps" KEEPERS Compound refunds::new_step:
        "登记主张、催告、答复" "" [CLEAR, &[&fund_rules::PAPERS, &fund_rules::NO_LEGACY]];
    POST Long "/compounds/{compound}/legacy-money/{no}/incomes" KEEPERS Compound [MONEY] refunds::new_income:
        "划入代管资金" "分户明细合计须等于到账金额；与主张的差额一直列示。"
        [ROOM, POST, CLAIM, &[&fund_rules::PAPERS, &fund_rules::SEEN, &fund_rules::NO_LEGACY, &fund_rules::AMOUNT, &fund_rules::NOT_PUBLIC, &fund_rules::SPREAD],
            &[&voucher::LINES]];
    GET Quick "/compounds/{compound}/under-renewal" READERS Compound renewal::under:
        "列出余额低于续筹线的房屋" "首期交存额的 30%（以当地规定为准）；恰好等于的不列。" [policy_rules::RULES];
    GET Quick "/compounds/{compound}/renewal-calls" READERS Compound renewal::calls:
        "列出续筹提醒" "" [];
    POST Quick "/compounds/{compound}/renewal-calls" CALLERS Compound renewal::new_call:
        "登记续筹提醒" "业主作出决定的期限自收到之日起算。" [CLEAR, &[&fund_rules::PAPERS]];
    GET Long "/compounds/{compound}/renewal-preview" READERS Compound renewal::renew_preview:
        "预览续筹方案" "逐户列出首期、余额、应交；不写入。" [RENEWAL, policy_rules::RULES, vote_rules::RULES];
    GET Quick "/compounds/{compound}/renewals" READERS Compound renewal::list:
        "列出续筹方案" "" [];
    POST Long "/compounds/{compound}/renewals" COUNTERS Compound renewal::new:
        "登记续筹方案" "依据“筹集维修资金”的决议（四分之三），或当地默认标准（业主在期限内未作决定）。"
        [RENEWAL, policy_rules::RULES, vote_rules::RULES];
    GET Quick "/compounds/{compound}/renewals/{no}/arrears" READERS Compound renewal::arrears:
        "方案的交存与欠交" "逐户，附通知与催交。" [];
    GET Quick "/compounds/{compound}/renewals/{no}/notices" READERS Compound renewal::notices:
        "列出方案的通知与催交" "" [];
    POST Long "/compounds/{compound}/renewals/{no}/notices" COUNTERS Compound renewal::new_notices:
        "登记通知或催交" "不写房号的，通知发给方案内全部，催交发给全部欠交。"
        [CLEAR, &[&fund_rules::PAPERS, &fund_rules::NO_PLAN, &fund_rules::PLAN_WITHDRAWN, &property_rules::NO_DWELLING, &fund_rules::NOT_IN_PLAN, &fund_rules::NOTHING_OWED]];
    POST Quick "/compounds/{compound}/renewals/{no}/postings" COUNTERS Compound renewal::new_posting:
        "登记方案公示" "" [CLEAR, &[&fund_rules::PAPERS, &fund_rules::NO_PLAN, &fund_rules::PLAN_WITHDRAWN]];
    POST Long "/compounds/{compound}/renewals/{no}/reviews" COUNTERS Compound renewal::new_review:
        "重算方案" "其后分配的收益抵减未交部分；只减不增，不低于已交。"
        [RENEWAL, policy_rules::RULES];
    POST Long "/compounds/{compound}/renewals/{no}/withdrawal" COUNTERS Compound renewal::new_withdrawal:
        "撤回方案" "未交的不再应交，已交的留在分户账；其决议可另作方案。"
        [CLEAR, &[&fund_rules::PAPERS, &fund_rules::NO_PLAN, &fund_rules::PLAN_WITHDRAWN]];
    GET Quick "/compounds/{compound}/revenue-assignments" READERS Compound renewal::assignments:
        "列出划入维修资金的公共收益" "" [];
    GET Quick "/interest-rates" ANYBODY Own gains::rates:
        "列出利率" "各地登记的公布利率，依地区、种类、起始日。" [];
    POST Quick "/interest-rates" AUTHORITY House gains::set_rate:
        "登记利率" "写明公布它的文件；已登记的不改动，更正另行登记并写明说明。"
        [CLEAR, &[&gain_rules::RATE_SHAPE, &gain_rules::RATE_TAKEN]];
    POST Long "/interest-runs" AUTHORITY House gains::run_interest => GainsRun:
        "结息" "全部小区逐个结息，各小区一张凭证；中断后以同样的请求继续，已结的不重复。未结的小区及原因见批次清单。"
        [&[&gain_rules::PERIOD, &gain_rules::NOTHING_DUE, &gain_rules::RUN_OPEN, &property_rules::NO_COMPOUND]];
    GET Quick "/countersigns" EXAMINERS House countersign::list_of_house:
        "列出全册复核申请" "不属任何一个小区的，如结息；待第二人复核的，which=all 连同已裁定的。" [];
    GET Quick "/countersigns/{no}" EXAMINERS House countersign::one_of_house:
        "查看全册复核申请" "同小区的复核申请。"
        [&[&countersign_rules::NONE, &countersign_rules::CHANGED], ledger::seal::RULES];
    POST Long "/countersigns/{no}/confirm" AUTHORITY House countersign::confirm_in_house:
        "复核全册申请" "同小区的复核。签字与开始办理是同一个操作，其后各小区逐个办理。"
        [JUDGED, &[&countersign_rules::SAME_PERSON, &countersign_rules::CHANGED, &countersign_rules::ASKER_GONE], ledger::seal::RULES];
    POST Quick "/countersigns/{no}/refuse" AUTHORITY House countersign::refuse_in_house:
        "退回全册复核申请" "由有权复核的人写明原因。"
        [JUDGED, CLEAR, &[&countersign_rules::REASON, &countersign_rules::SAME_PERSON]];
    POST Quick "/countersigns/{no}/withdraw" AUTHORITY House countersign::withdraw_in_house:
        "撤回全册复核申请" "由申请人本人写明原因。"
        [JUDGED, CLEAR, &[&countersign_rules::REASON, &countersign_rules::NOT_YOURS]];
    GET Live "/interest-preview" AUTHORITY House gains::preview:
        "预览结息" "只计算，不入账。" [&[&gain_rules::PERIOD, &property_rules::NO_COMPOUND]];
    GET Quick "/interest-runs" EXAMINERS House gains::runs:
        "列出结息批次" "应办、已结、未结，合计与清单指纹。" [];
    GET Quick "/interest-runs/{no}/parts" EXAMINERS House gains::parts:
        "结息批次清单" "各小区的结果；未结的写明原因。" [&[&gain_rules::NO_RUN, &property_rules::NO_COMPOUND]];
    GET Quick "/compounds/{compound}/dwellings/{room}/gains" RESIDENTS Dwelling gains::of_dwelling:
        "一户的利息与算式" "每次结息、分配的基数、天数、利率，可据此重算。" [ROOM];
    POST Long "/compounds/{compound}/gain-distributions" CUSTODIANS Compound [MONEY] gains::distribute => GainsRun:
        "分配其他收益" "国债、经营、残值等收益，从待分配累计收益（3101）按当地规定的依据分到各户。"
        [POST, &[&gain_rules::AMOUNT, &gain_rules::NOTHING, &gain_rules::SHORT, &policy_rules::NOT_IN_FORCE]];
    POST Quick "/compounds/{compound}/gain-credits" CUSTODIANS Compound [MONEY] placements::credit:
        "登记存款利息与残值" "认领银行流水，或手工登记金额与日期。"
        [POST, CLAIM, &[&fund_rules::SEEN, &gain_rules::RESIDUAL, &gain_rules::AMOUNT, &policy_rules::NOT_IN_FORCE]];
    POST Quick "/compounds/{compound}/bank-charges" CUSTODIANS Compound [MONEY] placements::charge:
        "登记银行费用" "只有当地计息办法写明从收益中扣除的费用可以登记。"
        [POST, &[&gain_rules::CHARGE, &gain_rules::AMOUNT, &policy_rules::NOT_IN_FORCE]];
    GET Quick "/compounds/{compound}/placements" READERS Compound placements::placements:
        "列出存放" "定期存款与国债，先到期的在前；逾期的天数为负。" [];
    POST Quick "/compounds/{compound}/placements" CUSTODIANS Compound [MONEY] placements::place:
        "登记存放" "定期存款，或一级市场国债持有到期；其他一概拒绝（165号令第二十六条）。"
        [POST, &[&placement_rules::NOT_LISTED, &placement_rules::SHAPE, &gain_rules::RATE_SHAPE,
            &placement_rules::NOT_THERE, &policy_rules::NOT_IN_FORCE]];
    POST Quick "/compounds/{compound}/placements/{no}/end" CUSTODIANS Compound [MONEY] placements::end:
        "登记支取、兑付、转存" "国债须持有到期。"
        [POST, CLAIM, &[&placement_rules::NO_PLACEMENT, &placement_rules::ENDED, &placement_rules::HELD,
            &placement_rules::NOT_DUE, &gain_rules::AMOUNT, &placement_rules::SHAPE, &gain_rules::RATE_SHAPE,
            &placement_rules::NOT_LISTED, &placement_rules::NOT_THERE, &policy_rules::NOT_IN_FORCE]];
    GET Quick "/compounds/{compound}/lying" READERS Compound placements::lying:
        "资金存放" "活期、定期、国债，与待分配累计收益。" [];
    POST Quick "/compounds/{compound}/payments" KEEPERS Compound [MONEY] fees::pay:
        "登记缴费" "先清旧欠，余额预存。"
        [ROOM, POST, CLAIM, &[&fee_rules::AMOUNT]];
    GET Quick "/compounds/{compound}/payments" READERS Compound fees::receipts:
        "列出收据" "依收据编号。" [ROOM];
    POST Quick "/compounds/{compound}/counter-takings" KEEPERS Compound [MONEY] counter::new_taking:
        "柜台收款" "一户或多户、所选账单或先清旧欠、预存；一张凭证，一张收据，收据号年内连续。现金可找零。"
        [ROOM, POST, &[&fee_rules::CHOICE, &fee_rules::NO_BILL, &fee_rules::OVER_OWED, &fee_rules::AMOUNT,
            &fee_rules::REFERENCE, &fee_rules::CHANGE, &fee_rules::PREPAY_MOST, &fee_rules::NO_RECEIPT,
            &fee_rules::RECEIPT_VOID], policy_rules::RULES];
    GET Quick "/compounds/{compound}/fee-receipts" READERS Compound counter::receipts:
        "列出物业费收据" "一个年度的，依号码。" [];
    GET Quick "/compounds/{compound}/fee-receipts/{no}" READERS Compound counter::receipt:
        "查看物业费收据" "连同明细。" [&[&fee_rules::NO_RECEIPT]];
    POST Quick "/compounds/{compound}/fee-receipts/{no}/void" KEEPERS Compound [MONEY] counter::new_void => Reversal:
        "作废物业费收据" "号码保留，写明原因；所收的款同时红字冲销。缴款人有误的，作废后换开。"
        [POST, &[&fee_rules::REASON, &fee_rules::NO_RECEIPT, &fee_rules::RECEIPT_VOID, &fee_rules::SPENT,
            &journal_rules::REVERSES_LATER]];
    POST Quick "/compounds/{compound}/fee-receipts/{no}/copies" KEEPERS Compound counter::new_copy:
        "登记收据副本" "补打之前登记，答复第几张。" [&[&fee_rules::NO_RECEIPT]];
    POST Quick "/compounds/{compound}/fee-refunds" KEEPERS Compound [MONEY] counter::new_refund => Refund:
        "办理退费" "退某笔缴费、账单或预存，全部或部分；账单恢复尚欠，可一并撤销重出。已结账的记迟到凭证。"
        [ROOM, POST, &[&fee_rules::REASON, &fee_rules::NO_PAYMENT, &fee_rules::NO_BILL, &fee_rules::OVER_PAID]];
    POST Quick "/compounds/{compound}/waivers" KEEPERS Compound [MONEY] counter::new_waiver => FeeWaiver:
        "减免账单" "全部或部分尚欠；冲减收入。"
        [ROOM, POST, &[&fee_rules::REASON, &fee_rules::NO_BILL, &fee_rules::AMOUNT, &fee_rules::OVER_OWED]];
    POST Quick "/compounds/{compound}/write-offs" KEEPERS Compound [MONEY] counter::new_write_off => FeeWriteOff:
        "核销账单" "收不回的尚欠，列入费用。从不自动核销。"
        [ROOM, POST, &[&fee_rules::REASON, &fee_rules::NO_BILL, &fee_rules::AMOUNT, &fee_rules::OVER_OWED]];
    POST Quick "/compounds/{compound}/bill-withdrawals" KEEPERS Compound [MONEY] counter::new_withdrawal => FeeWaiver:
        "撤销账单" "没有缴款、减免的整张账单；撤销后同一期间可重新出账。"
        [ROOM, POST, &[&fee_rules::REASON, &fee_rules::NO_BILL, &fee_rules::BILL_PAID]];
    GET Quick "/compounds/{compound}/remissions" READERS Compound counter::remissions:
        "减免、核销、撤销的登记" "依编号，连同原因与复核人。" [];
    POST Quick "/compounds/{compound}/penalties" KEEPERS Compound [MONEY] counter::new_penalty => FeePenalty:
        "计收违约金" "按收费约定：单利，逐笔，有宽限与上限；另出一张账单，写明所计的账单。"
        [ROOM, POST, &[&fee_rules::NO_BILL, &fee_rules::NO_PENALTY, &fee_rules::PENALTY_NOTHING]];
    POST Quick "/compounds/{compound}/bonds" KEEPERS Compound [MONEY] counter::new_bond:
        "收取押金" "开具收据。"
        [ROOM, POST, &[&fee_rules::ITEM, &fee_rules::AMOUNT, &fee_rules::REFERENCE, &fee_rules::CHANGE]];
    GET Quick "/compounds/{compound}/bonds" READERS Compound counter::bonds:
        "列出押金" "依编号：收取、扣除、退还、余额。" [];
    POST Quick "/compounds/{compound}/bonds/{no}/deductions" KEEPERS Compound [MONEY] counter::new_deduction:
        "扣除押金" "写明原因与依据。" [POST, &[&fee_rules::REASON, &fee_rules::NO_BOND, &fee_rules::OVER_BOND]];
    POST Quick "/compounds/{compound}/bonds/{no}/returns" KEEPERS Compound [MONEY] counter::new_return => Refund:
        "退还押金" "全部或部分余额。" [POST, &[&fee_rules::REASON, &fee_rules::NO_BOND, &fee_rules::OVER_BOND]];
    POST Quick "/compounds/{compound}/day-sheets" KEEPERS Compound [MONEY] counter::new_sheet:
        "交款日结" "本人到这一天为止尚未交款的全部收退款；实交须与应交相符。此后收的款归下一张。"
        [POST, &[&fee_rules::NOTHING_TAKEN, &fee_rules::REASON, &fee_rules::SHEET_DIFFERS]];
    POST Quick "/compounds/{compound}/day-sheets/differing" KEEPERS Compound [MONEY] counter::new_differing_sheet => SheetDifference:
        "有差异的日结" "实交与应交不符的：写明原因，经第二人复核；长短款同时入账。"
        [POST, &[&fee_rules::NOTHING_TAKEN, &fee_rules::REASON, &fee_rules::SHEET_DIFFERS]];
    GET Quick "/compounds/{compound}/day-sheets" READERS Compound counter::sheets:
        "列出日结单" "依编号。" [];
    GET Quick "/compounds/{compound}/in-hand" READERS Compound counter::in_hand:
        "手中应交" "一名收款人尚未交款的收退款，各方式合计。" [];
    POST Long "/compounds/{compound}/bills" KEEPERS Compound [MONEY] fees::bill:
        "出账单" "一批账单一张凭证；有预存的先抵扣。"
        [ROOM, POST, BILLS];
    GET Quick "/compounds/{compound}/fee-terms" READERS Compound tariffs::terms:
        "列出收费约定" "计费方式、酬金、违约金、空置减收；按起日先后。" [];
    POST Quick "/compounds/{compound}/fee-terms" KEEPERS Compound tariffs::new_terms:
        "登记收费约定" "物业服务合同中与收费有关的条款；登记后不改动，变更的另登一份。"
        [CLEAR, &[&tariff_rules::TEXT, &tariff_rules::TERMS, &tariff_rules::TERMS_TAKEN]];
    GET Quick "/compounds/{compound}/tariffs" READERS Compound tariffs::tariffs:
        "列出收费标准" "单价、公式、周期、适用范围，已终止的也在内。" [];
    POST Quick "/compounds/{compound}/tariffs" KEEPERS Compound tariffs::new_tariff:
        "登记收费标准" "新的项目，或已有项目自某日起的新单价：期中变价按天分段计算。"
        [CLEAR, &[&tariff_rules::TEXT, &tariff_rules::PRICE, &tariff_rules::NO_TERMS, &tariff_rules::PRICE_TAKEN]];
    POST Quick "/compounds/{compound}/tariffs/{no}/end" KEEPERS Compound tariffs::end_tariff:
        "终止收费标准" "写明最后一天；已出的账单不动。" [&[&tariff_rules::NO_TARIFF, &tariff_rules::END]];
    GET Quick "/compounds/{compound}/fee-reliefs" READERS Compound tariffs::reliefs:
        "列出减免与空置" "" [];
    POST Quick "/compounds/{compound}/dwellings/{room}/fee-reliefs" KEEPERS Compound tariffs::new_relief:
        "登记减免或空置" "只影响此后出的账单；空置的应缴比例依收费约定。"
        [ROOM, CLEAR, &[&tariff_rules::TEXT, &tariff_rules::SPAN]];
    GET Quick "/compounds/{compound}/spaces" READERS Compound tariffs::leases:
        "列出车位租用" "" [];
    POST Quick "/compounds/{compound}/dwellings/{room}/spaces" KEEPERS Compound tariffs::new_lease:
        "登记车位租用" "一个车位同日只租一户。" [ROOM, CLEAR, &[&tariff_rules::TEXT, &tariff_rules::SPAN]];
    GET Quick "/compounds/{compound}/meter-readings" READERS Compound tariffs::readings:
        "列出抄表读数" "" [];
    POST Long "/compounds/{compound}/meter-readings" KEEPERS Compound tariffs::new_readings:
        "登记抄表读数" "一表的第一个读数是装表读数；读数不得减小，换表的登记新表。"
        [ROOM, CLEAR, &[&tariff_rules::TEXT, &tariff_rules::METER_READING]];
    GET Long "/compounds/{compound}/billing-sketch" READERS Compound tariffs::sketch:
        "试算一个月的账单" "只计算，不入账：拟出的账单、与上期的差异、每户不出账的真实原因。" [ROOM];
    POST Long "/compounds/{compound}/billings" KEEPERS Compound [MONEY] tariffs::new_billing:
        "按收费标准出账" "账册锁定后重新计算并出账；已出的期间不再出，同一请求再来只补所缺。"
        [ROOM, POST, &[&fee_rules::MONTH, &tariff_rules::NO_TERMS, &fee_rules::NOTHING_DUE, &fee_rules::SKETCH_STALE]];
    POST Long "/compounds/{compound}/shared-costs" KEEPERS Compound [MONEY] tariffs::new_shared:
        "分摊公共费用并出账" "按面积或按户分毫不差地分到各户，一批账单一张凭证。"
        [POST, BILLS, &[&tariff_rules::SHARED]];
    GET Long "/compounds/{compound}/arrears" READERS Compound arrears::list:
        "列出欠费账龄" "按户、幢、单元、收费项目或月份；欠费多的在前，只列业主承担的。" [];
    GET Long "/compounds/{compound}/arrears-summary" READERS Compound arrears::summary:
        "欠费账龄汇总" "各行、合计、建设单位承担的，并与账上应收账款核对。" [];
    POST Long "/compounds/{compound}/arrears-notices" KEEPERS Compound arrears::new_notices:
        "发出催缴" "一户或一个账龄段的全部；依次分级，各给合理期限（民法典第九百四十四条）。不得以停水停电或限制出入相威胁。"
        [ROOM, CLEAR, &[&arrears_rules::TEXT, &arrears_rules::NO_SANCTION, &arrears_rules::DAY, &arrears_rules::NO_STAGE,
            &arrears_rules::NOTHING_OVERDUE, &arrears_rules::PLAN_KEPT, &arrears_rules::SKIPPED, &arrears_rules::TOO_SOON]];
    GET Quick "/compounds/{compound}/arrears-notices/{no}" READERS Compound arrears::notice_paper:
        "查看催缴通知单" "发出时的逐笔金额与正文；业主只显示姓。" [&[&arrears_rules::NO_CLAIM]];
    POST Quick "/compounds/{compound}/arrears-notices/{no}/proof" KEEPERS Compound arrears::new_proof:
        "登记送达" "送达之日起诉讼时效重新计算（民法典第一百九十五条）。"
        [CLEAR, &[&arrears_rules::TEXT, &arrears_rules::NO_SANCTION, &arrears_rules::NO_CLAIM, &arrears_rules::PROVED, &arrears_rules::DAY]];
    POST Quick "/compounds/{compound}/arrears-plans" KEEPERS Compound arrears::new_plan:
        "登记承诺" "分期合计等于当日逾期欠费；履行情况依缴费计算，履行中的不再催缴。"
        [ROOM, CLEAR, &[&arrears_rules::TEXT, &arrears_rules::NO_SANCTION, &arrears_rules::DAY, &arrears_rules::NOTHING_OVERDUE,
            &arrears_rules::PLAN_DAYS, &arrears_rules::PLAN_SUM]];
    GET Quick "/compounds/{compound}/arrears-plans" READERS Compound arrears::plans:
        "列出承诺的履行情况" "履行中、已履行、已违约、另立新约。" [];
    POST Quick "/compounds/{compound}/arrears-lawsuits" KEEPERS Compound arrears::new_lawsuit:
        "登记起诉" "起诉或申请仲裁；诉讼时效重新计算（民法典第一百九十五条）。"
        [ROOM, CLEAR, &[&arrears_rules::TEXT, &arrears_rules::NO_SANCTION, &arrears_rules::DAY, &arrears_rules::NOTHING_OVERDUE]];
    GET Quick "/compounds/{compound}/arrears-claims" READERS Compound arrears::claims:
        "列出催缴、承诺与起诉" "依编号。" [ROOM];
    GET Long "/compounds/{compound}/limitations" READERS Compound arrears::limitations:
        "列出诉讼时效" "将届满、已届满的账单；逐笔与同一债务两种算法并列。时效届满不核销。" [];
    GET Long "/compounds/{compound}/collection" READERS Compound arrears::collection:
        "收缴率" "本期、累计、户、清欠四种比率，连同分子、分母、口径与核对行；建设单位承担的另列。" [&[&arrears_rules::PERIOD]];
    GET Long "/compounds/{compound}/collection-rows" READERS Compound arrears::collection_rows:
        "列出收缴率各行" "与收缴率同样的各行，可整份下载。" [&[&arrears_rules::PERIOD]];
    POST Quick "/compounds/{compound}/service-costs" KEEPERS Compound [MONEY] trust::spend:
        "登记服务支出" "酬金制：从代管服务资金中支付合同约定的服务成本；共用部位的维修由维修资金支付，不在此列。"
        [POST, &[&trust_rules::TEXT, &trust_rules::AMOUNT, &trust_rules::NOT_HELD]];
    POST Quick "/compounds/{compound}/remunerations" KEEPERS Compound [MONEY] trust::remunerate:
        "计提酬金" "酬金制：月份结束后依收费约定计提一次，按实收的比例或每月定额。"
        [POST, &[&trust_rules::MONTH, &trust_rules::NOT_HELD, &trust_rules::TAKEN, &trust_rules::NOTHING]];
    GET Long "/compounds/{compound}/trust-account" READERS Compound trust::account:
        "服务资金收支" "酬金制：应收、实收、各类支出、酬金、结余，与账上相符；按年公布。" [];
    GET Quick "/compounds/{compound}/revenue-terms" READERS Compound revenue::terms:
        "列出经营约定" "公共收益由谁经营、纳税人身份、分成与补充比例；按起日先后。" [];
    POST Quick "/compounds/{compound}/revenue-terms" STEWARDS Compound revenue::new_terms:
        "登记经营约定" "公共收益单独列账；分成在当地上限之内，补充维修资金的比例不低于当地规定。登记后不改动。" [REVENUE, CLEAR, LAW];
    GET Quick "/compounds/{compound}/revenue-leases" READERS Compound revenue::leases:
        "列出经营合同" "共有部分租给谁、依哪一项决议、各期应收、已收与欠付。" [];
    POST Quick "/compounds/{compound}/revenue-leases" STEWARDS Compound revenue::new_lease:
        "登记经营合同" "须有共有部分的业主作出的“改变用途、经营”决议（民法典第二百七十八条第八项）。" [REVENUE, CLEAR, vote_rules::RULES];
    POST Quick "/compounds/{compound}/revenue-leases/{no}/end" STEWARDS Compound revenue::end_lease:
        "终止经营合同" "终止后的各期不再应收，当期按天计算；误登、从未履行的以起日终止，不再有应收。" [REVENUE, CLEAR];
    GET Quick "/compounds/{compound}/revenue-entries" READERS Compound revenue::entries:
        "列出公共收益收支" "依编号；已冲销的注明。" [];
    GET Quick "/compounds/{compound}/revenue-entries/{no}/shares" READERS Compound revenue::shares:
        "列出分得的公共收益" "一次分配中各户的面积与金额，合计分毫不差。" [];
    POST Quick "/compounds/{compound}/revenue-incomes" STEWARDS Compound [MONEY] revenue::receive:
        "登记收入" "经营收入写明合同；税额按当日税率从价中分出。" [REVENUE, POST, LAW, CLAIM];
    POST Quick "/compounds/{compound}/revenue-costs" STEWARDS Compound [MONEY] revenue::spend => RevenuePayment:
        "登记合理成本" "每笔须有凭据，由经营人举证（民法典第二百八十二条）；付款之日账户不足的由经营人垫付；不得使已分配的期间的净收益低于已分配的金额。" [REVENUE, POST, LAW, CLAIM];
    POST Quick "/compounds/{compound}/revenue-remittances" STEWARDS Compound [MONEY] revenue::remit:
        "登记代收转入" "经营人把代收的转入单独的账户。" [REVENUE, POST, CLAIM];
    POST Quick "/compounds/{compound}/revenue-repayments" STEWARDS Compound [MONEY] revenue::repay => RevenuePayment:
        "归还垫付" "不超过账上所欠。" [REVENUE, POST, CLAIM];
    POST Quick "/compounds/{compound}/revenue-taxes" STEWARDS Compound [MONEY] revenue::pay_tax => RevenuePayment:
        "缴纳税费" "不超过账上的应交税费。" [REVENUE, POST, CLAIM];
    POST Quick "/compounds/{compound}/operator-shares" STEWARDS Compound [MONEY] revenue::take_share => RevenuePayment:
        "提取经营人分成" "期间结束后按约定提取一次：不含税经营收入的比例，在当地上限之内；期末账户不足的记为欠经营人，依“归还垫付”支付。" [REVENUE, POST, LAW];
    GET Long "/compounds/{compound}/revenue-standing" READERS Compound revenue::standing:
        "公共收益的净额" "一个期间各范围的净收益、结转的亏损、至少补充维修资金、尚可分配。" [LAW];
    POST Quick "/compounds/{compound}/revenue-distributions" STEWARDS Compound [MONEY] revenue::distribute => RevenueDistribution:
        "分配公共收益" "先补充维修资金，再凭决议分配给业主（按面积）、用于共同决定的用途或维修项目；亏损结转，不动用维修资金。"
        [REVENUE, POST, LAW, CLAIM, SHARED, vote_rules::RULES, &[&fund_rules::NO_PLAN, &fund_rules::PLAN_WITHDRAWN]];
    GET Quick "/compounds/{compound}/revenue-pledges" READERS Compound revenue::pledges:
        "列出让渡" "让渡给改造项目的公共收益：金额、已付、未付。" [];
    POST Quick "/compounds/{compound}/revenue-pledges" STEWARDS Compound revenue::new_pledge:
        "登记让渡" "业主共同决定以公共收益出资改造；付款由改造项目办理。" [REVENUE, CLEAR, vote_rules::RULES];
    GET Long "/compounds/{compound}/revenue-sheet" READERS Compound revenue::sheet:
        "预览公示表" "收入、支出、结转、说明；与账上核对。" [REVENUE, LAW];
    GET Quick "/compounds/{compound}/revenue-publications" READERS Compound revenue::publications:
        "列出公共收益公示" "公示表固定不变；附已公示天数与迟延天数；已更正的、账面已变须重新公示的注明。" [];
    GET Quick "/compounds/{compound}/dwellings/{room}/revenue-publications" RESIDENTS Dwelling revenue::own_publications:
        "业主查看公共收益公示" "与公告栏所示相同。" [ROOM];
    POST Long "/compounds/{compound}/revenue-publications" STEWARDS Compound revenue::publish:
        "登记公共收益公示" "按季、按年；公示表与其 SHA-256 随即固定，数字有变的登记为更正。" [REVENUE, CLEAR, LAW];
    POST Quick "/compounds/{compound}/revenue-publications/{no}/take-down" STEWARDS Compound revenue::take_down:
        "撤下公示" "满当地规定的天数方可。" [REVENUE, CLEAR, LAW];
    GET Long "/compounds/{compound}/revenue-duties" READERS Compound revenue::duties:
        "应办未办的公示、更正与划转" "依期限先后，附逾期天数；当地没有规定期限的在后。" [LAW];
    GET Quick "/compounds/{compound}/revenue-handovers" READERS Compound revenue::handovers:
        "列出公共收益移交" "移交清单及摘要。" [];
    POST Quick "/compounds/{compound}/revenue-handovers" STEWARDS Compound revenue::hand_over:
        "登记公共收益移交" "合同或任期届满；代收的须全部转入，垫付的须全部归还。一个任期只移交一次，其后不再登记日期在其最后一日及以前的收支。" [REVENUE, CLEAR, LAW];
    GET Quick "/compounds/{compound}/bank-lines" READERS Compound bank::lines:
        "列出银行流水" "付款人只显示姓，长号码只留末四位。" [];
    GET Quick "/compounds/{compound}/channel-statements" READERS Compound channels::statements:
        "列出渠道账单" "后导入的在前。" [];
    GET Quick "/compounds/{compound}/channel-orders" READERS Compound channels::orders:
        "列出渠道订单" "付款人只显示姓，长号码只留末四位；待定与暂存的有账龄。" [];
    GET Long "/compounds/{compound}/channel-proposals" READERS Compound channels::proposals:
        "认定建议" "待定的订单各自可能是谁的，逐笔说明理由；只有确定的可自动入账。" [];
    POST Long "/compounds/{compound}/channel-matches" KEEPERS Compound [MONEY] channels::apply:
        "自动入账" "只办确定的；其余待人工认定。答复有 next 的，从它之后接着办。"
        [ORDER, POST, CLAIM, &[&fee_rules::AMOUNT]];
    POST Quick "/compounds/{compound}/channel-orders/{no}/accept" KEEPERS Compound [MONEY] channels::accept:
        "认定订单" "入账到房屋，或对应已有的收据；暂存的从暂存款转出。"
        [ORDER, ROOM, POST, CLAIM, &[&fee_rules::AMOUNT]];
    POST Quick "/compounds/{compound}/channel-orders/{no}/hold" KEEPERS Compound [MONEY] channels::hold:
        "暂存订单" "查不明的款项记入暂存款。" [ORDER, POST];
    POST Quick "/compounds/{compound}/channel-orders/{no}/return" KEEPERS Compound [MONEY] channels::give_back:
        "退回渠道收款" "暂存款凭渠道的退款订单或银行流水退回；已入账的，凭渠道的退款订单按退费入账，先退预存、再退最近的账单。" [ORDER, POST, CLAIM];
    GET Quick "/compounds/{compound}/channel-payouts" READERS Compound channels::payouts:
        "列出到账核销" "后核销的在前。" [];
    GET Long "/compounds/{compound}/payout-proposals" READERS Compound channels::payout_proposals:
        "到账核销建议" "未认领的到账流水可能对应哪些日子的订单，差额列明。" [];
    POST Long "/compounds/{compound}/channel-payouts" KEEPERS Compound [MONEY] channels::settle:
        "核销到账" "一笔到账拆成订单与手续费：收款减退款减手续费；有差额的须写明。"
        [POST, CLAIM, &[&payout_rules::PERIOD, &payout_rules::NOTHING, &payout_rules::OPEN, &payout_rules::DIFFERS]];
    GET Quick "/compounds/{compound}/account-days" READERS Compound channels::account_day:
        "账户的一日" "账单、账面与逐项差异。" [];
    GET Quick "/compounds/{compound}/signed-days" READERS Compound channels::signed_days:
        "列出签认" "依签认编号。" [];
    POST Quick "/compounds/{compound}/signed-days" KEEPERS Compound channels::sign_day:
        "签认一日" "每处差异须写明原因；一个账户的一日只签一次，签后不改。"
        [&[&day_rules::NOT_OVER, &day_rules::SIGNED, &day_rules::NO_STATEMENT, &day_rules::UNEXPLAINED, &ledger::seal::IN_TEXT]];
    GET Live "/compounds/{compound}/collection-file" KEEPERS Compound channels::collect:
        "写托收文件" "按模板列出各户欠费；写全名的先记入操作记录。" [&[&collection_rules::NO_TEMPLATE]];
    GET Quick "/compounds/{compound}/invoices" READERS Compound channels::invoices:
        "列出发票" "依发票编号；购买方只显示首字。" [];
    POST Quick "/compounds/{compound}/invoices/{no}/tie" KEEPERS Compound channels::tie_invoice:
        "发票对应收据" "一张发票只对应一张收据，合计不超过收据金额。"
        [&[&invoice_rules::NO_INVOICE, &invoice_rules::IS_RED, &invoice_rules::USED, &invoice_rules::TAKEN_BACK,
            &invoice_rules::NO_PAYMENT, &invoice_rules::BEYOND]];
    POST Quick "/compounds/{compound}/invoices/{no}/red-of" KEEPERS Compound channels::link_invoice:
        "红字发票对应蓝字发票" "红冲合计不超过蓝字发票金额。"
        [&[&invoice_rules::NO_INVOICE, &invoice_rules::NOT_RED, &invoice_rules::LINKED, &invoice_rules::BEYOND]];
    POST Long "/compounds/{compound}/imports" KEEPERS Compound [MONEY] imports::take:
        "导入文件" "请求体就是文件，或表单里唯一的文件。先用 dry_run=true 预览；退回的行在 report.rejected。同一行只入账一次。"
        [FILE, import_rules::RULES, property_rules::RULES, POST, ledger::seal::RULES, &[&invoice_rules::REGISTERED]];
    GET Quick "/compounds/{compound}/imports" READERS Compound imports::list:
        "列出导入" "后导入的在前。" [];
    POST Long "/compounds/{compound}/imports/{no}/undo" KEEPERS Compound [MONEY] imports::undo => Reversal:
        "撤销导入" "凭证逐张红字冲销，不删除。"
        [import_rules::RULES, POST, journal_rules::RULES];
    GET Quick "/compounds/{compound}/countersigns" READERS Compound countersign::list:
        "列出复核申请" "待第二人复核的，依编号；which=all 连同已裁定的。" [];
    GET Quick "/compounds/{compound}/countersigns/{no}" READERS Compound countersign::one:
        "查看复核申请" "所申请的全部内容：复核的人看到什么，就签什么。含个人号码的，先记入操作记录再答复。"
        [&[&countersign_rules::NONE, &countersign_rules::CHANGED], ledger::seal::RULES];
    POST Long "/compounds/{compound}/countersigns/{no}/confirm" SIGNERS Compound countersign::confirm:
        "复核" "须是申请人以外的另一人，且有权办理所申请之事；写明所见内容的 sha256。签字与办理是同一个操作：所申请的随即以申请人之名办理并记明复核人，规则不许的，申请仍待复核。"
        [JUDGED, &[&countersign_rules::SAME_PERSON, &countersign_rules::CHANGED, &countersign_rules::ASKER_GONE], ledger::seal::RULES];
    POST Quick "/compounds/{compound}/countersigns/{no}/refuse" SIGNERS Compound countersign::refuse:
        "退回复核申请" "由有权复核的人写明原因。"
        [JUDGED, CLEAR, &[&countersign_rules::REASON, &countersign_rules::SAME_PERSON]];
    POST Quick "/compounds/{compound}/countersigns/{no}/withdraw" SIGNERS Compound countersign::withdraw:
        "撤回复核申请" "由申请人本人写明原因。"
        [JUDGED, CLEAR, &[&countersign_rules::REASON, &countersign_rules::NOT_YOURS]];
    POST Quick "/compounds/{compound}/dwellings/{room}/owners/reveal" TRUSTED Compound audit::reveal:
        "查看产权人完整信息" "完整的姓名、证件号、电话；须写明事由，先记入操作记录再答复。"
        [ROOM, ledger::audit::RULES, ledger::seal::RULES];
    GET Live "/compounds/{compound}/audit" WATCHERS Compound audit::compound:
        "小区操作记录" "谁、何时、从何处、做了什么；个人信息已遮盖。整份导出也记入操作记录。" [];
    GET Live "/audit" GUARDS House audit::house:
        "全部操作记录" "同上，全部小区与总册。" [];
    POST Quick "/compounds/{compound}/votes" CONVENERS Compound governance::draft:
        "草拟表决" "范围可为全体、本幢、本单元或指定房屋；事项的通过比例依小区所在地当日的政策包。"
        [CLEAR, LAW, &[&vote_rules::ROUND_SHAPE, &vote_rules::MOTION_SHAPE, &vote_rules::CAP]];
    GET Quick "/compounds/{compound}/votes" READERS Compound governance::rounds:
        "列出表决" "后草拟的在前。" [];
    GET Quick "/compounds/{compound}/votes/{no}" READERS Compound governance::round:
        "查看表决" "事项、规则、办法与经过。" [&[&vote_rules::NO_ROUND]];
    POST Quick "/compounds/{compound}/votes/{no}/motions" CONVENERS Compound governance::move_motion:
        "提出事项" "只在草拟阶段；公示后不得增改。"
        [ROUND, CLEAR, LAW, &[&vote_rules::MOTION_SHAPE, &vote_rules::CAP]];
    POST Long "/compounds/{compound}/votes/{no}/freeze" CONVENERS Compound governance::freeze:
        "冻结名册" "按名册日的产权人：人数合并，面积不合并；此后的买卖不改变名册。"
        [ROUND, &[&vote_rules::NO_MOTION, &vote_rules::ROLL_DAY, &vote_rules::EMPTY_SCOPE]];
    POST Quick "/compounds/{compound}/votes/{no}/announce" CONVENERS Compound governance::announce:
        "登记公示" "自公示之日起满规定天数方可开始表决。"
        [ROUND, CLEAR, &[&vote_rules::PAPERS, &vote_rules::NOTICE]];
    POST Quick "/compounds/{compound}/votes/{no}/open" CONVENERS Compound governance::open:
        "开始表决" "" [ROUND, &[&vote_rules::VOTING_DAYS]];
    POST Long "/compounds/{compound}/votes/{no}/close" CONVENERS Compound governance::close:
        "结束并计票" "表决期届满，或全部业主均已投票。结果随即固定。"
        [ROUND, &[&vote_rules::TOO_EARLY, &vote_rules::ENTRIES_OPEN]];
    POST Quick "/compounds/{compound}/votes/{no}/withdraw" CONVENERS Compound governance::withdraw:
        "撤回表决" "" [ROUND, CLEAR, &[&vote_rules::REASON]];
    POST Quick "/compounds/{compound}/votes/{no}/deliveries" COUNTERS Compound governance::deliver:
        "登记送达" "物业公司受委托方可办理。" [CLEAR, vote_rules::RULES];
    POST Quick "/compounds/{compound}/votes/{no}/proxies" COUNTERS Compound governance::entrust:
        "登记委托" "物业公司受委托方可办理。证件只记末四位。" [CLEAR, vote_rules::RULES];
    POST Quick "/compounds/{compound}/votes/{no}/entries" COUNTERS Compound governance::enter:
        "录入纸质票" "两人各录一次，一致方计入；不一致的由第三人再录，说明原因。更正亦同。" [CLEAR, vote_rules::RULES];
    GET Quick "/compounds/{compound}/votes/{no}/entries" SLIP_READERS Compound governance::undecided:
        "列出未决纸质票" "待第二人录入，或两人不一致。" [&[&vote_rules::NO_ROUND]];
    GET Quick "/compounds/{compound}/votes/{no}/progress" READERS Compound governance::progress:
        "表决进度" "参与、同意还差多少户、多少面积；各幢送达与投票。" [ROUND];
    GET Quick "/compounds/{compound}/votes/{no}/result" READERS Compound governance::result:
        "表决结果" "format=pdf 可打印公示。" [ROUND];
    GET Quick "/compounds/{compound}/votes/{no}/recount" READERS Compound governance::recount:
        "明细清册" "姓名隐去，逐行成链；任何人可用电子表格重新计票。" [ROUND];
    GET Quick "/compounds/{compound}/dwellings/{room}/votes" RESIDENTS Dwelling governance::own_rounds:
        "业主查看表决" "后草拟的在前。" [ROOM];
    POST Quick "/compounds/{compound}/dwellings/{room}/votes/{no}/ballots" VOTERS Dwelling governance::cast:
        "线上投票" "一票代表同一人头的全部房屋。" [ROOM, vote_rules::RULES];
    GET Quick "/compounds/{compound}/dwellings/{room}/votes/{no}/progress" RESIDENTS Dwelling governance::own_progress:
        "业主查看进度" "参与、同意还差多少户、多少面积。" [ROOM, ROUND];
    GET Quick "/compounds/{compound}/dwellings/{room}/votes/{no}/result" RESIDENTS Dwelling governance::own_result:
        "业主查看结果" "format=pdf 可打印。" [ROOM, ROUND];
    GET Quick "/compounds/{compound}/dwellings/{room}/votes/{no}/recount" RESIDENTS Dwelling governance::own_recount:
        "业主取明细清册" "姓名隐去，逐行成链；任何人可用电子表格重新计票。" [ROOM, ROUND];
    POST Quick "/compounds/{compound}/projects" RECORDERS Compound works::propose:
        "立项" "使用维修资金的项目：一般程序或应急程序；代修由街道或房管部门立项。"
        [CLEAR, &[&work_rules::SHAPE, &work_rules::POWER]];
    GET Quick "/compounds/{compound}/projects" READERS Compound works::projects:
        "列出项目" "后立项的在前。" [];
    GET Quick "/compounds/{compound}/projects/{no}" READERS Compound works::project:
        "查看项目" "方案名、申请摘要、全部经过、付款与材料。" [PROJECT];
    GET Quick "/compounds/{compound}/projects/{no}/gate" READERS Compound works::gate:
        "支取条件" "逐项列出规定、条文、现状与办法；街道据此决定，业主所见相同。format=pdf 为使用审批表。" [PROJECT, LAW];
    GET Quick "/compounds/{compound}/projects/{no}/allocation" READERS Compound works::allocation:
        "分摊预览" "合计、依据与各户；批准前依现时余额，批准后依批准时的。format=pdf 为分摊清册。" [PROJECT, LAW, SHARED, &[&work_rules::STEP, &work_rules::SCOPE]];
    GET Quick "/compounds/{compound}/projects/{no}/shares" READERS Compound works::shares:
        "分摊清册" "逐户：分摊、支取本金与收益、自筹、其后的余额。" [PROJECT, LAW, SHARED, &[&work_rules::STEP, &work_rules::SCOPE]];
    POST Quick "/compounds/{compound}/projects/{no}/plans" RECORDERS Compound works::plan:
        "登记方案" "内容、预算、列支范围、分摊方式。改动方案的，须重新公示、表决、申请。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/checks" RECORDERS Compound works::check:
        "登记责任核查" "共用部位、保修期、不得列支的费用逐类核查。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/notices" RECORDERS Compound works::notice:
        "登记公示" "公示当日不计，满期的次日方可办理下一步。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/objections" RECORDERS Compound works::objection:
        "登记异议" "业主书面提出的。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/answers" RECORDERS Compound works::answer:
        "答复异议" "" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/votes" PROPOSERS Compound works::vote:
        "登记表决通过" "表决事项的“方案”须写明项目的方案名。" [WORKS, CLEAR, LAW, vote_rules::RULES];
    POST Quick "/compounds/{compound}/projects/{no}/witnessings" RECORDERS Compound works::witness:
        "确认或证明应急" "业委会、居委会（由街道登记）、街道、房管部门、物业、业主各以其名义。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/applications" RECORDERS Compound works::apply:
        "申请使用" "固定所申请的内容；答复中的摘要供决定时写明。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/decisions" DECIDERS Compound works::decide:
        "审批或备案" "决定使用申请或付款申请；须写明所见的摘要。同意的，支取条件须全部符合。" [WORKS, GATE, CLEAR, LAW, SHARED, &[&journal_rules::SHORT]];
    POST Quick "/compounds/{compound}/projects/{no}/contracts" PROPOSERS Compound works::contract:
        "登记施工合同" "收款人即合同的施工单位。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/progress" RECORDERS Compound works::progress:
        "登记开工、竣工" "" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/acceptances" RECORDERS Compound works::accept:
        "登记验收" "" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/reviews" RECORDERS Compound works::review:
        "登记审价" "" [WORKS, CLEAR, LAW, SHARED, &[&journal_rules::SHORT]];
    POST Quick "/compounds/{compound}/projects/{no}/final-accounts" RECORDERS Compound works::account:
        "登记决算" "" [WORKS, CLEAR, LAW, SHARED, &[&journal_rules::SHORT]];
    POST Quick "/compounds/{compound}/projects/{no}/warranty-ends" PROPOSERS Compound works::warranty_end:
        "登记工程保修期满" "" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/interests" RECORDERS Compound works::interest:
        "申报利害关系" "" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/raised" RECORDERS Compound works::raised:
        "登记业主自筹" "在维修资金之外交付的部分。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/payment-requests" RECORDERS Compound works::request:
        "申请付款" "后一份未付的取代前一份。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/orders" AUTHORITIES Compound works::order:
        "登记代修决定" "" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/withdrawals" RECORDERS Compound works::withdraw:
        "撤回项目" "没有付过款的方可；预留随之解除。" [WORKS, CLEAR, LAW];
    POST Quick "/compounds/{compound}/projects/{no}/payments" RECORDERS Compound [MONEY] works::pay_request => FundPayment:
        "付款" "据已批准的付款申请；支取条件须全部符合。借维修支出（逐户），贷银行存款。" [WORKS, GATE, CLEAR, LAW, SHARED, CLAIM, POST, &[&journal_rules::SHORT, &journal_rules::RELEASE]];
    POST Quick "/compounds/{compound}/projects/{no}/claim-backs" RECORDERS Compound [MONEY] works::claim_back:
        "追回多付" "审定价低于已付的，退回各户。" [WORKS, GATE, CLEAR, LAW, SHARED, CLAIM, POST];
    POST Quick "/compounds/{compound}/projects/{no}/archive" RECORDERS Compound works::archive:
        "归档" "全部办结后，固定清单的摘要，解除余下的预留。" [WORKS, LAW];
    GET Quick "/compounds/{compound}/projects/{no}/archive" READERS Compound works::archive_list:
        "归档清单" "步骤、材料、付款及各自的摘要；text=true 为文本文件。" [PROJECT];
    POST Long "/compounds/{compound}/projects/{no}/papers" RECORDERS Compound works::keep_paper:
        "登记材料" "请求体就是文件，或表单里唯一的文件。4 MB 以内的留存原件，更大的只留摘要。" [WORKS, CLEAR];
    GET Quick "/compounds/{compound}/projects/{no}/papers" READERS Compound works::papers:
        "列出材料" "依材料编号。" [];
    GET Quick "/compounds/{compound}/projects/{no}/papers/{number}" READERS Compound works::paper:
        "查看材料" "content=true 为原件。" [&[&work_rules::NO_PAPER]];
    GET Quick "/compounds/{compound}/dwellings/{room}/projects" RESIDENTS Dwelling works::own_projects:
        "业主查看项目" "列支范围含本户的，后立项的在前。" [ROOM];
    GET Quick "/compounds/{compound}/dwellings/{room}/projects/{no}/gate" RESIDENTS Dwelling works::own_gate:
        "为什么不能支取" "与街道所见相同的条件一览，不列他户房号。" [ROOM, PROJECT, LAW];
    GET Quick "/compounds/{compound}/dwellings/{room}/projects/{no}/share" RESIDENTS Dwelling works::own_share:
        "本户的分摊" "" [ROOM, PROJECT, LAW, SHARED, &[&work_rules::STEP, &work_rules::SCOPE]];
    POST Quick "/compounds/{compound}/dwellings/{room}/projects/{no}/objections" VOTERS Dwelling works::own_objection:
        "业主提出异议" "" [ROOM, WORKS, CLEAR, LAW];
    POST Quick "/programmes" GRANTORS House subsidy::new_programme:
        "登记补贴项目" "文号、层级、总额、期限与条件：可用于什么，金额怎样算，预拨与余款、考核奖惩。"
        [CLEAR, &[&subsidy_rules::SHAPE, &subsidy_rules::AMOUNT, &subsidy_rules::PERIOD_OVER, &property_rules::NO_AREA,
            &subsidy_rules::DOCUMENT_TAKEN]];
    GET Quick "/programmes" ANYBODY Own subsidy::programmes:
        "列出补贴项目" "依登记次序。" [];
    POST Quick "/allotments" GRANTORS House subsidy::new_allotment:
        "分配补贴" "一个文件分配给若干小区，只登记一次；合计不超过总额，日期在补贴项目的期限之内。"
        [CLEAR, GRANT, &[&subsidy_rules::PERIOD_OVER, &property_rules::NO_COMPOUND, &subsidy_rules::OUTSIDE,
            &subsidy_rules::ALLOTTED_ONCE, &subsidy_rules::OVER_BUDGET]];
    GET Quick "/allotments" ANYBODY Own subsidy::allotments:
        "列出分配" "分配给各小区的每一笔，已撤回的也列出，依登记次序。" [];
    POST Quick "/compounds/{compound}/allotment-withdrawals" GRANTORS Compound subsidy::withdraw_allotment:
        "撤回分配" "误登记的：撤回后本小区的分配不少于已下达的；原记录留存。"
        [CLEAR, &[&subsidy_rules::SHAPE, &subsidy_rules::NO_ALLOTMENT, &subsidy_rules::WITHDRAWN,
            &subsidy_rules::ALLOTMENT_GRANTED]];
    GET Quick "/content-items" ANYBODY Own subsidy::items:
        "改造内容目录" "基础类、完善类、提升类各项，及物业管理补贴的用途：代号、名称、类别。" [];
    POST Quick "/compounds/{compound}/tranches" GRANTORS Compound subsidy::grant:
        "下达补贴资金" "依文件金额，或按面积、户数、名册计算；预拨在先，余款依考核得分。"
        [CLEAR, GRANT, &[&subsidy_rules::PERIOD_OVER, &subsidy_rules::NO_PROJECT, &subsidy_rules::USE, &subsidy_rules::NO_PERIOD,
            &subsidy_rules::OUTSIDE_PERIOD, &subsidy_rules::GRANTED_ONCE, &subsidy_rules::NO_ADVANCE, &subsidy_rules::NO_MODE, &subsidy_rules::NO_BASE,
            &subsidy_rules::NOT_APPRAISED, &subsidy_rules::OVER_ALLOTMENT]];
    GET Quick "/compounds/{compound}/tranches" READERS Compound subsidy::tranches:
        "补贴资金台账" "每笔的文号、下达、到账、支付、结余、使用截止日、是否逾期未用、是否已撤回。" [];
    POST Quick "/compounds/{compound}/tranche-withdrawals" GRANTORS Compound subsidy::withdraw_tranche:
        "撤回补贴资金" "误下达的：没有到账、支付，也没有余款依其下达的；原记录留存。"
        [CLEAR, &[&subsidy_rules::SHAPE, &subsidy_rules::NO_TRANCHE, &subsidy_rules::WITHDRAWN, &subsidy_rules::TRANCHE_MOVED]];
    POST Quick "/compounds/{compound}/tranche-receipts" GRANT_KEEPERS Compound [MONEY] subsidy::receive:
        "补贴到账" "合计不超过下达的金额。" [POST, CLAIM, GRANT, &[&subsidy_rules::OVER_GRANTED]];
    POST Quick "/compounds/{compound}/tranche-interest" GRANT_KEEPERS Compound [MONEY] subsidy::interest:
        "补贴利息" "归该笔补贴：同样专款专用，未用的一并上缴。" [POST, CLAIM, GRANT];
    POST Quick "/compounds/{compound}/tranche-spendings" GRANT_KEEPERS Compound [MONEY] subsidy::spend => GrantPayment:
        "支付补贴资金" "专款专用：只用于所下达的项目与可用的内容，不为负、不拆借；同一内容不重复使用中央资金；考核奖励、补助到户各依其程序。"
        [POST, CLAIM, GRANT, EARMARK, &[&subsidy_rules::REWARD_BY_SCORE, &subsidy_rules::AID_BY_ROSTER,
            &renovation_rules::PAYS_ITSELF]];
    POST Quick "/compounds/{compound}/tranche-claw-backs" GRANT_KEEPERS Compound [MONEY] subsidy::claw_back:
        "追回补贴支付" "违反用途或多付的，回到原补贴。"
        [POST, CLAIM, GRANT, &[&subsidy_rules::NO_SPENDING, &subsidy_rules::OVER_CLAWED]];
    POST Quick "/compounds/{compound}/tranche-returns" GRANT_KEEPERS Compound [MONEY] subsidy::hand_back => GrantPayment:
        "上缴补贴结余" "未用的、逾期的、利息。" [POST, CLAIM, GRANT, &[&subsidy_rules::SHORT]];
    GET Quick "/compounds/{compound}/tranche-moves" READERS Compound subsidy::moves:
        "列出补贴变动" "到账、利息、支付、追回、上缴，依次序。" [];
    GET Quick "/compounds/{compound}/contents" READERS Compound subsidy::contents:
        "列出改造内容" "每项批准的金额与补贴已付。" [];
    POST Quick "/compounds/{compound}/appraisals" GRANTORS Compound subsidy::appraise:
        "登记考核" "一个期间一次，各期间不重叠，期间结束之后；余款与奖惩依得分。"
        [CLEAR, GRANT, &[&subsidy_rules::NO_PERIOD, &subsidy_rules::OUTSIDE_PERIOD, &subsidy_rules::PERIOD_OPEN,
            &subsidy_rules::OWN_APPRAISAL, &subsidy_rules::APPRAISED]];
    GET Quick "/compounds/{compound}/appraisals" READERS Compound subsidy::appraisals:
        "列出考核" "每个补贴项目各期间的得分、奖励、扣款、是否已兑现。" [];
    POST Quick "/compounds/{compound}/appraisal-settlements" GRANTORS Compound [MONEY] subsidy::settle:
        "兑现考核奖惩" "奖励由补贴支付，扣款出自保证金；一个期间一次。"
        [POST, CLAIM, GRANT, EARMARK, &[&subsidy_rules::NOT_APPRAISED, &subsidy_rules::NO_EARNEST, &subsidy_rules::SETTLED,
            &subsidy_rules::EARNEST_SHORT]];
    POST Quick "/compounds/{compound}/earnest-moves" GRANT_KEEPERS Compound [MONEY] subsidy::move_earnest => GrantPayment:
        "保证金变动" "考核奖惩保证金的收取、退还、扣款上缴；退还后留足考核应扣的。"
        [POST, CLAIM, GRANT, &[&subsidy_rules::NO_EARNEST, &subsidy_rules::EARNEST_SHORT, &subsidy_rules::EARNEST_OWED]];
    GET Quick "/compounds/{compound}/earnests" READERS Compound subsidy::earnests:
        "列出保证金" "每个补贴项目的收取、扣款、奖励、退还、上缴。" [];
    POST Quick "/compounds/{compound}/grant-rosters" GRANT_KEEPERS Compound subsidy::enrol:
        "登记补助名册" "一个期间一份：房号与人数，不写姓名。"
        [GRANT, ROOM, &[&subsidy_rules::NO_PERIOD, &subsidy_rules::OUTSIDE_PERIOD, &subsidy_rules::ROSTER]];
    POST Quick "/compounds/{compound}/renovations" RECORDERS Compound renovation::reserve:
        "列入储备库" "建成年份、幢数、户数、面积；拟拆除的不列。" [CLEAR, RENOVATION, LAW];
    GET Quick "/compounds/{compound}/renovations" READERS Compound renovation::renovations:
        "列出改造项目" "依编号。" [];
    GET Quick "/compounds/{compound}/renovations/{no}" READERS Compound renovation::one:
        "查看改造项目" "资金来源、付款、节点、漏报的调度日、经过。" [RENOVATION_NO, LAW];
    GET Quick "/compounds/{compound}/renovations/{no}/conditions" READERS Compound renovation::conditions:
        "改造条件一览" "可否定方案、开工、付款、移交：逐项列出现状与办法。" [RENOVATION_NO, LAW, ROUND];
    POST Quick "/compounds/{compound}/renovations/{no}/steps" RECORDERS Compound renovation::record:
        "登记改造步骤" "意愿、长效管理、方案、方案表决、联合审查、合同、开工、调度、验收、审计、评价、移交、撤回。"
        [CLEAR, RENOVATION, LAW, ROUND, &[&vote_rules::NO_MOTION, &vote_rules::NOT_PASSED, &subsidy_rules::SHAPE,
            &subsidy_rules::AMOUNT, &subsidy_rules::NO_CONTENT]];
    POST Quick "/compounds/{compound}/renovations/{no}/paid-in" GRANT_KEEPERS Compound [MONEY] renovation::pay_in:
        "登记到位资金" "居民出资、单位、社会资本等存入专项账户；投工投劳只计价。"
        [POST, CLAIM, RENOVATION, ROOM, LAW];
    POST Quick "/compounds/{compound}/renovations/{no}/assigned-revenue" STEWARDS Compound [MONEY] renovation::assign => RevenueDistribution:
        "付入让渡的公共收益" "依已登记的让渡，自一个期间的收益付入改造的专项账户；两本账各记一半。"
        [POST, RENOVATION, REVENUE, LAW];
    POST Quick "/compounds/{compound}/renovations/{no}/payments" GRANT_KEEPERS Compound [MONEY] renovation::pay => GrantPayment:
        "支付改造款" "依方案的来源次序支取，各部分之和等于付款；补助、维修资金各依其自身的条件。"
        [POST, CLAIM, RENOVATION, GRANT, EARMARK, WORKS, GATE, LAW, ROUND, &[&journal_rules::SHORT]];
    POST Quick "/compounds/{compound}/renovations/{no}/reversals" GRANT_KEEPERS Compound [MONEY] renovation::reverse => Reversal:
        "冲销改造付款" "各部分的凭证一并红字冲销；自最后一笔起。" [POST, RENOVATION, journal_rules::RULES];
    GET Quick "/compounds/{compound}/maintenance-records" READERS Compound renovation::records:
        "改造后的维修记录" "每项内容的保修期与养护人，供以后的维修项目核查。" [];
    GET Live "/compounds/{compound}/verify" READERS Compound journal::verify:
        "核验小区账册" "逐条检查账册必须成立的规律，重算每张凭证的印记。" [];
    GET Quick "/compounds/{compound}/policy" READERS Compound policy::of_compound:
        "小区适用的政策" "某日适用于小区的全部规定与支取条件，逐项注明条文、依据与出自的政策包。"
        [&[&policy_rules::NOT_IN_FORCE]];
    GET Quick "/policies" ANYBODY Own policy::list:
        "列出政策包" "各地各版本：随程序的，与主管部门收入的。" [];
    GET Quick "/policies/{pack}" ANYBODY Own policy::one:
        "查看政策包" "一个版本的各项参数与原文。" [&[&policy_rules::NO_VERSION]];
    GET Quick "/policies/{pack}/changes" ANYBODY Own policy::changes:
        "比较政策包" "与另一版本相比，逐格的变化。" [&[&policy_rules::NO_VERSION]];
    GET Live "/verify" EXAMINERS House journal::verify_all:
        "核验全部账册" "同上，全部小区。" [];
    POST Quick "/sessions" NOBODY Open people::log_in:
        "登录" "用户名、口令；启用了二次验证的再带 code。答复里的会话写在 Authorization 头中，或由浏览器以 Cookie 携带；闲置 30 分钟、至多 12 小时失效。" [ledger::seal::RULES, &[&people_rules::LOGIN, &people_rules::CODE_WANTED, &people_rules::CROWDED]];
    GET Quick "/portals" NOBODY Open portal::list:
        "列出登录门户" "可用哪些门户登录。" [];
    GET Quick "/portals/{portal}/begin" NOBODY Open portal::begin:
        "经门户登录" "转往门户；登录后由门户送回 callback。OpenID Connect 授权码流程，PKCE S256。"
        [ledger::seal::RULES, &[&portal::UNKNOWN, &portal::AWAY]];
    GET Quick "/portals/{portal}/callback" NOBODY Open portal::callback:
        "门户送回" "浏览器转往首页，程序得到会话；规则同口令登录。未绑定的不登录，也不自动开户。"
        [portal::RULES, ledger::seal::RULES, &[&people_rules::PORTAL_UNBOUND, &people_rules::LOGIN, &people_rules::NO_USER,
            &people_rules::SESSION_ONLY, &people_rules::PORTAL_SHAPE, &people_rules::PORTAL_TAKEN,
            &problem::UNKNOWN_OUTCOME, &ledger::books::OVERLOADED]];
    POST Quick "/portals/{portal}/binding" ANYBODY Own portal::bind:
        "绑定门户" "再输一次口令，得到门户的地址；由同一浏览器前往，回来即绑定。"
        [ledger::seal::RULES, &[&people_rules::SESSION_ONLY, &portal::UNKNOWN, &people_rules::LOGIN, &people_rules::CROWDED,
            &people_rules::NO_USER, &portal::AWAY]];
    DELETE Quick "/portals/{portal}/binding" ANYBODY Own portal::unbind:
        "解除门户绑定" "本人的全部会话随即失效。"
        [&[&people_rules::SESSION_ONLY, &portal::UNKNOWN, &people_rules::NO_USER, &people_rules::NOT_BOUND]];
    GET Live "/session" ANYBODY Own people::myself:
        "查看本人" "在期的授权与各个会话。" [];
    DELETE Quick "/session" ANYBODY Own people::log_out:
        "退出登录" "本会话立即失效。" [&[&people_rules::SESSION_ONLY]];
    POST Quick "/session/proof" ANYBODY Own proof::prove:
        "再次验证" "提交验证码，使本会话在数分钟内（配置 proof_minutes）可办理须再次验证的事项。每个验证码只能用一次，输错计入锁定。"
        [ledger::seal::RULES, &[&people_rules::SESSION_ONLY, &people_rules::SECOND_FACTOR, &people_rules::LOGIN, &people_rules::CODE]];
    POST Quick "/password" ANYBODY Own people::change_password:
        "更换口令" "本人的全部会话随即失效，令牌不受影响。" [&[&people_rules::SESSION_ONLY, &people_rules::PASSWORD, &people_rules::LOGIN, &people_rules::PASSWORD_SAME, &people_rules::CROWDED]];
    POST Quick "/second-factor" ANYBODY Own people::propose_second_factor:
        "申请二次验证" "取得验证器的密钥与恢复码，确认之后生效。" [ledger::seal::RULES, &[&people_rules::SESSION_ONLY, &people_rules::SECOND_FACTOR]];
    POST Quick "/second-factor/confirm" ANYBODY Own people::confirm_second_factor:
        "确认二次验证" "此后登录须带验证码；本人的全部会话随即失效。" [ledger::seal::RULES, &[&people_rules::SESSION_ONLY, &people_rules::NOT_PROPOSED, &people_rules::CODE]];
    GET Quick "/tokens" ANYBODY Own people::tokens:
        "列出本人的令牌" "不含令牌本身。" [];
    POST Quick "/tokens" ANYBODY Own people::issue_token:
        "签发令牌" "带本人的若干项授权；令牌只显示这一次。" [&[&people_rules::SESSION_ONLY, &people_rules::TOKEN_SHAPE, &people_rules::NO_USER]];
    DELETE Quick "/tokens/{no}" ANYBODY Own people::revoke_token:
        "吊销本人的令牌" "立即失效。" [&[&people_rules::NO_TOKEN]];
    GET Quick "/organisations" ADMIN House people::orgs:
        "列出机构" "依代码。" [];
    POST Quick "/organisations" ADMIN House people::found_org:
        "登记机构" "物业公司、业主委员会、街道办、房管部门、审计机构。" [&[&people_rules::ORG_SHAPE, &people_rules::ORG_TAKEN]];
    POST Quick "/organisations/{org}/contracts" ADMIN House people::contract:
        "登记物业服务合同" "合同期内，该公司的人员可办理该小区；期满权限随之终止。" [&[&people_rules::NO_ORG, &people_rules::REACH, &people_rules::TERM, &property_rules::NO_COMPOUND]];
    GET Quick "/contracts" ADMIN House people::contracts:
        "列出物业服务合同" "依编号。" [];
    POST Quick "/contracts/{no}/end" ADMIN House people::end_contract:
        "合同定期终止" "写明最后一日。" [&[&people_rules::NO_CONTRACT, &people_rules::TERM]];
    DELETE Quick "/contracts/{no}" ADMIN House people::break_contract:
        "合同立即终止" "" [&[&people_rules::NO_CONTRACT]];
    GET Quick "/users" ADMIN House people::users:
        "列出用户" "依用户名。" [];
    POST Quick "/users" ADMIN House people::enlist:
        "登记用户" "登记后尚无口令与授权。" [ledger::seal::RULES, &[&people_rules::USER_SHAPE, &people_rules::USER_TAKEN, &people_rules::NO_ORG]];
    GET Quick "/users/{user}" ADMIN House people::user:
        "查看用户" "及其授权。" [&[&people_rules::NO_USER]];
    POST Quick "/users/{user}/mandates" ADMIN House people::appoint:
        "授权" "写 area、org、compound，或 compound 与 room；都不写为全册（仅管理员）。" [&[&people_rules::NO_USER, &people_rules::REACH, &people_rules::TERM, &people_rules::OWN_MANDATE, &people_rules::NO_ORG, &property_rules::NO_COMPOUND, &property_rules::NO_AREA, &property_rules::ROOM, &property_rules::NO_DWELLING]];
    POST Quick "/mandates/{no}/end" ADMIN House people::end_mandate:
        "授权定期终止" "写明最后一日。" [&[&people_rules::NO_MANDATE, &people_rules::TERM]];
    DELETE Quick "/mandates/{no}" ADMIN House people::break_mandate:
        "授权立即终止" "" [&[&people_rules::NO_MANDATE]];
    POST Quick "/users/{user}/password" ADMIN House people::reset_password:
        "重置口令" "生成随机口令，只显示这一次；该用户的全部会话随即失效。" [&[&people_rules::NO_USER, &people_rules::CROWDED]];
    POST Quick "/users/{user}/phone" ADMIN House people::set_phone:
        "更换电话" "该用户的全部会话随即失效。" [ledger::seal::RULES, &[&people_rules::NO_USER, &people_rules::USER_SHAPE]];
    POST Quick "/users/{user}/disable" ADMIN House people::disable:
        "停用用户" "不能再登录，会话与令牌立即失效。" [&[&people_rules::NO_USER]];
    POST Quick "/users/{user}/enable" ADMIN House people::enable:
        "恢复用户" "" [&[&people_rules::NO_USER]];
    POST Quick "/users/{user}/unlock" ADMIN House people::unlock:
        "解除锁定" "多次登录失败之后。" [&[&people_rules::NO_USER]];
    DELETE Quick "/users/{user}/second-factor" ADMIN House people::drop_second_factor:
        "取消二次验证" "设备与恢复码都已丢失时。" [&[&people_rules::NO_USER]];
    POST Quick "/users/{user}/portals/{portal}" ADMIN House portal::bind_user:
        "绑定用户与门户" "写明门户给此人的标识；不按邮箱、电话匹配。"
        [ledger::seal::RULES, &[&portal::UNKNOWN, &people_rules::NO_USER, &people_rules::PORTAL_SHAPE, &people_rules::PORTAL_TAKEN]];
    DELETE Quick "/users/{user}/portals/{portal}" ADMIN House portal::unbind_user:
        "解除用户的门户绑定" "该用户的全部会话随即失效。"
        [&[&portal::UNKNOWN, &people_rules::NO_USER, &people_rules::NOT_BOUND]];
    DELETE Quick "/users/{user}/tokens/{no}" ADMIN House people::revoke_users_token:
        "吊销用户的令牌" "" [&[&people_rules::NO_USER, &people_rules::NO_TOKEN]];
    POST Quick "/compounds/{compound}/area" ADMIN House property::locate:
        "登记小区所在" "街道办与房管部门凭此看到小区。" [&[&property_rules::NO_AREA]];
    GET Quick "/webhook-events" ADMIN House hooks::events:
        "列出可订阅的事件" "事件只含列出的成员，不含个人信息。" [];
    GET Live "/webhooks" ADMIN House hooks::list:
        "列出推送订阅" "各订阅投递到哪里、积压多少；密钥只在登记时显示一次。" [];
    POST Quick "/webhooks" ADMIN House hooks::subscribe:
        "登记推送订阅" "从此刻起，所列小区的所列事件以 POST 送到该地址，按小区依次、至少一次，附 HMAC-SHA256 签名。答复中的密钥只显示这一次。"
        [HOOK, &[&hook_rules::SCOPE, &hook_rules::TOO_MANY, &property_rules::NO_COMPOUND], ledger::seal::RULES];
    GET Live "/webhooks/{no}" ADMIN House hooks::one:
        "查看推送订阅" "" [NO_HOOK];
    POST Quick "/webhooks/{no}/change" ADMIN House hooks::change:
        "更改推送订阅" "名称、地址、事件；没有写的不变。未投递的事件送往新地址。" [HOOK];
    POST Quick "/webhooks/{no}/rotate" ADMIN House hooks::rotate:
        "更换推送密钥" "新密钥只显示这一次；旧密钥一天之内仍同时签名。" [NO_HOOK, ledger::seal::RULES];
    POST Quick "/webhooks/{no}/disable" ADMIN House hooks::disable:
        "停用推送订阅" "停用期间的事件不会丢失，启用后接着投递。" [NO_HOOK, &[&hook_rules::WHY, &hook_rules::STANDING]];
    POST Quick "/webhooks/{no}/enable" ADMIN House hooks::enable:
        "启用推送订阅" "从停下的地方接着投递。" [NO_HOOK, &[&hook_rules::WHY, &hook_rules::STANDING]];
    POST Long "/webhooks/{no}/ping" ADMIN House hooks::ping:
        "试投一次" "立即向接收方送一个没有内容的事件，答复其结果。" [NO_HOOK, ledger::seal::RULES];
    GET Live "/webhooks/{no}/deliveries" ADMIN House hooks::deliveries:
        "列出投递记录" "成功的保留 30 天，死信一直保留；同一小区的新事件在前。" [NO_HOOK];
    POST Quick "/webhooks/{no}/deliveries/{code}/{act}/resend" ADMIN House hooks::resend:
        "重发一个事件" "以原来的事件编号立即重发，不影响其他事件的次序。"
        [NO_HOOK, &[&hook_rules::NO_DELIVERY, &property_rules::NO_COMPOUND]];
    POST Quick "/webhooks/{no}/resend-dead" ADMIN House hooks::resend_dead:
        "重发全部死信" "多次投递不成、已放弃的事件，全部再投。" [NO_HOOK];
}
