"""What other programs see and may ask for: a REST API under /api/v1, described by /api/v1/openapi.json."""
