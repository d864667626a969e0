//! Commands of the guard: the log of acts, owners' numbers for a reason, the keys.

use ledger::audit::{self, Cursor, Format, Search};
use ledger::books::{self, Books, Role};
use serde_json::json;

use super::{AuditArgs, DONE, KeyCommand, Out, Ran, RevealArgs, compound, operator, say};

pub(super) async fn audit(books: &Books, args: AuditArgs, mut out: Out<'_>) -> Ran {
    let of = match &args.compound {
        Some(code) => Some(compound(books, code).await?.id),
        None => None,
    };
    let AuditArgs { actor, verb, since, until, request_id, .. } = args;
    let search = Search { compound: of, actor, verb, since, until, request_id };
    if args.csv || args.json {
        let format = if args.csv { Format::Csv } else { Format::JsonLines };
        crate::audit::record(books, &operator(), &search, format, &mut out).await?;
        return Ok(DONE);
    }
    const PAGE: i32 = 1_000;
    let (mut view, mut after) = (books.read().await?, Cursor::default());
    let mut is_empty = true;
    loop {
        let page = audit::search(&mut view, &search, after, PAGE).await?;
        for entry in &page {
            let (at, place) =
                (entry.recorded_at.for_people(), format!("{}/{}", entry.compound, entry.act_no));
            let mut who = entry.actor.clone();
            if !entry.second.is_empty() {
                who = format!("{who}+{}", entry.second);
            }
            writeln!(
                out,
                "{at}  {place:<8} {} {who} {} {} {}",
                audit::verb_in_chinese(&entry.verb),
                Role::named(&entry.role).map_or("", Role::in_chinese),
                entry.came_from,
                entry.request
            )?;
        }
        is_empty &= page.is_empty();
        match page.last() {
            Some(last) if page.len() == 1_000 => after = last.place,
            _ if is_empty => {
                writeln!(out, "没有符合的操作")?;
                return Ok(DONE);
            }
            _ => return Ok(DONE),
        }
    }
}

pub(super) async fn reveal(books: &Books, args: RevealArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let owners =
        audit::reveal(books, &operator(), &compound, &args.room, &args.reason).await?.answer;
    if args.json {
        let views: Vec<crate::audit::RevealedView> = owners.into_iter().map(Into::into).collect();
        say(out, &json!({ "owners": views }))?;
        return Ok(DONE);
    }
    for owner in owners {
        writeln!(
            out,
            "{}  证件号 {}  电话 {}",
            owner.name,
            owner.id_no.in_clear(),
            owner.phone.in_clear()
        )?;
    }
    Ok(DONE)
}

pub(super) async fn key(books: &Books, command: KeyCommand, out: Out<'_>) -> Ran {
    let columns = ledger::sealed();
    match command {
        KeyCommand::List(args) => {
            let keys = books::keys(books, &columns).await?;
            if args.json {
                say(out, &keys)?;
                return Ok(DONE);
            }
            writeln!(out, "密钥存放于 {}", books.key_place())?;
            for key in keys {
                let state = match (key.is_retired, key.is_current) {
                    (true, _) => "已停用",
                    (false, true) => "现用",
                    (false, false) if key.sealed == 0 => "可停用",
                    (false, false) => "旧",
                };
                let here = if key.is_here { "在手边" } else { "不在手边" };
                let (number, print, sealed) = (key.key_no, &key.fingerprint, key.sealed);
                writeln!(out, "第 {number} 号  指纹 {print}  {state}  {here}  加密 {sealed} 项")?;
            }
        }
        KeyCommand::Rotate(args) => {
            let rotated = books::rotate(books, &columns).await?;
            if args.json {
                say(out, &rotated)?;
                return Ok(DONE);
            }
            let (number, print) = (rotated.key_no, &rotated.fingerprint);
            let resumed =
                if rotated.is_resumed { "（接续上次未完成的更换）" } else { "" };
            writeln!(
                out,
                "现用第 {number} 号密钥，指纹 {print}{resumed}；重新加密 {} 项",
                rotated.resealed
            )?;
            writeln!(
                out,
                "正在运行的 xiaoqu serve 一秒内自行改用；密钥来自 XIAOQU_KEY 的，加上新密钥重启之前拒绝读写个人信息。一分钟后可用 xiaoqu key retire 停用旧密钥"
            )?;
        }
        KeyCommand::Retire { no } => {
            books::retire(books, no, &columns).await?;
            writeln!(out, "第 {no} 号密钥已停用")?;
        }
    }
    Ok(DONE)
}
