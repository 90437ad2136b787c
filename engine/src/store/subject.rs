//! The hash that stands for the subject of an event, by which its messages are found for erasure.

use crate::store::id;
use crate::store::rows::Message;
use crate::support::json::Json;

/// Returns the hash of a message's subject, if its event names one by type and id.
pub(crate) fn hash_of(message: &Message) -> Option<String> {
    let subject = message.event.as_ref()?.get("subject")?;
    Some(hash(&message.tenant, subject.get("type")?.as_str()?, text(subject.get("id")?)?))
}

/// Returns the id of a subject as text: 7 and "7" are the same.
pub(crate) fn text(id: &Json) -> Option<&str> {
    match id {
        Json::String(text) => Some(text),
        Json::Number(number) => Some(number.text()),
        _ => None,
    }
}

pub(crate) fn hash(tenant: &str, subject_type: &str, subject_id: &str) -> String {
    id::derived("subject", &[tenant, subject_type, subject_id])
}
