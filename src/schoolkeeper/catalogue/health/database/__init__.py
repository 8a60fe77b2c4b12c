"""Is the database well?"""
