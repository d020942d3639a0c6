//! The event loop of corio: turns, the ready queue, mail from other threads.
