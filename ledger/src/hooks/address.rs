//! Where an event may be sent: a stranger's address must not become a way into our own network.
//!
//! Owns: [`Openness`], [`may_connect`], the rules of an address. Stands on: RFC 6890 and the IANA registries of
//! special-purpose addresses; OWASP API7:2023 (server-side request forgery). Always: the name is resolved when it is
//! connected to, and the address that is connected to is the one that was judged.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;
use url::{Host, Url};

use super::{PRIVATE, URL};
use crate::error::Refusal;

/// What the house's configuration allows beyond `https` to public addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Openness {
    /// `http` as well: for receivers on the same machine or network.
    pub http: bool,
    /// Private, loopback and other special addresses as well.
    pub private: bool,
}

/// Networks that are not the public internet.
const SPECIAL: [&str; 32] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3ffe::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

static NETWORKS: LazyLock<Vec<IpNet>> =
    LazyLock::new(|| SPECIAL.iter().filter_map(|network| network.parse().ok()).collect());

/// Whether an address may be connected to. An IPv4 address inside an IPv6 one (mapped, or through NAT64) is judged as
/// the IPv4 address it leads to.
#[must_use]
pub fn may_connect(address: IpAddr, allows: Openness) -> bool {
    let address = match address {
        IpAddr::V6(v6) => inner(v6).unwrap_or(address),
        v4 => v4,
    };
    allows.private || !NETWORKS.iter().any(|network| network.contains(&address))
}

fn inner(address: Ipv6Addr) -> Option<IpAddr> {
    if let Some(v4) = address.to_ipv4_mapped() {
        return Some(v4.into());
    }
    let bytes = address.octets();
    // 64:ff9b::/96, RFC 6052.
    let is_nat64 = bytes[..12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    is_nat64.then(|| IpAddr::from([bytes[12], bytes[13], bytes[14], bytes[15]]))
}

/// An address as somebody gave it, in its one way of writing; whether it may be subscribed to.
///
/// # Errors
/// `hooks.url`, `hooks.private`.
pub(super) fn parsed(text: &str, allows: Openness) -> Result<Url, Refusal> {
    let shown: String = text.chars().take(120).collect();
    let unfit = |why: &str| URL.refuse(format!("{shown:?}：{why}"));
    if text.len() > 500 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(unfit("长于 500 个字节，或含有空白"));
    }
    let url = Url::parse(text).map_err(|_| unfit("不是网址"))?;
    match url.scheme() {
        "https" => {}
        "http" if allows.http => {}
        "http" => return Err(unfit("配置未允许 http")),
        _ => return Err(unfit("不是 https")),
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(unfit("不得含有用户名、密码或 # 片段"));
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
        Some(Host::Domain(_)) => None,
        None => return Err(unfit("没有主机名")),
    };
    if let Some(address) = address
        && !may_connect(address, allows)
    {
        return Err(PRIVATE.refuse(format!("{address}")));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Openness = Openness { http: false, private: false };

    #[test]
    fn every_special_network_is_read_and_none_of_it_is_connected_to() {
        assert_eq!(NETWORKS.len(), SPECIAL.len());
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2002:a00:1::",
            "::7f00:1",
            "2001:0:1::1",
        ] {
            assert!(!may_connect(address.parse().unwrap(), STRICT), "{address}");
            let open = Openness { private: true, ..STRICT };
            assert!(may_connect(address.parse().unwrap(), open), "{address}");
        }
        for address in ["1.1.1.1", "223.5.5.5", "2400:3200::1", "64:ff9b::101:101", "172.32.0.1"] {
            assert!(may_connect(address.parse().unwrap(), STRICT), "{address}");
        }
    }

    #[test]
    fn an_address_is_https_public_and_names_nobody() {
        let code = |text: &str, allows| parsed(text, allows).map_or_else(|e| e.code(), |_| "fit");
        for text in ["https://hooks.example.cn/a?b=c", "https://1.1.1.1:8443/", "https://例子.cn/x"]
        {
            assert_eq!(code(text, STRICT), "fit", "{text}");
        }
        for text in [
            "http://hooks.example.cn/",
            "ftp://a.cn/",
            "a.cn/x",
            "",
            "https://",
            "https://u:p@a.cn/",
            "https://u@a.cn/",
            "https://a.cn/#x",
            "https://a.cn/ x",
            "https://a.cn/\r\nX: y",
            "file:///etc/passwd",
            "gopher://a.cn/",
            &format!("https://a.cn/{}", "x".repeat(500)),
        ] {
            assert_eq!(code(text, STRICT), "hooks.url", "{text}");
        }
        for text in [
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://017700000001/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
        ] {
            assert_eq!(code(text, STRICT), "hooks.private", "{text}");
        }
        let open = Openness { http: true, private: true };
        assert_eq!(code("http://127.0.0.1:9/x", open), "fit");
    }
}
