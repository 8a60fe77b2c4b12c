"""Smart Education ERP: a small school ERP on Django and PostgreSQL, complete enough to be looked after."""
