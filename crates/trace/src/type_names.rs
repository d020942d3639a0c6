//! The name of a task's future as its author knows it: what corio wraps around a future is nobody's interest.
//!
//! The main future of a program, say, is a root's future around a run's around a coroutine's around the block that
//! its author wrote, and is called after that block.
//!
//! For whoever shows a name: records keep the whole one, since a spawn has no time to look at it. How the
//! compiler writes a type is not promised, so what is not recognised is shown as it is.

/// The wrappers whose first argument is the future that they are around.
const WRAPPERS: &[&str] = &[
    "corio_task::root::RootFuture<",
    "corio_task::unseen::Fallible<",
    "corio_task::failing::Failing<",
    "corio_trace::coroutine::Coroutine<",
    "corio_executor::group::child::Child<",
    "corio::debug::scope::InScope<",
    "corio::runner::Run<'_>::main<",
];

/// `name`, a type's, without corio's own wrappers around it.
///
/// ```
/// use corio_trace::shown_type;
///
/// let name = "corio_trace::coroutine::Coroutine<myapp::serve::{{closure}}>";
/// assert_eq!(shown_type(name), "myapp::serve::{{closure}}");
/// assert_eq!(shown_type("myapp::Serve<u8>"), "myapp::Serve<u8>");
/// ```
pub fn shown_type(name: &'static str) -> &'static str {
    let mut shown = name;
    while shown.starts_with("corio") {
        let Some(inner) = WRAPPERS.iter().find_map(|wrapper| shown.strip_prefix(wrapper)) else {
            break;
        };
        shown = first_argument(inner.strip_prefix("'_, ").unwrap_or(inner));
    }
    shown
}

/// What stands before the comma or the bracket that ends the first of several arguments.
fn first_argument(arguments: &'static str) -> &'static str {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, letter) in arguments.char_indices() {
        match letter {
            '<' | '(' | '[' => depth += 1,
            // An arrow is no bracket.
            '>' if before == '-' => {}
            ',' | '>' if depth == 0 => return &arguments[..at],
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &'static str, shown: &str) {
        assert_eq!(shown_type(name), shown);
    }

    #[test]
    fn wrappers_go_and_the_rest_stays() {
        check("app::main::{{closure}}", "app::main::{{closure}}");
        check("corio_task::root::RootFuture<'_, app::main::{{closure}}>", "app::main::{{closure}}");
        check("corio_executor::group::child::Child<a::F<u8, u8>, E, S>", "a::F<u8, u8>");
        check(
            "corio::runner::Run<'_>::main<corio_trace::coroutine::Coroutine<a::f>>::{{closure}}",
            "a::f",
        );
        check(
            "corio_trace::coroutine::Coroutine<fn(u8, u8) -> [a::B<c>; 2]>",
            "fn(u8, u8) -> [a::B<c>; 2]",
        );
        check("corio_stream::server::Server<a::f>", "corio_stream::server::Server<a::f>");
        check("corio_trace::coroutine::Coroutine<half", "half");
    }
}
