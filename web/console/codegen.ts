import type { CodegenConfig } from "@graphql-codegen/cli";

// Types of the operations from the service's own schema.
const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: "src/**/*.graphql",
  silent: true,
  generates: {
    "./src/generated/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: false,
        // Ids by which the service knows the documents; the texts stay, to be shown and for a service of another build.
        persistedDocuments: { mode: "embedHashInDocument", hashAlgorithm: "sha256" },
      },
      config: {
        documentMode: "string",
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: {
          Fen: "number",
          Whole: "number",
          DateTime: "string",
          Date: "string",
          Month: "string",
          Numbers: "number[]",
          Texts: "string[]",
          JSON: "unknown",
        },
      },
    },
  },
};

export default config;
