//! An allocation as text: the same figures give the same bytes, today and in ten years.
//!
//! Always: every amount with two decimals, every weight and exact fraction in full, dwellings by number. One line a fact.

use std::fmt::Write as _;

use super::{Allocation, PaidBy, Part, Short, Stage};

impl Allocation {
    /// The canonical text. Printed beside the table of shares, and hashed where a result is to be proved.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "分摊 1")?;
        writeln!(out, "政策 {}", self.pack)?;
        writeln!(out, "依据 {}", self.basis)?;
        let short = match self.short {
            Short::OwnerPays => "余额不足的由业主补足",
            Short::NoSelfRaising => "不自筹，同一单价",
        };
        writeln!(out, "余额不足 {short}")?;
        writeln!(out, "舍入 最大余数，同余数的归房屋编号小者")?;
        writeln!(out, "总费用 {}", self.cost)?;
        for removed in &self.removed {
            let what = in_line(&removed.what);
            writeln!(out, "剔除 {} {what} {}", removed.why.in_chinese(), removed.amount)?;
        }
        writeln!(out, "应分摊 {}", self.to_share)?;
        writeln!(out, "未能分摊 {}", self.unshared)?;
        for (i, stage) in self.stages.iter().enumerate() {
            let (weight, whole) = stage.weight;
            writeln!(
                out,
                "段 {} {} 权重 {weight}/{whole} 金额 {}",
                i + 1,
                stage.name,
                stage.amount
            )?;
        }
        for share in &self.shares {
            write!(out, "户 {} {} 面积 {}", share.dwelling, share.code, share.area)?;
            for part in &share.parts {
                write_part(out, part, &self.stages)?;
            }
            let paid_by = match share.paid_by {
                PaidBy::Fund => "维修资金",
                PaidBy::Developer => "建设单位",
                PaidBy::PublicHousingUnit => "公有住房单位",
            };
            writeln!(
                out,
                " 分摊 {} 由 {paid_by} 本金 {} 增值 {} 业主补足 {} 余本金 {} 余增值 {}",
                share.amount,
                share.principal,
                share.gains,
                share.owner_owes,
                share.principal_left,
                share.gains_left
            )?;
        }
        for unit in &self.units {
            write!(out, "售房单位 {}", in_line(&unit.name))?;
            for part in &unit.parts {
                write_part(out, part, &self.stages)?;
            }
            writeln!(
                out,
                " 分摊 {} 由其交存 {} 另欠 {} 余 {}",
                unit.amount, unit.from_deposit, unit.owes, unit.left
            )?;
        }
        for left in &self.left_out {
            writeln!(out, "不参与 {} {} {}", left.dwelling, left.code, in_line(&left.why))?;
        }
        writeln!(
            out,
            "合计 维修资金 {} 售房单位 {} 欠缴 {} 未售单位 {}",
            self.from_balances, self.from_units, self.owed, self.by_developers
        )?;
        let shares = self.shares.iter().map(|s| s.amount);
        let sum = shares.chain(self.units.iter().map(|u| u.amount)).sum::<crate::money::Money>();
        writeln!(out, "核对 分摊之和 {sum} 差 {}", self.to_share - self.unshared - sum)
    }
}

/// Somebody's words, which must not look like lines of ours.
fn in_line(words: &str) -> String {
    words.replace(char::is_control, " ")
}

/// `段 1 权重 8845/64445 精确 1372488+15340/64445 分`: the exact part in fen, whole and fraction.
fn write_part(out: &mut String, part: &Part, stages: &[Stage]) -> std::fmt::Result {
    let Part { stage, weight, whole, amount } = part;
    let of = stages.get(*stage).map_or(0, |stage| stage.amount.in_fen().unsigned_abs());
    let product = u128::from(of) * u128::from(*weight);
    let (fen, rest) = (product / (*whole).max(1), product % (*whole).max(1));
    write!(out, " 段 {} 权重 {weight}/{whole} 精确 {fen}+{rest}/{whole} 分 得 {amount}", stage + 1)
}
