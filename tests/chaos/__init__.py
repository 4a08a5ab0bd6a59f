"""Chaos: real writers killed with appends in flight, and a search for what was lost or doubled."""
