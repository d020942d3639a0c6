//! `tls_echo`: curl and `openssl s_client` trust its certificate, and get back what they send.

use std::fs;
use std::path::{Path, PathBuf};

use super::{ANSWER_TIME_MAX, Server};
use crate::Fail;
use crate::shell;

/// Of what curl sends: more than all buffers on the way hold.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// Makes a certificate, and runs the clients of both versions of TLS.
///
/// # Errors
/// A client does not trust the server, or an answer is not what was sent.
pub(super) fn check(program: &Path) -> Result<(), Fail> {
    let files = Files::make(&program.with_file_name("tls_echo.files"))?;
    let (cert, key) = (text(&files.cert), text(&files.key));
    // With streams, and with callbacks.
    for more in [&[][..], &["--protocol"]] {
        let mut server =
            Server::start(program, &[&["--cert", &cert, "--key", &key], more].concat())?;
        for version in ["1.2", "1.3"] {
            curl(&server, &files, version)?;
            s_client(&server, &files, version)?;
        }
        plain(&server)?;
        server.end_in_order()?;
    }
    Ok(())
}

struct Files {
    cert: PathBuf,
    key: PathBuf,
    body: PathBuf,
    answer: PathBuf,
}

impl Files {
    fn make(folder: &Path) -> Result<Files, Fail> {
        fs::create_dir_all(folder)?;
        let file = |name| folder.join(name);
        let files = Files {
            cert: file("cert.pem"),
            key: file("key.pem"),
            body: file("body"),
            answer: file("answer"),
        };
        let mut openssl = shell::program("openssl");
        openssl
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-keyout", &text(&files.key)])
            .args(["-out", &text(&files.cert)]);
        let said = shell::output_within(&mut openssl, ANSWER_TIME_MAX)?;
        if !said.status.success() {
            return Err(format!("openssl made no certificate: {}", said.stderr).into());
        }
        let body: Vec<u8> = (0..BODY_BYTES).map(|index| (index % 251) as u8).collect();
        fs::write(&files.body, body)?;
        Ok(files)
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn curl(server: &Server, files: &Files, version: &str) -> Result<(), Fail> {
    let port = server.address.port();
    let mut curl = shell::program("curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--http1.1"])
        .args([&format!("--tlsv{version}"), "--tls-max", version])
        .args(["--cacert", &text(&files.cert), "--output", &text(&files.answer)])
        .args(["--data-binary", &format!("@{}", text(&files.body))])
        .args(["--resolve", &format!("localhost:{port}:{}", server.address.ip())])
        .arg(format!("https://localhost:{port}/"));
    let said = shell::output_within(&mut curl, ANSWER_TIME_MAX)?;
    if !said.status.success() {
        return Err(format!("curl over TLS {version}: {} {}", said.status, said.stderr).into());
    }
    if fs::read(&files.answer)? != fs::read(&files.body)? {
        return Err(format!("curl over TLS {version} got back what it did not send").into());
    }
    eprintln!("curl over TLS {version}: {BODY_BYTES} bytes went both ways");
    Ok(())
}

fn s_client(server: &Server, files: &Files, version: &str) -> Result<(), Fail> {
    // A pipe of the shell's: it ends the input while the answer is on its way.
    let line = format!(
        "printf 'GET /hello HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect {} \
         -servername localhost -verify_hostname localhost -verify_return_error -CAfile \"$1\" -tls{} \
         -ign_eof",
        server.address,
        version.replace('.', "_"),
    );
    let mut sh = shell::program("sh");
    sh.args(["-c", &line, "sh", &text(&files.cert)]);
    let said = shell::output_within(&mut sh, ANSWER_TIME_MAX)?;
    let wanted = format!("X-Tls: TLSv{}", version.replace('.', "_"));
    if !said.status.success()
        || !said.stdout.contains("GET /hello")
        || !said.stdout.contains(&wanted)
    {
        let text = format!("openssl s_client over TLS {version}: {} {:?}", said.status, said);
        return Err(text.into());
    }
    eprintln!("openssl s_client over TLS {version}: answered, and ended in order");
    Ok(())
}

/// A client that speaks plain text is sent away, and harms nobody.
fn plain(server: &Server) -> Result<(), Fail> {
    use std::io::{Read, Write};
    let mut stream = server.connect()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut answer);
    if answer.starts_with(b"HTTP") {
        return Err("the server answered in plain text".into());
    }
    Ok(())
}
