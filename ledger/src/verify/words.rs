//! What a law says, in the words of whoever reads the verdict. A test demands a sentence of every law.

/// The Chinese of a law's name; the name itself of a law that has none.
#[must_use]
pub fn law_in_chinese(name: &str) -> &str {
    LAWS.iter().find(|(known, _)| *known == name).map_or(name, |(_, says)| says)
}

static LAWS: &[(&str, &str)] = &[
    ("voucher-balances", "凭证借贷相等"),
    ("chain", "凭证印记逐张相接"),
    ("numbers-without-gaps", "凭证编号无间断"),
    ("accounts-known", "科目均在科目表内"),
    ("balances-equal-postings", "余额等于分录之和"),
    ("dwellings-equal-control", "各户合计等于总账"),
    ("closed-periods-frozen", "已结账月份未改动"),
    ("reversals-mirror", "冲销与原凭证相抵"),
    ("transfers-in-pairs", "账簿间划转成对"),
    ("reserves-covered", "预留不超过余额"),
    ("acts-recorded", "凭证均有操作记录"),
    ("counters-true", "编号计数属实"),
    ("acts-chained", "操作记录逐条相接"),
    ("deposits-posted", "交存均已入账"),
    ("payments-posted", "缴费均已入账"),
    ("bills-posted", "账单均已入账"),
    ("bank-claims-true", "银行流水认领属实"),
    ("imports-whole", "导入完整"),
    ("owners-hold-wholes", "产权份额合计为一"),
    ("deeds-signed", "须复核的均由第二人复核"),
    ("succeeded-empty", "已终止的房屋无余额"),
    ("successions-whole", "分户并户前后相等"),
    ("handed-over-empty", "已划转的小区无余额"),
    ("settled-once", "同一期只结息一次"),
    ("settlements-posted", "结息均已入账"),
    ("terms-in-the-bank", "定期存款与账面相符"),
    ("bonds-registered", "国债与账面相符"),
    ("units-deposits-posted", "售房单位存入均已入账"),
    ("assessed-once", "同一户同一项只核定一次"),
    ("instalments-sum-to-dues", "分期合计等于应交"),
    ("receipts-of-deposits", "票据与交存相符"),
    ("refunds-owed-are-2001", "应付返还等于科目 2001"),
    ("refunds-posted", "返还均已入账"),
    ("refunds-within-deposits", "返还不超过交存"),
    ("legacy-spread-whole", "代管资金分户完整"),
    ("renewals-sum-to-dues", "续筹方案合计等于应交"),
    ("claims-sum-their-bills", "催缴合计等于逐笔欠费"),
    ("plans-sum-to-arrears", "承诺分期合计等于欠费"),
    ("notices-by-stages", "催缴依级进行"),
    ("votes-counted", "表决结果可重算"),
    ("projects-counted", "项目付款可重算"),
    ("shares-reckoned", "利息分配可重算"),
    ("runs-sealed", "结息批次清单属实"),
];
