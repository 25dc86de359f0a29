//! The only binary: command line, configuration, start-up.
