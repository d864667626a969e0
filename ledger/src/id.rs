//! One type per identity, so that a dwelling's number cannot be passed where a building's is wanted.
//!
//! Always: a number inside a compound is given under the compound's lock, without gaps, and is the number
//! people write on paper. [`CompoundId`] and what says so are identities above a compound, given by the head office.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! identities {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(pub i32);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

identities! {
    /// A compound (小区).
    CompoundId;
    /// An act: one verb by one actor, one transaction.
    ActNo;
    /// A building (幢).
    BuildingNo;
    /// A stair unit (单元) within its building.
    UnitNo;
    /// A dwelling (房屋户门号) of any kind.
    DwellingNo;
    /// An owner.
    OwnerNo;
    /// A matter a line is about: a bill, a project, a grant, a contract.
    MatterNo;
    /// A voucher's place in its book.
    VoucherSeq;
    /// Two vouchers of two books that are one movement of money.
    TransferNo;
    /// Money promised and not yet paid.
    ReserveNo;
    /// A file taken in.
    ImportNo;
    /// A line of a bank statement.
    LineNo;
    /// A deposit into the maintenance fund.
    DepositNo;
    /// A payment of service fees; also its receipt's number.
    PaymentNo;
    /// What of a bill nobody pays: a waiver, a write-off, a withdrawal.
    RemissionNo;
    /// A refund of service fees (退费).
    FeeRefundNo;
    /// A deposit held (押金).
    BondNo;
    /// A cashier's day sheet (交款单).
    SheetNo;
    /// What was agreed about service fees (收费约定).
    TermsNo;
    /// A price of service fees (收费标准).
    TariffNo;
    /// A relief or vacancy (减免、空置).
    ReliefNo;
    /// A claim made for arrears: a notice, a plan, a lawsuit (催缴、承诺、起诉).
    DemandNo;
    /// What was taken out of the trust money (服务支出、酬金).
    TrustNo;
    /// A space let to a dwelling (车位租用).
    LeaseNo;
    /// A rung of the area tree. Above compounds.
    AreaId;
    /// An organisation (机构). Above compounds.
    OrgNo;
    /// A company's contract of a compound (物业服务合同). Above compounds.
    ContractNo;
    /// A user (用户). Above compounds.
    PersonNo;
    /// What a user may do where and from when to when (授权). Above compounds.
    MandateNo;
    /// An API token (令牌). Above compounds.
    TokenNo;
    /// A session (会话). Above compounds.
    SessionNo;
    /// A run over many compounds (批次). Above compounds.
    RunNo;
    /// A distribution of gains to the dwellings (结息、分配).
    SettlementNo;
    /// A term deposit or a bond (定期存款、国债).
    PlacementNo;
    /// A round of a vote (表决).
    RoundNo;
    /// A motion put to the vote in a round (表决事项).
    MotionNo;
    /// A ballot of a round.
    BallotNo;
    /// A request that waits for a second person (复核申请).
    CountersignNo;
    /// What became of dwellings: a split, a merger, a demolition.
    SuccessionNo;
    /// A change of who keeps a compound's fund (划转).
    CustodyNo;
    /// A certificate given of a dwelling's fund.
    CertificateNo;
    /// A subscription to what happens. Given at the head office.
    HookNo;
    /// A standard of the levy that a compound registered (交存标准).
    StandardNo;
    /// What a dwelling was assessed to pay in (应交核定).
    AssessmentNo;
    /// A unit that sold public housing (售房单位).
    SellingUnitNo;
    /// A range of receipts' numbers (票据号段).
    RangeNo;
    /// A refund (返还).
    RefundNo;
    /// Money a former selling unit still holds (原售房单位代管资金).
    LegacyNo;
    /// A call to fill the fund again (续筹提醒).
    CallNo;
    /// A plan to fill the fund again (续筹方案).
    RenewalNo;
    /// Public revenue assigned to the fund (公共收益划入).
    AssignmentNo;
    /// How public revenue is run from a day on (公共收益经营约定).
    RevenueTermsNo;
    /// A common part that is let (共有部分经营合同).
    RevenueLeaseNo;
    /// A movement of public revenue (公共收益收支).
    RevenueEntryNo;
    /// Public revenue promised to a renovation (让渡).
    PledgeNo;
    /// A publication of public revenue (公共收益公示).
    PublicationNo;
    /// A hand-over of public revenue at the end of a term (公共收益移交).
    RevenueHandoverNo;
    /// A project paid from the fund (维修项目).
    ProjectNo;
    /// A bill of a payment channel that was taken in (渠道账单).
    StatementNo;
    /// A line of such a bill (渠道订单).
    OrderNo;
    /// What was decided of an order.
    ClaimNo;
    /// Money a channel paid into the bank (渠道到账).
    PayoutNo;
    /// A day that was signed as reconciled (日签认).
    SignedNo;
    /// An invoice in the register (发票).
    InvoiceNo;
    /// A step of a project.
    StepNo;
    /// A payment of a project.
    PaidNo;
    /// A paper of a project.
    PaperNo;
    /// A programme of subsidies (补贴项目). Above compounds.
    ProgrammeNo;
    /// What a programme allotted to a compound (分配). Above compounds.
    AllotmentNo;
    /// What is done in a renovation (改造内容).
    ContentNo;
    /// A tranche of a subsidy (补贴资金).
    TrancheNo;
    /// A movement of a tranche.
    TrancheMoveNo;
    /// A movement of earnest money (考核奖惩保证金).
    EarnestNo;
    /// A renovation (改造项目).
    RenovationNo;
    /// A source of a renovation's funding plan (资金来源).
    SourceNo;
    /// Money a source paid in.
    PaidInNo;
}

impl CompoundId {
    /// The head office: what belongs to no compound.
    pub const OFFICE: CompoundId = CompoundId(0);
}
