//! Workloads that measure corio beside its peers.
