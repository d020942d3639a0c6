//! Attribute macros of corio: main and test.
