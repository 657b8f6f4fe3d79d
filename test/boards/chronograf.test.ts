import { describe, expect, it } from 'vitest';
import { composeFile } from '../compose/compose-file.ts';
import { chronografQueries, dashboards, filledQuery, resourceFiles, resourceText } from './chronograf-queries.ts';

const [system] = dashboards('monitoring');
const { cells } = system;
const text = (file: string): string => resourceText(file, { INFLUX_URL: 'u', INFLUX_ORG: 'o', INFLUX_READER_TOKEN: 't', INFLUX_MONITORING_BUCKET: 'm' });

/** An environment that has every name, and notes which were asked for. */
const namesOf = (asked: Set<string>): Record<string, string> =>
  new Proxy(
    {},
    {
      get(_, name: string) {
        asked.add(name);
        return 'x';
      },
    },
  );

describe('chronograf/resources', () => {
  it('is one source and one dashboard, of the organisation that is there from the start', () => {
    expect(resourceFiles().sort()).toEqual(['influxdb.src', 'system.dashboard']);
    expect(dashboards('monitoring').map(({ name, organization }) => [name, organization])).toEqual([['System', 'default']]);
  });

  it('reads address, organisation, token and bucket from variables that the container is given, and holds none of them', () => {
    const source = JSON.parse(text('influxdb.src')) as Record<string, unknown>;
    expect(source).toMatchObject({ type: 'influx-v2', url: 'u', username: 'o', password: 't', telegraf: 'm', defaultRP: 'autogen', default: true });
    expect(source).toMatchObject({ id: expect.stringMatching(/^\d+$/), organization: 'default' });
    const { environment = {}, entrypoint = [] } = composeFile().services.chronograf;
    for (const file of resourceFiles()) {
      const asked = new Set<string>();
      resourceText(file, namesOf(asked));
      expect(asked.size, file).toBeGreaterThan(0);
      for (const name of asked) {
        if (name === 'INFLUX_READER_TOKEN') expect(entrypoint.join(' ')).toContain('/var/lib/sluice/reader/stack.env');
        else expect(Object.keys(environment), `${file} ${name}`).toContain(name);
      }
    }
    expect(() => resourceText('influxdb.src', {})).toThrow('INFLUX_URL is not set');
  });

  it('does not begin what the template reader takes for a tag', () => {
    for (const file of resourceFiles()) expect(text(file), file).not.toMatch(/<[a-z!/]/i);
  });
});

describe('dashboard System', () => {
  it('has an id that no dashboard made by hand gets', () => {
    expect(system.id).toBeLessThan(0);
  });

  it('has cells with ids and names of their own, but for what is shown as a number and as a line', () => {
    expect(new Set(cells.map(({ i }) => i)).size).toBe(cells.length);
    const repeated = cells.map(({ name }) => name).filter((name, at, names) => names.indexOf(name) !== at);
    for (const name of repeated) {
      const kinds = cells.filter((cell) => cell.name === name).map(({ type }) => type);
      expect(
        kinds.filter((type) => type === 'single-stat'),
        name,
      ).toHaveLength(1);
      expect(kinds, name).toHaveLength(2);
    }
  });

  it('has cells that lie in the 12 columns without overlap, and without a gap that Chronograf would close', () => {
    const taken = new Map<string, string>();
    for (const { i, x, y, w, h } of cells) {
      expect(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 12, i).toBe(true);
      for (let column = x; column < x + w; column++)
        for (let row = y; row < y + h; row++) {
          expect(taken.get(`${column} ${row}`), `${i} lies on it`).toBeUndefined();
          taken.set(`${column} ${row}`, i);
        }
    }
    for (const { i, x, y, w } of cells)
      expect(y === 0 || Array.from({ length: w }, (_, column) => taken.has(`${x + column} ${y - 1}`)).every(Boolean), i).toBe(true);
  });

  it.each(cells.map((cell) => [`${cell.name} (${cell.i})`, cell] as const))(
    '%s is of a kind that there is, says what its axis counts, and has colours',
    (_, cell) => {
      expect(['line', 'line-stacked', 'line-stepplot', 'bar', 'single-stat', 'gauge', 'table']).toContain(cell.type);
      expect(Object.keys(cell.axes).sort()).toEqual(['x', 'y', 'y2']);
      for (const { base, scale } of Object.values(cell.axes)) {
        expect(['10', '2']).toContain(base);
        expect(scale).toBe('linear');
      }
      if (cell.type.startsWith('line')) expect(cell.axes.y.label).not.toBe('');
      else expect(cell.note, 'a number without an axis says what it counts').not.toBe('');
      for (const { type, hex, value } of cell.colors) {
        expect(type).toMatch(/^(min|max|threshold|text|background|scale)$/);
        expect(hex).toMatch(/^#[0-9A-F]{6}$/);
        expect(Number.isFinite(Number(value)), value).toBe(true);
      }
      expect(new Set(cell.colors.map(({ id }) => id)).size).toBe(cell.colors.length);
      if (cell.type === 'gauge') expect([cell.colors[0].type, cell.colors.at(-1)?.type]).toEqual(['min', 'max']);
    },
  );

  it.each(cells.flatMap((cell) => cell.queries.map(({ query, source, type }) => [cell.i, query, source, type] as const)))(
    '%s asks in InfluxQL for the range and steps of the page, and names each column',
    (_, query, source, type) => {
      expect([source, type]).toEqual(['', 'influxql']);
      const [, columns, from] = /^SELECT (.*) FROM (\S+) WHERE time > :dashboardTime: AND time < :upperDashboardTime:/.exec(query) ?? [];
      expect(from).toMatch(/^"monitoring"\."autogen"\."[a-z]+"$/);
      for (const column of columns.split(/, (?=[a-z\d]+\(|100 )/)) expect(column).toMatch(/ AS "[^"]+"$/);
      expect(query).toMatch(/ GROUP BY time\(:interval:\)(, "\w+")* FILL\((null|previous)\)$/);
    },
  );

  it('is read with its variables filled and its bucket named', () => {
    const queries = chronografQueries('machines');
    expect(queries).toHaveLength(cells.flatMap((cell) => cell.queries).length);
    expect(new Set(queries.map(({ dashboard, database }) => `${dashboard} ${database}`))).toEqual(new Set(['System machines']));
    const filled = filledQuery(queries[0].query, { from: 'now() - 15m', to: 'now()', interval: '10000ms' });
    expect(filled).toBe(
      `SELECT 100 - mean("usage_idle") AS "used" FROM "machines"."autogen"."cpu" WHERE time > now() - 15m AND time < now() AND "cpu" = 'cpu-total' GROUP BY time(10000ms) FILL(previous)`,
    );
  });
});
