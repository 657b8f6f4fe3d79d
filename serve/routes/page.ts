import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../../core/runtime.ts';
import { indexPage } from './index-page.ts';

/** Paths that the page itself takes apart. */
const views = ['/', '/live', '/incidents', '/incidents/:id', '/compare', '/data', '/simulator', '/pipeline', '/docs'];

/** What the page may do: nothing but its own files and this server. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The page as it was built into a folder; where it was not, a list of what there is. */
export async function pageRoutes(app: FastifyInstance, { folder, runtime }: { folder: string; runtime: Runtime }): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) return indexPage(app, { runtime });
  await app.register(fastifyStatic, {
    ...{ root: folder, wildcard: false, index: false, preCompressed: true, globIgnore: ['**/*.{gz,br,map}'], cacheControl: false },
    setHeaders(reply, path) {
      // Names of assets hold a hash of their content.
      const lasting = path.includes('/assets/');
      reply.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', policy);
    },
  });
  for (const url of views) app.get(url, (_request, reply) => reply.sendFile('index.html'));
}
