//! CEL conditions and integer formulas: compiled once, type-checked, bounded, explained.
