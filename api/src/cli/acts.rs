//! Commands that act: the counter's part of the command line.

use std::path::Path;

use ledger::books::{Actor, Books};
use ledger::error::{Error, Storage};
use ledger::fund::DepositKind;
use ledger::id::{ImportNo, LineNo};
use ledger::journal::{Posted, Style};
use ledger::money::Money;
use ledger::property::Compound;
use serde_json::json;

use super::{
    ActArgs, BillArgs, CloseArgs, DONE, DepositArgs, DepositWord, Out, PayArgs, Ran, ReverseArgs,
    Stop, StyleWord, compound, operator, say,
};
use crate::fees::{BillingAsked, ChargeAsked, PaymentAsked};
use crate::fund::DepositAsked;
use crate::journal::{CloseAsked, ReversalAsked};
use crate::{countersign, fees, fund, imports, journal, problem, shape};

pub(super) async fn deposit(books: &Books, args: DepositArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let asked = DepositAsked {
        room: args.room,
        kind: match args.kind {
            DepositWord::Initial => DepositKind::Initial,
            DepositWord::TopUp => DepositKind::TopUp,
            DepositWord::Rebuild => DepositKind::Rebuild,
            DepositWord::Monthly => DepositKind::Monthly,
        },
        line_no: args.line.map(LineNo),
        amount_fen: args.amount,
        received_on: args.on,
        receipt_no: args.receipt,
    };
    let done = fund::record(books, &operator(), &compound, args.act.key, asked).await?;
    if args.act.json {
        say(out, &done.answer)?;
    } else {
        let amount = done.answer.amount_fen.grouped();
        let (no, voucher) = (done.answer.deposit_no, done.answer.voucher);
        writeln!(out, "交存 {no}：{amount} 元，凭证 {voucher}{}", again(done.is_repeated))?;
    }
    Ok(DONE)
}

/// The operator, with the law of the compound on record: what the wire would have asked a second person for, the machine's
/// operator does alone, who has the database itself.
async fn under_law(books: &Books, compound: &Compound) -> Result<Actor, Error> {
    Ok(operator().under(countersign::law(books, compound.id).await?.provenance))
}

fn again(is_repeated: bool) -> &'static str {
    if is_repeated { "（此前已办理）" } else { "" }
}

pub(super) async fn pay(books: &Books, args: PayArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let asked = PaymentAsked {
        room: args.room,
        amount_fen: args.amount,
        method: args.method,
        received_on: args.on,
        reference: args.reference,
        payer: String::new(),
        line_no: args.line.map(LineNo),
    };
    let done = fees::take(books, &operator(), &compound, args.act.key, asked).await?;
    if args.act.json {
        say(out, &done.answer)?;
        return Ok(DONE);
    }
    let (paid, again) = (&done.answer, again(done.is_repeated));
    writeln!(out, "收据 {}：凭证 {}{again}", paid.payment_no, paid.voucher)?;
    for settled in &paid.settled {
        let (amount, left) = (settled.amount_fen.grouped(), settled.left_fen.grouped());
        writeln!(out, "  账单 {}：本次 {amount} 元，尚欠 {left} 元", settled.bill_no)?;
    }
    writeln!(out, "  预存 {} 元", paid.prepaid_fen.grouped())?;
    Ok(DONE)
}

pub(super) async fn bill(books: &Books, args: BillArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let bills = match (&args.file, args.room, args.amount) {
        (Some(file), _, _) => charges_of(file)?,
        (None, Some(room), Some(amount_fen)) => vec![ChargeAsked { room, amount_fen }],
        _ => return Err(Stop::Usage("须写 --file，或写齐 --room 与 --amount".to_owned())),
    };
    let asked = BillingAsked {
        item: args.item,
        from_on: args.from,
        to_on: args.to,
        due_on: args.due,
        bills,
    };
    let done = fees::publish(books, &operator(), &compound, args.act.key, asked).await?;
    if args.act.json {
        say(out, &done.answer)?;
        return Ok(DONE);
    }
    let billed = &done.answer;
    let (total, prepaid) = (billed.total_fen.grouped(), billed.prepaid_fen.grouped());
    let (many, again) = (billed.bills.len(), again(done.is_repeated));
    writeln!(out, "账单 {many} 张，共 {total} 元，凭证 {}{again}", billed.voucher)?;
    writeln!(out, "  预存抵扣 {prepaid} 元")?;
    Ok(DONE)
}

/// The charges of a file: a JSON list, or two columns of CSV, room and yuan, with or without a header.
fn charges_of(path: &Path) -> Result<Vec<ChargeAsked>, Error> {
    let what = format!("读取 {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|source| Storage::File { what, source })?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        return Ok(shape::json(text.as_bytes())?);
    }
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut charges = Vec::new();
    for (i, row) in rows.records().enumerate() {
        let torn = |e: csv::Error| problem::SHAPE.refuse(format!("第 {} 行读不下去（{e}）", i + 1));
        let row = row.map_err(torn)?;
        let (room, yuan) = (row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default());
        match Money::parse(yuan) {
            Ok(amount_fen) => {
                charges.push(ChargeAsked { room: room.trim().to_owned(), amount_fen })
            }
            Err(_) if i == 0 => {} // the header
            Err(why) => {
                return Err(problem::SHAPE
                    .refuse(format!("第 {} 行 {yuan:?}：{why}", i + 1))
                    .into());
            }
        }
    }
    Ok(charges)
}

pub(super) async fn close(books: &Books, args: CloseArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let asked = CloseAsked { book: args.book, month: args.month };
    let done =
        journal::shut(books, &under_law(books, &compound).await?, &compound, args.act.key, asked)
            .await?;
    if args.act.json {
        say(out, &done.answer)?;
    } else {
        let (closed, again) = (&done.answer, again(done.is_repeated));
        let title = &closed.book.chart().title;
        writeln!(out, "{title} 已结账至 {}{again}", closed.month)?;
        writeln!(out, "  结转凭证 {} 张，账簿共 {} 张", closed.vouchers.len(), closed.head_seq)?;
        writeln!(out, "  印记 {}", closed.seal)?;
    }
    Ok(DONE)
}

pub(super) async fn reverse(books: &Books, args: ReverseArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let style = match args.style {
        StyleWord::Red => Style::Red,
        StyleWord::Opposite => Style::Opposite,
    };
    let asked = ReversalAsked { voucher: args.voucher, on: args.on, style, reason: args.reason };
    let done =
        journal::turn(books, &under_law(books, &compound).await?, &compound, args.act.key, asked)
            .await?;
    let vouchers: Vec<String> = done.answer.iter().map(Posted::to_string).collect();
    if args.act.json {
        say(out, &json!({ "vouchers": vouchers }))?;
    } else {
        writeln!(out, "冲销凭证 {}{}", vouchers.join("、"), again(done.is_repeated))?;
    }
    Ok(DONE)
}

pub(super) async fn undo(books: &Books, no: i32, act: ActArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &act.compound).await?;
    let actor = under_law(books, &compound).await?;
    let done = imports::take_back(books, &actor, &compound, act.key, ImportNo(no)).await?;
    if act.json {
        say(out, &done.answer)?;
    } else {
        let (rows, reversed) = (done.answer.rows, done.answer.reversed);
        let again = again(done.is_repeated);
        writeln!(out, "导入 {no} 已撤销：{rows} 行，冲销凭证 {reversed} 张{again}")?;
    }
    Ok(DONE)
}
