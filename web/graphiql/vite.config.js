import { defineConfig } from "vite";

// The page is served at /graphiql and its files below it, by graph_api/graphiql.py.
export default defineConfig({
  base: "/graphiql/",
  logLevel: "warn",
  // graphiql builds its workers as modules with imports of their own
  worker: { format: "es" },
  build: {
    target: "es2022",
    license: { fileName: "licenses.md" },
    // Monaco is one lazy chunk of some megabytes; on loopback that is nothing to warn about.
    chunkSizeWarningLimit: 8000,
    rolldownOptions: {
      onLog(level, log, show) {
        // "use client" marks of React libraries mean nothing in a bundle for browsers
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") show(level, log);
      },
    },
  },
});
