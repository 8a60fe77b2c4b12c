"""Removing the sets that the rule of retention no longer keeps."""
