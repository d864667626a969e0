//! Requests nobody should send, made by hand: each is refused with a code, the evidence and the remedy, and leaves nothing.
//! What each is told is one golden table, to be read as a person would who got it wrong.

use std::fmt::Write as _;
use std::io::Write as _;

use axum::body::Body;
use axum::http::Request;
use ledger::books::Role;
use serde_json::{Value, json};

use crate::doors::{Doors, at, bearer, traces};
use crate::on_both;
use crate::paper::golden;

/// A request, and what is wrong with it.
struct Bad {
    wrong: &'static str,
    request: Request<Body>,
}

fn post(wrong: &'static str, path: &str, kind: &str, body: impl Into<Body>) -> Bad {
    let request = Request::post(at(path))
        .header("authorization", bearer(Role::PropertyCompany))
        .header("content-type", kind);
    Bad { wrong, request: request.body(body.into()).unwrap() }
}

fn told(wrong: &'static str, path: &str, body: impl Into<String>) -> Bad {
    post(wrong, path, "application/json", body.into())
}

fn get(wrong: &'static str, path: &str) -> Bad {
    let request = Request::get(at(path)).header("authorization", bearer(Role::Auditor));
    Bad { wrong, request: request.body(Body::empty()).unwrap() }
}

fn with(wrong: &'static str, name: &str, value: &[u8], path: &str) -> Bad {
    let body = deposit(json!({}));
    let request = Request::post(at(path))
        .header("authorization", bearer(Role::PropertyCompany))
        .header("content-type", "application/json");
    Bad { wrong, request: request.header(name, value).body(Body::from(body)).unwrap() }
}

/// A deposit with some of its fields otherwise.
fn deposit(other: Value) -> String {
    let mut body = json!({ "room": "1-1-101", "amount_fen": 1, "received_on": "2026-01-04" });
    for (name, value) in other.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

/// A deposit with an amount as it is written.
fn fen(written: &str) -> String {
    format!(r#"{{"room":"1-1-101","amount_fen":{written},"received_on":"2026-01-04"}}"#)
}

fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const DEPOSITS: &str = "小区名称,楼,单元,房屋,业主姓名,摘要,交易时间,交易金额\n";

fn bad_requests() -> Vec<Bad> {
    let row = |room: &str, fen: &str| {
        format!("{DEPOSITS}小河里小区,1栋,1单元,{room},业主1121,开户,2025-03-01,{fen}\n")
    };
    let torn = futures_util::stream::iter([
        Ok(&b"{\"room\":"[..]),
        Err(std::io::Error::other("the line went dead")),
    ]);
    let form = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.csv\"\r\n\r\n1\r\n";
    let bills = |bills: Value| {
        json!({ "item": "物业费", "from_on": "2026-01-01", "to_on": "2026-01-31", "bills": bills })
            .to_string()
    };
    let payment = |other: Value| {
        let mut body = json!({ "room": "1-1-101", "amount_fen": 1, "method": "cash", "received_on": "2026-01-04" });
        other.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        body.to_string()
    };
    vec![
        // The body as a whole.
        told("什么也没写", "/deposits", ""),
        told("只有半个对象", "/deposits", r#"{"room":"1-1-101","#),
        told("两个对象", "/deposits", format!("{}{}", fen("1"), fen("1"))),
        told("是列表不是对象", "/deposits", "[]"),
        told("依次写的列表", "/deposits", r#"["1-1-101","initial",null,1,"2026-01-04",""]"#),
        told("明细是依次写的列表", "/bills", r#"{"item":"物业费","from_on":"2026-01-01","to_on":"2026-01-31","bills":[["1-1-101",1]]}"#),
        told("空值", "/deposits", "null"),
        told("嵌套一万层", "/deposits", format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
        told("字段里嵌套一万层", "/deposits", fen(&format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)))),
        told("带字节顺序标记", "/deposits", format!("\u{feff}{}", fen("1"))),
        told("单引号", "/deposits", "{'room':'1-1-101'}"),
        told("注释", "/deposits", format!("// 交存\n{}", fen("1"))),
        told("末尾多逗号", "/deposits", r#"{"room":"1-1-101","amount_fen":1,"received_on":"2026-01-04",}"#),
        post("不是 UTF-8", "/deposits", "application/json", b"{\"room\":\"\xff\xfe\",\"amount_fen\":1,\"received_on\":\"2026-01-04\"}".to_vec()),
        post("没有收全", "/deposits", "application/json", Body::from_stream(torn)),
        post("表单", "/deposits", "application/x-www-form-urlencoded", "room=1-1-101&amount_fen=1"),
        post("纯文本", "/deposits", "text/plain", fen("1")),
        post("没有类型", "/deposits", "", fen("1")),
        told("两兆", "/deposits", deposit(json!({ "receipt_no": "x".repeat(2 << 20) }))),
        // Fields that come twice, or that nobody asked for.
        told("同一字段写两次", "/deposits", r#"{"room":"1-1-101","room":"1-1-102","amount_fen":1,"received_on":"2026-01-04"}"#),
        told("明细里同一字段写两次", "/bills", r#"{"item":"物业费","from_on":"2026-01-01","to_on":"2026-01-31","bills":[{"room":"1-1-101","amount_fen":1,"amount_fen":2}]}"#),
        told("转义写法的同一字段", "/deposits", r#"{"room":"1-1-101","\u0072oom":"1-1-102","amount_fen":1,"received_on":"2026-01-04"}"#),
        told("夹带余额", "/deposits", deposit(json!({ "balance_fen": 1_000_000 }))),
        told("夹带操作编号", "/deposits", deposit(json!({ "act_no": 1 }))),
        told("夹带角色", "/payments", payment(json!({ "role": "auditor" }))),
        told("夹带凭证号", "/payments", payment(json!({ "voucher": "fund/2026-0001" }))),
        told("夹带账簿", "/deposits", deposit(json!({ "book": "service" }))),
        told("夹带小区编号", "/api/v1/compounds", json!({ "code": "xinqu", "name": "新区", "compound_id": 1 }).to_string()),
        told("产权人夹带编号", "/dwellings/1-1-101/conveyances", json!({ "on": "2026-01-05", "owners": [{ "name": "丙", "owner_no": 1 }] }).to_string()),
        // Amounts.
        told("金额是文字", "/deposits", fen("\"100\"")),
        told("金额是零", "/deposits", fen("0")),
        told("金额为负", "/deposits", fen("-1")),
        told("半分钱", "/deposits", fen("0.5")),
        told("写成小数的整数", "/deposits", fen("1.0")),
        told("科学记数", "/deposits", fen("1e2")),
        told("大到无穷", "/deposits", fen("1e400")),
        told("超出上限一分", "/deposits", fen("10000000000001")),
        told("放不进六十四位", "/deposits", fen("9223372036854775808")),
        told("非数", "/deposits", fen("NaN")),
        told("前导零", "/deposits", fen("0100")),
        told("是非", "/deposits", fen("true")),
        told("缺金额", "/deposits", r#"{"room":"1-1-101","received_on":"2026-01-04"}"#),
        told("流水与金额都写", "/deposits", deposit(json!({ "line_no": 1 }))),
        told("明细第二户为负", "/bills", bills(json!([{ "room": "1-1-101", "amount_fen": 1 }, { "room": "1-1-102", "amount_fen": -1 }]))),
        told("没有明细", "/bills", bills(json!([]))),
        told("两万零一户", "/bills", bills(Value::Array(vec![json!({ "room": "1-1-101", "amount_fen": 1 }); 20_001]))),
        // Days.
        told("二月三十日", "/deposits", deposit(json!({ "received_on": "2026-02-30" }))),
        told("平年闰日", "/deposits", deposit(json!({ "received_on": "2025-02-29" }))),
        told("月日不补零", "/deposits", deposit(json!({ "received_on": "2026-1-4" }))),
        told("带时刻的日期", "/deposits", deposit(json!({ "received_on": "2026-01-04T00:00:00Z" }))),
        told("公元元年", "/deposits", deposit(json!({ "received_on": "0001-01-01" }))),
        told("明天", "/deposits", deposit(json!({ "received_on": "2026-01-06" }))),
        told("全角日期", "/deposits", deposit(json!({ "received_on": "２０２６－０１－０４" }))),
        told("第十三月", "/closes", json!({ "book": "fund", "month": "2026-13" }).to_string()),
        told("未结束的月份", "/closes", json!({ "book": "fund", "month": "2026-01" }).to_string()),
        // Texts.
        told("房号里有空字符", "/deposits", r#"{"room":"1-1-1\u000001","amount_fen":1,"received_on":"2026-01-04"}"#),
        told("半个代理对", "/deposits", r#"{"room":"1-1-101","amount_fen":1,"received_on":"2026-01-04","receipt_no":"\ud83d"}"#),
        told("从右往左的房号", "/deposits", deposit(json!({ "room": "\u{202e}101-1-1" }))),
        told("零宽字符的房号", "/deposits", deposit(json!({ "room": "1\u{200b}-1-1\u{200d}01" }))),
        told("阿拉伯数字之外的数字", "/deposits", deposit(json!({ "room": "١-١-١٠١" }))),
        told("SQL 注入", "/deposits", deposit(json!({ "room": "1-1-101' OR '1'='1" }))),
        told("票据号换行", "/deposits", deposit(json!({ "receipt_no": "a\nb" }))),
        told("票据号四百零一字", "/deposits", deposit(json!({ "receipt_no": "票".repeat(401) }))),
        told("小区名称带控制字符", "/api/v1/compounds", json!({ "code": "xinqu", "name": "新\u{7}区" }).to_string()),
        told("小区代码大写", "/api/v1/compounds", json!({ "code": "XinQu", "name": "新区" }).to_string()),
        told("西里尔字母的小区代码", "/api/v1/compounds", json!({ "code": "хiaohe", "name": "新区" }).to_string()),
        told("没有这种方式", "/payments", payment(json!({ "method": "Cash" }))),
        told("没有这本账簿", "/closes", json!({ "book": "Fund", "month": "2025-12" }).to_string()),
        told("凭证号缺年份", "/reversals", json!({ "voucher": "fund/1", "on": "2026-01-05", "style": "red", "reason": "" }).to_string()),
        told("份额分母为零", "/dwellings/1-1-101/conveyances", json!({ "on": "2026-01-05", "owners": [{ "name": "丙", "share": { "part": 1, "of": 0 } }] }).to_string()),
        // Addresses.
        get("路径穿越", "/dwellings/..%2f..%2f..%2fetc%2fpasswd"),
        get("小区代码穿越", "/api/v1/compounds/..%2f..%2f/dwellings"),
        get("两次转义的穿越", "/dwellings/%252e%252e%252fetc"),
        get("反斜线", "/dwellings/..%5c..%5cwindows"),
        get("地址里的空字符", "/dwellings/1-1-101%00.pdf"),
        get("地址不是 UTF-8", "/dwellings/%ff%fe"),
        get("没有这本账簿", "/books/cash/trial-balance"),
        get("凭证号带加号", "/books/fund/vouchers/2026/+1"),
        get("凭证号太大", "/books/fund/vouchers/2026/99999999999"),
        get("多写的参数", "/books/fund/trial-balance?asof=2026-01-05"),
        get("同一参数写两次", "/books/fund/trial-balance?as_of=2026-01-05&as_of=2026-01-06"),
        get("没有时区的时刻", "/books/fund/trial-balance?known_at=2026-01-05T09:00:00"),
        get("别处的游标", "/books/fund/vouchers?after=00000000227869227d"),
        get("每页零行", "/books/fund/vouchers?limit=0"),
        get("每页一百万行", "/books/fund/vouchers?limit=1000000"),
        get("没有这种格式", "/books/fund/vouchers?format=exe"),
        get("起日晚于止日", "/dwellings/1-1-101/fund-statement?from=2026-01-05&as_of=2026-01-01"),
        get("没有的地址", "/dwellings/1-1-101/.git/config"),
        // Heads.
        with("幂等键为空", "idempotency-key", b"", "/deposits"),
        with("幂等键有空格", "idempotency-key", b"a b", "/deposits"),
        with("幂等键太长", "idempotency-key", &[b'x'; 121], "/deposits"),
        with("幂等键不是文字", "idempotency-key", b"\xff\xfe", "/deposits"),
        // Files.
        post("空文件", "/imports?kind=deposits", "text/csv", ""),
        post("没有这种文件", "/imports?kind=gold", "text/csv", row("102", "1.00")),
        post("没说是哪种文件", "/imports", "text/csv", row("102", "1.00")),
        post("一个程序", "/imports?kind=deposits", "application/octet-stream", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec()),
        post("半个 zip", "/imports?kind=deposits", "application/zip", zip_of(&[("a.csv", "x")])[..20].to_vec()),
        post("zip 里两个文件", "/imports?kind=deposits", "application/zip", zip_of(&[("../../etc/cron.d/a.csv", "x"), ("b.csv", "y")])),
        post("zip 里名字往上走", "/imports?kind=deposits", "application/zip", zip_of(&[("../../../etc/passwd", "root:x:0:0")])),
        post("公式充作房号", "/imports?kind=deposits", "text/csv", row("=cmd|' /C calc'!A0", "1.00")),
        post("公式充作金额", "/imports?kind=deposits", "text/csv", row("102", "=1+1")),
        post("半分钱的金额", "/imports?kind=deposits", "text/csv", row("102", "1.005")),
        post("没有边界的表单", "/imports?kind=deposits", "multipart/form-data", form),
        post("没有收尾的表单", "/imports?kind=deposits", "multipart/form-data; boundary=x", form),
        post("没有文件的表单", "/imports?kind=deposits", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n"),
        post("两个文件的表单", "/imports?kind=deposits", "multipart/form-data; boundary=x", format!("{form}{form}--x--\r\n")),
        told("撤销不存在的导入", "/imports/0/undo", ""),
        told("没有名称的新小区", "/api/v1/registers?compound=xinqu", "楼号,单元,房号,产权人,建筑面积\n1,1,101,王,80\n"),
    ]
}

on_both! {
    async fn each_is_refused_with_a_code_and_a_remedy_and_leaves_nothing(world: World) {
        let doors = Doors::of(&world);
        let before = traces(&world).await;
        let mut table = String::new();
        let all = bad_requests();
        assert!(all.len() >= 40);
        for Bad { wrong, request } in all {
            let (method, uri) = (request.method().clone(), request.uri().to_string());
            let answer = doors.send(request).await;
            let status = answer.status;
            assert!(status.is_client_error(), "{wrong}: {method} {uri}: {status} {}", answer.text());
            let problem = answer.json();
            let say = |name: &str| problem[name].as_str().unwrap_or_else(|| panic!("{wrong}: no {name} in {problem}")).to_owned();
            let (code, detail, remedy) = (say("code"), say("detail"), say("remedy"));
            assert!(!code.is_empty() && !detail.is_empty() && !remedy.is_empty(), "{problem}");
            let path = uri.trim_start_matches("/api/v1/compounds/xiaohe");
            let _ = writeln!(table, "{wrong}　{method} {path}\n  {} {code}\n  现状 {detail}\n  办法 {remedy}", status.as_u16());
        }
        assert_eq!(traces(&world).await, before);
        golden("bad-requests.txt", &table);
    }
}
