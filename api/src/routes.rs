//! Every address of the house, as data: method, path, who may, where, how long, what it does, what it may refuse.
//!
//! The router, the limits, the OpenAPI document and the human page (`openapi`) are made from [`ROUTES`]; the tests knock on
//! every line of it in every role. A function can be reached only through its row, and what it takes and answers is not
//! said here: its arguments and its answer say it themselves ([`Endpoint`]).

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, get};
use axum::{Extension, Router};
use ledger::books::Role::{
    self, Administrator, Auditor, HousingAuthority, Owner, OwnersCommittee, PropertyCompany,
    StreetOffice,
};
use ledger::error::Rule;
use ledger::journal::voucher;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::door::{self, Door};
use crate::wire::{Endpoint, Schemas, Sketch};
use crate::{
    audit, bank, fees, front, fund, gains, governance, hooks, imports, journal, metrics, openapi,
    people, placements, policy, problem, property,
};

/// Whoever may read the books of a compound.
const READERS: &[Role] =
    &[PropertyCompany, OwnersCommittee, StreetOffice, HousingAuthority, Auditor];
/// Whoever keeps them.
const KEEPERS: &[Role] = &[PropertyCompany];
/// Whoever keeps the fund's money: the company that keeps the books, and the authority that holds it.
const CUSTODIANS: &[Role] = &[PropertyCompany, HousingAuthority];
/// Whoever settles interest for all: the authority that holds the money.
const AUTHORITY: &[Role] = &[HousingAuthority];
/// Whoever convenes the owners.
const CONVENERS: &[Role] = &[OwnersCommittee];
/// Whoever handles slips; the company only where it is appointed, which the room checks.
const COUNTERS: &[Role] = &[OwnersCommittee, PropertyCompany];
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
/// Whoever may see an owner's numbers, for a reason.
const TRUSTED: &[Role] = &[PropertyCompany, StreetOffice];

/// Where a caller's role is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nowhere: it is open to whoever has shown nothing.
    Open,
    /// Anywhere: it shows and does only what is the caller's own.
    Own,
    /// In the whole house.
    House,
    /// At the compound in the path.
    Compound,
    /// At the compound in the path, or at the dwelling in it.
    Dwelling,
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Half a minute.
    Quick,
    /// As long as the settings say: files, whole months, whole books.
    Long,
    /// As long; and looked up anew each time, because it asks the rows themselves and not what acts left.
    Live,
}

/// An address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The path, with its `{places}`.
    pub path: &'static str,
    /// Who may.
    pub roles: &'static [Role],
    /// Where they must have the role.
    pub scope: Scope,
    /// How long it may take.
    pub time: Time,
    /// The function's name, unique: the operation's id.
    pub id: &'static str,
    /// What it does, in a few words of Chinese.
    pub summary: &'static str,
    /// What one should know of it.
    pub about: &'static str,
    /// The rules of its verb that it may refuse by, besides those of every door.
    pub rules: &'static [&'static [&'static Rule]],
    make: fn() -> MethodRouter<Door>,
    draw: for<'a> fn(&'a mut Schemas) -> Sketch<'a>,
}

macro_rules! routes {
    ($($method:ident $time:ident $path:literal $roles:ident $scope:ident $function:path:
       $summary:literal $about:literal [$($rules:expr),*];)*) => {
        /// The whole table.
        pub static ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: concat!("/api/v1", $path),
            roles: $roles,
            scope: Scope::$scope,
            time: Time::$time,
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
/// A bank line is claimed.
static CLAIM: &[&Rule] = bank_rules::RULES;
/// A file is read and judged.
static FILE: &[&Rule] = ledger::intake::RULES;
/// What a page of paging may get wrong.
static PAGE: &[&Rule] = &[&problem::CURSOR, &problem::TOO_LONG];

/// A text of a round is kept in clear.
static CLEAR: &[&Rule] = &[&ledger::seal::IN_TEXT];
/// A round is looked up.
static ROUND: &[&Rule] = &[&vote_rules::NO_ROUND, &vote_rules::STAGE];

use ledger::gains::placement as placement_rules;
use ledger::governance as vote_rules;
use ledger::journal as journal_rules;
use ledger::people as people_rules;
use ledger::policy as policy_rules;
use ledger::property as property_rules;
use ledger::{
    bank as bank_rules, fees as fee_rules, fund as fund_rules, gains as gain_rules,
    hooks as hook_rules, import as import_rules,
};

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
        [ROOM, ledger::seal::RULES, &[&property_rules::OWNER_SHAPE, &property_rules::SHARES, &property_rules::CONVEYED_EARLY]];
    GET Quick "/compounds/{compound}/dwellings/{room}/fund-statement" RESIDENTS Dwelling fund::statement:
        "维修资金对账单" "一户的分户账：期初、逐笔、期末。format=pdf 可打印。" [ROOM, &[&fund_rules::PERIOD, &problem::NO_GLYPH]];
    GET Quick "/compounds/{compound}/dwellings/{room}/fees" RESIDENTS Dwelling fees::account:
        "一户的物业费" "账单、已缴、尚欠、预存。" [ROOM];
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
    POST Quick "/compounds/{compound}/reversals" KEEPERS Compound journal::reverse:
        "冲销凭证" "每张凭证只能冲销一次；认领的银行流水随之放开。"
        [POST, &[&journal_rules::NO_VOUCHER, &journal_rules::REVERSES_REVERSAL, &journal_rules::REVERSES_CLOSING,
            &journal_rules::REVERSED, &journal_rules::REVERSES_LATER]];
    POST Long "/compounds/{compound}/closes" KEEPERS Compound journal::close:
        "结账" "月份结束后依次结账；结账后不得再改，差错记迟到凭证。"
        [&[&journal_rules::NOT_ENDED, &journal_rules::OUT_OF_ORDER, &journal_rules::CLOSED]];
    POST Quick "/compounds/{compound}/deposits" KEEPERS Compound fund::deposit:
        "登记交存" "认领银行流水，或手工登记金额与日期。"
        [ROOM, POST, CLAIM, fund_rules::RULES];
    GET Quick "/interest-rates" ANYBODY Own gains::rates:
        "列出利率" "各地登记的公布利率，依地区、种类、起始日。" [];
    POST Quick "/interest-rates" AUTHORITY House gains::set_rate:
        "登记利率" "写明公布它的文件；已登记的不改动，更正另行登记并写明说明。"
        [CLEAR, &[&gain_rules::RATE_SHAPE, &gain_rules::RATE_TAKEN]];
    POST Long "/interest-runs" AUTHORITY House gains::run_interest:
        "结息" "全部小区逐个结息，各小区一张凭证；中断后以同样的请求继续，已结的不重复。未结的小区及原因见批次清单。"
        [&[&gain_rules::PERIOD, &gain_rules::RUN_OPEN, &property_rules::NO_COMPOUND]];
    GET Live "/interest-preview" AUTHORITY House gains::preview:
        "预览结息" "只计算，不入账。" [&[&gain_rules::PERIOD, &property_rules::NO_COMPOUND]];
    GET Quick "/interest-runs" EXAMINERS House gains::runs:
        "列出结息批次" "应办、已结、未结，合计与清单指纹。" [];
    GET Quick "/interest-runs/{no}/parts" EXAMINERS House gains::parts:
        "结息批次清单" "各小区的结果；未结的写明原因。" [&[&gain_rules::NO_RUN, &property_rules::NO_COMPOUND]];
    GET Quick "/compounds/{compound}/dwellings/{room}/gains" RESIDENTS Dwelling gains::of_dwelling:
        "一户的利息与算式" "每次结息、分配的基数、天数、利率，可据此重算。" [ROOM];
    POST Long "/compounds/{compound}/gain-distributions" CUSTODIANS Compound gains::distribute:
        "分配其他收益" "国债、经营、残值等收益，从待分配累计收益（3101）按当地规定的依据分到各户。"
        [POST, &[&gain_rules::AMOUNT, &gain_rules::NOTHING, &gain_rules::SHORT, &policy_rules::NOT_IN_FORCE]];
    POST Quick "/compounds/{compound}/gain-credits" CUSTODIANS Compound placements::credit:
        "登记存款利息与残值" "认领银行流水，或手工登记金额与日期。"
        [POST, CLAIM, &[&gain_rules::RESIDUAL, &gain_rules::AMOUNT, &policy_rules::NOT_IN_FORCE]];
    POST Quick "/compounds/{compound}/bank-charges" CUSTODIANS Compound placements::charge:
        "登记银行费用" "只有当地计息办法写明从收益中扣除的费用可以登记。"
        [POST, &[&gain_rules::CHARGE, &gain_rules::AMOUNT, &policy_rules::NOT_IN_FORCE]];
    GET Quick "/compounds/{compound}/placements" READERS Compound placements::placements:
        "列出存放" "定期存款与国债，先到期的在前；逾期的天数为负。" [];
    POST Quick "/compounds/{compound}/placements" CUSTODIANS Compound placements::place:
        "登记存放" "定期存款，或一级市场国债持有到期；其他一概拒绝（165号令第二十六条）。"
        [POST, &[&placement_rules::NOT_LISTED, &placement_rules::SHAPE, &gain_rules::RATE_SHAPE,
            &placement_rules::NOT_THERE, &policy_rules::NOT_IN_FORCE]];
    POST Quick "/compounds/{compound}/placements/{no}/end" CUSTODIANS Compound placements::end:
        "登记支取、兑付、转存" "国债须持有到期。"
        [POST, CLAIM, &[&placement_rules::NO_PLACEMENT, &placement_rules::ENDED, &placement_rules::HELD,
            &placement_rules::NOT_DUE, &gain_rules::AMOUNT, &placement_rules::SHAPE, &gain_rules::RATE_SHAPE,
            &placement_rules::NOT_LISTED, &placement_rules::NOT_THERE, &policy_rules::NOT_IN_FORCE]];
    GET Quick "/compounds/{compound}/lying" READERS Compound placements::lying:
        "资金存放" "活期、定期、国债，与待分配累计收益。" [];
    POST Quick "/compounds/{compound}/payments" KEEPERS Compound fees::pay:
        "登记缴费" "先清旧欠，余额预存。"
        [ROOM, POST, CLAIM, &[&fee_rules::AMOUNT]];
    GET Quick "/compounds/{compound}/payments" READERS Compound fees::receipts:
        "列出收据" "依收据编号。" [ROOM];
    POST Long "/compounds/{compound}/bills" KEEPERS Compound fees::bill:
        "出账单" "一批账单一张凭证；有预存的先抵扣。"
        [ROOM, POST, fee_rules::RULES];
    GET Quick "/compounds/{compound}/bank-lines" READERS Compound bank::lines:
        "列出银行流水" "付款人只显示姓，长号码只留末四位。" [];
    POST Long "/compounds/{compound}/imports" KEEPERS Compound imports::take:
        "导入文件" "请求体就是文件，或表单里唯一的文件。先用 dry_run=true 预览；退回的行在 report.rejected。同一行只入账一次。"
        [FILE, import_rules::RULES, property_rules::RULES, POST, ledger::seal::RULES];
    GET Quick "/compounds/{compound}/imports" READERS Compound imports::list:
        "列出导入" "后导入的在前。" [];
    POST Long "/compounds/{compound}/imports/{no}/undo" KEEPERS Compound imports::undo:
        "撤销导入" "凭证逐张红字冲销，不删除。"
        [import_rules::RULES, POST, journal_rules::RULES];
    POST Quick "/compounds/{compound}/dwellings/{room}/owners/reveal" TRUSTED Compound audit::reveal:
        "查看产权人完整信息" "完整的姓名、证件号、电话；须写明事由，先记入操作记录再答复。"
        [ROOM, ledger::audit::RULES, ledger::seal::RULES];
    GET Live "/compounds/{compound}/audit" WATCHERS Compound audit::compound:
        "小区操作记录" "谁、何时、从何处、做了什么；个人信息已遮盖。整份导出也记入操作记录。" [];
    GET Live "/audit" GUARDS House audit::house:
        "全部操作记录" "同上，全部小区与总册。" [];
    POST Quick "/compounds/{compound}/votes" CONVENERS Compound governance::draft:
        "草拟表决" "范围可为全体、本幢、本单元或指定房屋；事项的通过比例依民法典第二百七十八条。"
        [CLEAR, &[&vote_rules::ROUND_SHAPE, &vote_rules::MOTION_SHAPE, &vote_rules::CAP]];
    GET Quick "/compounds/{compound}/votes" READERS Compound governance::rounds:
        "列出表决" "后草拟的在前。" [];
    GET Quick "/compounds/{compound}/votes/{no}" READERS Compound governance::round:
        "查看表决" "事项、规则、办法与经过。" [&[&vote_rules::NO_ROUND]];
    POST Quick "/compounds/{compound}/votes/{no}/motions" CONVENERS Compound governance::move_motion:
        "提出事项" "只在草拟阶段；公示后不得增改。"
        [ROUND, CLEAR, &[&vote_rules::MOTION_SHAPE, &vote_rules::CAP]];
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
    GET Live "/session" ANYBODY Own people::myself:
        "查看本人" "在期的授权与各个会话。" [];
    DELETE Quick "/session" ANYBODY Own people::log_out:
        "退出登录" "本会话立即失效。" [&[&people_rules::SESSION_ONLY]];
    POST Quick "/password" ANYBODY Own people::change_password:
        "更换口令" "本人的全部会话随即失效，令牌不受影响。" [&[&people_rules::SESSION_ONLY, &people_rules::PASSWORD, &people_rules::LOGIN, &people_rules::CROWDED]];
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

/// The row of a path and a method; `HEAD` is asked of a `GET`.
#[must_use]
pub fn row(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|route| route.path == path && route.method == method.as_str())
}

/// A body that is not a file.
pub const JSON_MOST: usize = 1 << 20;
/// What a form adds to the file in it.
const FORM_MOST: usize = 1 << 16;

impl Route {
    /// What it takes and answers.
    pub fn sketch<'a>(&self, schemas: &'a mut Schemas) -> Sketch<'a> {
        (self.draw)(schemas)
    }

    /// Whether it is at a compound, whose existence is then looked up first.
    #[must_use]
    pub fn is_at_compound(&self) -> bool {
        self.path.contains("{compound}")
    }

    /// Whether its answers carry an entity tag.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.method == "GET" && self.time != Time::Live
    }

    /// Every rule it may refuse by: its own, and those of every door that is made as it is.
    #[must_use]
    pub fn refusals(&self, sketch: &Sketch<'_>) -> Vec<&'static Rule> {
        let mut rules: Vec<&'static Rule> = vec![
            &problem::SHAPE,
            &problem::TOO_FAST,
            &problem::BUSY,
            &problem::SLOW,
            &problem::BUG,
            &problem::UNREACHABLE,
            &problem::FULL,
            &problem::GUARD,
            &problem::FILE,
            &ledger::books::KEY_SHAPE,
        ];
        if self.scope != Scope::Open {
            rules.extend([&problem::UNKNOWN_CALLER, &problem::ROLE, &people_rules::TERM_OVER]);
            if self.method != "GET" {
                rules.push(&problem::CROSS_SITE);
            }
            if self.method != "GET" && self.scope != Scope::Own {
                rules.push(&people_rules::SECOND_FACTOR);
            }
        }
        if sketch.is_at_compound {
            rules.push(&property_rules::NO_COMPOUND);
        }
        if !sketch.places.is_empty() {
            rules.push(&problem::NO_ROUTE);
        }
        if sketch.is_list {
            rules.extend(PAGE);
        }
        if !sketch.body.is_empty() {
            rules.push(&problem::TOO_LARGE);
        }
        if !sketch.body.is_empty() && !sketch.is_upload {
            rules.push(&problem::CONTENT_TYPE);
        }
        if self.method != "GET" {
            use ledger::books::{KEY_DIFFERS, NO_COMPOUND, OVERLOADED};
            rules.extend([&problem::UNKNOWN_OUTCOME, &OVERLOADED, &NO_COMPOUND, &KEY_DIFFERS]);
        }
        rules.extend(self.rules.iter().copied().flatten());
        let mut seen = std::collections::HashSet::new();
        rules.retain(|rule| seen.insert(rule.code));
        rules
    }

    /// How many bytes its body may have.
    #[must_use]
    pub fn body_most(&self, sketch: &Sketch<'_>, upload_bytes: usize) -> usize {
        if sketch.is_upload { upload_bytes } else { JSON_MOST }
    }
}

/// The router of all of it.
pub fn router(door: Door) -> Router {
    let mut router = Router::new()
        .route("/", get(front::page))
        .route("/healthz", get(front::healthz))
        .route("/readyz", get(front::readyz))
        .route("/metrics", get(metrics::guarded))
        .route("/api/openapi.json", get(openapi::json))
        .route("/api/docs", get(openapi::page))
        .route("/problems", get(openapi::rules))
        .route("/problems/{code}", get(openapi::rule));
    let mut schemas = Schemas::default();
    for route in ROUTES {
        let sketch = route.sketch(&mut schemas);
        let most = route.body_most(&sketch, door.config.upload_bytes);
        let beside = if sketch.is_upload { FORM_MOST } else { 0 };
        let guard = from_fn_with_state((door.clone(), route), door::admit);
        let made = (route.make)()
            .route_layer(DefaultBodyLimit::max(most + beside))
            .route_layer(Extension(door::Most(most)))
            .route_layer(guard);
        router = router.route(route.path, made);
    }
    let cors = cors(&door);
    let router = router
        .fallback(door::no_route)
        .method_not_allowed_fallback(door::no_method)
        .layer(CatchPanicLayer::custom(door::panicked))
        .layer(from_fn_with_state(door.clone(), door::frame))
        .with_state(door);
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Which pages of other origins may call from a browser: none, unless the settings name them. No cookies in any case.
fn cors(door: &Door) -> Option<CorsLayer> {
    let origins = &door.config.origins;
    let named = |name| HeaderName::from_static(name);
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_NONE_MATCH,
                named("idempotency-key"),
            ])
            .expose_headers([
                header::ETAG,
                header::RETRY_AFTER,
                named("x-request-id"),
                named("idempotent-replayed"),
                named("ratelimit"),
                named("ratelimit-policy"),
            ])
            .max_age(std::time::Duration::from_secs(600))
    })
}
