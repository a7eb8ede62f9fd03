//! THREATS 16: a member receives events of its own room only, and a drop member of its own uploads only.

use functions::rooms::journal::{self, Journal};
use slipway_protocol::calls;
use slipway_protocol::wire::id::{FileId, MemberId, UploadId};
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{Event, EventPage, FileInfo, FileMeta, Meta, UploadFields};

use crate::support::{NewRoom, both_ways};

fn started(by: MemberId) -> Event {
    let upload = UploadFields {
        file_id: FileId::from_bytes([1; 16]),
        upload_id: UploadId::from_bytes([2; 16]),
        file_name: Some("a.txt".into()),
        member_id: by,
        bytes_uploaded: 0,
        total_bytes: 5 << 40,
        percentage: 0.0,
        upload_speed: None,
        estimated_time_remaining: None,
    };
    Event::FileUploadStarted { upload }
}

fn added(by: MemberId) -> Event {
    let meta =
        FileMeta { v: 1, name: "a.txt".into(), path: String::new(), media_type: String::new(), last_modified: None };
    let file = FileInfo {
        file_id: FileId::from_bytes([1; 16]),
        upload_id: UploadId::from_bytes([2; 16]),
        meta: Meta::Plain(meta),
        size: 5 << 40,
        etag: "x".into(),
        plan: Plan::new(5 << 40, None).unwrap(),
        seal: None,
        added_by: by,
        display_name: "Ana".into(),
        added_at: 1,
    };
    Event::FileAdded { file }
}

fn numbers(page: &EventPage) -> Vec<u64> {
    page.events.iter().filter_map(|event| event.seq).collect()
}

both_ways! {
    async fn each_sees_the_events_it_may(stack, api) {
        let (room, other) = (NewRoom::create(&api).await, NewRoom::create(&api).await);
        let (viewer, dropper) = (room.join(&api, Role::View).await, room.join(&api, Role::Drop).await);
        let stranger = other.join(&api, Role::Manage).await;
        let (mine, others) = (dropper.member_id, viewer.member_id);
        let removed = Event::FileRemoved { file_id: FileId::from_bytes([1; 16]), member_id: others };
        for event in [started(others), started(mine), added(mine), added(others), removed] {
            journal::commit(&stack.app, room.id, &[], &Journal::new().event(event)).await.unwrap();
        }
        let list = calls::ListEvents { room: room.id, after: 0 };
        let all: EventPage = api.call(&list, viewer.token()).await.ok();
        assert_eq!((numbers(&all), all.last_seq), (vec![1, 2, 3, 4, 5], 5));
        assert_eq!(all.events[2].what, added(mine), "the event is read as it was written");
        let own: EventPage = api.call(&list, dropper.token()).await.ok();
        assert_eq!((numbers(&own), own.last_seq), (vec![2, 3], 5));
        let later: EventPage = api.call(&calls::ListEvents { room: room.id, after: 3 }, viewer.token()).await.ok();
        assert_eq!(numbers(&later), [4, 5]);
        let elsewhere: EventPage = api.call(&calls::ListEvents { room: other.id, after: 0 }, stranger.token()).await.ok();
        assert_eq!((numbers(&elsewhere), elsewhere.last_seq), (vec![], 0));
    }

    async fn more_than_a_page_is_read_on(stack, api) {
        let room = NewRoom::create(&api).await;
        let viewer = room.join(&api, Role::View).await;
        for _ in 0..120 {
            let journal = Journal::new().event(started(viewer.member_id));
            journal::commit(&stack.app, room.id, &[], &journal).await.unwrap();
        }
        let first: EventPage = api.get(&room.path("/events"), viewer.token()).await.ok();
        assert_eq!((first.events.len(), first.next_after, first.last_seq), (100, Some(100), 120));
        let rest: EventPage = api.call(&calls::ListEvents { room: room.id, after: 100 }, viewer.token()).await.ok();
        assert_eq!((rest.events.len(), rest.next_after), (20, None));
    }
}
