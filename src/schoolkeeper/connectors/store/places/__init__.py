"""Where a store's objects lie: a folder, an S3 bucket, a folder on an SFTP server. One module per kind."""
