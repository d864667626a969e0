//! Commands about subscriptions: what is on hold, and sending it again.

use clap::Subcommand;
use ledger::books::Books;
use ledger::hooks::{self, Resend, State};
use ledger::id::{ActNo, HookNo};

use super::{DONE, Out, Ran, if_none, operator, say};
use crate::hooks::{event, send_again};

#[derive(Debug, Subcommand)]
pub(super) enum Hooks {
    /// 列出推送订阅：投递到哪里，积压多少
    List {
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 列出死信：多次投递不成、已放弃的事件
    Dead {
        /// 订阅编号
        no: i32,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 重发一个事件，或全部死信；由正在运行的服务投递
    Resend {
        /// 订阅编号
        no: i32,
        /// 事件编号，例如 wutongli/17；不写则重发全部死信
        #[arg(long, value_name = "ID", value_parser = event_id)]
        event: Option<(String, ActNo)>,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
}

fn event_id(text: &str) -> Result<(String, ActNo), String> {
    event(text).map_err(|_| "事件编号应写作 wutongli/17".to_owned())
}

impl Hooks {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Hooks::List { json } | Hooks::Dead { json, .. } | Hooks::Resend { json, .. } => *json,
        }
    }
}

pub(super) async fn run(books: &Books, asked: Hooks, out: Out<'_>) -> Ran {
    match asked {
        Hooks::List { json } => list(books, json, out).await,
        Hooks::Dead { no, json } => dead(books, HookNo(no), json, out).await,
        Hooks::Resend { no, event, json } => {
            let asked = Resend { hook_no: HookNo(no), event };
            let done = send_again(books, &operator(), None, asked).await?;
            match json {
                true => say(out, &done.answer)?,
                false => writeln!(out, "订阅 {no}：{} 个事件已排队重发", done.answer.events)?,
            }
            Ok(DONE)
        }
    }
}

async fn list(books: &Books, is_json: bool, out: Out<'_>) -> Ran {
    let all = hooks::hooks(&mut books.read().await?).await?;
    if is_json {
        say(out, &serde_json::json!({ "items": all }))?;
        return Ok(DONE);
    }
    if_none(out, all.len(), "推送订阅")?;
    for hook in &all {
        let standing = if hook.is_active { "启用" } else { "停用" };
        writeln!(
            out,
            "{}  {}  {}  {}（{}）",
            hook.hook_no, hook.name, hook.url, standing, hook.standing
        )?;
        let scope =
            hook.compounds.as_ref().map_or("全部小区".to_owned(), |codes| codes.join(" "));
        writeln!(out, "    {scope}；{}", hook.verbs.join(" "))?;
        let (behind, waiting, dead) = (hook.behind_acts, hook.waiting, hook.dead);
        writeln!(out, "    未读到的操作 {behind}，等待重试 {waiting}，死信 {dead}")?;
    }
    if all.is_empty() {
        writeln!(out, "没有推送订阅")?;
    }
    Ok(DONE)
}

/// Every dead letter, a page at a time.
async fn dead(books: &Books, no: HookNo, is_json: bool, out: Out<'_>) -> Ran {
    let mut view = books.read().await?;
    let mut all = Vec::new();
    let mut after: Option<(String, ActNo)> = None;
    loop {
        let from = after.as_ref().map(|(code, act)| (code.as_str(), *act));
        let page = hooks::deliveries(&mut view, no, Some(State::Dead), from, 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.compound.clone(), last.act));
        all.extend(page);
    }
    if is_json {
        say(out, &serde_json::json!({ "items": all }))?;
        return Ok(DONE);
    }
    if_none(out, all.len(), "死信")?;
    for letter in &all {
        let (id, verb, tries, fault) = (&letter.id, &letter.verb, letter.attempts, &letter.fault);
        writeln!(out, "{id}  {verb}  {}  试 {tries} 次  {fault}", letter.last_at.for_people())?;
    }
    Ok(DONE)
}
