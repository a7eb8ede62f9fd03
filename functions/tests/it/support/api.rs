//! One way to call the API, whichever way the call takes.

use functions::app::App;
use http::{HeaderMap, Method};
use local_stack::Answer;
use serde::Serialize;
use slipway_protocol::calls::{self, SerdeJson};

use super::gateway;

/// How calls get to the functions, and from which address.
#[derive(Clone)]
pub(crate) struct Api {
    way: Way,
    pub(crate) source_ip: String,
}

#[derive(Clone)]
enum Way {
    Http { client: reqwest::Client, url: String },
    Gateway { app: App },
}

/// A call that is being made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
}

impl Api {
    pub(crate) fn http(url: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { way: Way::Http { client, url: url.to_owned() }, source_ip: "127.0.0.1".into() }
    }

    pub(crate) fn gateway(app: App) -> Self {
        Self { way: Way::Gateway { app }, source_ip: "192.0.2.1".into() }
    }

    /// The same, from another address. Only the gateway's word counts, so only events can do that.
    pub(crate) fn at_address(&self, ip: &str) -> Self {
        Self { source_ip: ip.to_owned(), ..self.clone() }
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        match &self.way {
            Way::Gateway { app } => gateway::send(app, &self.source_ip, call).await,
            Way::Http { client, url } => {
                let request = client.request(call.method, format!("{url}{}", call.path)).headers(call.headers);
                let request = call.body.into_iter().fold(request, reqwest::RequestBuilder::body);
                let response = request.send().await.expect("an answer");
                let (status, headers) = (response.status(), response.headers().clone());
                Answer { status, headers, body: response.text().await.expect("a text") }
            }
        }
    }

    /// A call of the API, with a token that need not be one.
    pub(crate) async fn call(&self, call: &impl calls::Call, token: Option<&str>) -> Answer {
        self.send(Call::of(call).token(token)).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(Call::new(Method::GET, path).token(token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &impl Serialize) -> Answer {
        self.send(Call::new(Method::POST, path).token(token).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(Call::new(Method::DELETE, path).token(token)).await
    }
}

impl Call {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: HeaderMap::new(), body: None }
    }

    pub(crate) fn of(call: &impl calls::Call) -> Self {
        let request = call.request::<SerdeJson>();
        let method = request.method.as_str().parse().expect("a method");
        let raw = Self::new(method, &format!("{}{}", calls::BASE, request.path));
        let raw = request.headers.into_iter().fold(raw, |raw, (name, value)| raw.header(name, &value));
        Self { body: request.body.map(String::into_bytes), ..raw }
    }

    pub(crate) fn token(self, token: Option<&str>) -> Self {
        token.into_iter().fold(self, |call, token| call.header("authorization", &format!("Bearer {token}")))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("a header"));
        self
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("JSON");
        self.header("content-type", "application/json").bytes(body)
    }

    pub(crate) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }
}
