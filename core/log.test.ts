import { describe, expect, test } from 'vitest';
import { type LogOptions, makeLog } from './log.ts';

/** Everything that was written, as text. */
async function logged(write: (log: Awaited<ReturnType<typeof makeLog>>) => void, options: LogOptions & { terminal?: boolean } = {}): Promise<string> {
  let text = '';
  const stream = {
    isTTY: options.terminal === true,
    write(part: string) {
      text += part;
    },
  };
  write(await makeLog({ env: {}, ...options, stream }));
  return text;
}

const fields = async (write: (log: Awaited<ReturnType<typeof makeLog>>) => void): Promise<Record<string, unknown>> => JSON.parse(await logged(write));

describe('lines for machines', () => {
  test('are one JSON object each, with level, ISO time and fields', async () => {
    const text = await logged((log) => {
      log.info({ rows: 500 }, 'batch stored');
      log.warn('slow');
    });
    const [first, second, ...rest] = text.split('\n');
    const { time, ...line } = JSON.parse(first);
    expect(line).toEqual({ level: 'info', rows: 500, msg: 'batch stored' });
    expect(new Date(time).toISOString()).toBe(time);
    expect(JSON.parse(second)).toMatchObject({ level: 'warn', msg: 'slow' });
    expect(rest).toEqual(['']);
  });

  test('a child says its stream', async () => {
    expect(await fields((log) => log.child({ stream: 'swat' }).info('ready'))).toMatchObject({ stream: 'swat', msg: 'ready' });
  });

  test('an error comes with type, message and stack', async () => {
    expect(await fields((log) => log.error({ err: new RangeError('too far') }, 'failed'))).toMatchObject({
      err: { type: 'RangeError', message: 'too far', stack: expect.stringContaining('log.test.ts') },
    });
  });
});

describe('lines for people', () => {
  test('go to a terminal, without escapes unless colour is wanted', async () => {
    const plain = await logged((log) => log.info({ rows: 500 }, 'batch stored'), { terminal: true });
    expect(plain).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: batch stored \{"rows":500\}\n$/);
    const coloured = await logged((log) => log.info('batch stored'), { terminal: true, colour: true });
    expect(coloured).toContain('\u001b[');
  });
});

describe('the level', () => {
  const all = (log: Awaited<ReturnType<typeof makeLog>>): void => {
    for (const level of ['debug', 'info', 'error'] as const) log[level](level);
  };
  const levels = async (options: LogOptions): Promise<string[]> =>
    (await logged(all, options))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).level);

  test.each([
    ['info by default', {}, ['info', 'error']],
    ['from the environment', { env: { SLUICE_LOG: 'debug' } }, ['debug', 'info', 'error']],
    ['from the option before the environment', { level: 'ERROR', env: { SLUICE_LOG: 'debug' } }, ['error']],
    ['silent', { level: 'silent' }, []],
  ])('%s', async (_, options, expected) => {
    expect(await levels(options)).toEqual(expected);
  });

  test('one that does not exist is an error that names it, where it stood, and the nearest', async () => {
    await expect(makeLog({ level: 'dbug' })).rejects.toMatchObject({
      code: 'USAGE',
      message: "there is no log level 'dbug' (--log-level). Did you mean 'debug'?",
    });
    await expect(makeLog({ env: { SLUICE_LOG: 'loud and clear' } })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/'loud and clear' \(SLUICE_LOG\).*trace, debug, info/),
    });
  });
});

describe('secrets', () => {
  test('are hidden by key at any depth, in fields, children and errors; other fields stay', async () => {
    const secret = 'hunter2';
    const text = await logged((log) => {
      log.info({ token: secret, store: { url: 'http://host', password: secret, retries: [{ apiKey: secret }] }, tokens: 'x' }, 'opened');
      log.child({ authorization: secret, stream: 'swat' }).info('child');
      log.error({ err: Object.assign(new Error('refused'), { request: { headers: { Authorization: secret, Accept: 'text/csv' } } }) }, 'failed');
    });
    expect(text).not.toContain(secret);
    const [first, second, third] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ token: '[hidden]', store: { url: 'http://host', password: '[hidden]', retries: [{ apiKey: '[hidden]' }] } });
    expect(second).toMatchObject({ stream: 'swat', authorization: '[hidden]' });
    expect(third.err.request.headers).toEqual({ Authorization: '[hidden]', Accept: 'text/csv' });
  });

  test('are hidden in URLs, in messages too', async () => {
    const text = await logged((log) => {
      log.info({ url: 'https://ann:hunter2@influx:8086/api?org=plant&token=hunter2' }, 'connecting to mysql://root:hunter2@db/plant');
    });
    expect(text).not.toContain('hunter2');
    expect(JSON.parse(text)).toMatchObject({
      url: 'https://ann:[hidden]@influx:8086/api?org=plant&token=[hidden]',
      msg: 'connecting to mysql://root:[hidden]@db/plant',
    });
  });

  test('nothing else is changed: arrays, dates, missing values, an address with a port', async () => {
    const line = await fields((log) =>
      log.info({ tags: ['LIT101'], at: new Date(0), password: undefined, token: null, host: 'http://host:8080/a@b' }, 'say "token":"LIT101"'),
    );
    expect(line).toMatchObject({ tags: ['LIT101'], at: '1970-01-01T00:00:00.000Z', token: null, msg: 'say "token":"LIT101"', host: 'http://host:8080/a@b' });
    expect(line).not.toHaveProperty('password');
  });
});

test.each([false, true])('a line is written before the call returns, so that none is lost when the process ends (terminal: %s)', async (isTTY) => {
  const lines: string[] = [];
  const log = await makeLog({ env: {}, stream: { isTTY, write: (line: string) => lines.push(line) } });
  log.info('one');
  expect(lines).toHaveLength(1);
  log.info('two');
  expect(lines).toHaveLength(2);
});
