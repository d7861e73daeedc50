//! What a test needs: a database of its own, a clock turned by hand.
