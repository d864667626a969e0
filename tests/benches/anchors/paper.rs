//! 3,000 household statements with a chart and a QR each, in volumes, against the raw limit: the same words deflated, and no page.
//!
//! The raw side writes each statement's plain text through deflate (a zip of one entry a volume) on as many threads: the least that
//! any file of these words can cost. Ours sets, breaks, draws, cuts one face a volume, deflates. `XIAOQU_BENCH_STATEMENTS` (3,000).

use std::io::Write;
use std::time::Instant as Moment;

use ledger::calendar::{Day, Instant};
use ledger::measure::Area;
use ledger::money::Money;
use reports::household::{self, Balance, Building, Figures, Line, Seal, Summary};
use reports::press::{pdf, text};
use reports::sheet::Sheet;

use super::megabytes;

/// How many households a volume has.
const EACH: usize = 250;
/// How many lines a statement has: a year by the month.
const LINES: u32 = 12;

fn statements() -> usize {
    let text = std::env::var("XIAOQU_BENCH_STATEMENTS").unwrap_or_default();
    text.parse().unwrap_or(3_000)
}

/// A statement like none of its neighbours.
fn sheet(number: usize) -> Sheet {
    let day = |month, day| Day::from_ymd_opt(2025, month, day).expect("a day");
    let fen = |n: i64| Money::fen(n);
    let own = i64::try_from(number).expect("few");
    let opening = Balance { principal: fen(1_769_000 + own * 13), gains: fen(48_213 + own) };
    let mut after = opening;
    let lines = (0..LINES).map(|n| {
        let nought = Balance::default();
        let (summary, increase, decrease) = match n % 3 {
            0 => {
                (Summary::Deposit, Balance { principal: fen(120_000 + own), gains: fen(0) }, nought)
            }
            1 => (
                Summary::Interest,
                Balance { principal: fen(0), gains: fen(1_733 + own % 97) },
                nought,
            ),
            _ => (
                Summary::Withdrawal,
                nought,
                Balance { principal: fen(80_050 + own % 301), gains: fen(312) },
            ),
        };
        after.principal = after.principal + increase.principal - decrease.principal;
        after.gains = after.gains + increase.gains - decrease.gains;
        Line {
            day: day(n + 1, 15),
            summary,
            reference: format!("JC-2025-{:06}", number * 12 + n as usize),
            increase,
            decrease,
            after,
            voucher: format!("fund/2025-{:04}", number * 7 % 9_000 + n as usize),
            is_late: false,
        }
    });
    let lines: Vec<Line> = lines.collect();
    let names = ["王", "李", "张", "刘", "陈", "䶮", "喆", "欧阳", "㛃", "郜"];
    let room = format!("{}-{}-{}", number / 400 + 1, number / 100 % 4 + 1, number % 100 + 101);
    let figures = Figures {
        compound: "杭州市西湖区梧桐里小区".into(),
        compound_code: "wutongli".into(),
        dwelling: room.clone(),
        owners: vec![format!("{}*", names[number % names.len()])],
        area: Area::centi_m2(8_845 + own),
        account: format!("wutongli-{room}"),
        from: day(1, 1),
        to: day(12, 31),
        levy: "每平方米 200 元".into(),
        first_deposit_on: Some(day(1, 1)),
        first_due: fen(1_769_000),
        first_paid: fen(1_769_000),
        opening,
        lines,
        closing: after,
        percent_of_first: Some(10_273),
        building: Building { households: 48, average: fen(1_803_455), median: fen(1_791_020) },
        is_open: false,
        seal: Seal { head: "9f86d081884c7d65".repeat(4), vouchers: 1_234 },
        as_of: day(12, 31),
        known_at: Instant::from_seconds(1_767_574_800),
        printed_at: Instant::from_seconds(1_767_603_600),
        reckonings: Vec::new(),
        objection: "对本单有异议的，请自收到之日起 30 日内书面提出。".into(),
    };
    let sheet = household::set(&figures).expect("it foots");
    let order = format!("statement?compound=wutongli&room={room}&to=2025-12-31&at=1767603600");
    sheet.ordered_as(&order)
}

/// Counts what is written.
struct Sunk(usize);

impl Write for Sunk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs both sides.
pub(super) fn run() {
    let many = statements();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Warm: the faces are read once a process.
    pdf::press(&sheet(0)).expect("a statement");
    let begun = Moment::now();
    let one = pdf::press(&sheet(1)).expect("a statement");
    println!(
        "paper-one                          {:.1} ms, {} KB",
        begun.elapsed().as_secs_f64() * 1e3,
        one.len() / 1024
    );

    // One file, on one core, written as it is printed: what goes over REST.
    let before = megabytes("VmHWM:");
    let begun = Moment::now();
    let mut binding = pdf::Binding::begin(Sunk(0)).expect("begun");
    for number in 0..many {
        binding.add(&sheet(number)).expect("a statement");
    }
    let Sunk(whole) = binding.finish().expect("printed");
    println!(
        "paper-whole                        {many} statements, one file, one core: {:.2} s, {:.1} MB, peak {} MB (before {before})",
        begun.elapsed().as_secs_f64(),
        whole as f64 / 1e6,
        megabytes("VmHWM:")
    );

    let before = megabytes("VmHWM:");
    let begun = Moment::now();
    let (mut bytes, mut volumes) = (0, 0);
    let mut sink = tempfile::tempfile().expect("a file");
    let keep = |_, volume: Vec<u8>| {
        bytes += volume.len();
        volumes += 1;
        sink.write_all(&volume).expect("written");
        Ok::<_, reports::Error>(())
    };
    pdf::volumes(many, EACH, |number| Ok(sheet(number)), keep).expect("printed");
    let ours = begun.elapsed().as_secs_f64();
    let peak = megabytes("VmHWM:");

    let begun = Moment::now();
    let raw = std::thread::scope(|scope| {
        let part = |core: usize| {
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            zip.start_file("volume", zip::write::SimpleFileOptions::default()).expect("an entry");
            for number in (core..many).step_by(cores) {
                zip.write_all(text::press(&sheet(number)).as_bytes()).expect("deflated");
            }
            zip.finish().expect("closed").into_inner().len()
        };
        let parts: Vec<_> = (0..cores).map(|core| scope.spawn(move || part(core))).collect();
        parts.into_iter().map(|part| part.join().expect("a part")).sum::<usize>()
    });
    let limit = begun.elapsed().as_secs_f64();
    println!(
        "paper-volumes                      {many} statements, {volumes} volumes, {cores} cores: ours {ours:.2} s, {:.1} MB, peak {peak} MB (before {before}); deflated words {limit:.2} s, {:.1} MB; ratio {:.1}",
        bytes as f64 / 1e6,
        raw as f64 / 1e6,
        ours / limit
    );
}
