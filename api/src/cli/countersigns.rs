//! `xiaoqu countersign …`: what waits for a second person, told as it is signed.
//!
//! Reads only: a signature is a person's, and a person signs behind their own log-in.

use clap::Subcommand;
use ledger::books::{Books, Snapshot};
use ledger::countersign::{self, Which};
use ledger::id::CountersignNo;

use super::{CompoundArg, DONE, JsonArgs, Out, Ran, compound, number, operator, say};
use crate::countersign::{AskedView, looked_at};

/// What can be looked at.
#[derive(Debug, Subcommand)]
pub(super) enum Countersign {
    /// 列出待复核的申请
    List {
        /// 连同已裁定的
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 查看一件申请：逐项列出所申请之事；含个人号码的，先记入操作记录
    Show {
        /// 申请编号
        #[arg(value_name = "NO", value_parser = number)]
        no: i32,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

impl Countersign {
    pub(super) fn is_json(&self) -> bool {
        let (Countersign::List { json, .. } | Countersign::Show { json, .. }) = self;
        json.json
    }
}

pub(super) async fn run(books: &Books, asked: Countersign, out: Out<'_>) -> Ran {
    match asked {
        Countersign::List { all, compound: of, json } => {
            let compound = compound(books, &of.compound).await?.id;
            let which = if all { Which::All } else { Which::Waiting };
            let found = listed(books, compound, which).await?;
            super::rows(out, json.json, &found, AskedView::line)
        }
        Countersign::Show { no, compound: of, json } => {
            let compound = compound(books, &of.compound).await?.id;
            let found = looked_at(books, &operator(), compound, CountersignNo(no)).await?;
            if json.json {
                say(out, &found)?;
            } else {
                writeln!(out, "{}", found.in_lines())?;
            }
            Ok(DONE)
        }
    }
}

async fn listed(
    books: &Books,
    compound: ledger::id::CompoundId,
    which: Which,
) -> Result<Vec<AskedView>, ledger::error::Error> {
    const PAGE: i32 = 1000;
    let today = books.clock().now().day();
    let mut view: Snapshot = books.read().await?;
    let (mut all, mut after) = (Vec::new(), CountersignNo(0));
    loop {
        let page = countersign::requests(&mut view, compound, which, today, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.no;
        all.extend(page.into_iter().map(|asked| AskedView::of(asked, today)));
    }
}
