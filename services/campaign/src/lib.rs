//! Journeys that act on members.
