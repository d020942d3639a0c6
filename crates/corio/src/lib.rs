//! An async runtime that gives Rust what asyncio promises.
