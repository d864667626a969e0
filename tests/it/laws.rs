//! Laws that hold for whatever comes: division, the canonical text, reversal.

use ledger::calendar::{Day, Instant, Month};
use ledger::id::{ActNo, DwellingNo, MatterNo, TransferNo, VoucherSeq};
use ledger::journal::text;
use ledger::journal::{Book, Kind, Line, Posted, Side, Voucher};
use ledger::money::{Money, split};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn line() -> impl Strategy<Value = Line> {
    let amount = prop_oneof![1_i64..1_000_000, Just(10_000_000_000_000), -1_000_000_i64..-1];
    let side = prop_oneof![Just(Side::Debit), Just(Side::Credit)];
    (1000_i32..999_999, side, amount, option::of(1_i32..5000), option::of(1_i32..5000)).prop_map(
        |(account, side, fen, dwelling, matter)| Line {
            account,
            side,
            amount: Money::fen(fen),
            dwelling: dwelling.map(DwellingNo),
            matter: matter.map(MatterNo),
        },
    )
}

fn words() -> impl Strategy<Value = String> {
    // Trimmed and without control characters, as a draft's texts are; otherwise anything.
    "\\PC{0,40}".prop_map(|s| s.trim().to_owned())
}

fn voucher() -> impl Strategy<Value = Voucher> {
    let ids =
        (1_i32..99_999, 1_i32..99_999, 195_001_i32..299_912, option::of((1_i32..9, any::<bool>())));
    let texts = (words(), words(), words());
    (ids, texts, vec(line(), 0..12), any::<[u8; 32]>(), option::of(1_i32..99), 0_i64..4_000_000_000)
        .prop_filter_map(
            "a month",
            |(
                (seq, number, period, reverses),
                (memo, source, evidence),
                lines,
                prev_hash,
                transfer,
                at,
            )| {
                let period = Month::from_number(period)?;
                Some(Voucher {
                    posted: Posted {
                        book: Book::Fund,
                        seq: VoucherSeq(seq),
                        year: period.year(),
                        number,
                    },
                    period,
                    effective_on: period.first_day(),
                    recorded_at: Instant::from_seconds(at),
                    act: ActNo(seq),
                    kind: Kind::Other,
                    is_red: reverses.is_some_and(|(_, red)| red),
                    reverses: reverses.map(|(seq, _)| VoucherSeq(seq)),
                    transfer: transfer.map(TransferNo),
                    memo,
                    source,
                    evidence,
                    lines,
                    prev_hash,
                })
            },
        )
}

proptest! {
    #[test]
    fn a_division_conserves_every_fen(total in 0_i64..=10_000_000_000_000, weights in vec(0_u64..10_000_000_000, 1..400)) {
        let whole: u128 = weights.iter().map(|w| u128::from(*w)).sum();
        prop_assume!(whole > 0);
        let shares = split(Money::fen(total), &weights).unwrap();
        prop_assert_eq!(shares.iter().copied().sum::<Money>(), Money::fen(total));
        for (share, weight) in shares.iter().zip(&weights) {
            let exact = u128::try_from(total).unwrap() * u128::from(*weight);
            let low = i64::try_from(exact / whole).unwrap();
            prop_assert!(share.in_fen() == low || share.in_fen() == low + 1);
            prop_assert!(exact % whole != 0 || share.in_fen() == low, "an exact share stays exact");
        }
    }

    #[test]
    fn a_division_does_not_care_in_which_order_rows_came(total in 0_i64..1_000_000, weights in vec(1_u64..1_000_000, 1..60), turn in any::<prop::sample::Index>()) {
        // Distinct weights, so that no tie is decided by place.
        let mut weights: Vec<u64> = weights.into_iter().enumerate().map(|(i, w)| w * 64 + i as u64).collect();
        let shares = split(Money::fen(total), &weights).unwrap();
        let of = |w: u64, weights: &[u64], shares: &[Money]| shares[weights.iter().position(|x| *x == w).unwrap()];
        let before: Vec<(u64, Money)> = weights.iter().map(|w| (*w, of(*w, &weights, &shares))).collect();
        let by = turn.index(weights.len());
        weights.rotate_left(by);
        let turned = split(Money::fen(total), &weights).unwrap();
        for (weight, share) in before {
            let now = of(weight, &weights, &turned);
            // Equal remainders of different weights may still tie; then they differ by the one fen that tied.
            prop_assert!((now.in_fen() - share.in_fen()).abs() <= 1);
        }
        prop_assert_eq!(turned.into_iter().sum::<Money>(), Money::fen(total));
    }

    #[test]
    fn printing_and_parsing_a_voucher_are_inverse(voucher in voucher()) {
        let text = text::print(&voucher);
        prop_assert_eq!(text::parse(&text).unwrap(), voucher);
        prop_assert!(!text.trim_end_matches('\n').lines().any(|l| l.is_empty()), "no memo can look like a blank line");
    }

    #[test]
    fn no_two_vouchers_print_alike(a in voucher(), b in voucher()) {
        prop_assert_eq!(a == b, text::print(&a) == text::print(&b));
    }

    #[test]
    fn an_amount_is_read_back_as_it_was_written(fen in -10_000_000_000_000_i64..=10_000_000_000_000) {
        let money = Money::fen(fen);
        prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
        prop_assert_eq!(Money::parse(&money.grouped()), Ok(money));
        prop_assert!(!money.in_capitals().is_empty());
    }

    #[test]
    fn a_day_never_shifts(days in 0_i32..40_000) {
        let day = Day::from_ymd_opt(1950, 1, 1).unwrap() + chrono::Days::new(u64::try_from(days).unwrap());
        let text = serde_json::to_string(&day).unwrap();
        prop_assert_eq!(serde_json::from_str::<Day>(&text).unwrap(), day);
        let month = Month::of(day);
        prop_assert!(month.first_day() <= day && day <= month.last_day());
        prop_assert_eq!(month.next().previous(), month);
    }
}
