//! One future on the heap: the task cell of corio, its wakers and its join handle.
