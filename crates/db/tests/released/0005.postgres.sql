-- The schema as this version released it, to upgrade from. Never changed after the release.
CREATE TABLE public.agent (
    org bytea NOT NULL,
    id bytea NOT NULL,
    role text NOT NULL,
    state text NOT NULL,
    email_index bytea NOT NULL,
    email_sealed bytea NOT NULL,
    created_at bigint NOT NULL,
    name_sealed bytea,
    language text DEFAULT 'en'::text NOT NULL
);
CREATE TABLE public.agent_notice (
    org bytea NOT NULL,
    id bytea NOT NULL,
    agent bytea NOT NULL,
    kind text NOT NULL,
    at bigint NOT NULL,
    seen_at bigint,
    mailed_at bigint
);
CREATE TABLE public.attachment (
    org bytea NOT NULL,
    id bytea NOT NULL,
    message bytea NOT NULL,
    customer bytea NOT NULL,
    "position" bigint NOT NULL,
    purpose text NOT NULL,
    size bigint NOT NULL,
    description_sealed bytea NOT NULL,
    key_sealed bytea NOT NULL,
    content bytea,
    blob_name bytea
);
CREATE TABLE public.audit_entry (
    org bytea NOT NULL,
    id bytea NOT NULL,
    subject bytea NOT NULL,
    sequence bigint NOT NULL,
    previous bytea NOT NULL,
    body_hash bytea NOT NULL,
    commitment bytea NOT NULL,
    sealed bytea NOT NULL,
    at bigint NOT NULL,
    leaf bigint
);
CREATE TABLE public.audit_head (
    org bytea NOT NULL,
    subject bytea NOT NULL,
    sequence bigint NOT NULL,
    commitment bytea NOT NULL
);
CREATE TABLE public.blob_removal (
    org bytea NOT NULL,
    blob_name bytea NOT NULL,
    due_at bigint NOT NULL
);
CREATE TABLE public.ceremony (
    org bytea NOT NULL,
    id bytea NOT NULL,
    agent bytea,
    kind text NOT NULL,
    state_sealed bytea NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.contact_point (
    org bytea NOT NULL,
    id bytea NOT NULL,
    customer bytea NOT NULL,
    kind text NOT NULL,
    blind bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.conversation (
    org bytea NOT NULL,
    id bytea NOT NULL,
    customer bytea NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    subject_sealed bytea NOT NULL,
    subject_index bytea,
    assignee bytea,
    snoozed_until bigint,
    messages bigint NOT NULL,
    answered bigint NOT NULL,
    created_at bigint NOT NULL,
    activity_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    language text
);
CREATE TABLE public.conversation_event (
    org bytea NOT NULL,
    id bytea NOT NULL,
    conversation bytea NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    detail text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.conversation_label (
    org bytea NOT NULL,
    conversation bytea NOT NULL,
    label bytea NOT NULL,
    state text NOT NULL,
    activity_at bigint NOT NULL
);
CREATE TABLE public.customer (
    org bytea NOT NULL,
    id bytea NOT NULL,
    kind text NOT NULL,
    created_at bigint NOT NULL,
    merged_into bytea,
    erased_at bigint
);
CREATE TABLE public.customer_value (
    org bytea NOT NULL,
    id bytea NOT NULL,
    customer bytea NOT NULL,
    field bigint NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.data_field (
    org bytea NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    label text NOT NULL,
    class bigint NOT NULL,
    purposes text NOT NULL,
    legal_basis text NOT NULL,
    retention bigint NOT NULL,
    mask text NOT NULL,
    contact_kind text,
    created_at bigint NOT NULL
);
CREATE TABLE public.data_key (
    org bytea NOT NULL,
    subject bytea NOT NULL,
    class bigint NOT NULL,
    version bigint NOT NULL,
    epoch bigint NOT NULL,
    wrapped bytea NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.draft (
    org bytea NOT NULL,
    conversation bytea NOT NULL,
    agent bytea NOT NULL,
    id bytea NOT NULL,
    customer bytea NOT NULL,
    sealed bytea NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE public.erasure (
    org bytea NOT NULL,
    customer bytea NOT NULL,
    erased_at bigint NOT NULL
);
CREATE TABLE public.invitation (
    org bytea NOT NULL,
    id bytea NOT NULL,
    agent bytea NOT NULL,
    kind text NOT NULL,
    secret_hash bytea NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.label (
    org bytea NOT NULL,
    id bytea NOT NULL,
    name text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.log_checkpoint (
    org bytea NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.log_state (
    org bytea NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL
);
CREATE TABLE public.log_tile (
    org bytea NOT NULL,
    level bigint NOT NULL,
    tile bigint NOT NULL,
    hashes bytea NOT NULL
);
CREATE TABLE public.mail_arrival (
    org bytea NOT NULL,
    reference bytea NOT NULL,
    identity bytea NOT NULL,
    message bytea,
    quarantine bytea
);
CREATE TABLE public.mail_mention (
    org bytea NOT NULL,
    reference bytea NOT NULL,
    conversation bytea NOT NULL
);
CREATE TABLE public.mail_out (
    org bytea NOT NULL,
    holder bytea,
    held_until bigint,
    undo_seconds bigint
);
CREATE TABLE public.mail_reference (
    org bytea NOT NULL,
    reference bytea NOT NULL,
    conversation bytea,
    message bytea
);
CREATE TABLE public.mail_server (
    org bytea NOT NULL,
    scope bytea NOT NULL,
    sealed bytea NOT NULL,
    failures bigint NOT NULL,
    retry_at bigint,
    changed_at bigint NOT NULL
);
CREATE TABLE public.mailbox (
    org bytea NOT NULL,
    id bytea NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    port bigint NOT NULL,
    security text NOT NULL,
    authority text,
    method text NOT NULL,
    user_sealed bytea NOT NULL,
    secret_sealed bytea NOT NULL,
    folder text NOT NULL,
    move_to text,
    since bigint,
    revision bigint NOT NULL,
    paused bigint NOT NULL,
    uid_validity bigint,
    uid_done bigint NOT NULL,
    succeeded_at bigint,
    failed_at bigint,
    trouble text,
    taken bigint NOT NULL,
    left_alone bigint NOT NULL,
    holder bytea,
    lease_until bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.message (
    org bytea NOT NULL,
    id bytea NOT NULL,
    conversation bytea NOT NULL,
    customer bytea NOT NULL,
    direction text NOT NULL,
    nature text NOT NULL,
    sealed bytea,
    authentication text NOT NULL,
    bounced_at bigint,
    size bigint NOT NULL,
    received_at bigint NOT NULL
);
CREATE TABLE public.note (
    org bytea NOT NULL,
    id bytea NOT NULL,
    conversation bytea NOT NULL,
    customer bytea NOT NULL,
    author text NOT NULL,
    sealed bytea,
    created_at bigint NOT NULL
);
CREATE TABLE public.organisation (
    org bytea NOT NULL,
    name text NOT NULL,
    epoch bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.outgoing_mail (
    org bytea NOT NULL,
    message bytea NOT NULL,
    conversation bytea NOT NULL,
    customer bytea NOT NULL,
    own_address bytea NOT NULL,
    author text NOT NULL,
    state text NOT NULL,
    sealed bytea,
    due_at bigint,
    tries bigint NOT NULL,
    doubts bigint NOT NULL,
    state_before text NOT NULL,
    snooze_before bigint,
    state_after text NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE public.own_address (
    org bytea NOT NULL,
    id bytea NOT NULL,
    blind bytea NOT NULL,
    sealed bytea NOT NULL,
    is_default bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.participant (
    org bytea NOT NULL,
    conversation bytea NOT NULL,
    customer bytea NOT NULL,
    joined_at bigint NOT NULL
);
CREATE TABLE public.passkey (
    org bytea NOT NULL,
    id bytea NOT NULL,
    agent bytea NOT NULL,
    credential_index bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL,
    used_at bigint
);
CREATE TABLE public.password (
    org bytea NOT NULL,
    agent bytea NOT NULL,
    hash_sealed bytea NOT NULL,
    totp_sealed bytea NOT NULL,
    totp_step bigint NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE public.quarantine (
    org bytea NOT NULL,
    id bytea NOT NULL,
    reason text NOT NULL,
    size bigint NOT NULL,
    key_sealed bytea NOT NULL,
    content bytea,
    blob_name bytea,
    received_at bigint NOT NULL,
    released_at bigint
);
CREATE TABLE public.recovery_code (
    org bytea NOT NULL,
    agent bytea NOT NULL,
    code_index bytea NOT NULL
);
CREATE TABLE public.schema_version (
    number bigint NOT NULL,
    name text NOT NULL,
    fingerprint text NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE public.session (
    org bytea NOT NULL,
    id bytea NOT NULL,
    agent bytea NOT NULL,
    secret_hash bytea NOT NULL,
    strength text NOT NULL,
    place_sealed bytea NOT NULL,
    signed_in_at bigint NOT NULL,
    seen_at bigint NOT NULL
);
CREATE TABLE public.sign_in_attempt (
    org bytea NOT NULL,
    counted_for bytea NOT NULL,
    attempts bigint NOT NULL,
    since bigint NOT NULL
);
CREATE TABLE public.token (
    org bytea NOT NULL,
    id bytea NOT NULL,
    name text NOT NULL,
    scopes text NOT NULL,
    secret_hash bytea NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint
);
ALTER TABLE ONLY public.agent_notice
    ADD CONSTRAINT agent_notice_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.agent
    ADD CONSTRAINT agent_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (org, subject);
ALTER TABLE ONLY public.blob_removal
    ADD CONSTRAINT blob_removal_pkey PRIMARY KEY (org, blob_name);
ALTER TABLE ONLY public.ceremony
    ADD CONSTRAINT ceremony_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.contact_point
    ADD CONSTRAINT contact_point_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.conversation_event
    ADD CONSTRAINT conversation_event_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.conversation_label
    ADD CONSTRAINT conversation_label_pkey PRIMARY KEY (org, conversation, label);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.customer_value
    ADD CONSTRAINT customer_value_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.data_field
    ADD CONSTRAINT data_field_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.data_key
    ADD CONSTRAINT data_key_pkey PRIMARY KEY (org, subject, class, version);
ALTER TABLE ONLY public.draft
    ADD CONSTRAINT draft_pkey PRIMARY KEY (org, conversation, agent);
ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (org, customer);
ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.label
    ADD CONSTRAINT label_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.log_checkpoint
    ADD CONSTRAINT log_checkpoint_pkey PRIMARY KEY (org, size);
ALTER TABLE ONLY public.log_state
    ADD CONSTRAINT log_state_pkey PRIMARY KEY (org);
ALTER TABLE ONLY public.log_tile
    ADD CONSTRAINT log_tile_pkey PRIMARY KEY (org, level, tile);
ALTER TABLE ONLY public.mail_arrival
    ADD CONSTRAINT mail_arrival_pkey PRIMARY KEY (org, reference, identity);
ALTER TABLE ONLY public.mail_mention
    ADD CONSTRAINT mail_mention_pkey PRIMARY KEY (org, reference, conversation);
ALTER TABLE ONLY public.mail_out
    ADD CONSTRAINT mail_out_pkey PRIMARY KEY (org);
ALTER TABLE ONLY public.mail_reference
    ADD CONSTRAINT mail_reference_pkey PRIMARY KEY (org, reference);
ALTER TABLE ONLY public.mail_server
    ADD CONSTRAINT mail_server_pkey PRIMARY KEY (org, scope);
ALTER TABLE ONLY public.mailbox
    ADD CONSTRAINT mailbox_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.organisation
    ADD CONSTRAINT organisation_pkey PRIMARY KEY (org);
ALTER TABLE ONLY public.outgoing_mail
    ADD CONSTRAINT outgoing_mail_pkey PRIMARY KEY (org, message);
ALTER TABLE ONLY public.own_address
    ADD CONSTRAINT own_address_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.participant
    ADD CONSTRAINT participant_pkey PRIMARY KEY (org, conversation, customer);
ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT passkey_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.password
    ADD CONSTRAINT password_pkey PRIMARY KEY (org, agent);
ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_pkey PRIMARY KEY (org, agent, code_index);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (org, id);
ALTER TABLE ONLY public.sign_in_attempt
    ADD CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (org, counted_for);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (org, id);
CREATE UNIQUE INDEX agent_by_email ON public.agent USING btree (org, email_index);
CREATE INDEX agent_notice_unmailed ON public.agent_notice USING btree (org, id) WHERE (mailed_at IS NULL);
CREATE INDEX agent_notice_unseen ON public.agent_notice USING btree (org, agent, id) WHERE (seen_at IS NULL);
CREATE INDEX attachment_by_customer ON public.attachment USING btree (org, customer, id);
CREATE INDEX attachment_by_message ON public.attachment USING btree (org, message, "position");
CREATE UNIQUE INDEX audit_entry_by_chain ON public.audit_entry USING btree (org, subject, sequence);
CREATE UNIQUE INDEX audit_entry_by_leaf ON public.audit_entry USING btree (org, leaf) WHERE (leaf IS NOT NULL);
CREATE INDEX audit_entry_to_fold ON public.audit_entry USING btree (org, id) WHERE (leaf IS NULL);
CREATE INDEX ceremony_by_end ON public.ceremony USING btree (org, expires_at);
CREATE UNIQUE INDEX contact_point_by_blind ON public.contact_point USING btree (org, kind, blind);
CREATE INDEX contact_point_by_customer ON public.contact_point USING btree (org, customer);
CREATE INDEX conversation_assigned ON public.conversation USING btree (org, state, activity_at, id, assignee) WHERE (assignee IS NOT NULL);
CREATE INDEX conversation_by_assignee ON public.conversation USING btree (org, assignee, state, activity_at, id) WHERE (assignee IS NOT NULL);
CREATE INDEX conversation_by_change ON public.conversation USING btree (org, changed_at, id);
CREATE INDEX conversation_by_customer ON public.conversation USING btree (org, customer, activity_at, id);
CREATE INDEX conversation_by_snooze ON public.conversation USING btree (org, snoozed_until) WHERE (snoozed_until IS NOT NULL);
CREATE INDEX conversation_by_subject ON public.conversation USING btree (org, customer, subject_index, activity_at) WHERE (subject_index IS NOT NULL);
CREATE INDEX conversation_event_by_conversation ON public.conversation_event USING btree (org, conversation, at, id);
CREATE INDEX conversation_label_by_state ON public.conversation_label USING btree (org, label, state, activity_at, conversation);
CREATE INDEX conversation_unassigned ON public.conversation USING btree (org, state, activity_at, id, assignee) WHERE (assignee IS NULL);
CREATE INDEX customer_by_merge ON public.customer USING btree (org, merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX customer_value_by_customer ON public.customer_value USING btree (org, customer, field);
CREATE UNIQUE INDEX data_field_by_name ON public.data_field USING btree (org, name);
CREATE INDEX data_key_by_epoch ON public.data_key USING btree (org, epoch, subject, class, version);
CREATE INDEX draft_by_customer ON public.draft USING btree (org, customer);
CREATE UNIQUE INDEX invitation_by_agent ON public.invitation USING btree (org, agent);
CREATE UNIQUE INDEX label_by_name ON public.label USING btree (org, name);
CREATE INDEX mail_arrival_by_quarantine ON public.mail_arrival USING btree (org, quarantine) WHERE (quarantine IS NOT NULL);
CREATE INDEX mail_mention_by_conversation ON public.mail_mention USING btree (org, conversation);
CREATE INDEX mail_reference_by_conversation ON public.mail_reference USING btree (org, conversation) WHERE (conversation IS NOT NULL);
CREATE INDEX message_by_conversation ON public.message USING btree (org, conversation, received_at, id);
CREATE INDEX message_by_customer ON public.message USING btree (org, customer, id);
CREATE INDEX note_by_conversation ON public.note USING btree (org, conversation, created_at, id);
CREATE INDEX note_by_customer ON public.note USING btree (org, customer, id);
CREATE INDEX outgoing_mail_by_conversation ON public.outgoing_mail USING btree (org, conversation, created_at, message) WHERE (due_at IS NOT NULL);
CREATE INDEX outgoing_mail_by_customer ON public.outgoing_mail USING btree (org, customer, message);
CREATE INDEX outgoing_mail_by_failure ON public.outgoing_mail USING btree (org, message) WHERE (state = 'failed'::text);
CREATE INDEX outgoing_mail_by_turn ON public.outgoing_mail USING btree (org, own_address, created_at, message) WHERE (due_at IS NOT NULL);
CREATE UNIQUE INDEX own_address_by_blind ON public.own_address USING btree (org, blind);
CREATE INDEX participant_by_customer ON public.participant USING btree (org, customer);
CREATE INDEX passkey_by_agent ON public.passkey USING btree (org, agent);
CREATE UNIQUE INDEX passkey_by_credential ON public.passkey USING btree (org, credential_index);
CREATE INDEX session_by_agent ON public.session USING btree (org, agent, signed_in_at);
CREATE INDEX session_by_start ON public.session USING btree (org, signed_in_at);
CREATE INDEX sign_in_attempt_by_start ON public.sign_in_attempt USING btree (org, since);
ALTER TABLE ONLY public.agent_notice
    ADD CONSTRAINT agent_notice_org_agent_fkey FOREIGN KEY (org, agent) REFERENCES public.agent(org, id);
ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_org_message_fkey FOREIGN KEY (org, message) REFERENCES public.message(org, id);
ALTER TABLE ONLY public.contact_point
    ADD CONSTRAINT contact_point_org_customer_fkey FOREIGN KEY (org, customer) REFERENCES public.customer(org, id);
ALTER TABLE ONLY public.conversation_event
    ADD CONSTRAINT conversation_event_org_conversation_fkey FOREIGN KEY (org, conversation) REFERENCES public.conversation(org, id);
ALTER TABLE ONLY public.conversation_label
    ADD CONSTRAINT conversation_label_org_conversation_fkey FOREIGN KEY (org, conversation) REFERENCES public.conversation(org, id);
ALTER TABLE ONLY public.conversation_label
    ADD CONSTRAINT conversation_label_org_label_fkey FOREIGN KEY (org, label) REFERENCES public.label(org, id);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_org_assignee_fkey FOREIGN KEY (org, assignee) REFERENCES public.agent(org, id);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_org_customer_fkey FOREIGN KEY (org, customer) REFERENCES public.customer(org, id);
ALTER TABLE ONLY public.customer_value
    ADD CONSTRAINT customer_value_org_customer_fkey FOREIGN KEY (org, customer) REFERENCES public.customer(org, id);
ALTER TABLE ONLY public.customer_value
    ADD CONSTRAINT customer_value_org_field_fkey FOREIGN KEY (org, field) REFERENCES public.data_field(org, id);
ALTER TABLE ONLY public.draft
    ADD CONSTRAINT draft_org_agent_fkey FOREIGN KEY (org, agent) REFERENCES public.agent(org, id);
ALTER TABLE ONLY public.draft
    ADD CONSTRAINT draft_org_conversation_fkey FOREIGN KEY (org, conversation) REFERENCES public.conversation(org, id);
ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_org_agent_fkey FOREIGN KEY (org, agent) REFERENCES public.agent(org, id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_org_conversation_fkey FOREIGN KEY (org, conversation) REFERENCES public.conversation(org, id);
ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_org_conversation_fkey FOREIGN KEY (org, conversation) REFERENCES public.conversation(org, id);
ALTER TABLE ONLY public.outgoing_mail
    ADD CONSTRAINT outgoing_mail_org_message_fkey FOREIGN KEY (org, message) REFERENCES public.message(org, id);
ALTER TABLE ONLY public.participant
    ADD CONSTRAINT participant_org_conversation_fkey FOREIGN KEY (org, conversation) REFERENCES public.conversation(org, id);
ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT passkey_org_agent_fkey FOREIGN KEY (org, agent) REFERENCES public.agent(org, id);
ALTER TABLE ONLY public.password
    ADD CONSTRAINT password_org_agent_fkey FOREIGN KEY (org, agent) REFERENCES public.agent(org, id);
ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_org_agent_fkey FOREIGN KEY (org, agent) REFERENCES public.agent(org, id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_org_agent_fkey FOREIGN KEY (org, agent) REFERENCES public.agent(org, id);
INSERT INTO schema_version VALUES (1, '0001_engine_room', 'a1cd3b51fa918072', 0);
INSERT INTO schema_version VALUES (2, '0002_identity', '65797ea0fba9ed81', 0);
INSERT INTO schema_version VALUES (3, '0003_mail_out', 'b0b95682b9c1efdf', 0);
INSERT INTO schema_version VALUES (4, '0004_desk', '0762478dc0c276b7', 0);
INSERT INTO schema_version VALUES (5, '0005_mailbox', '225392c2e8fa3ebe', 0);
