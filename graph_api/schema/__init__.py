"""The GraphQL schema: types and resolvers, one file a subject, all under one access table."""
