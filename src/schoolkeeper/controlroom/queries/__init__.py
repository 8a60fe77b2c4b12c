"""Reading: functions from the database to frozen data for the templates, a fixed number of queries each."""
