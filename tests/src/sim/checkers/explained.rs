//! Counts what the promises leave room for against what explains it, one by one: each request that no attempt records against a
//! lease that was lost or a redelivery that overtook it, each lost lease against what went wrong with the call that had it.

use std::collections::BTreeMap;

use super::{Failure, ensure};
use crate::sim::model::{Lost, Model};
use crate::sim::net::Sent;

/// Judges all requests of a run that has come to rest. One lost lease explains one request of an attempt, and each time that an
/// attempt was brought forward one more.
pub fn requests<'s>(model: &Model, sent: &'s [Sent]) -> Result<(), Failure> {
    let mut unrecorded: BTreeMap<(&str, &str), Vec<&Sent>> = BTreeMap::new();
    for request in sent.iter().filter(|request| !request.recorded && !request.lost) {
        let Some(message) = &request.message else { continue };
        // Another call took its row away.
        let erased_until_us = model.kept.gone.get(message).and_then(|gone| gone.erased_until_us);
        if erased_until_us.is_some_and(|until_us| request.sent_us <= until_us) {
            continue;
        }
        unrecorded.entry((&request.lane, message)).or_default().push(request);
    }
    for ((lane, message), requests) in unrecorded {
        let lane = model.lanes.get(lane);
        let delivery = lane.and_then(|lane| lane.deliveries.get(message));
        let (gone_moved, gone_attempts) =
            model.kept.moved.get(&(requests[0].lane.clone(), message.to_owned())).copied().unwrap_or_default();
        let moved = gone_moved + delivery.map_or(0, |delivery| delivery.moved.values().sum());
        // Of what was sent when the lease was lost already, nobody can tell which attempt it was; each may have been made once.
        let attempts = gone_attempts + delivery.map_or(0, |delivery| delivery.log.len());
        let mut seen: BTreeMap<(&str, u32), usize> = BTreeMap::new();
        let mut explained = |request: &'s Sent| {
            let times = seen.entry((&request.lease, request.number)).or_default();
            *times += 1;
            let lost = lane.is_some_and(|lane| lane.lost.contains_key(&request.lease));
            lost && *times <= if request.number == 0 { attempts.max(1) } else { 1 }
        };
        let left: Vec<&Sent> = requests.into_iter().filter(|request| !explained(request)).collect();
        ensure(left.len() <= moved, "explained", || {
            format!(
                "{moved} redeliveries and the lost leases {:?} do not explain {left:?}",
                lane.map(|lane| &lane.lost)
            )
        })?;
    }
    Ok(())
}

/// Judges all leases that were lost: something went wrong with the call that had each, or with this lease.
pub fn leases(model: &Model, wrong: impl Fn(&Lost) -> bool) -> Result<(), Failure> {
    for (id, lane) in &model.lanes {
        for (token, lost) in &lane.lost {
            ensure(wrong(lost), "lost-lease", || format!("nothing explains how {id} ({token}) was lost: {lost:?}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::model::{Delivery, Lane};

    fn sent(lease: &str, number: u32) -> Sent {
        Sent {
            call: 3,
            lane: "t/w".to_owned(),
            message: Some("m".to_owned()),
            lease: lease.to_owned(),
            number,
            quarantined: false,
            sent_us: 0,
            clock_us: 0,
            arrives_us: None,
            outcome: Ok(200),
            retry_after_s: None,
            answered: None,
            wish: false,
            aborts: false,
            completion_lost: false,
            signer: None,
            completed: false,
            over: true,
            recorded: false,
            lost: false,
        }
    }

    fn model(lost: &[&str], moved: usize) -> Model {
        let delivery = Delivery { moved: [(1, moved)].into(), ..Delivery::default() };
        let lost = lost.iter().map(|token| ((*token).to_owned(), Lost { call: 3, ..Lost::default() })).collect();
        let lane = Lane { lost, deliveries: [("m".to_owned(), delivery)].into(), ..Lane::default() };
        let mut model = Model::default();
        model.lanes.insert("t/w".to_owned(), lane);
        model
    }

    #[test]
    fn each_request_needs_a_reason_of_its_own() {
        let rows = [
            (vec![sent("a", 1)], model(&[], 0), false),
            (vec![sent("a", 1)], model(&["a"], 0), true),
            (vec![sent("a", 1)], model(&["b"], 0), false),
            (vec![sent("a", 1), sent("a", 1)], model(&["a"], 0), false),
            (vec![sent("a", 1), sent("a", 1)], model(&["a"], 1), true),
            (vec![sent("a", 1), sent("b", 1)], model(&["a", "b"], 0), true),
            (vec![sent("a", 1), sent("b", 1)], model(&[], 1), false),
            (vec![Sent { recorded: true, ..sent("a", 1) }], model(&[], 0), true),
            (vec![Sent { lost: true, ..sent("a", 1) }], model(&[], 0), true),
        ];
        for (requests_sent, model, fine) in rows {
            assert_eq!(requests(&model, &requests_sent).is_ok(), fine, "{requests_sent:?} {model:?}");
        }
    }

    #[test]
    fn each_lost_lease_needs_a_reason() {
        assert!(leases(&model(&["a"], 0), |lost| lost.call == 3).is_ok());
        assert!(leases(&model(&["a"], 0), |lost| lost.call != 3).is_err());
        assert!(leases(&model(&[], 0), |_| false).is_ok());
    }
}
