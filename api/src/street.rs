//! The street before the door: connections, so many and no more, each of which must say its errand in time.
//!
//! Always: a connection beyond the bound (or beyond the system's descriptors) waits in the system's own queue and costs us nothing; one that dribbles its header
//! (slowloris), or says nothing, is closed after [`Terms::header_time`]; a header is at most 64 KiB. Bodies
//! and answers have the time of their route (`door::frame`). When told to end, nobody new is let in and every connection
//! ends with the answer it is waiting for. When the system has no more connections to give, that is said when it begins, once
//! a minute while it lasts, and when it is over.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::{Service, ServiceExt, service_fn};

use crate::config::Config;

/// Bytes of a request's header, the line with the address included.
const HEADER_MOST: usize = 64 << 10;
/// How long to wait when the system cannot give another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Descriptors that no caller gets: both pools of the books (SQLite holds three a connection), the log, the listener. Else a
/// crowd takes the last one, and who is in already finds that the books cannot be reached.
const KEPT_BACK: usize = 40;

/// How often it is said that there are none.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// That no connection can be taken, and when that was said.
#[derive(Debug, Default)]
struct Want {
    said_at: Option<Instant>,
    is_told: bool,
    failed: u64,
}

impl Want {
    /// It failed: how often since it was last said, if it is to be said now.
    fn failed(&mut self, now: Instant) -> Option<u64> {
        self.failed += 1;
        if self.said_at.is_some_and(|at| now - at < SAID_EVERY) {
            return None;
        }
        (self.said_at, self.is_told) = (Some(now), true);
        Some(std::mem::take(&mut self.failed))
    }

    /// It went well: whether to say so. Should it go to and fro, it is said once a minute all the same.
    fn is_over(&mut self) -> bool {
        std::mem::take(&mut self.is_told)
    }
}

/// How many are let in, and how long they may take to say what they want.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Connections at once.
    pub connections: usize,
    /// From the connection, or the answer before, to the last byte of a header.
    pub header_time: Duration,
}

impl Terms {
    /// Those of the settings; no more connections than the system gives descriptors for, after what the books need.
    #[must_use]
    pub fn of(config: &Config) -> Terms {
        let given = descriptors().map_or(usize::MAX, |most| most.saturating_sub(KEPT_BACK).max(1));
        Terms { connections: config.connections.min(given), header_time: config.header_time }
    }
}

/// How many descriptors this process may have; none if the system does not say.
fn descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Serves until told that the program is leaving, then ends every connection with the answer it is waiting for.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    terms: Terms,
    mut leaves: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(terms.connections.max(1)));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(terms.header_time).max_buf_size(HEADER_MOST);
    let mut want = Want::default();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = leaves.wait_for(|told| *told) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if let Some(times) = want.failed(Instant::now()) {
                    tracing::warn!(%error, times, "no connection can be taken");
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if want.is_over() {
            tracing::info!("connections are taken again");
        }
        // Answers are written whole: to wait for more to send with them only makes them late.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(at(app.clone(), peer));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that broke off is the other side's business; what it asked for has its own line in the log.
            let _ = watched.await;
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The house, as one peer sees it.
fn at(
    app: Router,
    peer: SocketAddr,
) -> impl Service<
    Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future = impl Future<Output = Result<Response, Infallible>> + Send,
> + Clone {
    service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_said_once_a_minute_and_its_end_once() {
        let (mut want, start) = (Want::default(), Instant::now());
        let at = |tenths| start + PAUSE * tenths;
        assert!(!want.is_over());
        let said: Vec<(u32, u64)> =
            (0..1_500).filter_map(|n| Some((n, want.failed(at(n))?))).collect();
        assert_eq!(said, [(0, 1), (600, 600), (1_200, 600)]);
        assert!(want.is_over() && !want.is_over());
        // To and fro.
        let mut said = 0;
        for n in 1_500..1_800 {
            said += u32::from(want.failed(at(n)).is_some()) + u32::from(want.is_over());
        }
        assert_eq!(said, 0);
    }
}
