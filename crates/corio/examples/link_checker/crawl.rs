//! Which pages are checked, how many at a time, and how long; called by `main`.
//!
//! Each page is a child of one task group, and starts children for the pages that it links to. So
//! nobody has to know when the last page is done: the group does. A semaphore keeps the number of
//! requests down, and a timeout each request short. Ctrl-C cancels the group; what is known by then
//! is the report.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use corio::TaskGroup;
use corio::sync::Semaphore;

use crate::check::{Found, check};
use crate::html;
use crate::options::Options;
use crate::report::{Page, Report, Verdict};
use crate::url::{Link, Url};

/// A crawl under way.
#[derive(Debug)]
struct Crawl {
    start: Url,
    time_max: Duration,
    pages_max: usize,
    group: TaskGroup,
    /// Requests that may be made now.
    requests: Semaphore,
    report: RefCell<Report>,
}

/// Checks the site that `options` name, until all is checked or Ctrl-C comes.
///
/// # Errors
/// The signal cannot be watched for, or a check has panicked. What is wrong with pages is in the report.
pub async fn run(options: Options) -> io::Result<Report> {
    let ctrl_c = corio::signal::ctrl_c();
    let mut interrupting = None;
    let crawling = TaskGroup::scope(|group| {
        let interrupting = &mut interrupting;
        async move {
            let crawl = Rc::new(Crawl {
                time_max: options.time_max,
                pages_max: options.pages_max,
                requests: Semaphore::new(options.at_once),
                report: RefCell::default(),
                start: options.start.clone(),
                group: group.clone(),
            });
            crawl.meet(options.start, None);
            // No child of the group's, which would wait for it.
            *interrupting = Some(corio::spawn_local(async move {
                if ctrl_c.await.is_ok() {
                    eprintln!("interrupted: this is what is known");
                    group.cancel();
                }
            }));
            crawl
        }
    });
    let ended = crawling.await;
    if let Some(interrupting) = interrupting {
        interrupting.abort();
    }
    let crawl = ended.map_err(io::Error::other)?;
    Ok(crawl.report.take())
}

impl Crawl {
    /// Takes note of a link to `url`, and has the page checked if it is new.
    fn meet(self: &Rc<Self>, url: Url, from: Option<&Url>) {
        let report = &mut *self.report.borrow_mut();
        let count = report.pages.len();
        let page = match report.pages.entry(url.path.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if count >= self.pages_max => {
                report.left_out += 1;
                return;
            }
            Entry::Vacant(new) => {
                let crawl = Rc::clone(self);
                self.group.spawn_local(async move { crawl.look_at(url).await });
                new.insert(Page::default())
            }
        };
        page.linked_from.extend(from.map(|from| from.path.clone()));
    }

    async fn look_at(self: Rc<Self>, url: Url) {
        let request = self.requests.acquire().await.expect("it is never closed");
        let checked = corio::timeout(self.time_max, check(&url)).await;
        drop(request);
        let verdict = match checked {
            Ok(Ok(found)) => {
                self.follow(&found);
                Verdict::Fine
            }
            Ok(Err(why)) => Verdict::Broken(why),
            Err(_) => Verdict::Broken(format!("no answer within {:?}", self.time_max)),
        };
        self.report.borrow_mut().pages.entry(url.path).or_default().verdict = Some(verdict);
    }

    /// Meets every link of a page.
    fn follow(self: &Rc<Self>, page: &Found) {
        for link in html::links(page.html.as_deref().unwrap_or_default()) {
            match page.url.join(&link) {
                Ok(Link::Page(url)) if url.has_host_of(&self.start) => {
                    self.meet(url, Some(&page.url));
                }
                Ok(Link::Page(_) | Link::Elsewhere) => self.report.borrow_mut().elsewhere += 1,
                Ok(Link::SamePage) => {}
                Err(why) => {
                    let mut report = self.report.borrow_mut();
                    let bad = report.pages.entry(link).or_default();
                    bad.linked_from.insert(page.url.path.clone());
                    bad.verdict = Some(Verdict::Broken(format!("no address: {why}")));
                }
            }
        }
    }
}
