//! Mails made for tests: small, whole, and different where the test needs it.

use std::fmt::Write;

/// A plain mail being written.
#[derive(Clone)]
pub struct Letter {
    from: String,
    subject: String,
    message_id: Option<String>,
    in_reply_to: Option<String>,
    references: Vec<String>,
    extra: Vec<(String, String)>,
    body: String,
}

impl Letter {
    /// From an address, about something.
    pub fn new(from: &str, subject: &str) -> Self {
        Self {
            from: from.to_owned(),
            subject: subject.to_owned(),
            message_id: None,
            in_reply_to: None,
            references: Vec::new(),
            extra: Vec::new(),
            body: "Hello,\r\n\r\nplease look at this.\r\n".to_owned(),
        }
    }

    /// With this Message-ID, without brackets.
    pub fn id(mut self, id: &str) -> Self {
        self.message_id = Some(id.to_owned());
        self
    }

    /// In answer to this Message-ID.
    pub fn answers(mut self, id: &str) -> Self {
        self.in_reply_to = Some(id.to_owned());
        self
    }

    /// With one more Message-ID in References.
    pub fn refers_to(mut self, id: &str) -> Self {
        self.references.push(id.to_owned());
        self
    }

    /// With a further header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.extra.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this text.
    pub fn text(mut self, body: &str) -> Self {
        self.body = body.replace('\n', "\r\n");
        self
    }

    /// The raw message.
    pub fn raw(&self) -> Vec<u8> {
        let mut raw = format!(
            "From: {}\r\nTo: service@elm.example\r\nSubject: {}\r\nDate: Mon, 02 Mar 2026 07:00:00 +0000\r\n",
            self.from, self.subject
        );
        let mut field = |name: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(raw, "{name}: {value}\r\n");
        };
        if let Some(id) = &self.message_id {
            field("Message-ID", &format!("<{id}>"));
        }
        if let Some(id) = &self.in_reply_to {
            field("In-Reply-To", &format!("<{id}>"));
        }
        if !self.references.is_empty() {
            let ids: Vec<_> = self.references.iter().map(|id| format!("<{id}>")).collect();
            field("References", &ids.join(" "));
        }
        for (name, value) in &self.extra {
            field(name, value);
        }
        if !self.extra.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type")) {
            field("Content-Type", "text/plain; charset=utf-8");
        }
        raw.push_str("\r\n");
        raw.push_str(&self.body);
        raw.into_bytes()
    }
}

impl From<Letter> for Vec<u8> {
    fn from(letter: Letter) -> Self {
        letter.raw()
    }
}
