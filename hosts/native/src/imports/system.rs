//! Clock, random bytes and log lines by the callback.

use hookwright_engine::ports::{Clock, Entropy};
use hookwright_host::LogLevel;
use serde_json::json;

use crate::callback::Callback;
use crate::unwind::end_guest;

/// The time of day by the callback. A failure ends the guest.
pub(crate) struct CallbackClock(pub(crate) Callback);

impl Clock for CallbackClock {
    fn now_us(&self) -> u64 {
        let now = self.0.ask(&json!({"call": "now"})).and_then(|value| {
            let digits = value.as_str().and_then(|digits| digits.parse().ok());
            let number = digits.or_else(|| value.as_u64());
            number.ok_or_else(|| "the reply is not a whole number of microseconds since 1970".to_owned())
        });
        now.unwrap_or_else(|reason| end_guest(format!("the clock failed: {reason}")))
    }
}

/// Random bytes by the callback. A failure ends the guest.
pub(crate) struct CallbackEntropy(pub(crate) Callback);

impl Entropy for CallbackEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let filled = self.0.ask(&json!({"call": "random", "bytes": buffer.len()})).and_then(|value| {
            let unfit = format!("the reply is not {} bytes in hexadecimal", buffer.len());
            let decoded = value.as_str().map(|text| hex::decode_to_slice(text, &mut *buffer));
            decoded.and_then(Result::ok).ok_or(unfit)
        });
        filled.unwrap_or_else(|reason| end_guest(format!("the random bytes failed: {reason}")));
    }
}

/// Sends a log line to the callback. A failure is ignored, because nothing depends on the log.
pub(crate) fn log(callback: &Callback, level: LogLevel, message: &str) {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
    };
    callback.ask(&json!({"call": "log", "level": level, "message": message})).ok();
}
