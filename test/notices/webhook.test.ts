import { createHmac } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mistakesIn } from '../config/pipeline-text.ts';
import { notice, senderOf } from './notice-samples.ts';
import { openReceiver, type Receiver } from './receiver.ts';

const never = (): AbortSignal => new AbortController().signal;

async function posted(options: Record<string, unknown>, ...notices: ReturnType<typeof notice>[]): Promise<Receiver> {
  const receiver = await openReceiver();
  const sender = await senderOf({ webhook: { url: receiver.url, ...options } });
  for (const each of notices) expect(await sender.deliver(each, never())).toEqual({ outcome: 'sent' });
  return receiver;
}

describe('what is posted', () => {
  test('JSON with every field, and its key as a header', async () => {
    const { received } = await posted({ link: 'http://grafana/d/b?from={from}&to={to}&var-stream={stream}&i={incident}' }, notice({ heldBack: 2 }));
    expect(received).toHaveLength(1);
    const [{ method, path, headers, body }] = received;
    expect([method, path, headers['content-type'], headers['idempotency-key']]).toEqual(['POST', '/hook', 'application/json', 'f00dfeed/1/opened']);
    expect(body).toEqual({
      key: 'f00dfeed/1/opened',
      event: 'incident-opened',
      title: 'swat/combined: incident began, LIT101 ↑ 62 %',
      incident: 'f00dfeed',
      stream: 'swat',
      detector: 'combined',
      open: true,
      start: '2015-12-28T02:29:14Z',
      end: '2015-12-28T02:31:20Z',
      lengthMs: 126_000,
      rows: 120,
      peakTime: '2015-12-28T02:30:18Z',
      peakScore: 12.34567,
      peakGrade: 1,
      causes: ['var', 'k-nn'],
      tags: [
        { tag: 'LIT101', share: 0.62, direction: 'above', actual: 812.3, expected: 640, unit: 'mm' },
        { tag: 'P102', share: -0.2, direction: 'below' },
      ],
      heldBack: 2,
      link: 'http://grafana/d/b?from=1451269454000&to=1451270180000&var-stream=swat&i=f00dfeed',
    });
  });

  test('text and blocks for Slack, with nothing in them that Slack would obey', async () => {
    const { received } = await posted(
      { format: 'slack', link: 'https://grafana/d/b?to={to}' },
      notice({ detector: '<!channel>&', change: 'closed', key: 'f00dfeed/2/closed' }),
    );
    const { text, blocks } = received[0].body;
    expect(text).toBe('swat/&lt;!channel&gt;&amp;: incident is over, LIT101 ↑ 62 %');
    expect(blocks.map(({ type }: { type: string }) => type)).toEqual(['header', 'section', 'section', 'context']);
    expect(blocks[0].text).toEqual({ type: 'plain_text', text: ':white_check_mark: swat/<!channel>&: incident is over, LIT101 ↑ 62 %', emoji: true });
    expect(blocks[1].text.text.split('\n')).toEqual([
      '*state*  closed',
      '*start*  2015-12-28T02:29:14Z',
      '*end*  2015-12-28T02:31:20Z',
      '*length*  2 min 6 s, 120 flagged rows',
      '*peak*  score 12.35, grade 1 at 2015-12-28T02:30:18Z',
      '*found by*  var, k-nn',
      '*tags*  LIT101 ↑ 62 %: 812.3 mm, expected 640 mm',
      'P102 ↓ 20 %',
      '*incident*  f00dfeed',
    ]);
    expect(blocks[2].text.text).toBe('<https://grafana/d/b?to=1451270180000|Look at it>');
    expect(received[0].text).not.toContain('<!channel>|');
  });

  test('headers of the user, and a signature over the very bytes', async () => {
    const { received } = await posted({ headers: { Authorization: 'Bearer abc' }, secret: 'not-a-real-one' }, notice());
    const [{ headers, text }] = received;
    expect(headers.authorization).toBe('Bearer abc');
    expect(headers['x-sluice-signature']).toBe(`sha256=${createHmac('sha256', 'not-a-real-one').update(text).digest('hex')}`);
  });
});

describe('how an attempt comes out', () => {
  const attempt = async (status: number, headers: Record<string, string> = {}, body = ''): Promise<unknown> => {
    const receiver = await openReceiver();
    receiver.answer = (_, response) => response.writeHead(status, headers).end(body);
    const outcome = await (await senderOf({ webhook: { url: receiver.url } })).deliver(notice(), never());
    expect(receiver.received).toHaveLength(1);
    return JSON.parse(JSON.stringify(outcome).replace(/127\.0\.0\.1:\d+/, 'there'));
  };

  test.each([200, 201, 202, 204])('%i: it has arrived', async (status) => {
    expect(await attempt(status)).toEqual({ outcome: 'sent' });
  });

  test.each([500, 502, 503, 408, 425, 429])('%i: to be tried again', async (status) => {
    expect(await attempt(status, {}, 'busy\n now')).toEqual({ outcome: 'again', why: `http://there answers ${status}: busy now` });
  });

  test('and not before the receiver wants it', async () => {
    expect(await attempt(429, { 'Retry-After': '7' })).toMatchObject({ outcome: 'again', after: 7000 });
    const date = await attempt(503, { 'Retry-After': new Date(Date.now() + 60_000).toUTCString() });
    expect((date as { after: number }).after).toBeGreaterThan(50_000);
    expect(await attempt(503, { 'Retry-After': 'soon' })).not.toHaveProperty('after');
  });

  test.each([401, 403])('%i: the login is waited for, it is put right', async (status) => {
    expect(await attempt(status, {}, 'who?')).toEqual({ outcome: 'again', why: `http://there answers ${status}: who?`, after: 300_000 });
  });

  test.each([400, 404, 410, 422])('%i: it never will', async (status) => {
    expect(await attempt(status, {}, 'no_service')).toEqual({ outcome: 'failed', why: `http://there answers ${status}: no_service` });
  });

  test('a redirect is not followed', async () => {
    const other = await openReceiver();
    expect(await attempt(302, { Location: other.url })).toEqual({ outcome: 'failed', why: 'http://there answers 302; redirects are not followed' });
    expect(other.received).toEqual([]);
  });

  test('an endless answer is cut', async () => {
    const outcome = await attempt(400, {}, 'x'.repeat(5_000_000));
    expect((outcome as { why: string }).why).toHaveLength('http://there answers 400: '.length + 200);
  });

  test('an answer that never ends has arrived all the same', async () => {
    const receiver = await openReceiver();
    receiver.answer = (_, response) => void response.writeHead(200).write('and then');
    const sender = await senderOf({ webhook: { url: receiver.url, timeout: '1h' } });
    expect(await sender.deliver(notice(), never())).toEqual({ outcome: 'sent' });
  });

  test('nobody listens, or nobody answers', async () => {
    const receiver = await openReceiver();
    receiver.answer = () => {};
    const sender = await senderOf({ webhook: { url: receiver.url, timeout: '50ms' } });
    expect(await sender.deliver(notice(), never())).toMatchObject({ outcome: 'again', why: expect.stringContaining('no answer within 50 ms') });
    await receiver.close();
    expect(await sender.deliver(notice(), never())).toMatchObject({ outcome: 'again', why: expect.stringContaining('ECONNREFUSED') });
  });

  test('the path of the URL, which may be a secret, is never shown, also where the receiver repeats it', async () => {
    for (const status of [302, 404, 500]) {
      expect(await attempt(status, {}, 'Cannot POST /hook')).toMatchObject({ why: expect.stringMatching(/Cannot POST \[\.\.\.\]/) });
    }
    const receiver = await openReceiver();
    receiver.answer = ({ headers, path }, response) => response.writeHead(400).end(`${'x'.repeat(190)}${path} ${headers.authorization}`);
    const url = `${receiver.url}/T0001/B0002?token=0123456789`;
    const outcome = await (await senderOf({ webhook: { url, headers: { Authorization: 'Bearer abcdefgh' } } })).deliver(notice(), never());
    expect(outcome).toMatchObject({ outcome: 'failed' });
    expect(JSON.stringify(outcome)).not.toMatch(/hook|T0001|0123|Bear/);
  });

  test('a refusal that never ends is one all the same', async () => {
    const receiver = await openReceiver();
    receiver.answer = (_, response) => void response.writeHead(404).write('gone');
    const sender = await senderOf({ webhook: { url: receiver.url, timeout: '200ms' } });
    expect(await sender.deliver(notice(), never())).toEqual({ outcome: 'failed', why: expect.stringMatching(/ answers 404: gone$/) });
  });

  test('what is collected as garbage meanwhile is not the end of waiting', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const receiver = await openReceiver();
    receiver.answer = () => {};
    const sender = await senderOf({ webhook: { url: receiver.url, timeout: '500ms' } });
    const collecting = setInterval(collect, 50);
    onTestFinished(() => clearInterval(collecting));
    expect(await sender.deliver(notice(), never())).toMatchObject({ outcome: 'again', why: expect.stringContaining('no answer within 500 ms') });
  });
});

test('a URL out of the environment is not shown, however wrong', async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as a pipeline file has it
  const wrong = senderOf({ webhook: { url: '${HOOK}' } }, { HOOK: 'hooks.example.org/secret' });
  await expect(wrong).rejects.toThrow('got other text from the environment');
  await expect(wrong).rejects.not.toThrow('secret');
});

test('a variable that is set to nothing is named', async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as a pipeline file has it
  await expect(senderOf({ webhook: { url: '${HOOK}' } }, { HOOK: '' })).rejects.toThrow("got nothing: the environment variable 'HOOK' is empty");
});

describe('options', () => {
  const refused = async (options: Record<string, unknown>): Promise<string[]> => {
    const text = 'stream: plant\nsource: { type: csv, path: plant.csv }\ndetectors: { mahalanobis: {} }\n';
    return (await mistakesIn(`${text}outputs: [${JSON.stringify({ webhook: options })}]\n`)).map(({ path }) => path);
  };
  const url = 'http://127.0.0.1:9/';

  test.each([
    [{}, 'url'],
    [{ url: 'ftp://plant/hook' }, 'url'],
    [{ url: 'hook' }, 'url'],
    [{ url: 'https://plant:secret@127.0.0.1/hook' }, 'url'],
    [{ url, headers: { 'Transfer-Encoding': 'chunked' } }, 'headers'],
    [{ url, headers: { 'a b': 'c' } }, 'headers'],
    [{ url, headers: { a: 'b\r\nc: d' } }, 'headers'],
    [{ url, headers: { 'idempotency-key': 'mine' } }, 'headers'],
    [{ url, format: 'xml' }, 'format'],
    [{ url, cooldown: 10 }, 'cooldown'],
    [{ url, link: 'grafana' }, 'link'],
    [{ url, link: 'http://grafana/{end}' }, 'link'],
    [{ url, ignore: [{ tag: 'LIT101', direction: 'up', within: 5 }] }, 'ignore'],
    [{ url, ignore: [{ tag: 'LIT101', direction: 'above', within: -5 }] }, 'ignore'],
  ])('%j are refused', async (options, place) => {
    const paths = await refused(options);
    expect(paths).toHaveLength(1);
    expect(paths[0]).toContain(place);
  });
});
