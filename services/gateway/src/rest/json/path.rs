use std::fmt::{self, Write};

/// Where in a message something is, in the contract's spelling: `items[0].tag_code`, `attributes["colour"]`.
pub(super) enum Path<'p> {
    Root,
    Name(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
    Key(&'p Path<'p>, &'p str),
}

impl Path<'_> {
    pub(super) fn is_root(&self) -> bool {
        matches!(self, Self::Root)
    }

    /// Whether it is a field of the whole message.
    pub(super) fn is_top(&self) -> bool {
        matches!(self, Self::Name(Path::Root, _))
    }

    /// The same path from the item that it lies in: without the item's own field and place.
    pub(super) fn within_item(&self) -> String {
        let mut path = String::new();
        // Writing to a text does not fail.
        let _ = self.write(&mut path, true);
        path
    }

    fn write(&self, out: &mut impl Write, from_item: bool) -> Result<bool, fmt::Error> {
        let written = match self {
            Self::Root => return Ok(false),
            Self::Name(parent, _) | Self::Index(parent, _) | Self::Key(parent, _) => parent.write(out, from_item)?,
        };
        match self {
            Self::Name(Path::Root, _) if from_item => return Ok(false),
            Self::Index(parent, _) if from_item && parent.is_top() => return Ok(false),
            Self::Root => {}
            Self::Name(_, name) if written => write!(out, ".{name}")?,
            Self::Name(_, name) => out.write_str(name)?,
            Self::Index(_, index) => write!(out, "[{index}]")?,
            Self::Key(_, key) => write!(out, "[{key:?}]")?,
        }
        Ok(true)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false).map(drop)
    }
}
