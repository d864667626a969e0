//! Row 29: everything schemathesis can think of at the doors, in every role, over a scratch database.
//!
//! `tests/schemathesis/drive.py` does the asking and brings the control: against a document that lies about one answer the
//! checks must fail. What a machine does not think of is `tests/it/bad_requests.rs`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;

use crate::stage::Stage;
use crate::{Fail, Sheet};

/// How long all roles together may take.
const LONG: Duration = Duration::from_secs(1_800);

/// This program as `xiaoqu`.
pub(crate) fn house(args: impl Iterator<Item = String>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let args = std::iter::once("xiaoqu".to_owned()).chain(args).map(Into::into);
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let code = runtime.expect("a runtime").block_on(xiaoqu::cli::run(args, &mut out, &mut err));
    ExitCode::from(code)
}

pub(crate) async fn malformed(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let python = top.join("target/schemathesis/venv/bin/python");
    if !python.exists() {
        return Err("schemathesis is lacking: ./tests/run schemathesis installs it".into());
    }
    let scratch = stage.dir.join("schemathesis");
    std::fs::create_dir(&scratch)?;
    let house = format!("{} mode=house", std::env::current_exe()?.display());
    let asking = Command::new(python)
        .arg(top.join("tests/schemathesis/drive.py"))
        .arg(house)
        .arg(&scratch)
        .arg(stage.rounds.to_string())
        .kill_on_drop(true)
        .output();
    let asked = tokio::time::timeout(LONG, asking).await??;
    let told = String::from_utf8_lossy(&asked.stdout);
    for line in told.lines().filter(|line| line.contains(" requests ")) {
        sheet.says(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    sheet.must(asked.status.success(), format!("{told}{}", String::from_utf8_lossy(&asked.stderr)));
    Ok(())
}
