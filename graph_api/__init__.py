"""The promograph service: rules, actions, batched reads, cache, GraphQL schema, servers and the command line."""
