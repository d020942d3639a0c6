//! A context variable, what it gives for each change of it, and how taking one back can fail.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::map::{Value, VarId};
use super::{Context, place};

/// The last number given to a variable.
static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// A value of its own for each [`Context`]. Made by [`context_var!`](crate::context_var), as a static.
pub struct ContextVar<T: 'static> {
    name: &'static str,
    init: Option<fn() -> T>,
    default: OnceLock<T>,
    /// Given when it is first asked for.
    id: OnceLock<VarId>,
}

/// Declares context variables, with a default or without.
///
/// ```
/// use corio_task::context_var;
///
/// context_var! {
///     /// The number of the request that is being answered.
///     pub static REQUEST: u64 = 0;
///     static USER: String;
/// }
///
/// assert_eq!(REQUEST.get(), 0);
/// assert_eq!(USER.try_get(), None);
/// USER.set("ada".to_owned());
/// assert_eq!(USER.get(), "ada");
/// ```
///
/// The default is evaluated once, when it is first needed. The type must be `Clone + Send + Sync`: a
/// value is shared by all contexts that inherit it, and [`ContextVar::get`] clones it (for what is dear
/// to clone, use an `Arc`, or look at it by [`ContextVar::with`]).
#[macro_export]
macro_rules! context_var {
    () => {};
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $default:expr; $($rest:tt)*) => {
        $(#[$meta])*
        $vis static $name: $crate::ContextVar<$type> =
            $crate::ContextVar::__new(stringify!($name), Some(|| $default));
        $crate::context_var!($($rest)*);
    };
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $(#[$meta])*
        $vis static $name: $crate::ContextVar<$type> =
            $crate::ContextVar::__new(stringify!($name), None);
        $crate::context_var!($($rest)*);
    };
    // The last one may do without its semicolon.
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $default:expr) => {
        $crate::context_var!($(#[$meta])* $vis static $name: $type = $default;);
    };
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty) => {
        $crate::context_var!($(#[$meta])* $vis static $name: $type;);
    };
}

impl<T> ContextVar<T> {
    /// For [`context_var!`](crate::context_var).
    #[doc(hidden)]
    pub const fn __new(name: &'static str, init: Option<fn() -> T>) -> Self {
        ContextVar { name, init, default: OnceLock::new(), id: OnceLock::new() }
    }

    /// What it is called.
    pub fn name(&'static self) -> &'static str {
        self.name
    }

    /// Its number, given to it when it is first asked for.
    pub(crate) fn id(&'static self) -> VarId {
        // Relaxed: numbers only have to differ.
        *self.id.get_or_init(|| LAST_ID.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl<T: Clone + Send + Sync> ContextVar<T> {
    /// Its value in the current context, or else its default.
    ///
    /// # Panics
    /// If it has neither: use [`ContextVar::try_get`], or declare a default.
    #[track_caller]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// As [`ContextVar::get`]; `None` if it has neither value nor default.
    pub fn try_get(&'static self) -> Option<T> {
        self.try_with(T::clone)
    }

    /// Calls `look` with its value in the current context, or else with its default.
    ///
    /// # Panics
    /// As [`ContextVar::get`].
    #[track_caller]
    pub fn with<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        match self.try_with(look) {
            Some(result) => result,
            None => panic!(
                "the context variable `{}` has no value here and no default: set it before this task is \
                 spawned, ask with `try_get`, or declare it with `= default`",
                self.name,
            ),
        }
    }

    /// As [`ContextVar::with`]; `None` if it has neither value nor default.
    pub fn try_with<R>(&'static self, look: impl FnOnce(&T) -> R) -> Option<R> {
        if let Some(value) = place::find(self.id()) {
            return Some(look(value.get()));
        }
        let init = self.init?;
        Some(look(self.default.get_or_init(init)))
    }

    /// Gives it a value in the current context. The token takes that back, see [`ContextVar::reset`].
    pub fn set(&'static self, value: T) -> Token<T> {
        place::note_use();
        let context = place::current();
        let before = context.replace(self.id(), self.name, Some(Value::new(value)));
        Token { var: self, context, before }
    }

    /// Takes a change back: the variable is what it was before, also if that was not to be set.
    ///
    /// A token serves once, which the compiler sees to.
    ///
    /// # Errors
    /// If the token is of another variable or of another context; nothing is changed then, and the
    /// error gives the token back.
    pub fn reset(&'static self, token: Token<T>) -> Result<(), ResetError<T>> {
        if !std::ptr::eq(self, token.var) {
            return Err(ResetError { var: self, token, why: Why::OtherVariable });
        }
        if !token.context.is_same(&place::current()) {
            return Err(ResetError { var: self, token, why: Why::OtherContext });
        }
        let Token { context, before, .. } = token;
        drop(context.replace(self.id(), self.name, before));
        Ok(())
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContextVar").field(&self.name).finish()
    }
}

/// A change of a context variable, which can be [taken back](ContextVar::reset). Dropped, it does
/// nothing.
pub struct Token<T: 'static> {
    var: &'static ContextVar<T>,
    context: Context,
    before: Option<Value>,
}

impl<T> Token<T> {
    /// The variable that was changed.
    pub fn var(&self) -> &'static ContextVar<T> {
        self.var
    }
}

impl<T: Clone + Send + Sync> Token<T> {
    /// What it was set to before; `None` if it was not.
    pub fn old_value(&self) -> Option<T> {
        self.before.as_ref().map(|value| value.get::<T>().clone())
    }
}

impl<T> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("var", &self.var.name).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    OtherVariable,
    OtherContext,
}

/// A change that was not taken back; it has the token.
pub struct ResetError<T: 'static> {
    var: &'static ContextVar<T>,
    token: Token<T>,
    why: Why,
}

impl<T> ResetError<T> {
    /// The token, to be used where it belongs.
    pub fn into_token(self) -> Token<T> {
        self.token
    }

    /// Whether the token is another variable's.
    pub fn is_other_variable(&self) -> bool {
        self.why == Why::OtherVariable
    }

    /// Whether the token is of another context than the current one.
    pub fn is_other_context(&self) -> bool {
        self.why == Why::OtherContext
    }
}

impl<T> fmt::Display for ResetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::OtherVariable => write!(
                f,
                "the token is one of `{}`, not of `{}`: call `reset` of the variable that gave it",
                self.token.var.name, self.var.name,
            ),
            Why::OtherContext => write!(
                f,
                "`{}` was set in another context: reset it in the task, or within the `Context::run`, \
                 that set it",
                self.var.name,
            ),
        }
    }
}

impl<T> fmt::Debug for ResetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetError")
            .field("var", &self.var.name)
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl<T> std::error::Error for ResetError<T> {}
