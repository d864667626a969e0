//! Keeping the door open: listen, serve, and close cleanly when asked to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use ledger::books::Books;
use ledger::district;
use ledger::error::Result;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{Config, LISTEN};
use crate::door::Door;
use crate::hooks::courier::Courier;
use crate::{metrics, street};

/// Opens a listener.
///
/// # Errors
/// `config.listen`.
pub async fn listen(at: SocketAddr) -> Result<TcpListener> {
    let taken = |e: std::io::Error| LISTEN.refuse(format!("{at}：{e}"));
    Ok(TcpListener::bind(at).await.map_err(taken)?)
}

/// Serves until ctrl-C or SIGTERM: then nobody new is let in, what is under way is finished within `grace_seconds` (acts in
/// any case), events on the wire are noted, and the connections are closed.
///
/// # Errors
/// `config.listen`, `config.shape`; storage.
pub async fn until_told(listener: TcpListener, books: Books, config: Config) -> Result<()> {
    let door = Door::new(books.clone(), config);
    let grace = door.config.grace;
    let (told, hears) = watch::channel(false);
    let mut beside = JoinSet::new();
    if let Some(at) = door.config.metrics_listen {
        let listener = listen(at).await?;
        let apart = axum::Router::new().route("/metrics", get(metrics::apart));
        let mut leaves = hears.clone();
        let serving = axum::serve(listener, apart.with_state(door.clone()));
        let serving = serving.with_graceful_shutdown(async move {
            let _ = leaves.wait_for(|told| *told).await;
        });
        beside.spawn(async move { drop(serving.await) });
    }
    if door.config.hooks.is_on {
        let (outgoing, metrics) = (&door.config.hooks, Arc::clone(&door.metrics));
        let courier = Courier::new(books.clone(), outgoing, metrics, hears.clone())?;
        beside.spawn(courier.run());
    }
    beside.spawn(keep_keys(books.clone(), hears.clone()));
    beside.spawn(keep_figures(books.clone(), hears.clone()));
    let terms = street::Terms::of(&door.config);
    let serving = street::serve(listener, crate::routes::router(door), terms, hears);
    let overdue = async {
        asked_to_end().await;
        tracing::info!("closing");
        let _ = told.send(true);
        tokio::time::sleep(grace).await;
    };
    let together = async {
        serving.await;
        while beside.join_next().await.is_some() {}
    };
    tokio::select! {
        () = together => {}
        () = overdue => tracing::warn!("requests under way were cut off"),
    }
    books.close().await
}

/// How often the district's figures are kept: what moved on since is reckoned by whoever looks.
const KEEP_FIGURES: Duration = Duration::from_secs(15 * 60);

/// Keeps the figures that a district's view would have to reckon from every dwelling, until told to end.
async fn keep_figures(books: Books, mut leaves: watch::Receiver<bool>) {
    loop {
        match district::keep_up(&books).await {
            Ok(0) => {}
            Ok(kept) => tracing::info!(kept, "figures of compounds kept"),
            // They are reckoned at each look until the next turn.
            Err(error) => tracing::warn!(?error, "the figures of compounds could not be kept"),
        }
        tokio::select! {
            () = tokio::time::sleep(KEEP_FIGURES) => {}
            _ = leaves.wait_for(|told| *told) => return,
        }
    }
}

/// How often the list of keys is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Takes up the keys that a rotation elsewhere brings, until told to end.
async fn keep_keys(books: Books, mut leaves: watch::Receiver<bool>) {
    let mut is_blind = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = leaves.wait_for(|told| *told) => return,
        }
        let looked = books.look_at_keys().await;
        if let Err(error) = &looked
            && !is_blind
        {
            tracing::warn!(?error, "the list of keys could not be looked at");
        }
        is_blind = looked.is_err();
    }
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
