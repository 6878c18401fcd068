import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

/** Operations of promoters' pages are named so; all others are for staff. */
const ofPhones = (text: string): boolean => /\b(query|mutation|subscription) Phone/.test(text);

// Two documents over one set of hashed files. Where the files are served from is decided by graph_api/console.py,
// so everything here is relative: a chunk finds the others beside itself, wherever that is.
export default defineConfig({
  base: "./",
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic" } },
  plugins: [
    {
      name: "manifests-of-documents",
      // {id of a document: its text} for each audience: what the service knows the pages' questions by.
      writeBundle(options) {
        const known = JSON.parse(readFileSync("src/generated/persisted-documents.json", "utf8")) as Record<string, string>;
        const folder = resolve(options.dir ?? "dist", "documents");
        mkdirSync(folder, { recursive: true });
        for (const [audience, isTheirs] of Object.entries({ promoters: ofPhones, staff: (text: string) => !ofPhones(text) })) {
          const theirs = Object.fromEntries(Object.entries(known).filter(([, text]) => isTheirs(text)));
          writeFileSync(resolve(folder, `${audience}.json`), `${JSON.stringify(theirs, null, 1)}\n`);
        }
      },
    },
    {
      name: "compressed",
      // Beside each text its compressed form, which the service gives to whoever takes it: made once, and as small as it gets.
      writeBundle(options, bundle) {
        for (const name of Object.keys(bundle)) {
          const file = resolve(options.dir ?? "dist", name);
          if (/\.(js|css)$/.test(name)) writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
        }
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
