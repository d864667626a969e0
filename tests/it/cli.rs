//! The command line, as a clerk types it and as a script reads it: the office's own files in, the laws, the books out, and
//! the demo as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::on_both;
use crate::paper::wutongli;
use crate::world::World;

const BANK: &str = "工行维修资金专户_2026上半年.csv";

/// What a command said.
pub struct Said {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "one object: {}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }

    #[track_caller]
    pub fn must(self, code: u8) -> Said {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

async fn xiaoqu(args: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once("xiaoqu").chain(args.iter().copied()).map(Into::into);
    let code = xiaoqu::cli::run(args, &mut out, &mut err).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code, out: text(out), err: text(err) }
}

pub async fn at(world: &World, args: &[&str]) -> Said {
    xiaoqu(&[&["--db", &world.url], args].concat()).await
}

async fn import(world: &World, kind: &str, file: &Path, more: &[&str]) -> Said {
    let file = file.to_str().unwrap();
    at(world, &[&["import", kind, file, "--compound", "wutongli"], more].concat()).await
}

pub fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

on_both! {
    async fn the_offices_files_come_in_to_the_fen_and_only_once(world: World) {
        let totals: Value = serde_json::from_slice(&std::fs::read(wutongli("totals.json")).unwrap()).unwrap();
        let files = [("register", "房产清册.xlsx"), ("deposits", "交存明细.csv"), ("fees", "收费明细.xlsx"), ("bank", BANK)];
        let looked = import(&world, "register", &wutongli("房产清册.xlsx"), &["--dry-run", "--json"]).await.must(0).json();
        assert_eq!((&looked["accepted"], &looked["committed"]), (&totals["units"], &Value::Bool(false)));
        for (kind, name) in files {
            let report = import(&world, kind, &wutongli(name), &["--json"]).await.must(0).json();
            assert_eq!(report["accepted"], report["rows"], "{name}");
            let expected: &[(&str, &str)] = match kind {
                "register" => &[("rows", "units"), ("dwellings", "units"), ("area_centi_m2", "area_centi_m2"),
                    ("unsold", "unsold"), ("owners", "distinct_owners_by_id"), ("sum_fen", "deposit_due_fen")],
                "deposits" => &[("rows", "deposit_rows"), ("sum_fen", "deposit_fen")],
                "fees" => &[("rows", "fee_rows"), ("sum_fen", "fee_paid_fen")],
                _ => &[("rows", "bank_rows"), ("in_fen", "bank_in_fen"), ("out_fen", "bank_out_fen"),
                    ("closing_fen", "bank_closing_fen"), ("matchable", "bank_matchable_deposits")],
            };
            for (member, total) in expected {
                assert_eq!(report[member], totals[total], "{name}: {member}");
            }
        }
        for (kind, name) in files {
            let report = import(&world, kind, &wutongli(name), &["--json"]).await.must(0).json();
            assert_eq!((&report["accepted"], &report["known"]), (&Value::from(0), &report["rows"]), "{name}");
        }
        let verdict = at(&world, &["verify", "--json"]).await.must(0).json();
        assert_eq!(verdict["ok"], true);
        assert!(verdict["laws"].as_array().unwrap().iter().all(|law| law["failed"] == 0), "{verdict}");
        let trial = at(&world, &["trial-balance", "--compound", "wutongli", "--book", "fund", "--json"]).await.must(0).json();
        assert_eq!(trial["debit_fen"], totals["deposit_fen"]);
        for law in verdict["laws"].as_array().unwrap() {
            let name = law["name"].as_str().unwrap();
            assert_ne!(ledger::verify::law_in_chinese(name), name, "a law has a sentence in ledger/src/verify/words.rs");
        }
        assert_eq!(at(&world, &["compounds"]).await.must(0).out, "wutongli  梧桐里小区\nxiaohe  小河里小区\n");
    }

    async fn an_import_is_told_to_a_person_listed_and_undone(world: World) {
        let said = import(&world, "register", &wutongli("房产清册.xlsx"), &[]).await.must(0);
        for words in ["房产清册.xlsx → 梧桐里小区（wutongli）", "已导入 428 行", "2,985,315.75 元", "37888.08 ㎡", "import undo 1"] {
            assert!(said.out.contains(words), "{words}: {}", said.out);
        }
        assert_eq!(said.err, "");
        import(&world, "deposits", &wutongli("交存明细.csv"), &[]).await.must(0);
        let twice = at(&world, &["import", "undo", "2", "--compound", "wutongli"]).await.must(0);
        assert!(twice.out.contains("423 行"), "{}", twice.out);
        let refused = at(&world, &["import", "undo", "2", "--compound", "wutongli"]).await.must(1);
        assert!(refused.err.contains("import.undone"), "{}", refused.err);
        for (list, told) in [(&["bank-lines", "--compound", "wutongli"][..], "没有银行流水\n"), (&["vote", "list", "--compound", "wutongli"], "没有表决\n"),
            (&["fund", "refunds", "--compound", "wutongli"], "没有\n"), (&["user", "list"], "没有用户\n"), (&["audit", "--verb", "works.pay"], "没有符合的操作\n")] {
            assert_eq!(at(&world, list).await.must(0).out, told);
        }
        let list = at(&world, &["import", "list", "--compound", "wutongli"]).await.must(0);
        assert!(list.out.contains("交存明细.csv（已撤销）"), "{}", list.out);
        let again = import(&world, "deposits", &wutongli("交存明细.csv"), &["--json"]).await.must(0).json();
        assert_eq!(again["accepted"], 423);
        let verdict = at(&world, &["verify", "--compound", "wutongli", "--json"]).await.must(0).json();
        assert_eq!(verdict["ok"], true);
    }

    async fn a_bad_row_keeps_the_file_out_or_only_itself(world: World) {
        import(&world, "register", &wutongli("房产清册.xlsx"), &[]).await.must(0);
        let folder = tempfile::tempdir().unwrap();
        let header = "房屋,收费项目,缴费周期,开始时间,结束时间,缴费时间,应缴金额,实缴金额,收银员,备注";
        let path = file(&folder, "收费.csv", &format!(
            "{header}\n1-1-101,物业费,3,2024-01-01,2024-03-31,2024-02-01,68.82,68.82,一,\n\
             9-9-999,物业费,3,2024-01-01,2024-03-31,2024-02-01,68.82,68.82,一,\n\
             1-1-102,物业费,3,2024-01-01,2024-03-31,2024-02-01,56.855,56.855,一,\n"));
        let rejects = folder.path().join("退回.csv");
        let report = import(&world, "fees", &path, &["--json", "--rejects", rejects.to_str().unwrap()]).await.must(1).json();
        assert_eq!((&report["rows"], &report["accepted"]), (&Value::from(3), &Value::from(0)));
        let cells: Vec<&str> = report["rejected"].as_array().unwrap().iter().map(|r| r["cell"].as_str().unwrap()).collect();
        assert!(cells.contains(&"A3") && cells.contains(&"G4"), "{cells:?}");
        for reject in report["rejected"].as_array().unwrap() {
            for member in ["file", "sheet", "cell", "value", "code", "rule", "remedy"] {
                assert!(reject[member].as_str().is_some_and(|text| !text.is_empty()), "{reject}");
            }
        }
        assert!(std::fs::metadata(&rejects).unwrap().len() > 0);

        let said = import(&world, "fees", &path, &[]).await.must(1);
        assert!(said.out.contains("  收费.csv!A3 “9-9-999”"), "{}", said.out);
        assert!(said.out.contains("一行也没有导入"), "{}", said.out);
        let good = import(&world, "fees", &path, &["--good-rows", "--json"]).await.must(1).json();
        assert_eq!((&good["accepted"], &good["sum_fen"]), (&Value::from(1), &Value::from(6_882)));
    }

    async fn a_file_that_is_none_is_refused_whole(world: World) {
        import(&world, "register", &wutongli("房产清册.xlsx"), &[]).await.must(0);
        let folder = tempfile::tempdir().unwrap();
        let empty = file(&folder, "空.csv", "");
        let told = import(&world, "deposits", &empty, &["--json"]).await.must(1).json();
        assert_eq!(told["refused"]["code"], "intake.empty-file");
        assert_eq!((&told["rows"], &told["accepted"]), (&Value::from(0), &Value::from(0)));
        let reject = &told["rejected"][0];
        for member in ["cell", "value", "rule", "remedy"] {
            assert!(reject[member].is_string(), "{reject}");
        }
        let said = import(&world, "deposits", &empty, &[]).await.must(1);
        assert!(said.out.is_empty() && said.err.contains("intake.empty-file"), "{}", said.err);
        let missing = import(&world, "deposits", Path::new("/nowhere/a.csv"), &[]).await.must(3);
        assert!(missing.err.contains("读取 /nowhere/a.csv：文件或目录不存在"), "{}", missing.err);
        let a_folder = import(&world, "deposits", folder.path(), &["--json"]).await.must(3).json();
        let evidence = a_folder["refused"]["evidence"].as_str().unwrap();
        assert!(evidence.contains("这是目录，不是文件") && !missing.err.contains("服务器"), "{evidence}");
        let huge = folder.path().join("大.csv");
        std::fs::File::create(&huge).unwrap().set_len(100 << 20).unwrap();
        let huge = import(&world, "deposits", &huge, &[]).await.must(1);
        assert!(huge.err.contains("文件 100 MB，上限 64 MB"), "{}", huge.err);
        let other = import(&world, "fees", &wutongli("交存明细.csv"), &[]).await.must(1);
        assert!(other.err.contains("intake.other-kind") && other.err.contains("xiaoqu import deposits"), "{}", other.err);
        let nowhere = at(&world, &["import", "bank", empty.to_str().unwrap(), "--compound", "nowhere", "--json"]).await.must(1);
        assert!(nowhere.out.contains("refused"), "{}", nowhere.out);
    }

    async fn the_lines_of_a_bank_are_listed_to_be_claimed(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let lines = file(&folder, "流水.csv",
            "交易时间,收入金额,支出金额,账户余额,对方账号,对方户名,交易用途\n\
             2026-01-02 10:00:00,1200.00,,1200.00,62220001,业主甲,维修资金 1-1-101\n\
             2026-01-03 11:00:00,,45.00,1155.00,11000001,某公司,手续费\n");
        let lines = lines.to_str().unwrap();
        let c = ["--compound", "xiaohe"];
        let said = at(&world, &[&["import", "bank", lines], &c[..]].concat()).await.must(0);
        assert!(said.out.contains("xiaoqu bank-lines --compound xiaohe --unclaimed"), "{}", said.out);
        assert!(said.out.contains("xiaoqu deposit --room 房号 --line 编号 --compound xiaohe"), "{}", said.out);
        let list = async |more: &[&str]| at(&world, &[&["bank-lines"], &c[..], more].concat()).await.must(0);
        let all = list(&[]).await.out;
        assert!(all.contains("    1  2026-01-02           +1,200.00  业* 维修资金 1-1-101  未认领，疑为 1-1-101"), "{all}");
        assert!(all.contains("    2  2026-01-03              -45.00  某* 手续费  未认领"), "{all}");
        at(&world, &[&["deposit", "--room", "1-1-101", "--line", "1"], &c[..]].concat()).await.must(0);
        assert!(list(&[]).await.out.contains("已认领（第 1 张凭证）"));
        let left = list(&["--unclaimed", "--json"]).await.json();
        assert_eq!((left.as_array().unwrap().len(), &left[0]["line_no"], &left[0]["out_fen"]),
            (1, &Value::from(2), &Value::from(4_500)), "{left}");
        assert_eq!(list(&["--book", "service"]).await.out, "没有银行流水\n");
    }

    async fn a_statement_before_the_books_says_that_nothing_was_recorded(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let c = ["--compound", "xiaohe", "--room", "1-1-101"];
        let deposit = ["--amount", "8000", "--on", "2026-01-04"];
        at(&world, &[&["deposit"], &c[..], &deposit].concat()).await.must(0);
        let out = folder.path().join("对账单.txt");
        let drawn = async |more: &[&str]| {
            let to = ["--out", out.to_str().unwrap(), "--replace"];
            let said = at(&world, &[&["statement"], &to[..], &c[..], more].concat()).await;
            (said, std::fs::read_to_string(&out).unwrap_or_default())
        };
        let (said, text) = drawn(&["--known-at", "2019-01-01T00:00:00+08:00"]).await;
        said.must(0);
        assert!(text.contains("截至 2019-01-01 00:00:00，账簿中还没有任何凭证"), "{text}");
        let (said, text) = drawn(&[]).await;
        said.must(0);
        assert!(text.contains("8,000.00") && !text.contains("还没有任何凭证"), "{text}");
        let (said, _) = drawn(&["--from", "2026-02-01", "--as-of", "2026-01-01"]).await;
        assert!(said.must(1).err.contains("2026-02-01 至 2026-01-01"));
    }

    async fn a_counter_works_from_the_command_line(world: World) {
        let c = ["--compound", "xiaohe"];
        let room = ["--room", "1-1-101"];
        let act = async |verb: &[&str], more: &[&str]| at(&world, &[verb, &c, more].concat()).await;
        let said = act(&["deposit"], &[&room[..], &["--amount", "8,000.00", "--on", "2026-01-04", "--key", "d1"]].concat()).await.must(0);
        assert_eq!(said.out, "交存 1：8,000.00 元，凭证 fund/2026-0001\n");
        let said = act(&["deposit"], &[&room[..], &["--amount", "8000", "--on", "2026-01-04", "--key", "d1"]].concat()).await.must(0);
        assert_eq!(said.out, "交存 1：8,000.00 元，凭证 fund/2026-0001（此前已办理）\n");
        act(&["bill"], &[&room[..], &["--from", "2025-10-01", "--to", "2025-12-31", "--amount", "120"]].concat()).await.must(0);
        let folder = tempfile::tempdir().unwrap();
        let list = file(&folder, "账单.csv", "房号,金额\n1-1-101,100.00\n1栋1单元102,90.5\n");
        let bills = ["--from", "2025-07-01", "--to", "2025-09-30", "--file", list.to_str().unwrap(), "--json"];
        assert_eq!(act(&["bill"], &bills).await.must(0).json()["total_fen"], 19_050);
        let said = act(&["pay"], &[&room[..], &["--amount", "150", "--method", "cash", "--on", "2026-01-05"]].concat()).await.must(0);
        assert!(said.out.contains("本次 100.00 元，尚欠 0.00 元") && said.out.contains("本次 50.00 元，尚欠 70.00 元"), "{}", said.out);
        let reverse = ["--voucher", "fund/2026-0001", "--on", "2026-01-05", "--style", "red", "--reason", "重复"];
        assert_eq!(act(&["reverse"], &reverse).await.must(0).out, "冲销凭证 fund/2026-0002\n");
        let said = act(&["close"], &["--book", "service", "--month", "2025-12"]).await.must(0);
        assert!(said.out.contains("已结账至 2025-12"), "{}", said.out);
        act(&["close"], &["--book", "service", "--month", "2025-12"]).await.must(1);

        let out = folder.path().join("对账单.txt");
        act(&["statement"], &[&room[..], &["--out", out.to_str().unwrap()]].concat()).await.must(0);
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(text.contains("fund/2026-0001") && text.contains("fund/2026-0002") && text.contains("-8,000.00"), "{text}");
        let hledger = act(&["export"], &["--book", "service", "--format", "hledger"]).await.must(0);
        assert!(hledger.out.contains("service:1122:"), "{}", hledger.out);
        let trial = act(&["trial-balance"], &["--book", "service", "--as-of", "2025-12-31", "--json"]).await.must(0).json();
        let row = trial["rows"].as_array().unwrap().iter().find(|row| row["account"] == 1122).unwrap();
        assert_eq!(row["debit_balance_fen"], 31_050);
    }
}

on_both! {
    async fn the_fund_is_levied_receipted_and_refunded_from_the_command_line(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let written = |name: &str, text: &str| file(&folder, name, text).to_str().unwrap().to_owned();
        let fund = async |args: &[&str]| at(&world, &[&["fund"], args, &["--compound", "xiaohe", "--json"]].concat()).await;
        let standard = written("标准.json", r#"{"levied":"commodity","lift":false,"means":"once","rate":"35","from_on":"2020-01-01","document":"房发〔2020〕8号"}"#);
        assert_eq!(fund(&["standard", "--file", &standard]).await.must(0).json()["no"], 1);
        let seen = fund(&["assess", "--on", "2026-01-05", "--dry-run"]).await.must(0).json();
        assert_eq!(seen["total_fen"], 3_450_300);
        assert_eq!(fund(&["assess", "--on", "2026-01-05"]).await.must(0).json()["new"], 12);
        let told = at(&world, &["fund", "assess", "--on", "2026-01-05", "--compound", "xiaohe"]).await.must(0);
        assert_eq!(told.out, "新核定 0 户，重新核定 0 户，不变 12 户；应交合计 34,503.00 元\n");
        at(&world, &["deposit", "--compound", "xiaohe", "--room", "1-1-101", "--amount", "2838.50", "--on", "2026-01-05"]).await.must(0);

        fund(&["range", "--first", "001", "--last", "009", "--document", "领用单 1"]).await.must(0);
        assert_eq!(fund(&["receipt", "1"]).await.must(0).json()["receipt_no"], "001");
        assert_eq!(fund(&["copy", "001"]).await.must(0).json()["no"], 1);
        fund(&["void", "001", "--on", "2026-01-06", "--reason", "打印有误"]).await.must(0);
        assert_eq!(fund(&["receipts"]).await.must(0).json()[0]["state"], "void");
        assert_eq!(fund(&["ranges"]).await.must(0).json()[0]["left"], 8);

        let owing = fund(&["dues", "--owing", "--on", "2026-02-01"]).await.must(0).json();
        assert_eq!(owing.as_array().unwrap().len(), 11);
        let buildings = at(&world, &["fund", "arrears", "--compound", "xiaohe", "--on", "2026-02-01"]).await.must(0);
        assert_eq!(buildings.out, "1 幢  11 户  欠交 31,664.50 元\n共 1 项\n");

        let refund = ["refund", "--room", "1-1-101", "--cause", "cancelled", "--on", "2026-01-06", "--deposit", "1", "--evidence", "解除合同 1"];
        assert_eq!(fund(&refund).await.must(0).json()["principal_fen"], 283_850);
        assert_eq!(fund(&refund).await.must(1).json()["refused"]["code"], "fund.refunded");
        assert_eq!(fund(&["refunds"]).await.must(0).json()[0]["owed_fen"], 0);
        fund(&["refund", "--room", "1-1-101", "--cause", "borrowed", "--on", "2026-01-06", "--evidence", "x"]).await.must(2);

        assert_eq!(fund(&["unit", "第一纺织厂"]).await.must(0).json()["no"], 1);
        let paid = fund(&["unit-deposit", "1", "--amount", "5", "--on", "2026-01-05"]).await.must(1).json();
        assert_eq!(paid["refused"]["code"], "fund.over-assessment");
        let legacy = written("代管.json", r#"{"unit_no":1,"amount_fen":1000,"evidence":"清册"}"#);
        assert_eq!(fund(&["legacy", "--file", &legacy]).await.must(0).json()["no"], 1);
        fund(&["legacy-step", "1", "--step", "reminded", "--on", "2026-01-06", "--evidence", "函 1"]).await.must(0);
        assert_eq!(fund(&["legacies"]).await.must(0).json()[0]["difference_fen"], 1000);
        fund(&["unit-end", "1", "--on", "2026-01-06", "--evidence", "注销通知书"]).await.must(0);
        assert_eq!(fund(&["units"]).await.must(0).json()[0]["ended_on"], "2026-01-06");

        assert_eq!(fund(&["call", "--on", "2026-01-05", "--caller", "某街道", "--evidence", "提醒函 1"]).await.must(0).json()["no"], 1);
        let plan = written("续筹.json", r#"{"basis":{"on":"default","call_no":1},"judged_on":"2026-01-06","notified_on":"2026-01-06"}"#);
        for more in [&["--dry-run"][..], &[]] {
            let refused = fund(&[&["renew", "--file", &plan], more].concat()).await.must(1).json();
            assert_eq!(refused["refused"]["code"], "fund.no-default");
        }
        for list in ["under", "renewals", "standards"] {
            fund(&[list]).await.must(0);
        }
        fund(&["renewal-arrears", "1"]).await.must(0);
    }

    async fn people_are_registered_entrusted_and_dismissed_at_the_machine(world: World) {
        let told = async |args: &[&str]| at(&world, args).await.must(0).out;
        let json = async |args: &[&str]| at(&world, &[args, &["--json"]].concat()).await.must(0).json();
        told(&["area", "add", "33", "--kind", "city", "--name", "样例市"]).await;
        told(&["area", "add", "3301", "--kind", "district", "--name", "样例区", "--parent", "33"]).await;
        assert_eq!(told(&["area", "list"]).await, "33  市  样例市\n3301  区县  样例区\n");
        assert_eq!(told(&["area", "locate", "xiaohe", "3301"]).await, "xiaohe 位于 3301\n");
        told(&["org", "add", "lvyuan", "--kind", "property-company", "--name", "绿源物业"]).await;
        assert_eq!(told(&["org", "list"]).await, "lvyuan  物业公司  绿源物业\n");
        let contract = ["org", "contract", "lvyuan", "--compound", "xiaohe", "--from", "2026-01-01", "--until", "2026-12-31"];
        assert_eq!(json(&contract).await["contract_no"], 1);
        let add = ["user", "add", "wang", "--shown-as", "王会计", "--of", "lvyuan", "--role", "property-company",  "--org", "lvyuan", "--from", "2026-01-05"];
        assert_eq!(told(&add).await, "用户 wang 已登记，授权 1，尚无口令\n");
        let grant = ["user", "grant", "wang", "--role", "owner", "--compound", "xiaohe", "--room", "1-1-101", "--from", "2026-01-05", "--until", "2099-06-30"];
        assert_eq!(told(&grant).await, "授权 2：wang\n");
        let list = told(&["user", "list"]).await;
        for line in ["wang  王会计  lvyuan\n", "授权 1  物业公司  lvyuan  2026-01-05 至 长期\n",
            "授权 2  业主  xiaohe 1-1-101  2026-01-05 至 2099-06-30\n"] {
            assert!(list.contains(line), "{line}: {list}");
        }
        // The command line's clock is the machine's.
        let soon = (ledger::calendar::Clock::system().now().day() + chrono::Days::new(30)).to_string();
        let made = json(&["user", "token", "wang", "--for", "对账", "--mandate", "1", "--until", &soon]).await;
        let token = made["token"].as_str().unwrap();
        assert!(token.starts_with("xq_"));
        let listed = told(&["user", "tokens", "wang"]).await;
        assert!(listed.starts_with(&format!("令牌 1  对账  授权 1  至 {soon} 23:59:59")) && !listed.contains("xq_"), "{listed}");
        let entrance = ledger::people::Entrance::new(world.books.clone());
        assert!(entrance.admit(token, &ledger::books::Origin::here()).await.unwrap().is_some());
        told(&["user", "revoke", "1"]).await;
        assert_eq!(told(&["user", "tokens", "wang"]).await, "没有令牌\n");
        assert_eq!(told(&["user", "end", "2", "--last-on", "2026-03-31"]).await, "授权 2 至 2026-03-31 止\n");
        told(&["user", "end", "2"]).await;
        at(&world, &["user", "end", "2"]).await.must(1);
        assert!(!told(&["user", "show", "wang"]).await.contains("1-1-101"));
        told(&["org", "end", "1", "--last-on", "2026-01-31"]).await;
        assert!(told(&["org", "contracts"]).await.starts_with("合同 1  lvyuan  xiaohe  2026-01-01 至 2026-01-31"));
        let factor = json(&["user", "totp", "wang"]).await;
        assert_eq!(factor["recovery_codes"].as_array().unwrap().len(), 10);
        told(&["user", "totp", "wang", "--drop"]).await;
        let random = json(&["user", "password", "wang", "--random"]).await;
        assert_eq!(random["password"].as_str().unwrap().len(), 19);
        for verb in ["unlock", "disable", "enable"] {
            told(&["user", verb, "wang"]).await;
            at(&world, &["user", verb, "nobody"]).await.must(1);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_told_apart_from_what_is_refused() {
    assert!(xiaoqu(&["--help"]).await.must(0).out.contains("命令"));
    assert!(xiaoqu(&[]).await.must(2).out.is_empty());
    xiaoqu(&["fly"]).await.must(2);
    xiaoqu(&["verify"]).await.must(2);
    let folder = tempfile::tempdir().unwrap();
    let db = format!("sqlite:{}", folder.path().join("a.sqlite").display());
    xiaoqu(&["--db", &db, "deposit", "--compound", "a", "--room", "1-1-1"]).await.must(2);
    xiaoqu(&[
        "--db",
        &db,
        "deposit",
        "--compound",
        "a",
        "--room",
        "1-1-1",
        "--amount",
        "1.234",
        "--on",
        "2026-01-01",
    ])
    .await
    .must(2);
    xiaoqu(&["--db", &db, "export", "--compound", "a", "--book", "cash", "--format", "csv"])
        .await
        .must(2);
    xiaoqu(&["--db", &db, "statement", "--compound", "a", "--room", "1-1-1", "--out", "a.doc"])
        .await
        .must(2);
    xiaoqu(&["--db", "mysql://x", "verify"]).await.must(3);
    xiaoqu(&["--db", "sqlite:/nowhere/at/all.sqlite", "verify"]).await.must(3);
    xiaoqu(&["--db", &db, "migrate"]).await.must(0);
    let told =
        xiaoqu(&["--db", &db, "verify", "--compound", "nowhere", "--json"]).await.must(1).json();
    assert_eq!(told["refused"]["code"], "property.no-compound");
    assert!(
        xiaoqu(&["--db", &db, "verify", "--json"]).await.must(0).json()["ok"].as_bool().unwrap()
    );
}

/// What a person reads who mistypes: no word of the parser's own.
#[tokio::test]
async fn a_command_that_cannot_be_read_is_told_in_chinese() {
    let act = ["deposit", "--compound", "a", "--room", "1-1-1"];
    let cases: [(&[&str], &str); 11] = [
        (&["fly"], "没有命令 fly"),
        (&["deposi"], "是否指 "),
        (&["verify", "--jsn"], "没有参数 --jsn；是否指 --json"),
        (
            &["fund", "refund", "--cause", "xxx"],
            "--cause <CAUSE> 不能是“xxx”：没有“xxx”这一种；可用的是 cancelled、destroyed、undone-sale",
        ),
        (
            &["run", "interest", "--year", "2025", "--quarter", "5"],
            "--quarter <QUARTER> 不能是“5”：须为 1 至 4 的整数",
        ),
        (&["run", "interest", "--year", "soon"], "--year <YEAR> 不能是“soon”：须为范围之内的整数"),
        (&["deposit"], "缺少 --compound <CODE>、--room <CODE>"),
        (&["--line", "1", "--amount", "1"], "--line <NO> 不能与 --amount <AMOUNT> 同写"),
        (&["--line", "0"], "--line <NO> 不能是“0”：编号为正整数"),
        (&["--amount", "1", "--on", "昨天"], "--on <DAY> 不能是“昨天”：日期须写作"),
        (&["--kind", "gold"], "--kind <KIND> 没有“gold”这一种；可用的是 initial、top-up、rebuild"),
    ];
    for (args, told) in cases {
        let args =
            if args[0].starts_with("--") { [&act[..], args].concat() } else { args.to_vec() };
        let said = xiaoqu(&args).await.must(2);
        assert!(said.err.starts_with("命令有误：") && said.err.contains(told), "{}", said.err);
        for english in ["error", "Usage", "OPTIONS", "invalid", "try "] {
            assert!(!said.err.contains(english), "{english}: {}", said.err);
        }
    }
    for command in
        ["", "demo", "import", "import bank", "export", "deposit", "bank-lines", "reverse"]
    {
        let args: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = xiaoqu(&args).await.must(0).out;
        assert!(help.contains("用法：xiaoqu") && help.contains("选项"), "{help}");
        for english in
            ["Usage", "Options", "Commands", "Arguments", "Print", "default", "possible", "env:"]
        {
            assert!(!help.contains(english), "{english}: {help}");
        }
    }
}

/// A register of one dwelling, and the address of books that are not there yet.
fn small_register(folder: &Path) -> (String, String) {
    let roll = folder.join("清册.csv");
    std::fs::write(&roll, "楼号,单元,房号,产权人,建筑面积\n1,1,101,王一,80.00\n").unwrap();
    (roll.display().to_string(), format!("sqlite:{}", folder.join("a.sqlite").display()))
}

/// A small compound in a file of its own: one dwelling, one deposit.
async fn small_books(folder: &Path) -> String {
    let (roll, db) = small_register(folder);
    let register =
        ["--db", &db, "import", "register", &roll, "--compound", "xin", "--name", "新村"];
    xiaoqu(&register).await.must(0);
    let deposit = ["deposit", "--room", "1-1-101", "--amount", "8", "--on", "2026-01-04"];
    xiaoqu(&[&["--db", &db], &deposit[..], &["--compound", "xin"]].concat()).await.must(0);
    db
}

#[tokio::test]
async fn a_look_at_new_books_and_a_mistyped_path_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (roll, db) = small_register(folder.path());
    let run = async |args: &[&str]| {
        xiaoqu(&[&["--db", &db], args, &["--compound", "xin"]].concat()).await
    };
    let look = ["import", "register", &roll, "--name", "新村", "--dry-run", "--json"];
    let looked = run(&look).await.must(0).json();
    assert_eq!((&looked["accepted"], &looked["committed"]), (&Value::from(1), &Value::from(false)));
    run(&["import", "register", "/nowhere/a.csv"]).await.must(3);
    run(&["import", "deposits", &roll]).await.must(1);
    let fees = file(&folder, "收费.csv", "房屋,收费项目,计费期间,应缴金额,实缴金额\n");
    let fees = ["import", "fees", fees.to_str().unwrap(), "--dry-run"];
    for mistyped in [&["import", "list"][..], &["import", "undo", "1"], &["bank-lines"], &fees] {
        let said = run(mistyped).await;
        assert!(said.code != 0, "{mistyped:?}: {}{}", said.out, said.err);
    }
    assert!(run(&["bank-lines"]).await.must(3).err.contains("books.none"));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 2, "the two files that were handed in: {left:?}");
}

#[tokio::test]
async fn a_storage_that_fails_is_told_in_chinese_with_its_own_words_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("文.txt"), "这不是账册，是一段足够长的文字。".repeat(40)).unwrap();
    let db = small_books(folder.path()).await;
    for (db, code, told, raw) in [
        (format!("sqlite:{}", path("文.txt")), "storage.guard", "这个文件不是账册", "code: 26"),
        (format!("sqlite:{}", path("")), "storage.file", "这是目录，不是文件", "directory"),
        (
            format!("sqlite:{}", path("无/a.sqlite")),
            "storage.file",
            "文件或目录不存在",
            "os error 2",
        ),
    ] {
        let said = xiaoqu(&["--db", &db, "migrate"]).await.must(3);
        assert!(
            said.err.contains(code) && said.err.contains(told) && said.err.contains(raw),
            "{}",
            said.err
        );
    }
    assert!(xiaoqu(&["--db", &db, "verify"]).await.must(0).out.contains("账册无误"));
    let config = xiaoqu(&["serve", "--config", &path("无.toml")]).await.must(3);
    assert!(
        config.err.contains("文件或目录不存在") && !config.err.contains("服务器"),
        "{}",
        config.err
    );
}

/// Whoever edits a template reads where it is wrong, and no word of English but in brackets.
#[tokio::test]
async fn a_template_that_cannot_be_used_is_told_where_and_in_chinese() {
    let folder = tempfile::tempdir().unwrap();
    let db = small_books(folder.path()).await;
    let check = async |file: &Path| {
        let asked = ["report", "template", "check", "demand", "--file", file.to_str().unwrap()];
        xiaoqu(&[&["--db", &db], &asked[..]].concat()).await
    };
    for (path, told) in [
        (folder.path().join("无.toml"), "文件或目录不存在"),
        (folder.path().to_owned(), "这是目录，不是文件"),
    ] {
        let said = check(&path).await.must(3).err;
        let what = format!("读取模板 {}：{told}（", path.display());
        assert!(said.contains(&what) && said.contains("os error"), "{said}");
        assert!(said.contains("storage.file") && !said.contains("命令有误"), "{said}");
    }

    let shipped = reports::template::known("demand").unwrap().shipped;
    let line_of =
        |text: &str, words: &str| text.lines().position(|line| line.contains(words)).unwrap() + 1;
    let text = shipped.replacen("across = 3", "acros = 3", 1);
    let told = check(&file(&folder, "错字.toml", &text)).await.must(1).err;
    let place = format!("第 {} 行第 1 列：没有 acros 这一项（", line_of(&text, "acros = 3"));
    assert!(told.contains("report.template") && told.contains(&place), "{told}");

    // A person's number is told where it stands, however far down, and by its mask only.
    for (number, mask) in [("19900001234", "199****1234"), ("1990000 1234", "199****1234")] {
        for (words, field) in
            [("小区公告栏", "notes"), ("收款账号：", "notes"), ("经办", "signatures")]
        {
            let text = shipped.replacen(words, &format!("{words} {number} "), 1);
            assert!(text.contains(number), "{words}");
            let told = check(&file(&folder, "手机.toml", &text)).await.must(1).err;
            let place = format!("模板第 {} 行（{field}）：{mask}\n", line_of(&text, number));
            assert!(told.contains("seal.person-in-text") && told.contains(&place), "{told}");
            assert!(!told.contains(number), "{told}");
        }
    }
}

/// Names and numbers of people are in it: nobody else may look, whatever the mask of the shell.
#[cfg(unix)]
#[tokio::test]
async fn the_file_of_the_books_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let db = small_books(folder.path()).await;
    let books = ledger::books::Books::open(&db).await.unwrap();
    drop(books.read().await.unwrap());
    for name in ["a.sqlite", "a.sqlite-wal", "a.sqlite-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    books.close().await.unwrap();
}

/// A program without the privilege to write what is marked read-only: root has it, and gives it up.
#[cfg(unix)]
fn without_privilege(program: &Path) -> Command {
    let probe = tempfile::NamedTempFile::new().unwrap();
    let mut permissions = probe.as_file().metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(probe.path(), permissions).unwrap();
    if std::fs::OpenOptions::new().write(true).open(probe.path()).is_err() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-all", "--inh-caps", "-all"]).arg(program);
    command
}

#[cfg(unix)]
#[tokio::test]
async fn books_that_may_not_be_written_are_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("档案");
    std::fs::create_dir(&place).unwrap();
    let db = small_books(&place).await;
    std::fs::remove_file(place.join("清册.csv")).unwrap();
    let file = place.join("a.sqlite");
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let paper = folder.path().join("对账单.txt");
    let run = |args: &[&str]| {
        let said = without_privilege(binary()).args(["--db", &db]).args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            code: said.status.code().unwrap() as u8,
            out: text(said.stdout),
            err: text(said.stderr),
        }
    };
    let c = ["--compound", "xin"];
    for (of_file, of_place) in [(0o444, 0o555), (0o444, 0o755), (0o644, 0o555)] {
        mode(&file, of_file);
        mode(&place, of_place);
        let verdict = run(&["verify", "--json"]).must(0).json();
        assert_eq!(verdict["ok"], true, "{of_file:o} {of_place:o}");
        assert_eq!(run(&["compounds"]).must(0).out, "xin  新村\n");
        let export = [&["export", "--book", "fund", "--format", "hledger"], &c[..]].concat();
        assert!(run(&export).must(0).out.contains("fund:1001"));
        let statement = ["statement", "--room", "1-1-101", "--out", paper.to_str().unwrap()];
        run(&[&statement[..], &["--replace"], &c].concat()).must(0);
        assert!(std::fs::read_to_string(&paper).unwrap().contains("fund/2026-0001"));
        let deposit = ["deposit", "--room", "1-1-101", "--amount", "1", "--on", "2026-01-04"];
        let refused = run(&[&deposit, &c[..]].concat()).must(3);
        assert!(
            refused.err.contains("账册只能读") && refused.err.contains("code: 8"),
            "{}",
            refused.err
        );
        let mut left: Vec<_> =
            std::fs::read_dir(&place).unwrap().flatten().map(|e| e.file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.sqlite", "a.sqlite.key"], "nothing is left beside it but its key");
    }

    // A log that holds acts and cannot be read with the file is not passed over.
    mode(&place, 0o755);
    std::fs::write(place.join("a.sqlite-wal"), [7; 4096]).unwrap();
    mode(&place, 0o555);
    let refused = run(&["verify"]).must(3);
    assert!(refused.err.contains("books.log-apart"), "{}", refused.err);
    mode(&place, 0o755);
    std::fs::remove_file(place.join("a.sqlite-wal")).unwrap();

    // What an older program left cannot be brought up to date here.
    mode(&file, 0o644);
    let older = rusqlite::Connection::open(&file).unwrap();
    let last = "(SELECT max(version) FROM seaql_migrations)";
    older.execute(&format!("DELETE FROM seaql_migrations WHERE version = {last}"), []).unwrap();
    older.close().unwrap();
    mode(&file, 0o444);
    let refused = run(&["verify"]).must(3);
    assert!(refused.err.contains("books.older-database"), "{}", refused.err);
}

/// The binary, built as the tests were; what it needs is built already.
pub(crate) fn binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut build = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        build.args(["build", "--quiet", "--offline", "--package", "api", "--bin", "xiaoqu"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        // What cargo says to this package's tests would make ring's build script run anew, now and after.
        let of_tests =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars().filter(|(name, _)| of_tests(name)) {
            build.env_remove(name);
        }
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap().to_owned();
        build.arg("--target-dir").arg(profile.parent().unwrap());
        assert!(build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
        profile.join("xiaoqu")
    })
}

/// Runs the binary on books of its own, with a line on its standard input.
fn typed(db: &str, args: &[&str], line: &str) -> Said {
    let mut command = Command::new(binary());
    command
        .args(["--db", db])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may have gone before it is told.
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    let done = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = u8::try_from(done.status.code().unwrap()).unwrap();
    Said { code, out: text(done.stdout), err: text(done.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_at_the_machine_and_a_password_is_never_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let db = format!("sqlite:{}", folder.path().join("a.sqlite").display());
    xiaoqu(&["--db", &db, "user", "list"]).await.must(3);
    xiaoqu(&["--db", &db, "migrate"]).await.must(0);
    let add = ["user", "add", "admin", "--role", "administrator", "--password-stdin"];
    let said = typed(&db, &add, "admin123456\n").must(1);
    assert!(said.err.contains("people.password"), "{}", said.err);
    let said = typed(&db, &add, "plum-rain-in-june\n").must(0);
    assert_eq!(said.out, "用户 admin 已登记，授权 1，口令已设置\n");
    assert!(
        xiaoqu(&["--db", &db, "user", "add", "x", "--password", "plum-rain-in-june"])
            .await
            .must(2)
            .out
            .is_empty()
    );
    typed(&db, &["user", "password", "admin"], "plum-rain-in-July\r\n").must(0);

    let books = ledger::books::Books::open(&db).await.unwrap();
    let entrance = ledger::people::Entrance::new(books);
    let login = |password: &str| ledger::people::Login {
        user: "admin".into(),
        password: password.into(),
        code: None,
    };
    assert_eq!(
        entrance
            .log_in(login("plum-rain-in-june"), ledger::books::Origin::here())
            .await
            .unwrap_err()
            .code(),
        "people.login"
    );
    let (session, _) =
        entrance.log_in(login("plum-rain-in-July"), ledger::books::Origin::here()).await.unwrap();
    let admin = entrance.admit(&session, &ledger::books::Origin::here()).await.unwrap().unwrap();
    assert_eq!(
        admin.in_force().map(|held| held.role.name()).collect::<Vec<_>>(),
        ["administrator"]
    );
    xiaoqu(&["--db", &db, "user", "disable", "admin"]).await.must(0);
    let again = std::time::Instant::now();
    while entrance.admit(&session, &ledger::books::Origin::here()).await.unwrap().is_some() {
        assert!(again.elapsed().as_secs() < 3, "a user disabled at the machine still comes in");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// A demo under way; killed if a test leaves it behind.
struct Demo {
    child: Child,
    told: Value,
}

impl Demo {
    fn start(data: &Path) -> Demo {
        let mut demo = Command::new(binary());
        demo.args(["demo", "--json", "--port", "0", "--data"]).arg(data);
        let mut child = demo.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Demo { child, told }
    }

    fn get(&self, path: &str) -> String {
        let token = self.told["logins"][0]["token"].as_str().unwrap();
        let host = self.told["url"].as_str().unwrap().trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to end, and answers how it did.
    fn end(mut self) -> Option<i32> {
        let asked =
            Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_demo_starts_lives_ends_and_starts_again_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("试用");
    let first = Demo::start(&data);
    let told = first.told.clone();
    assert!(told["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let roles: Vec<&str> =
        told["logins"].as_array().unwrap().iter().map(|l| l["role"].as_str().unwrap()).collect();
    assert_eq!(
        roles,
        [
            "property-company",
            "property-company",
            "owners-committee",
            "street-office",
            "housing-authority",
            "auditor",
            "administrator"
        ]
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(data.join("logins.json")), 0o600);
        assert_eq!((mode(data.join("xiaoqu.sqlite")), mode(data.clone())), (0o600, 0o700));
    }
    assert!(first.get("/").contains("梧桐里小区"));
    let verdict = first.get("/api/v1/compounds/wutongli/verify");
    assert!(verdict.contains("\"ok\":true"), "{verdict}");
    let trial = "/api/v1/compounds/wutongli/books/service/trial-balance";
    let stands = |answer: String| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let before = stands(first.get(trial));
    assert_eq!(first.end(), Some(0));

    let second = Demo::start(&data);
    assert_eq!(second.told["logins"], told["logins"]);
    assert_eq!(stands(second.get(trial)), before);
    assert_eq!(second.end(), Some(0));

    // A first start that was broken off before its mark is finished by the next, and nothing is done twice.
    std::fs::remove_file(data.join("梧桐里-1.done")).unwrap();
    let third = Demo::start(&data);
    assert_eq!(stands(third.get(trial)), before);
    assert_eq!(third.end(), Some(0));
}

#[tokio::test]
async fn the_list_of_documents_needs_no_books() {
    assert!(xiaoqu(&["report", "list"]).await.must(0).out.contains("collection-detail"));
}
