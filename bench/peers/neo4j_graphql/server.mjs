// The team view as @neo4j/graphql makes it, at its best: one statement a request, one walk a team.
// node server.mjs PORT NEO4J_URI USER DATABASE, with the password in NEO4J_PASSWORD.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { Neo4jGraphQL } from "@neo4j/graphql";
import neo4j from "neo4j-driver";

const typeDefs = `#graphql
  type Promoter @node {
    code: String!
    rank: String!
    status: String!
    joinedAt: BigInt! @alias(property: "joined_at")
    downline: [Promoter!]! @relationship(type: "REFERRED", direction: OUT)
    sales: Sales! @cypher(
      statement: "RETURN {orders: coalesce(this.sales_orders, 0), volumeFen: coalesce(this.sales_volume_fen, 0)} AS sales"
      columnName: "sales"
    )
    team: Team! @cypher(
      statement: """
      OPTIONAL MATCH (this)-[:REFERRED*1..1000]->(below:Promoter)
      RETURN {size: count(below), volumeFen: coalesce(sum(below.sales_volume_fen), 0)} AS team
      """
      columnName: "team"
    )
  }
  type Sales {
    orders: Int!
    volumeFen: BigInt!
  }
  type Team {
    size: Int!
    volumeFen: BigInt!
  }
`;

const [port, uri, user, database] = process.argv.slice(2);
const driver = neo4j.driver(uri, neo4j.auth.basic(user, process.env.NEO4J_PASSWORD));
const schema = await new Neo4jGraphQL({ typeDefs, driver }).getSchema();
const server = new ApolloServer({ schema, introspection: false });
await startStandaloneServer(server, {
  listen: { host: "127.0.0.1", port: Number(port) },
  context: async () => ({ sessionConfig: { database } }),
});
