//! The proxy against a tiny server that tells what reached it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::head::RequestHead;
use super::*;

/// Takes any request, keeps its body, and answers `200 OK` with the body's length.
struct Tiny {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Tiny {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = bodies.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Self::serve(wire::Wire::new(Arc::new(stream)), kept.clone()));
            }
        });
        Self { address, bodies }
    }

    async fn serve(mut wire: wire::Wire, bodies: Arc<Mutex<Vec<Vec<u8>>>>) -> io::Result<()> {
        while let Some(head) = wire.head().await? {
            let head = RequestHead::parse(&head)?;
            let mut body = Vec::new();
            while (body.len() as u64) < head.body_bytes() {
                let bytes = wire.next(head.body_bytes() as usize - body.len()).await?;
                if bytes.is_empty() {
                    break;
                }
                body.extend_from_slice(bytes);
            }
            let text = body.len().to_string();
            bodies.lock().unwrap().push(body);
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            wire::write_all(&wire.stream, answer.as_bytes()).await?;
        }
        Ok(())
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }
}

struct Bench {
    tiny: Tiny,
    proxy: Proxy,
    http: reqwest::Client,
}

impl Bench {
    async fn start() -> Self {
        let tiny = Tiny::start().await;
        let proxy = Proxy::start(tiny.address).await.unwrap();
        Self { tiny, proxy, http: reqwest::Client::new() }
    }

    async fn put(&self, part: u16, body: Vec<u8>) -> reqwest::Result<String> {
        let url = format!("{}/b/k?partNumber={part}&X-Amz-Signature=secret", self.proxy.url());
        self.http.put(url).body(body).send().await?.text().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_unchanged_and_the_log_keeps_no_signature() {
    let bench = Bench::start().await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|i| i as u8).collect();
    assert_eq!(bench.put(7, body.clone()).await.unwrap(), "3000000");
    assert_eq!(bench.tiny.bodies(), [body]);
    let log = bench.proxy.log();
    assert_eq!((log[0].part(), log[0].body_bytes, log[0].sent_bytes), (Some(7), 3_000_000, 3_000_000));
    assert!(log[0].is_stored_put() && log[0].delivered);
    assert!(!format!("{log:?}").contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_hits_the_part_it_names_and_only_so_often() {
    let bench = Bench::start().await;
    bench.proxy.rule(Rule::new(Aim::part(2), Fault::s3_error(503, "SlowDown")).times(2));
    let mut answers = Vec::new();
    for part in [1, 2, 2, 2] {
        answers.push(bench.put(part, vec![0; 10]).await.unwrap());
    }
    assert_eq!(answers.iter().map(|text| text.contains("SlowDown")).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!(bench.tiny.bodies().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_on_when_the_rules_are_cleared() {
    let bench = Bench::start().await;
    bench.proxy.rule(Rule::new(Aim::parts_after(2), Fault::Hold).always());
    assert_eq!(bench.put(2, vec![0; 20]).await.unwrap(), "20");
    let release = async {
        while bench.proxy.hit_count() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(bench.tiny.bodies().len(), 1);
        assert!(bench.proxy.log().iter().all(|put| put.part() == Some(2) || put.sent_bytes == 0));
        bench.proxy.clear();
    };
    let (three, four, ()) = tokio::join!(bench.put(3, vec![0; 30]), bench.put(4, vec![0; 40]), release);
    assert_eq!((three.unwrap(), four.unwrap()), ("30".to_owned(), "40".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bit_is_turned_over() {
    let bench = Bench::start().await;
    bench.proxy.rule(Rule::new(Aim::part(1), Fault::Corrupt { at: 1_000_000 }));
    bench.put(1, vec![0; 2_000_000]).await.unwrap();
    let body = bench.tiny.bodies().remove(0);
    assert_eq!(body.iter().position(|byte| *byte != 0), Some(1_000_000));
    assert_eq!(body.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cuts_and_resets_are_errors_to_the_sender() {
    for fault in [Fault::Cut { after: 100_000 }, Fault::Reset { after: 100_000 }, Fault::LoseAnswer] {
        let bench = Bench::start().await;
        bench.proxy.rule(Rule::new(Aim::part(1), fault.clone()));
        assert!(bench.put(1, vec![0; 200_000]).await.is_err(), "{fault:?}");
        let sent = bench.proxy.log()[0].sent_bytes;
        assert_eq!(sent, if matches!(fault, Fault::LoseAnswer) { 200_000 } else { 100_000 });
        assert!(!bench.proxy.log()[0].delivered);
        assert_eq!(bench.put(1, vec![0; 5]).await.unwrap(), "5");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_body_ends_early_upstream() {
    let bench = Bench::start().await;
    bench.proxy.rule(Rule::new(Aim::part(1), Fault::Truncate { after: 1000 }));
    let _ = bench.put(1, vec![0; 200_000]).await;
    assert_eq!(bench.tiny.bodies()[0].len(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_request_waits_until_the_rules_are_cleared() {
    let bench = Bench::start().await;
    bench.proxy.rule(Rule::new(Aim::part(1), Fault::Stall { after: 1000 }));
    let put = bench.put(1, vec![0; 20_000_000]);
    let clear = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bench.proxy.clear();
    };
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(put, clear);
    assert!(answer.is_err() && begun.elapsed() >= Duration::from_millis(200));
    assert_eq!(bench.proxy.log()[0].sent_bytes, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_network_refuses_and_comes_back_on_the_same_port() {
    let bench = Bench::start().await;
    bench.proxy.rule(Rule::new(Aim::part(1), Fault::Stall { after: 0 }));
    let (answer, ()) = tokio::join!(bench.put(1, vec![0; 10]), async {
        while bench.proxy.log().is_empty() {
            tokio::task::yield_now().await;
        }
        bench.proxy.disconnect().await;
    });
    assert!(answer.is_err());
    assert!(bench.put(2, vec![0; 10]).await.unwrap_err().is_connect());
    bench.proxy.reconnect().await;
    assert_eq!(bench.put(2, vec![0; 10]).await.unwrap(), "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_holds_over_all_connections() {
    let bench = Bench::start().await;
    bench.proxy.set_link(Link { up_total: Some(4_000_000), ..Link::default() });
    let begun = Instant::now();
    let (one, two) = tokio::join!(bench.put(1, vec![0; 1_000_000]), bench.put(2, vec![0; 1_000_000]));
    let seconds = begun.elapsed().as_secs_f64();
    assert!(one.is_ok() && two.is_ok());
    assert!((0.45..0.9).contains(&seconds), "2 MB at 4 MB/s took {seconds} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_trip_and_a_window_bound_the_rate_of_a_connection() {
    let bench = Bench::start().await;
    let link = Link { round_trip: Duration::from_millis(50), window: Some(100_000), ..Link::default() };
    bench.proxy.set_link(link);
    let begun = Instant::now();
    assert_eq!(bench.put(1, vec![0; 1_000_000]).await.unwrap(), "1000000");
    let seconds = begun.elapsed().as_secs_f64();
    // The handshake, ten windows, and half a round trip each for the last bytes and the answer.
    assert!((0.55..1.1).contains(&seconds), "took {seconds} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_ends_with_its_upstream() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    let (upstream, _) = listener.accept().await.unwrap();
    drop(upstream);
    assert_eq!(wire::read_some(&client, &mut [0; 1]).await.unwrap(), 0);
}

#[test]
fn the_end_of_a_chunked_body_is_found_wherever_it_is_cut() {
    let body = b"5;x=y\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: 1\r\n\r\nNEXT";
    for cut in 0..body.len() {
        let mut scan = head::ChunkScan::default();
        let mut total = 0;
        for piece in [&body[..cut], &body[cut..]] {
            let (count, over) = scan.scan(piece).unwrap();
            total += count;
            if over {
                break;
            }
        }
        assert_eq!(total, body.len() - 4, "cut at {cut}");
    }
}
