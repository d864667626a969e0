//! Keeping the door open: listen, serve, and close cleanly when asked to.

use std::net::SocketAddr;
use std::time::Duration;

use ledger::books::Books;
use ledger::error::{Error, Result, Storage};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LISTEN};

/// How long requests under way may take when the program is asked to end.
const GRACE: Duration = Duration::from_secs(10);

/// Opens a listener.
///
/// # Errors
/// `config.listen`.
pub async fn listen(at: SocketAddr) -> Result<TcpListener> {
    let taken = |e: std::io::Error| LISTEN.refuse(format!("{at}：{e}"));
    Ok(TcpListener::bind(at).await.map_err(taken)?)
}

fn lost(what: String, source: std::io::Error) -> Error {
    Error::Storage(Storage::File { what, source })
}

/// Serves until ctrl-C or SIGTERM; what is under way is finished first, acts in any case.
///
/// # Errors
/// Storage.
pub async fn until_told(listener: TcpListener, books: Books, config: Config) -> Result<()> {
    let app = crate::app(books.clone(), config).into_make_service_with_connect_info::<SocketAddr>();
    let (told, hears) = tokio::sync::watch::channel(false);
    let mut leaves = hears.clone();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = leaves.wait_for(|told| *told).await;
    });
    let overdue = async {
        asked_to_end().await;
        tracing::info!("closing");
        let _ = told.send(true);
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving => served.map_err(|source| lost("服务".to_owned(), source))?,
        () = overdue => tracing::warn!("requests under way were cut off"),
    }
    books.close().await
}

async fn asked_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Sends the log to standard error. Once per process; a second call changes nothing.
pub fn log(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = log.try_init();
}
