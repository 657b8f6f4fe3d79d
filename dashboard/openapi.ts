import { writeFileSync } from 'node:fs';
import { z } from '/tmp/h/shell/node_modules/zod/index.js';
import * as api from '/tmp/h/shell/serve/api.ts';

const s = (x) => {
  const { $schema, ...r } = z.toJSONSchema(x, { io: 'input', unrepresentable: 'any' });
  return r;
};
const q = (x, path = []) => [
  ...path.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
  ...Object.entries(s(x).properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: (s(x).required ?? []).includes(name),
    description: schema.description,
    schema,
  })),
];
const get = (summary, parameters, answer) => ({
  get: { summary, parameters, responses: { 200: { description: 'Default Response', content: { 'application/json': { schema: s(answer) } } } } },
});
writeFileSync(
  '/tmp/h/shell-fixture/openapi.json',
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Sluice', version: '0.1.0' },
    paths: {
      '/api/pipeline': get('What runs here.', [], api.pipelineInfo),
      '/api/status': get('How it goes.', [], api.status),
      '/api/streams': get('Which streams there are.', [], api.streams),
      '/api/streams/{stream}/series': get('Readings of tags over a range, folded into buckets.', q(api.seriesQuery, ['stream']), api.series),
      '/api/streams/{stream}/rows': get('The newest rows of a range.', q(api.rowsQuery, ['stream']), api.rows),
      '/api/incidents': get('The newest incidents.', q(api.incidentsQuery), api.incidents),
      '/api/incidents/{id}/mark': {
        put: {
          summary: 'Says whether an incident was a true alarm.',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          requestBody: { content: { 'application/json': { schema: s(api.markBody) } } },
          responses: { 204: { description: 'Done' } },
        },
      },
    },
  }),
);
