import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Smaller files are not worth a second one: they fit in a packet. */
const worthCompressing = 1024;

/** Writes name.gz and name.br beside each file, so that the server compresses nothing while it serves. */
function precompressed(): Plugin {
  return {
    name: 'precompressed',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      for (const [name, output] of Object.entries(bundle)) {
        const content = Buffer.from(output.type === 'chunk' ? output.code : output.source);
        if (content.length < worthCompressing) continue;
        const path = join(dir!, name);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
      }
    },
  };
}

/** Runs src/early-theme.js before anything is painted: modules run later, and inline scripts the page's policy forbids. */
function earlyTheme(): Plugin {
  const path = join(import.meta.dirname, 'src/early-theme.js');
  let file = '/src/early-theme.js';
  return {
    name: 'early-theme',
    transformIndexHtml: {
      order: 'post',
      handler: () => [{ tag: 'script', attrs: { src: file }, injectTo: 'head-prepend' }],
    },
    generateBundle() {
      file = `/${this.getFileName(this.emitFile({ type: 'asset', name: 'early-theme.js', source: readFileSync(path) }))}`;
    },
  };
}

/** Where `npm run dev:page` finds the server whose data it shows. */
const server = process.env.SLUICE_PAGE_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  plugins: [earlyTheme(), precompressed()],
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    target: ['chrome111', 'edge111', 'firefox114', 'safari16.4'],
    modulePreload: { polyfill: false },
    // Nothing is inlined: the page's content security policy allows only files of its own.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/api', '/metrics', '/healthz', '/readyz'].map((path) => [path, { target: server, changeOrigin: true, headers: { origin: server } }]),
    ),
  },
});
