import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vite";

// Two documents over one set of hashed files. Where the files are served from is decided by graph_api/console.py,
// so everything here is relative: a chunk finds the others beside itself, wherever that is.
export default defineConfig({
  base: "./",
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic" } },
  plugins: [
    {
      name: "manifest-of-documents",
      // {sha256 of a document: its text, as it is sent}: what a service may be told to answer and nothing else.
      async writeBundle(options) {
        const typed: object = await import("./src/generated/graphql.ts");
        const texts = Object.values(typed).filter((one) => one instanceof String).map(String).sort();
        const manifest = Object.fromEntries(
          texts.map((text) => [createHash("sha256").update(text).digest("hex"), text]),
        );
        writeFileSync(resolve(options.dir ?? "dist", "documents.json"), `${JSON.stringify(manifest, null, 1)}\n`);
      },
    },
  ],
  build: {
    target: "es2022",
    license: { fileName: "licenses.md" },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { console: "console.html", m: "m.html" },
    },
  },
});
