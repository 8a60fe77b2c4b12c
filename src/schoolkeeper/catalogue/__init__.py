"""What do we know how to do? One folder per task; `builtin` lists them, `registry` checks them."""
