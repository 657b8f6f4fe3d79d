import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../../core/runtime.ts';

const pages = [
  ['/metrics', 'counters, gauges and histograms for Prometheus'],
  ['/healthz', 'is the process alive?'],
  ['/readyz', 'is it ready, and if not, why?'],
] as const;

const notBuilt = 'The page itself is not built: run `npm run build`, then start again.';

/** `/`: what there is to see, as HTML for a browser and as text for the rest. */
export function indexPage(app: FastifyInstance, { runtime }: { runtime: Runtime }): void {
  app.get('/', async (request, reply) => {
    const title = `Sluice: stream ${runtime.config.stream}`;
    if (!request.headers.accept?.includes('text/html')) {
      return reply
        .type('text/plain; charset=utf-8')
        .send([title, '', ...pages.map(([path, what]) => `${path.padEnd(10)} ${what}`), '', notBuilt, ''].join('\n'));
    }
    const items = pages.map(([path, what]) => `<li><a href="${path}">${path}</a> ${escapeHtml(what)}</li>`);
    return reply
      .type('text/html; charset=utf-8')
      .send(
        `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${escapeHtml(title)}</title>\n<h1>${escapeHtml(title)}</h1>\n<ul>\n${items.join('\n')}\n</ul>\n<p>${notBuilt}</p>\n</html>\n`,
      );
  });
}

/** Text in HTML: `<`, `>`, `&` and quotes as entities. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
