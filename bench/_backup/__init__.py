"""What `bench/backup.py` is made of."""
