//! The token of a future that *does* something (sends, puts, connects), which says so if it is dropped
//! before it was polled.
//!
//! Waits carry none: a `select!`, a timeout, a plain `drop` end them rightly, and nothing is lost by it.
//! A future that would have sent something and was never awaited is a mistake each time, the same one as
//! a [coroutine](crate::coroutine) that was never awaited, and told on the same log target.
//!
//! Eight bytes: the place, or null once it was polled. What is done is in the type. With the switch off it
//! costs a store where it is made, one where it is polled, and a comparison where it is dropped. A future
//! that has the place and knows by itself whether it was polled calls [`report_undone`].

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use crate::coroutine::is_excused;
use crate::targets;

/// What an [`Action`] would have done.
pub trait Deed {
    /// The function that made it, as the program calls it: `Queue::put`.
    const NAME: &'static str;
    /// What nobody did.
    const UNDONE: &'static str = "was never awaited";
}

/// Makes types that are [`Deed`]s.
///
/// ```
/// corio_trace::deeds! {
///     /// Putting an item into a box.
///     pub PutDeed = "Box::put";
/// }
/// use corio_trace::action::{Action, Deed};
///
/// assert_eq!(PutDeed::NAME, "Box::put");
/// let action: Action<PutDeed> = Action::new(std::panic::Location::caller());
/// drop(action); // with the switch on: action 'Box::put' was never awaited
/// ```
#[macro_export]
macro_rules! deeds {
    ($($(#[$about:meta])* $vis:vis $Deed:ident = $name:literal;)+) => {$(
        $(#[$about])*
        #[derive(Debug)]
        $vis enum $Deed {}

        impl $crate::action::Deed for $Deed {
            const NAME: &'static str = $name;
        }
    )+};
}

/// In a future, or builder, that does something: warns when it is dropped before [`Action::begun`].
pub struct Action<D: Deed> {
    place: Option<&'static Location<'static>>,
    deed: PhantomData<fn() -> D>,
}

impl<D: Deed> Action<D> {
    /// It was made at `place`, and nobody has begun to do it.
    #[inline]
    pub fn new(place: &'static Location<'static>) -> Self {
        Action { place: Some(place), deed: PhantomData }
    }

    /// Somebody polls it, or does it otherwise.
    #[inline]
    pub fn begun(&mut self) {
        self.place = None;
    }
}

impl<D: Deed> Drop for Action<D> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place {
            report_undone::<D>(place);
        }
    }
}

impl<D: Deed> fmt::Debug for Action<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("deed", &D::NAME).field("place", &self.place).finish()
    }
}

/// Warns that what was made at `place` is dropped, and nobody has begun to do it; unless it is dropped
/// [rightly](crate::disarm). Does nothing while the switch is off.
#[cold]
#[inline(never)]
pub fn report_undone<D: Deed>(place: &'static Location<'static>) {
    if crate::enabled() && !is_excused() {
        let (name, undone) = (D::NAME, D::UNDONE);
        crate::report_warning(
            targets::COROUTINE,
            format_args!("action '{name}' {undone}\nAction created at {place}"),
        );
    }
}
