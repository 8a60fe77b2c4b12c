"""What do the logs say?"""
