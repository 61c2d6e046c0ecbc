"""Call metrics: collected in buckets, stored in SQLite, summed up in reports."""
