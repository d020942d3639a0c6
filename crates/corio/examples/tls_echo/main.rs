//! An HTTPS server that sends back what it is sent.
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem -days 30
//! cargo run -p corio --features tls --example tls_echo -- --cert cert.pem --key key.pem
//! curl --cacert cert.pem --data hello https://localhost:7443/
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `program` | how it begins and ends |
//! | `options` | what the command line says |
//! | `http` | one request, and its answer: with streams, or as a protocol |

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

#[path = "../shared/program.rs"]
mod program;

mod options;

mod http;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use corio::stream::ServerOptions;
use corio::stream::tls::TlsAcceptor;
use corio::stream::tls::rustls::ServerConfig;
use corio::stream::tls::rustls::pki_types::pem::PemObject;
use corio::stream::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use options::Options;

#[corio::main]
async fn main() -> ExitCode {
    let parsed = Options::parse(lexopt::Parser::from_env());
    program::run("tls_echo", options::HELP, parsed, |options| options.port, serve).await
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    // Before anybody can read that the server listens: from here on Ctrl-C is not lost.
    let ctrl_c = corio::signal::ctrl_c();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let tls = ServerOptions::new().tls(acceptor(&options)?);
    let server = match options.protocol {
        true => tls.create_server(http::Http::default, address).await?,
        false => tls.start(http::answer, address).await?,
    };
    println!("listening on {}", server.local_addr().unwrap_or(address));
    ctrl_c.await?;
    server.close();
    server.close_clients();
    server.wait_closed().await;
    Ok(())
}

fn acceptor(options: &Options) -> Result<TlsAcceptor, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(&options.cert)
        .and_then(Iterator::collect)
        .map_err(|error| format!("cannot read certificates from {:?}: {error}", options.cert))?;
    let key = PrivateKeyDer::from_pem_file(&options.key)
        .map_err(|error| format!("cannot read a private key from {:?}: {error}", options.key))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    Ok(TlsAcceptor::new(Arc::new(config)))
}
