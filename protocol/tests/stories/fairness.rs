use slipway_protocol::machine::network::lanes::{MOST, PER_HOST, PER_OWN_HOST};
use slipway_protocol::machine::*;
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{SignedRequest, UploadState};

use crate::page::*;

#[test]
fn a_small_file_is_not_stuck_behind_a_large_one() {
    let mut page = Page::adding(4000 * MIB);
    page.grow();
    page.add(B, MIB);
    for _ in 0..12 {
        page.prepare_small(B);
        page.initiate();
        page.store(None);
        page.prepare_one();
        page.sign_all();
    }
    page.complete(|id| CompleteOutcome::Done { file: file_id(id) });
    assert_eq!(page.stage(B).0, Stage::Completed, "after a dozen parts of the large file");
    assert_eq!(page.stage(A).0, Stage::Uploading);
}

#[test]
fn two_large_files_share_the_lanes() {
    let mut page = Page::new();
    let files = vec![(A, source(1000 * MIB)), (B, source(1000 * MIB))];
    page.give(Input::Add { room: ROOM, files });
    for _ in 0..20 {
        page.grow();
        page.store(None);
    }
    page.grow();
    assert_eq!((page.view_lanes(A), page.view_lanes(B)), (2, 2));
}

#[test]
fn a_thousand_small_files_do_not_starve_a_large_one() {
    let mut page = Page::new();
    let mut files: Vec<_> = (10..1010).map(|id| (LocalId(id), source(MIB))).collect();
    files.push((A, source(1000 * MIB)));
    page.give(Input::Add { room: ROOM, files });
    for _ in 0..30 {
        page.grow();
        page.store(None);
        page.complete(|id| CompleteOutcome::Done { file: file_id(id) });
    }
    page.grow();
    assert!(page.view_lanes(A) >= 2, "{} lanes", page.view_lanes(A));
}

#[test]
fn a_round_trip_limited_link_gets_all_six_lanes_within_seconds() {
    let mut page = Page::adding(1000 * MIB);
    page.grow();
    for tenth in 1..=50_u64 {
        for (number, attempt) in page.puts() {
            let bytes = tenth * 250_000;
            page.give(Input::Sent { id: A, part: part(number), attempt, bytes });
        }
        page.pass(100);
        page.grow();
    }
    assert_eq!(page.puts().len(), 6);
}

#[test]
fn parts_are_spread_over_the_hosts() {
    let mut page = Page::new();
    page.give(Input::Hosts { count: 2, lanes_each: PER_HOST });
    page.add(A, 1000 * MIB);
    page.prepare_all();
    page.initiate();
    let (_, parts) = page.take(signing).unwrap();
    let hosts: Vec<_> = parts.iter().map(|sign| sign.host).collect();
    assert!(hosts.contains(&0) && hosts.contains(&1), "{hosts:?}");
}

/// A file picked once more makes parts of one presign be signed by another, while the first is not answered.
#[test]
fn a_host_has_no_more_than_it_takes_when_a_part_is_signed_twice() {
    let mut page = Page::new();
    page.give(Input::Hosts { count: 2, lanes_each: 1 });
    page.add(A, 400 * MIB);
    page.prepare_all();
    page.initiate();
    let first = page.take(signing).unwrap();
    page.store(None);
    page.reopen(A, 400 * MIB);
    page.status(UploadState::Uploading, Plan::new(400 * MIB, None).unwrap(), &[1]);
    page.prepare_all();
    let second = page.take(signing).unwrap();
    let host_in = |asked: &Asked, part| asked.1.iter().find(|sign| sign.part == part).map(|sign| sign.host);
    let moved = first.1.iter().any(|sign| host_in(&second, sign.part).is_some_and(|host| host != sign.host));
    assert!(moved, "no part is asked for at another host: {first:?}, {second:?}");
    sign_by_host(&mut page, first);
    sign_by_host(&mut page, second);
    while let Some(asked) = page.take(signing) {
        sign_by_host(&mut page, asked);
    }
    let hosts = page.effects.iter().filter_map(|effect| match effect {
        Effect::Put { request, .. } => Some(request.url.as_str()),
        _ => None,
    });
    let mut hosts: Vec<_> = hosts.collect();
    hosts.sort_unstable();
    assert_eq!(hosts, ["https://0/", "https://1/"]);
}

type Asked = (Attempt, Vec<ToSign>);

fn signing(effect: &Effect) -> Option<Asked> {
    match effect {
        Effect::Sign { attempt, parts, .. } => Some((*attempt, parts.clone())),
        _ => None,
    }
}

/// Each URL names the host that it was asked for.
fn sign_by_host(page: &mut Page, (attempt, parts): Asked) {
    let by_host = |sign: &ToSign| SignedRequest { url: format!("https://{}/", sign.host), ..signed(sign.part, 900) };
    page.give(Input::Signed { id: A, attempt, answer: Ok(parts.iter().map(by_host).collect()) });
}

/// HTTP/2 has no limit of six; where calls and parts share the six of HTTP/1.1, one is left to the calls.
#[test]
fn small_files_have_all_the_lanes_of_their_host() {
    for lanes_each in [PER_OWN_HOST, PER_HOST, MOST] {
        let mut page = Page::new();
        page.give(Input::Hosts { count: 1, lanes_each });
        let files = (1..=20).map(|n| (LocalId(n), source(100_000))).collect();
        page.give(Input::Add { room: ROOM, files });
        (1..=20).for_each(|n| page.prepare_small(LocalId(n)));
        page.initiate();
        assert_eq!(page.puts().len(), usize::from(lanes_each));
    }
}
