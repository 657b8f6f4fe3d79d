import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Delivery, Notice } from '../../core/notice.ts';
import { mistakesIn } from '../config/pipeline-text.ts';
import { notice, senderOf } from './notice-samples.ts';

const never = (): AbortSignal => new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'sluice-mail-'));
const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
execFileSync('openssl', [...request, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
const certificate = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface MailServer {
  readonly port: number;
  readonly mails: { readonly to: string[]; readonly text: string; readonly secure: boolean; readonly user: string | undefined }[];
}

/** A real SMTP server; closed when the test is over. */
async function openMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: MailServer['mails'] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, logger: false, ...certificate },
    onData(stream, session, done) {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ to, text: Buffer.concat(pieces).toString('utf8'), secure: session.secure, user: session.user });
        done();
      });
    },
    ...options,
  });
  // Clients that go in the middle of a handshake are what some tests are about.
  server.on('error', () => {});
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((closed) => server.close(closed)));
  return { port: (server.server.address() as AddressInfo).port, mails };
}

const plain = { host: 'localhost', tls: 'off', from: 'Plant <plant@example.org>', to: 'night@example.org' };

async function send(options: Record<string, unknown>, what: Notice = notice(), environment = {}): Promise<Delivery> {
  return await (await senderOf({ email: { ...plain, ...options } }, environment)).deliver(what, never());
}

/** Header and body of a mail, long header lines joined. */
function partsOf(text: string): { headers: Record<string, string>; plain: string; html: string } {
  const [head] = text.split('\r\n\r\n', 1);
  const headers = Object.fromEntries(head.replace(/\r\n\s+/g, ' ').split('\r\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)])); // biome-ignore format: one line
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'])?.[1] as string;
  const [plainPart, html] = text
    .split(`--${boundary}`)
    .slice(1, 3)
    .map((part) => {
      const at = part.indexOf('\r\n\r\n');
      const [partHead, body] = [part.slice(0, at), part.slice(at + 4)];
      if (/base64/i.test(partHead)) return Buffer.from(body, 'base64').toString('utf8');
      const joined = body.replace(/=\r\n/g, '');
      return /quoted-printable/i.test(partHead)
        ? Buffer.from(
            joined.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
            'latin1',
          ).toString('utf8')
        : joined;
    });
  return { headers, plain: plainPart.replaceAll('\r\n', '\n').trimEnd(), html };
}

describe('what is sent', () => {
  test('plain text and HTML, with an id made of the key', async () => {
    const { port, mails } = await openMailServer();
    const link = 'http://grafana/d/b?from={from}&to={to}';
    expect(await send({ port, to: ['night@example.org', 'Shift <shift@example.org>'], subject: '[plant 1]', link })).toEqual({ outcome: 'sent' });
    expect(mails).toHaveLength(1);
    expect(mails[0].to).toEqual(['night@example.org', 'shift@example.org']);
    const { headers, plain, html } = partsOf(mails[0].text);
    expect(headers['message-id']).toBe('<f00dfeed.1.opened.sluice@example.org>');
    expect(headers).toMatchObject({ from: 'Plant <plant@example.org>', 'x-sluice-key': 'f00dfeed/1/opened', 'auto-submitted': 'auto-generated' });
    expect(headers).not.toHaveProperty('in-reply-to');
    expect(headers.subject).toMatch(/^=\?UTF-8\?/);
    expect(plain).toBe(
      [
        'swat/combined: incident began, LIT101 ↑ 62 %',
        '',
        'state     open',
        'start     2015-12-28T02:29:14Z',
        'so far    2015-12-28T02:31:20Z',
        'length    2 min 6 s, 120 flagged rows',
        'peak      score 12.35, grade 1 at 2015-12-28T02:30:18Z',
        'found by  var, k-nn',
        'tags      LIT101 ↑ 62 %: 812.3 mm, expected 640 mm',
        '          P102 ↓ 20 %',
        'incident  f00dfeed',
        'link      http://grafana/d/b?from=1451269454000&to=1451270180000',
      ].join('\n'),
    );
    expect(html).toContain('<a href="http://grafana/d/b?from=1451269454000&amp;to=1451270180000">');
  });

  test('one incident is one thread', async () => {
    const { port, mails } = await openMailServer();
    for (const [n, change] of (['opened', 'closed', 'continued'] as const).entries())
      await send({ port }, notice({ key: `f00dfeed/${n + 1}/${change}`, change }));
    const opening = '<f00dfeed.1.opened.sluice@example.org>';
    const threads = mails.map(({ text }) => partsOf(text).headers).map((headers) => [headers['message-id'], headers['in-reply-to'], headers.references]);
    expect(threads).toEqual([
      [opening, undefined, undefined],
      ['<f00dfeed.2.closed.sluice@example.org>', opening, opening],
      ['<f00dfeed.3.continued.sluice@example.org>', opening, opening],
    ]);
  });

  test('names cannot become HTML or headers', async () => {
    const { port, mails } = await openMailServer();
    await send({ port }, notice({ detector: '<script>"x"</script>\r\nBcc: else@example.org' }));
    const { headers, html } = partsOf(mails[0].text);
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;&quot;x&quot;');
    expect(headers).not.toHaveProperty('bcc');
    expect(mails[0].to).toEqual(['night@example.org']);
  });
});

describe('the way to the server', () => {
  const auth: SMTPServerOptions = {
    authOptional: false,
    onAuth: ({ username, password }, _, done) =>
      username === 'plant' && password === 'right' ? done(null, { user: username }) : done(new Error('no such login')),
  };

  test('STARTTLS, then the login', async () => {
    const { port, mails } = await openMailServer(auth);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as a pipeline file has it
    const login = { user: 'plant', password: '${MAIL_PASSWORD}' };
    expect(await send({ port, tls: 'starttls', ca: certFile, ...login }, notice(), { MAIL_PASSWORD: 'right' })).toEqual({ outcome: 'sent' });
    expect(mails).toMatchObject([{ secure: true, user: 'plant' }]);
  });

  test('TLS from the start', async () => {
    const { port, mails } = await openMailServer({ secure: true });
    expect(await send({ port, tls: 'direct', ca: certFile })).toEqual({ outcome: 'sent' });
    expect(mails).toMatchObject([{ secure: true }]);
  });

  test('a refused login is waited for: it is put right, and all can go', async () => {
    const { port, mails } = await openMailServer(auth);
    const outcome = await send({ port, tls: 'starttls', ca: certFile, user: 'plant', password: 'wrong' });
    expect(outcome).toMatchObject({ outcome: 'again', after: 300_000 });
    expect(JSON.stringify(outcome)).not.toContain('wrong');
    expect(mails).toEqual([]);
  });

  test('a login that was forgotten is waited for too', async () => {
    const { port, mails } = await openMailServer(auth);
    expect(await send({ port, tls: 'starttls', ca: certFile })).toMatchObject({ outcome: 'again', why: expect.stringContaining(' 530 '), after: 300_000 });
    expect(mails).toEqual([]);
  });

  test('without STARTTLS nothing is said, the login least of all', async () => {
    let logins = 0;
    const { port, mails } = await openMailServer({
      ...{ disabledCommands: ['STARTTLS'], allowInsecureAuth: true },
      onAuth(_, __, done) {
        logins++;
        done(null, { user: 'any' });
      },
    });
    expect(await send({ port, tls: 'starttls', user: 'plant', password: 'right' })).toMatchObject({ outcome: 'again' });
    expect([logins, mails]).toEqual([0, []]);
  });

  test('a certificate of nobody known is not trusted', async () => {
    const { port, mails } = await openMailServer();
    expect(await send({ port, tls: 'starttls' })).toMatchObject({ outcome: 'again', why: expect.stringMatching(/certificate/i) });
    expect(await send({ port, tls: 'starttls', ca: join(folder, 'missing.pem') })).toMatchObject({ outcome: 'again', why: expect.stringContaining('ENOENT') });
    expect(mails).toEqual([]);
  });

  const refusing = (responseCode: number): SMTPServerOptions => ({ onMailFrom: (_, __, done) => done(Object.assign(new Error('not now'), { responseCode })) });

  test('4xx is tried again, 5xx is given up', async () => {
    const [busy, closed] = [await openMailServer(refusing(451)), await openMailServer(refusing(550))];
    expect(await send({ port: busy.port })).toMatchObject({ outcome: 'again', why: expect.stringContaining('451') });
    expect(await send({ port: closed.port })).toMatchObject({ outcome: 'failed', why: expect.stringContaining('550') });
  });

  test('a recipient that is refused keeps the mail from no other', async () => {
    const { port, mails } = await openMailServer({
      onRcptTo: ({ address }, _, done) => (address.startsWith('gone') ? done(Object.assign(new Error('no mailbox'), { responseCode: 550 })) : done()),
    });
    expect(await send({ port, to: ['gone@example.org', 'night@example.org'] })).toMatchObject({
      outcome: 'sent',
      but: expect.stringContaining('gone@example.org'),
    });
    expect(mails).toMatchObject([{ to: ['night@example.org'] }]);
  });

  test('nobody listens, or one that says nothing', async () => {
    const { createServer } = await import('node:net');
    const silent = createServer(() => {});
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as AddressInfo;
    const sender = await senderOf({ email: { ...plain, host: '127.0.0.1', port, timeout: '100ms' } });
    expect(await sender.deliver(notice(), never())).toMatchObject({ outcome: 'again' });
    // Told to end, it lets go at once.
    const patient = await senderOf({ email: { ...plain, host: '127.0.0.1', port, timeout: '1h' } });
    const ending = new AbortController();
    const attempt = patient.deliver(notice(), ending.signal);
    setTimeout(() => ending.abort(), 50);
    expect(await attempt).toMatchObject({ outcome: 'again' });
    await new Promise((closed) => silent.close(closed));
    expect(await sender.deliver(notice(), never())).toMatchObject({ outcome: 'again', why: expect.stringContaining('ECONNREFUSED') });
  });
});

test('a server that never stops talking is left', async () => {
  const { createServer } = await import('node:net');
  const talking = createServer((socket) => {
    socket.write('220 welcome\r\n');
    const more = setInterval(() => socket.write('250-and\r\n'), 20);
    socket.on('error', () => {}).on('close', () => clearInterval(more));
  });
  await new Promise<void>((listening) => talking.listen(0, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((closed) => void talking.close(() => closed())));
  const { port } = talking.address() as AddressInfo;
  expect(await send({ host: '127.0.0.1', port, timeout: '2s' })).toMatchObject({ outcome: 'again', why: expect.stringContaining('has not gone') });
});

test.each([
  [{ host: undefined }, 'host'],
  [{ from: 'plant' }, 'from'],
  [{ from: 'a@b.c\r\nBcc: d@e.f' }, 'from'],
  [{ to: [] }, 'to'],
  [{ to: ['a@b.c, d@e.f'] }, 'to'],
  [{ tls: 'maybe' }, 'tls'],
  [{ subject: 'a\nb' }, 'subject'],
])('the options %j are refused', async (options, place) => {
  const text = 'stream: plant\nsource: { type: csv, path: plant.csv }\ndetectors: { mahalanobis: {} }\n';
  const mistakes = await mistakesIn(`${text}outputs: [${JSON.stringify({ email: { ...plain, ...options } })}]\n`);
  expect(mistakes.map(({ path }) => path)).toEqual([expect.stringContaining(place)]);
});
