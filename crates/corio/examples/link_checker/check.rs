//! One page: follows its redirects, and says what is wrong with it; called by `crawl`.

use crate::http;
use crate::url::{Link, Url};

/// How often a page may be somewhere else: more than browsers allow is more than anybody sees.
const REDIRECTS_MAX: usize = 20;

/// A page that is there.
#[derive(Debug)]
pub struct Found {
    /// Where, after all redirects.
    pub url: Url,
    /// What it says, if it is one of HTML of the same host.
    pub html: Option<String>,
}

/// Looks at `url`.
///
/// # Errors
/// Why nobody can read the page.
pub async fn check(url: &Url) -> Result<Found, String> {
    let mut been = vec![url.clone()];
    loop {
        let here = &been[been.len() - 1];
        let answer = http::get(here).await?;
        let location = match answer.status {
            301 | 302 | 303 | 307 | 308 => answer.location,
            200..=299 => return Ok(Found { url: here.clone(), html: answer.html }),
            status => return Err(format!("{status} {}", answer.reason).trim_end().to_owned()),
        };
        let location = location
            .ok_or_else(|| format!("{} {}, and not where to", answer.status, answer.reason))?;
        let next = match here.join(&location) {
            Ok(Link::Page(next)) if next.has_host_of(url) => next,
            Ok(Link::SamePage) => here.clone(),
            // It is alive where it is: what is behind it is none of ours.
            Ok(Link::Page(_) | Link::Elsewhere) => {
                return Ok(Found { url: here.clone(), html: None });
            }
            Err(error) => return Err(format!("it is redirected to {location:?}: {error}")),
        };
        if been.contains(&next) {
            return Err(format!("its redirects run in a circle: back to {}", next.path));
        }
        been.push(next);
        if been.len() > REDIRECTS_MAX + 1 {
            return Err(format!("it is redirected more than {REDIRECTS_MAX} times"));
        }
    }
}
