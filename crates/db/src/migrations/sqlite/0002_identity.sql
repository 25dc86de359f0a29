-- Agents' accounts: what they sign in with, where they are signed in, what they are told about it.

-- `agent.role` holds the words of all roles of an agent, with blanks between.
-- The name is none until the agent has enrolled.
ALTER TABLE agent ADD COLUMN name_sealed BLOB;
ALTER TABLE agent ADD COLUMN language TEXT NOT NULL DEFAULT 'en';

-- A way in that is used once and only before its end. The text of the link is not here.
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
-- A new one replaces the last.
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

-- A password never stands without the secret of its one-time passwords.
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

-- Keyed hashes; a used one is removed.
CREATE TABLE recovery_code (
    org BLOB NOT NULL,
    agent BLOB NOT NULL,
    code_index BLOB NOT NULL,
    PRIMARY KEY (org, agent, code_index),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
) STRICT, WITHOUT ROWID;

-- Between the two halves of setting up or using a passkey or a one-time password.
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

-- Failed attempts to sign in, by the keyed hash of whom they are counted for. Those of the whole
-- installation are counted under its oldest organisation, as nobody knows yet whose they are.
CREATE TABLE sign_in_attempt (
    org BLOB NOT NULL,
    counted_for BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (org, counted_for)
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_attempt_by_start ON sign_in_attempt (org, since);

-- What an agent is told about the own account at the next sign-in, and by mail.
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
