"""A drill: restore a set into a scratch server and compare it with what was saved."""
