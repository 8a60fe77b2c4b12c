"""How Schoolkeeper starts: settings, addresses, the embedded database and the supervisor."""
