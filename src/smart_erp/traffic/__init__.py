"""Real people at work, imitated: they sign in over HTTP and do what their role does all day."""
