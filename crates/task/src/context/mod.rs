//! Context variables: values that follow the code that is run for one purpose, through every task it
//! spawns and every callback it leaves.
//!
//! ```
//! use corio_task::{Context, context_var};
//!
//! context_var! {
//!     /// Whom the work is for.
//!     static USER: String = "nobody".to_owned();
//! }
//!
//! let context = Context::new();
//! context.run(|| {
//!     USER.set("ada".to_owned());
//!     assert_eq!(USER.get(), "ada");
//! });
//! assert_eq!(USER.get(), "nobody");
//! assert_eq!(context.get(&USER).as_deref(), Some("ada"));
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`map`] | the values, as data |
//! | [`var`] | a variable, its tokens, its errors |
//! | [`place`] | which context is the current one, and where a task keeps its own |
//!
//! A program that sets no variable pays one look at a flag per spawn.

pub(crate) mod map;
pub(crate) mod place;
pub(crate) mod var;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::more::lock;
use map::{Map, Value, VarId};
pub use place::Each;
use var::ContextVar;

/// The values of all context variables for some task, callback or stretch of code.
///
/// Each task has one, which begins as a copy of its spawner's; so has each callback; where nothing of
/// the kind runs, the thread has one. [`ContextVar::set`] changes the current one.
///
/// A `Context` is shared: clones are the same one, and what is set in it is seen by all who have it.
/// [`Context::fork`] and [`Context::copy`] make new ones, at the price of one allocation however many
/// variables are set. It may be [entered](Context::run) by several at a time, also on several threads:
/// each change is one step.
#[derive(Clone)]
pub struct Context(Arc<Mutex<Map>>);

impl Context {
    /// A context in which no variable is set.
    pub fn new() -> Context {
        Context::of(Map::EMPTY)
    }

    fn of(map: Map) -> Context {
        Context(Arc::new(Mutex::new(map)))
    }

    /// A new context with the values of the current one.
    #[doc(alias = "copy_context")]
    pub fn copy() -> Context {
        Context::of(place::current_map())
    }

    /// The current context itself: the task's that is being polled, the callback's, the one that was
    /// entered, or else the thread's.
    pub fn current() -> Context {
        place::current()
    }

    /// A new context with the values of this one.
    pub fn fork(&self) -> Context {
        Context::of(self.map())
    }

    /// Calls `f` with this as the current context. What `f` sets stays in it; what `f` spawns begins
    /// with a copy of it.
    ///
    /// ```
    /// use corio_task::{Context, context_var};
    ///
    /// context_var! { static DEPTH: u32 = 0; }
    ///
    /// let context = Context::copy();
    /// context.run(|| DEPTH.set(3));
    /// assert_eq!((context.get(&DEPTH), DEPTH.get()), (Some(3), 0));
    /// ```
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        place::within(self, f)
    }

    /// Calls `f`, which enters contexts one after the other with what it is given: for a loop that calls back
    /// many who each have a context of their own.
    ///
    /// ```
    /// use corio_task::{Context, context_var};
    ///
    /// context_var! { static DEPTH: u32 = 0; }
    ///
    /// let contexts = [Context::copy(), Context::copy()];
    /// Context::run_each(|each| {
    ///     for (depth, context) in (1..).zip(&contexts) {
    ///         each.run(context, || DEPTH.set(depth));
    ///     }
    /// });
    /// assert_eq!((contexts[0].get(&DEPTH), contexts[1].get(&DEPTH)), (Some(1), Some(2)));
    /// assert_eq!(DEPTH.get(), 0);
    /// ```
    #[doc(hidden)]
    pub fn run_each<R>(f: impl FnOnce(&Each) -> R) -> R {
        place::within_each(f)
    }

    /// What `var` is set to here, if it is; its default does not count.
    pub fn get<T: Clone + Send + Sync>(&self, var: &'static ContextVar<T>) -> Option<T> {
        self.find(var.id()).map(|value| value.get::<T>().clone())
    }

    /// How many variables are set.
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// Whether no variable is set.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// The names and values of the variables that are set, as they are at this moment.
    pub fn iter(&self) -> Variables {
        Variables { map: self.map(), next: 0 }
    }

    /// Whether both are the same one, not only alike.
    pub fn is_same(&self, other: &Context) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn map(&self) -> Map {
        lock(&self.0).clone()
    }

    pub(crate) fn find(&self, id: VarId) -> Option<Value> {
        lock(&self.0).get(id).cloned()
    }

    /// Sets a variable or takes it out. What it was is handed out, to be dropped by the caller.
    pub(crate) fn replace(
        &self,
        id: VarId,
        name: &'static str,
        value: Option<Value>,
    ) -> Option<Value> {
        lock(&self.0).replace(id, name, value)
    }
}

impl Default for Context {
    fn default() -> Self {
        Context::new()
    }
}

impl IntoIterator for &Context {
    type Item = Variable;
    type IntoIter = Variables;

    fn into_iter(self) -> Variables {
        self.iter()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.map()).finish()
    }
}

/// The variables that were set in a context when it was [asked](Context::iter).
#[derive(Debug, Clone)]
pub struct Variables {
    map: Map,
    next: usize,
}

impl Iterator for Variables {
    type Item = Variable;

    fn next(&mut self) -> Option<Variable> {
        let (name, value) = self.map.iter().nth(self.next)?;
        self.next += 1;
        Some(Variable { name, value: value.clone() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.map.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Variables {}

/// A variable that is set in some context, and its value.
#[derive(Clone)]
pub struct Variable {
    name: &'static str,
    value: Value,
}

impl Variable {
    /// What the variable is called in its [`context_var!`](crate::context_var).
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its value, to be looked into by `downcast_ref`.
    pub fn value(&self) -> &(dyn Any + Send + Sync) {
        self.value.any()
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Variable").field(&self.name).finish()
    }
}
