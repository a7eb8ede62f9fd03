//! THREATS 23: calls made from the OpenAPI document, then spoiled. Whatever comes, the answer is an error of ours.

use std::collections::BTreeSet;

use functions::config::Rates;
use functions::routers;
use serde_json::{Map, Value, json};
use slipway_protocol::wire::error::ErrorBody;
use slipway_protocol::wire::id::{FileId, MemberId, UploadId};
use slipway_protocol::wire::link::Role;

use crate::support::Call;
use crate::uploads::content::{Content, MIB};
use crate::uploads::world::{Person, World};

/// Calls for each operation with a body, each with its own seed, so that a failure can be made again.
const ROUNDS: u64 = 100;
/// Calls for each of the others.
const ROUNDS_WITHOUT_BODY: u64 = 15;

/// What has to get through unspoiled at times, or the rest would mean nothing.
const GET_THROUGH: [&str; 14] = [
    "get /api/rooms/{roomId}",
    "post /api/rooms",
    "post /api/rooms/{roomId}/links/{role}",
    "delete /api/rooms/{roomId}/members/{memberId}",
    "post /api/rooms/{roomId}/uploads",
    "post /api/rooms/{roomId}/completions",
    "post /api/uploads/{uploadId}/parts",
    "get /api/uploads/{uploadId}",
    "get /api/uploads/{uploadId}/progress",
    "post /api/uploads/{uploadId}/complete",
    "post /api/uploads/{uploadId}/adopt",
    "delete /api/uploads/{uploadId}",
    "post /api/files/{fileId}/downloads",
    "delete /api/files/{fileId}",
];
/// The subjects of calls are replaced after this many calls: some of them end their subject.
const SAME_SUBJECTS: u64 = 8;

/// splitmix64: repeatable, and good enough to choose with.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("small")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }

    fn base64url(&mut self, length: usize) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        // The last character carries few bits: `A` is right for every length.
        (1..length).map(|_| char::from(*self.pick(alphabet))).chain(['A']).collect()
    }
}

struct Fuzz {
    document: Value,
    world: World,
    ana: Person,
}

/// What is really there, and the caller's.
struct Subjects {
    upload: UploadId,
    file: FileId,
    member: MemberId,
}

impl Fuzz {
    /// By turns an upload in parts with one of them stored, one without any, and a single PUT that can be completed.
    async fn subjects(&self, turn: u64) -> Subjects {
        let (large, small) = (Content::in_small_parts(1, 6 * MIB), Content::new(2, 10));
        let upload = match turn % 3 {
            0 => self.ana.begin(&small).await.upload_id,
            _ => self.world.begin_as_planned(&self.ana, &large).await.upload_id,
        };
        match turn % 3 {
            0 => self.ana.put_parts(upload, &small, [1]).await,
            1 => self.ana.put_parts(upload, &large, [2]).await,
            _ => {}
        }
        let file = self.ana.upload(&small).await.file_id;
        // By a link that no call replaces.
        Subjects { upload, file, member: self.world.join(Role::Contribute).await.session.member_id }
    }

    /// A value that the schema allows, more or less.
    fn value(&self, schema: &Value, dice: &mut Dice, depth: usize) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let found =
                self.document.pointer(reference.trim_start_matches('#')).expect("a reference that leads somewhere");
            return self.value(found, dice, depth + 1);
        }
        for choice in ["oneOf", "anyOf", "enum"] {
            if let Some(options) = schema[choice].as_array() {
                let option = dice.pick(options).clone();
                return if choice == "enum" { option } else { self.value(&option, dice, depth + 1) };
            }
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
        match kind {
            "string" => text(schema["pattern"].as_str(), dice),
            "integer" | "number" => number(schema, dice),
            "boolean" => json!(dice.roll(2) == 0),
            "array" => {
                (0..*dice.pick(&[0, 1, 1, 1, 2, 3])).map(|_| self.value(&schema["items"], dice, depth + 1)).collect()
            }
            "null" => Value::Null,
            _ => self.object(schema, dice, depth),
        }
    }

    fn object(&self, schema: &Value, dice: &mut Dice, depth: usize) -> Value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut object = Map::new();
        for (name, property) in properties {
            if depth < 12 && (required.contains(&json!(name)) || dice.roll(2) == 0) {
                object.insert(name.clone(), self.value(property, dice, depth + 1));
            }
        }
        object.into()
    }

    /// A call of an operation, right or spoiled.
    fn call(&self, (method, path): (&str, &str), operation: &Value, subjects: &Subjects, dice: &mut Dice) -> Call {
        let mut path = path.to_owned();
        for name in ["roomId", "uploadId", "fileId", "memberId", "role"] {
            let value = match (name, dice.roll(5)) {
                ("roomId", 0..=2) => self.world.room.id.to_string(),
                ("uploadId", 0..=2) => subjects.upload.to_string(),
                ("fileId", 0..=2) => subjects.file.to_string(),
                ("memberId", 0..=2) => subjects.member.to_string(),
                ("role", _) => (*dice.pick(&["view", "drop", "owner", "%00"])).to_owned(),
                (_, 3) => dice.base64url(22),
                _ => (*dice.pick(&["x", "%2e%2e", "%ff", "%00", "a%20b"])).to_owned(),
            };
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        if dice.roll(3) == 0 {
            path += *dice.pick(&["?after=1", "?after=-1", "?after=%00", "?after=", "?x=%ff", "?after[]=1"]);
        }
        let call = Call::new(method.to_uppercase().parse().expect("a method"), &path).token(self.ana.session.token());
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            return call;
        }
        let mut body = self.value(schema, dice, 0);
        for _ in 0..dice.roll(3) {
            spoil(&mut body, dice);
        }
        call.json(&body)
    }
}

fn number(schema: &Value, dice: &mut Dice) -> Value {
    let (least, most) = (schema["minimum"].as_u64().unwrap_or(0), schema["maximum"].as_u64().unwrap_or(u64::MAX));
    json!((*dice.pick(&[0, 0, 0, 1, 1, 2, 5, 100, 10_000, 20 << 20, 5 << 40, u64::MAX])).clamp(least, most))
}

fn text(pattern: Option<&str>, dice: &mut Dice) -> Value {
    match pattern {
        Some(pattern) if pattern.contains("{22}==") => {
            json!(format!("{}==", dice.base64url(22).replace(['-', '_'], "x")))
        }
        Some(pattern) if pattern.contains("{22}") => json!(dice.base64url(22)),
        Some(pattern) if pattern.contains("{43}") => json!(dice.base64url(43)),
        Some("^md5$") => json!("md5"),
        _ => json!(*dice.pick(&["Ana", "", "\u{0}\u{202e}", "../../x", "a\nb", "ß", "1"])),
    }
}

/// Puts something else at a random place.
fn spoil(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(map) if !map.is_empty() && dice.roll(4) != 0 => {
            let names: Vec<String> = map.keys().cloned().collect();
            let name = dice.pick(&names).clone();
            match dice.roll(4) {
                0 => drop(map.remove(&name)),
                1 => drop(map.insert("unknown".into(), json!(1))),
                _ => spoil(map.get_mut(&name).expect("a name of the map"), dice),
            }
        }
        Value::Array(list) if !list.is_empty() && dice.roll(4) != 0 => {
            let index = dice.roll(list.len());
            spoil(&mut list[index], dice);
        }
        other => *other = hostile(dice),
    }
}

fn hostile(dice: &mut Dice) -> Value {
    let long = "x".repeat(100_000);
    let many: Value = (0..500).map(|_| json!({})).collect();
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let all = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e308),
        json!(0.5),
        json!(u64::MAX),
        json!(""),
        json!(long),
        json!("\u{0}"),
        json!([]),
        json!({}),
        many,
        deep,
    ];
    dice.pick(&all).clone()
}

/// Returns the operations that were answered well at least once.
async fn send_all(fuzz: &Fuzz) -> BTreeSet<String> {
    let mut good = BTreeSet::new();
    let paths = fuzz.document["paths"].as_object().expect("paths").clone();
    let mut subjects = fuzz.subjects(0).await;
    for (path, item) in &paths {
        for (method, operation) in item.as_object().expect("operations") {
            let rounds = if operation["requestBody"].is_null() { ROUNDS_WITHOUT_BODY } else { ROUNDS };
            let has_subject = ["{uploadId}", "{fileId}", "{memberId}"].iter().any(|id| path.contains(id));
            for seed in 0..rounds {
                if has_subject && seed % SAME_SUBJECTS == 0 {
                    subjects = fuzz.subjects(seed / SAME_SUBJECTS).await;
                }
                let call = fuzz.call((method, path), operation, &subjects, &mut Dice(seed));
                let shown = format!("{method} {} seed {seed}", call.path);
                let answer = fuzz.world.api.send(call).await;
                assert!(answer.status.as_u16() < 500, "{shown}: {} {}", answer.status, answer.body);
                if answer.status.is_success() {
                    good.insert(format!("{method} {path}"));
                } else {
                    let body: ErrorBody =
                        serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{shown}: {}", answer.body));
                    assert_eq!(body.error.code.status(), answer.status.as_u16(), "{shown}");
                }
            }
        }
    }
    good
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_the_answer_is_an_error_of_ours() {
    let world = World::gateway_with(|config| {
        config.rates = Rates::from_calls(1_000_000);
        (config.source.rooms_per_day, config.source.bytes_per_day) = (1_000_000, 1 << 60);
    })
    .await;
    let ana = world.join(Role::Manage).await;
    let document = serde_json::to_value(routers::document()).expect("JSON");
    let good = send_all(&Fuzz { document, world, ana }).await;
    for call in GET_THROUGH {
        assert!(good.contains(call), "{call} never got past the checks, so it was not tried: {good:?}");
    }
}
