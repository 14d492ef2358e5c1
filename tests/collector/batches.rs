//! Batches, and what posting them says.

use crate::process::Collector;
use serde_json::{Value, json};
use std::path::Path;

impl Collector {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// Posts a body; returns status and answer.
    pub(crate) fn post(&self, body: &str) -> (u16, String) {
        let url = format!("http://{}/collect", self.address);
        let request = ureq::post(&url).config().http_status_as_error(false).build();
        let mut response = request.content_type("text/plain;charset=UTF-8").send(body).expect("an answer");
        (response.status().as_u16(), response.body_mut().read_to_string().expect("a text"))
    }

    #[track_caller]
    pub(crate) fn accept(&self, batch: &Value) {
        assert_eq!(self.post(&batch.to_string()), (204, String::new()));
    }
}

pub(crate) fn event(seq: u64, name: &str, props: &Value) -> Value {
    json!({ "id": format!("event-{seq}"), "name": name, "time": 1_000 + seq * 60_000, "offset_ms": seq, "tab_id": "tab",
        "page_id": "page", "seq": seq, "url": "https://shop.example/p/lamp", "title": "Lamp", "props": props })
}

pub(crate) fn batch(events: &[Value]) -> Value {
    json!({ "schema": "shopbell/1", "tracker": "0.1.0", "site": "shop", "sent_at": 901_000, "device": { "id": "device" },
        "session": { "id": "session", "number": 1, "reason": "first", "started_at": 1_000, "landing_page": "/p/lamp",
            "source": { "source": "facebook", "medium": "cpc", "channel": "paid_social" } },
        "events": events })
}
