//! The HTTP entry: routes, limits, problem details.
