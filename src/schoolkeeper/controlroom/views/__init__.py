"""One file per page: read the request, ask the queries, name the template."""
