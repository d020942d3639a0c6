//! TCP as futures, usable in any executor.
