//! What docs/benchmarks.md reports, runnable by one command.
