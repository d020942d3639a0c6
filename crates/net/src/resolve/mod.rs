//! Names into addresses.
//!
//! The system's resolver is asked (`getaddrinfo`, so also `/etc/hosts`, mDNS and whatever else the system
//! is set up to ask) on a thread of the blocking pool, never on the loop. An address that is written out
//! needs neither. [`Resolve`] puts another resolver in its place.
//!
//! A lookup that hangs (the system gives up after 5 to 30 seconds) is abandoned when its task is
//! cancelled: the task goes on at once, and the thread comes back when the system does. It counts in the
//! pool until then, and a run that ends lists it by its name, `getaddrinfo example.org`.
//!
//! | module | what it is |
//! |---|---|
//! | `target` | [`ToSocketAddrs`]: what can be looked up and connected to |
//! | `info` | [`getaddrinfo`], [`getnameinfo`]: the system's questions with all their choices |
//! | `job` | the system's call, on the pool |
//! | `error` | [`LookupError`] |

mod error;
mod info;
mod job;
mod target;

use std::fmt;
use std::future::ready;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;

use corio_trace::action::Deed;

use crate::deeds::LookupDeed;

pub use error::{LookupError, LookupErrorKind};
pub use info::{
    AddrInfo, AddrInfoFlags, AddrInfoHints, NameInfoFlags, SocketType, getaddrinfo, getnameinfo,
};
pub(crate) use target::Target;
pub use target::{Family, ToSocketAddrs};

/// Looks up the addresses of `host`, in the order in which the system wants them tried.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// for address in corio_net::lookup_host(("localhost", 80)).await? {
///     assert!(address.ip().is_loopback());
///     assert_eq!(address.port(), 80);
/// }
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
/// If there is no such name, and what else [`LookupErrorKind`] has; the [`LookupError`] is inside.
/// `InvalidInput` if `host` is text without a port.
///
/// # Cancel safety
/// Dropped, the lookup is abandoned.
#[track_caller]
pub fn lookup_host(host: impl ToSocketAddrs) -> impl Future<Output = io::Result<Addresses>> {
    LookupDeed::doing(async move {
        let addresses = match host.to_target()? {
            Target::One(address) => vec![address],
            Target::Many(addresses) => addresses,
            Target::Name { host, port } => lookup(&SystemResolver, &host, port).await?,
        };
        Ok(Addresses(addresses.into_iter()))
    })
}

/// The addresses that [`lookup_host`] found.
#[derive(Clone, Debug)]
pub struct Addresses(std::vec::IntoIter<SocketAddr>);

impl Iterator for Addresses {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Addresses {}

/// Turns names into addresses: another resolver than the system's, or one for tests.
///
/// ```
/// use corio_net::resolve::{Resolve, Resolving};
/// use std::net::SocketAddr;
///
/// /// Knows every name, and sends all of them home.
/// #[derive(Debug)]
/// struct Home;
///
/// impl Resolve for Home {
///     fn resolve(&self, _host: &str, port: u16) -> Resolving {
///         Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
///     }
/// }
/// # corio_base::park::block_on(async {
/// # let listener = corio_net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
/// # let port = listener.local_addr().unwrap().port();
///
/// let connect = corio_net::Connect::to(("example.org", port)).resolver(Home);
/// assert!(connect.await.is_ok());
/// # });
/// ```
pub trait Resolve: fmt::Debug + Send + Sync {
    /// Looks up `host`, which is not an address that is written out; those need no resolver. The addresses
    /// have `port`, and stand in the order in which they are to be tried.
    ///
    /// The future may be dropped at any time, and may be polled by any thread. An error comes to the user as
    /// a [`LookupError`], beside the name.
    fn resolve(&self, host: &str, port: u16) -> Resolving;
}

/// One resolver for many: its cache is shared.
impl<R: Resolve + ?Sized> Resolve for Arc<R> {
    fn resolve(&self, host: &str, port: u16) -> Resolving {
        (**self).resolve(host, port)
    }
}

/// What a [`Resolve`] gives.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The system's resolver, on the blocking pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> Resolving {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Box::pin(ready(Ok(vec![SocketAddr::new(ip, port)])));
        }
        if let Some(at) = host.find('\0') {
            return Box::pin(ready(Err(LookupError::has_nul(host, at).into())));
        }
        let host = host.to_owned();
        Box::pin(async move {
            let name = host.clone();
            let ask = move || Ok((&*host, port).to_socket_addrs()?.collect());
            Ok(job::ask(&name, ask).await?)
        })
    }
}

/// Asks `resolver` for `host`, and puts the name beside what goes wrong.
pub(crate) async fn lookup(
    resolver: &dyn Resolve,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, LookupError> {
    let addresses = job::timed(job::HostPort(host, port), resolver.resolve(host, port)).await;
    let addresses = addresses.map_err(|error| LookupError::of_resolver(host, error))?;
    if addresses.is_empty() {
        return Err(LookupError::empty(host));
    }
    Ok(addresses)
}
