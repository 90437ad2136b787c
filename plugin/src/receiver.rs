//! The `receiver` export: the engine's look at a signature, for whoever gets webhooks.

use hookwright_engine::Error;
use hookwright_engine::host::Clock;
use hookwright_engine::limits::TIMESTAMP_TOLERANCE_S;
use hookwright_engine::profile::Profile;
use hookwright_engine::secret::Secret;
use hookwright_engine::verify::{self, Verdict};

use crate::bindings::exports::hookwright::webhooks::receiver::{self, Guest, Received, VerdictKind};
use crate::host::ComponentHost;
use crate::{Plugin, convert};

impl Guest for Plugin {
    fn verify(
        profile: String,
        secrets: Vec<String>,
        request: Received,
        tolerance_s: Option<u32>,
    ) -> Result<receiver::Verdict, receiver::Error> {
        let judged = judge(&profile, &secrets, request, tolerance_s).map_err(convert::error)?;
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

fn judge(profile: &str, secrets: &[String], request: Received, tolerance_s: Option<u32>) -> Result<Verdict, Error> {
    let own;
    let profile = if profile.starts_with('{') {
        own = Profile::parse(profile)?;
        &own
    } else {
        let unknown = || Error::invalid("profile", "is not built in").hint("or give a profile as JSON");
        Profile::builtin(profile).ok_or_else(unknown)?
    };
    let mut known = Vec::new();
    for text in secrets {
        known.push(Secret::parse(profile, text)?);
    }
    let headers: Vec<_> = request.headers.into_iter().map(|header| (header.name, header.value)).collect();
    let received =
        verify::Received { method: &request.method, query: "", headers: &headers, body: request.body.as_bytes() };
    let tolerance_s = tolerance_s.map_or(TIMESTAMP_TOLERANCE_S, u64::from);
    Ok(verify::verify(profile, &known, &received, ComponentHost.now_us() / 1_000_000, tolerance_s))
}
