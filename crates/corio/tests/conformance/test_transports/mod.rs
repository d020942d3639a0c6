//! What a transport can be asked.

mod transport_tests;
