//! `join!` and `try_join!`.

/// Awaits up to twelve futures at once, in this task, and gives their outputs as a tuple.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let slow = async {
///         corio::sleep(Duration::from_millis(1)).await;
///         1
///     };
///     assert_eq!(corio::join!(slow, async { "two" }), (1, "two"));
/// });
/// ```
///
/// The futures may borrow. For work that is to go on beside one another, spawn tasks.
///
/// # Cancel safety
/// Dropping it drops all of them. A cancel of the task reaches the scopes in each of them.
#[macro_export]
macro_rules! join {
    ($($future:expr),+ $(,)?) => {
        $crate::__join!(@name join [] [a b c d e f g h i j k l] $($future,)+)
    };
}

/// As [`join!`], for futures that return a `Result`: gives a tuple of the values, or the first error to
/// come, and drops the others then.
///
/// ```
/// corio::run(async {
///     let parse = |text: &'static str| async move { text.parse::<i32>() };
///     assert_eq!(corio::try_join!(parse("1"), parse("2")), Ok((1, 2)));
///     assert!(corio::try_join!(parse("1"), parse("x")).is_err());
/// });
/// ```
///
/// The others are dropped where they wait, and cleanup in them is not awaited: with a
/// [`TaskGroup`](crate::TaskGroup) it is.
///
/// # Cancel safety
/// Dropping it drops all of them.
#[macro_export]
macro_rules! try_join {
    ($($future:expr),+ $(,)?) => {
        $crate::__join!(@name try [] [a b c d e f g h i j k l] $($future,)+)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    (@name $kind:ident [$($done:tt)*] [$name:ident $($names:ident)*] $future:expr, $($more:tt)*) => {
        $crate::__join!(@name $kind [$($done)* ($name $future)] [$($names)*] $($more)*)
    };
    (@name $kind:ident [$($done:tt)*] [] $($more:expr,)+) => {
        compile_error!("at most 12 futures are joined: join some of them first, or spawn tasks and `gather` them")
    };
    (@name join [$(($name:ident $future:expr))+] [$($names:ident)*]) => {{
        $(let mut $name = ::core::pin::pin!($crate::combine::maybe_done::MaybeDone::new($future));)+
        let mut frame = $crate::combine::frame::of_join();
        let outputs = ::core::future::poll_fn(|context| {
            let _entered = frame.enter();
            let mut all = true;
            $(all &= $name.as_mut().poll_done(context);)+
            if all {
                ::core::task::Poll::Ready(($($name.as_mut().take(),)+))
            } else {
                ::core::task::Poll::Pending
            }
        })
        .await;
        outputs
    }};
    (@name try [$(($name:ident $future:expr))+] [$($names:ident)*]) => {{
        // Around the futures, as in `select!`: what comes after one that fails is perhaps never polled.
        let _leaves = $crate::combine::disarm::Leaves::new();
        $(let mut $name = ::core::pin::pin!($crate::combine::maybe_done::MaybeDone::new($future));)+
        let _enters = $crate::combine::disarm::Enters::new();
        let mut frame = $crate::combine::frame::of_join();
        let outputs = ::core::future::poll_fn(|context| {
            let _entered = frame.enter();
            let mut all = true;
            $(match $name.as_mut().poll_ok(context) {
                ::core::result::Result::Ok(done) => all &= done,
                ::core::result::Result::Err(error) => {
                    return ::core::task::Poll::Ready(::core::result::Result::Err(error));
                }
            })+
            if all {
                ::core::task::Poll::Ready(::core::result::Result::Ok(($($name.as_mut().take_ok(),)+)))
            } else {
                ::core::task::Poll::Pending
            }
        })
        .await;
        outputs
    }};
}
