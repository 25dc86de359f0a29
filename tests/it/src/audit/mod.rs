//! The audit log where only real servers and real processes show: several nodes on one PostgreSQL.

mod folding;
mod nodes;
