//! `select!`.

/// Awaits up to eight futures at once, in this task, until the first is ready, and drops the others.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let mut count = 0;
///     let never = std::future::pending::<()>();
///     let word = corio::select! {
///         () = corio::sleep(Duration::from_millis(1)) => {
///             count += 1;
///             "slept"
///         }
///         _ = never => "never",
///     };
///     assert_eq!((word, count), ("slept", 1));
/// });
/// ```
///
/// Each branch is `pattern = future => code`, or `pattern = future, if condition => code`: with the
/// condition false its future is made, but not polled. `else => code`, the last, runs if no condition
/// holds.
///
/// - **Fair**: which branch is looked at first changes from poll to poll, so one that is always ready
///   does not starve the others. With `biased;` before the branches they are looked at in their order.
/// - Patterns match whatever comes: `match` in the code where it may be one of several things.
/// - The code of a branch runs when all futures are gone, and may use what they borrowed.
///
/// # Panics
/// If no condition holds, and there is no `else`.
///
/// # Cancel safety
/// The futures that are not first are dropped where they wait. What they had done by then is lost,
/// unless they are cancel safe (their documentation says so), or made before and given as
/// `&mut future`, to be awaited again. Cleanup in them is not awaited. A task's handle that is dropped
/// detaches the task.
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)+) => {
        $crate::__select!(@parse biased [] [(a A 0) (b B 1) (c C 2) (d D 3) (e E 4) (f F 5) (g G 6) (h H 7)]
            $($branches)+)
    };
    ($($branches:tt)+) => {
        $crate::__select!(@parse fair [] [(a A 0) (b B 1) (c C 2) (d D 3) (e E 4) (f F 5) (g G 6) (h H 7)]
            $($branches)+)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    (@parse $order:ident $done:tt $names:tt else => $else:expr $(,)?) => {
        $crate::__select!(@emit $order $done { $else })
    };
    (@parse $order:ident $done:tt $names:tt) => {
        $crate::__select!(@emit $order $done {
            panic!("every branch of a `select!` is disabled: add an `else` branch for that case")
        })
    };
    (@parse $order:ident $done:tt [] $($more:tt)+) => {
        compile_error!("a `select!` has at most 8 branches: select in one of them again")
    };
    (@parse $order:ident [$($done:tt)*] [$name:tt $($names:tt)*]
        $pattern:pat = $future:expr, if $condition:expr => $code:block, $($more:tt)*) => {
        $crate::__select!(@parse $order [$($done)* ($name ($pattern) ($future) ($condition) ($code))]
            [$($names)*] $($more)*)
    };
    (@parse $order:ident [$($done:tt)*] [$name:tt $($names:tt)*]
        $pattern:pat = $future:expr => $code:block, $($more:tt)*) => {
        $crate::__select!(@parse $order [$($done)* ($name ($pattern) ($future) (true) ($code))]
            [$($names)*] $($more)*)
    };
    (@parse $order:ident [$($done:tt)*] [$name:tt $($names:tt)*]
        $pattern:pat = $future:expr, if $condition:expr => $code:block $($more:tt)*) => {
        $crate::__select!(@parse $order [$($done)* ($name ($pattern) ($future) ($condition) ($code))]
            [$($names)*] $($more)*)
    };
    (@parse $order:ident [$($done:tt)*] [$name:tt $($names:tt)*]
        $pattern:pat = $future:expr => $code:block $($more:tt)*) => {
        $crate::__select!(@parse $order [$($done)* ($name ($pattern) ($future) (true) ($code))]
            [$($names)*] $($more)*)
    };
    (@parse $order:ident [$($done:tt)*] [$name:tt $($names:tt)*]
        $pattern:pat = $future:expr, if $condition:expr => $code:expr $(, $($more:tt)*)?) => {
        $crate::__select!(@parse $order [$($done)* ($name ($pattern) ($future) ($condition) ($code))]
            [$($names)*] $($($more)*)?)
    };
    (@parse $order:ident [$($done:tt)*] [$name:tt $($names:tt)*]
        $pattern:pat = $future:expr => $code:expr $(, $($more:tt)*)?) => {
        $crate::__select!(@parse $order [$($done)* ($name ($pattern) ($future) (true) ($code))]
            [$($names)*] $($($more)*)?)
    };
    (@emit $order:ident
        [$((($name:ident $Variant:ident $at:tt) ($pattern:pat) ($future:expr) ($condition:expr) ($code:expr)))+]
        $else:block) => {{
        enum Selected<$($Variant),+> {
            $($Variant($Variant),)+
            Disabled,
        }
        const COUNT: u32 = [$($at),+].len() as u32;
        let enabled = [$($condition),+];
        let selected = {
            // Dropped after the futures, and the other one before: those that were not first, and perhaps
            // never polled, are dropped rightly.
            let _leaves = $crate::combine::disarm::Leaves::new();
            $(let mut $name = ::core::pin::pin!($future);)+
            let _enters = $crate::combine::disarm::Enters::new();
            let mut frame = $crate::combine::frame::of_select();
            let first = ::core::future::poll_fn(|context| {
                let _entered = frame.enter();
                let start = $crate::__select!(@start $order COUNT);
                let mut any = false;
                for step in 0..COUNT {
                    match $crate::combine::fair::branch(start, step, COUNT) {
                        $($at if enabled[$at] => {
                            any = true;
                            let polled = ::core::future::Future::poll($name.as_mut(), context);
                            if let ::core::task::Poll::Ready(output) = polled {
                                return ::core::task::Poll::Ready(Selected::$Variant(output));
                            }
                        })+
                        _ => {}
                    }
                }
                if any {
                    ::core::task::Poll::Pending
                } else {
                    ::core::task::Poll::Ready(Selected::Disabled)
                }
            })
            .await;
            first
        };
        match selected {
            $(Selected::$Variant($pattern) => $code,)+
            Selected::Disabled => $else
        }
    }};
    (@start biased $count:ident) => { 0 };
    (@start fair $count:ident) => { $crate::combine::fair::start($count) };
}
