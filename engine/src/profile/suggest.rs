//! The names of a catalogue that an unknown name may stand for.

/// Number of names that a hint lists.
const LISTED_MAX: usize = 5;

/// Returns one clause with the names that come near, or with the first names of the catalogue.
pub(super) fn hint(text: &str, catalogue: &[String]) -> String {
    let near = near(text, catalogue);
    if near.is_empty() {
        let first = catalogue.iter().take(LISTED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if catalogue.len() > LISTED_MAX { format!(", {} in all", catalogue.len()) } else { String::new() };
        return format!("the types are {first}{more}");
    }
    format!("did you mean {}?", near.join(" or "))
}

/// Returns the nearest names, each once, if any comes near.
pub(super) fn near<'a>(text: &str, names: &'a [String]) -> Vec<&'a str> {
    let far: Vec<usize> = names.iter().map(|name| distance(text, name)).collect();
    let nearest = far.iter().copied().min().unwrap_or(0);
    let is_near = |(name, far): &(&String, usize)| *far <= nearest + 1 && *far * 3 <= name.len();
    let mut near: Vec<&str> = Vec::new();
    for (name, _) in names.iter().zip(far).filter(is_near) {
        if near.len() < LISTED_MAX && !near.contains(&name.as_str()) {
            near.push(name);
        }
    }
    near
}

/// Returns the Levenshtein distance in bytes, without regard to letter case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, catalogue: &[&str], expected: &str) {
        let catalogue: Vec<String> = catalogue.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(hint(text, &catalogue), expected);
    }

    #[test]
    fn a_hint_lists_near_names_or_the_first_ones() {
        let names = ["asset.created", "asset.updated", "asset.deleted", "alert.low_stock", "CREATE", "UPDATE"];
        check("asset.crated", &names, "did you mean asset.created?");
        check("asset.eleted", &names, "did you mean asset.deleted?");
        check("Asset.Updated", &names, "did you mean asset.updated?");
        check("low_stock", &["alert.low_stock"], "the types are alert.low_stock");
        check(
            "x",
            &names,
            "the types are asset.created, asset.updated, asset.deleted, alert.low_stock, CREATE, 6 in all",
        );
    }

    #[test]
    fn a_distance_counts_changed_bytes() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "SAME"), 0);
    }
}
