// Generates src/client/schema.d.ts from openapi.json; with --check it fails when the committed file differs.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../openapi.json", import.meta.url);
const target = new URL("../src/client/schema.d.ts", import.meta.url);

const header = "// Generated from openapi.json by `npm run client`. Do not edit.\n\n";
const fresh = header + astToString(await openapiTS(source, { defaultNonNullable: true, alphabetize: true }));

if (process.argv.includes("--check")) {
  const committed = await readFile(target, "utf8").catch(() => "");
  if (committed !== fresh) {
    console.error("src/client/schema.d.ts differs from openapi.json; run `npm run client` and commit it.");
    process.exit(1);
  }
} else {
  await writeFile(target, fresh);
}
