//! Names into addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use corio_blocking::{Pool, current};
use corio_net::resolve::{
    AddrInfoFlags, AddrInfoHints, Family, LookupError, LookupErrorKind, NameInfoFlags, Resolve,
    Resolving, SocketType, SystemResolver, getaddrinfo, getnameinfo,
};
use corio_net::{ToSocketAddrs, lookup_host};

use crate::util::block_on;

fn lookup(host: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    Ok(block_on(lookup_host(host))?.collect())
}

#[test]
fn what_is_written_out_needs_no_thread() {
    let pool = Pool::new();
    let installed = current::install(pool.clone());
    let home = SocketAddr::from(([127, 0, 0, 1], 80));
    let v6: SocketAddr = "[::1]:80".parse().unwrap();
    let check = |host: &dyn Fn() -> io::Result<Vec<SocketAddr>>, expected: &[SocketAddr]| {
        assert_eq!(host().unwrap(), expected);
    };
    check(&|| lookup(home), &[home]);
    check(&|| lookup(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80)), &[home]);
    check(&|| lookup((IpAddr::from([127, 0, 0, 1]), 80)), &[home]);
    check(&|| lookup(([127, 0, 0, 1], 80)), &[home]);
    check(&|| lookup("127.0.0.1:80"), &[home]);
    check(&|| lookup(String::from("127.0.0.1:80")), &[home]);
    check(&|| lookup(("127.0.0.1", 80)), &[home]);
    check(&|| lookup((String::from("127.0.0.1"), 80)), &[home]);
    check(&|| lookup("[::1]:80"), &[v6]);
    check(&|| lookup(("::1", 80)), &[v6]);
    check(&|| lookup([home, v6]), &[home, v6]);
    check(&|| lookup(vec![v6, home]), &[v6, home]);
    check(&|| lookup(&[home][..]), &[home]);
    check(&|| lookup(&[][..] as &[SocketAddr]), &[]);
    let resolved = block_on(SystemResolver.resolve("127.0.0.1", 80));
    assert_eq!(resolved.unwrap(), [home]);
    assert_eq!(pool.metrics().threads, 0);
    drop(installed);
}

#[test]
fn what_is_no_target_is_refused_with_a_remedy() {
    let table = [
        ("", "has no port: write `:80`"),
        ("example.org", "has no port: write `example.org:80`"),
        ("example.org:http", "`http` in `example.org:http` is no port"),
        ("example.org:65536", "`65536` in `example.org:65536` is no port"),
        ("example.org:", "is no port"),
        ("::1", "an IPv6 address stands in brackets"),
        ("::1:80", "an IPv6 address stands in brackets"),
    ];
    for (target, words) in table {
        let error = lookup(target).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{target}");
        assert!(error.to_string().contains(words), "{target}: {error}");
    }
}

#[test]
fn this_machine_is_known_and_looked_up_on_the_pool() {
    let pool = Pool::new();
    let installed = current::install(pool.clone());
    for addresses in [lookup("localhost:80").unwrap(), lookup(("localhost", 80)).unwrap()] {
        assert!(!addresses.is_empty());
        assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{addresses:?}");
        assert!(addresses.iter().all(|address| address.port() == 80), "{addresses:?}");
    }
    assert!(pool.metrics().threads > 0);
    drop(installed);
}

#[test]
fn a_name_that_does_not_exist_is_said_with_the_resolvers_words() {
    let error = lookup("no-such-name.invalid:80").unwrap_err();
    let inner = error.get_ref().unwrap().downcast_ref::<LookupError>().unwrap();
    assert_eq!((inner.name(), inner.kind()), ("no-such-name.invalid", LookupErrorKind::Resolver));
    let text = error.to_string();
    let words = text.strip_prefix("lookup of `no-such-name.invalid` failed: ").expect(&text);
    assert!(words.len() > 5 && !words.contains("failed to lookup"), "{text}");
}

#[test]
fn a_name_with_a_nul_byte_is_refused() {
    let error = lookup(("ab\0c", 80)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "lookup of `ab\\0c` failed: a name has no NUL byte, and this one has one at 2"
    );
}

#[test]
fn a_pool_that_is_full_says_so() {
    let pool = corio_blocking::Config::new().threads_max(1).queue_max(1).build();
    let installed = current::install(pool.clone());
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let busy = pool.spawn(move || wait.recv_timeout(Duration::from_secs(10)).is_ok());
    while pool.running().is_empty() {
        std::thread::yield_now();
    }
    // The job that runs has given its place in the queue back.
    block_on(pool.ready());
    let queued = pool.spawn(|| ());
    let error = lookup("localhost:80").unwrap_err();
    let inner = error.get_ref().unwrap().downcast_ref::<LookupError>().unwrap();
    assert_eq!(inner.kind(), LookupErrorKind::Pool, "{error}");
    release.send(()).unwrap();
    assert!(block_on(busy).unwrap());
    block_on(queued).unwrap();
    drop(installed);
}

/// Finds what it is made of.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) Vec<SocketAddr>);

impl Resolve for Found {
    fn resolve(&self, _: &str, port: u16) -> Resolving {
        let with_port = |mut address: SocketAddr| {
            if address.port() == 0 {
                address.set_port(port);
            }
            address
        };
        let found = self.0.iter().copied().map(with_port).collect();
        Box::pin(async { Ok(found) })
    }
}

/// Fails with these words.
#[derive(Debug)]
pub(crate) struct Failing(pub(crate) io::ErrorKind);

impl Resolve for Failing {
    fn resolve(&self, host: &str, _: u16) -> Resolving {
        let error = io::Error::new(self.0, format!("{host}? never heard of it"));
        Box::pin(async { Err(error) })
    }
}

#[test]
fn test_getaddrinfo() {
    block_on(async {
        let here = Some("127.0.0.1");
        let numeric = AddrInfoFlags::NUMERICHOST | AddrInfoFlags::NUMERICSERV;
        let all = AddrInfoHints { flags: numeric, ..AddrInfoHints::default() };
        let found = getaddrinfo(here, Some("80"), all).await.unwrap();
        let types: Vec<_> = found.iter().filter_map(|info| info.socket_type).collect();
        assert!(types.contains(&SocketType::Stream) && types.contains(&SocketType::Datagram));

        let udp = AddrInfoHints { socket_type: Some(SocketType::Datagram), ..all };
        let found = getaddrinfo(here, Some("80"), udp).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address, SocketAddr::from(([127, 0, 0, 1], 80)));
        assert_eq!(found[0].protocol, 17);

        // To listen at: no host.
        let passive = AddrInfoHints {
            family: Some(Family::V4),
            socket_type: Some(SocketType::Stream),
            flags: AddrInfoFlags::PASSIVE,
            ..AddrInfoHints::default()
        };
        let found = getaddrinfo(None, Some("7"), passive).await.unwrap();
        assert_eq!(found[0].address, SocketAddr::from(([0, 0, 0, 0], 7)));

        let named = AddrInfoHints { flags: AddrInfoFlags::CANONNAME, ..passive };
        let found = getaddrinfo(Some("localhost"), None, named).await.unwrap();
        assert!(found[0].canonical_name.is_some());
    });
}

#[test]
fn what_getaddrinfo_is_refused() {
    block_on(async {
        let numeric =
            AddrInfoHints { flags: AddrInfoFlags::NUMERICHOST, ..AddrInfoHints::default() };
        let error = getaddrinfo(Some("localhost"), Some("80"), numeric).await.unwrap_err();
        assert_eq!((error.name(), error.kind()), ("localhost:80", LookupErrorKind::Resolver));
        let error = getaddrinfo(None, None, numeric).await.unwrap_err();
        assert!(error.to_string().contains("give one at least"), "{error}");
        let error = getaddrinfo(Some("a\0b"), None, numeric).await.unwrap_err();
        assert_eq!(error.kind(), LookupErrorKind::InvalidName);
        assert_eq!(format!("{:?}", AddrInfoFlags::PASSIVE | AddrInfoFlags::ALL), "{PASSIVE, ALL}");
    });
}

#[test]
fn test_getnameinfo() {
    block_on(async {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let numbers = NameInfoFlags::NUMERICHOST | NameInfoFlags::NUMERICSERV;
        let found = getnameinfo(address, numbers).await.unwrap();
        assert_eq!(found, ("127.0.0.1".to_owned(), "80".to_owned()));
        let v6 = "[::1]:7".parse().unwrap();
        assert_eq!(getnameinfo(v6, numbers).await.unwrap().0, "::1");
        // An address of nobody's, for documentation.
        let nobody = SocketAddr::from(([192, 0, 2, 1], 1));
        let required = NameInfoFlags::NAMEREQD | NameInfoFlags::NUMERICHOST;
        assert!(getnameinfo(nobody, required).await.is_err());
    });
}
