//! Commands that read: what the laws say, statements, trial balances, the list of compounds.

use ledger::bank::{self, Which};
use ledger::books::Books;
use ledger::id::LineNo;
use ledger::journal as books_journal;
use ledger::property;
use ledger::verify::law_in_chinese;
use serde_json::json;

use super::reports::filed;
use super::{
    DONE, LinesArgs, Out, REFUSED, Ran, StatementArgs, TrialArgs, VerifyArgs, WhenArgs, compound,
    if_none, say,
};
use crate::bank::LineView;
use crate::documents::Order;
use crate::journal;
use crate::wire::as_of;

impl WhenArgs {
    fn bounds(&self) -> books_journal::AsOf {
        as_of(self.as_of, self.known_at)
    }
}

pub(super) async fn verify(books: &Books, args: VerifyArgs, out: Out<'_>) -> Ran {
    let only = match &args.compound {
        Some(code) => Some(compound(books, code).await?.id),
        None => None,
    };
    let verdict = journal::check(books, only).await?;
    if args.json {
        say(out, &verdict)?;
    } else {
        for law in &verdict.laws {
            let mark = if law.failed == 0 { "✓" } else { "✗" };
            writeln!(
                out,
                "{mark} {} 检查 {} 项，不符 {} 项",
                law_in_chinese(law.name),
                law.checked,
                law.failed
            )?;
            if let Some(first) = &law.first {
                writeln!(out, "    {first}")?;
            }
        }
        writeln!(out, "{}", if verdict.ok { "账册无误" } else { "账册有误" })?;
    }
    Ok(if verdict.ok { DONE } else { REFUSED })
}

pub(super) async fn compounds(books: &Books, is_json: bool, out: Out<'_>) -> Ran {
    let mut view = books.read().await?;
    let compounds = property::compounds(&mut view).await?;
    if is_json {
        let told = compounds
            .iter()
            .map(|c| json!({ "code": c.code, "name": c.name, "address": c.address }));
        say(out, &told.collect::<Vec<_>>())?;
        return Ok(DONE);
    }
    if_none(out, compounds.len(), "小区")?;
    for compound in compounds {
        writeln!(out, "{}  {}", compound.code, compound.name)?;
    }
    Ok(DONE)
}

/// The lines of a bank account, a page of the ledger's at a time.
pub(super) async fn bank_lines(books: &Books, args: LinesArgs, out: Out<'_>) -> Ran {
    const PAGE: i32 = 1000;
    let compound = compound(books, &args.compound.compound).await?;
    let which = if args.unclaimed { Which::Unclaimed } else { Which::All };
    let book = args.book.book();
    let mut view = books.read().await?;
    let (mut lines, mut after): (Vec<LineView>, _) = (Vec::new(), LineNo(0));
    loop {
        let page = bank::lines(&mut view, compound.id, book, which, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.no;
        lines.extend(page.into_iter().map(LineView::from));
    }
    if args.json {
        say(out, &lines)?;
        return Ok(DONE);
    }
    if_none(out, lines.len(), "银行流水")?;
    for line in lines {
        let (sign, amount) =
            if line.in_fen.is_zero() { ('-', line.out_fen) } else { ('+', line.in_fen) };
        let fate = match line.voucher_seq {
            Some(seq) => format!("已认领（第 {seq} 张凭证）"),
            None if line.proposed_rooms.is_empty() => "未认领".to_owned(),
            None => format!("未认领，疑为 {}", line.proposed_rooms.join("、")),
        };
        writeln!(
            out,
            "{:>5}  {}  {:>18}  {} {}  {fate}",
            line.line_no,
            line.occurred_on.0,
            format!("{sign}{}", amount.grouped()),
            line.counterparty,
            line.wording
        )?;
    }
    Ok(DONE)
}

pub(super) async fn statement(books: &Books, args: StatementArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let now = books.clock().now();
    let mut view = books.read().await?;
    let dwelling = property::dwelling(&mut view, compound.id, &args.room, now.day()).await?;
    drop(view);
    let order = Order {
        room: Some(dwelling.code.to_string()),
        from: args.from,
        to: args.when.as_of,
        known_at: args.when.known_at,
        ..Order::default()
    };
    filed(books, &compound, ("statement", order), &args.out, args.replace).await?;
    writeln!(out, "{} {} 的对账单已写到 {}", compound.name, dwelling.code, args.out.display())?;
    Ok(DONE)
}

pub(super) async fn trial_balance(books: &Books, args: TrialArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let mut view = books.read().await?;
    let bounds = args.when.bounds();
    let trial = books_journal::trial_balance(&mut view, compound.id, args.book, bounds).await?;
    if args.json {
        say(out, &trial)?;
        return Ok(DONE);
    }
    writeln!(out, "{} {} 试算平衡表（元）", compound.name, args.book.chart().title)?;
    for row in &trial.rows {
        writeln!(
            out,
            "{:>8} {:>18} {:>18} {:>18} {:>18}  {}",
            row.account,
            row.debit_fen.grouped(),
            row.credit_fen.grouped(),
            row.debit_balance_fen.grouped(),
            row.credit_balance_fen.grouped(),
            row.name
        )?;
    }
    let (debit, credit) = (trial.debit_fen.grouped(), trial.credit_fen.grouped());
    writeln!(out, "{:>8} {debit:>18} {credit:>18}  借方、贷方发生额合计", "")?;
    Ok(DONE)
}
