-- What the desk shows and keeps besides: the language that a conversation was begun in, and drafts.

-- ISO 639-1, as the words of the first message tell; none when they do not.
ALTER TABLE conversation ADD COLUMN language TEXT;

-- What an agent has written and not sent, one for each agent and conversation.
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

-- As for the tables before: the organisation alone tells nothing apart.
ANALYZE draft;
INSERT INTO sqlite_stat1 (tbl, idx, stat)
    SELECT tbl_name, name, '1000000 1000000' FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'draft'
    UNION ALL
    SELECT name, name, '1000000 1000000' FROM sqlite_schema WHERE type = 'table' AND name = 'draft';
ANALYZE sqlite_schema;
