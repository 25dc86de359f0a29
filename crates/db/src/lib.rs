//! One Db over SQLite and PostgreSQL: worker threads, group commit, dialects, migrations.
