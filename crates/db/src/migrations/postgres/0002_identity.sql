-- Agents' accounts: what they sign in with, where they are signed in, what they are told about it.

-- `agent.role` holds the words of all roles of an agent, with blanks between.
-- The name is none until the agent has enrolled.
ALTER TABLE agent ADD COLUMN name_sealed BYTEA;
ALTER TABLE agent ADD COLUMN language TEXT NOT NULL DEFAULT 'en';

-- A way in that is used once and only before its end. The text of the link is not here.
CREATE TABLE invitation (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    agent BYTEA NOT NULL,
    kind TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
);
-- A new one replaces the last.
CREATE UNIQUE INDEX invitation_by_agent ON invitation (org, agent);

CREATE TABLE passkey (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    agent BYTEA NOT NULL,
    credential_index BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
);
CREATE INDEX passkey_by_agent ON passkey (org, agent);
CREATE UNIQUE INDEX passkey_by_credential ON passkey (org, credential_index);

-- A password never stands without the secret of its one-time passwords.
CREATE TABLE password (
    org BYTEA NOT NULL,
    agent BYTEA NOT NULL,
    hash_sealed BYTEA NOT NULL,
    totp_sealed BYTEA NOT NULL,
    -- The last time step whose one-time password was taken: none is taken twice.
    totp_step BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (org, agent),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
);

-- Keyed hashes; a used one is removed.
CREATE TABLE recovery_code (
    org BYTEA NOT NULL,
    agent BYTEA NOT NULL,
    code_index BYTEA NOT NULL,
    PRIMARY KEY (org, agent, code_index),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
);

-- Between the two halves of setting up or using a passkey or a one-time password.
CREATE TABLE ceremony (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    -- None when somebody signs in and nobody knows yet who.
    agent BYTEA,
    kind TEXT NOT NULL,
    state_sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX ceremony_by_end ON ceremony (org, expires_at);

CREATE TABLE session (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    agent BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    strength TEXT NOT NULL,
    -- Source and browser, sealed.
    place_sealed BYTEA NOT NULL,
    signed_in_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
);
CREATE INDEX session_by_agent ON session (org, agent, signed_in_at);
CREATE INDEX session_by_start ON session (org, signed_in_at);

-- Failed attempts to sign in, by the keyed hash of whom they are counted for. Those of the whole
-- installation are counted under its oldest organisation, as nobody knows yet whose they are.
CREATE TABLE sign_in_attempt (
    org BYTEA NOT NULL,
    counted_for BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (org, counted_for)
);
CREATE INDEX sign_in_attempt_by_start ON sign_in_attempt (org, since);

-- What an agent is told about the own account at the next sign-in, and by mail.
CREATE TABLE agent_notice (
    org BYTEA NOT NULL,
    id BYTEA NOT NULL,
    agent BYTEA NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    seen_at BIGINT,
    mailed_at BIGINT,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, agent) REFERENCES agent (org, id)
);
CREATE INDEX agent_notice_unseen ON agent_notice (org, agent, id) WHERE seen_at IS NULL;
CREATE INDEX agent_notice_unmailed ON agent_notice (org, id) WHERE mailed_at IS NULL;
