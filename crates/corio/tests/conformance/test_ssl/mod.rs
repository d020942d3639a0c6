//! TLS, through rustls.

#[expect(clippy::module_inception, reason = "CPython's class is named as its file")]
mod test_ssl;
