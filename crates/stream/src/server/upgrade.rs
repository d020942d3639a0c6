//! [`Upgrade`]: what a server does to a connection before its handler has it. TLS is one.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use super::Outcome;
use crate::TARGET;
use crate::link::Link;
use crate::reader::StreamReader;
use crate::writer::StreamWriter;

/// An upgrade under way.
pub(crate) type Upgrading<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + 'a>>;

/// Puts another connection in the place of a link's. An implementation MUST leave the link aborted if it
/// fails or is dropped.
pub(crate) trait Upgrade: fmt::Debug + Send + Sync {
    fn upgrade<'a>(&'a self, link: &'a Arc<Link>) -> Upgrading<'a>;
}

/// Upgrades, and then handles. A peer that fails to do its part is none of the program's errors: only
/// the debug mode hears of it.
pub(super) async fn upgrade_then<H, F>(
    upgrade: Arc<dyn Upgrade>,
    link: Arc<Link>,
    handler: Rc<RefCell<H>>,
    (reader, writer): (StreamReader, StreamWriter),
) -> Result<(), String>
where
    H: FnMut(StreamReader, StreamWriter) -> F,
    F: Future<Output: Outcome>,
{
    if let Err(error) = upgrade.upgrade(&link).await {
        corio_trace::report_warning(
            TARGET,
            format_args!("a connection to the server at {} was refused: {error}", link.place()),
        );
        return Ok(());
    }
    drop(link);
    let handling = (*handler.borrow_mut())(reader, writer);
    handling.await.into_error().map_or(Ok(()), Err)
}
