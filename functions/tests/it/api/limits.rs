//! THREATS 4, 10, 12, 22: counted limits hold under a race, and an address cannot be forged.

use functions::config::Config;
use functions::edge::source::CdnSecret;
use functions::table::{Key, Write};
use futures::future::join_all;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::{AuthToken, Role};

use crate::support::{Answer, Api, Call, NewRoom, Stack};

/// No test starts within the last seconds of a minute: its calls are to fall into one window.
async fn stack(change: impl FnOnce(&mut Config)) -> Stack {
    let stack = Stack::start(change).await;
    let second = stack.app.clock.now_seconds() % 60;
    stack.app.clock.advance(std::time::Duration::from_secs(60 - second));
    stack
}

fn count(answers: &[Answer], code: u16) -> usize {
    answers.iter().filter(|answer| answer.status == code).count()
}

async fn of_two_hundred_rooms_three_are_made(stack: &Stack, api: &Api) {
    let calls =
        (0..200).map(|_| async { api.call(&calls::CreateRoom { body: NewRoom::invented().request() }, None).await });
    let answers = join_all(calls).await;
    assert_eq!((count(&answers, 201), count(&answers, 429)), (3, 197));
    let refused = answers.into_iter().find(|answer| answer.status == 429).expect("a refusal");
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    refused.failed(ErrorCode::RateLimited);
    stack.app.clock.advance(std::time::Duration::from_secs(60));
    NewRoom::create(api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_rooms_at_once_three_pass_over_http() {
    let stack = stack(|config| config.rates.rooms_per_minute = 3).await;
    of_two_hundred_rooms_three_are_made(&stack, &stack.http()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_rooms_at_once_three_pass_as_events() {
    let stack = stack(|config| config.rates.rooms_per_minute = 3).await;
    of_two_hundred_rooms_three_are_made(&stack, &stack.gateway()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_have_limits_of_their_own() {
    let stack = stack(|config| config.rates.rooms_per_minute = 1).await;
    let api = stack.gateway();
    for ip in ["192.0.2.1", "192.0.2.2", "2001:db8:1:2::1"] {
        let api = api.at_address(ip);
        NewRoom::create(&api).await;
        api.call(&calls::CreateRoom { body: NewRoom::invented().request() }, None).await.failed(ErrorCode::RateLimited);
    }
    let neighbour = api.at_address("2001:db8:1:2:ffff::9");
    neighbour
        .call(&calls::CreateRoom { body: NewRoom::invented().request() }, None)
        .await
        .failed(ErrorCode::RateLimited);
}

/// A counter of another release says nothing about this one's limit: after a release that was rolled back, nobody is told
/// of too many calls for a whole day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_of_another_release_refuse_nobody() {
    let stack = stack(|config| config.rates.rooms_per_minute = 1).await;
    let (api, now) = (stack.gateway(), stack.app.clock.now_seconds());
    for (kind, window) in [("rooms", 60), ("rooms-a-day", 24 * 3600), ("misses", 60)] {
        let key = Key::main(format!("LIMIT#{kind}#{}#{}", api.source_ip, now / window), "COUNT");
        let theirs = Write::update(&key, "SET #name = :name").bind("name", "theirs").bind("v", 2);
        stack.app.tables.write(&theirs).await.unwrap();
    }
    let room = NewRoom::create(&api).await;
    room.join(&api, Role::View).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_address_changes_nothing() {
    let stack = stack(|config| config.rates.rooms_per_minute = 1).await;
    for api in [stack.http(), stack.gateway()] {
        NewRoom::create(&api).await;
        for header in ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"] {
            let call = Call::of(&calls::CreateRoom { body: NewRoom::invented().request() });
            api.send(call.header(header, "203.0.113.77")).await.failed(ErrorCode::RateLimited);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_too_many_wrong_guesses_a_right_one_is_refused_too() {
    let stack = stack(|config| config.rates.misses_per_minute = 5).await;
    let (guesser, other) = (stack.gateway(), stack.gateway().at_address("192.0.2.9"));
    let room = NewRoom::create(&other).await;
    let mut wrong = room.join_request(Role::View, "Ana");
    for byte in 0..5 {
        wrong.auth_token = AuthToken::from_bytes([byte; 32]);
        guesser.call(&calls::Join { room: room.id, body: wrong.clone() }, None).await.failed(ErrorCode::NotFound);
    }
    room.try_join(&guesser, Role::View, None).await.failed(ErrorCode::RateLimited);
    room.join(&other, Role::View).await;
    stack.app.clock.advance(std::time::Duration::from_secs(60));
    room.join(&guesser, Role::View).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_tokens_is_limited() {
    let stack = stack(|config| config.rates.misses_per_minute = 5).await;
    let api = stack.http();
    let room = NewRoom::create(&api).await;
    let guess = |byte: u8| slipway_protocol::wire::link::MemberToken::from_bytes([byte; 32]).expose();
    for byte in 0..5 {
        api.call(&calls::GetRoom { room: room.id }, Some(&guess(byte))).await.failed(ErrorCode::TokenMissing);
    }
    api.call(&calls::GetRoom { room: room.id }, Some(&guess(6))).await.failed(ErrorCode::RateLimited);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_are_limited_for_each_address() {
    let stack = stack(|config| config.rates.joins_per_minute = 3).await;
    let api = stack.http();
    let room = NewRoom::create(&api).await;
    let answers = join_all((0..20).map(|_| room.try_join(&api, Role::View, None))).await;
    assert_eq!((count(&answers, 201), count(&answers, 429)), (3, 17));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_members_calls_are_limited_and_other_members_go_on() {
    let stack = stack(|config| config.rates.calls_per_minute = 3).await;
    let api = stack.http();
    let room = NewRoom::create(&api).await;
    let (one, two) = (room.join(&api, Role::Manage).await, room.join(&api, Role::Manage).await);
    let revoke = calls::RevokeLink { room: room.id, role: Role::Drop };
    let answers = join_all((0..12).map(|_| api.call(&revoke, one.token()))).await;
    assert_eq!((count(&answers, 204), count(&answers, 429)), (3, 9));
    assert_eq!(api.call(&revoke, two.token()).await.status, 204);
}

const SECRET: &str = "a-secret-of-the-cdn-that-is-long-enough";

/// Creates a room with the headers that the CDN sets.
async fn through_cdn(api: &Api, secret: Option<&str>, viewer: &str) -> Answer {
    let call = Call::of(&calls::CreateRoom { body: NewRoom::invented().request() });
    let call = secret.into_iter().fold(call, |call, secret| call.header("x-slipway-cdn", secret));
    api.send(call.header("x-slipway-viewer", viewer)).await
}

/// Behind the CDN all callers come from its addresses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_the_cdn_callers_have_limits_of_their_own() {
    let stack = stack(|config| {
        config.rates.rooms_per_minute = 1;
        config.cdn_secret = CdnSecret::new(SECRET);
    })
    .await;
    for api in [stack.gateway(), stack.http()] {
        for viewer in ["203.0.113.1", "203.0.113.2", "2001:db8:7:7::1"] {
            assert_eq!(through_cdn(&api, Some(SECRET), viewer).await.status, 201, "{viewer}");
            through_cdn(&api, Some(SECRET), viewer).await.failed(ErrorCode::RateLimited);
            // Another edge of the CDN changes nothing.
            let edge = api.at_address("192.0.2.200");
            through_cdn(&edge, Some(SECRET), viewer).await.failed(ErrorCode::RateLimited);
        }
        stack.app.clock.advance(std::time::Duration::from_secs(60));
    }
}

/// Abuse case 22. Where there is a CDN, a call without its secret does not get so far: see `cdn`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewers_address_that_nobody_vouches_for_changes_nothing() {
    let stack = stack(|config| config.rates.rooms_per_minute = 1).await;
    let api = stack.gateway();
    NewRoom::create(&api).await;
    for secret in [None, Some(""), Some("wrong"), Some(SECRET)] {
        through_cdn(&api, secret, "203.0.113.9").await.failed(ErrorCode::RateLimited);
    }
}

/// By the CDN, but with an address that is none: the gateway's own counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_without_an_address_counts_as_the_cdn() {
    let configure = |config: &mut Config| {
        config.rates.rooms_per_minute = 1;
        config.cdn_secret = CdnSecret::new(SECRET);
    };
    let stack = stack(configure).await;
    let api = stack.gateway();
    assert_eq!(through_cdn(&api, Some(SECRET), "nowhere").await.status, 201);
    through_cdn(&api, Some(SECRET), "still nowhere").await.failed(ErrorCode::RateLimited);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_of_an_address_are_limited_by_the_day() {
    let stack = stack(|config| config.source.rooms_per_day = 2).await;
    let api = stack.gateway();
    for _ in 0..2 {
        NewRoom::create(&api).await;
        stack.app.clock.advance(std::time::Duration::from_secs(1));
    }
    let refused = api.call(&calls::CreateRoom { body: NewRoom::invented().request() }, None).await;
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=24 * 3600).contains(&seconds));
    refused.failed(ErrorCode::RateLimited);
    NewRoom::create(&api.at_address("192.0.2.9")).await;
    stack.app.clock.advance(std::time::Duration::from_secs(seconds));
    NewRoom::create(&api).await;
}
