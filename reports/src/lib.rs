//! The press: figures to paper.
//!
//! Every report goes the same way: **gather** asks the ledger for figures and sums, **set** lays
//! them out as a [`sheet::Sheet`] and refuses figures that do not foot, **press** prints the
//! sheet on a device.
//!
//! | document | room | |
//! |---|---|---|
//! | D6 分户对账单 | [`household`] | the maintenance fund of one dwelling |
//! | 会住维01/02/03表 | [`statutory`] | the statements of 财会〔2020〕7号, with their checks |
//! | 年度公示 | [`notice`] | the yearly notice of 165号令 art. 30 |
//! | 结存证明、结清证明, 移交清册 | [`life`] | a dwelling's sale; a fund handed over |
//! | 对账差异表 | [`tie`] | bank, ledger and dwellings on a day |
//! | D4 审批表, D5 分摊清册 | [`works`] | a project paid from the fund |
//! | D12 表决票、表决结果 | [`vote`] | the ballots and the result of a round of the owners' votes |
//! | D1 催缴通知单, 公示用催缴表 | [`demand`] | what is owed of service fees |
//! | D2 收据 | [`receipt`] | of fees, and of the fund |
//! | D3 收缴率报表 | [`collection`] | what of the bills was collected |
//! | D7 公共收益公示表 | [`revenue`] | what the common parts earned, and where it went |
//! | D8 补贴资金使用台账 | [`grants`] | government money, tranche by tranche |
//! | D9 资金筹措表 | [`funding`] | who pays a renovation |
//! | D10 续筹通知 | [`renewal`] | a plan to fill the fund, told to an owner |
//! | D11 年度公示报告 | [`yearly`] | a company's year |
//!
//! What an office words itself (D1, D2, D10) is laid out by a [`template`], which is data.
//!
//! Reading order: [`household`], [`sheet`], [`template`], [`press`].
//!
//! Always: the same figures give the same bytes from the same release; what does not foot is not
//! printed; a character the type lacks is an error and never a gap. Never: a write, a reading of the
//! clock, a rounding but that of parts to the per cents of their whole ([`shares_of_whole`]). Only
//! `press/pdf.rs` names printpdf and only it knows a float.

pub mod collection;
pub mod demand;
pub mod funding;
pub mod grants;
pub mod household;
pub mod life;
pub mod notice;
pub mod press;
pub mod receipt;
pub mod renewal;
pub mod revenue;
pub mod sheet;
pub mod standing;
pub mod statutory;
pub mod template;
pub mod tie;
pub mod vote;
pub mod works;
pub mod yearly;

use ledger::money::{self, Money};

/// Why a document was not printed. Nothing is printed in part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Opening + in − out is not the closing balance.
    #[error("{what} does not foot: {opening} + {increase} - {decrease} is not {closing}")]
    DoesNotFoot {
        /// 本金 or 利息.
        what: &'static str,
        /// The opening balance.
        opening: Money,
        /// What came in, over all lines.
        increase: Money,
        /// What went out, over all lines.
        decrease: Money,
        /// The closing balance that was given.
        closing: Money,
    },
    /// A line's balance is not the one before it plus in minus out.
    #[error("{what} does not run on at line {line}: {counted} was counted, {given} was given")]
    DoesNotRun {
        /// 本金 or 利息.
        what: &'static str,
        /// Which line, from 1.
        line: usize,
        /// The balance before, plus in, minus out.
        counted: Money,
        /// The balance that was given.
        given: Money,
    },
    /// A cross-check between figures does not hold.
    #[error("{0}")]
    CheckFailed(String),
    /// Neither face of the embedded type has this character.
    #[error("no glyph for {ch:?} (U+{:04X}) in {text:?}", u32::from(*ch))]
    MissingGlyph {
        /// The character.
        ch: char,
        /// The text it stands in.
        text: String,
    },
    /// The columns do not fit side by side, even in the smallest type the house prints.
    #[error("the table of {0:?} is wider than the page")]
    TooWide(String),
    /// Something that may not be split is taller than a page.
    #[error("{0:?} is taller than a page")]
    TooTall(String),
    /// What the file is written to takes no more.
    #[error("the file cannot be written: {0}")]
    Unwritten(String),
    /// The embedded type or the file under construction broke: a bug of ours, told in a sentence.
    #[error("{0}")]
    Bug(String),
}

/// What every step returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Forty bits of a digest in letters that are not mistaken for each other: `D6-7K3F-92QX`.
#[must_use]
pub fn check_code(document: &str, hash: &[u8; 32]) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = hash[..5].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let letter = |place: u32| char::from(LETTERS[(bits >> (5 * place) & 31) as usize]);
    let letters: String = (0..8).rev().map(letter).collect();
    format!("{document}-{}-{}", &letters[..4], &letters[4..])
}

/// What each part is of the whole they make, in hundredths of a per cent: 10 000 together, by largest remainders. A part
/// below nothing is none of it; nothing has no parts.
#[must_use]
pub fn shares_of_whole(parts: impl IntoIterator<Item = Money>) -> Vec<i64> {
    let weight = |part: Money| u64::try_from(part.in_fen()).unwrap_or(0);
    let weights: Vec<u64> = parts.into_iter().map(weight).collect();
    let shares = money::split(Money::fen(10_000), &weights);
    let shares = shares.unwrap_or_else(|| vec![Money::ZERO; weights.len()]);
    shares.into_iter().map(Money::in_fen).collect()
}

#[cfg(test)]
mod tests {
    use ledger::money::Money;

    use super::{check_code, shares_of_whole};

    /// Cut, three thirds would come to 99.99 %.
    #[test]
    fn the_parts_of_a_whole_come_to_all_of_it() {
        let shares = |parts: &[i64]| shares_of_whole(parts.iter().map(|fen| Money::fen(*fen)));
        assert_eq!(shares(&[1, 1, 1]), [3_334, 3_333, 3_333]);
        let five = shares(&[627_300, 3_000, 9_000, 250_000, 5_200_000]);
        assert_eq!(five, [1_030, 5, 15, 410, 8_540]);
        assert_eq!(shares(&[300, 0, 100]), [7_500, 0, 2_500]);
        assert_eq!((shares(&[0, -5]), shares(&[])), (vec![0, 0], vec![]));
    }

    #[test]
    fn a_check_code_is_short_and_plain() {
        assert_eq!(check_code("D6", &[0; 32]), "D6-0000-0000");
        assert_eq!(check_code("W1", &[255; 32]), "W1-ZZZZ-ZZZZ");
    }
}
