//! Unix signals as futures, usable in any executor.
