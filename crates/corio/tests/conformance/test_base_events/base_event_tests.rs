//! Addresses that are written out.

use std::net::{Ipv4Addr, SocketAddr};

use corio::net::lookup_host;
use corio::net::resolve::{Resolve, Resolving};
use corio::net::{Connect, ToSocketAddrs};

/// Nobody asks it.
#[derive(Debug)]
struct Unasked;

impl Resolve for Unasked {
    fn resolve(&self, host: &str, _: u16) -> Resolving {
        panic!("{host} was looked up")
    }
}

async fn all(target: impl ToSocketAddrs) -> Vec<String> {
    lookup_host(target).await.unwrap().map(|address| address.to_string()).collect()
}

/// An address is not looked up, of whichever family and in whichever form.
#[corio::test]
async fn test_ipaddr_info() {
    assert_eq!(all("1.2.3.4:1").await, ["1.2.3.4:1"]);
    assert_eq!(all(("1.2.3.4", 1)).await, ["1.2.3.4:1"]);
    assert_eq!(all("[::3]:1").await, ["[::3]:1"]);
    assert_eq!(all(("::3", 1)).await, ["[::3]:1"]);
    assert_eq!(all("[::3%1]:1").await, ["[::3%1]:1"]);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Connect::to(nobody.to_string()).resolver(Unasked).await.unwrap_err();
    assert!(error.lookup().is_none(), "{error}");
    assert!(lookup_host("1.2.3.4").await.is_err(), "there is no port");
}

/// A port is a number, written out or not.
#[corio::test]
async fn test_port_parameter_types() {
    let expected = SocketAddr::from((Ipv4Addr::new(1, 2, 3, 4), 80)).to_string();
    let expected = [expected];
    assert_eq!(all("1.2.3.4:80").await, expected);
    assert_eq!(all(("1.2.3.4", 80)).await, expected);
    assert_eq!(all((Ipv4Addr::new(1, 2, 3, 4), 80)).await, expected);
    for port in ["http", "", "65536", "-1"] {
        let error = lookup_host(format!("1.2.3.4:{port}")).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("is no port"), "{error}");
    }
}
