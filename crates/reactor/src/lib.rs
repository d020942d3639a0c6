//! Readiness of file descriptors as futures, usable in any executor.
