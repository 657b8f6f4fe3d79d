import { describe, expect, it } from 'vitest';
import { curlText, exampleRequest, type OpenApi, operationGroups, schemaText } from './openapi.ts';

const text = { type: 'string' };
const document: OpenApi = {
  info: { title: 'Sluice', version: '1' },
  components: { schemas: { problem: { type: 'object', properties: { code: text }, required: ['code'] } } },
  paths: {
    '/healthz': { get: { summary: 'Whether it lives.' } },
    '/api/streams': { get: { summary: 'Which streams there are.' } },
    '/api/streams/{stream}/series': {
      get: {
        summary: 'Readings.',
        parameters: [
          { name: 'stream', in: 'path', required: true, schema: text },
          { name: 'tags', in: 'query', required: true, schema: text },
          { name: 'last', in: 'query', schema: { ...text, example: '5m' } },
          { name: 'points', in: 'query', schema: { type: 'integer', default: 1000 } },
        ],
        responses: { 200: { description: 'Readings', content: { 'application/json': { schema: { $ref: '#/components/schemas/problem' } } } } },
      },
    },
    '/api/incidents/{id}/mark': {
      put: {
        requestBody: {
          content: { 'application/json': { schema: { type: 'object', required: ['alarm'], properties: { alarm: { enum: ['true', 'false'] }, note: text } } } },
        },
      },
    },
  },
};
const groups = operationGroups(document);
const find = (id: string) => groups.flatMap(({ operations }) => operations).find((operation) => operation.id === id)!;

describe('the HTTP interface as it is shown', () => {
  it('is grouped by what paths are about', () => {
    expect(groups.map(({ name, operations }) => [name, operations.length])).toEqual([
      ['general', 2],
      ['streams', 2],
    ]);
  });

  it('comes with requests that can be typed', () => {
    const series = exampleRequest(find('get /api/streams/{stream}/series'), { stream: 'a b', tags: 'FIT101' });
    expect(curlText('http://127.0.0.1:8080', series)).toBe("curl 'http://127.0.0.1:8080/api/streams/a%20b/series?tags=FIT101&last=5m'");
    const mark = exampleRequest(find('put /api/incidents/{id}/mark'), {});
    expect(curlText('http://h', mark)).toBe(`curl -X PUT 'http://h/api/incidents/ID/mark' -H 'content-type: application/json' -d '{"alarm":"true"}'`);
  });

  it('says what an answer holds', () => {
    const [answer] = find('get /api/streams/{stream}/series').answers;
    expect(answer).toMatchObject({ code: '200', media: 'application/json' });
    expect(schemaText(answer!.schema!, document.components!.schemas!)).toBe('{\n  code: string\n}');
    const nested = {
      type: 'object',
      required: ['times'],
      properties: { times: { type: 'array', items: { type: ['number', 'null'] }, description: 'When.' }, more: { anyOf: [text, { type: 'null' }] } },
    };
    expect(schemaText(nested, {})).toBe('{\n  times: [number or null]  // When.\n  more?: string or null\n}');
  });
});
