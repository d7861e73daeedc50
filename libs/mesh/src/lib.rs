//! Discovery of peers and leadership among replicas.
