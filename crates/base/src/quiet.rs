//! Dropping what is a program's, where a panic has nobody to go to: values at the end of a loop, the
//! payloads of panics that were caught and told of. Never called under a lock.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Drops `value`, and survives the panic of its destructor, which the panic hook has told of. What the
/// payload of that panic panics with in its turn is leaked, unless it is a text: the smaller harm.
pub fn drop_quietly<T>(value: T) {
    // Unwind safe: nobody sees the value any more.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Err(text) if text.is::<&str>() || text.is::<String>() => drop(text),
            Err(unknown) => std::mem::forget(unknown),
            Ok(()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::drop_quietly;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Fuse);
        }
    }

    struct Fuse;

    impl Drop for Fuse {
        fn drop(&mut self) {
            panic!("once more");
        }
    }

    #[test]
    fn a_destructor_that_panics_harms_nobody() {
        drop_quietly(Bomb);
    }
}
