import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.HELIOGRAPH_SERVER ?? "http://127.0.0.1:8420";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/heliograph/web/page",
    emptyOutDir: true,
    // The page is served from one loopback origin under a strict policy: nothing is inlined as a data URL.
    assetsInlineLimit: 0,
    manifest: true,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: server, ws: true, changeOrigin: true } },
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
