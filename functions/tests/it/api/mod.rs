//! Every route, over HTTP and as an API Gateway event.

mod audit;
mod bodies;
mod calls;
mod cdn;
mod events;
mod fuzz;
mod headers;
mod joining;
mod limits;
mod links;
mod names;
mod openapi;
mod outage;
mod own_origin;
mod rooms;
mod tokens;
