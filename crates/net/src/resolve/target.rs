//! What can be looked up, and connected to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What has a socket address, or several, or a name that can be looked up.
///
/// As std's trait of this name, but it does no lookup by itself, and so never blocks:
///
/// | | |
/// |---|---|
/// | `SocketAddr`, `SocketAddrV4`, `SocketAddrV6` | one address |
/// | `(ip, port)`: `IpAddr`, `Ipv4Addr`, `Ipv6Addr`, `[u8; 4]`, `[u8; 16]`, `[u16; 8]` | one address |
/// | `(host, port)`: `&str`, `String` | a name, or an address as text |
/// | `"host:port"`: `str`, `String` | a name, or an address as text |
/// | `[SocketAddr]`, `[SocketAddr; N]`, `Vec<SocketAddr>` | these addresses, in this order |
/// | a reference to any of them | the same |
///
/// It is sealed: what else there is can be made into one of these.
#[diagnostic::on_unimplemented(
    message = "this is no address, or none with a port: `{Self}`",
    label = "no address with a port",
    note = "an address is `\"host:port\"`, `(host, port)` with a `u16`, a `SocketAddr`, or a list of these"
)]
pub trait ToSocketAddrs: sealed::Sealed {
    /// Takes it apart.
    ///
    /// # Errors
    /// `InvalidInput` for text that is no `host:port`.
    #[doc(hidden)]
    fn to_target(&self) -> io::Result<Target>;
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// That of `address`.
    pub fn of(address: SocketAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// One address, some, or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    One(SocketAddr),
    Many(Vec<SocketAddr>),
    Name { host: String, port: u16 },
}

mod sealed {
    pub trait Sealed {}
}

impl<T: ToSocketAddrs + ?Sized> sealed::Sealed for &T {}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_target(&self) -> io::Result<Target> {
        (**self).to_target()
    }
}

/// Whatever becomes an address by itself.
macro_rules! addresses {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}

        impl ToSocketAddrs for $type {
            #[inline]
            fn to_target(&self) -> io::Result<Target> {
                Ok(Target::One(SocketAddr::from(*self)))
            }
        }
    )*};
}

addresses!(SocketAddr, SocketAddrV4, SocketAddrV6);
addresses!((IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));
addresses!(([u8; 4], u16), ([u8; 16], u16), ([u16; 8], u16));

/// Several addresses.
macro_rules! lists {
    ($($type:ty $(, $n:ident)?;)*) => {$(
        impl$(<const $n: usize>)? sealed::Sealed for $type {}

        impl$(<const $n: usize>)? ToSocketAddrs for $type {
            fn to_target(&self) -> io::Result<Target> {
                Ok(match self[..] {
                    [address] => Target::One(address),
                    ref addresses => Target::Many(addresses.to_vec()),
                })
            }
        }
    )*};
}

lists! {
    [SocketAddr];
    [SocketAddr; N], N;
    Vec<SocketAddr>;
}

/// A name and a port.
macro_rules! names {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}

        impl ToSocketAddrs for $type {
            fn to_target(&self) -> io::Result<Target> {
                Ok(of_host(&self.0, self.1))
            }
        }
    )*};
}

names!((&str, u16), (String, u16), (&String, u16));

impl sealed::Sealed for str {}

impl ToSocketAddrs for str {
    fn to_target(&self) -> io::Result<Target> {
        if let Ok(address) = self.parse() {
            return Ok(Target::One(address));
        }
        let Some((host, port)) = self.rsplit_once(':') else {
            return Err(invalid(format!("`{self}` has no port: write `{self}:80`, say")));
        };
        if host.contains(':') {
            return Err(invalid(format!(
                "`{self}` is no address and no name with a port: an IPv6 address stands in brackets, as \
                 in `[::1]:80`"
            )));
        }
        let Ok(port) = port.parse() else {
            return Err(invalid(format!(
                "`{port}` in `{self}` is no port: ports are the numbers from 0 to 65535"
            )));
        };
        Ok(of_host(host, port))
    }
}

impl sealed::Sealed for String {}

impl ToSocketAddrs for String {
    fn to_target(&self) -> io::Result<Target> {
        self.as_str().to_target()
    }
}

fn of_host(host: &str, port: u16) -> Target {
    match host.parse::<IpAddr>() {
        Ok(ip) => Target::One(SocketAddr::new(ip, port)),
        Err(_) => Target::Name { host: host.to_owned(), port },
    }
}

#[cold]
fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
