//! [`TlsError`]: why there is no TLS connection, or no good end of one.
//!
//! Made by every part of `tls`; nothing here reads or waits.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why a handshake or the end of a TLS connection has failed.
///
/// `peer` is the name that was asked for, or the peer's address where that is known.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The handshake took too long.
    HandshakeTimeout {
        /// How long it was given.
        limit: Duration,
        /// With whom.
        peer: String,
    },
    /// The peer did not take what was unsent, or did not answer our `close_notify`, in time.
    ShutdownTimeout {
        /// How long it was given.
        limit: Duration,
        /// With whom.
        peer: String,
    },
    /// The two could not agree, or one does not trust the other.
    Handshake {
        /// With whom.
        peer: String,
        /// What rustls says.
        source: rustls::Error,
    },
    /// The peer ended the connection during the handshake.
    Ended {
        /// With whom.
        peer: String,
    },
    /// The peer broke the protocol, or sent an alert, after the handshake.
    Protocol {
        /// With whom.
        peer: String,
        /// What rustls says.
        source: rustls::Error,
    },
    /// The name is neither one of the DNS nor an IP address.
    BadName {
        /// The name.
        name: String,
    },
    /// The configuration does not allow any connection.
    Config {
        /// What rustls says.
        source: rustls::Error,
    },
    /// The reader and the writer are not of one connection, or the reader has none.
    NotOnePair,
    /// Another handshake on the same transport has not ended.
    UnderWay,
    /// The connection under it failed.
    Io {
        /// With whom.
        peer: String,
        /// What the system says.
        source: io::Error,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::HandshakeTimeout { limit, peer } => write!(
                f,
                "the TLS handshake with {peer} is taking longer than {limit:?}: aborting the connection; \
                 does the peer speak TLS here?"
            ),
            TlsError::ShutdownTimeout { limit, peer } => write!(
                f,
                "the TLS shutdown with {peer} timed out after {limit:?}: the connection was aborted; \
                 the peer did not read, or did not answer close_notify"
            ),
            TlsError::Handshake { peer, source } => {
                write!(f, "the TLS handshake with {peer} failed: {source}")?;
                match source {
                    rustls::Error::InvalidMessage(_) => {
                        f.write_str("; what it sent is not TLS: is this the right port?")
                    }
                    _ => Ok(()),
                }
            }
            TlsError::Ended { peer } => write!(
                f,
                "{peer} ended the connection during the TLS handshake: its log may say why it refused"
            ),
            TlsError::Protocol { peer, source } => {
                write!(f, "the TLS connection with {peer} failed: {source}")
            }
            TlsError::BadName { name } => write!(
                f,
                "{name:?} is no name to check a certificate against: give a host name or an IP address, \
                 without a port"
            ),
            TlsError::Config { source } => {
                write!(f, "no TLS connection can be made with this configuration: {source}")
            }
            TlsError::NotOnePair => f.write_str(
                "the reader and the writer are not of one connection: give start_tls the two that were \
                 made together",
            ),
            TlsError::UnderWay => f.write_str(
                "a TLS handshake is under way on this connection: await its end, then begin another in it",
            ),
            TlsError::Io { peer, source } => {
                write!(f, "the connection with {peer} failed during the TLS handshake: {source}")
            }
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TlsError::Handshake { source, .. }
            | TlsError::Protocol { source, .. }
            | TlsError::Config { source } => Some(source),
            TlsError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl TlsError {
    fn kind(&self) -> io::ErrorKind {
        match self {
            TlsError::HandshakeTimeout { .. } | TlsError::ShutdownTimeout { .. } => {
                io::ErrorKind::TimedOut
            }
            TlsError::Handshake { .. } | TlsError::Protocol { .. } => io::ErrorKind::InvalidData,
            TlsError::Ended { .. } => io::ErrorKind::UnexpectedEof,
            TlsError::BadName { .. }
            | TlsError::Config { .. }
            | TlsError::NotOnePair
            | TlsError::UnderWay => io::ErrorKind::InvalidInput,
            TlsError::Io { source, .. } => source.kind(),
        }
    }

    /// The error once more, in its words: for another who is to hear it.
    pub(super) fn again(&self) -> io::Error {
        io::Error::new(self.kind(), self.to_string())
    }
}

/// The kinds are `TimedOut`, `InvalidData`, `UnexpectedEof`, `InvalidInput` and the system's; the reason
/// is the inner error.
impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        io::Error::new(error.kind(), error)
    }
}
