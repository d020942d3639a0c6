//! Attribute macros of corio: `#[corio::main]`, `#[corio::test]` and `#[corio::coroutine]`.
//!
//! Programs reach them through the facade, which re-exports them. The first two turn an `async fn`
//! into a plain one that builds a runtime and runs the original in it; that is all, and what they
//! write can be written by hand:
//!
//! ```text
//! #[corio::main(debug = true)]            fn main() -> io::Result<()> {
//! async fn main() -> io::Result<()> {         async fn main() -> io::Result<()> {
//!     body                          ──▶           body
//! }                                           }
//!                                             ::corio::Builder::new().debug(true).run(main())
//!                                         }
//! ```
//!
//! The original stays a function of its own inside, so that its return type, its `?` and its errors
//! are the compiler's as ever. The third wraps the future that a function returns.
//!
//! | module | what it is |
//! |---|---|
//! | `args` | what stands in the parentheses |
//! | `expand` | `main` and `test`: what the function must be, and what becomes of it |
//! | `coroutine` | the same for `coroutine` |

#![forbid(unsafe_code)]

mod args;

mod coroutine;

mod expand;

use proc_macro::TokenStream;

/// Runs an `async fn main` in a runtime of its own on the calling thread.
///
/// ```
/// # mod corio { pub struct Builder; impl Builder {
/// #     pub fn new() -> Self { Builder }
/// #     pub fn run<F: Future>(self, main: F) -> F::Output {
/// #         let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// #         match std::pin::pin!(main).poll(&mut cx) {
/// #             std::task::Poll::Ready(output) => output,
/// #             std::task::Poll::Pending => panic!(),
/// #         }
/// #     }
/// # } pub use corio_macros::main; }
/// #[corio::main(crate = corio)]
/// async fn main() -> std::io::Result<()> {
///     let text = String::from_utf8(vec![0x68, 0x69]).map_err(std::io::Error::other)?;
///     assert_eq!(text, "hi");
///     Ok(())
/// }
/// ```
///
/// The function may return what any `main` may return. It takes no arguments: the program's are in
/// [`std::env::args`].
///
/// # Arguments
/// - `debug = true` or `false`: `Builder::debug`; without it `CORIO_DEBUG` decides.
/// - `thread_name = "…"`: `Builder::thread_name`, for threads that the runtime starts; the one that
///   calls the function keeps its name.
/// - `crate = path`: where the corio crate is found, `::corio` without it. A string is taken too.
/// - `flavor = "current_thread"`: what corio does anyway; taken so that tokio's attribute can stay.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args::Attribute::Main, arguments.into(), item.into()).into()
}

/// Makes an `async fn` a test that runs in a runtime of its own, in debug mode.
///
/// ```
/// # mod corio { pub use corio_macros::test; }
/// #[corio::test(virtual_time)]
/// async fn a_day_passes() {
///     // a sleep of a day ends as soon as nothing else is left to run
/// }
/// ```
///
/// Other attributes stay on the test: `#[should_panic]`, `#[ignore]`, lints.
///
/// # Arguments
/// - `virtual_time`: `Builder::clock(Clock::virtual_time())`; the clock jumps to the next deadline
///   whenever nothing is left to run, so that tests of hours take microseconds.
/// - `start_paused = true`: tokio's name for it.
/// - `debug = false`: debug mode is on in tests, this turns it off.
/// - `thread_name`, `crate` and `flavor`: as for [`macro@main`].
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args::Attribute::Test, arguments.into(), item.into()).into()
}

/// Makes a function's future known by name and place: a warning if nobody ever awaits it, and a frame in
/// the stacks of the tasks that do.
///
/// ```
/// # mod corio {
/// #     pub use corio_macros::coroutine;
/// #     pub mod __coroutine {
/// #         pub struct Coroutine;
/// #         impl Coroutine {
/// #             pub fn new<F>(_: &'static &'static str, _: &std::panic::Location<'_>, future: F) -> F { future }
/// #         }
/// #         pub struct Returns<T>(T);
/// #         impl<T> Returns<T> { pub const NEW: Option<Self> = None; }
/// #         pub trait ReturnsAny { fn wrap<F>(&self, future: F) -> F { future } }
/// #         impl<T> ReturnsAny for Option<Returns<T>> {}
/// #         pub trait ReturnsResult {}
/// #     }
/// # }
/// # struct Account;
/// #[corio::coroutine(crate = corio)]
/// async fn save(account: &Account) -> std::io::Result<()> {
///     // ...
/// #   let _ = account;
///     Ok(())
/// }
/// ```
///
/// In debug mode a call whose future is dropped before it was polled is logged, at warning level on the
/// target `corio::coroutine`: `coroutine 'save' was never awaited`, with the place of the call. Nothing is
/// said where a task is cancelled before it begins, or a `select!` or timeout of corio's drops it. A future
/// that is made to be polled perhaps goes into `combine::Disarmed`.
///
/// Where it returns a `Result`, of an error with `Debug`, and is spawned as it is (`spawn(save(&account))`), an error that nobody
/// retrieves from the task is told of, whether debug mode is on or not: `Task exception was never retrieved`.
///
/// The function may be free or a method, also of a trait or its implementation (there without
/// `#[async_trait]`), generic, with any arguments. It stays what it was for its callers: a function that
/// returns a future, `Send` where that was. A function that is not `async` but returns `impl Future` may be
/// marked, too; then its body runs at the call, as ever.
///
/// With debug mode off a call costs what it did, but for 32 bytes in the future.
///
/// # Arguments
/// - `crate = path`: where the corio crate is found, `::corio` without it. A string is taken too.
#[proc_macro_attribute]
pub fn coroutine(arguments: TokenStream, item: TokenStream) -> TokenStream {
    coroutine::expand(arguments.into(), item.into()).into()
}
