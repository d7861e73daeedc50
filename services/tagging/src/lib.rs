//! Who members are and what they do: activities, tags, segments.
