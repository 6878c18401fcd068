"""Files in, files out: read, check, load; export; and the generated demonstration network."""
