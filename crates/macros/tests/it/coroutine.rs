//! `#[corio::coroutine]` on every sort of function, over a stand-in that notes name and place.

use std::fmt::Debug;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What the attribute needs of the `corio` crate.
mod stand_in {
    pub(crate) mod __coroutine {
        use std::panic::Location;
        use std::pin::Pin;
        use std::task::{Context, Poll};

        /// A future with its name and place.
        pub(crate) struct Coroutine<F> {
            pub(crate) future: Pin<Box<F>>,
        }

        impl<F: Future> Coroutine<F> {
            pub(crate) fn new(
                name: &'static &'static str,
                place: &'static Location<'static>,
                future: F,
            ) -> Self {
                super::super::MADE.set(Some((name, place.line())));
                Coroutine { future: Box::pin(future) }
            }
        }

        impl<F: Future> Future for Coroutine<F> {
            type Output = F::Output;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
                self.future.as_mut().poll(context)
            }
        }

        /// What a coroutine returns.
        pub(crate) struct Returns<T>(std::marker::PhantomData<fn() -> T>);

        impl<T> Returns<T> {
            pub(crate) const NEW: Self = Returns(std::marker::PhantomData);
        }

        pub(crate) trait ReturnsResult<T> {
            fn wrap<F: Future<Output = T>>(&self, future: F) -> F;
        }

        impl<T, E> ReturnsResult<Result<T, E>> for Returns<Result<T, E>> {
            fn wrap<F: Future<Output = Result<T, E>>>(&self, future: F) -> F {
                super::super::FAILING.set(super::super::FAILING.get() + 1);
                future
            }
        }

        pub(crate) trait ReturnsAny {
            fn wrap<F: Future>(&self, future: F) -> F;
        }

        impl<T> ReturnsAny for &Returns<T> {
            fn wrap<F: Future>(&self, future: F) -> F {
                future
            }
        }
    }
}

std::thread_local! {
    /// How many of those that were made return a `Result`.
    static FAILING: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

std::thread_local! {
    static MADE: std::cell::Cell<Option<(&'static str, u32)>> = const { std::cell::Cell::new(None) };
}

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing waits here"),
    }
}

fn is_send(_: &impl Send) {}

struct Counter {
    count: Rc<str>,
    left: usize,
}

/// What the `async fn`s below are called through as well.
trait Counts {
    async fn longest<'a>(&'a self, other: &'a str) -> &'a str;

    #[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
    async fn provided(&self) -> usize {
        self.longest("four").await.len()
    }
}

impl Counts for Counter {
    #[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
    async fn longest<'a>(&'a self, other: &'a str) -> &'a str {
        if other.len() > self.count.len() { other } else { &self.count }
    }
}

impl Counter {
    #[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
    async fn by_ref(&self) -> &str {
        &self.count
    }

    #[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
    async fn by_mut(&mut self, by: usize) -> usize {
        self.left += by;
        self.left
    }

    #[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
    async fn by_value(mut self) -> Self {
        self.left = 0;
        self
    }

    #[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
    async fn unused(self, _: Rc<u8>) -> usize {
        7
    }
}

#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
async fn fails(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
    let number: u8 = text.parse()?;
    if number == 0 {
        return Err(Box::new(io::Error::other("nothing")));
    }
    Ok(number)
}

#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
async fn generic<T: Debug, const N: usize>(items: [T; N], by: impl Fn(&T) -> String) -> Vec<String>
where
    [T; N]: Clone,
{
    items.iter().map(by).collect()
}

#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
async fn hides() -> impl Iterator<Item = u8> {
    1..4
}

#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
async fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * Box::pin(factorial(n - 1)).await }
}

#[corio_macros::coroutine(crate = "crate::coroutine::stand_in")]
fn returned(early: bool) -> impl Future<Output = u8> + Send {
    if early {
        return std::future::ready(1);
    }
    std::future::ready(2)
}

#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
async fn renamed(fails: bool) -> io::Result<()> {
    if fails { Err(io::Error::other("disk full")) } else { Ok(()) }
}

#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
async fn lent<'a, E: Debug + Copy>(first: &'a str, error: &E) -> Result<&'a str, E> {
    first.get(..1).ok_or(*error)
}

#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
fn returned_result() -> impl Future<Output = io::Result<u8>> + Send {
    std::future::ready(Ok(1))
}

/// The body's own methods of the name are its own.
#[corio_macros::coroutine(crate = crate::coroutine::stand_in)]
async fn wraps() -> u8 {
    struct Own;
    impl Own {
        fn wrap(&self, value: u8) -> u8 {
            value
        }
    }
    Own.wrap(7)
}

#[test]
fn those_that_return_a_result_are_known() {
    let is_failing = |make: &dyn Fn()| {
        let before = FAILING.get();
        make();
        FAILING.get() > before
    };
    assert!(is_failing(&|| assert!(ready(renamed(true)).is_err())));
    assert!(is_failing(&|| assert_eq!(ready(lent("text", &1)), Ok("t"))));
    assert!(is_failing(&|| assert_eq!(ready(returned_result()).unwrap(), 1)));
    assert!(is_failing(&|| assert_eq!(ready(fails("7")).unwrap(), 7)));
    assert!(!is_failing(&|| assert_eq!(ready(factorial(3)), 6)));
    assert!(!is_failing(&|| assert_eq!(ready(returned(true)), 1)));
    assert!(!is_failing(&|| assert_eq!(ready(wraps()), 7)));
}

#[test]
fn name_and_place_are_the_call_s() {
    let future = factorial(3);
    assert_eq!(MADE.get(), Some(("factorial", line!() - 1)));
    is_send(&future);
    assert_eq!(ready(future), 6);
    assert_eq!((ready(returned(true)), ready(returned(false))), (1, 2));
    assert_eq!(MADE.get(), Some(("returned", line!() - 1)));
}

#[test]
fn methods_of_all_sorts_are_coroutines() {
    let mut counter = Counter { count: Rc::from("one"), left: 1 };
    assert_eq!(ready(counter.by_ref()), "one");
    assert_eq!(ready(counter.by_mut(2)), 3);
    assert_eq!(ready(counter.longest("three")), "three");
    assert_eq!(ready(counter.provided()), 4);
    assert_eq!(MADE.get().map(|made| made.0), Some("longest"));
    assert_eq!(ready(ready(counter.by_value()).by_mut(0)), 0);
}

#[test]
fn errors_are_coerced_as_in_an_async_fn() {
    assert_eq!(ready(fails("7")).ok(), Some(7));
    assert_eq!(ready(fails("0")).unwrap_err().to_string(), "nothing");
    assert!(ready(fails("x")).is_err());
}

#[test]
fn generic_ones_and_hidden_outputs_stay_what_they_are() {
    let future = generic([1, 2], |n| format!("<{n}>"));
    is_send(&future);
    assert_eq!(ready(future), ["<1>", "<2>"]);
    assert_eq!(ready(hides()).sum::<u8>(), 6);
}

/// An `async fn` keeps what it was given to its end, so this does.
#[test]
fn arguments_live_as_long_as_the_future() {
    let (given, count) = (Rc::new(1), Rc::from("held"));
    let future = Counter { count: Rc::clone(&count), left: 0 }.unused(Rc::clone(&given));
    assert_eq!((Rc::strong_count(&given), Rc::strong_count(&count)), (2, 2));
    assert_eq!(ready(future), 7);
    assert_eq!((Rc::strong_count(&given), Rc::strong_count(&count)), (1, 1));
}
