-- A folder on a mail server that is read by IMAP: where, as whom, and how far.
CREATE TABLE mailbox (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    security TEXT NOT NULL,
    authority TEXT,
    method TEXT NOT NULL,
    user_sealed BYTEA NOT NULL,
    secret_sealed BYTEA NOT NULL,
    folder TEXT NOT NULL,
    -- Where mail goes once it is taken in; without it, mail is marked and stays.
    move_to TEXT,
    since BIGINT,
    -- Counts the changes of the settings, so that whoever reads it notices.
    revision BIGINT NOT NULL,
    paused BIGINT NOT NULL,
    uid_validity BIGINT,
    uid_done BIGINT NOT NULL,
    succeeded_at BIGINT,
    failed_at BIGINT,
    trouble TEXT,
    taken BIGINT NOT NULL,
    left_alone BIGINT NOT NULL,
    -- Who reads it, and until when nobody else may.
    holder BYTEA,
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
