//! The `receiver` export: verification of a webhook's signature by its receiver.

use hookwright_engine::ports::Clock;
use hookwright_engine::verify::{self, Verdict};

use crate::bindings::exports::hookwright::webhooks::receiver::{self, Guest, Received, VerdictKind};
use crate::convert;
use crate::host::ComponentHost;
use crate::plugin::Plugin;

impl Guest for Plugin {
    fn verify(
        profile: String,
        secrets: Vec<String>,
        request: Received,
        tolerance_s: Option<u32>,
    ) -> Result<receiver::Verdict, receiver::Error> {
        let headers: Vec<_> = request.headers.into_iter().map(|header| (header.name, header.value)).collect();
        let received =
            verify::Received { method: &request.method, query: "", headers: &headers, body: request.body.as_bytes() };
        let now_s = ComponentHost.now_us() / 1_000_000;
        let judged = verify::verify_by(&profile, &secrets, &received, now_s, tolerance_s).map_err(convert::error)?;
        let kind = match judged {
            Verdict::Verified { .. } => VerdictKind::Verified,
            Verdict::Missing { .. } => VerdictKind::Missing,
            Verdict::Malformed { .. } => VerdictKind::Malformed,
            Verdict::Mismatch => VerdictKind::Mismatch,
            Verdict::Stale { .. } => VerdictKind::Stale,
            Verdict::Unverifiable(_) => VerdictKind::Unverifiable,
        };
        Ok(receiver::Verdict { kind, detail: judged.to_string() })
    }
}
