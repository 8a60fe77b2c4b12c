"""What do people see? Pages of the control room."""
