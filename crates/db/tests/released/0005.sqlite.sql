-- The schema as this version released it, to upgrade from. Never changed after the release.
CREATE TABLE schema_version (
    number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, fingerprint TEXT NOT NULL, applied_at BIGINT NOT NULL);
CREATE TABLE organisation (
    org BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The epoch under which new data keys are wrapped.
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE agent (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    email_index BLOB NOT NULL,
    email_sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL, name_sealed BLOB, language TEXT NOT NULL DEFAULT 'en',
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX agent_by_email ON agent (org, email_index);
CREATE TABLE token (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE data_field (
    org BLOB NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    class INTEGER NOT NULL,
    purposes TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    retention INTEGER NOT NULL,
    mask TEXT NOT NULL,
    contact_kind TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX data_field_by_name ON data_field (org, name);
CREATE TABLE customer (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    merged_into BLOB,
    erased_at INTEGER,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_by_merge ON customer (org, merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE data_key (
    org BLOB NOT NULL,
    subject BLOB NOT NULL,
    class INTEGER NOT NULL,
    version INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, subject, class, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX data_key_by_epoch ON data_key (org, epoch, subject, class, version);
CREATE TABLE erasure (
    org BLOB NOT NULL,
    customer BLOB NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (org, customer)
) STRICT, WITHOUT ROWID;
CREATE TABLE customer_value (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    customer BLOB NOT NULL,
    field INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, customer) REFERENCES customer (org, id),
    FOREIGN KEY (org, field) REFERENCES data_field (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_value_by_customer ON customer_value (org, customer, field);
CREATE TABLE contact_point (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    customer BLOB NOT NULL,
    kind TEXT NOT NULL,
    blind BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, customer) REFERENCES customer (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX contact_point_by_blind ON contact_point (org, kind, blind);
CREATE INDEX contact_point_by_customer ON contact_point (org, customer);
CREATE TABLE conversation (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    customer BLOB NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    subject_sealed BLOB NOT NULL,
    subject_index BLOB,
    assignee BLOB,
    snoozed_until INTEGER,
    messages INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    activity_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL, language TEXT,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, customer) REFERENCES customer (org, id),
    FOREIGN KEY (org, assignee) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
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
    org BLOB NOT NULL,
    conversation BLOB NOT NULL,
    customer BLOB NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (org, conversation, customer),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX participant_by_customer ON participant (org, customer);
CREATE TABLE message (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation BLOB NOT NULL,
    -- Whose key seals it: its author among the customers, or the conversation's customer.
    customer BLOB NOT NULL,
    direction TEXT NOT NULL,
    nature TEXT NOT NULL,
    sealed BLOB,
    authentication TEXT NOT NULL,
    bounced_at INTEGER,
    size INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
) STRICT;
CREATE INDEX message_by_conversation ON message (org, conversation, received_at, id);
CREATE INDEX message_by_customer ON message (org, customer, id);
CREATE TABLE attachment (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    message BLOB NOT NULL,
    customer BLOB NOT NULL,
    position INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    size INTEGER NOT NULL,
    description_sealed BLOB NOT NULL,
    key_sealed BLOB NOT NULL,
    -- The sealed chunks when they are small; otherwise the blob store's random name.
    content BLOB,
    blob_name BLOB,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, message) REFERENCES message (org, id)
) STRICT;
CREATE INDEX attachment_by_message ON attachment (org, message, position);
CREATE INDEX attachment_by_customer ON attachment (org, customer, id);
CREATE TABLE blob_removal (
    org BLOB NOT NULL,
    blob_name BLOB NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (org, blob_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE mail_reference (
    org BLOB NOT NULL,
    reference BLOB NOT NULL,
    conversation BLOB,
    message BLOB,
    PRIMARY KEY (org, reference)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_reference_by_conversation ON mail_reference (org, conversation) WHERE conversation IS NOT NULL;
CREATE TABLE mail_mention (
    org BLOB NOT NULL,
    reference BLOB NOT NULL,
    conversation BLOB NOT NULL,
    PRIMARY KEY (org, reference, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_mention_by_conversation ON mail_mention (org, conversation);
CREATE TABLE mail_arrival (
    org BLOB NOT NULL,
    reference BLOB NOT NULL,
    identity BLOB NOT NULL,
    message BLOB,
    quarantine BLOB,
    PRIMARY KEY (org, reference, identity)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_arrival_by_quarantine ON mail_arrival (org, quarantine) WHERE quarantine IS NOT NULL;
CREATE TABLE quarantine (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    reason TEXT NOT NULL,
    size INTEGER NOT NULL,
    key_sealed BLOB NOT NULL,
    content BLOB,
    blob_name BLOB,
    received_at INTEGER NOT NULL,
    released_at INTEGER,
    PRIMARY KEY (org, id)
) STRICT;
CREATE TABLE note (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation BLOB NOT NULL,
    customer BLOB NOT NULL,
    author TEXT NOT NULL,
    sealed BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX note_by_conversation ON note (org, conversation, created_at, id);
CREATE INDEX note_by_customer ON note (org, customer, id);
CREATE TABLE label (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX label_by_name ON label (org, name);
CREATE TABLE conversation_label (
    org BLOB NOT NULL,
    conversation BLOB NOT NULL,
    label BLOB NOT NULL,
    state TEXT NOT NULL,
    activity_at INTEGER NOT NULL,
    PRIMARY KEY (org, conversation, label),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id),
    FOREIGN KEY (org, label) REFERENCES label (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_label_by_state ON conversation_label (org, label, state, activity_at, conversation);
CREATE TABLE conversation_event (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation BLOB NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_event_by_conversation ON conversation_event (org, conversation, at, id);
CREATE TABLE audit_entry (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    -- The customer it is about, or the organisation itself.
    subject BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    previous BLOB NOT NULL,
    body_hash BLOB NOT NULL,
    commitment BLOB NOT NULL,
    sealed BLOB NOT NULL,
    at INTEGER NOT NULL,
    leaf INTEGER,
    PRIMARY KEY (org, id)
) STRICT;
CREATE UNIQUE INDEX audit_entry_by_chain ON audit_entry (org, subject, sequence);
CREATE UNIQUE INDEX audit_entry_by_leaf ON audit_entry (org, leaf) WHERE leaf IS NOT NULL;
CREATE INDEX audit_entry_to_fold ON audit_entry (org, id) WHERE leaf IS NULL;
CREATE TABLE audit_head (
    org BLOB NOT NULL,
    subject BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    commitment BLOB NOT NULL,
    PRIMARY KEY (org, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_state (
    org BLOB NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE log_tile (
    org BLOB NOT NULL,
    level INTEGER NOT NULL,
    tile INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (org, level, tile)
) STRICT;
CREATE TABLE log_checkpoint (
    org BLOB NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (org, size)
) STRICT;
CREATE TABLE invitation (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    agent BLOB NOT NULL,
    kind TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitation_by_agent ON invitation (org, agent);
CREATE TABLE passkey (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    agent BLOB NOT NULL,
    credential_index BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_by_agent ON passkey (org, agent);
CREATE UNIQUE INDEX passkey_by_credential ON passkey (org, credential_index);
CREATE TABLE password (
    org BLOB NOT NULL,
    agent BLOB NOT NULL,
    hash_sealed BLOB NOT NULL,
    totp_sealed BLOB NOT NULL,
    -- The last time step whose one-time password was taken: none is taken twice.
    totp_step INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (org, agent),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE recovery_code (
    org BLOB NOT NULL,
    agent BLOB NOT NULL,
    code_index BLOB NOT NULL,
    PRIMARY KEY (org, agent, code_index),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE ceremony (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    -- None when somebody signs in and nobody knows yet who.
    agent BLOB,
    kind TEXT NOT NULL,
    state_sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ceremony_by_end ON ceremony (org, expires_at);
CREATE TABLE session (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    agent BLOB NOT NULL,
    secret_hash BLOB NOT NULL,
    strength TEXT NOT NULL,
    -- Source and browser, sealed.
    place_sealed BLOB NOT NULL,
    signed_in_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_agent ON session (org, agent, signed_in_at);
CREATE INDEX session_by_start ON session (org, signed_in_at);
CREATE TABLE sign_in_attempt (
    org BLOB NOT NULL,
    counted_for BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (org, counted_for)
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_attempt_by_start ON sign_in_attempt (org, since);
CREATE TABLE agent_notice (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    agent BLOB NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    seen_at INTEGER,
    mailed_at INTEGER,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_notice_unseen ON agent_notice (org, agent, id) WHERE seen_at IS NULL;
CREATE INDEX agent_notice_unmailed ON agent_notice (org, id) WHERE mailed_at IS NULL;
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
CREATE TABLE draft (
    org BLOB NOT NULL,
    conversation BLOB NOT NULL,
    agent BLOB NOT NULL,
    -- Another one each time: it binds what is sealed to this row.
    id BLOB NOT NULL,
    -- Whose key seals it.
    customer BLOB NOT NULL,
    sealed BLOB NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (org, conversation, agent),
    FOREIGN KEY (org, conversation) REFERENCES conversation (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX draft_by_customer ON draft (org, customer);
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
INSERT INTO schema_version VALUES (1, '0001_engine_room', 'a8f5da1b458a11dd', 0);
INSERT INTO schema_version VALUES (2, '0002_identity', '2ac24fe8607c199b', 0);
INSERT INTO schema_version VALUES (3, '0003_mail_out', '9cd274215b741235', 0);
INSERT INTO schema_version VALUES (4, '0004_desk', 'b5e4f132446a2368', 0);
INSERT INTO schema_version VALUES (5, '0005_mailbox', '0a7c0a7deec9937c', 0);
