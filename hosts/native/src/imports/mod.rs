//! The imports of a guest that the bridge implements: by the caller's callback, or by the engine's HTTP client.

mod callback_http;
mod completion;
mod engine_http;
mod storage;
mod system;

pub(crate) use callback_http::CallbackHttp;
pub(crate) use engine_http::EngineHttp;
pub(crate) use storage::CallbackStorage;
pub(crate) use system::{CallbackClock, CallbackEntropy, log};
