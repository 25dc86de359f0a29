//! The integration tests: one binary, folders per domain.
