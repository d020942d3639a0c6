//! [`getaddrinfo`] and [`getnameinfo`]: the system's own questions, with all that can be chosen.
//!
//! [`lookup_host`](super::lookup_host) is what programs want nearly always; these are for those who need a
//! service by name, the canonical name, or a flag. Both run on the blocking pool, as every lookup.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::{BitOr, BitOrAssign};

use corio_trace::action::Deed;

use super::Family;
use super::error::LookupError;
use super::job;
use crate::deeds::{AddrInfoDeed, NameInfoDeed};

/// What kind of socket an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketType {
    /// `SOCK_STREAM`: TCP.
    Stream,
    /// `SOCK_DGRAM`: UDP.
    Datagram,
    /// `SOCK_RAW`.
    Raw,
}

/// One of a pair of numbers that both sides know.
const TYPES: [(SocketType, i32); 3] = [
    (SocketType::Stream, libc::SOCK_STREAM),
    (SocketType::Datagram, libc::SOCK_DGRAM),
    (SocketType::Raw, libc::SOCK_RAW),
];

/// A set of the system's flags, with names.
macro_rules! flags {
    ($(#[$doc:meta])* $name:ident { $($(#[$flag_doc:meta])* $flag:ident = $value:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub struct $name(i32);

        impl $name {
            $($(#[$flag_doc])* pub const $flag: $name = $name($value);)*

            /// None.
            pub const NONE: $name = $name(0);

            /// Whether all of `other` are set.
            pub fn contains(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }
        }

        impl BitOr for $name {
            type Output = $name;

            fn bitor(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }
        }

        impl BitOrAssign for $name {
            fn bitor_assign(&mut self, other: $name) {
                self.0 |= other.0;
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut set = f.debug_set();
                $(if self.contains($name::$flag) {
                    set.entry(&format_args!(stringify!($flag)));
                })*
                set.finish()
            }
        }
    };
}

flags! {
    /// How [`getaddrinfo`] is to look: the system's `AI_…`.
    AddrInfoFlags {
        /// The addresses are to listen at: without a host they are the unspecified ones.
        PASSIVE = libc::AI_PASSIVE;
        /// Asks for the canonical name, too.
        CANONNAME = libc::AI_CANONNAME;
        /// The host is an address: nobody is asked.
        NUMERICHOST = libc::AI_NUMERICHOST;
        /// The service is a number: nobody is asked.
        NUMERICSERV = libc::AI_NUMERICSERV;
        /// IPv6 addresses that stand for IPv4 ones, where there are no others.
        V4MAPPED = libc::AI_V4MAPPED;
        /// With [`AddrInfoFlags::V4MAPPED`]: those, too, where there are others.
        ALL = libc::AI_ALL;
        /// Only families of which this machine has an address itself.
        ADDRCONFIG = libc::AI_ADDRCONFIG;
    }
}

flags! {
    /// How [`getnameinfo`] is to look: the system's `NI_…`.
    NameInfoFlags {
        /// It is an error if there is no name; otherwise the address is given as text.
        NAMEREQD = libc::NI_NAMEREQD;
        /// The address as text: nobody is asked.
        NUMERICHOST = libc::NI_NUMERICHOST;
        /// The port as a number.
        NUMERICSERV = libc::NI_NUMERICSERV;
        /// Of the local network only the host's own part of the name.
        NOFQDN = libc::NI_NOFQDN;
        /// The service is one of UDP.
        DGRAM = libc::NI_DGRAM;
    }
}

/// What [`getaddrinfo`] is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddrInfoHints {
    /// Only this family; `None`: all.
    pub family: Option<Family>,
    /// Only for such sockets; `None`: all, so that an address comes once for each.
    pub socket_type: Option<SocketType>,
    /// Only this protocol of the internet, by number; 0: all.
    pub protocol: i32,
    /// How to look.
    pub flags: AddrInfoFlags,
}

/// One answer of [`getaddrinfo`]: what to make a socket with, and where to connect it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddrInfo {
    /// The address, with the service's port.
    pub address: SocketAddr,
    /// What kind of socket it is for; `None`: another kind than those with a name here.
    pub socket_type: Option<SocketType>,
    /// The protocol, by number.
    pub protocol: i32,
    /// The first answer has it, if [`AddrInfoFlags::CANONNAME`] asked for it.
    pub canonical_name: Option<String>,
}

/// Asks the system for addresses of `host` and `service`, of which one may be `None`: asyncio's
/// `loop.getaddrinfo`. A service is a name (`"http"`) or a port.
///
/// ```
/// use corio_net::resolve::{AddrInfoFlags, AddrInfoHints, SocketType, getaddrinfo};
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let hints = AddrInfoHints {
///     socket_type: Some(SocketType::Stream),
///     flags: AddrInfoFlags::NUMERICHOST | AddrInfoFlags::NUMERICSERV,
///     ..AddrInfoHints::default()
/// };
/// let found = getaddrinfo(Some("127.0.0.1"), Some("80"), hints).await?;
/// assert_eq!(found[0].address, "127.0.0.1:80".parse().unwrap());
/// assert_eq!(found[0].socket_type, Some(SocketType::Stream));
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
/// What the resolver says, and what else [`LookupErrorKind`](super::LookupErrorKind) has.
///
/// # Cancel safety
/// Dropped, the lookup is abandoned.
#[track_caller]
pub fn getaddrinfo(
    host: Option<&str>,
    service: Option<&str>,
    hints: AddrInfoHints,
) -> impl Future<Output = Result<Vec<AddrInfo>, LookupError>> {
    AddrInfoDeed::doing(async move {
        let name = match (host, service) {
            (Some(host), None) => host.to_owned(),
            (None, None) => return Err(LookupError::nothing()),
            (host, Some(service)) => format!("{}:{service}", host.unwrap_or("*")),
        };
        if let Some(at) = name.find('\0') {
            return Err(LookupError::has_nul(&name, at));
        }
        let (host, service) = (host.map(str::to_owned), service.map(str::to_owned));
        let asked = job::ask(&name, move || {
            let found = dns_lookup::getaddrinfo(
                host.as_deref(),
                service.as_deref(),
                Some(system_hints(hints)),
            )?;
            found.map(|info| Ok(answer(info?))).collect()
        });
        job::timed(&name, asked).await
    })
}

fn system_hints(hints: AddrInfoHints) -> dns_lookup::AddrInfoHints {
    dns_lookup::AddrInfoHints {
        flags: hints.flags.0,
        address: match hints.family {
            None => libc::AF_UNSPEC,
            Some(Family::V4) => libc::AF_INET,
            Some(Family::V6) => libc::AF_INET6,
        },
        socktype: hints.socket_type.map_or(0, |asked| {
            TYPES.iter().find(|(named, _)| *named == asked).map_or(0, |(_, number)| *number)
        }),
        protocol: hints.protocol,
    }
}

fn answer(info: dns_lookup::AddrInfo) -> AddrInfo {
    let named = TYPES.iter().find(|(_, number)| *number == info.socktype);
    AddrInfo {
        address: info.sockaddr,
        socket_type: named.map(|(socket_type, _)| *socket_type),
        protocol: info.protocol,
        canonical_name: info.canonname,
    }
}

/// Asks the system for the name of `address` and that of its port's service: asyncio's
/// `loop.getnameinfo`.
///
/// ```
/// use corio_net::resolve::{NameInfoFlags, getnameinfo};
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let numbers = NameInfoFlags::NUMERICHOST | NameInfoFlags::NUMERICSERV;
/// let (host, service) = getnameinfo("127.0.0.1:80".parse().unwrap(), numbers).await?;
/// assert_eq!((&*host, &*service), ("127.0.0.1", "80"));
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
/// As [`getaddrinfo`].
///
/// # Cancel safety
/// Dropped, the lookup is abandoned.
#[track_caller]
pub fn getnameinfo(
    address: SocketAddr,
    flags: NameInfoFlags,
) -> impl Future<Output = Result<(String, String), LookupError>> {
    NameInfoDeed::doing(async move {
        let ask = move || dns_lookup::getnameinfo(&address, flags.0).map_err(io::Error::from);
        let name = address.to_string();
        job::timed(&name, job::ask(&name, ask)).await
    })
}
