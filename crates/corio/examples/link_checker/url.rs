//! Addresses of pages: as much of URLs as a link checker for one host needs.
//!
//! Two addresses of one page shall be equal, so dots in paths are resolved and fragments left out.
//! Never decodes or encodes: a path is sent as it was found.

use std::fmt;

/// The port where none is written.
const PORT_DEFAULT: u16 = 80;

/// The address of a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    /// Name or IPv4 address, in lower case.
    pub host: String,
    pub port: u16,
    /// With its query; begins with `/`.
    pub path: String,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// To a page that can be asked for.
    Page(Url),
    /// To something that is none of ours: another scheme.
    Elsewhere,
    /// To another place of the same page.
    SamePage,
}

impl Url {
    /// An address that is written out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Url, String> {
        let rest = match strip_prefix_of_scheme(text) {
            Some(("http", rest)) => rest,
            Some((scheme, _)) => return Err(format!("{scheme} is not known here: http alone is")),
            None => return Err(format!("{text:?} is no address: http://host:port/path")),
        };
        let rest = rest.strip_prefix("//").ok_or_else(|| format!("{text:?} has no host"))?;
        let rest = rest.split('#').next().unwrap_or(rest);
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => {
                (host, port.parse().map_err(|_| format!("{port:?} is no port: {text:?}"))?)
            }
            None => (authority, PORT_DEFAULT),
        };
        if host.is_empty()
            || host.contains(|c: char| !(c.is_ascii_alphanumeric() || ".-_".contains(c)))
        {
            return Err(format!("{host:?} is no name of a host, and no IPv4 address: {text:?}"));
        }
        Ok(Url { host: host.to_ascii_lowercase(), port, path: resolve(path) })
    }

    /// Where `link`, which stands on this page, leads.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn join(&self, link: &str) -> Result<Link, String> {
        let link = link.trim();
        let link = link.split('#').next().unwrap_or(link);
        if link.is_empty() {
            return Ok(Link::SamePage);
        }
        if let Some(bad) = link.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(format!("there is {bad:?} in it"));
        }
        match strip_prefix_of_scheme(link) {
            Some(("http", _)) => return Url::parse(link).map(Link::Page),
            Some(_) => return Ok(Link::Elsewhere),
            None => {}
        }
        if link.starts_with("//") {
            return Url::parse(&format!("http:{link}")).map(Link::Page);
        }
        let own = self.path.split('?').next().unwrap_or_default();
        let path = if link.starts_with('/') {
            link.to_owned()
        } else if link.starts_with('?') {
            format!("{own}{link}")
        } else {
            let folder = own.rfind('/').map_or("/", |at| &own[..=at]);
            format!("{folder}{link}")
        };
        Ok(Link::Page(Url { path: resolve(&path), ..self.clone() }))
    }

    /// Whether both are of the same site.
    pub fn has_host_of(&self, other: &Url) -> bool {
        (&self.host, self.port) == (&other.host, other.port)
    }

    /// What is asked for in the header `Host`.
    pub fn authority(&self) -> String {
        match self.port {
            PORT_DEFAULT => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.path)
    }
}

/// The scheme, if `text` begins with one, and what follows its colon.
fn strip_prefix_of_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme.then_some((scheme, rest))
}

/// A path without `.` and `..`; its query is kept as it is.
fn resolve(path: &str) -> String {
    let (path, query) = match path.find('?') {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let mut parts: Vec<&str> = Vec::new();
    let mut pieces = path.split('/').skip(1).peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        match piece {
            "." | ".." => {
                if piece == ".." {
                    parts.pop();
                }
                if is_last {
                    parts.push("");
                }
            }
            piece => parts.push(piece),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, expected) in [
            ("http://Host", "http://host/"),
            ("http://host:80/", "http://host/"),
            ("http://127.0.0.1:8000/a/./b/../c#d", "http://127.0.0.1:8000/a/c"),
            ("http://host?q=/../x", "http://host/?q=/../x"),
            ("http://host/../..", "http://host/"),
        ] {
            assert_eq!(Url::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for bad in [
            "",
            "host",
            "/a",
            "https://host/",
            "http:host",
            "http://:80/",
            "http://h:x/",
            "http://[::1]/",
            "http://me@host/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_are_joined_to_their_page() {
        let page = Url::parse("http://host/a/b?q").unwrap();
        for (link, expected) in [
            ("c", "http://host/a/c"),
            (" c#d", "http://host/a/c"),
            ("../c", "http://host/c"),
            ("../../../c", "http://host/c"),
            (".", "http://host/a/"),
            ("..", "http://host/"),
            ("/", "http://host/"),
            ("?r", "http://host/a/b?r"),
            ("//other/x", "http://other/x"),
            ("http://other:81", "http://other:81/"),
            ("c:d/e".trim_start_matches("c:"), "http://host/a/d/e"),
        ] {
            let Ok(Link::Page(url)) = page.join(link) else { panic!("{link}") };
            assert_eq!(url.to_string(), expected, "{link}");
        }
        for link in ["mailto:x@y", "https://host/", "javascript:void(0)", "data:,x"] {
            assert_eq!(page.join(link), Ok(Link::Elsewhere), "{link}");
        }
        assert_eq!(page.join("#here"), Ok(Link::SamePage));
        for bad in ["a b", "http://", "http://h:99999/"] {
            assert!(page.join(bad).is_err(), "{bad}");
        }
    }
}
