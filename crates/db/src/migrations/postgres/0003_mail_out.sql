-- Mail that leaves: whose addresses it leaves by, through which servers, and where each mail stands.

CREATE TABLE own_address (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    blind BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    is_default BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX own_address_by_blind ON own_address (org, blind);

-- One for all addresses, under the organisation's own id, and one for each address that has another.
CREATE TABLE mail_server (
    org BYTEA NOT NULL,
    scope BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    -- How often in a row it could not be used, and when it is tried again.
    failures BIGINT NOT NULL,
    retry_at BIGINT,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (org, scope)
);

-- Who sends an organisation's mail at this moment, and how long a mail can be taken back.
CREATE TABLE mail_out (
    org BYTEA NOT NULL PRIMARY KEY,
    holder BYTEA,
    held_until BIGINT,
    undo_seconds BIGINT
);

CREATE TABLE outgoing_mail (
    org BYTEA NOT NULL,
    message BYTEA NOT NULL,
    conversation BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    own_address BYTEA NOT NULL,
    author TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Recipients with what became of each, and how the mail hangs in its thread.
    sealed BYTEA,
    -- When it is due next; none when nothing is left to do.
    due_at BIGINT,
    tries BIGINT NOT NULL,
    -- How often nobody knows whether the server took it.
    doubts BIGINT NOT NULL,
    -- Where the conversation stood before, should the mail be taken back.
    state_before TEXT NOT NULL,
    snooze_before BIGINT,
    state_after TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (org, message),
    FOREIGN KEY (org, message) REFERENCES message (org, id)
);
CREATE INDEX outgoing_mail_by_turn ON outgoing_mail (org, own_address, created_at, message) WHERE due_at IS NOT NULL;
CREATE INDEX outgoing_mail_by_conversation ON outgoing_mail (org, conversation, created_at, message)
    WHERE due_at IS NOT NULL;
CREATE INDEX outgoing_mail_by_failure ON outgoing_mail (org, message) WHERE state = 'failed';
CREATE INDEX outgoing_mail_by_customer ON outgoing_mail (org, customer, message);
