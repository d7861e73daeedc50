//! The service as its callers and peers see it: real routes, real statements, a clock turned by hand.

mod admission;
mod advancing;
mod arrivals;
mod definitions;
mod drafts;
mod end_to_end;
mod growth;
mod journeys;
mod lifecycle;
mod merges;
mod peers_in_trouble;
mod poison;
mod replicas;
mod runs;
mod stage;
mod tenants;
mod tidiness;
mod timers;
mod world;
