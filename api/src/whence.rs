//! Where a request comes from: the peer's address, or what a proxy of ours says of it.
//!
//! Always: `X-Forwarded-For` is believed only as far as `trusted_proxies` wrote it: from the right, past our own proxies, to
//! the first address that is none of them. Whatever stands left of that a client may have made up.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The client's address, if it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whence(pub Option<IpAddr>);

/// Finds the client's address.
#[must_use]
pub fn whence(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Whence {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let is_ours = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !peer.is_some_and(|peer| is_ours(&peer)) {
        return Whence(peer);
    }
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let mut nearest = peer;
    for word in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // What cannot be read was not written by a proxy of ours: the last one that was stands.
        let Some(address) = address(word.trim()) else { break };
        nearest = Some(address);
        if !is_ours(&address) {
            break;
        }
    }
    Whence(nearest)
}

/// `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1`, `[2001:db8::1]:5`.
fn address(word: &str) -> Option<IpAddr> {
    let plain = word.parse::<IpAddr>().ok();
    let with_port = || word.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let in_brackets = || word.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    plain.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn from(peer: &str, lines: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 5)));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        let trusted = ["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        whence(&extensions, &headers, &trusted).0.unwrap().to_string()
    }

    #[test]
    fn only_our_own_proxies_are_believed_and_only_what_they_wrote() {
        assert_eq!(from("203.0.113.9", &["1.1.1.1"]), "203.0.113.9");
        assert_eq!(from("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(from("127.0.0.1", &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(from("127.0.0.1", &["6.6.6.6", "203.0.113.9, 10.0.0.4"]), "203.0.113.9");
        assert_eq!(from("127.0.0.1", &["<script>, 10.0.0.4"]), "10.0.0.4");
        assert_eq!(from("127.0.0.1", &["10.0.0.3, 10.0.0.4"]), "10.0.0.3");
        assert_eq!(from("::ffff:127.0.0.1", &["[2001:db8::7]:99"]), "2001:db8::7");
        assert_eq!(from("127.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
    }
}
