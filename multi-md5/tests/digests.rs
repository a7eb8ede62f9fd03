//! Digests against RFC 1321 and against the md-5 crate. The same tests run natively and in a browser:
//! `cargo test -p multi-md5 --target wasm32-unknown-unknown` with wasm-bindgen-test-runner as the target's runner.

use md5::Digest as _;
use multi_md5::{Digest, Md5, md5, md5_many, update_many};
use proptest::prelude::*;
use proptest::sample::Index;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

fn reference(bytes: &[u8]) -> Digest {
    md5::Md5::digest(bytes).into()
}

/// Bytes that differ from stream to stream and never repeat in step with a block.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(next).collect()
}

#[test]
fn the_vectors_of_rfc_1321() {
    let table = [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a",
        ),
    ];
    let hex = |digest: Digest| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (text, expected) in table {
        assert_eq!(hex(md5(text.as_bytes())), expected, "{text:?}");
    }
    assert_eq!(md5_many(&table.map(|(text, _)| text)).map(hex), table.map(|(_, expected)| expected));
}

#[test]
fn every_length_around_the_borders_of_blocks() {
    for len in 0..=260 {
        let bytes = noise(len as u64, len);
        assert_eq!(md5(&bytes), reference(&bytes), "{len} bytes");
    }
}

#[test]
fn every_number_of_streams() {
    for count in 0..=40 {
        let inputs: Vec<_> = (0..count).map(|seed| noise(seed, 1000 + 64 * (seed as usize % 5))).collect();
        let mut streams = vec![Md5::new(); inputs.len()];
        update_many(
            &mut streams.iter_mut().zip(&inputs).map(|(stream, bytes)| (stream, &bytes[..])).collect::<Vec<_>>(),
        );
        for (stream, bytes) in streams.into_iter().zip(&inputs) {
            assert_eq!(stream.finalize(), reference(bytes), "{count} streams");
        }
    }
}

#[test]
fn more_than_four_gibibits() {
    // The length in bits goes into the digest as 64 bits: above 512 MiB the high half counts.
    let chunk = noise(7, 1 << 20);
    let mut streams = [Md5::new(), Md5::new()];
    let mut oracle = md5::Md5::new();
    for _ in 0..513 {
        let [first, second] = &mut streams;
        update_many(&mut [(first, &chunk[..]), (second, &chunk[..])]);
        oracle.update(&chunk);
    }
    let expected: Digest = oracle.finalize().into();
    assert_eq!(streams.map(Md5::finalize), [expected; 2]);
}

/// One call of `update_many`: for some of the streams, where the next chunk ends.
type Call = Vec<(usize, Index)>;

fn calls() -> impl Strategy<Value = (Vec<usize>, Vec<Call>)> {
    let length = prop_oneof![3 => 0..300_usize, 1 => 0..5000_usize];
    proptest::collection::vec(length, 1..24).prop_flat_map(|lengths| {
        let feed = (0..lengths.len(), any::<Index>());
        let call = proptest::collection::vec(feed, 0..20);
        (Just(lengths), proptest::collection::vec(call, 0..12))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_any_streams_in_any_order((lengths, calls) in calls()) {
        let inputs: Vec<_> = lengths.iter().enumerate().map(|(seed, &len)| noise(seed as u64, len)).collect();
        let mut streams = vec![Md5::new(); inputs.len()];
        let mut taken = vec![0; inputs.len()];
        for call in calls {
            let mut ends = taken.clone();
            for (stream, end) in call {
                ends[stream] = ends[stream].max(end.index(inputs[stream].len() + 1));
            }
            feed(&mut streams, &inputs, &mut taken, &ends);
        }
        feed(&mut streams, &inputs, &mut taken, &lengths);
        for (stream, bytes) in streams.into_iter().zip(&inputs) {
            prop_assert_eq!(stream.len(), bytes.len() as u64);
            prop_assert_eq!(stream.finalize(), reference(bytes));
        }
    }

    #[test]
    fn one_stream_in_any_chunks(len in 0..2000_usize, cuts in proptest::collection::vec(any::<Index>(), 0..8)) {
        let bytes = noise(len as u64, len);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(len + 1)).chain([0, len]).collect();
        cuts.sort_unstable();
        let mut stream = Md5::new();
        for cut in cuts.windows(2) {
            stream.update(&bytes[cut[0]..cut[1]]);
        }
        prop_assert_eq!(stream.finalize(), reference(&bytes));
    }
}

/// Feeds every stream up to its end; those with nothing new get an empty slice.
fn feed(streams: &mut [Md5], inputs: &[Vec<u8>], taken: &mut [usize], ends: &[usize]) {
    let mut feeds: Vec<_> = streams
        .iter_mut()
        .enumerate()
        .map(|(index, stream)| (stream, &inputs[index][taken[index]..ends[index]]))
        .collect();
    update_many(&mut feeds);
    assert!(feeds.iter().all(|(_, left)| left.is_empty()));
    taken.copy_from_slice(ends);
}
