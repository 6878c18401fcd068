"""Every statement the service runs, in named .cypher files, each with its typed function."""
