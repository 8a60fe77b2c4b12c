"""Is the machine well?"""
