-- Every key begins with the organisation, so that the same schema can be distributed by it.
-- Times are microseconds since the epoch, ids 16 bytes, everything personal is sealed.

CREATE TABLE organisation (
    org BYTEA NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The epoch under which new data keys are wrapped.
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE agent (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    email_index BYTEA NOT NULL,
    email_sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX agent_by_email ON agent (org, email_index);

CREATE TABLE token (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (org, id)
);

-- Data inventory: a field exists only if this says what it is for.
CREATE TABLE data_field (
    org BYTEA NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    class BIGINT NOT NULL,
    purposes TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    retention BIGINT NOT NULL,
    mask TEXT NOT NULL,
    contact_kind TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX data_field_by_name ON data_field (org, name);

CREATE TABLE customer (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    merged_into BYTEA,
    erased_at BIGINT,
    PRIMARY KEY (org, id)
);
CREATE INDEX customer_by_merge ON customer (org, merged_into) WHERE merged_into IS NOT NULL;

-- Wrapped data keys of customers and of the organisation; backed up apart from everything else.
CREATE TABLE data_key (
    org BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    class BIGINT NOT NULL,
    version BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, subject, class, version)
);
CREATE INDEX data_key_by_epoch ON data_key (org, epoch, subject, class, version);

CREATE TABLE erasure (
    org BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    erased_at BIGINT NOT NULL,
    PRIMARY KEY (org, customer)
);

CREATE TABLE customer_value (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    field BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, customer) REFERENCES customer (org, id),
    FOREIGN KEY (org, field) REFERENCES data_field (org, id)
);
CREATE INDEX customer_value_by_customer ON customer_value (org, customer, field);

CREATE TABLE contact_point (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    kind TEXT NOT NULL,
    blind BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, customer) REFERENCES customer (org, id)
);
CREATE UNIQUE INDEX contact_point_by_blind ON contact_point (org, kind, blind);
CREATE INDEX contact_point_by_customer ON contact_point (org, customer);

CREATE TABLE conversation (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    subject_sealed BYTEA NOT NULL,
    subject_index BYTEA,
    assignee BYTEA,
    snoozed_until BIGINT,
    messages BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    activity_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, customer) REFERENCES customer (org, id),
    FOREIGN KEY (org, assignee) REFERENCES agent (org, id)
);
-- Each conversation stands in one of these two, so that a list of what nobody works on reads only
-- its own page; a list of all merges them. The assignee stands in them for SQLite, which asks for it.
CREATE INDEX conversation_unassigned ON conversation (org, state, activity_at, id, assignee)
    WHERE assignee IS NULL;
CREATE INDEX conversation_assigned ON conversation (org, state, activity_at, id, assignee)
    WHERE assignee IS NOT NULL;
CREATE INDEX conversation_by_assignee ON conversation (org, assignee, state, activity_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX conversation_by_customer ON conversation (org, customer, activity_at, id);
CREATE INDEX conversation_by_subject ON conversation (org, customer, subject_index, activity_at) WHERE subject_index IS NOT NULL;
CREATE INDEX conversation_by_snooze ON conversation (org, snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE INDEX conversation_by_change ON conversation (org, changed_at, id);

CREATE TABLE participant (
    org BYTEA NOT NULL,
    conversation BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (org, conversation, customer),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
);
CREATE INDEX participant_by_customer ON participant (org, customer);

CREATE TABLE message (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    conversation BYTEA NOT NULL,
    -- Whose key seals it: its author among the customers, or the conversation's customer.
    customer BYTEA NOT NULL,
    direction TEXT NOT NULL,
    nature TEXT NOT NULL,
    sealed BYTEA,
    authentication TEXT NOT NULL,
    bounced_at BIGINT,
    size BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
);
CREATE INDEX message_by_conversation ON message (org, conversation, received_at, id);
CREATE INDEX message_by_customer ON message (org, customer, id);

CREATE TABLE attachment (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    message BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    position BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    size BIGINT NOT NULL,
    description_sealed BYTEA NOT NULL,
    key_sealed BYTEA NOT NULL,
    -- The sealed chunks when they are small; otherwise the blob store's random name.
    content BYTEA,
    blob_name BYTEA,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, message) REFERENCES message (org, id)
);
CREATE INDEX attachment_by_message ON attachment (org, message, position);
CREATE INDEX attachment_by_customer ON attachment (org, customer, id);

-- Blobs to be removed from the store once the change that orphaned them is durable.
CREATE TABLE blob_removal (
    org BYTEA NOT NULL,
    blob_name BYTEA NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (org, blob_name)
);

-- Message-IDs (keyed hashes) and the message that bears each. A mail that mentions one which has
-- not come yet leaves a row without a message: whoever bears it later meets it there.
CREATE TABLE mail_reference (
    org BYTEA NOT NULL,
    reference BYTEA NOT NULL,
    conversation BYTEA,
    message BYTEA,
    PRIMARY KEY (org, reference)
);
CREATE INDEX mail_reference_by_conversation ON mail_reference (org, conversation) WHERE conversation IS NOT NULL;

-- Conversations that mention a Message-ID which has not come yet.
CREATE TABLE mail_mention (
    org BYTEA NOT NULL,
    reference BYTEA NOT NULL,
    conversation BYTEA NOT NULL,
    PRIMARY KEY (org, reference, conversation)
);
CREATE INDEX mail_mention_by_conversation ON mail_mention (org, conversation);

-- What has arrived: the same Message-ID with the same content is one mail.
CREATE TABLE mail_arrival (
    org BYTEA NOT NULL,
    reference BYTEA NOT NULL,
    identity BYTEA NOT NULL,
    message BYTEA,
    quarantine BYTEA,
    PRIMARY KEY (org, reference, identity)
);
CREATE INDEX mail_arrival_by_quarantine ON mail_arrival (org, quarantine) WHERE quarantine IS NOT NULL;

CREATE TABLE quarantine (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    reason TEXT NOT NULL,
    size BIGINT NOT NULL,
    key_sealed BYTEA NOT NULL,
    content BYTEA,
    blob_name BYTEA,
    received_at BIGINT NOT NULL,
    released_at BIGINT,
    PRIMARY KEY (org, id)
);

CREATE TABLE note (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    conversation BYTEA NOT NULL,
    customer BYTEA NOT NULL,
    author TEXT NOT NULL,
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
);
CREATE INDEX note_by_conversation ON note (org, conversation, created_at, id);
CREATE INDEX note_by_customer ON note (org, customer, id);

CREATE TABLE label (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX label_by_name ON label (org, name);

-- State and activity are repeated here, so that a list by label reads only its own page.
CREATE TABLE conversation_label (
    org BYTEA NOT NULL,
    conversation BYTEA NOT NULL,
    label BYTEA NOT NULL,
    state TEXT NOT NULL,
    activity_at BIGINT NOT NULL,
    PRIMARY KEY (org, conversation, label),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id),
    FOREIGN KEY (org, label) REFERENCES label (org, id)
);
CREATE INDEX conversation_label_by_state ON conversation_label (org, label, state, activity_at, conversation);

CREATE TABLE conversation_event (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    conversation BYTEA NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
);
CREATE INDEX conversation_event_by_conversation ON conversation_event (org, conversation, at, id);

CREATE TABLE audit_entry (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    -- The customer it is about, or the organisation itself.
    subject BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    previous BYTEA NOT NULL,
    body_hash BYTEA NOT NULL,
    commitment BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    at BIGINT NOT NULL,
    leaf BIGINT,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX audit_entry_by_chain ON audit_entry (org, subject, sequence);
CREATE UNIQUE INDEX audit_entry_by_leaf ON audit_entry (org, leaf) WHERE leaf IS NOT NULL;
CREATE INDEX audit_entry_to_fold ON audit_entry (org, id) WHERE leaf IS NULL;

CREATE TABLE audit_head (
    org BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    commitment BYTEA NOT NULL,
    PRIMARY KEY (org, subject)
);

CREATE TABLE log_state (
    org BYTEA NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL
);

CREATE TABLE log_tile (
    org BYTEA NOT NULL,
    level BIGINT NOT NULL,
    tile BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (org, level, tile)
);

CREATE TABLE log_checkpoint (
    org BYTEA NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org, size)
);
