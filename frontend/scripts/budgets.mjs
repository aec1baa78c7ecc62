// Fails the build when what the first page loads grows past its budget. Sizes are gzipped, as they travel.
import { readFile, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const page = new URL("../../src/heliograph/web/page/", import.meta.url);
const LIMITS_KB = { js: 150, css: 15, chunk: 40 };

const manifest = JSON.parse(await readFile(new URL(".vite/manifest.json", page), "utf8"));
const sizeOf = async (file) => gzipSync(await readFile(new URL(file, page)), { level: 9 }).length;

const initial = new Set();
const collect = (key) => {
  if (initial.has(key)) return;
  initial.add(key);
  for (const imported of manifest[key].imports ?? []) collect(imported);
};
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) collect(key);

let isOver = false;
const report = (name, bytes, limit) => {
  const kilobytes = bytes / 1000;
  const mark = kilobytes > limit ? "OVER" : "ok";
  isOver ||= kilobytes > limit;
  console.log(`${name.padEnd(28)} ${kilobytes.toFixed(1).padStart(7)} kB gz  of ${limit} kB  ${mark}`);
};

let js = 0;
const css = new Set();
for (const key of initial) {
  js += await sizeOf(manifest[key].file);
  for (const sheet of manifest[key].css ?? []) css.add(sheet);
}
let cssBytes = 0;
for (const sheet of css) cssBytes += await sizeOf(sheet);
report("initial JavaScript", js, LIMITS_KB.js);
report("initial CSS", cssBytes, LIMITS_KB.css);
for (const [key, chunk] of Object.entries(manifest)) {
  if (!initial.has(key) && chunk.file.endsWith(".js")) {
    report(`chunk ${chunk.name ?? key}`, await sizeOf(chunk.file), LIMITS_KB.chunk);
  }
}
// Only this check needs the manifest; the package does not carry it.
await rm(new URL(".vite/", page), { recursive: true });
process.exit(isOver ? 1 : 0);
