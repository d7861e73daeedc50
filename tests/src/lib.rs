//! The platform tests: user stories over the real wire, crashes, arrows of the architecture, the bench.
