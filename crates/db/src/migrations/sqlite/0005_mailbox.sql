-- A folder on a mail server that is read by IMAP: where, as whom, and how far.
CREATE TABLE mailbox (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    security TEXT NOT NULL,
    authority TEXT,
    method TEXT NOT NULL,
    user_sealed BLOB NOT NULL,
    secret_sealed BLOB NOT NULL,
    folder TEXT NOT NULL,
    -- Where mail goes once it is taken in; without it, mail is marked and stays.
    move_to TEXT,
    since INTEGER,
    -- Counts the changes of the settings, so that whoever reads it notices.
    revision INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    uid_validity INTEGER,
    uid_done INTEGER NOT NULL,
    succeeded_at INTEGER,
    failed_at INTEGER,
    trouble TEXT,
    taken INTEGER NOT NULL,
    left_alone INTEGER NOT NULL,
    -- Who reads it, and until when nobody else may.
    holder BLOB,
    lease_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
