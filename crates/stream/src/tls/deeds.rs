//! As `crate::deeds`, for what speaks TLS.

use corio_trace::deeds;

deeds! {
    pub(super) CreateTlsConnectionDeed = "create_tls_connection";
    pub(super) CreateUnixTlsConnectionDeed = "create_unix_tls_connection";
    pub(super) OpenTlsDeed = "open_tls_connection";
    pub(super) OpenUnixTlsDeed = "open_unix_tls_connection";
    pub(super) TlsAcceptDeed = "TlsAcceptor::accept";
    pub(super) TlsConnectDeed = "TlsConnector::connect";
    pub(super) ConnectorStartTlsOnDeed = "TlsConnector::start_tls_on";
    pub(super) AcceptorStartTlsOnDeed = "TlsAcceptor::start_tls_on";
    pub(super) ConnectorStartTlsDeed = "TlsConnector::start_tls";
    pub(super) AcceptorStartTlsDeed = "TlsAcceptor::start_tls";
    pub(super) TlsShutdownDeed = "TlsStream::shutdown";
}
