-- Mail that leaves: whose addresses it leaves by, through which servers, and where each mail stands.

CREATE TABLE own_address (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    blind BLOB NOT NULL,
    sealed BLOB NOT NULL,
    is_default INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX own_address_by_blind ON own_address (org, blind);

-- One for all addresses, under the organisation's own id, and one for each address that has another.
CREATE TABLE mail_server (
    org BLOB NOT NULL,
    scope BLOB NOT NULL,
    sealed BLOB NOT NULL,
    -- How often in a row it could not be used, and when it is tried again.
    failures INTEGER NOT NULL,
    retry_at INTEGER,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (org, scope)
) STRICT, WITHOUT ROWID;

-- Who sends an organisation's mail at this moment, and how long a mail can be taken back.
CREATE TABLE mail_out (
    org BLOB NOT NULL PRIMARY KEY,
    holder BLOB,
    held_until INTEGER,
    undo_seconds INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE outgoing_mail (
    org BLOB NOT NULL,
    message BLOB NOT NULL,
    conversation BLOB NOT NULL,
    customer BLOB NOT NULL,
    own_address BLOB NOT NULL,
    author TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Recipients with what became of each, and how the mail hangs in its thread.
    sealed BLOB,
    -- When it is due next; none when nothing is left to do.
    due_at INTEGER,
    tries INTEGER NOT NULL,
    -- How often nobody knows whether the server took it.
    doubts INTEGER NOT NULL,
    -- Where the conversation stood before, should the mail be taken back.
    state_before TEXT NOT NULL,
    snooze_before INTEGER,
    state_after TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (org, message),
    FOREIGN KEY (org, message) REFERENCES message (org, id)
) STRICT;
CREATE INDEX outgoing_mail_by_turn ON outgoing_mail (org, own_address, created_at, message) WHERE due_at IS NOT NULL;
CREATE INDEX outgoing_mail_by_conversation ON outgoing_mail (org, conversation, created_at, message)
    WHERE due_at IS NOT NULL;
CREATE INDEX outgoing_mail_by_failure ON outgoing_mail (org, message) WHERE state = 'failed';
CREATE INDEX outgoing_mail_by_customer ON outgoing_mail (org, customer, message);
