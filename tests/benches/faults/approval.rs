//! Row 39: the order of a deed that takes two, and its four eyes, under everything at once.
//!
//! Two clerks with accounts of their own, and payments to take back: the one who asked signs too, a step is skipped, one
//! request is signed sixteen times at once, it is withdrawn and asked anew while the other signs the old one. The judge counts
//! vouchers and who stood behind their acts by SQL of its own. Control: under a law that lets one person do it the same press
//! goes through, and the judge sees it.

use std::sync::Arc;

use ledger::books::{Actor, Books, Request};
use ledger::calendar::Clock;
use ledger::id::CompoundId;
use ledger::policy;
use ledger::seal::KeySource;
use serde_json::{Value, json};

use crate::house::{ADMIN, CLERK, Ground, House, Line, grounds, payment};
use crate::load;
use crate::stage::Stage;
use crate::{Fail, Sheet};

const PLACE: &str = "/api/v1/compounds/c1";
/// Deeds asked for, on each database.
const DEEDS: u64 = 24;
const AT_ONCE: usize = 16;

/// Somebody of the property company, and their session.
async fn clerk(line: &mut Line, user: &str) -> Result<String, Fail> {
    let body = json!({ "user": user, "shown_as": user });
    line.post("/api/v1/users", ADMIN, &body).await?.done()?;
    let body = json!({ "role": "property-company", "compound": "c1", "from_on": "2026-01-01", "until_on": "2029-12-31" });
    line.post(&format!("/api/v1/users/{user}/mandates"), ADMIN, &body).await?.done()?;
    let path = format!("/api/v1/users/{user}/password");
    let told = line.ask("POST", &path, ADMIN, &[], None).await?.done()?.json();
    let body = json!({ "user": user, "password": told["password"] });
    let session = line.post("/api/v1/sessions", "", &body).await?.done()?.json();
    Ok(session["session"].as_str().ok_or("no session")?.to_owned())
}

/// A payment to take back: its voucher.
async fn paid(line: &mut Line, n: u64) -> Result<Value, Fail> {
    let told = line.post(&format!("{PLACE}/payments"), CLERK, &payment(n, "deed")).await?.done()?;
    Ok(told.json()["voucher"].clone())
}

fn reversal(voucher: &Value, reason: &str) -> Value {
    json!({ "voucher": voucher, "on": load::DAY, "style": "red", "reason": reason })
}

async fn sign(
    at: std::net::SocketAddr,
    who: &str,
    kept: &Value,
    sha256: &Value,
) -> Result<u16, Fail> {
    let path = format!("{PLACE}/countersigns/{}/confirm", kept["countersign_no"]);
    let mut line = Line::to(at).await?;
    Ok(line.post(&path, who, &json!({ "sha256": sha256 })).await?.status)
}

async fn asked(line: &mut Line, who: &str, body: &Value) -> Result<Value, Fail> {
    let reply = line.post(&format!("{PLACE}/reversals"), who, body).await?;
    if reply.status != 202 {
        return Err(format!("a reversal was answered {}: {}", reply.status, reply.text()).into());
    }
    Ok(reply.json())
}

/// Reversals there are; those without a second person, or with the first as the second; vouchers reversed twice.
async fn judged(ground: &Ground) -> Result<[i64; 3], Fail> {
    let reversals = "FROM voucher v JOIN act a ON a.compound_id = v.compound_id AND a.act_no = v.act_no WHERE v.reverses_seq IS NOT NULL";
    Ok([
        ground.count(&format!("SELECT count(*) {reversals}")).await?,
        ground.count(&format!("SELECT count(*) {reversals} AND (a.second = '' OR a.second = a.actor)")).await?,
        ground.count("SELECT count(*) FROM (SELECT 1 AS one FROM voucher WHERE reverses_seq IS NOT NULL GROUP BY compound_id, book, reverses_seq HAVING count(*) > 1) t").await?,
    ])
}

/// A law that lets one person take back a payment.
async fn let_one_do_it(ground: &Ground) -> Result<(), Fail> {
    let body = "code = \"100000\"\ntitle = \"全国\"\nversion = \"2026-11\"\namends = \"2021-01\"\n\
         effective-from = 2026-01-01\ndays-evidence = \"unverified\"\n\
         [[parameter]]\nname = \"second-person\"\nvalue = []\narticle = \"某条\"\nsays = \"某项\"\n\
         evidence = \"unverified\"\nsource = \"测试\"\n";
    let source = KeySource::File(ground.key_file.clone());
    let books = Books::open_keyed(&ground.url, Clock::system(), source).await?;
    let request = Request::new("policy.add", body.to_owned());
    let operator = Actor::operator();
    let added = books.act(&operator, CompoundId::OFFICE, request, |tx, body: &String| {
        Box::pin(policy::add(tx, body))
    });
    added.await?;
    books.close().await?;
    Ok(())
}

pub(crate) async fn four_eyes(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let house = House::open(&stage, &ground, &[], &[]).await?;
        let mut line = Line::to(house.at).await?;
        let (one, other) = (clerk(&mut line, "yi").await?, clerk(&mut line, "er").await?);
        let (mut attempts, mut let_through, mut done) = (0_u32, 0_u32, 0_i64);
        for n in 0..DEEDS {
            let voucher = paid(&mut line, n).await?;
            let kept = asked(&mut line, &one, &reversal(&voucher, "银行退票")).await?;
            // Steps skipped: signed unseen, signed as something else, a request that is not there.
            let nowhere = json!({ "countersign_no": 9_999 });
            let unseen = json!("0".repeat(64));
            let mut presses = vec![(&other, &kept, &unseen), (&other, &nowhere, &kept["sha256"])];
            // One's own request, as often as one likes, at once with that.
            presses.extend([(&one, &kept, &kept["sha256"]); 6]);
            let presses =
                presses.into_iter().map(|(who, kept, sha)| sign(house.at, who, kept, sha));
            for status in futures_util::future::try_join_all(presses).await? {
                attempts += 1;
                let_through += u32::from(status == 201);
            }
            if n % 2 == 0 {
                // Sixteen signatures at once are one.
                let presses = (0..AT_ONCE).map(|_| sign(house.at, &other, &kept, &kept["sha256"]));
                let told = futures_util::future::try_join_all(presses).await?;
                let signed = told.iter().filter(|status| **status == 201).count();
                attempts += u32::try_from(AT_ONCE)?;
                sheet.must(signed == 1, format!("{name}, deed {n}: signed {signed} times"));
                done += 1;
            } else {
                // Withdrawn and asked anew while the other signs what they saw: one of the two comes first.
                let path = format!("{PLACE}/countersigns/{}/withdraw", kept["countersign_no"]);
                let withdrawal = async {
                    let mut line = Line::to(house.at).await?;
                    let body = json!({ "reason": "凭证号有误" });
                    Ok::<u16, Fail>(line.post(&path, &one, &body).await?.status)
                };
                let signature = sign(house.at, &other, &kept, &kept["sha256"]);
                let (withdrawn, signed) =
                    futures_util::future::try_join(withdrawal, signature).await?;
                let (withdrawn, signed) = (withdrawn < 300, signed == 201);
                attempts += 2;
                sheet.must(
                    withdrawn != signed,
                    format!("{name}, deed {n}: withdrawn {withdrawn}, signed {signed}"),
                );
                done += i64::from(signed);
                if withdrawn {
                    let anew = asked(&mut line, &one, &reversal(&voucher, "另一原因")).await?;
                    attempts += 1;
                    let stale = sign(house.at, &other, &anew, &kept["sha256"]).await?;
                    let_through += u32::from(stale == 201);
                    let fair = sign(house.at, &other, &anew, &anew["sha256"]).await?;
                    sheet.must(
                        fair == 201,
                        format!("{name}, deed {n}: what was seen is signed: {fair}"),
                    );
                    done += i64::from(fair == 201);
                }
            }
        }
        sheet.must(let_through == 0, format!("{name}: {let_through} of {attempts} went through"));
        let [reversals, alone, twice] = judged(&ground).await?;
        sheet.must(reversals == done, format!("{name}: {reversals} reversals, {done} signed"));
        sheet.must(
            alone == 0 && twice == 0,
            format!("{name}: {alone} by one person, {twice} twice"),
        );
        let_one_do_it(&ground).await?;
        let voucher = paid(&mut line, 7).await?;
        let press =
            line.post(&format!("{PLACE}/reversals"), &one, &reversal(&voucher, "银行退票")).await?;
        let [_, seen, _] = judged(&ground).await?;
        sheet.must(
            press.status == 201 && seen == 1,
            format!("CONTROL, {name}: one person alone: {}, seen {seen}", press.status),
        );
        sheet.says(format!("{name}: {DEEDS} deeds, {attempts} attempts, {let_through} went through; {reversals} reversals, {alone} by one person, {twice} twice; control: under a law that lets one do it, seen {seen}"));
        house.close().await?;
    }
    Ok(())
}
