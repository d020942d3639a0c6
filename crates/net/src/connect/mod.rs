//! Connecting to a name, or to one of several addresses: happy eyeballs.
//!
//! The addresses are tried one after the other, each next one begins when the one before has had its time
//! or has failed, and the first connection that stands is taken (RFC 8305). So a family that does not
//! work costs a moment and not the minutes after which the system gives up.
//!
//! ```text
//!   target ──lookup──▶ addresses ──order──▶ in turns of family ──Race──▶ first one connected
//!      └──────(written out)──────────────────────────────────────▲
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `order` | which address comes first |
//! | `race` | attempts that begin one after the other; knows no sockets and no clock |
//! | `attempt` | one attempt: a socket, its own address, the connection |
//! | `error` | [`ConnectError`]: every attempt's error |

mod attempt;
mod error;
mod order;
mod race;

use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use corio_trace::action::Action;

use crate::boxed::Boxed;
use crate::deeds::ConnectDeed;
use crate::resolve::{self, Family, Resolve, SystemResolver, Target, ToSocketAddrs};
use crate::shown::Shown;
use crate::tcp::TcpStream;

pub use error::ConnectError;
use race::Race;

/// How long an attempt has before the next one begins beside it: what RFC 8305 recommends, and asyncio's
/// documentation after it. Connections on the same continent stand within it.
pub const HAPPY_EYEBALLS_DELAY: Duration = Duration::from_millis(250);

/// Connects by TCP to a name or to one of several addresses, with choices.
/// [`TcpStream::connect`] makes the usual ones.
///
/// ```
/// use corio_net::{Connect, TcpListener};
/// use std::net::SocketAddr;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
/// let address = listener.local_addr()?;
/// let stream = Connect::to(("localhost", address.port()))
///     .happy_eyeballs_delay(Duration::from_millis(100))
///     .local_addr(SocketAddr::from(([127, 0, 0, 1], 0)))
///     .await?;
/// assert_eq!(stream.peer_addr()?, address);
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is connected unless it is awaited"]
pub struct Connect {
    target: io::Result<Target>,
    delay: Option<Duration>,
    /// `None`: 1 for the addresses of a name, if they are raced.
    first_family_count: Option<usize>,
    family: Option<Family>,
    local: Vec<SocketAddr>,
    resolver: Option<Box<dyn Resolve>>,
    shown: Shown,
    action: Action<ConnectDeed>,
}

impl Connect {
    /// Connects to `target`, with the usual choices.
    #[track_caller]
    pub fn to(target: impl ToSocketAddrs) -> Connect {
        Connect::to_target(target.to_target())
    }

    #[track_caller]
    pub(crate) fn to_target(target: io::Result<Target>) -> Connect {
        Connect {
            target,
            delay: Some(HAPPY_EYEBALLS_DELAY),
            first_family_count: None,
            family: None,
            local: Vec::new(),
            resolver: None,
            shown: Shown::new("connect"),
            action: Action::new(Location::caller()),
        }
    }

    /// How long an attempt has before the next one begins beside it ([`HAPPY_EYEBALLS_DELAY`]); an attempt
    /// that fails earlier makes room at once. `None`: an attempt begins only when the one before has
    /// failed. Zero: all begin, one a turn of the loop.
    pub fn happy_eyeballs_delay(mut self, delay: impl Into<Option<Duration>>) -> Connect {
        self.delay = delay.into();
        self
    }

    /// Has the addresses tried in turns of their families, after `first_family_count` of the family
    /// that comes first: 1 is a fair turn for each, 2 favours the first. 0 leaves the order as it is.
    ///
    /// Unless this is called, it is 1 for a name whose addresses are raced, and 0 for a list.
    pub fn interleave(mut self, first_family_count: usize) -> Connect {
        self.first_family_count = Some(first_family_count);
        self
    }

    /// Takes only addresses of this family.
    pub fn family(mut self, family: Family) -> Connect {
        self.family = Some(family);
        self
    }

    /// Connects from this address of ours; port 0 lets the system choose one. Called again it adds another
    /// one: an attempt takes the first of its family that can be had.
    pub fn local_addr(mut self, address: impl Into<SocketAddr>) -> Connect {
        self.local.push(address.into());
        self
    }

    /// Asks this resolver for names, and not the system's.
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Connect {
        self.resolver = Some(Box::new(resolver));
        self
    }

    pub(crate) async fn run(mut self) -> Result<TcpStream, ConnectError> {
        self.action.begun();
        let target = self.target.map_err(ConnectError::of_target)?;
        let (name, mut addresses, usual) = match target {
            Target::One(address) => (None, vec![address], 0),
            Target::Many(addresses) => (None, addresses, 0),
            Target::Name { host, port } => {
                let resolver = self.resolver.as_deref().unwrap_or(&SystemResolver);
                let name = format!("{host}:{port}");
                let found = resolve::lookup(resolver, &host, port).await;
                let found = found.map_err(|error| ConnectError::of_lookup(&name, error))?;
                (Some(name), found, usize::from(self.delay.is_some()))
            }
        };
        let found = addresses.len();
        addresses.retain(|address| self.family.is_none_or(|only| only == Family::of(*address)));
        if addresses.is_empty() {
            return Err(ConnectError::of_nothing(name, found, self.family));
        }
        order::interleave(&mut addresses, self.first_family_count.unwrap_or(usual));
        let local: Arc<[SocketAddr]> = self.local.into();
        let race = Race::new(
            addresses,
            |address| attempt::connect(address, Arc::clone(&local)),
            || self.delay.map(corio_timer::sleep),
        );
        race.await.map_err(|attempts| ConnectError::of_attempts(name, attempts))
    }
}

impl IntoFuture for Connect {
    type Output = Result<TcpStream, ConnectError>;
    type IntoFuture = Connecting;

    fn into_future(mut self) -> Connecting {
        let shown = std::mem::replace(&mut self.shown, Shown::new("connect"));
        let action = self.action.hand_over();
        Connecting(Boxed::new(self.run()), shown, action)
    }
}

/// The future of [`Connect`]; [`Connect::into_future`] gives it by hand, for a timeout around it, say.
///
/// # Cancel safety
/// Dropped, all attempts are given up and their sockets closed, and a lookup is abandoned.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Connecting(Boxed<Result<TcpStream, ConnectError>>, Shown, Action<ConnectDeed>);

impl Future for Connecting {
    type Output = Result<TcpStream, ConnectError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let _shown = self.1.enter();
        self.2.begun();
        Pin::new(&mut self.0).poll(context)
    }
}
