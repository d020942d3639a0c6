//! corio's layers inside other people's runtimes.
