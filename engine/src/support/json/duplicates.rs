//! Duplicate keys: the last value counts, at the first one's place.

use super::Json;

/// Returns the members with the last value of each key, at the key's first place.
pub(super) fn without_duplicates(mut members: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    // A stable sort: of one key, later members come later.
    order.sort_by(|&a, &b| members[a].0.cmp(&members[b].0));
    if order.windows(2).all(|pair| members[pair[0]].0 != members[pair[1]].0) {
        return members;
    }
    let mut kept = vec![true; members.len()];
    let mut first = 0;
    for i in 1..order.len() {
        if members[order[i]].0 == members[order[first]].0 {
            members[order[first]].1 = std::mem::replace(&mut members[order[i]].1, Json::Null);
            kept[order[i]] = false;
        } else {
            first = i;
        }
    }
    let mut kept = kept.into_iter();
    members.retain(|_| kept.next() == Some(true));
    members
}
