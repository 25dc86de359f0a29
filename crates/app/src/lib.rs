//! The domains: what the product does, one folder each.
