//! Makes an input of a seed: an input of the corpus, changed in a few places.

use super::Target;

/// A stream of numbers from a seed: SplitMix64.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound; 0 if there is none.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap_or(u64::MAX)).unwrap_or(0)
    }
}

/// Inputs that are longer are cut: what matters is small.
const INPUT_BYTES_MAX: usize = 8 * 1024;
const CHANGES_MAX: usize = 6;

/// Characters and words that any text may contain.
const COMMON: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "0",
    "-1",
    "1",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e999",
    "0.1",
    "\\u0000",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "\u{1f600}",
    "\u{e9}",
    "%",
    "\"",
    "\\",
    "\n",
    "\r\n",
    " ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// The input of a seed.
pub fn input(target: &Target, corpus: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let mut input = pick(&mut rng, corpus);
    for _ in 0..CHANGES_MAX {
        change(&mut rng, target, corpus, &mut input);
        // Mostly few: what is changed everywhere is refused at once.
        if rng.below(2) == 0 {
            break;
        }
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn pick(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    corpus.get(rng.below(corpus.len())).cloned().unwrap_or_default()
}

fn change(rng: &mut Rng, target: &Target, corpus: &[Vec<u8>], input: &mut Vec<u8>) {
    let (from, to) = span(rng, input.len());
    match rng.below(10) {
        0 => {
            input.drain(from..to);
        }
        1 => {
            let copy = input[from..to].to_vec();
            let times = 1 + rng.below(4);
            input.splice(from..from, copy.repeat(times));
        }
        2 => {
            if let Some(byte) = input.get_mut(from) {
                *byte ^= 1 << rng.below(8);
            }
        }
        3..=4 => {
            let word = word(rng, target);
            input.splice(from..from, word.bytes());
        }
        5..=6 => {
            let (from, to) = token(rng, input);
            let word = word(rng, target);
            input.splice(from..to, word.bytes());
        }
        7 => {
            let other = pick(rng, corpus);
            let (first, last) = span(rng, other.len());
            input.splice(from..to, other[first..last].iter().copied());
        }
        8 => {
            let other = pick(rng, corpus);
            input.push(b'\n');
            input.extend(other);
        }
        _ => {
            let (open, times) = ([&b"["[..], b"{\"a\":", b"\"", b"."][rng.below(4)], 1 + rng.below(80));
            input.splice(from..from, open.repeat(times));
        }
    }
}

fn word(rng: &mut Rng, target: &Target) -> &'static str {
    let words = if rng.below(3) == 0 { COMMON } else { target.words };
    words.get(rng.below(words.len())).copied().unwrap_or_default()
}

/// A short stretch somewhere.
fn span(rng: &mut Rng, len: usize) -> (usize, usize) {
    const SPAN_BYTES_MAX: usize = 40;
    let from = rng.below(len + 1);
    (from, (from + rng.below(SPAN_BYTES_MAX)).min(len))
}

/// A number, a word or a string: what a value consists of.
fn token(rng: &mut Rng, input: &[u8]) -> (usize, usize) {
    let start = rng.below(input.len() + 1);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let Some(from) = input[start..].iter().position(|byte| is_part(byte) || *byte == b'"').map(|at| start + at) else {
        return (start, start);
    };
    let rest = &input[from + 1..];
    let len = if input[from] == b'"' {
        rest.iter().position(|byte| *byte == b'"').map_or(rest.len(), |at| at + 1)
    } else {
        rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len())
    };
    (from, from + 1 + len)
}
