//! What tests share: a private PostgreSQL cluster, a fake clock, both engines, mail makers.
