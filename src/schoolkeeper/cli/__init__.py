"""What do people type? One file per command group; `main` gathers them."""
