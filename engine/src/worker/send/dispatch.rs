//! Dispatch: reads the messages of the chosen deliveries and submits their requests.

use std::collections::BTreeMap;

use super::admit::admit;
use super::chosen::{Chosen, put_back};
use super::prepare::prepare;
use crate::store::keys;
use crate::store::rows::{self, Message};
use crate::support::error::Error;
use crate::worker::state::{Agenda, Attempts, Ctx, Leases, Report};

/// A message's row as it was read. The error is about the row.
type MessageRead = Result<Message, Error>;

/// Sends the chosen deliveries. Those that need no attempt end at once.
pub(super) fn dispatch(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    attempts: &mut Attempts,
    agenda: &mut Agenda,
    report: &mut Report,
    chosen: Vec<Chosen>,
) -> Result<(), Error> {
    let Some(chosen) = admit(ctx, leases, attempts, agenda, chosen)? else { return Ok(()) };
    let messages = match read_messages(ctx, &chosen, report) {
        Ok(messages) => messages,
        Err(error) => {
            put_back(leases, agenda, chosen);
            return Err(error);
        }
    };
    // The read may have taken longer than the lease allows.
    let now_ms = ctx.now_ms();
    let in_time = |chosen: &Chosen| leases.lanes.get(&chosen.lane).is_some_and(|leased| leased.may_send(now_ms));
    let (chosen, late): (Vec<Chosen>, Vec<Chosen>) = chosen.into_iter().partition(in_time);
    put_back(leases, agenda, late);
    let mut requests = Vec::new();
    for chosen in chosen {
        let message = messages.get(&message_key(&chosen));
        requests.extend(prepare(ctx, leases, attempts, chosen, message));
    }
    if !requests.is_empty() {
        ctx.host.submit(requests);
    }
    Ok(())
}

fn message_key(chosen: &Chosen) -> String {
    keys::message(chosen.lane.tenant_part(), &chosen.delivery.message)
}

/// Reads the messages of the chosen deliveries in one call, each once.
fn read_messages(
    ctx: &Ctx<'_>,
    chosen: &[Chosen],
    report: &mut Report,
) -> Result<BTreeMap<String, MessageRead>, Error> {
    let mut wanted: Vec<String> = Vec::new();
    for key in chosen.iter().map(message_key) {
        if !wanted.contains(&key) {
            wanted.push(key);
        }
    }
    let mut messages = BTreeMap::new();
    for entry in ctx.host.get(&wanted)?.into_iter().flatten() {
        let message = rows::decode(&entry.key, &entry.value);
        if let Err(error) = &message {
            report.tell(error);
        }
        messages.insert(entry.key, message);
    }
    Ok(messages)
}
