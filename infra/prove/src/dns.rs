//! A DNS server that resolves every name to this machine.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use hickory_proto::serialize::binary::BinDecodable as _;
use tokio::net::UdpSocket;

const TTL_SECONDS: u32 = 60;

/// Serves on port 53 of loopback until the process ends.
pub(crate) async fn start() -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).await.context("no DNS server on port 53")?;
    tokio::spawn(async move {
        let mut packet = [0; 2048];
        // UDP sockets also report errors of earlier answers, for example that a port was closed meanwhile.
        loop {
            let Ok((length, from)) = socket.recv_from(&mut packet).await else { continue };
            if let Some(answer) = answer(&packet[..length]) {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    });
    Ok(())
}

/// `None` if the packet is not a query.
fn answer(packet: &[u8]) -> Option<Vec<u8>> {
    let query = Message::from_bytes(packet).ok()?;
    let asked = query.queries.first()?;
    let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_desired = query.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.metadata.response_code = ResponseCode::NoError;
    // No records of other types, so resolvers fall back from AAAA to A.
    if asked.query_type() == RecordType::A {
        answer.add_answer(Record::from_rdata(asked.name().clone(), TTL_SECONDS, RData::A(A(Ipv4Addr::LOCALHOST))));
    }
    answer.add_query(asked.clone());
    answer.to_vec().ok()
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Query;
    use hickory_proto::rr::Name;

    use super::*;

    fn asked(kind: RecordType) -> Message {
        let mut query = Message::new(7, MessageType::Query, OpCode::Query);
        query.add_query(Query::query(Name::from_ascii("b.s3.us-east-1.amazonaws.com.").unwrap(), kind));
        Message::from_bytes(&answer(&query.to_vec().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn a_name_leads_here() {
        let message = asked(RecordType::A);
        assert_eq!((message.metadata.id, message.answers.len()), (7, 1));
        assert_eq!(message.answers[0].data, RData::A(A(Ipv4Addr::LOCALHOST)));
    }

    #[test]
    fn there_is_no_other_address_and_noise_has_no_answer() {
        assert!(asked(RecordType::AAAA).answers.is_empty());
        assert_eq!(answer(b"noise"), None);
    }
}
