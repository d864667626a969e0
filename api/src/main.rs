//! `xiaoqu`: the doors of the house, from a terminal.

use std::io::{stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    // What this program makes (books, logs of the database, files it writes) is its user's alone.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("xiaoqu: {error}");
            return ExitCode::from(xiaoqu::cli::NO_STORAGE);
        }
    };
    let code =
        runtime.block_on(xiaoqu::cli::run(std::env::args_os(), &mut stdout(), &mut stderr()));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ExitCode::from(code)
}
