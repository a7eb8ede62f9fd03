//! The compression function of RFC 1321, section 3.4, written once for any kind of word.
//!
//! A [`Word`] is the same 32-bit word of one stream, of four or of sixteen. Everything here is inlined into the
//! function of the instruction set that calls it.

/// The state before the first block.
pub(crate) const INIT: State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
/// One block of input, in bytes.
pub(crate) const BLOCK: usize = 64;

/// The four words A, B, C and D.
pub(crate) type State = [u32; 4];
/// One block of input.
pub(crate) type Block = [u8; BLOCK];

/// 32-bit words of one stream or of several, side by side.
pub(crate) trait Word: Copy {
    /// Whether the sixteen steps of a round are written out; else four at a time, in a loop.
    const UNROLLED: bool = true;

    /// The same value in each lane.
    fn splat(value: u32) -> Self;
    /// Sum modulo 2^32.
    fn add(self, other: Self) -> Self;
    /// Difference modulo 2^32.
    fn sub(self, other: Self) -> Self;
    /// Bits set in both.
    fn and(self, other: Self) -> Self;
    /// Bits set here and not in `other`.
    fn and_not(self, other: Self) -> Self;
    /// Bits set in one of them.
    fn xor(self, other: Self) -> Self;
    /// Rotates to the left by `L` bits; `R` is `32 - L`.
    fn rotate<const L: i32, const R: i32>(self) -> Self;
}

/// How `N` streams lie in words.
pub(crate) trait Lanes<const N: usize>: Word {
    /// Puts one word of each stream side by side.
    fn gather(words: [u32; N]) -> Self;
    /// The word of each stream.
    fn scatter(self) -> [u32; N];
    /// Four words of each stream's block, from byte `16 * quarter` on.
    fn load(blocks: [&Block; N], quarter: usize) -> [Self; 4];
}

/// Takes the first `count` blocks of each stream into its state.
///
/// Panics when a stream has fewer.
#[inline(always)]
pub(crate) fn compress<W: Lanes<N>, const N: usize>(states: &mut [State; N], blocks: [&[Block]; N], count: usize) {
    // Hides from the optimizer that the table is constant: it would add each constant last, in the longest chain.
    let constants = std::hint::black_box(&K);
    // Hides the number of passes where the loops are to stay loops.
    let quads = std::hint::black_box(4);
    let blocks = blocks.map(|stream| &stream[..count]);
    let mut state: [W; 4] = std::array::from_fn(|word| W::gather(std::array::from_fn(|lane| states[lane][word])));
    let mut words = [W::splat(0); 16];
    #[allow(clippy::needless_range_loop)] // It indexes every stream.
    for index in 0..count {
        let block: [&Block; N] = std::array::from_fn(|lane| &blocks[lane][index]);
        for (quarter, words) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *words = W::load(block, quarter);
        }
        let mixed = rounds(state, &words, constants, quads);
        for (word, mixed) in state.iter_mut().zip(mixed) {
            *word = word.add(mixed);
        }
    }
    for (word, lanes) in state.into_iter().enumerate() {
        for (state, value) in states.iter_mut().zip(lanes.scatter()) {
            state[word] = value;
        }
    }
}

/// Each step's constant: sines of the integers 1 to 64, times 2^32. One less in the last round, see [`step_i`].
const K: [u32; 64] = {
    let mut table = [
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8,
        0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
        0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87,
        0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
        0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
        0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
        0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
        0xeb86d391,
    ];
    let mut step = 48;
    while step < 64 {
        table[step] -= 1;
        step += 1;
    }
    table
};

/// Four steps from step `$at` of a round on, each with its rotation. No closures: what is not inlined into the function
/// of the instruction set can't have its instructions inlined, and is a hundred times slower.
macro_rules! four_steps {
    ($state:ident, $words:ident, $k:ident, $step:ident, $s0:literal $s1:literal $s2:literal $s3:literal,
     $start:literal, $first:literal $by:literal, $at:expr) => {{
        let at: usize = $at;
        let [a, b, c, d] = $state;
        // The remainder of the constant's index changes nothing, and shows that it is in bounds.
        let (word, k) = ($words[($first + $by * at) % 16], W::splat($k[($start + at) % 64]));
        let a = $step::<W, $s0, { 32 - $s0 }>(a, b, c, d, word, k);
        let (word, k) = ($words[($first + $by * (at + 1)) % 16], W::splat($k[($start + at + 1) % 64]));
        let d = $step::<W, $s1, { 32 - $s1 }>(d, a, b, c, word, k);
        let (word, k) = ($words[($first + $by * (at + 2)) % 16], W::splat($k[($start + at + 2) % 64]));
        let c = $step::<W, $s2, { 32 - $s2 }>(c, d, a, b, word, k);
        let (word, k) = ($words[($first + $by * (at + 3)) % 16], W::splat($k[($start + at + 3) % 64]));
        let b = $step::<W, $s3, { 32 - $s3 }>(b, c, d, a, word, k);
        $state = [a, b, c, d];
    }};
}

/// Sixteen steps: the step function, its four rotations, the number of the first step, and the word that it takes with
/// the distance to the word of the next step.
macro_rules! round {
    ($quads:ident, $state:ident, $($rest:tt)*) => {
        if W::UNROLLED {
            four_steps!($state, $($rest)*, 0);
            four_steps!($state, $($rest)*, 4);
            four_steps!($state, $($rest)*, 8);
            four_steps!($state, $($rest)*, 12);
        } else {
            for quad in 0..$quads {
                four_steps!($state, $($rest)*, 4 * quad);
            }
        }
    };
}

#[inline(always)]
fn rounds<W: Word>(mut state: [W; 4], words: &[W; 16], k: &[u32; 64], quads: usize) -> [W; 4] {
    round!(quads, state, words, k, step_f, 7 12 17 22, 0, 0 1);
    round!(quads, state, words, k, step_g, 5 9 14 20, 16, 1 5);
    round!(quads, state, words, k, step_h, 4 11 16 23, 32, 5 3);
    round!(quads, state, words, k, step_i, 6 10 15 21, 48, 0 7);
    state
}

// In each step `b` is the result of the step before: the formulas put as little as possible behind it.

/// F = (b AND c) OR (NOT b AND d).
#[inline(always)]
fn step_f<W: Word, const L: i32, const R: i32>(a: W, b: W, c: W, d: W, word: W, k: W) -> W {
    let f = c.xor(d).and(b).xor(d);
    a.add(word.add(k)).add(f).rotate::<L, R>().add(b)
}

/// G = (b AND d) OR (c AND NOT d). No bit is in both halves, so they may be added one by one.
#[inline(always)]
fn step_g<W: Word, const L: i32, const R: i32>(a: W, b: W, c: W, d: W, word: W, k: W) -> W {
    let early = a.add(word.add(k)).add(c.and_not(d));
    early.add(b.and(d)).rotate::<L, R>().add(b)
}

/// H = b XOR c XOR d.
#[inline(always)]
fn step_h<W: Word, const L: i32, const R: i32>(a: W, b: W, c: W, d: W, word: W, k: W) -> W {
    a.add(word.add(k)).add(c.xor(d).xor(b)).rotate::<L, R>().add(b)
}

/// I = c XOR (b OR NOT d), which is NOT (c XOR (d AND NOT b)); and adding NOT x is subtracting x and one.
#[inline(always)]
fn step_i<W: Word, const L: i32, const R: i32>(a: W, b: W, c: W, d: W, word: W, k: W) -> W {
    let early = a.add(word.add(k));
    early.sub(d.and_not(b).xor(c)).rotate::<L, R>().add(b)
}
