//! Patterns: their form, what they match compared with a naive matcher, and that an index finds them.

use super::*;

/// Returns true if a pattern matches a type, by trying every way to divide the type's parts among the pattern's.
fn naive(pattern: &[&str], parts: &[&str], at_start: bool) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return parts.is_empty() };
    let at_end = rest.is_empty();
    if *first == "**" || (*first == "*" && (at_start || at_end)) {
        return (1..=parts.len()).any(|taken| naive(rest, &parts[taken..], false));
    }
    let Some((part, left)) = parts.split_first() else { return false };
    naive_part(first.as_bytes(), part.as_bytes()) && naive(rest, left, false)
}

fn naive_part(pattern: &[u8], part: &[u8]) -> bool {
    match (pattern.split_first(), part.split_first()) {
        (None, _) => part.is_empty(),
        (Some((b'*', rest)), None) => naive_part(rest, part),
        (Some((b'*', rest)), Some((_, left))) => naive_part(rest, part) || naive_part(pattern, left),
        (Some((byte, rest)), Some((other, left))) => byte == other && naive_part(rest, left),
        (Some(_), None) => false,
    }
}

/// A small random number generator, so that a failure repeats.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }

    fn parts(&mut self, words: &[&str]) -> String {
        let count = 1 + self.below(4);
        let parts: Vec<&str> = (0..count).map(|_| self.pick(words)).collect();
        parts.join(".")
    }
}

#[test]
fn random_patterns_match_as_the_naive_matcher_says_and_are_found_by_their_index_texts() {
    let mut draws = Draws(1);
    let (mut matched, mut wide) = (0, 0);
    for _ in 0..200_000 {
        let event_type = draws.parts(&["a", "b", "ab", "aab", "b_a"]);
        let pattern = parse(&draws.parts(&["a", "b", "ab", "*", "*", "**", "a*", "*b", "a*b", "*_*", "*a*b"])).unwrap();
        let expected = naive(&pattern.split('.').collect::<Vec<_>>(), &event_type.split('.').collect::<Vec<_>>(), true);
        assert_eq!(matches(&pattern, &event_type), expected, "{pattern} and {event_type}");
        assert_eq!(parse(&pattern).unwrap(), pattern, "the canonical spelling is its own");
        let texts = index_texts(&event_type, is_wide(&pattern));
        let found = texts.iter().any(|text| *text == index_text(&pattern));
        // Of a pattern that is not wide, the index text decides.
        assert!(if is_wide(&pattern) { found || !expected } else { found == expected }, "{pattern} and {event_type}");
        matched += usize::from(expected);
        wide += usize::from(is_wide(&pattern));
    }
    assert!(matched > 20_000 && wide > 50_000, "{matched} matched, {wide} wide");
}

#[test]
fn patterns_match_by_their_parts() {
    let rows: [(&str, &[&str], &[&str]); 14] = [
        ("*", &["a", "a.b", "a.b.c"], &[]),
        ("order.*", &["order.paid", "order.item.paid"], &["order", "orders.paid", "order_paid"]),
        ("*.created", &["asset.created", "asset.note.created"], &["created", "asset.created.x", "asset.recreated"]),
        ("order.*.paid", &["order.item.paid"], &["order.paid", "order.a.b.paid", "order.item.paid.x"]),
        ("order.**.paid", &["order.item.paid", "order.a.b.paid"], &["order.paid"]),
        ("*.*", &["a.b", "a.b.c"], &["a"]),
        ("*.item.*", &["order.item.paid", "a.b.item.c.d"], &["item.paid", "order.item"]),
        ("order.*.*", &["order.a.b", "order.a.b.c"], &["order.a"]),
        ("invoice_*", &["invoice_paid", "invoice_"], &["invoice", "invoice_paid.x", "an_invoice_paid"]),
        ("*_OVERDUE", &["CHECKOUT_OVERDUE"], &["OVERDUE", "CHECKOUT_OVERDUE_X"]),
        ("user.log*", &["user.login", "user.log"], &["user.blog"]),
        ("*a*b*", &["ab", "xaybz"], &["ba", "a.b"]),
        ("a*a", &["aa", "axa"], &["a"]),
        ("user.login", &["user.login"], &["user.login.x", "user"]),
    ];
    for (pattern, inside, outside) in rows {
        assert!(inside.iter().all(|event_type| matches(pattern, event_type)), "{pattern}");
        assert!(!outside.iter().any(|event_type| matches(pattern, event_type)), "{pattern}");
    }
}

#[test]
fn patterns_are_read_in_one_spelling() {
    let rows = [("**", "*"), ("**.a", "*.a"), ("a.**", "a.*"), ("a.**.b", "a.**.b"), ("**.**", "*.*"), ("a*", "a*")];
    for (text, expected) in rows {
        assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
    }
    for text in ["", ".", "a.", ".*", "*.", "a..b", "a b", "a/*", "a**", "**b", "***", "!a", "ä.*", "a.*\n"] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains("is no pattern (write *, an event type, or one with * for parts"), "{text}: {error}");
    }
    assert!(parse(&"a.".repeat(64)).unwrap_err().to_string().contains("is no pattern"));
    assert!(parse(&"x".repeat(129)).unwrap_err().to_string().contains("has 129 bytes; 128 are allowed"));
    assert!(parse("a.b.c.d.e.f.g.h.*").unwrap_err().to_string().contains("has more than 8 parts"));
}

#[test]
fn exclusions_win_over_every_other_pattern() {
    let choice = |patterns: &[&str], event_type: &str| {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        format!("{:?}", choose(&patterns, event_type))
    };
    assert_eq!(choice(&["!user.login", "*", "user.*"], "user.login"), "Excluded(\"!user.login\")");
    assert_eq!(choice(&["!user.login", "*", "user.*"], "user.logout"), "Matched([\"*\", \"user.*\"])");
    assert_eq!(choice(&["asset.*", "!user.*"], "user.login"), "Unmatched");
    assert_eq!(choice(&["*", "!*.login", "user.login"], "user.login"), "Excluded(\"!*.login\")");
}

#[test]
fn index_texts_of_a_type_are_bounded() {
    assert_eq!(index_texts("CREATE", false), ["*", "CREATE"]);
    assert_eq!(index_texts("a.b.c", false), ["*", "a.*", "a.b.*", "a.b.c"]);
    assert_eq!(index_texts("a.b.c", true), ["*", "a.*", "a.b.*", "a.b.c", "a.**", "**.c", "**"]);
    assert_eq!(index_texts("a.b.c.d.e.f.g.h", true).len(), limits::EVENT_TYPE_PARTS_MAX + 4);
    for (pattern, text) in [("a.*.c", "a.**"), ("*.c", "**.c"), ("*.b.*", "**"), ("a*", "**"), ("a*.b", "**.b")] {
        assert_eq!((is_wide(pattern), &*index_text(pattern)), (true, text));
    }
    for pattern in ["*", "a.*", "a.b.*", "a.b"] {
        assert_eq!((is_wide(pattern), &*index_text(pattern)), (false, pattern));
    }
}

#[test]
fn exclusion_that_leaves_nothing_is_known() {
    for (exclusion, pattern, expected) in [
        ("*", "a.*", true),
        ("a.*", "a.b", true),
        ("a.*", "a.b.*", true),
        ("a.*", "a.*", true),
        ("*.b", "a.b", true),
        ("a.*", "a", false),
        ("a*", "ab.c", false),
        ("a.b", "a.*", false),
        ("*.b", "*.c", false),
    ] {
        assert_eq!(leaves_nothing(exclusion, pattern), expected, "{exclusion} and {pattern}");
    }
}
